"""Invoices meet instalments: the invoice says how much, the instalment says when."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import and_, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from actors.payments import contracts, planning, removal, views
from actors.payments.books import Books
from actors.payments.rules import dates
from actors.payments.rules.ledger import deducted_of
from actors.payments.rules.outcomes import SETTLED, allocate_to
from actors.payments.rules.planning import period_start
from messages.factures import InvoiceIssued
from messages.payments import (
    InstalmentCancelReason,
    InstalmentPlanned,
    InstalmentStatus,
    PaymentAllocated,
    PaymentStatus,
    PlannedBy,
    ScheduleStatus,
)
from messages.values.identifiers import derived_id
from runtime.unit_of_work import Row, UnitOfWork
from storage.payments.tables.dues import instalment, schedule
from storage.payments.tables.payments import payment
from storage.payments.tables.views import invoice_credit, invoice_view

_CREDIT_NOTE = "381"
_DEBIT = "SEPA_DIRECT_DEBIT"
_WAITING = (InstalmentStatus.PLANNED, InstalmentStatus.BLOCKED)


async def take(work: UnitOfWork, event: InvoiceIssued) -> None:
    """Keep an invoice and bind it to the instalment of its period; one without gets an instalment of its own."""
    if event.type_code == _CREDIT_NOTE or not await _keep(work, event):
        return
    found = await _instalment_for(work, event)
    if found is not None:
        await _bind(work, event, found)
    elif event.payment_method == _DEBIT and event.due.amount > 0 and not await _will_be_planned(work, event):
        await _one_off(work, event)


async def _keep(work: UnitOfWork, event: InvoiceIssued) -> bool:
    columns = {
        "number": event.number,
        "status": event.status,
        "issue_date": event.issue_date,
        "due_date": event.due_date,
        "period_start": event.period_start,
        "payment_method": event.payment_method,
        "due": event.due.amount,
        "currency": event.due.currency,
        "gross": event.gross.amount,
        "vat": event.vat.amount,
        **_deposits(event),
        "net_by_account": {found.revenue_account: str(found.net.amount) for found in event.lines_by_account},
        "version": work.source_version,
    }
    stored = (
        insert(invoice_view)
        .values(
            organisation_id=work.organisation_id,
            invoice_id=event.invoice_id,
            client_id=event.client_id,
            company_id=event.company_id,
            contract_id=event.contract_id,
            credited=Decimal("0.00"),
            allocated=Decimal("0.00"),
            **columns,
        )
        .on_conflict_do_nothing()
        .returning(invoice_view.c.invoice_id)
    )
    return await work.fetch_value(stored) is not None


def _deposits(event: InvoiceIssued) -> dict[str, Decimal]:
    """What of its deposits a final invoice deducts; a sale paid at the counter has none."""
    net = sum((deposit.net for deposit in event.deposits), Decimal("0.00"))
    vat = sum((deposit.vat for deposit in event.deposits), Decimal("0.00"))
    deducted = deducted_of(event.prepaid.amount, net, vat)
    return {"deposit_net": deducted.net, "deposit_vat": deducted.vat}


async def _instalment_for(work: UnitOfWork, event: InvoiceIssued) -> Row | None:
    """The instalment of the invoice's period; else the first free one that the period overlaps.

    A contract that starts late moves its periods after its instalments were planned. Without the overlap such an invoice
    would become a second debit beside the planned one.
    """
    if event.contract_id is None or event.period_start is None:
        return None
    free = (
        instalment.c.organisation_id == work.organisation_id,
        instalment.c.contract_id == event.contract_id,
        instalment.c.invoice_id.is_(None),
        instalment.c.status != InstalmentStatus.CANCELLED,
    )
    same = instalment.c.period_start == event.period_start
    overlaps = and_(
        instalment.c.schedule_id.is_not(None),
        instalment.c.period_start <= (event.period_end or event.period_start),
        instalment.c.period_end >= event.period_start,
    )
    return await work.fetch_one(
        select(instalment)
        .where(*free, or_(same, overlaps))
        .order_by(same.desc(), instalment.c.period_start, instalment.c.id)
        .limit(1)
        .with_for_update()
    )


async def _bind(work: UnitOfWork, event: InvoiceIssued, row: Row) -> None:
    """The invoice's amount counts, unless the debit is under way already; money received is allocated to it."""
    changes: dict[str, Any] = {"invoice_id": event.invoice_id, "version": row["version"] + 1}
    if event.period_start is not None and event.period_start != row["period_start"]:
        changes |= {"period_start": event.period_start, "period_end": event.period_end or row["period_end"]}
    waiting = row["status"] in _WAITING
    if waiting and event.due.amount > row["paid_amount"] and event.due.amount != row["amount"]:
        changes["amount"] = event.due.amount
    if waiting and event.prenotified and event.planned_debit_date == row["planned_debit_date"]:
        changes |= {
            "prenotified_on": event.issue_date,
            "prenotified_amount": event.due.amount,
            "prenotified_date": event.planned_debit_date,
        }
    await work.execute(update(instalment).where(instalment.c.id == row["id"]).values(**changes))
    if "amount" in changes:
        after = {**row, **changes}
        work.emit(InstalmentPlanned(**views.instalment_snapshot(after)), version=after["version"])
    await work.execute(
        update(payment)
        .where(
            payment.c.organisation_id == work.organisation_id,
            payment.c.instalment_id == row["id"],
            payment.c.status.in_((PaymentStatus.PENDING, PaymentStatus.BATCHED, PaymentStatus.SUBMITTED)),
            payment.c.invoice_id.is_(None),
        )
        .values(invoice_id=event.invoice_id)
    )
    if row["paid_amount"] > 0:
        await _allocate_received(work, event.invoice_id, row["id"])


