"""Billing orders, and what became of sent documents."""

from uuid import UUID

from actors.factures import announcing, billing, views
from messages.contrats import ContractBillingDue
from messages.engagement import EmailBounced, EmailFailed, EmailSent
from messages.factures import Channel, InvoiceSent, InvoiceStatus
from messages.shared import Ref
from runtime.unit_of_work import Row, UnitOfWork
from storage.factures import queries

_OURS = frozenset({"invoice", "credit_note"})


async def bill_contract(event: ContractBillingDue, work: UnitOfWork) -> None:
    """The only order to bill, charge or credit."""
    await billing.take_in(event, work)


async def note_sent(event: EmailSent, work: UnitOfWork) -> None:
    """The mail with the document left."""
    row = await _document(event.reference, work)
    if row is None or row["sent_at"] is not None:
        return
    changed = await announcing.change(row, work, sent_at=event.sent_at, delivery_failed=False)
    fact = InvoiceSent(**views.reference_of(changed), channel=Channel.EMAIL, sent_at=event.sent_at)
    work.emit(fact, version=changed["version"])


async def note_failed(event: EmailBounced | EmailFailed, work: UnitOfWork) -> None:
    """The mail did not arrive; an accountant chooses another way."""
    row = await _document(event.reference, work)
    if row is not None and not row["delivery_failed"]:
        await announcing.change(row, work, delivery_failed=True)


async def _document(reference: Ref | None, work: UnitOfWork) -> Row | None:
    if reference is None or reference.type.lower() not in _OURS:
        return None
    row = await work.fetch_one(
        queries.INVOICE_FOR_UPDATE, organisation_id=work.organisation_id, id=UUID(str(reference.id))
    )
    return row if row is not None and row["status"] in {InvoiceStatus.ISSUED, InvoiceStatus.CANCELLED} else None
