"""Promises to pay: their states, their patience."""

from datetime import date, timedelta

from actors.payments.rules.dates import add_target_days
from messages.payments.promises import PromiseStatus
from messages.transitions import StateMachine

P = PromiseStatus

PROMISE = StateMachine(
    "payment promise",
    {
        ("keep", P.PENDING): P.KEPT,
        ("keep in part", P.PENDING): P.PARTIALLY_KEPT,
        ("break", P.PENDING): P.BROKEN,
        ("cancel", P.PENDING): P.CANCELLED,
    },
)

MOST_PER_EPISODE = 2
_LONGEST = timedelta(days=30)
_TOLERANCE_TARGET_DAYS = 2


def may_promise(promised_on: date, today: date) -> bool:
    """A day from today on, at most thirty days ahead."""
    return today <= promised_on <= today + _LONGEST


def waits_until(promised_on: date) -> date:
    """Money travels: two TARGET days after the day nothing is broken yet."""
    return add_target_days(promised_on, _TOLERANCE_TARGET_DAYS)
