"""Payments: what they settle on our invoices, and what comes back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import select

from actors.factures import announcing
from messages.factures import DocumentKind, InvoiceStatus, SettlementSource
from messages.payments import Allocation, PaymentAllocated, PaymentReceived, PaymentReturned
from runtime.unit_of_work import UnitOfWork
from storage.factures import queries
from storage.factures.tables import payment_position
from storage.projections import keep_newest


async def settle_received(event: PaymentReceived, work: UnitOfWork) -> None:
    """Money arrived, or is presumed to."""
    confirmed_on = event.settled_on or (None if event.presumed else event.paid_on)
    how = _How(event.paid_on, confirmed_on, event.method.value, event.presumed)
    await _follow(event.allocations, how, work)


async def settle_returned(event: PaymentReturned, work: UnitOfWork) -> None:
    """Money was taken back."""
    await _follow(event.allocations_reversed, _How(event.rejected_on, event.rejected_on, event.method.value), work)


async def settle_allocated(event: PaymentAllocated, work: UnitOfWork) -> None:
    """The lettering of a payment changed."""
    await _follow((event.allocation,), _How(work.today(), work.today()), work)


@dataclass(frozen=True, slots=True)
class _How:
    """When and how money moved; `confirmed_on` once it is no presumption any more."""

    on: date
    confirmed_on: date | None
    method: str | None = None
    presumed: bool = False


async def _follow(allocations: Sequence[Allocation], how: _How, work: UnitOfWork) -> None:
    """Bring each invoice to what the payment now holds on it; account credit names no invoice and is not ours."""
    for found in allocations:
        if found.invoice_id is not None:
            await _bring_to(found, found.invoice_id, how, work)


async def _bring_to(found: Allocation, invoice_id: UUID, how: _How, work: UnitOfWork) -> None:
    scope = {"organisation_id": work.organisation_id}
    row = await work.fetch_one(queries.INVOICE_FOR_UPDATE, **scope, id=invoice_id)
    if row is None or row["status"] not in {InvoiceStatus.ISSUED, InvoiceStatus.CANCELLED}:
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
        source = SettlementSource.PAYMENT if amount > 0 else SettlementSource.RETURN
        await announcing.settle(
            row,
            amount,
            work,
            source=source,
            source_id=found.payment_id,
            cause_id=found.allocation_id,
            on=how.on,
            method=how.method,
            presumed=how.presumed,
        )
