"""What a running system costs: processor seconds and memory, by actor, its worker processes and the servers.

On a machine that others use too, processor seconds say more than the time by the clock.
"""

from collections.abc import Iterator
from contextlib import suppress

import psutil

from runtime.running_system import RunningSystem

WORKERS = "workers of "
_MEBIBYTE = 2**20


def processor_seconds(system: RunningSystem) -> dict[str, float]:
    """User and system seconds since the start, by part; ended children are counted with their parents."""
    found: dict[str, float] = {}
    for part, process in _processes(system):
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            found[part] = found.get(part, 0.0) + times.user + times.system
            ended = f"{WORKERS}{part}" if part in system.supervisor.children else part
            found[ended] = found.get(ended, 0.0) + times.children_user + times.children_system
    return found


def used_since(before: dict[str, float], system: RunningSystem) -> dict[str, float]:
    """What each part used since `before` was read, the largest first; parts that used nothing are left out."""
    used = {part: seconds - before.get(part, 0.0) for part, seconds in processor_seconds(system).items()}
    return {part: seconds for part, seconds in sorted(used.items(), key=lambda item: -item[1]) if seconds >= 0.01}


def memory(system: RunningSystem) -> dict[str, float]:
    """Resident MiB now, by part; what processes share is counted in each."""
    found: dict[str, float] = {}
    for part, process in _processes(system):
        with suppress(psutil.NoSuchProcess):
            found[part] = found.get(part, 0.0) + process.memory_info().rss / _MEBIBYTE
    return found


def _processes(system: RunningSystem) -> Iterator[tuple[str, psutil.Process]]:
    for name, child in system.supervisor.children.items():
        if child.pid is not None:
            yield from _with_children(name, f"{WORKERS}{name}", psutil.Process(child.pid))
    servers = {"PostgreSQL": system.installation.postgres.process(), "NATS": system.installation.nats.process()}
    for name, server in servers.items():
        if server is not None:
            yield from _with_children(name, name, server)


def _with_children(name: str, below: str, process: psutil.Process) -> Iterator[tuple[str, psutil.Process]]:
    with suppress(psutil.NoSuchProcess):
        yield name, process
        for child in process.children(recursive=True):
            yield below, child
