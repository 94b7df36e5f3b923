"""When failures are too many."""

from decimal import Decimal

_FEWEST_OUTCOMES = 20
_TOO_MANY = Decimal("0.20")


def is_spike(failures: int, outcomes: int) -> bool:
    """More than 20.00 % of at least twenty outcomes."""
    return outcomes >= _FEWEST_OUTCOMES and Decimal(failures) / outcomes > _TOO_MANY
