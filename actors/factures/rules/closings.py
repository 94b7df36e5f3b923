"""Closings: what a day, month or fiscal year comes to, sealed in a chain (CGI art. 286, I, 3° bis)."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import rfc8785

from messages.factures.proof import ClosingPeriod

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ClosedContent:
    """What a closing vouches for; totals by kind of document."""

    company_id: str
    period: ClosingPeriod
    start: date
    end: date
    document_count: int
    totals: Sequence[Mapping[str, str]]
    perpetual_total: Decimal
    first_seq: int | None
    last_seq: int | None
    last_seal_hash: str

    def canonical(self) -> str:
        """RFC 8785 JSON; amounts as text."""
        content: dict[str, Any] = {
            "v": 1,
            "company_id": self.company_id,
            "period": self.period.value,
            "start": self.start.isoformat(),
            "end": self.end.isoformat(),
            "document_count": self.document_count,
            "totals": [dict(found) for found in self.totals],
            "perpetual_total": f"{self.perpetual_total:.2f}",
            "first_seq": self.first_seq,
            "last_seq": self.last_seq,
            "last_seal_hash": self.last_seal_hash,
        }
        return rfc8785.dumps(content).decode()


def closing_hash(previous: str, canonical: str) -> str:
    """The next link: SHA-256 of the previous closing, a line feed and the canonical totals."""
    return hashlib.sha256(f"{previous}\n{canonical}".encode()).hexdigest()


def bounds(period: ClosingPeriod, day: date, year_end: str) -> tuple[date, date]:
    """First and last day of the period a day lies in; `year_end` is the company's, as MM-DD."""
    match period:
        case ClosingPeriod.DAY:
            return day, day
        case ClosingPeriod.MONTH:
            following = (day.replace(day=28) + timedelta(days=4)).replace(day=1)
            return day.replace(day=1), following - _DAY
        case ClosingPeriod.YEAR:
            end = fiscal_year_end(year_end, day)
            return fiscal_year_end(year_end, end - timedelta(days=370)) + _DAY, end


def fiscal_year_end(month_and_day: str, on: date) -> date:
    """The end of the fiscal year a date lies in; `02-29` ends on the 28th in common years."""
    month, day = (int(part) for part in month_and_day.split("-"))
    for year in (on.year, on.year + 1):
        last = min(day, 28) if month == 2 else day
        found = date(year, month, last)
        if found >= on:
            return found
    raise AssertionError("a year has an end")
