"""Worker processes start when there is work and end when there is none."""

import os

import psutil

from runtime.worker_pool import WorkerPool
from tests.harness import eventually


async def test_idle_workers_end_and_the_next_work_starts_new_ones() -> None:
    pool = WorkerPool(2, idle_seconds=0.1)
    first = await pool.run(os.getpid)
    assert first != os.getpid()

    async def has_ended() -> bool:
        return not psutil.pid_exists(first) or psutil.Process(first).status() == psutil.STATUS_ZOMBIE

    await eventually(has_ended)
    assert await pool.run(os.getpid) not in (first, os.getpid())
