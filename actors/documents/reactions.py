"""What documents hears: sales documents that were issued begin their legal retention."""

from datetime import date
from uuid import UUID

from actors.documents import library, retention
from messages.documents import DocumentType
from messages.factures import CreditNoteIssued, InvoiceIssued
from runtime.unit_of_work import UnitOfWork
from storage.documents import queries

_SALES_DOCUMENTS = frozenset({DocumentType.INVOICE, DocumentType.CREDIT_NOTE})


async def keep_sales_document(event: InvoiceIssued | CreditNoteIssued, work: UnitOfWork) -> None:
    """The file is final and stays ten years after the fiscal year; without a file id there is nothing to mark yet."""
    if event.document_id is not None and event.issue_date is not None:
        await _retain(event.document_id, event.issue_date, event.fiscal_year_end, work)


async def _retain(document_id: UUID, business_date: date, fiscal_year_end: date, work: UnitOfWork) -> None:
    row = await work.fetch_one(queries.DOCUMENT_FOR_UPDATE, organisation_id=work.organisation_id, id=document_id)
    if row is None or row["type"] not in _SALES_DOCUMENTS:
        return
    until = await retention.date_of({**row, "business_date": business_date}, work, fiscal_year_end)
    if not row["final"] or row["retain_until"] != until:
        await library.change(row, work, final=True, business_date=business_date, retain_until=until)
