"""The daily end of documents whose time is over and of the old trash: batch by batch, clients under a legal hold left out."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, and_, func, or_, select

from actors.documents import library, rules, trash
from messages.documents import DocumentState, DocumentType, SubjectType
from messages.identity import CheckLegalHold
from messages.identity import SubjectType as PersonType
from messages.values.instants import Instant, local_date
from runtime.caller import system
from runtime.unit_of_work import Row, UnitOfWork, WorkItem
from runtime.work_queue import Outside
from storage.documents.tables import document, document_link
from storage.shared.outgoing import Outgoing

REASON: Final = "RETENTION"
_AT_ONCE: Final = 100


class EndDocuments(WorkItem):
    """One batch of a day's run: documents after `after`."""

    as_of: Instant
    after: UUID | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """Documents whose time is over, those of them that a legal hold keeps, and where the next batch begins."""

    due: tuple[UUID, ...]
    held: frozenset[UUID]
    last: UUID | None


async def order_run(as_of: datetime, work: UnitOfWork) -> None:
    """Order the first batch of the day's run, if anything is due."""
    if await work.fetch_value(_due(as_of, work).limit(1)) is not None:
        work.order(EndDocuments(as_of=as_of), key=as_of.isoformat())


async def find_batch(item: EndDocuments, outside: Outside) -> Batch:
    """What is due, and what identity holds; nothing is changed here."""
    async with _reading(outside) as work:
        statement = _due(item.as_of, work).order_by(document.c.id).limit(_AT_ONCE)
        if item.after is not None:
            statement = statement.where(document.c.id > item.after)
        due = tuple([row["id"] for row in await work.fetch(statement)])
        clients = await _clients_of(due, work)
    held_clients = {client_id for client_id in set().union(*clients.values()) if await is_held(client_id, outside)}
    held = frozenset(document_id for document_id, whose in clients.items() if whose & held_clients)
    return Batch(due, held, due[-1] if len(due) == _AT_ONCE else None)


async def end_batch(item: EndDocuments, batch: Batch, work: UnitOfWork) -> None:
    """Into the trash, or out of it for good; a file made for a while goes both ways at once. Then the next batch."""
    for document_id in batch.due:
        row = await library.load(document_id, work, for_update=True)
        if document_id in batch.held or not _is_over(row, item.as_of):
            continue
        if row["state"] == DocumentState.AVAILABLE:
            trashed = await trash.put_in(row, REASON, work)
            if row["delete_after"] is not None:
                await trash.give_up(trashed, REASON, work)
        else:
            await trash.give_up(row, row["removal_reason"], work)
    if batch.last is not None:
        more = item.model_copy(update={"after": batch.last})
        work.order(more, key=f"{item.as_of.isoformat()}:{batch.last}")


async def is_held(client_id: UUID, asking: Outside | UnitOfWork) -> bool:
    """Whether a legal hold keeps everything of a client."""
    return (await asking.ask(CheckLegalHold(subject_type=PersonType.CUSTOMER, subject_id=client_id))).held


async def clients_of(row: Row, work: UnitOfWork) -> set[UUID]:
    """The clients whose document it is."""
    return (await _clients_of((row["id"],), work)).get(row["id"], set())


def _is_over(row: Row, as_of: datetime) -> bool:
    """Nobody changed it since it was found due, and it has not become one of those that the law keeps."""
    today = local_date(as_of)
    if rules.is_locked(DocumentType(row["type"]), row["final"], row["retain_until"], today):
        return False
    if row["state"] == DocumentState.TRASHED:
        return bool(row["trashed_at"] <= as_of - trash.TRASH_LIFE)
    last_day = row["delete_after"] or row["retain_until"]
    return row["state"] == DocumentState.AVAILABLE and last_day is not None and last_day < today


def _due(as_of: datetime, work: UnitOfWork) -> Select[Any]:
    own = document.c
    last_day = func.coalesce(own.delete_after, own.retain_until)
    over = and_(own.state == DocumentState.AVAILABLE, last_day < local_date(as_of))
    old_trash = and_(own.state == DocumentState.TRASHED, own.trashed_at <= as_of - trash.TRASH_LIFE)
    return select(own.id).where(own.organisation_id == work.organisation_id, or_(over, old_trash))


async def _clients_of(document_ids: tuple[UUID, ...], work: UnitOfWork) -> dict[UUID, set[UUID]]:
    named = select(document.c.id, document.c.client_id).where(
        document.c.organisation_id == work.organisation_id,
        document.c.id.in_(document_ids),
        document.c.client_id.is_not(None),
    )
    linked = select(document_link.c.document_id, document_link.c.subject_id).where(
        document_link.c.organisation_id == work.organisation_id,
        document_link.c.document_id.in_(document_ids),
        document_link.c.subject_type == SubjectType.CLIENT,
    )
    found: dict[UUID, set[UUID]] = {}
    for row in await work.fetch(named.union(linked)):
        found.setdefault(row["id"], set()).add(row["client_id"])
    return found


@asynccontextmanager
async def _reading(outside: Outside) -> AsyncIterator[UnitOfWork]:
    heart, organisation_id = outside.heart, outside.organisation_id
    async with heart.database.transaction(organisation_id, read_only=True) as connection:
        yield heart.unit(connection, organisation_id, system("documents"), outside.now, outside.cause, Outgoing())
