"""Instants in UTC with microseconds, and the civil date they fall on."""

import re
from datetime import UTC, date, datetime
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from pydantic import PlainSerializer, PlainValidator, WithJsonSchema

from messages.values.refusal import refusal

PARIS: Final = ZoneInfo("Europe/Paris")

# RFC 3339; more than six fractional digits are cut by datetime.fromisoformat.
_RFC_3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)


def parse_instant(text: str) -> datetime:
    """The UTC instant of an RFC 3339 text with `Z` or an offset; INSTANT_INVALID otherwise."""
    if _RFC_3339.fullmatch(text):
        try:
            return datetime.fromisoformat(text.upper()).astimezone(UTC)
        except (ValueError, OverflowError):
            pass
    raise refusal("INSTANT_INVALID", "the instant is not RFC 3339 with an offset; write 2026-03-02T09:15:00.000000Z")


def format_instant(instant: datetime) -> str:
    """RFC 3339 in UTC with exactly six fractional digits and `Z`; refuses a datetime without time zone."""
    return _in_utc(instant).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def local_date(instant: datetime, zone: ZoneInfo = PARIS) -> date:
    """The civil date on which the instant falls in that zone (Paris unless the organisation says otherwise)."""
    return _in_utc(instant).astimezone(zone).date()


def _in_utc(instant: datetime) -> datetime:
    if instant.utcoffset() is None:
        raise refusal("INSTANT_INVALID", "the datetime has no time zone; give an aware one (tzinfo=UTC)")
    return instant.astimezone(UTC)


def _instant(value: object) -> datetime:
    match value:
        case datetime():
            return _in_utc(value)
        case str():
            return parse_instant(value)
        case _:
            raise refusal("INSTANT_INVALID", "an instant is a text; write 2026-03-02T09:15:00.000000Z, not a number")


Instant = Annotated[
    datetime,
    PlainValidator(_instant),
    PlainSerializer(format_instant, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-03-02T09:15:00.000000Z"]}),
]
"""An aware datetime, converted to UTC; on the wire RFC 3339 with six fractional digits and `Z`."""
