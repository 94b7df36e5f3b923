"""After a rejection or refusal: the document is taken back in the books, without the buyer, and a copy waits to be corrected."""

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import update

from actors.factures import ordering
from actors.factures.crediting import credit_draft, credited_breakdown
from actors.factures.drafting import DraftLine, DraftOrder, load_parties, save_draft
from actors.factures.preferences import PaymentTerm
from actors.factures.rules import amounts
from actors.factures.rules.booking import Article
from actors.factures.views import breakdown_of
from messages.factures import (
    Channel,
    CorrectionReason,
    DocumentKind,
    InvoiceOrigin,
    Nature,
    PaymentMethod,
    Processing,
    RefundWish,
)
from runtime.unit_of_work import Row, UnitOfWork
from storage.factures.tables import invoiced_item

_COPIED = (
    "contract_id", "contract_reference", "sales_rep_id", "purchase_order_ref", "buyer_reference", "notes",
    "billing_instalment_ids", "adjustment_ids",
)  # fmt: skip


async def take_back(
    row: Row, work: UnitOfWork, *, reason: CorrectionReason = CorrectionReason.REFUSED_BY_BUYER
) -> None:
    """An internal credit note over what is left of a locked invoice; it never leaves the house."""
    if DocumentKind(row["kind"]).gives_back:
        return
    if not amounts.remaining(breakdown_of(row), await credited_breakdown(row["id"], work)):
        return
    parties = await load_parties(row["company_id"], row["client_id"], work, even_blocked=True)
    order = await credit_draft(
        row,
        None,
        work,
        reason_code=reason,
        reason_text=f"Document {row['number']} rejeté ou refusé",
        refund_wish=RefundWish.SET_OFF,
        rebill=False,
        auto_issue=True,
        extra={"internal_only": True, "processing": Processing.ARCHIVEONLY, "channel": Channel.MANUAL},
    )
    note = await save_draft(order, parties, work)
    ordering.order_issue(row["company_id"], note["id"], work)


async def take_back_and_copy(row: Row, work: UnitOfWork) -> None:
    """For the buyer the document never existed: it is taken back, and its copy gets a number of its own once corrected."""
    await take_back(row, work, reason=CorrectionReason.REJECTED_BY_PLATFORM)
    if DocumentKind(row["kind"]).gives_back:
        return
    parties = await load_parties(row["company_id"], row["client_id"], work, even_blocked=True)
    draft = await save_draft(copy_of(row), parties, work)
    mine = (invoiced_item.c.organisation_id == work.organisation_id, invoiced_item.c.invoice_id == row["id"])
    await work.execute(update(invoiced_item).where(*mine).values(invoice_id=draft["id"]))


def copy_of(row: Row) -> DraftOrder:
    """The order that would make the same document again."""
    return DraftOrder(
        company_id=row["company_id"],
        client_id=row["client_id"],
        lines=tuple(copied_line(line) for line in row["lines"]),
        discounts=copied_adjustments(row["allowances"]),
        charges=copied_adjustments(row["charges"]),
        deposits=tuple(row["deposits"]),
        prepaid=row["prepaid"],
        paid_on=row["paid_on"],
        kind=DocumentKind(row["kind"]),
        origin=InvoiceOrigin.CORRECTION,
        payment_method=PaymentMethod(row["payment_method"]),
        term=PaymentTerm.of(row),
        delivery_date=row["delivery_date"],
        period=(row["period_start"], row["period_end"]) if row["period_start"] else None,
        due_date=row["due_date"],
        extra={name: row[name] for name in _COPIED},
    )


def copied_adjustments(items: list[dict[str, Any]]) -> tuple[tuple[Decimal, Decimal, str], ...]:
    """Discounts or charges of a stored document."""
    return tuple((Decimal(item["amount"]), Decimal(item["rate"]), item["reason"]) for item in items)


def copied_line(line: dict[str, Any]) -> DraftLine:
    """A line of a stored document; its VAT is found again, for VAT may be what was wrong."""
    period = (line["period_start"], line["period_end"])
    return DraftLine(
        name=line["name"],
        description=line["description"],
        quantity=Decimal(line["quantity"]),
        unit_price=Decimal(line["unit_price"]),
        product_rate=Decimal(line["vat_rate"]),
        unit_code=line["unit_code"],
        allowances=tuple((Decimal(item["amount"]), item["reason"]) for item in line["allowances"]),
        nature=Nature(line["nature"]),
        product_id=line["product_id"],
        article=Article(line["sku"], line["product_version_id"]),
        contract_line_id=line["contract_line_id"],
        billing_instalment_id=line["billing_instalment_id"],
        period=(date.fromisoformat(period[0]), date.fromisoformat(period[1])) if period[0] else None,
        prorata=(line["prorata_used"], line["prorata_total"]) if line["prorata_used"] is not None else None,
        revenue_account=line["revenue_account"],
        recurring=line["recurring"],
    )
