"""Amounts of lines: net, VAT, recurring revenue."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from messages.contrats import (
    BillingFrequency,
    LineKind,
)
from messages.values.money import round_cents

MONTHS_OF: Mapping[str, int] = {
    BillingFrequency.MONTHLY: 1,
    BillingFrequency.QUARTERLY: 3,
    BillingFrequency.SEMIANNUAL: 6,
    BillingFrequency.ANNUAL: 12,
}

Line = Mapping[str, Any]


def net_of(quantity: Decimal, unit_price: Decimal, percent: Decimal | None, amount: Decimal | None) -> Decimal:
    """A line's net amount for one full period: quantity times price, discount off, never below zero."""
    net = quantity * unit_price * (1 - (percent or Decimal(0)) / 100) - (amount or Decimal(0))
    return max(round_cents(net), Decimal("0.00"))


def net_in(line: Line, period_number: int) -> Decimal:
    """A line's net amount for one full period, counted from 0: a discount for some periods is over after them."""
    limit = line["discount_periods"]
    return line["net"] if limit is None or period_number < limit else _undiscounted(line)


def lasting_net(line: Line) -> Decimal:
    """What a line brings in the long run: a discount for some periods does not count."""
    return line["net"] if line["discount_periods"] is None else _undiscounted(line)


def _undiscounted(line: Line) -> Decimal:
    return net_of(line["quantity"], line["unit_price_net"], None, None)


def vat_of(amounts: Iterable[tuple[str, Decimal, Decimal]]) -> Decimal:
    """VAT of (category, rate, net) amounts, computed once per category and rate (EN 16931 BR-CO-17)."""
    bases: dict[tuple[str, Decimal], Decimal] = {}
    for category, rate, net in amounts:
        bases[category, rate] = bases.get((category, rate), Decimal(0)) + net
    return sum((round_cents(net * rate / 100) for (_, rate), net in bases.items()), Decimal("0.00"))


def amounts_of(lines: Sequence[Line], frequency: str) -> dict[str, Decimal]:
    """Monthly and yearly recurring revenue, and what one regular period at the contract's frequency costs."""
    recurring = [line for line in lines if line["kind"] == LineKind.RECURRING]
    regular = [line for line in recurring if line["billing_period"] == frequency]
    net = sum((lasting_net(line) for line in regular), Decimal("0.00"))
    vat = vat_of((line["vat_category"], line["vat_rate"], lasting_net(line)) for line in regular)
    return {
        "mrr": _sum(round_cents(lasting_net(line) / MONTHS_OF[line["billing_period"]]) for line in recurring),
        "arr": _sum(round_cents(lasting_net(line) * 12 / MONTHS_OF[line["billing_period"]]) for line in recurring),
        "recurring_net": net,
        "recurring_gross": net + vat,
    }


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, Decimal("0.00"))
