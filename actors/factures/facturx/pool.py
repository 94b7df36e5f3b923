"""The worker processes that make files, kept warm; the event loop of the actor never renders."""

import asyncio
import multiprocessing
import os
import signal
import threading
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from datetime import datetime

from actors.factures.facturx.rendered import Rendered
from actors.factures.facturx.sheet import Sheet

_BATCH = 8
"""Documents per call of a worker: large enough to hide the hand-over, small enough to keep all workers busy."""


class RenderingPool:
    """Started at the first use; a worker that died is replaced and its documents are made again once."""

    def __init__(self) -> None:
        self._executor: ProcessPoolExecutor | None = None

    async def render(self, sheets: list[Sheet], produced_at: datetime, *, rules: bool = True) -> list[Rendered]:
        """The files of the sheets, in their order; without `rules` for sheets that passed the Schematron already."""
        if not sheets:
            return []
        try:
            return await self._render(sheets, produced_at, rules)
        except BrokenProcessPool:
            self._executor = None
            return await self._render(sheets, produced_at, rules)

    async def check(self, sheet: Sheet) -> list[tuple[str, str]]:
        """What the official rules say against a document: rule and message of each."""
        return await asyncio.get_running_loop().run_in_executor(self._pool(), _check, sheet)

    async def preview(self, sheet: Sheet, produced_at: datetime) -> tuple[bytes, int]:
        """A watermarked PDF of a draft, and its pages."""
        return await asyncio.get_running_loop().run_in_executor(self._pool(), _preview, sheet, produced_at)

    async def warm_up(self) -> None:
        """Start one worker and load its tools."""
        await asyncio.get_running_loop().run_in_executor(self._pool(), _load_tools)

    async def _render(self, sheets: list[Sheet], produced_at: datetime, rules: bool) -> list[Rendered]:
        loop, pool = asyncio.get_running_loop(), self._pool()
        size = max(1, min(_BATCH, -(-len(sheets) // _workers())))
        batches = [sheets[start : start + size] for start in range(0, len(sheets), size)]
        made = await asyncio.gather(
            *(loop.run_in_executor(pool, _render_all, batch, produced_at, rules) for batch in batches)
        )
        return [rendered for batch in made for rendered in batch]

    def _pool(self) -> ProcessPoolExecutor:
        if self._executor is None:
            # spawn: a fork would copy the actor's threads and connections.
            self._executor = ProcessPoolExecutor(
                _workers(), mp_context=multiprocessing.get_context("spawn"), initializer=_prepare_worker
            )
        return self._executor


POOL = RenderingPool()


def _workers() -> int:
    return max(1, os.cpu_count() or 1)


def _prepare_worker() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends the actor, which then ends its workers
    threading.Thread(target=_end_with_actor, daemon=True).start()
    _load_tools()


def _end_with_actor() -> None:
    """A killed actor cannot end its workers, and they would wait for work, and hold their memory, for ever."""
    actor = multiprocessing.parent_process()
    if actor is not None:
        actor.join()
        os._exit(1)


# Imported in the workers only: typst, pikepdf, lxml and above all Saxon would cost the actor memory it never uses.


def _load_tools() -> None:
    from actors.factures.facturx.renderer import warm_up

    warm_up()


def _render_all(sheets: list[Sheet], produced_at: datetime, rules: bool) -> list[Rendered]:
    from actors.factures.facturx.renderer import render_all

    return render_all(sheets, produced_at, rules=rules)


def _check(sheet: Sheet) -> list[tuple[str, str]]:
    from actors.factures.facturx.renderer import check

    return check(sheet)


def _preview(sheet: Sheet, produced_at: datetime) -> tuple[bytes, int]:
    from actors.factures.facturx.renderer import preview

    return preview(sheet, produced_at)
