"""By when a debit must be announced, frozen and submitted, and how long the payer can take it back."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from actors.calendar.rules.days import target_days_from
from messages.calendar.terms import Rail
from messages.values.due_dates import add_months

_EARLIEST_SUBMISSION = timedelta(days=14)  # the scheme refuses files that are earlier
PRENOTIFICATION_MARGIN_DAYS = 1
_REFUND = timedelta(weeks=8)
_UNAUTHORISED_MONTHS = 13
_RETURN_DAYS = {Rail.SEPA_CORE: 5, Rail.SEPA_B2B: 3}
"""TARGET days after the settlement."""


@dataclass(frozen=True, slots=True)
class Cutoff:
    """The bank's cut-off: local time, so many TARGET business days before settlement; we freeze a margin earlier."""

    rail: Rail = Rail.SEPA_CORE
    at: time = time(14)
    timezone: str = "Europe/Paris"
    days_before: int = 2
    margin: timedelta = timedelta(minutes=60)

    def submit_by(self, settlement: date) -> datetime:
        """The last instant at which the bank takes the debit for that settlement date, in UTC."""
        day = target_days_from(settlement, -self.days_before)
        return datetime.combine(day, self.at, ZoneInfo(self.timezone)).astimezone(UTC)

    def freeze_at(self, settlement: date) -> datetime:
        """When the debit day is closed."""
        return self.submit_by(settlement) - self.margin


DEFAULT_CUTOFFS = {
    Rail.SEPA_CORE: Cutoff(Rail.SEPA_CORE),
    Rail.SEPA_B2B: Cutoff(Rail.SEPA_B2B),
    Rail.CARD: Cutoff(Rail.CARD, at=time(6), days_before=0),
}


@dataclass(frozen=True, slots=True)
class Timeline:
    """Everything that happens around a settlement date; a last day of None means that there is no such right."""

    earliest_submission_on: date
    prenotify_by: date
    prenotify_on: date
    submit_by: datetime
    freeze_at: datetime
    return_until: date | None
    refund_until: date | None
    unauthorised_until: date | None


def prenotify_by(settlement: date, days: int) -> date:
    """The last day on which date and amount may be announced to the debtor."""
    return settlement - timedelta(days=days)


def return_until(rail: Rail, settlement: date) -> date | None:
    """The last day on which the debtor's bank may return the debit; cards know no such day."""
    days = _RETURN_DAYS.get(rail)
    return None if days is None else target_days_from(settlement, days)


def last_settlement_answered(rail: Rail, today: date) -> date | None:
    """The latest settlement whose returns were over before today; None where there are no returns."""
    days = _RETURN_DAYS.get(rail)
    return None if days is None else target_days_from(today, -days - 1)


def timeline(
    settlement: date, cutoff: Cutoff, prenotification_days: int, margin_days: int = PRENOTIFICATION_MARGIN_DAYS
) -> Timeline:
    """The dates around a settlement (SEPA rulebooks: returns within 5 days, of B2B 3; refunds within 8 weeks, 13 months)."""
    last_notice = prenotify_by(settlement, prenotification_days)
    core = cutoff.rail is Rail.SEPA_CORE
    return Timeline(
        earliest_submission_on=settlement - _EARLIEST_SUBMISSION,
        prenotify_by=last_notice,
        prenotify_on=last_notice - timedelta(days=margin_days),
        submit_by=cutoff.submit_by(settlement),
        freeze_at=cutoff.freeze_at(settlement),
        return_until=return_until(cutoff.rail, settlement),
        refund_until=settlement + _REFUND if core else None,
        unauthorised_until=add_months(settlement, _UNAUTHORISED_MONTHS) if core else None,
    )
