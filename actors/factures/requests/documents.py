"""Requests about issued documents: read, list, file, send, settle, credit, verify."""

import base64
import hashlib
from decimal import Decimal
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Uuid, any_, case, func, literal, select

from actors.factures import announcing, chain, views
from actors.factures import work as slow
from actors.factures.crediting import credit_draft, lines_taken_back, net_by_key
from actors.factures.drafting import load_parties, save_draft
from actors.factures.requests.drafts import issue_now, load
from actors.factures.rules.amounts import VatKey
from actors.factures.searching import begins_with, with_words
from messages.documents import INLINE_LIMIT
from messages.factures import (
    ALREADY_CANCELLED,
    INTEGRITY_BROKEN,
    INVOICE_NOT_FOUND,
    NOT_ARCHIVED_YET,
    NOT_ISSUED,
    Channel,
    CreateCreditNote,
    CreditScope,
    DocumentKind,
    FileFormat,
    GetInvoice,
    GetInvoiceDocument,
    Invoice,
    InvoiceFile,
    InvoicePage,
    InvoiceStatus,
    InvoiceSums,
    ListInvoices,
    SealCheck,
    SendInvoice,
    VerifySeals,
)
from messages.problem import Refused
from runtime.pagination import page
from runtime.unit_of_work import Row, UnitOfWork
from storage.factures import queries
from storage.factures.tables import invoice

_MIME = {FileFormat.FACTURX_PDF: "application/pdf", FileFormat.CII_XML: "application/xml"}
_EXTENSION = {FileFormat.FACTURX_PDF: "pdf", FileFormat.CII_XML: "xml"}


async def get_invoice(request: GetInvoice, work: UnitOfWork) -> Invoice:
    """One document in full."""
    if request.invoice_id is not None:
        return views.invoice_of(await load(request.invoice_id, work))
    row = await work.load(
        queries.INVOICE_BY_NUMBER,
        "invoice",
        code=INVOICE_NOT_FOUND,
        organisation_id=work.organisation_id,
        company_id=request.company_id,
        number=request.number,
    )
    if not work.caller.sees_company(row["company_id"]):
        raise Refused(INVOICE_NOT_FOUND, f"invoice {request.number} does not exist; check the number")
    return views.invoice_of(row)


async def list_invoices(request: ListInvoices, work: UnitOfWork) -> InvoicePage:
    """A page of documents, newest first; discarded drafts only when asked for."""
    wanted = _wanted(request, work)
    found = await page(
        work,
        request,
        queries.SUMMARY.where(*wanted),
        order=(invoice.c.created_at, invoice.c.id),
        descending=True,
        reply=InvoicePage,
        item=views.summary_of,
    )
    return found.model_copy(update={"sums": await _sums(wanted, work)}) if request.with_sums else found


def _wanted(request: ListInvoices, work: UnitOfWork) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = [invoice.c.organisation_id == work.organisation_id]
    for name in ("company_id", "client_id", "contract_id", "overdue", "preceding_id"):
        value = getattr(request, name)
        if value is not None:
            wanted.append(invoice.c[name] == value)
    for name, values in (
        ("kind", request.kind_in),
        ("settlement_status", request.settlement_in),
        ("transmission_status", request.transmission_in),
    ):
        if values:
            wanted.append(invoice.c[name].in_(values))
    wanted.append(
        invoice.c.status.in_(request.status_in) if request.status_in else invoice.c.status != InvoiceStatus.DISCARDED
    )
    if request.number_prefix is not None:
        wanted += begins_with(invoice.c.number, request.number_prefix)
    if request.search is not None:
        wanted.append(with_words(request.search, work))
    for name, lowest, highest in (
        ("issue_date", request.issued_from, request.issued_to),
        ("due_date", request.due_from, request.due_to),
        ("gross", request.gross_from, request.gross_to),
    ):
        if lowest is not None:
            wanted.append(invoice.c[name] >= lowest)
        if highest is not None:
            wanted.append(invoice.c[name] <= highest)
    if work.caller.company_ids is not None:
        wanted.append(invoice.c.company_id == any_(literal([*work.caller.company_ids], ARRAY(Uuid))))
    return wanted


