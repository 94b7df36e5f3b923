"""Prices come from a quote of products: its lines, and whether typed lines agree with it."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from messages.contrats import (
    PRICE_MISMATCH,
    PRICE_NOT_VERIFIED,
    BillingFrequency,
    LineKind,
)
from messages.problem import Refused
from messages.products import GetPriceQuote, PricedLine, PriceQuote, QuoteStatus, Recurrence
from messages.values.money import round_cents
from runtime.unit_of_work import UnitOfWork

_PERIODS = {
    Recurrence.ONE_SHOT: BillingFrequency.ONE_OFF,
    Recurrence.MONTHLY: BillingFrequency.MONTHLY,
    Recurrence.QUARTERLY: BillingFrequency.QUARTERLY,
    Recurrence.SEMIANNUAL: BillingFrequency.SEMIANNUAL,
    Recurrence.YEARLY: BillingFrequency.ANNUAL,
}


async def quote_of(quote_id: UUID, work: UnitOfWork) -> PriceQuote | None:
    """The quote, or None while products cannot be reached: the price is then not verified."""
    try:
        return await work.ask(GetPriceQuote(quote_id=quote_id))
    except Refused as refused:
        if refused.code.retriable:
            return None
        raise


def check_quote(quote: PriceQuote, client_id: UUID, company_id: UUID) -> None:
    """The quote must be open, and for this client and company."""
    if quote.status is not QuoteStatus.OPEN:
        raise Refused(PRICE_NOT_VERIFIED, f"the quote is {quote.status}; make a new one and draft the contract on it")
    if quote.client_id not in (None, client_id):
        raise Refused(PRICE_MISMATCH, "the quote was made for another client; make one for this client")
    if quote.company_id != company_id:
        raise Refused(PRICE_MISMATCH, "the quote was made by another company; make one for the selling company")


def lines_from(quote: PriceQuote) -> list[dict[str, Any]]:
    """The quote's lines as contract lines."""
    return [_line_of(line) for line in quote.lines]


def check_lines(lines: Sequence[Mapping[str, Any]], quote: PriceQuote) -> None:
    """Typed lines must be those of the quote: product, quantity, amount and VAT."""
    if sorted(map(_essence, lines)) != sorted(map(_essence, lines_from(quote))):
        raise Refused(PRICE_MISMATCH, "the lines differ from the quote; take the quote's lines or make a new quote")


def _essence(line: Mapping[str, Any]) -> tuple[str, str, Decimal, Decimal, Decimal, str]:
    return (
        str(line["product_id"]),
        line["billing_period"],
        line["quantity"],
        line["net"],
        line["vat_rate"],
        line["vat_category"],
    )


def _line_of(line: PricedLine) -> dict[str, Any]:
    period = _PERIODS.get(line.billing_period)
    if period is None:
        raise Refused(
            PRICE_MISMATCH, f"a contract cannot be billed {line.billing_period}; quote a plan by month or longer"
        )
    return {
        "product_id": line.product_id,
        "product_code": line.sku,
        "description": line.name,
        "kind": LineKind.ONE_OFF if period is BillingFrequency.ONE_OFF else LineKind.RECURRING,
        "billing_period": period,
        "quantity": line.quantity,
        "unit_price_net": round_cents(line.unit_net),
        "discount_pct": None,
        "discount_amount": None,
        "discount_periods": None,
        "net": line.net.amount,
        "vat_rate": line.vat_rate,
        "vat_category": line.vat_category,
    }
