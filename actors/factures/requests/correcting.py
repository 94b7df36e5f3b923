"""Requests that correct an issued invoice by a document that replaces it."""

from actors.factures import announcing, views
from actors.factures.drafting import DraftOrder, load_parties, save_draft
from actors.factures.preferences import PaymentTerm
from actors.factures.recovering import copied_adjustments, copied_line
from actors.factures.requests.documents import issued_document
from actors.factures.requests.drafts import draft_lines, load
from messages.factures import (
    NOT_ISSUED,
    CreateCorrectiveInvoice,
    DocumentKind,
    Invoice,
    InvoiceOrigin,
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
        lines=draft_lines(request.lines) or tuple(copied_line(line) for line in row["lines"]),
        discounts=() if request.lines else copied_adjustments(row["allowances"]),
        charges=() if request.lines else copied_adjustments(row["charges"]),
        kind=DocumentKind.CORRECTIVE_INVOICE,
        origin=InvoiceOrigin.CORRECTION,
        payment_method=PaymentMethod(row["payment_method"]),
        term=PaymentTerm.of(row),
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
