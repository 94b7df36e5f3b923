"""Suspension: when a service may not be cut, and what is owed while it is."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from actors.contrats.rules.billing_periods import periods
from messages.contrats import LegalRegime
from messages.contrats.settings import NoCutPeriod
from messages.values.money import prorata


def may_be_cut(contract: Mapping[str, Any], day: date, protected: Sequence[NoCutPeriod]) -> bool:
    """Whether no period of the year protects the consumer's service on that day (energy in winter)."""
    if contract["legal_regime"] == LegalRegime.BUSINESS:
        return True
    spans = [period for period in protected if period.type == contract["type"]]
    return not any(_lies_in(f"{day:%m-%d}", period.first, period.last) for period in spans)


def _lies_in(day: str, first: str, last: str) -> bool:
    return first <= day <= last if first <= last else day >= first or day <= last


def reduced_charge(contract: Mapping[str, Any], amount: Decimal, first: date, last: date) -> Decimal:
    """The reduced price of the suspended days: the amount per billing period, broken periods by days."""
    found = periods(contract["starts_on"], contract["billing_anchor"], contract["billing_frequency"], last, None)
    total = Decimal("0.00")
    for period in found:
        days = (min(period.end, last) - max(period.start, first)).days + 1
        if days > 0:
            total += prorata(amount, days, period.total)
    return total
