"""Runs of retention policies: batch by batch, held persons left out, and reported to identity at the end."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from actors.clients.anonymisation import anonymise, request_erasure
from actors.clients.changes import ids_of
from actors.clients.history import has_history
from actors.clients.removal import remove_client
from actors.clients.retention import (
    KEPT_STATES,
    anchored_before,
    category_of,
    facts_of,
    months_of,
    relation_goes_on,
)
from actors.clients.rules.retention import scheduled_on
from messages.clients import ErasureGround
from messages.identity import (
    CheckLegalHold,
    PurgeStatus,
    ReportPurgeRun,
    RetentionCategory,
    RetentionPolicyRunRequested,
    RetentionPolicyUpdated,
    SubjectType,
)
from runtime.caller import system
from runtime.unit_of_work import Row, UnitOfWork, WorkItem
from runtime.work_queue import Outside
from storage.clients import queries
from storage.clients.tables import client, retention_ref
from storage.projections import keep_newest
from storage.shared.outgoing import Outgoing

_AT_ONCE: Final = 100


class RunRetention(WorkItem):
    """One batch of a run: clients after `after`, and what the batches before it did."""

    run_id: UUID
    category: RetentionCategory
    cutoff: date
    on: date
    dry_run: bool
    after: UUID | None = None
    deleted: int = 0
    anonymised: int = 0
    retained: int = 0


class ReportRetention(WorkItem):
    """Tell identity what a run did."""

    run_id: UUID
    deleted: int
    anonymised: int
    retained: int


@dataclass(frozen=True, slots=True)
class Batch:
    """Clients whose time has come, those of them that a legal hold keeps, and where the next batch begins."""

    due: tuple[UUID, ...]
    held: frozenset[UUID]
    last: UUID | None


async def keep_policy(event: RetentionPolicyUpdated, work: UnitOfWork) -> None:
    """The organisation's own periods."""
    await work.execute(
        keep_newest(
            retention_ref,
            organisation_id=work.organisation_id,
            category=event.category,
            months=event.months,
            version=work.source_version,
        )
    )


async def begin_run(event: RetentionPolicyRunRequested, work: UnitOfWork) -> None:
    """Order the first batch; other actors' policies are theirs."""
    if event.actor == work.actor:
        item = RunRetention(
            run_id=event.run_id,
            category=event.category,
            cutoff=event.cutoff,
            on=work.today(),
            dry_run=event.dry_run,
        )
        work.order(item, key=f"{event.run_id}:0")


async def find_batch(item: RunRetention, outside: Outside) -> Batch:
    """Who is due, and whom identity holds; nothing is changed here."""
    async with _reading(outside) as work:
        statement = anchored_before(item.cutoff, work.organisation_id).order_by(client.c.id).limit(_AT_ONCE)
        if item.after is not None:
            statement = statement.where(client.c.id > item.after)
        found = [row["id"] for row in await work.fetch(statement)]
        due = tuple([client_id for client_id in found if await _is_due(client_id, item, work)])
    held = set()
    for client_id in due:
        hold = await outside.ask(CheckLegalHold(subject_type=SubjectType.CUSTOMER, subject_id=client_id))
        if hold.held:
            held.add(client_id)
    return Batch(due, frozenset(held), found[-1] if len(found) == _AT_ONCE else None)


async def end_batch(item: RunRetention, batch: Batch, work: UnitOfWork) -> None:
    """Delete who was never used, anonymise the others, keep whom law keeps; then the next batch, or the report."""
    counts = {"deleted": item.deleted, "anonymised": item.anonymised, "retained": item.retained}
    for client_id in batch.due:
        if client_id in batch.held:
            counts["retained"] += 1
        elif await _is_due(client_id, item, work):  # he may have called meanwhile
            counts[await _end(client_id, item, work)] += 1
    if batch.last is not None:
        more = item.model_copy(update={**counts, "after": batch.last})
        work.order(more, key=f"{item.run_id}:{batch.last}")
    else:
        work.order(ReportRetention(run_id=item.run_id, **counts), key=str(item.run_id))


async def report(item: ReportRetention, outside: Outside) -> None:
    """Identity keeps the first report of a run."""
    counts = item.model_dump(exclude={"run_id"})
    await outside.ask(
        ReportPurgeRun(
            run_id=item.run_id,
            status=PurgeStatus.PARTIAL if item.retained else PurgeStatus.SUCCESS,
            scanned=sum(counts.values()),
            retention_reason="legal hold, live contract or open balance" if item.retained else None,
            **counts,
        )
    )


async def reported(item: ReportRetention, nothing: None, work: UnitOfWork) -> None:
    """Nothing is left to do."""


async def _is_due(client_id: UUID, item: RunRetention, work: UnitOfWork) -> bool:
    row = await work.fetch_one(queries.CLIENT_BY_ID, id=client_id)
    if row is None or row["record_state"] not in KEPT_STATES:
        return False
    ids = await ids_of(client_id, work)
    if await category_of(ids, work) is not item.category:
        return False
    due = scheduled_on(await facts_of(row, ids, work), await months_of(item.category, work))
    return due is not None and due <= item.on


async def _end(client_id: UUID, item: RunRetention, work: UnitOfWork) -> str:
    """What became, or would become, of one client."""
    row: Row = await work.load(queries.CLIENT_FOR_UPDATE, "client", id=client_id)
    ids = await ids_of(client_id, work)
    if await relation_goes_on(ids, work) is not None:
        return "retained"
    removable = item.category is RetentionCategory.PROSPECT and len(ids) == 1 and not await has_history(ids, work)
    if item.dry_run:
        return "deleted" if removable else "anonymised"
    if removable:
        await remove_client(row, "retention", work)
        return "deleted"
    await request_erasure(row, ErasureGround.RETENTION, work)
    await anonymise(work, client_id, ErasureGround.RETENTION)
    return "anonymised"


@asynccontextmanager
async def _reading(outside: Outside) -> AsyncIterator[UnitOfWork]:
    heart, organisation_id = outside.heart, outside.organisation_id
    async with heart.database.transaction(organisation_id, read_only=True) as connection:
        yield heart.unit(connection, organisation_id, system("clients"), outside.now, outside.cause, Outgoing())
