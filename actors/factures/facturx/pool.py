"""The worker processes that make files; the event loop of the actor never renders.

A worker holds up to 400 MiB, most of it the rules' processor. So none runs before the first document, and all end when
there was none for some minutes; the next one waits about a second for a new worker.
"""

import asyncio
import os
from datetime import datetime

from actors.factures.facturx.rendered import Rendered
from actors.factures.facturx.sheet import Sheet
from runtime.worker_pool import WorkerPool

_BATCH = 8
"""Documents per call of a worker: large enough to hide the hand-over, small enough to keep all workers busy."""


_MOST_WORKERS = 4
_IDLE_SECONDS = 300.0


class RenderingPool:
    """A process for each processor, at most four; typst, pikepdf, lxml and Saxon are loaded there and never in the actor."""

    def __init__(self) -> None:
        workers = min(os.cpu_count() or 1, _MOST_WORKERS)
        self._workers = WorkerPool(workers, _load_tools, idle_seconds=_IDLE_SECONDS)

    async def render(self, sheets: list[Sheet], produced_at: datetime, *, rules: bool = True) -> list[Rendered]:
        """The files of the sheets, in their order; without `rules` for sheets that passed the Schematron already."""
        size = max(1, min(_BATCH, -(-len(sheets) // self._workers.count)))
        batches = [sheets[start : start + size] for start in range(0, len(sheets), size)]
        made = await asyncio.gather(*(self._workers.run(_render_all, batch, produced_at, rules) for batch in batches))
        return [rendered for batch in made for rendered in batch]

    async def check(self, sheet: Sheet) -> list[tuple[str, str]]:
        """What the official rules say against a document: rule and message of each."""
        return await self._workers.run(_check, sheet)

    async def preview(self, sheet: Sheet, produced_at: datetime) -> tuple[bytes, int]:
        """A watermarked PDF of a draft, and its pages."""
        return await self._workers.run(_preview, sheet, produced_at)


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


POOL = RenderingPool()
