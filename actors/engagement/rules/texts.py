"""Pure rules of text messages: letters of the GSM alphabet, billed segments, hours of dunning, tries."""

import unicodedata
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from messages.values.business_days import holidays_of
from messages.values.instants import PARIS

_GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_PAIRS = frozenset("^{}\\[~]|€")  # sent as two septets
_SPELT = {"œ": "oe", "Œ": "OE", "’": "'", "«": '"', "»": '"', "…": "...", "\u00a0": " ", "\u202f": " ", "–": "-"}
_GSM_SIZES, _UNICODE_SIZES = (160, 153), (70, 67)
_OPENS, _CLOSES, _SUNDAY = time(8), time(20), 7

RETRY_AFTER = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15))
"""The pause after the first, second and third attempt; the fourth is the last."""


def transliterated(text: str) -> str:
    """The text in letters of GSM 03.38 as far as they have a like: ê becomes e, the euro sign stays."""
    return "".join(_letter(letter) for letter in text)


def _letter(letter: str) -> str:
    if letter in _GSM or letter in _GSM_PAIRS:
        return letter
    if letter in _SPELT:
        return _SPELT[letter]
    plain = unicodedata.normalize("NFD", letter)[0]
    return plain if plain in _GSM else letter


def segments_of(text: str) -> int:
    """How many messages the operator bills: 160 septets or 153 each, 70 UTF-16 units or 67 each with other letters."""
    if all(letter in _GSM or letter in _GSM_PAIRS for letter in text):
        size, sizes = sum(2 if letter in _GSM_PAIRS else 1 for letter in text), _GSM_SIZES
    else:
        size, sizes = len(text.encode("utf-16-be")) // 2, _UNICODE_SIZES
    single, part = sizes
    return 1 if size <= single else -(-size // part)


def next_opening(moment: datetime, zone: ZoneInfo = PARIS) -> datetime:
    """The instant itself while debtors may be texted (Monday to Saturday, 8 to 20, no public holiday), else the next."""
    local = moment.astimezone(zone)
    if _is_open(local) and _OPENS <= local.time() < _CLOSES:
        return moment
    day = local if local.time() < _OPENS else local + timedelta(days=1)
    while not _is_open(day):
        day += timedelta(days=1)
    return datetime.combine(day.date(), _OPENS, tzinfo=zone).astimezone(UTC)


def _is_open(day: datetime) -> bool:
    return day.isoweekday() != _SUNDAY and day.date() not in holidays_of("FR", day.year)


def next_attempt(attempts: int, now: datetime) -> datetime | None:
    """When to try again after that many attempts; None when they are used up."""
    return now + RETRY_AFTER[attempts - 1] if attempts <= len(RETRY_AFTER) else None
