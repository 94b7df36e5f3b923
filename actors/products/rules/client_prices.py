"""Prices agreed with clients: how far a seller may go, and which agreements exclude each other."""

from datetime import date
from decimal import Decimal
from fractions import Fraction


def is_inside_corridor(
    usual: Fraction, value: Decimal, *, is_discount: bool, lowest: Decimal, highest: Decimal
) -> bool:
    """Whether the agreed price differs from the usual one by a percentage between `lowest` and `highest`."""
    agreed = usual * (1 - Fraction(value) / 100) if is_discount else Fraction(value)
    return usual * (1 + Fraction(lowest) / 100) <= agreed <= usual * (1 + Fraction(highest) / 100)


def overlaps(left_from: date, left_to: date | None, right_from: date, right_to: date | None) -> bool:
    """Whether two periods of days, both ends included, share a day; no end means for ever."""
    return (left_to is None or right_from <= left_to) and (right_to is None or left_from <= right_to)
