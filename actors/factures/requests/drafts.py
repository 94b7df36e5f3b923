"""Requests about drafts: write, change, check, issue, throw away."""

import base64
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import delete, update

from actors.factures import doubts, drafting, issuing, sheets, views
from actors.factures import work as slow
from actors.factures.drafting import DraftLine, DraftOrder, load_parties, save_draft
from actors.factures.facturx.pool import POOL
from actors.factures.preferences import PaymentTerm
from actors.factures.rules import checks, invoices, vat
from actors.factures.rules.amounts import Totals
from messages.base import Empty
from messages.documents import INLINE_LIMIT, PAYLOAD_TOO_LARGE
from messages.factures import (
    INVOICE_LOCKED,
    INVOICE_NOT_COMPLIANT,
    INVOICE_NOT_FOUND,
    CheckInvoice,
    CreateInvoice,
    DeleteInvoice,
    DocumentCharge,
    DocumentDiscount,
    Finding,
    Invoice,
    InvoiceCheck,
    InvoiceDiscarded,
    InvoiceLineDraft,
    InvoicePreview,
    InvoiceStatus,
    InvoiceUpdated,
    IssueInvoice,
    IssueInvoices,
    IssueResult,
    IssueResults,
    PreviewInvoice,
    UpdateInvoice,
)
from messages.factures.drafts import DraftHead
from messages.problem import FieldProblem, Refused
from runtime.unit_of_work import Row, UnitOfWork
from storage.factures import queries
from storage.factures.tables import invoice, invoiced_item, vat_breakdown


async def create_invoice(request: CreateInvoice, work: UnitOfWork) -> Invoice:
    """Write a draft."""
    parties = await load_parties(request.company_id, request.client_id, work)
    order = order_of(
        request,
        draft_lines(request.lines),
        work,
        discounts=discounts_of(request.discounts),
        charges=charges_of(request.charges),
        paid_on=request.paid_on,
    )
    row = await save_draft(order, parties, work)
    return views.invoice_of(await load(row["id"], work))


def order_of(head: DraftHead, lines: tuple[DraftLine, ...], work: UnitOfWork, **changes: Any) -> DraftOrder:
    """What a person orders by hand, before its VAT is known."""
    order = DraftOrder(
        id=head.id,
        company_id=head.company_id,
        client_id=head.client_id,
        lines=lines,
        payment_method=head.payment_method,
        term=None if head.payment_days is None else PaymentTerm(head.payment_days),
        channel=head.channel,
        delivery_date=head.delivery_date or (None if head.period_start else work.today()),
        period=(head.period_start, head.period_end) if head.period_start and head.period_end else None,
        extra={
            "purchase_order_ref": head.purchase_order_ref,
            "buyer_reference": head.buyer_reference,
            "notes": head.notes,
        },
    )
    return replace(order, **changes)


def discounts_of(discounts: tuple[DocumentDiscount, ...]) -> tuple[drafting.Discount, ...]:
    """Discounts of the whole document as an accountant wrote them."""
    return tuple((found.amount, found.vat_rate, found.reason) for found in discounts)


def charges_of(charges: tuple[DocumentCharge, ...]) -> tuple[drafting.Charge, ...]:
    """Charges on the whole document as an accountant wrote them."""
    return tuple((found.amount, found.vat_rate, found.reason) for found in charges)


async def update_invoice(request: UpdateInvoice, work: UnitOfWork) -> Invoice:
    """Change the head of a draft."""
    row = await draft_of(request.invoice_id, request.expected_version, work)
    changes = request.model_dump(exclude={"invoice_id", "expected_version", *_ADJUSTMENTS}, exclude_unset=True)
    if "payment_days" in changes:
        term = PaymentTerm(request.payment_days)
        changes |= {**term.columns, "due_date": term.due_on(work.today())}
    named = {*request.model_fields_set, *changes.keys() & {"due_date"}}
    fields = tuple(sorted(named - {"invoice_id", "expected_version"}))
    if request.model_fields_set & _ADJUSTMENTS:
        changes |= await _adjusted(row, request, work)
    changed = await change(row, changes, work)
    fact = InvoiceUpdated(**views.reference_of(changed), draft_ref=row["draft_ref"], changed_fields=fields)
    work.emit(fact, version=changed["version"])
    return views.invoice_of(await load(row["id"], work))


_ADJUSTMENTS = frozenset({"discounts", "charges"})


