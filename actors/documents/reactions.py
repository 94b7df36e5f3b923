"""What documents hears: sales documents that were issued begin their legal retention."""

from datetime import date
from uuid import UUID

from sqlalchemy import update

from actors.documents import rules
from messages.documents import DocumentType
from messages.factures import CreditNoteIssued, InvoiceIssued
from runtime.unit_of_work import UnitOfWork
from storage.documents import queries
from storage.documents.tables import document

_SALES_DOCUMENTS = frozenset({DocumentType.INVOICE, DocumentType.CREDIT_NOTE})


async def keep_sales_document(event: InvoiceIssued | CreditNoteIssued, work: UnitOfWork) -> None:
    """The file is final and stays ten years after the fiscal year; without a file id there is nothing to mark yet."""
    if event.document_id is not None and event.issue_date is not None:
        await _retain(event.document_id, event.issue_date, event.fiscal_year_end, work)


async def _retain(document_id: UUID, business_date: date, fiscal_year_end: date, work: UnitOfWork) -> None:
    scope = {"organisation_id": work.organisation_id}
    row = await work.fetch_one(queries.DOCUMENT_FOR_UPDATE, **scope, id=document_id)
    if row is None or row["type"] not in _SALES_DOCUMENTS:
        return
    until = rules.retain_until(
        DocumentType(row["type"]), created_on=work.today(), business_date=business_date, fiscal_year_end=fiscal_year_end
    )
    if row["final"] and row["retain_until"] == until:
        return
    mine = (document.c.organisation_id == work.organisation_id, document.c.id == document_id)
    await work.execute(
        update(document).where(*mine).values(final=True, business_date=business_date, retain_until=until)
    )
