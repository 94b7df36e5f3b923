"""Facts of others that make files final, link them and say how long they stay."""

from datetime import date
from typing import Any
from uuid import UUID

from actors.documents import library, retention, rules
from actors.documents.rendering import jobs
from messages.commercial import StatementPublished
from messages.contrats import (
    ContractCancelled,
    ContractExpired,
    ContractRenewed,
    ContractSigned,
    ContractTerminated,
    ContractWithdrawn,
)
from messages.documents import DocumentType, LinkRole, SubjectType
from messages.factures import CreditNoteIssued, InvoiceDocumentArchived, InvoiceIssued
from messages.logistics import LetterPosted
from messages.payments import MandateActivated, MandateCancelled, MandateExpired, MandateSigned
from messages.values.instants import local_date
from runtime.unit_of_work import Row, UnitOfWork
from storage.documents import queries

_SALES_DOCUMENTS = frozenset({DocumentType.INVOICE, DocumentType.CREDIT_NOTE})


async def keep_sales_document(event: InvoiceIssued | CreditNoteIssued, work: UnitOfWork) -> None:
    """The file is final and stays ten years after the fiscal year; without a file id there is nothing to mark yet."""
    if event.document_id is None or event.issue_date is None:
        return
    row = await _held(event.document_id, work)
    if row is None or row["type"] not in _SALES_DOCUMENTS:
        return
    until = await retention.date_of({**row, "business_date": event.issue_date}, work, event.fiscal_year_end)
    row = await _changed(row, work, final=True, business_date=event.issue_date, retain_until=until)
    subject = SubjectType.INVOICE if isinstance(event, InvoiceIssued) else SubjectType.CREDIT_NOTE
    await library.add_link(row, subject, event.aggregate_id, LinkRole.MAIN, work)


async def keep_late_sales_document(event: InvoiceDocumentArchived, work: UnitOfWork) -> None:
    """The file of an invoice that was issued before its file was stored."""
    row = await _held(event.document_id, work)
    if row is not None and row["type"] in _SALES_DOCUMENTS:
        row = await _changed(row, work, final=True)
        await library.add_link(row, SubjectType.INVOICE, event.invoice_id, LinkRole.MAIN, work)


async def keep_signed_contract(event: ContractSigned, work: UnitOfWork) -> None:
    """The signed file is final, its evidence a proof; both stay until years after the contract's end."""
    years = rules.archive_years_of(event.client_kind, event.sales_channel, event.total_contract_value.amount)
    signed = await _held(event.document_id, work) if event.document_id is not None else None
    if signed is not None:
        changes = {"type": DocumentType.CONTRACT_SIGNED, "purpose": "SIGNED", "business_date": event.concluded_on}
        signed = await _changed(signed, work, final=True, contract_id=event.contract_id, **changes)
        await library.add_link(signed, SubjectType.CONTRACT, event.contract_id, LinkRole.MAIN, work)
    evidence = await _held(event.signature_evidence_document_id, work)
    if evidence is not None and event.signature_evidence_document_id != event.document_id:
        evidence = await _changed(evidence, work, final=True)
        await library.add_link(evidence, SubjectType.CONTRACT, event.contract_id, LinkRole.PROOF, work)
    await retention.begins(SubjectType.CONTRACT, event.contract_id, None, years, work)


async def end_contract(
    event: ContractTerminated | ContractExpired | ContractWithdrawn | ContractCancelled, work: UnitOfWork
) -> None:
    """From here the retention of a contract's documents counts."""
    ended_on = work.today() if isinstance(event, ContractWithdrawn | ContractCancelled) else event.ends_on
    years = await retention.archive_years(event.contract_id, work)
    await retention.begins(SubjectType.CONTRACT, event.contract_id, ended_on or work.today(), years, work)


async def reopen_contract(event: ContractRenewed, work: UnitOfWork) -> None:
    """A new term: no end is known."""
    years = await retention.archive_years(event.contract_id, work)
    await retention.begins(SubjectType.CONTRACT, event.contract_id, None, years, work)


async def keep_mandate(event: MandateSigned | MandateActivated, work: UnitOfWork) -> None:
    """A living mandate's papers stay; the signed one is final."""
    if isinstance(event, MandateSigned) and event.document_id is not None:
        row = await _held(event.document_id, work)
        if row is not None:
            row = await _changed(row, work, final=True, business_date=local_date(event.signed_at))
            await library.add_link(row, SubjectType.MANDATE, event.mandate_id, LinkRole.MAIN, work)
    await retention.begins(SubjectType.MANDATE, event.mandate_id, None, rules.STATUTORY_YEARS, work)


async def end_mandate(event: MandateCancelled | MandateExpired, work: UnitOfWork) -> None:
    """The later of the last collection and the end: a debit may be contested for 13 months after it."""
    ended_on = max(filter(None, (event.last_presented_on, work.today())))
    await retention.begins(SubjectType.MANDATE, event.mandate_id, ended_on, rules.STATUTORY_YEARS, work)


async def keep_statement(event: StatementPublished, work: UnitOfWork) -> None:
    """The files of a published statement are final and belong to it; they stay ten years after the year's end."""
    for file in event.files:
        row = await _held(file.document_id, work)
        if row is not None:
            day = row["business_date"] or work.today()
            until = await retention.date_of({**row, "business_date": day}, work, date(day.year, 12, 31))
            row = await _changed(row, work, final=True, business_date=day, retain_until=until)
            await library.add_link(row, SubjectType.COMMISSION_STATEMENT, event.statement_id, LinkRole.MAIN, work)


async def keep_posted_letter(event: LetterPosted, work: UnitOfWork) -> None:
    """The file rendered for a letter is final and belongs to it, from its posting date on."""
    posted_on = local_date(event.posted_at)
    for document_id in await jobs.rendered_for((event.request_id, event.notice_id, event.reminder_id), work):
        row = await _held(document_id, work)
        if row is not None and row["type"] in (DocumentType.LETTER, DocumentType.DUNNING_LETTER):
            until = await retention.date_of({**row, "business_date": posted_on}, work)
            row = await _changed(row, work, final=True, business_date=posted_on, retain_until=until)
            await library.add_link(row, SubjectType.LETTER, event.letter_id, LinkRole.MAIN, work)


async def _held(document_id: UUID, work: UnitOfWork) -> Row | None:
    return await work.fetch_one(queries.DOCUMENT_FOR_UPDATE, organisation_id=work.organisation_id, id=document_id)


async def _changed(row: Row, work: UnitOfWork, **wanted: Any) -> Row:
    """The row after the changes; without one its version stays, so a repeated fact is silent."""
    changes = {name: value for name, value in wanted.items() if row[name] != value}
    return await library.change(row, work, **changes) if changes else row