async def _allocate_received(work: UnitOfWork, invoice_id: UUID, instalment_id: UUID) -> None:
    """Money that arrived before the invoice settles it now; payment.allocated."""
    rows = await work.fetch(
        select(payment.c.id).where(
            payment.c.organisation_id == work.organisation_id,
            payment.c.instalment_id == instalment_id,
            payment.c.status.in_(sorted(SETTLED)),
        )
    )
    books = Books(work)
    await books.load([row["id"] for row in rows], invoices=[invoice_id])
    facts = []
    for id_, state in books.payment_states.items():
        amount = allocate_to(state, books.invoice_states[invoice_id])
        if amount > 0:
            after = books.allocate(books.payments[id_], invoice_id, amount)
            facts.append((id_, views.allocation_of(after, amount, books.invoice_states[invoice_id].open)))
    await books.store()
    for id_, allocation in facts:
        row = books.payment_after(id_)
        fact = PaymentAllocated(
            payment_id=id_, client_id=row["client_id"], company_id=row["company_id"], allocation=allocation
        )
        work.emit(fact, version=row["version"])


async def _will_be_planned(work: UnitOfWork, event: InvoiceIssued) -> bool:
    """Whether the invoice is of a period that the contract's schedule has still to plan: it is bound then."""
    if event.contract_id is None or event.period_start is None:
        return False
    row = await work.fetch_one(
        select(schedule).where(
            schedule.c.organisation_id == work.organisation_id,
            schedule.c.contract_id == event.contract_id,
            schedule.c.status == ScheduleStatus.ACTIVE,
        )
    )
    return row is not None and event.period_start >= period_start(planning.rhythm_of(row), row["next_period_index"])


async def _one_off(work: UnitOfWork, event: InvoiceIssued) -> None:
    """An instalment for an invoice outside the rhythm, under the mandate of the contract's schedule."""
    held = await contracts.schedule_of_contract(work, event.contract_id) if event.contract_id is not None else None
    wanted = event.planned_debit_date or event.due_date or work.today()
    zero = Decimal("0.00")
    row: dict[str, Any] = {
        "id": derived_id("instalment", event.invoice_id),
        "organisation_id": work.organisation_id,
        "version": 1,
        "created_at": work.now,
        "created_by": work.caller.principal,
        "updated_at": work.now,
        "updated_by": work.caller.principal,
        "schedule_id": held["id"] if held is not None else None,
        "company_id": event.company_id,
        "client_id": event.client_id,
        "contract_id": event.contract_id,
        "invoice_id": event.invoice_id,
        # Below zero: the numbers from zero on belong to the periods of the schedule.
        "period_index": -1 - int(event.invoice_id.hex[-7:], 16),
        "attempt": 1,
        "period_start": event.period_start or event.issue_date or wanted,
        "period_end": event.period_end or event.issue_date or wanted,
        "due_date": event.due_date or wanted,
        "original_target_date": wanted,
        "planned_debit_date": dates.target_day(wanted),
        "planned_by": PlannedBy.CALENDAR if event.planned_debit_date else PlannedBy.FALLBACK,
        "rail": held["rail"] if held is not None else "SEPA_CORE",
        "amount": event.due.amount,
        "paid_amount": zero,
        "currency": event.due.currency,
        "status": InstalmentStatus.PLANNED,
    }
    inserted = insert(instalment).values(row).on_conflict_do_nothing().returning(instalment.c.id)
    if await work.fetch_value(inserted) is not None:
        work.emit(InstalmentPlanned(**views.instalment_snapshot(row)), version=1)


