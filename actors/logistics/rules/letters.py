"""Pure rules of letters: states, postage, sheets and dates."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from messages.logistics import (
    COUNTRY_NOT_ALLOWED,
    POSTAGE_NOT_ALLOWED,
    TOO_MANY_SHEETS,
    Envelope,
    LetterStatus,
    Postage,
)
from messages.problem import Refused
from messages.shared import LetterKind
from messages.transitions import StateMachine
from messages.values.business_days import business_day_on_or_after, holidays_of
from messages.values.instants import PARIS

CUT_OFF = time(17)
DOCUMENT_PATIENCE = timedelta(hours=24)
FIRST_POLL = timedelta(hours=1)
REGISTERED_COUNTRIES = frozenset({"FR", "MC", "RE", "YT", "MQ", "GP", "MF", "BL", "GF"})

_SUNDAY = 6
_SHEETS_IN_DL = 5
_MOST_SHEETS = {LetterKind.SIMPLE: 45}
_MOST_SHEETS_REGISTERED = 44  # the provider's two texts say 44 and 45: the lower one is safe
_SHEET_GRAMS = 5
_ENVELOPE_GRAMS = {Envelope.DL: 5, Envelope.C4: 20}
_POSTAL_DAYS = {Postage.URGENT: 2, Postage.FAST: 3, Postage.ECONOMIC: 4}
_OVERSEAS_DAYS = 3
_ABROAD_DAYS = 5
_OVERSEAS = frozenset({"RE", "YT", "MQ", "GP", "GF", "MF", "BL", "PM"})

LETTER = StateMachine(
    "letter",
    {
        ("submit", LetterStatus.DRAFT): LetterStatus.WAITING_DOCUMENT,
        ("retry", LetterStatus.FAILED): LetterStatus.WAITING_DOCUMENT,
        ("retry", LetterStatus.REJECTED): LetterStatus.WAITING_DOCUMENT,
        ("document", LetterStatus.WAITING_DOCUMENT): LetterStatus.SUBMITTING,
        ("cancel", LetterStatus.DRAFT): LetterStatus.CANCELLED,
        ("cancel", LetterStatus.WAITING_DOCUMENT): LetterStatus.CANCELLED,
        ("cancel", LetterStatus.SUBMITTING): LetterStatus.CANCELLED,
        ("cancel", LetterStatus.FAILED): LetterStatus.CANCELLED,
        ("fail", LetterStatus.DRAFT): LetterStatus.FAILED,
        ("fail", LetterStatus.WAITING_DOCUMENT): LetterStatus.FAILED,
        ("fail", LetterStatus.SUBMITTING): LetterStatus.FAILED,
        ("submitted", LetterStatus.SUBMITTING): LetterStatus.SUBMITTED,
    },
)

_RANK = {
    LetterStatus.SUBMITTED: 4,
    LetterStatus.ACCEPTED: 5,
    LetterStatus.IN_PRODUCTION: 6,
    LetterStatus.POSTED: 7,
}
_OF_PROVIDER = {
    "PENDING": LetterStatus.SUBMITTED,
    "BLOCKED": LetterStatus.SUBMITTED,
    "ACCEPTED": LetterStatus.ACCEPTED,
    "PREPARING": LetterStatus.IN_PRODUCTION,
    "PROCESSED": LetterStatus.POSTED,
    "PROCESSED_WITH_ERRORS": LetterStatus.POSTED,
    "REJECTED": LetterStatus.REJECTED,
    "SENDING_REJECTED": LetterStatus.REJECTED,
}


def next_status(current: LetterStatus, provider_status: str) -> LetterStatus | None:
    """What the provider's word makes of a letter under way; None when it says nothing new. Never a step back."""
    found = _OF_PROVIDER.get(provider_status)
    if found is None or current not in _RANK:
        return None
    if found is LetterStatus.REJECTED:
        return found if _RANK[current] < _RANK[LetterStatus.POSTED] else None
    return found if _RANK[found] > _RANK[current] else None


def is_registered(kind: LetterKind) -> bool:
    """Whether the post gives proof of it."""
    return kind in (LetterKind.REGISTERED, LetterKind.REGISTERED_AR)


def postage_for(kind: LetterKind, wanted: Postage | None, country: str) -> Postage:
    """The postage of a letter; refuses what the post does not offer."""
    if kind is LetterKind.ELECTRONIC_QUALIFIED:
        raise Refused.field("kind", "unsupported", "kind ELECTRONIC_QUALIFIED is not offered; choose REGISTERED_AR")
    if not is_registered(kind):
        return wanted or Postage.ECONOMIC
    if country not in REGISTERED_COUNTRIES:
        raise Refused.field(
            "recipient", "country", f"registered letters do not go to {country}; send a simple one", COUNTRY_NOT_ALLOWED
        )
    if wanted is Postage.ECONOMIC:
        raise Refused.field(
            "postage", "registered", "a registered letter is FAST or URGENT; choose one", POSTAGE_NOT_ALLOWED
        )
    return wanted or Postage.FAST


def sheets_of(pages: Sequence[int], *, duplex: bool) -> int:
    """Each document begins on a new front page."""
    return sum((count + 1) // 2 if duplex else count for count in pages)


def envelope_for(kind: LetterKind, sheets: int, *, address_sheet: bool = False) -> tuple[Envelope, int]:
    """The envelope and the estimated weight in grams; TOO_MANY_SHEETS beyond what fits. C4 takes an address sheet."""
    if sheets + address_sheet <= _SHEETS_IN_DL:
        return Envelope.DL, (sheets + address_sheet) * _SHEET_GRAMS + _ENVELOPE_GRAMS[Envelope.DL]
    most = _MOST_SHEETS.get(kind, _MOST_SHEETS_REGISTERED)
    if sheets > most:
        raise Refused(TOO_MANY_SHEETS, f"the letter has {sheets} sheets and an envelope takes {most}; shorten it")
    return Envelope.C4, (sheets + 1) * _SHEET_GRAMS + _ENVELOPE_GRAMS[Envelope.C4]


def production_day(submitted_at: datetime, zone: ZoneInfo = PARIS) -> date:
    """The day it is printed: the same business day before the cut-off, else the next one."""
    local = submitted_at.astimezone(zone)
    day = local.date() if local.time() < CUT_OFF else local.date() + timedelta(days=1)
    return business_day_on_or_after(day)


def estimated_delivery(produced_on: date, postage: Postage, country: str) -> date:
    """Postal days after production: Monday to Saturday, no holidays."""
    days = _POSTAL_DAYS[postage]
    if country in _OVERSEAS:
        days += _OVERSEAS_DAYS
    elif country not in ("FR", "MC"):
        days += _ABROAD_DAYS
    day = produced_on
    while days:
        day += timedelta(days=1)
        days -= day.weekday() != _SUNDAY and day not in holidays_of("FR", day.year)
    return day
