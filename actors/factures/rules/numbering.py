"""Numbers without gap and in the order of their dates (CGI ann. II art. 242 nonies A)."""

import re
from collections.abc import Sequence
from datetime import date

from messages.factures.values import CHRONOLOGY_VIOLATION, DocumentKind
from messages.problem import Refused

DEFAULT_PATTERN = "{prefix}{yyyy}-{seq:6}"
SERIES = {kind: "AV" if kind.gives_back else "FA" for kind in DocumentKind}
"""The series that numbers a kind; each is seeded for every company."""

SEEDS: Sequence[tuple[str, Sequence[str]]] = (
    ("FA", ("380", "384", "386")),
    ("AV", ("381", "503")),
    ("ND", ("383",)),
    ("PF", ("325",)),
)


def formatted(pattern: str, prefix: str, on: date, sequence: int) -> str:
    """The number of a pattern: `{prefix}{yyyy}-{seq:6}` gives FA2026-000123."""
    tokens = {"prefix": prefix, "yyyy": f"{on.year:04d}", "yy": f"{on.year % 100:02d}", "mm": f"{on.month:02d}"}
    text = re.sub(r"\{seq:(\d)\}", lambda found: f"{sequence:0{found[1]}d}", pattern)
    return text.format(**tokens)


def check_chronology(issue_date: date, *, today: date, last_issue_date: date | None) -> None:
    """Refuse a date in the future, in the past, or before the last one of the series."""
    earliest = max(today, last_issue_date) if last_issue_date else today
    if issue_date > today:
        raise Refused(CHRONOLOGY_VIOLATION, f"{issue_date} lies in the future; issue with the date {today}")
    if issue_date < earliest:
        raise Refused(
            CHRONOLOGY_VIOLATION,
            f"{issue_date} lies before {earliest}, the earliest date the series still allows; leave issue_date out",
            details={"earliest": earliest.isoformat(), "latest": today.isoformat()},
        )
