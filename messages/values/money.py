"""Amounts in cents with their currency, the one way to round and the one way to share out without losing a cent."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Annotated, Final

from babel.core import get_global
from pydantic import AfterValidator, StringConstraints

from messages.base import Part
from messages.values.numbers import DecimalText
from messages.values.refusal import refusal

CENT: Final = Decimal("0.01")
DEFAULT_CURRENCY: Final = "EUR"
_CURRENCIES: Final = frozenset(get_global("all_currencies"))

Amount = Annotated[Decimal, DecimalText("amount", "AMOUNT_INVALID", 2, fixed=True, example="129.90")]
"""Exactly two decimals, at most twelve digits before the point; a string on the wire, a Decimal in Python."""


def _known_currency(code: str) -> str:
    if code not in _CURRENCIES:
        raise refusal("CURRENCY_INVALID", f"{code} is no ISO 4217 currency; write its three letters, such as EUR")
    return code


Currency = Annotated[str, StringConstraints(pattern="^[A-Z]{3}$"), AfterValidator(_known_currency)]
"""An ISO 4217 code in upper case."""


class CurrencyMismatch(ValueError):  # noqa: N818 - named like the refusal it becomes
    """Two amounts of different currencies were added or compared; convert one of them first."""

    def __init__(self, left: str, right: str) -> None:
        super().__init__(f"{left} and {right} do not mix; convert one amount before adding or comparing")


class Money(Part):
    """An amount in one currency; arithmetic stays exact and inside that currency."""

    amount: Amount
    currency: Currency = DEFAULT_CURRENCY

    @classmethod
    def of(cls, amount: str | Decimal, currency: str = DEFAULT_CURRENCY) -> Money:
        """`Money.of("12.30")`."""
        return cls(amount=amount, currency=currency)

    @classmethod
    def zero(cls, currency: str = DEFAULT_CURRENCY) -> Money:
        """Nothing, in that currency; the start of a sum: `sum(amounts, Money.zero())`."""
        return cls(amount=Decimal("0.00"), currency=currency)

    def __add__(self, other: Money) -> Money:
        return Money(amount=self.amount + self._same(other), currency=self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(amount=self.amount - self._same(other), currency=self.currency)

    def __neg__(self) -> Money:
        return Money(amount=-self.amount, currency=self.currency)

    def __mul__(self, factor: int) -> Money:
        if not isinstance(factor, int):
            return NotImplemented  # a fraction of an amount needs a rounding rule: round_cents(money.amount * rate)
        return Money(amount=self.amount * factor, currency=self.currency)

    __rmul__ = __mul__

    def __lt__(self, other: Money) -> bool:
        return self.amount < self._same(other)

    def __le__(self, other: Money) -> bool:
        return self.amount <= self._same(other)

    def __gt__(self, other: Money) -> bool:
        return self.amount > self._same(other)

    def __ge__(self, other: Money) -> bool:
        return self.amount >= self._same(other)

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"

    def _same(self, other: Money) -> Decimal:
        if other.currency != self.currency:
            raise CurrencyMismatch(self.currency, other.currency)
        return other.amount


def round_cents(value: Decimal) -> Decimal:
    """Rounded half up (away from zero) to two decimals; once, where the formula says."""
    return value.quantize(CENT, ROUND_HALF_UP) + 0


def prorata(amount: Decimal, days_covered: int, days_of_period: int) -> Decimal:
    """The part of a period's amount for the days covered, rounded half up to cents."""
    if days_of_period < 1 or not 0 <= days_covered <= days_of_period:
        raise ValueError(
            f"{days_covered} days of a period of {days_of_period}: give 0 <= covered <= period, period >= 1"
        )
    return round_cents(amount * days_covered / days_of_period)


def allocate(total: Decimal, weights: Sequence[Decimal]) -> list[Decimal]:
    """Share a total out by weight: parts cut to cents, then one cent each to the largest fractions (ties: first).

    The parts add up to the total exactly; a negative total is shared like its opposite.
    """
    if any(weight < 0 for weight in weights):
        raise ValueError("a weight is negative; give weights of zero or more")
    if total < 0:
        return [-part + 0 for part in allocate(-total, weights)]
    cents = _cents(total)
    whole = sum((Fraction(weight) for weight in weights), Fraction(0))
    if whole == 0:
        if cents:
            raise ValueError(f"{total} cannot be shared: no weight is above zero; give at least one")
        return [Decimal("0.00")] * len(weights)
    exact = [cents * Fraction(weight) / whole for weight in weights]
    shares = [share.numerator // share.denominator for share in exact]
    by_fraction = sorted(range(len(exact)), key=lambda index: shares[index] - exact[index])
    for index in by_fraction[: cents - sum(shares)]:
        shares[index] += 1
    return [Decimal(share) * CENT for share in shares]


def split(total: Decimal, parts: int) -> list[Decimal]:
    """Share a total out in equal parts: 100.00 over 3 is 33.34, 33.33, 33.33."""
    if parts < 1:
        raise ValueError(f"a total cannot be split in {parts} parts; give 1 or more")
    return allocate(total, [Decimal(1)] * parts)


def _cents(amount: Decimal) -> int:
    cents = Fraction(amount) * 100
    if cents.denominator != 1:
        raise ValueError(f"{amount} has more than two decimals; round it with round_cents first")
    return cents.numerator
