"""Processes for work that would block the event loop or load libraries the actor itself never needs."""

import asyncio
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

Result = TypeVar("Result")


class WorkerPool:
    """Processes that start at the first use, end with the actor, and are replaced when they die.

    `prepare` runs once in each: it imports what only the workers use. What `run` is given must be a module's own function.
    With `idle_seconds` all of them end, and give their memory back, when nothing was asked for that long.
    """

    def __init__(
        self, workers: int, prepare: Callable[[], object] | None = None, *, idle_seconds: float | None = None
    ) -> None:
        self.count = workers
        self._prepare = prepare
        self._idle_seconds = idle_seconds
        self._executor: ProcessPoolExecutor | None = None
        self._running = 0
        self._ending: asyncio.TimerHandle | None = None

    async def run(self, function: Callable[..., Result], *args: object) -> Result:
        """The function's result from a worker; once more, by new workers, when one died meanwhile."""
        loop = asyncio.get_running_loop()
        self._running += 1
        if self._ending is not None:
            self._ending.cancel()
        try:
            return await loop.run_in_executor(self._started(), function, *args)
        except BrokenProcessPool:
            self._executor = None
            return await loop.run_in_executor(self._started(), function, *args)
        finally:
            self._running -= 1
            if self._idle_seconds is not None and not self._running:
                self._ending = loop.call_later(self._idle_seconds, self._end)

    def _end(self) -> None:
        if self._executor is not None:
            self._executor.shutdown(wait=False)
            self._executor = None

    def _started(self) -> ProcessPoolExecutor:
        if self._executor is None:
            # spawn: a fork would copy the actor's threads and connections.
            context = multiprocessing.get_context("spawn")
            self._executor = ProcessPoolExecutor(
                self.count, mp_context=context, initializer=_begin, initargs=(self._prepare,)
            )
        return self._executor


def _begin(prepare: Callable[[], object] | None) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends the actor, which then ends its workers
    threading.Thread(target=_end_with_actor, daemon=True).start()
    if prepare is not None:
        prepare()


def _end_with_actor() -> None:
    """A killed actor cannot end its workers, and they would wait for work, and hold their memory, for ever."""
    actor = multiprocessing.parent_process()
    if actor is not None:
        actor.join()
        os._exit(1)
