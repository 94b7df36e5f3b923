"""Billing orders, and what became of sent documents."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from actors.factures import announcing, billing
from actors.factures.work import source_key_of
from messages.contrats import ContractBillingDue
from messages.documents import DocumentAvailable
from messages.engagement import EmailBounced, EmailFailed, EmailSent
from messages.factures import Channel, InvoiceStatus
from messages.logistics import LetterFailed, LetterPosted, LetterPurpose, LetterRejected
from messages.shared import Ref
from runtime.unit_of_work import Row, UnitOfWork
from storage.factures import queries
from storage.factures.tables import invoice

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


async def note_archived(event: DocumentAvailable, work: UnitOfWork) -> None:
    """The file is in the archive, though the answer that said so was lost; another file than the sealed one confirms nothing."""
    if event.reference is None or event.reference.type not in _OURS:
        return
    invoice_id = UUID(str(event.reference.id))
    if event.source_key != source_key_of(invoice_id) or not await _waits_for_archive(invoice_id, work):
        return
    row, hashes = await _issued(invoice_id, work), await announcing.pdf_hashes([invoice_id], work)
    if row is not None and row["document_id"] is None and hashes.get(invoice_id) == event.sha256:
        await announcing.archived(row, event.document_id, event.sha256, work)


async def _waits_for_archive(invoice_id: UUID, work: UnitOfWork) -> bool:
    """Seldom: nearly every document was confirmed by the archive's answer."""
    mine = (invoice.c.organisation_id == work.organisation_id, invoice.c.id == invoice_id)
    return await work.fetch_one(select(invoice.c.id).where(*mine, invoice.c.document_id.is_(None))) is not None


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
