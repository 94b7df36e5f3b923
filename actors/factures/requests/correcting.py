"""Requests that correct an issued invoice by a document that replaces it."""

from datetime import date
from decimal import Decimal
from typing import Any

from actors.factures import announcing, views
from actors.factures.drafting import DraftLine, DraftOrder, load_parties, save_draft
from actors.factures.requests.documents import issued_document
from actors.factures.requests.drafts import draft_lines, load
from messages.factures import (
    NOT_ISSUED,
    CreateCorrectiveInvoice,
    DocumentKind,
    Invoice,
    InvoiceOrigin,
    Nature,
    PaymentMethod,
)
from messages.problem import Refused
from runtime.unit_of_work import UnitOfWork

_COPIED = (
    "contract_id", "contract_reference", "sales_rep_id", "purchase_order_ref", "buyer_reference", "notes",
)  # fmt: skip


_REPLACEABLE = frozenset({DocumentKind.INVOICE, DocumentKind.CORRECTIVE_INVOICE})


async def create_corrective_invoice(request: CreateCorrectiveInvoice, work: UnitOfWork) -> Invoice:
    """The draft of the replacement; the original is cancelled when it is issued."""
    row = await issued_document(request.invoice_id, work)
    if row["kind"] not in _REPLACEABLE or row["deposits"]:
        raise Refused(
            NOT_ISSUED, "only an invoice without deposits can be replaced; correct the others by a credit note"
        )
    announcing.refuse_settled(row)
    order = DraftOrder(
        company_id=row["company_id"],
        client_id=row["client_id"],
        lines=draft_lines(request.lines) or tuple(_line(line) for line in row["lines"]),
        discounts=() if request.lines else _copied(row["allowances"]),
        charges=() if request.lines else _copied(row["charges"]),
        kind=DocumentKind.CORRECTIVE_INVOICE,
        origin=InvoiceOrigin.CORRECTION,
        payment_method=PaymentMethod(row["payment_method"]),
        payment_days=row["payment_days"],
        delivery_date=row["delivery_date"],
        period=(row["period_start"], row["period_end"]) if row["period_start"] else None,
        due_date=row["due_date"],
        extra={name: row[name] for name in _COPIED}
        | {
            "preceding_id": row["id"],
            "preceding_number": row["number"],
            "preceding_date": row["issue_date"],
            "reason_code": request.reason_code,
            "reason_text": request.reason_text,
        },
    )
    draft = await save_draft(order, await load_parties(row["company_id"], row["client_id"], work), work)
    return views.invoice_of(await load(draft["id"], work))


def _copied(items: list[dict[str, Any]]) -> tuple[tuple[Decimal, Decimal, str], ...]:
    return tuple((Decimal(item["amount"]), Decimal(item["rate"]), item["reason"]) for item in items)


def _line(line: dict[str, Any]) -> DraftLine:
    """A line of the original; its VAT is found again, for VAT may be what was wrong."""
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
        contract_line_id=line["contract_line_id"],
        billing_instalment_id=line["billing_instalment_id"],
        period=(date.fromisoformat(line["period_start"]), date.fromisoformat(line["period_end"]))
        if line["period_start"]
        else None,
        prorata=(line["prorata_used"], line["prorata_total"]) if line["prorata_used"] is not None else None,
        revenue_account=line["revenue_account"],
        recurring=line["recurring"],
    )
