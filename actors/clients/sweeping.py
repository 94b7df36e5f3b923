"""The nightly search for duplicates: what imports and bank details made alike, and nobody saw when it was stored."""

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import tuple_

from actors.clients.pairs import note_duplicates
from messages.clients import RecordState
from runtime.unit_of_work import UnitOfWork, WorkItem
from runtime.work_queue import Outside
from storage.clients import queries
from storage.clients.tables import client

_AT_ONCE: Final = 100
_MOST: Final = 5_000


class SweepDuplicates(WorkItem):
    """Compare the clients who changed between two instants, in the order of their creation, from a place on."""

    since: datetime
    until: datetime
    after: tuple[datetime, UUID] | None = None
    done: int = 0


async def nothing_outside(item: SweepDuplicates, outside: Outside) -> None:
    """The comparison needs the database only."""


async def compare_batch(item: SweepDuplicates, nothing: None, work: UnitOfWork) -> None:
    """Open the pairs of a hundred clients, then order the next hundred; 5,000 a night are the most."""
    own = client.c
    statement = queries.FULL.where(
        own.organisation_id == work.organisation_id,
        own.record_state == RecordState.LIVE,
        own.updated_at > item.since,
        own.updated_at <= item.until,
    )
    if item.after is not None:
        statement = statement.where(tuple_(own.created_at, own.id) > tuple_(*item.after))
    rows = await work.fetch(statement.order_by(own.created_at, own.id).limit(_AT_ONCE))
    for row in rows:
        await note_duplicates(row, work)
    done = item.done + len(rows)
    if len(rows) == _AT_ONCE and done < _MOST:
        place = (rows[-1]["created_at"], rows[-1]["id"])
        more = item.model_copy(update={"after": place, "done": done})
        work.order(more, key=f"{item.until.isoformat()}:{done}")
