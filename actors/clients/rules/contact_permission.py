"""Whether a client may be contacted (clients 6.8); the first rule that denies decides.

Sources: Code des postes, art. L34-5 (e-mail and SMS); Code de la consommation, art. L223-1 and D223-9 (calls: weekdays 10-13 and
14-20 h, four in thirty days, sixty days after a refusal); law 2025-594 (calls need consent from 11 August 2026; none for energy
renovation and home adaptation).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from messages.clients import (
    ClientSettings,
    ConsentDecision,
    ContactChannel,
    ContactDenial,
    ContactPermission,
    ContactPurpose,
)
from messages.values.business_days import holidays_of
from messages.values.instants import PARIS

BANNED_SECTORS: Final = frozenset({"energy_renovation", "home_adaptation"})
_DEFAULTS: Final = ClientSettings()
_WINDOWS: Final = ((time(10), time(13)), (time(14), time(20)))
_MOST_CALLS: Final = 4
_CALLS_COUNT_FOR: Final = timedelta(days=30)
_COOL_OFF: Final = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class ContactFacts:
    """What the decision rests on. `calls` are the marketing calls of the last thirty days, oldest first."""

    channel: ContactChannel
    purpose: ContactPurpose
    at: datetime
    person: bool
    erased: bool = False
    deceased: bool = False
    do_not_contact: bool = False
    protected: bool = False
    broken: bool = False
    decision: ConsentDecision | None = None
    opposed: bool = False
    on_bloctel: bool = False
    customer: bool = False
    contract_in_force: bool = False
    related_to_contract: bool = False
    sectors: frozenset[str] = frozenset()
    calls: Sequence[datetime] = ()
    refused_at: datetime | None = None
    closed_days: frozenset[date] = frozenset()
    consent_to_calls_from: date = _DEFAULTS.phone_optin_from
    sector_ban_from: date = _DEFAULTS.sector_ban_from


def permission_of(facts: ContactFacts) -> ContactPermission:
    """The decision."""
    denial = next(_denials(facts), None)
    if denial is None:
        return ContactPermission(allowed=True)
    reason, again = denial
    return ContactPermission(allowed=False, reasons=(reason,), next_window_at=again)


_Denial = tuple[ContactDenial, datetime | None]


def _denials(facts: ContactFacts) -> Iterator[_Denial]:
    if facts.erased:
        yield ContactDenial.ERASED, None
    if facts.deceased:
        yield ContactDenial.DECEASED, None
    if facts.broken:
        yield ContactDenial.TECHNICAL, None
    if facts.purpose is ContactPurpose.SERVICE:
        return
    if facts.do_not_contact:
        yield ContactDenial.DO_NOT_CONTACT, None
    if facts.protected:
        yield ContactDenial.GUARDIANSHIP, None
    if facts.decision is ConsentDecision.WITHDRAWN:
        yield ContactDenial.WITHDRAWN, None
    if facts.opposed:
        yield ContactDenial.OPPOSED, None
    granted = facts.decision is ConsentDecision.GRANTED
    if not facts.person or facts.channel is ContactChannel.POST:
        return
    if facts.channel is ContactChannel.PHONE:
        yield from _calls(facts, granted)
    elif not granted and not facts.customer:
        yield ContactDenial.NO_CONSENT, None


def _calls(facts: ContactFacts, granted: bool) -> Iterator[_Denial]:
    """A call to a person."""
    today = facts.at.astimezone(PARIS).date()
    about_contract = facts.contract_in_force and facts.related_to_contract
    if today >= facts.sector_ban_from and facts.sectors & BANNED_SECTORS:
        yield ContactDenial.SECTOR_BANNED, None
    if today >= facts.consent_to_calls_from:
        if not granted and not about_contract:
            yield ContactDenial.NO_CONSENT, None
    elif facts.on_bloctel and not about_contract:
        yield ContactDenial.OPPOSED, None
    if facts.refused_at is not None and facts.at < facts.refused_at + _COOL_OFF:
        yield ContactDenial.COOL_OFF, next_window(facts.refused_at + _COOL_OFF, facts.closed_days)
    if len(facts.calls) >= _MOST_CALLS:
        yield ContactDenial.FREQUENCY, next_window(facts.calls[-_MOST_CALLS] + _CALLS_COUNT_FOR, facts.closed_days)
    if not granted and not is_open(facts.at, facts.closed_days):
        yield ContactDenial.OUTSIDE_WINDOW, next_window(facts.at, facts.closed_days)


def is_open(at: datetime, closed_days: frozenset[date]) -> bool:
    """Whether calls are allowed at that moment in Paris."""
    local = at.astimezone(PARIS)
    return _is_open_day(local.date(), closed_days) and any(
        opens <= local.time().replace(tzinfo=None) < closes for opens, closes in _WINDOWS
    )


def next_window(at: datetime, closed_days: frozenset[date]) -> datetime:
    """The first moment from then on at which calls are allowed."""
    if is_open(at, closed_days):
        return at
    local = at.astimezone(PARIS)
    day = local.date()
    while True:
        for opens, _ in _WINDOWS:
            moment = datetime.combine(day, opens, PARIS)
            if moment >= local and _is_open_day(day, closed_days):
                return moment
        day += timedelta(days=1)


def _is_open_day(day: date, closed_days: frozenset[date]) -> bool:
    return day.weekday() < 5 and day not in closed_days and day not in holidays_of("FR", day.year)