async def _sums(wanted: list[ColumnElement[bool]], work: UnitOfWork) -> InvoiceSums:
    sign = case((invoice.c.kind.in_(announcing.CREDIT_NOTES), -1), else_=1)
    names = ("net", "vat", "gross", "outstanding")
    summed = [func.coalesce(func.sum(invoice.c[name] * sign), Decimal("0.00")).label(name) for name in names]
    (row,) = await work.fetch(select(func.count().label("count"), *summed).where(*wanted))
    return InvoiceSums.model_validate(dict(row))


async def get_invoice_document(request: GetInvoiceDocument, work: UnitOfWork) -> InvoiceFile:
    """The file of an issued document; its hash is checked before it leaves."""
    row = await issued_document(request.invoice_id, work, for_update=False)
    file = await work.load(
        queries.FILE, "file", organisation_id=work.organisation_id, invoice_id=row["id"], format=request.format
    )
    if hashlib.sha256(file["bytes"]).hexdigest() != file["sha256"]:
        raise Refused(INTEGRITY_BROKEN, "the stored file differs from its sealed hash; tell the administrator")
    small = file["size"] <= INLINE_LIMIT
    if not small and row["document_id"] is None:
        raise Refused(NOT_ARCHIVED_YET, "the file is too large for one message and not archived yet; ask again soon")
    return InvoiceFile(
        filename=slow.filename_of(row, _EXTENSION[request.format]),
        mime=_MIME[request.format],
        sha256=file["sha256"],
        content_base64=base64.b64encode(file["bytes"]).decode() if small else None,
        document_id=row["document_id"],
    )


async def send_invoice(request: SendInvoice, work: UnitOfWork) -> Invoice:
    """Ask for the delivery, the first time or again."""
    row = await issued_document(request.invoice_id, work)
    if row["document_id"] is None:
        raise Refused(NOT_ARCHIVED_YET, "the file is on its way to the archive; send it in a minute")
    channel = request.channel or Channel(row["channel"])
    if channel is Channel.PLATFORM:
        cure = "give EMAIL, POST or PORTAL to send a copy; TransmitInvoice tries the platform again"
        raise Refused.field("channel", "platform", cure)
    await announcing.request_delivery(row, channel, request.recipient_contact_ids, work)
    return views.invoice_of(await load(row["id"], work))


async def create_credit_note(request: CreateCreditNote, work: UnitOfWork) -> Invoice:
    """Take an invoice back, wholly or in part, with a document of its own."""
    row = await issued_document(request.invoice_id, work)
    if DocumentKind(row["kind"]).gives_back:
        raise Refused(NOT_ISSUED, "only an invoice can be credited; give the id of an invoice")
    if row["status"] == InvoiceStatus.CANCELLED and await announcing.credited_gross(row["id"], work) < row["gross"]:
        raise Refused(
            ALREADY_CANCELLED, "a corrective invoice replaces this one; credit the corrective invoice instead"
        )
    lines = lines_taken_back(row, request.lines)
    amounts = [(_key_of(found.category, found.rate, row), found.net) for found in request.amounts]
    wanted = {CreditScope.FULL: None, CreditScope.LINES: net_by_key(lines), CreditScope.AMOUNTS: amounts}
    order = await credit_draft(
        row,
        wanted[request.scope],
        work,
        lines=lines,
        reason_code=request.reason_code,
        reason_text=request.reason_text,
        refund_wish=request.refund_wish,
        rebill=request.rebill,
    )
    parties = await load_parties(row["company_id"], row["client_id"], work, even_blocked=True)
    draft = await save_draft(order, parties, work)
    if request.issue:
        await issue_now(await load(draft["id"], work, for_update=True), work.today(), work)
    return views.invoice_of(await load(draft["id"], work))


async def verify_seals(request: VerifySeals, work: UnitOfWork) -> SealCheck:
    """Recompute the chain from rows and files."""
    return await chain.check(request.company_id, request.from_seq, request.to_seq, work)


def _key_of(category: str, rate: Any, row: Row) -> VatKey:
    """The key of the original with that category and rate."""
    keys = [found.key for found in views.breakdown_of(row)]
    return next((key for key in keys if key.category == category and key.rate == rate), VatKey(category, rate))


async def issued_document(invoice_id: Any, work: UnitOfWork, *, for_update: bool = True) -> Row:
    """A document that has its number; locked unless it is only read."""
    row = await load(invoice_id, work, for_update=for_update)
    if row["status"] not in {InvoiceStatus.ISSUED, InvoiceStatus.CANCELLED}:
        raise Refused(NOT_ISSUED, f"the document is {row['status']}; issue it first", details={"status": row["status"]})
    return row
