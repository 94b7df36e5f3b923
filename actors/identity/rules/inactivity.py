"""Logins that nobody uses: noticed twice, then closed. Whole days count, where the organisation is."""

from datetime import date, timedelta
from enum import StrEnum
from typing import Final

NOTICES: Final = (timedelta(days=14), timedelta(days=7))
"""So long before the end."""


class InactivityStep(StrEnum):
    """What is due for a login today."""

    NOTICE = "NOTICE"
    CLOSE = "CLOSE"


def step_due(last_seen_on: date, noticed_on: date | None, days: int, today: date) -> InactivityStep | None:
    """The step that is due and was not taken yet; whoever signs in begins anew."""
    end = last_seen_on + timedelta(days=days)
    if today >= end:
        return InactivityStep.CLOSE
    passed = [end - before for before in NOTICES if today >= end - before]
    if passed and (noticed_on is None or noticed_on < max(passed)):
        return InactivityStep.NOTICE
    return None
