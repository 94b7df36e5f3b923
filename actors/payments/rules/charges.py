"""What a late payment costs beside the principal: interest to the day and the fixed indemnity. Never for consumers unasked.

Businesses: ECB refinancing rate of each half-year + 10 points (Code de commerce, art. L441-10 II); public buyers: + 8 points, at
the rate of the half-year in which interest began (Code de la commande publique, art. R2192-31 ff.); consumers: the legal rate,
from the formal notice on (Code civil, art. 1231-6). 40 EUR per late invoice (Code de commerce, art. D441-5).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from messages.payments.recovery_vocabulary import CustomerType
from messages.values.money import round_cents

FIXED_INDEMNITY = Decimal("40.00")
SMALLEST_CLAIM = Decimal("1.00")
NOTHING = Decimal("0.00")
_DAYS_OF_YEAR = 365
_ABOVE_ECB = {CustomerType.B2B: Decimal(10), CustomerType.PUBLIC: Decimal(8)}
_LEAST_OF_LEGAL = 3

Half = tuple[int, int]
"""A half-year: 2026, 1."""

ECB = {
    (2023, 1): Decimal("2.50"), (2023, 2): Decimal("4.00"), (2024, 1): Decimal("4.50"), (2024, 2): Decimal("4.25"),
    (2025, 1): Decimal("3.15"), (2025, 2): Decimal("2.15"), (2026, 1): Decimal("2.15"),
}  # fmt: skip
"""Main refinancing operations, on 1 January and 1 July."""

LEGAL = {
    (2023, 1): Decimal("2.06"), (2023, 2): Decimal("4.22"), (2024, 1): Decimal("5.07"), (2024, 2): Decimal("4.92"),
    (2025, 1): Decimal("3.71"), (2025, 2): Decimal("2.76"), (2026, 1): Decimal("2.62"),
}  # fmt: skip
"""The legal rate "in other cases", the one of a creditor who is a business."""


@dataclass(frozen=True, slots=True)
class Interest:
    """An amount rounded once, at the end; `provisional`: a rate of the period is not published yet, the last one was taken."""

    amount: Decimal
    provisional: bool = False


def late_interest(
    customer: CustomerType,
    principal: Decimal,
    due_date: date,
    until: date,
    payments: Sequence[tuple[date, Decimal]] = (),
    *,
    contract_rate: Decimal | None = None,
    noticed_on: date | None = None,
) -> Interest:
    """From the day after the due date (consumers: after the notice) to `until` inclusive; a payment counts to its own day."""
    begins = due_date if customer is not CustomerType.B2C else noticed_on
    if begins is None:
        return Interest(NOTHING)
    exact, provisional = Decimal(0), False
    first = begins + timedelta(days=1)
    while first <= until:
        last = min([until, _end_of_half(first), *(day for day, _ in payments if day >= first)])
        rate, guessed = _rate(customer, first, begins, due_date, contract_rate)
        balance = principal - sum((amount for day, amount in payments if day < first), NOTHING)
        exact += max(balance, NOTHING) * rate * ((last - first).days + 1)
        provisional = provisional or guessed
        first = last + timedelta(days=1)
    return Interest(round_cents(exact / (100 * _DAYS_OF_YEAR)), provisional)


def contract_rate_counts(rate: Decimal, due_date: date) -> bool:
    """A contract's rate below three times the legal rate of the due date's half-year is void: the statutory one applies."""
    return rate >= _LEAST_OF_LEGAL * _of(LEGAL, due_date)[0]


def indemnity(customer: CustomerType, due_date: date, as_of: date) -> Decimal:
    """The fixed cost of recovery of one late invoice, due without reminder from the day after the due date."""
    return FIXED_INDEMNITY if customer is not CustomerType.B2C and as_of > due_date else NOTHING


def _rate(
    customer: CustomerType, day: date, begins: date, due_date: date, contract_rate: Decimal | None
) -> tuple[Decimal, bool]:
    if customer is CustomerType.B2C:
        return _of(LEGAL, day)
    if contract_rate is not None and contract_rate_counts(contract_rate, due_date):
        return contract_rate, False
    counted = begins + timedelta(days=1) if customer is CustomerType.PUBLIC else day
    rate, guessed = _of(ECB, counted)
    return rate + _ABOVE_ECB[customer], guessed


def _of(rates: dict[Half, Decimal], day: date) -> tuple[Decimal, bool]:
    """The rate of a day's half-year, else the last known before it."""
    half = (day.year, 1 if day.month <= 6 else 2)
    known = max((name for name in rates if name <= half), default=min(rates))
    return rates[known], known != half


def _end_of_half(day: date) -> date:
    return date(day.year, 6, 30) if day.month <= 6 else date(day.year, 12, 31)
