"""Numbers brought from another operator: the RIO and its key, the first possible day, and where a port-in may go."""

import re
from datetime import date, timedelta

from messages.contrats.port_ins import (
    INVALID_MSISDN,
    INVALID_RIO,
    PORT_DATE_TOO_EARLY,
    RIO_MISMATCH,
)
from messages.contrats.states import PortInStatus
from messages.problem import Refused
from messages.transitions import StateMachine
from messages.values.business_days import FRANCE, business_day_on_or_after

_S = PortInStatus
PORT_IN = StateMachine(
    "port-in",
    {
        ("accept", _S.REQUESTED): _S.ACCEPTED,
        ("refuse", _S.REQUESTED): _S.REFUSED,
        ("refuse", _S.ACCEPTED): _S.REFUSED,
        ("complete", _S.REQUESTED): _S.COMPLETED,
        ("complete", _S.ACCEPTED): _S.COMPLETED,
        ("cancel", _S.REQUESTED): _S.CANCELLED,
        ("cancel", _S.ACCEPTED): _S.CANCELLED,
    },
)
_ORDER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+"
_MSISDN = re.compile(r"0[1-9][0-9]{8}")
_RIO = re.compile(r"[A-Z0-9+]{2}[A-Z][A-Z0-9+]{9}")
_USUAL_BUSINESS_DAYS = 3
_LONGEST_DAYS = 60


def rio_key(operator: str, quality: str, reference: str, msisdn: str) -> str:
    """The three control characters of a RIO (ARCEP): sums of the ranks of its 19 characters, modulo 37."""
    a = b = c = 0
    for character in operator + quality + reference + msisdn:
        rank = _ORDER.index(character)
        a, b, c = (a + rank) % 37, (2 * b + rank) % 37, (4 * c + rank) % 37
    return _ORDER[a] + _ORDER[b] + _ORDER[c]


def checked_number(msisdn: str) -> str:
    """Ten digits; INVALID_MSISDN."""
    number = re.sub(r"[ .-]", "", msisdn)
    if not _MSISDN.fullmatch(number):
        raise Refused.field("msisdn", "format", "msisdn has ten digits and begins with 0; correct it", INVALID_MSISDN)
    return number


def checked_rio(rio: str, msisdn: str) -> str:
    """Twelve characters that belong to the number; INVALID_RIO or RIO_MISMATCH."""
    code = rio.replace(" ", "").upper()
    if not _RIO.fullmatch(code):
        raise Refused.field("rio", "format", "a RIO has twelve characters; call 3179 to get it", INVALID_RIO)
    if rio_key(code[:2], code[2], code[3:9], msisdn) != code[9:]:
        raise Refused.field("rio", "key", "the RIO is not that of this number; call 3179 from the line", RIO_MISMATCH)
    return code


def port_day(today: date, wanted_on: date | None) -> date:
    """The day the number moves: three business days ahead, or a later one of the client's, at most sixty days."""
    earliest, usual = business_day_after(today, 1), business_day_after(today, _USUAL_BUSINESS_DAYS)
    day = wanted_on or usual
    if day < earliest or day != business_day_on_or_after(day, FRANCE) or day > today + timedelta(days=_LONGEST_DAYS):
        raise Refused.field(
            "wanted_on", "range", f"a number moves on a business day from {earliest} on, within sixty days",
            PORT_DATE_TOO_EARLY,
        )  # fmt: skip
    return day


def business_day_after(day: date, count: int) -> date:
    """The business day that many business days later, in France."""
    for _ in range(count):
        day = business_day_on_or_after(day + timedelta(days=1), FRANCE)
    return day


def masked(msisdn: str) -> str:
    """`06******78`."""
    return f"{msisdn[:2]}******{msisdn[-2:]}"
