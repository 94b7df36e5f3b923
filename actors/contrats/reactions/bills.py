"""What became of the bills, and how the contract is paid."""

from uuid import UUID

from sqlalchemy import or_, update

from actors.contrats.contract_record import ContractRecord, find
from actors.contrats.facts import first_time
from actors.contrats.rules.instalments import before, outcome
from messages.contrats import (
    ContractStandingChanged,
    PaymentStanding,
)
from messages.factures import CreditNoteIssued, InvoiceCancelled, InvoiceIssued
from messages.payments import PaymentReceived, PaymentRejected, PaymentReturned
from messages.payments.receivables import ReceivableDefaultCured, ReceivableDefaulted
from runtime.unit_of_work import UnitOfWork
from storage.contrats.tables import (
    billing_adjustment,
    billing_instalment,
)


async def mark_invoiced(event: InvoiceIssued, work: UnitOfWork) -> None:
    """The periods and adjustments of an issued invoice are done."""
    if event.billing_instalment_ids:
        await work.execute(
            update(billing_instalment)
            .where(
                billing_instalment.c.organisation_id == work.organisation_id,
                billing_instalment.c.id.in_(event.billing_instalment_ids),
                billing_instalment.c.status.in_(before("invoice")),
            )
            .values(status=outcome("invoice"), invoice_id=event.invoice_id)
        )
    if event.adjustment_ids:
        await work.execute(
            update(billing_adjustment)
            .where(
                billing_adjustment.c.organisation_id == work.organisation_id,
                billing_adjustment.c.id.in_(event.adjustment_ids),
                or_(billing_adjustment.c.invoice_id.is_(None), billing_adjustment.c.invoice_id == event.invoice_id),
            )
            .values(status="BILLED", invoice_id=event.invoice_id)
        )


async def bill_again(event: CreditNoteIssued | InvoiceCancelled, work: UnitOfWork) -> None:
    """factures undoes an invoice in order to make it again: its periods wait for the new one."""
    if not event.rebill:
        return
    undone = (
        [original.invoice_id for original in event.originals]
        if isinstance(event, CreditNoteIssued)
        else [event.invoice_id]
    )
    await work.execute(
        update(billing_instalment)
        .where(
            billing_instalment.c.organisation_id == work.organisation_id,
            billing_instalment.c.invoice_id.in_(undone),
            billing_instalment.c.status.in_(before("undo_invoice")),
        )
        .values(status=outcome("undo_invoice"), invoice_id=None)
    )


async def lower_standing(event: PaymentRejected | PaymentReturned, work: UnitOfWork) -> None:
    """A debit came back: the contract is late, unless it is in default already."""
    record = await _heard_first(f"failure:{event.payment_id}:{event.r_key}", event.contract_id, work)
    if record is not None:
        late = record["payment_standing"] != PaymentStanding.DEFAULT
        await _set_standing(
            record, PaymentStanding.LATE if late else PaymentStanding.DEFAULT, event.consecutive_failures
        )


async def raise_standing(event: PaymentReceived, work: UnitOfWork) -> None:
    """Money came: the contract is good again, unless it is in default."""
    record = await _heard_first(f"received:{event.payment_id}", event.contract_id, work)
    if record is not None:
        late = record["payment_standing"] != PaymentStanding.DEFAULT
        await _set_standing(record, PaymentStanding.GOOD if late else PaymentStanding.DEFAULT, 0)


async def enter_default(event: ReceivableDefaulted, work: UnitOfWork) -> None:
    """A debt of the contract is in default."""
    key = f"defaulted:{event.item_id}:{event.defaulted_on}"
    record = await _heard_first(key, event.contract_id, work)
    if record is not None:
        await _set_standing(record, PaymentStanding.DEFAULT, record["consecutive_rejections"])


async def leave_default(event: ReceivableDefaultCured, work: UnitOfWork) -> None:
    """A debt in default was settled."""
    record = await _heard_first(f"cured:{event.item_id}:{event.cured_on}", event.contract_id, work)
    if record is not None:
        await _set_standing(record, PaymentStanding.GOOD, 0)


async def _heard_first(fact: str, contract_id: UUID | None, work: UnitOfWork) -> ContractRecord | None:
    """The contract a fact is about, the first time it is heard."""
    record = await find(contract_id, work) if contract_id is not None else None
    if record is None:
        return None
    return record if await first_time(fact, work) else None


async def _set_standing(record: ContractRecord, standing: PaymentStanding, rejections: int) -> None:
    before = record["payment_standing"]
    record.set(payment_standing=standing, consecutive_rejections=rejections)
    if before != standing:
        facts = {"client_id": record["client_id"], "consecutive_rejections": rejections}
        record.state(ContractStandingChanged, **facts, **{"from": before, "to": standing})
    await record.save()
