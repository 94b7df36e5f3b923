"""Settlement plans: their states, their tranches, their patience."""

from datetime import date, timedelta

from actors.payments.rules.dates import target_day
from messages.payments.settlements import SettlementFrequency, SettlementStatus
from messages.transitions import StateMachine
from messages.values.due_dates import add_months

S = SettlementStatus

SETTLEMENT = StateMachine(
    "settlement plan",
    {
        ("accept", S.PROPOSED): S.ACTIVE,
        ("cancel", S.PROPOSED): S.CANCELLED,
        ("cancel", S.ACTIVE): S.CANCELLED,
        ("complete", S.ACTIVE): S.COMPLETED,
        ("break", S.ACTIVE): S.BROKEN,
    },
)

OFFER_STANDS = timedelta(days=10)
PATIENCE = timedelta(days=5)
"""A tranche that is later than that breaks the plan."""


def due_dates(first: date, count: int, frequency: SettlementFrequency) -> list[date]:
    """The dates by which tranches are due: each on the next TARGET day."""
    if frequency is SettlementFrequency.WEEKLY:
        return [target_day(first + timedelta(weeks=index)) for index in range(count)]
    return [target_day(add_months(first, index)) for index in range(count)]
