"""How much of a commission is taken back, and given again (commercial 6.7)."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from actors.commercial.rules.periods import full_months, month_index, window_end
from messages.commercial import ClawbackMethod, ClawbackTerms, UnpaidPolicy
from messages.values.money import round_cents

_WHOLE = Decimal(100)


@dataclass(frozen=True, slots=True)
class Window:
    """From a day on, up to the day before `end`."""

    start: date
    end: date

    def holds(self, day: date) -> bool:
        """Whether the day lies inside."""
        return day < self.end


def window_of(terms: ClawbackTerms, start: date) -> Window:
    """The clawback window that begins on that day."""
    return Window(start, window_end(start, terms.window_months))


def termination_share(terms: ClawbackTerms, start: date, event_date: date) -> Decimal:
    """The percentage taken back when the client ends the contract on that day; 0 outside the window."""
    if terms.method is ClawbackMethod.NONE or not window_of(terms, start).holds(event_date):
        return Decimal(0)
    if terms.method is ClawbackMethod.FULL:
        return terms.rate_percent
    remaining = terms.window_months - full_months(start, event_date)
    return _WHOLE * remaining / terms.window_months


def unpaid_share(terms: ClawbackTerms, *, start: date, period_start: date, due_on: date) -> Decimal:
    """The percentage of the initial commission that an instalment in default takes back."""
    if terms.unpaid_policy is UnpaidPolicy.NONE or not window_of(terms, start).holds(due_on):
        return Decimal(0)
    if terms.unpaid_policy is UnpaidPolicy.FULL:
        return terms.rate_percent
    remaining = terms.window_months - (month_index(start, period_start) - 1)
    return max(Decimal(0), _WHOLE * remaining / terms.window_months)


def to_take_back(original: Decimal, share_percent: Decimal, already_taken: Decimal) -> Decimal:
    """What one more cause takes: the cumulated target of that cause less what is taken already, never below zero."""
    target = min(round_cents(original * share_percent / _WHOLE), original)
    return max(Decimal("0.00"), target - already_taken)


def to_give_back(clawback: Decimal, recovered: Decimal, owed: Decimal, already_given: Decimal) -> Decimal:
    """What a recovered part of an instalment gives again, cumulated, never more than was taken."""
    if owed <= 0:
        return Decimal("0.00")
    target = round_cents(clawback * min(recovered, owed) / owed)
    return max(Decimal("0.00"), target - already_given)