async def _adjusted(row: Row, request: UpdateInvoice, work: UnitOfWork) -> dict[str, Any]:
    """The columns of a draft that gets other discounts or charges, its VAT breakdown stored anew."""
    parties = await load_parties(row["company_id"], row["client_id"], work)
    found: dict[str, Any] = {}
    if "discounts" in request.model_fields_set:
        found["allowances"] = drafting.discount_rows(discounts_of(request.discounts), row["lines"], parties)
    if "charges" in request.model_fields_set:
        found["charges"] = drafting.charge_rows(charges_of(request.charges), parties)
    after = {**row, **found}
    totals = drafting.totals_of(row["lines"], after["allowances"], after["charges"])
    mine = (vat_breakdown.c.organisation_id == work.organisation_id, vat_breakdown.c.invoice_id == row["id"])
    await work.execute(delete(vat_breakdown).where(*mine))
    await drafting.store_breakdown(row["id"], totals, work)
    return found | drafting.totals_columns(totals, prepaid_of(row, totals))


def prepaid_of(row: Row, totals: Totals) -> Decimal:
    """What of a draft is paid before its issue: all of it at the counter, else its deposits."""
    return totals.gross if row["paid_on"] else row["prepaid"]


async def delete_invoice(request: DeleteInvoice, work: UnitOfWork) -> Empty:
    """Throw a draft away; what it billed may be billed again."""
    row = await draft_of(request.invoice_id, request.expected_version, work, "discard")
    discarded = {"status": invoices.after("discard", row["status"]), "auto_issue": False}
    changed = await change(row, discarded, work)
    mine = (invoiced_item.c.organisation_id == work.organisation_id, invoiced_item.c.invoice_id == row["id"])
    await work.execute(delete(invoiced_item).where(*mine))
    fact = InvoiceDiscarded(invoice_id=row["id"], draft_ref=row["draft_ref"])
    work.emit(fact, version=changed["version"])
    return Empty()


async def check_invoice(request: CheckInvoice, work: UnitOfWork) -> InvoiceCheck:
    """What issuing would say."""
    row = await load(request.invoice_id, work)
    desk = await issuing.desk_of(work.organisation_id, row["company_id"], [row], work)
    sheet = desk.sheet(row, row["number"] or sheets.PROVISIONAL, row["issue_date"] or work.today())
    errors = tuple(checks.findings(sheet)) or issuing.official_findings(await POOL.check(sheet))
    return InvoiceCheck(
        valid=not errors,
        errors=errors,
        warnings=tuple(await doubts.warnings_of(row, sheet, work)),
        net=row["net"],
        vat=row["vat"],
        gross=row["gross"],
        mentions=tuple(note.text for note in sheet.notes if note.printed),
        processing=row["processing"],
    )


async def preview_invoice(request: PreviewInvoice, work: UnitOfWork) -> InvoicePreview:
    """A watermarked PDF of a draft."""
    row = await load(request.invoice_id, work)
    if row["status"] != InvoiceStatus.DRAFT:
        raise Refused(INVOICE_LOCKED, f"the document is {row['status']}; read its file with GetInvoiceDocument")
    desk = await issuing.desk_of(work.organisation_id, row["company_id"], [row], work)
    pdf, pages = await POOL.preview(desk.sheet(row, row["draft_ref"], work.today()), work.now)
    if len(pdf) > INLINE_LIMIT:
        raise Refused(
            PAYLOAD_TOO_LARGE, f"the preview has {len(pdf)} bytes, more than a message holds; issue it instead"
        )
    return InvoicePreview(content_base64=base64.b64encode(pdf).decode(), pages=pages)


async def issue_invoice(request: IssueInvoice, work: UnitOfWork) -> Invoice:
    """Give a draft its number and seal; the file goes to the archive behind the reply."""
    row = await draft_of(request.invoice_id, request.expected_version, work, "issue")
    await issue_now(row, request.issue_date or work.today(), work, overridden=frozenset(request.override_warnings))
    return views.invoice_of(await load(row["id"], work))


