"""Requests about money: what was seen elsewhere, and what lateness costs."""

from decimal import Decimal

from sqlalchemy import select

from actors.factures import announcing, views
from actors.factures.issuing import entered_rates
from actors.factures.requests.documents import issued_document
from actors.factures.requests.drafts import load
from actors.factures.rules import late_interest
from actors.factures.rules.mentions import RECOVERY_INDEMNITY
from messages.errors import PRECONDITION_FAILED
from messages.factures import (
    NOT_ISSUED,
    SETTLEMENT_NOT_FOUND,
    CalculateLateInterest,
    DocumentKind,
    Invoice,
    LateInterest,
    MarkInvoicePaid,
    ReverseSettlement,
    SettlementSource,
)
from messages.problem import Refused
from messages.shared import PartyKind
from messages.values.identifiers import new_id
from messages.values.money import Money
from runtime.unit_of_work import UnitOfWork
from storage.factures.tables import settlement


async def mark_invoice_paid(request: MarkInvoicePaid, work: UnitOfWork) -> Invoice:
    """Settle an invoice with money seen elsewhere."""
    row = await issued_document(request.invoice_id, work)
    if DocumentKind(row["kind"]).gives_back:
        raise Refused(NOT_ISSUED, "a credit note is refunded, not paid; use a refund")
    amount = row["outstanding"] if request.amount is None else request.amount
    if amount <= 0:
        raise Refused.field("amount", "positive", "nothing is left to pay; give an amount above zero")
    source_id = new_id()
    await announcing.settle(
        row,
        amount,
        work,
        source=SettlementSource.MANUAL,
        source_id=source_id,
        cause_id=source_id,
        on=request.on_date,
        method=request.method,
    )
    return views.invoice_of(await load(row["id"], work))


async def reverse_settlement(request: ReverseSettlement, work: UnitOfWork) -> Invoice:
    """Take back what was marked by hand, once."""
    mine = (settlement.c.organisation_id == work.organisation_id,)
    marked = await work.load(
        select(settlement).where(*mine, settlement.c.id == request.settlement_id),
        "settlement",
        code=SETTLEMENT_NOT_FOUND,
    )
    row = await issued_document(marked["invoice_id"], work)
    if marked["source"] != SettlementSource.MANUAL or marked["amount"] < 0:
        raise Refused(
            PRECONDITION_FAILED, "only money marked by hand is taken back here; correct a payment in payments"
        )
    reversal = select(settlement.c.id).where(
        *mine, settlement.c.invoice_id == row["id"], settlement.c.cause_id == request.settlement_id
    )
    if await work.fetch_one(reversal) is not None:
        raise Refused(PRECONDITION_FAILED, "the settlement was taken back before; nothing is left of it")
    await announcing.settle(
        row,
        -marked["amount"],
        work,
        source=SettlementSource.MANUAL,
        source_id=marked["source_id"],
        cause_id=request.settlement_id,
        on=work.today(),
        method=marked["method"],
    )
    work.record("invoice", row["id"], after={"reversed": str(request.settlement_id), "reason": request.reason})
    return views.invoice_of(await load(row["id"], work))


async def calculate_late_interest(request: CalculateLateInterest, work: UnitOfWork) -> LateInterest:
    """Interest and indemnity on what is open; a consumer owes neither without formal notice."""
    row = await issued_document(request.invoice_id, work, for_update=False)
    owes = row["buyer"]["kind"] != PartyKind.CONSUMER and row["outstanding"] > 0
    rates = await entered_rates(work.organisation_id, work)
    late = late_interest.segments(row["due_date"], request.until, rates) if owes else []
    return LateInterest(
        invoice_id=row["id"],
        outstanding=Money(amount=row["outstanding"]),
        days=sum(part.days for part in late),
        interest=Money(amount=late_interest.interest(row["outstanding"], late)),
        recovery_indemnity=Money(amount=RECOVERY_INDEMNITY if late else Decimal("0.00")),
    )
