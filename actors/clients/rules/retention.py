"""How long a client's data is kept (clients 6.9): 36 months after the last contact, or after the relation and its debts ended."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from messages.values.due_dates import add_months

KEPT_MONTHS: Final = 36
ARCHIVED_AFTER_MONTHS: Final = 12
NOTICE: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class RetentionFacts:
    """Dates of a client; `balance_zero_on` is the day his balance last became nothing."""

    created_on: date
    customer: bool
    last_inbound_contact_on: date | None = None
    relation_ended_on: date | None = None
    balance_zero_on: date | None = None


def scheduled_on(facts: RetentionFacts, months: int = KEPT_MONTHS) -> date | None:
    """The day on which the data goes: the day after the anniversary. None while a relation goes on."""
    if not facts.customer:
        anchor = facts.last_inbound_contact_on or facts.created_on
    elif facts.relation_ended_on is None:
        return None
    else:
        known = (facts.relation_ended_on, facts.last_inbound_contact_on, facts.balance_zero_on)
        anchor = max(day for day in known if day is not None)
    return add_months(anchor, months) + timedelta(days=1)


def archived_on(facts: RetentionFacts) -> date | None:
    """The day on which a former customer leaves daily lists; None while a relation goes on."""
    if not facts.customer or facts.relation_ended_on is None:
        return None
    last = max(facts.relation_ended_on, facts.last_inbound_contact_on or facts.relation_ended_on)
    return add_months(last, ARCHIVED_AFTER_MONTHS) + timedelta(days=1)
