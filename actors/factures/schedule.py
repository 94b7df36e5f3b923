"""What factures does on time."""

from datetime import timedelta
from typing import Any

from sqlalchemy import and_, func, or_, select

from actors.factures import announcing, views
from actors.factures import work as slow
from actors.factures.ordering import order_archive, order_issue
from actors.factures.requests.settings import retry
from messages.factures import BillingRunCompleted, IntakeStatus, InvoiceOverdue, InvoiceStatus, RunFailure
from messages.values.due_dates import DEBIT_GRACE
from messages.values.identifiers import derived_id, new_id
from messages.values.money import Money
from runtime.actor import MORE, Moment
from runtime.unit_of_work import UnitOfWork
from storage.factures import queries
from storage.factures.tables import billing_intake, invoice

_MOST = 200
_ANNOUNCE_AFTER = timedelta(seconds=60)
_MOST_ATTEMPTS = 6


async def finish_issues(moment: Moment, work: UnitOfWork) -> object:
    """Announce after 60 s what has no file yet, bring files to the archive again, issue drafts that were left."""
    statement = select(invoice.c.id).where(
        invoice.c.organisation_id == work.organisation_id,
        invoice.c.document_id.is_(None),
        invoice.c.status != InvoiceStatus.DRAFT,
        invoice.c.issued_at <= moment.as_of - _ANNOUNCE_AFTER,
    )
    ids = [row["id"] for row in await work.fetch(statement.order_by(invoice.c.issued_at, invoice.c.id).limit(_MOST))]
    rows = await work.fetch(queries.INVOICES_FOR_UPDATE, organisation_id=work.organisation_id, ids=ids) if ids else []
    hashes = await announcing.pdf_hashes(ids, work) if ids else {}
    for row in rows:
        if row["announced_at"] is None and row["document_id"] is None:
            await announcing.announce_without_file(row, hashes[row["id"]], work)
    order_archive([row["id"] for row in rows if row["document_id"] is None], work)
    for company_id in await slow.waiting_companies(work):
        order_issue(company_id, new_id(), work)
    return None


async def retry_failed_intakes(moment: Moment, work: UnitOfWork) -> object:
    """Draft failed orders again, six times each."""
    statement = select(billing_intake).where(
        billing_intake.c.organisation_id == work.organisation_id,
        billing_intake.c.status == IntakeStatus.FAILED,
        billing_intake.c.attempts <= _MOST_ATTEMPTS,
        billing_intake.c.updated_at < moment.as_of,
    )
    rows = await work.fetch(statement.order_by(billing_intake.c.created_at).limit(50).with_for_update(skip_locked=True))
    for row in rows:
        await retry(row, work)
    return MORE if len(rows) == 50 else None


async def mark_overdue(moment: Moment, work: UnitOfWork) -> object:
    """The first day after the due date with something left; a later debit has five days of grace."""
    today = work.today()
    late = and_(
        invoice.c.due_date < today,
        or_(invoice.c.planned_debit_date.is_(None), invoice.c.planned_debit_date + DEBIT_GRACE < today),
    )
    statement = select(invoice.c.id).where(
        invoice.c.organisation_id == work.organisation_id,
        invoice.c.outstanding > 0,
        invoice.c.status == InvoiceStatus.ISSUED,
        invoice.c.overdue.is_(False),
        late,
    )
    ids = [row["id"] for row in await work.fetch(statement.order_by(invoice.c.due_date, invoice.c.id).limit(_MOST))]
    rows = await work.fetch(queries.INVOICES_FOR_UPDATE, organisation_id=work.organisation_id, ids=ids) if ids else []
    for row in rows:
        if row["outstanding"] > 0 and not row["overdue"]:
            changed = await announcing.change(row, work, overdue=True)
            fact = InvoiceOverdue(**views.reference_of(changed), days=1)
            work.emit(fact, version=changed["version"])
    return MORE if len(ids) == _MOST else None


async def report_billing_run(moment: Moment, work: UnitOfWork) -> None:
    """Once a day, what was billed and what was not; nothing when there was nothing to bill."""
    mine = (
        billing_intake.c.organisation_id == work.organisation_id,
        billing_intake.c.updated_at > moment.as_of - timedelta(days=1),
        billing_intake.c.updated_at <= moment.as_of,
    )
    counted = await work.fetch(
        select(billing_intake.c.status, func.count().label("count")).where(*mine).group_by(billing_intake.c.status)
    )
    counts: dict[str, Any] = {row["status"]: row["count"] for row in counted}
    if not counts:
        return
    failed = await work.fetch(
        select(billing_intake.c.contract_id, billing_intake.c.reason)
        .where(
            *mine, or_(billing_intake.c.status == IntakeStatus.FAILED, billing_intake.c.status == IntakeStatus.PARKED)
        )
        .order_by(billing_intake.c.created_at)
        .limit(_MOST)
    )
    net = await work.fetch_value(
        select(func.coalesce(func.sum(invoice.c.net), 0)).where(
            invoice.c.organisation_id == work.organisation_id,
            invoice.c.intake_id.is_not(None),
            invoice.c.kind == "INVOICE",
            invoice.c.issued_at > moment.as_of - timedelta(days=1),
            invoice.c.issued_at <= moment.as_of,
        )
    )
    run_id = derived_id("billing_run", work.organisation_id, moment.as_of.isoformat())
    fact = BillingRunCompleted(
        run_id=run_id,
        as_of=moment.as_of,
        issued=counts.get(IntakeStatus.ISSUED, 0),
        drafted=counts.get(IntakeStatus.DRAFTED, 0),
        failed=counts.get(IntakeStatus.FAILED, 0) + counts.get(IntakeStatus.PARKED, 0),
        net=Money(amount=net),
        failures=tuple(RunFailure(contract_id=row["contract_id"], code=row["reason"] or "") for row in failed),
    )
    work.emit(fact, version=1, key=str(run_id))
