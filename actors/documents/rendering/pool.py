"""The worker processes that set files; the actor's event loop never renders."""

import asyncio
import multiprocessing
import signal
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from datetime import datetime
from typing import Any

from actors.documents.rendering.typeset import Typeset

_WORKERS = 2


class TypesettingPool:
    """Started at the first use; a worker that died is replaced and its file is made again once."""

    def __init__(self) -> None:
        self._executor: ProcessPoolExecutor | None = None

    async def typeset(self, layout: str, facts: dict[str, Any], produced_at: datetime) -> Typeset:
        """The PDF of an order."""
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._pool(), _typeset, layout, facts, produced_at)
        except BrokenProcessPool:
            self._executor = None
            return await loop.run_in_executor(self._pool(), _typeset, layout, facts, produced_at)

    def _pool(self) -> ProcessPoolExecutor:
        if self._executor is None:
            # spawn: a fork would copy the actor's threads and connections.
            self._executor = ProcessPoolExecutor(
                _WORKERS, mp_context=multiprocessing.get_context("spawn"), initializer=_prepare_worker
            )
        return self._executor


POOL = TypesettingPool()


def _prepare_worker() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends the actor, which then ends its workers


# Imported in the workers only: typst and pypdf would cost the actor itself memory that it never uses.


def _typeset(layout: str, facts: dict[str, Any], produced_at: datetime) -> Typeset:
    from actors.documents.rendering.typesetting import typeset

    return typeset(layout, facts, produced_at)
