"""Credit notes: what an issued invoice can still give back, and the draft that gives it back."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import and_, func, select

from actors.factures import views
from actors.factures.announcing import CREDIT_NOTES
from actors.factures.drafting import DraftLine, DraftOrder
from actors.factures.rules import amounts
from actors.factures.rules.amounts import VatAmount, VatKey
from actors.factures.rules.booking import Article
from messages.factures import (
    CREDIT_EXCEEDS_INVOICE,
    DEPOSIT_ALREADY_DEDUCTED,
    CorrectionReason,
    CreditLine,
    CreditScope,
    DocumentKind,
    InvoiceOrigin,
    InvoiceStatus,
    Nature,
    PaymentMethod,
    RefundWish,
)
from messages.problem import Refused
from messages.values.money import round_cents
from runtime.unit_of_work import Row, UnitOfWork
from storage.factures.tables import invoice, invoiced_item, vat_breakdown

_ONE = Decimal(1)


async def credited_breakdown(invoice_id: UUID, work: UnitOfWork) -> list[VatAmount]:
    """What credit notes, drafts included, already take back of an invoice."""
    statement = (
        select(
            vat_breakdown.c.category,
            vat_breakdown.c.rate,
            vat_breakdown.c.exemption_code,
            func.sum(vat_breakdown.c.base).label("base"),
            func.sum(vat_breakdown.c.amount).label("amount"),
        )
        .join(invoice, and_(invoice.c.id == vat_breakdown.c.invoice_id))
        .where(
            invoice.c.organisation_id == work.organisation_id,
            invoice.c.preceding_id == invoice_id,
            invoice.c.kind.in_(CREDIT_NOTES),
            invoice.c.status != InvoiceStatus.DISCARDED,
        )
        .group_by(vat_breakdown.c.category, vat_breakdown.c.rate, vat_breakdown.c.exemption_code)
    )
    return [
        VatAmount(VatKey(row["category"], row["rate"], row["exemption_code"]), row["base"], row["amount"])
        for row in await work.fetch(statement)
    ]


async def credit_draft(
    original: Row,
    wanted: list[tuple[VatKey, Decimal]] | None,
    work: UnitOfWork,
    *,
    reason_code: CorrectionReason,
    reason_text: str,
    refund_wish: RefundWish,
    rebill: bool,
    auto_issue: bool = False,
    labels: dict[VatKey, str] | None = None,
    lines: tuple[DraftLine, ...] | None = None,
    extra: dict[str, Any] | None = None,
) -> DraftOrder:
    """The draft of a credit note on a locked, issued invoice; without `wanted` it takes back all that is left.

    `lines` are what `wanted` sums up, where the note shows lines of the invoice rather than amounts per rate.
    """
    of_deposit = original["kind"] == DocumentKind.DEPOSIT_INVOICE
    if of_deposit:
        await _refuse_deducted(original, work)
    breakdown, credited = views.breakdown_of(original), await credited_breakdown(original["id"], work)
    rest = amounts.remaining(breakdown, credited)
    scope = CreditScope.LINES if lines else CreditScope.FULL if wanted is None else CreditScope.AMOUNTS
    wanted = rest if wanted is None else wanted
    _refuse_excess(wanted, dict(rest))
    lines = lines or _lines_by_rate(original, wanted, labels or {})
    return DraftOrder(
        company_id=original["company_id"],
        client_id=original["client_id"],
        lines=lines,
        kind=DocumentKind.DEPOSIT_CREDIT_NOTE if of_deposit else DocumentKind.CREDIT_NOTE,
        origin=InvoiceOrigin.CORRECTION,
        payment_method=PaymentMethod.COMPENSATION,
        auto_issue=auto_issue,
        period=(original["period_start"], original["period_end"]) if original["period_start"] else None,
        delivery_date=original["delivery_date"],
        totals=amounts.credit_totals(wanted, breakdown, credited),
        extra={
            "preceding_id": original["id"],
            "preceding_number": original["number"],
            "preceding_date": original["issue_date"],
            "contract_id": original["contract_id"],
            "contract_reference": original["contract_reference"],
            "sales_rep_id": original["sales_rep_id"],
            "reason_code": reason_code,
            "reason_text": reason_text,
            "scope": scope,
            "refund_wish": refund_wish,
            "rebill": rebill,
        }
        | (extra or {}),
    )


async def _refuse_deducted(deposit: Row, work: UnitOfWork) -> None:
    """A deposit that a final invoice deducts is corrected there."""
    taken = select(invoiced_item.c.invoice_id).where(
        invoiced_item.c.organisation_id == work.organisation_id, invoiced_item.c.item_id == deposit["id"]
    )
    if await work.fetch_one(taken) is not None:
        raise Refused(
            DEPOSIT_ALREADY_DEDUCTED, "a final invoice deducts this deposit; credit the final invoice instead"
        )


def _lines_by_rate(
    original: Row, wanted: list[tuple[VatKey, Decimal]], labels: dict[VatKey, str]
) -> tuple[DraftLine, ...]:
    natures = {line["nature"] for line in original["lines"]}
    nature = Nature(natures.pop()) if len(natures) == 1 else Nature.SERVICES
    return tuple(
        DraftLine(
            name=labels.get(key) or f"Avoir sur facture {original['number']}",
            quantity=_ONE,
            unit_price=net,
            product_rate=key.rate,
            key=key,
            nature=nature,
            revenue_account=original["lines"][0]["revenue_account"],
        )
        for key, net in wanted
    )


def lines_taken_back(original: Row, wanted: Sequence[CreditLine]) -> tuple[DraftLine, ...]:
    """Lines of the invoice as a credit note shows them; each takes back at most the net of its line."""
    by_number = {line["line_no"]: line for line in original["lines"]}
    return tuple(_line_taken_back(by_number.get(found.line_no), found) for found in wanted)


def _line_taken_back(line: Row | None, wanted: CreditLine) -> DraftLine:
    path = f"lines[{wanted.line_no}]"
    if line is None:
        raise Refused.field(path, "unknown", f"the invoice has no line {wanted.line_no}; check line_no")
    net, quantity = Decimal(line["net"]), Decimal(line["quantity"])
    if wanted.quantity is not None:
        taken = round_cents(net * wanted.quantity / quantity)
    else:
        taken = net if wanted.amount is None else wanted.amount
    if not 0 < taken <= net:
        raise Refused(
            CREDIT_EXCEEDS_INVOICE,
            f"line {wanted.line_no} bears {net:.2f} net, {taken:.2f} cannot be taken back of it; lower it",
        )
    return DraftLine(
        name=line["name"],
        description=line["description"],
        quantity=_ONE,
        unit_price=taken,
        product_rate=Decimal(line["vat_rate"]),
        key=VatKey(line["vat_category"], Decimal(line["vat_rate"]), line["exemption_code"]),
        nature=Nature(line["nature"]),
        product_id=line["product_id"],
        article=Article(line["sku"], line["product_version_id"]),
        contract_line_id=line["contract_line_id"],
        revenue_account=line["revenue_account"],
        recurring=line["recurring"],
    )


def net_by_key(lines: Sequence[DraftLine]) -> list[tuple[VatKey, Decimal]]:
    """The net of lines by the VAT they bear."""
    wanted: dict[VatKey, Decimal] = {}
    for line in lines:
        if line.key is not None:
            wanted[line.key] = wanted.get(line.key, Decimal("0.00")) + line.unit_price
    return list(wanted.items())


def _refuse_excess(wanted: list[tuple[VatKey, Decimal]], rest: dict[VatKey, Decimal]) -> None:
    if not wanted:
        raise Refused(CREDIT_EXCEEDS_INVOICE, "the invoice is credited already; nothing is left to take back")
    for key, net in wanted:
        left = rest.get(key, Decimal(0))
        if not 0 < net <= left:
            raise Refused(
                CREDIT_EXCEEDS_INVOICE,
                f"at {key.rate} % at most {left:.2f} net can still be credited, not {net:.2f}; lower the amount",
                details={"rate": f"{key.rate:.2f}", "left": f"{left:.2f}"},
            )
