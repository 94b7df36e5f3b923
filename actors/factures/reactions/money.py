"""Payments: what they settle on our invoices, and what comes back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import select

from actors.factures import announcing
from messages.factures import DocumentKind, InvoiceStatus, SettlementSource
from messages.payments import (
    Allocation,
    PaymentAllocated,
    PaymentReceived,
    PaymentRefunded,
    PaymentReturnCancelled,
    PaymentReturned,
    PaymentUnallocated,
)
from runtime.unit_of_work import Row, UnitOfWork
from storage.factures import queries
from storage.factures.tables import payment_position, settlement
from storage.projections import keep_newest


async def settle_received(event: PaymentReceived, work: UnitOfWork) -> None:
    """Money arrived, or is presumed to."""
    confirmed_on = event.settled_on or (None if event.presumed else event.paid_on)
    how = _How(event.paid_on, confirmed_on, event.method.value, event.presumed)
    await _follow(event.allocations, how, work)


async def settle_returned(event: PaymentReturned, work: UnitOfWork) -> None:
    """Money was taken back."""
    await _follow(event.allocations_reversed, _How(event.rejected_on, event.rejected_on, event.method.value), work)


async def settle_allocated(event: PaymentAllocated | PaymentUnallocated, work: UnitOfWork) -> None:
    """The lettering of a payment changed."""
    await _follow((event.allocation,), _How(work.today(), work.today()), work)


async def settle_return_cancelled(event: PaymentReturnCancelled, work: UnitOfWork) -> None:
    """A dispute was won: what was taken back is there again."""
    await _follow(event.allocations, _How(work.today(), work.today(), event.method.value), work)


async def settle_refunded(event: PaymentRefunded, work: UnitOfWork) -> None:
    """Money went back: it pays a credit note out, or else it is owed again."""
    paid_out = await _pay_out(event, work) if event.credit_note_id is not None else None
    how = _How(event.refunded_on, event.refunded_on, event.method.value, is_refund=True, credits_invoice=paid_out)
    await _follow(event.allocations_reversed, how, work)


async def _pay_out(event: PaymentRefunded, work: UnitOfWork) -> UUID | None:
    """Settle the credit note, once by each refund; the invoice that it reduces."""
    ids = [event.credit_note_id, *(found.invoice_id for found in event.allocations_reversed if found.invoice_id)]
    locked = await work.fetch(queries.INVOICES_FOR_UPDATE, organisation_id=work.organisation_id, ids=ids)
    note = next((row for row in locked if row["id"] == event.credit_note_id), None)
    if note is None or not _is_issued(note) or not DocumentKind(note["kind"]).gives_back:
        return None
    known = select(settlement.c.id).where(
        settlement.c.organisation_id == work.organisation_id,
        settlement.c.invoice_id == note["id"],
        settlement.c.cause_id == event.refund_id,
    )
    if await work.fetch_one(known) is None:
        await announcing.settle(
            note,
            event.refund_amount.amount,
            work,
            source=SettlementSource.REFUND,
            source_id=event.payment_id,
            cause_id=event.refund_id,
            on=event.refunded_on,
            method=event.method.value,
        )
    return UUID(str(note["preceding_id"])) if note["preceding_id"] else None


def _is_issued(row: Row) -> bool:
    return row["status"] in {InvoiceStatus.ISSUED, InvoiceStatus.CANCELLED}


@dataclass(frozen=True, slots=True)
class _How:
    """When and how money moved; `confirmed_on` once it is no presumption any more."""

    on: date
    confirmed_on: date | None
    method: str | None = None
    presumed: bool = False
    is_refund: bool = False
    credits_invoice: UUID | None = None
    """The invoice on which a refund takes the place of money by credit, so that nothing is owed again."""

    def source(self, amount: Decimal) -> SettlementSource:
        """What a settlement of that amount is called."""
        if amount > 0:
            return SettlementSource.PAYMENT
        return SettlementSource.REFUND if self.is_refund else SettlementSource.RETURN


async def _follow(allocations: Sequence[Allocation], how: _How, work: UnitOfWork) -> None:
    """Bring each invoice to what the payment now holds on it; account credit names no invoice and is not ours."""
    for found in allocations:
        if found.invoice_id is not None:
            await _bring_to(found, found.invoice_id, how, work)


async def _bring_to(found: Allocation, invoice_id: UUID, how: _How, work: UnitOfWork) -> None:
    scope = {"organisation_id": work.organisation_id}
    row = await work.fetch_one(queries.INVOICE_FOR_UPDATE, **scope, id=invoice_id)
    if row is None or not _is_issued(row):
        return
    if DocumentKind(row["kind"]).gives_back:
        return
    held = await work.fetch_value(
        select(payment_position.c.allocated).where(
            payment_position.c.organisation_id == work.organisation_id,
            payment_position.c.invoice_id == invoice_id,
            payment_position.c.payment_id == found.payment_id,
        )
    )
    position = keep_newest(
        payment_position,
        **scope,
        invoice_id=invoice_id,
        payment_id=found.payment_id,
        allocated=found.allocated_after.amount,
        confirmed_on=how.confirmed_on,
        version=work.source_version,
    )
    if not await work.execute(position):
        return
    amount = found.allocated_after.amount - (held if held is not None else Decimal(0))
    if amount:
        await announcing.settle(
            row,
            amount,
            work,
            source=how.source(amount),
            source_id=found.payment_id,
            cause_id=found.allocation_id,
            on=how.on,
            method=how.method,
            presumed=how.presumed,
            by_credit=invoice_id == how.credits_invoice,
        )
