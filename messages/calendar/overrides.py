"""calendar: moving one debit by hand, and what surrounds a settlement date."""

from datetime import date
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field

from messages.base import Reply, Request
from messages.calendar.terms import ConfigurationLevel, Rail
from messages.paging import Page, PageRequest
from messages.values.instants import Instant
from messages.values.text import Line


class Direction(StrEnum):
    """Which way to look for an open day."""

    FORWARD = "FORWARD"
    BACKWARD = "BACKWARD"


class DebitDateOverride(Reply):
    """The debit date of one month of a contract, client or company, chosen by hand."""

    override_id: UUID
    level: ConfigurationLevel
    scope_id: UUID
    target_year: int
    target_month: int
    debit_date: date
    reason: str | None
    version: int


class DebitDateOverridePage(Page[DebitDateOverride]):
    """Overrides by date."""


class OpenDay(Reply):
    """A day on which a debit can settle."""

    date: date


class DebitTimeline(Reply):
    """Everything that happens around a settlement date; null where the scheme gives no such right."""

    settlement_on: date
    earliest_submission_on: date
    prenotify_by: date
    prenotify_on: date
    freeze_at: Instant
    submit_by: Instant
    return_until: date | None
    refund_until: date | None
    unauthorised_until: date | None


class SetDebitDateOverride(Request[DebitDateOverride], permission="calendar:override:write"):
    """Choose the debit date of one month; the date must be open and still in time, and is never shifted."""

    level: ConfigurationLevel = ConfigurationLevel.CONTRACT
    scope_id: UUID
    year: Annotated[int, Field(ge=2020, le=2100)]
    month: Annotated[int, Field(ge=1, le=12)]
    debit_date: date
    reason: Line | None = None
    prenotified: bool = Field(default=False, description="the debtor knows the date, or agreed to a shorter notice")


class DeleteDebitDateOverride(Request[DebitDateOverride], permission="calendar:override:write"):
    """Let the month follow the configuration again."""

    override_id: UUID


class ListDebitDateOverrides(
    PageRequest, Request[DebitDateOverridePage], query=True, permission="calendar:configuration:read"
):
    """The overrides of the organisation."""

    level: ConfigurationLevel | None = None
    scope_id: UUID | None = None
    from_date: date | None = None


class AddBusinessDays(Request[OpenDay], query=True, permission="calendar:holiday:read"):
    """The open day so many open days later, earlier if negative; 0 gives the day itself if open, else the next."""

    date: date
    n: Annotated[int, Field(ge=-400, le=400)]
    rail: Rail = Rail.SEPA_CORE
    holiday_zone_id: UUID | None = None


class FirstEligibleDate(Request[OpenDay], query=True, permission="calendar:holiday:read"):
    """The day itself if a debit can settle on it, else the nearest one in that direction."""

    date: date
    direction: Direction = Direction.FORWARD
    rail: Rail = Rail.SEPA_CORE
    holiday_zone_id: UUID | None = None


class GetDebitTimeline(Request[DebitTimeline], query=True, permission="calendar:holiday:read"):
    """The deadlines and rights around a settlement date, by the rules of the organisation."""

    settlement_date: date
    rail: Rail = Rail.SEPA_CORE
    cutoff_policy_id: UUID | None = None