async def issue_invoices(request: IssueInvoices, work: UnitOfWork) -> IssueResults:
    """Issue drafts of one company in one transaction; each answer stands at the place of its id."""
    rows = [await load(id_, work, for_update=True) for id_ in sorted(request.invoice_ids)]
    if len({row["company_id"] for row in rows}) > 1:
        raise Refused.field("invoice_ids", "one_company", "the drafts belong to several companies; issue them apart")
    waiting = [row for row in rows if row["status"] == InvoiceStatus.DRAFT]
    results = {row["id"]: _result(row, ALREADY_ISSUED) for row in rows if row not in waiting}
    if waiting:
        waiting.sort(key=lambda row: (row["delivery_date"] or row["period_end"] or date.max, row["id"]))
        desk = await issuing.desk_of(work.organisation_id, waiting[0]["company_id"], waiting, work)
        preparation = await issuing.prepare(desk, waiting, work.today(), work.now)
        issued = await issuing.seal_all(preparation, work)
        await slow.after_issue(issued, work)
        results |= {row["id"]: _result(row) for row in issued}
        results |= {id_: IssueResult(invoice_id=id_, number=None, errors=found) for id_, found in preparation.refused}
    return IssueResults(results=tuple(results[id_] for id_ in request.invoice_ids))


def _result(row: Row, *errors: Finding) -> IssueResult:
    return IssueResult(invoice_id=row["id"], number=row["number"], errors=errors)


ALREADY_ISSUED = Finding(rule="INVOICE_ALREADY_ISSUED", path="status", message="it is no draft any more; leave it out")


async def issue_now(row: Row, issue_date: date, work: UnitOfWork, *, overridden: frozenset[str] | None = None) -> None:
    """Issue one locked draft in this transaction, or refuse with everything that is wrong.

    `overridden` are the warnings a person has looked at; None where nobody is asked.
    """
    desk = await issuing.desk_of(work.organisation_id, row["company_id"], [row], work)
    preparation = await issuing.prepare(desk, [row], issue_date, work.now)
    for _, found in preparation.refused:
        raise not_compliant(found)
    if overridden is not None:
        warnings = await doubts.warnings_of(row, preparation.ready[0].sheet, work)
        left = tuple(warning for warning in warnings if warning.rule not in overridden)
        if left:
            raise not_compliant(left)
    issued = await issuing.seal_all(preparation, work)
    await slow.after_issue(issued, work)


def not_compliant(found: tuple[Finding, ...]) -> Refused:
    """The refusal that lists every rule a document breaks."""
    return Refused(
        INVOICE_NOT_COMPLIANT,
        "; ".join(finding.message for finding in found),
        fields=tuple(FieldProblem(field=item.path, rule=item.rule, message=item.message) for item in found),
        details={"rules": [finding.rule for finding in found]},
    )


async def load(invoice_id: UUID, work: UnitOfWork, *, for_update: bool = False) -> Row:
    """A document the caller may see."""
    statement = queries.INVOICE_FOR_UPDATE if for_update else queries.INVOICE_BY_ID
    row = await work.load(
        statement, "invoice", code=INVOICE_NOT_FOUND, organisation_id=work.organisation_id, id=invoice_id
    )
    if not work.caller.sees_company(row["company_id"]):
        raise Refused(INVOICE_NOT_FOUND, f"invoice {invoice_id} does not exist; check the id")
    return row


async def draft_of(invoice_id: UUID, expected_version: int, work: UnitOfWork, trigger: str = "change") -> Row:
    """A locked draft in the version the caller has seen."""
    row = await load(invoice_id, work, for_update=True)
    invoices.after(trigger, row["status"])
    work.check_version(expected_version, row["version"])
    return row


async def change(row: Row, changes: dict[str, Any], work: UnitOfWork) -> dict[str, Any]:
    """Change a locked draft by one version; the row as it is then."""
    version = row["version"] + 1
    changes = changes | {"version": version, "updated_at": work.now, "updated_by": work.caller.principal}
    mine = (invoice.c.organisation_id == work.organisation_id, invoice.c.id == row["id"])
    await work.execute(update(invoice).where(*mine).values(**changes))
    return {**row, **changes}


def draft_lines(drafts: tuple[InvoiceLineDraft, ...]) -> tuple[DraftLine, ...]:
    """Lines as an accountant wrote them."""
    return tuple(
        DraftLine(
            name=line.name,
            description=line.description,
            quantity=line.quantity,
            unit_code=vat.unit_code(line.unit),
            unit_price=line.unit_price,
            product_rate=line.vat_rate,
            allowances=((line.discount_amount, "Remise"),) if line.discount_amount else (),
            nature=line.nature,
            product_id=line.product_id,
            period=(line.period_start, line.period_end) if line.period_start and line.period_end else None,
            revenue_account=line.revenue_account,
        )
        for line in drafts
    )
