"""The worker processes that set files; the actor's event loop never renders."""

from datetime import datetime
from typing import Any

from actors.documents.rendering.typeset import Typeset
from runtime.worker_pool import WorkerPool

_WORKERS = WorkerPool(2)


async def typeset(layout: str, facts: dict[str, Any], produced_at: datetime) -> Typeset:
    """The PDF of an order."""
    return await _WORKERS.run(_typeset, layout, facts, produced_at)


# Imported in the workers only: typst and pypdf would cost the actor itself memory that it never uses.


def _typeset(layout: str, facts: dict[str, Any], produced_at: datetime) -> Typeset:
    from actors.documents.rendering.typesetting import typeset

    return typeset(layout, facts, produced_at)