# -- less due ------------------------------------------------------------------------------------------------------


async def credit(
    work: UnitOfWork,
    invoice_id: UUID,
    amount: Decimal,
    credit_note_id: UUID,
    *,
    vat: Decimal = Decimal("0.00"),
    issued_on: date | None = None,
) -> None:
    """A credit note makes an invoice smaller: what is not presented yet shrinks with it."""
    found = await _invoice(work, invoice_id)
    if found is None or not await _first_time(
        work, credit_note_id, invoice_id, amount=amount, vat=vat, issued_on=issued_on or work.today()
    ):
        return
    await work.execute(
        update(invoice_view)
        .where(invoice_view.c.organisation_id == work.organisation_id, invoice_view.c.invoice_id == invoice_id)
        .values(credited=invoice_view.c.credited + amount)
    )
    await _shrink(work, invoice_id, found["due"] - found["credited"] - amount)


async def cancel(work: UnitOfWork, invoice_id: UUID, version: int) -> None:
    """Nothing is due on a cancelled invoice."""
    found = await _invoice(work, invoice_id)
    if found is None or found["version"] >= version:
        return
    await work.execute(
        update(invoice_view)
        .where(invoice_view.c.organisation_id == work.organisation_id, invoice_view.c.invoice_id == invoice_id)
        .values(status="CANCELLED", credited=invoice_view.c.due, version=version)
    )
    await _shrink(work, invoice_id, Decimal("0.00"))


async def settle_elsewhere(work: UnitOfWork, invoice_id: UUID) -> None:
    """Somebody noted at billing that the invoice is paid: nothing more of it is collected here."""
    found = await _invoice(work, invoice_id)
    if found is None:
        return
    left = found["due"] - found["credited"] - found["allocated"]
    if left <= found["settled_elsewhere"]:
        return
    await work.execute(
        update(invoice_view)
        .where(invoice_view.c.organisation_id == work.organisation_id, invoice_view.c.invoice_id == invoice_id)
        .values(settled_elsewhere=left)
    )
    await _shrink(work, invoice_id, Decimal("0.00"), InstalmentCancelReason.SETTLED_ELSEWHERE)


async def _invoice(work: UnitOfWork, invoice_id: UUID) -> Row | None:
    return await work.fetch_one(
        select(invoice_view)
        .where(invoice_view.c.organisation_id == work.organisation_id, invoice_view.c.invoice_id == invoice_id)
        .with_for_update()
    )


async def _first_time(work: UnitOfWork, credit_note_id: UUID, invoice_id: UUID, **columns: Any) -> bool:
    noted = (
        insert(invoice_credit)
        .values(
            organisation_id=work.organisation_id,
            credit_note_id=credit_note_id,
            invoice_id=invoice_id,
            **columns,
        )
        .on_conflict_do_nothing()
        .returning(invoice_credit.c.invoice_id)
    )
    return await work.fetch_value(noted) is not None


async def _shrink(
    work: UnitOfWork,
    invoice_id: UUID,
    left: Decimal,
    reason: InstalmentCancelReason = InstalmentCancelReason.CREDITED,
) -> None:
    """Debits not transmitted are taken out; the instalment asks for what is left, or for nothing."""
    live = await work.fetch(
        select(payment.c.id).where(
            payment.c.organisation_id == work.organisation_id,
            payment.c.invoice_id == invoice_id,
            payment.c.status.in_((PaymentStatus.PENDING, PaymentStatus.BATCHED)),
        )
    )
    if live:
        await removal.take_out(
            work, [row["id"] for row in live], "nothing left to collect" if left <= 0 else "invoice credited"
        )
    row = await work.fetch_one(
        select(instalment)
        .where(
            instalment.c.organisation_id == work.organisation_id,
            instalment.c.invoice_id == invoice_id,
            instalment.c.status.in_(_WAITING),
        )
        .with_for_update()
    )
    if row is None:
        return
    if left <= 0:
        await contracts.cancel_instalment(work, row, reason)
    elif row["paid_amount"] < left < row["amount"]:
        after = {**row, "amount": left, "version": row["version"] + 1}
        await work.execute(
            update(instalment).where(instalment.c.id == row["id"]).values(amount=left, version=after["version"])
        )
        work.emit(InstalmentPlanned(**views.instalment_snapshot(after)), version=after["version"])
