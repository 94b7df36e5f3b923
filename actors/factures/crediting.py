"""Credit notes: what an issued invoice can still give back, and the draft that gives it back."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import and_, func, select

from actors.factures import views
from actors.factures.drafting import DraftLine, DraftOrder
from actors.factures.rules import amounts
from actors.factures.rules.amounts import VatAmount, VatKey
from messages.factures import (
    CREDIT_EXCEEDS_INVOICE,
    CorrectionReason,
    CreditScope,
    DocumentKind,
    InvoiceOrigin,
    InvoiceStatus,
    Nature,
    PaymentMethod,
    RefundWish,
)
from messages.problem import Refused
from runtime.unit_of_work import Row, UnitOfWork
from storage.factures.tables import invoice, vat_breakdown

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
    extra: dict[str, Any] | None = None,
) -> DraftOrder:
    """The draft of a credit note on a locked, issued invoice; without `wanted` it takes back all that is left."""
    breakdown, credited = views.breakdown_of(original), await credited_breakdown(original["id"], work)
    rest = amounts.remaining(breakdown, credited)
    scope = CreditScope.FULL if wanted is None else CreditScope.AMOUNTS
    wanted = rest if wanted is None else wanted
    _refuse_excess(wanted, dict(rest))
    natures = {line["nature"] for line in original["lines"]}
    lines = tuple(
        DraftLine(
            name=(labels or {}).get(key) or f"Avoir sur facture {original['number']}",
            quantity=_ONE,
            unit_price=net,
            product_rate=key.rate,
            key=key,
            nature=Nature(natures.pop()) if len(natures) == 1 else Nature.SERVICES,
            revenue_account=original["lines"][0]["revenue_account"],
        )
        for key, net in wanted
    )
    return DraftOrder(
        company_id=original["company_id"],
        client_id=original["client_id"],
        lines=lines,
        kind=DocumentKind.CREDIT_NOTE,
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
