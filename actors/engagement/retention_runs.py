"""Runs of the retention policy of engagement: old notifications go, and the text of old mails that belong to no contract."""

from datetime import UTC, date, datetime, time
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, delete, func, select, update

from messages.engagement import EmailStatus
from messages.identity import PurgeStatus, ReportPurgeRun, RetentionPolicyRunRequested
from messages.values.instants import PARIS
from runtime.unit_of_work import UnitOfWork, WorkItem
from runtime.work_queue import Outside
from storage.engagement.tables import notification, outbound_email

_AT_ONCE: Final = 500
_SETTLED: Final = (
    EmailStatus.SENT,
    EmailStatus.PARTIALLY_SENT,
    EmailStatus.FAILED,
    EmailStatus.CANCELLED,
    EmailStatus.SUPPRESSED,
)


class EndMessages(WorkItem):
    """One batch of a run, and what the batches before it did."""

    run_id: UUID
    cutoff: date
    dry_run: bool
    batch: int = 0
    deleted: int = 0
    anonymised: int = 0


class ReportMessages(WorkItem):
    """Tell identity what a run did."""

    run_id: UUID
    deleted: int
    anonymised: int


async def begin_run(event: RetentionPolicyRunRequested, work: UnitOfWork) -> None:
    """Order the first batch; other actors' policies are theirs."""
    if event.actor == work.actor:
        item = EndMessages(run_id=event.run_id, cutoff=event.cutoff, dry_run=event.dry_run)
        work.order(item, key=f"{event.run_id}:0")


async def nothing_outside(item: EndMessages, outside: Outside) -> None:
    """Everything happens in the transaction that ends a batch."""


async def end_batch(item: EndMessages, nothing: None, work: UnitOfWork) -> None:
    """Delete and empty what is due; then the next batch, or the report."""
    before = datetime.combine(item.cutoff, time(), PARIS).astimezone(UTC)
    notes, mails = _old_notes(before, work), _old_mails(before, work)
    if item.dry_run:
        deleted, emptied = [
            await work.fetch_value(select(func.count()).select_from(found.subquery())) for found in (notes, mails)
        ]
        _order_report(item, deleted, emptied, work)
        return
    deleted = await work.execute(delete(notification).where(notification.c.id.in_(notes.limit(_AT_ONCE))))
    emptied = await work.execute(
        update(outbound_email)
        .where(outbound_email.c.id.in_(mails.limit(_AT_ONCE)))
        .values(text="", html=None, subject="")
    )
    if max(deleted, emptied) < _AT_ONCE:
        _order_report(item, item.deleted + deleted, item.anonymised + emptied, work)
        return
    counted = {"deleted": item.deleted + deleted, "anonymised": item.anonymised + emptied, "batch": item.batch + 1}
    work.order(item.model_copy(update=counted), key=f"{item.run_id}:{item.batch + 1}")


async def report(item: ReportMessages, outside: Outside) -> None:
    """Identity keeps the first report of a run."""
    counts = item.model_dump(exclude={"run_id"})
    scanned = sum(counts.values())
    await outside.ask(ReportPurgeRun(run_id=item.run_id, status=PurgeStatus.SUCCESS, scanned=scanned, **counts))


async def reported(item: ReportMessages, nothing: None, work: UnitOfWork) -> None:
    """Nothing is left to do."""


def _order_report(item: EndMessages, deleted: int, emptied: int, work: UnitOfWork) -> None:
    work.order(ReportMessages(run_id=item.run_id, deleted=deleted, anonymised=emptied), key=str(item.run_id))


def _old_notes(before: datetime, work: UnitOfWork) -> Select[Any]:
    own = notification.c
    return select(own.id).where(own.organisation_id == work.organisation_id, own.created_at < before)


def _old_mails(before: datetime, work: UnitOfWork) -> Select[Any]:
    """What was settled and belongs to no contract; that a mail was sent, when and to whom stays known."""
    own = outbound_email.c
    return select(own.id).where(
        own.organisation_id == work.organisation_id,
        own.created_at < before,
        own.text != "",
        own.status.in_(_SETTLED),
        own.reference_type.is_distinct_from("contract"),
    )
