"""Billing orders, and what became of sent documents."""

from datetime import datetime
from uuid import UUID

from actors.factures import announcing, billing
from messages.contrats import ContractBillingDue
from messages.engagement import EmailBounced, EmailFailed, EmailSent
from messages.factures import Channel, InvoiceStatus
from messages.logistics import LetterFailed, LetterPosted, LetterPurpose, LetterRejected
from messages.shared import Ref
from runtime.unit_of_work import Row, UnitOfWork
from storage.factures import queries

_OURS = frozenset({"invoice", "credit_note"})


async def bill_contract(event: ContractBillingDue, work: UnitOfWork) -> None:
    """The only order to bill, charge or credit."""
    await billing.take_in(event, work)


async def note_sent(event: EmailSent, work: UnitOfWork) -> None:
    """The mail with the document left."""
    await _sent(await _document(event.reference, work), Channel.EMAIL, event.sent_at, work)


async def note_posted(event: LetterPosted, work: UnitOfWork) -> None:
    """The letter with the document is with the post."""
    if event.purpose is LetterPurpose.INVOICE and event.invoice_id is not None:
        await _sent(await _issued(event.invoice_id, work), Channel.POST, event.posted_at, work)


async def note_letter_failed(event: LetterFailed | LetterRejected, work: UnitOfWork) -> None:
    """The letter will not arrive; an accountant chooses another way."""
    if event.purpose is LetterPurpose.INVOICE and event.invoice_id is not None:
        await _failed(await _issued(event.invoice_id, work), work)


async def note_failed(event: EmailBounced | EmailFailed, work: UnitOfWork) -> None:
    """The mail did not arrive; an accountant chooses another way."""
    await _failed(await _document(event.reference, work), work)


async def _sent(row: Row | None, channel: Channel, sent_at: datetime, work: UnitOfWork) -> None:
    if row is not None and row["sent_at"] is None:
        await announcing.note_sent(row, channel, sent_at, work)


async def _failed(row: Row | None, work: UnitOfWork) -> None:
    if row is not None and not row["delivery_failed"]:
        await announcing.change(row, work, delivery_failed=True)


async def _document(reference: Ref | None, work: UnitOfWork) -> Row | None:
    if reference is None or reference.type.lower() not in _OURS:
        return None
    return await _issued(UUID(str(reference.id)), work)


async def _issued(invoice_id: UUID, work: UnitOfWork) -> Row | None:
    row = await work.fetch_one(queries.INVOICE_FOR_UPDATE, organisation_id=work.organisation_id, id=invoice_id)
    return row if row is not None and row["status"] in {InvoiceStatus.ISSUED, InvoiceStatus.CANCELLED} else None
