"""Formal notices: their states and their deadline."""

from datetime import date, timedelta

from messages.payments.notices import NoticeStatus
from messages.payments.recovery_vocabulary import CustomerType
from messages.transitions import StateMachine
from messages.values.business_days import business_day_on_or_after

N = NoticeStatus

_ON_THE_WAY = (N.SENT, N.PRESENTED)
RUNNING = (*_ON_THE_WAY, N.DELIVERED, N.UNCLAIMED)
"""Posted, so that the deadline runs."""

NOTICE = StateMachine(
    "formal notice",
    {
        ("request", N.DRAFT): N.REQUESTED,
        ("lack", N.REQUESTED): N.DRAFT,
        ("render", N.REQUESTED): N.RENDERED,
        ("post", N.RENDERED): N.SENT,
        ("present", N.SENT): N.PRESENTED,
        **{("deliver", status): N.DELIVERED for status in _ON_THE_WAY},
        **{("leave unclaimed", status): N.UNCLAIMED for status in _ON_THE_WAY},
        **{("return", status): N.UNDELIVERABLE for status in (*_ON_THE_WAY, N.EXPIRED)},
        **{("expire", status): N.EXPIRED for status in RUNNING},
        **{("satisfy", status): N.SATISFIED for status in (*RUNNING, N.EXPIRED)},
        **{("cancel", status): N.CANCELLED for status in (N.DRAFT, N.REQUESTED, N.RENDERED)},
    },
)

LIVE = (N.DRAFT, N.REQUESTED, N.RENDERED, *RUNNING)
_DAYS = {CustomerType.B2B: 8}
_CONSUMER_DAYS = 15


def deadline_days(terms_days: int | None, customer: CustomerType) -> int:
    """Days to pay from the day of posting: 8 between professionals, else 15, unless the ladder says otherwise."""
    return terms_days if terms_days is not None else _DAYS.get(customer, _CONSUMER_DAYS)


def deadline_of(sent_on: date, days: int) -> date:
    """The last day to pay; a closed day moves it to the next working one."""
    return business_day_on_or_after(sent_on + timedelta(days=days))
