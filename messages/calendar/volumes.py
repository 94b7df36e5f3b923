"""calendar: how much is debited on which day, and when that is too much."""

from datetime import date
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field, model_validator

from messages.base import Event, Reply, Request
from messages.calendar.book import PlannedDebit
from messages.calendar.lots import Done
from messages.errors import NOT_FOUND, VALIDATION_FAILED
from messages.paging import Page, PageRequest
from messages.values.money import Money
from messages.values.refusal import refusal
from messages.values.text import Code

THRESHOLD_NOT_FOUND = NOT_FOUND.specific("THRESHOLD_NOT_FOUND", "Seuil introuvable", "Threshold not found")
THRESHOLD_EMPTY = VALIDATION_FAILED.specific("THRESHOLD_EMPTY", "Seuil sans limite", "Threshold without a limit")


class Intensity(StrEnum):
    """How busy a day is."""

    LOW = "LOW"
    MEDIUM = "MEDIUM"
    HIGH = "HIGH"
    CRITICAL = "CRITICAL"


class VolumeThreshold(Reply):
    """A limit of a day: of the organisation, of a company, of a lot. More than it, not equal to it, is too much."""

    threshold_id: UUID
    company_id: UUID | None
    lot_code: str | None
    max_transaction_count: int | None
    max_amount: Money | None
    alert_on_exceed: bool
    version: int


class VolumeThresholdPage(Page[VolumeThreshold]):
    """Thresholds in the order they were made."""


class ExceededThreshold(Reply):
    """A threshold that a day exceeds."""

    threshold_id: UUID
    date: date
    count: int
    total: Money


class HeatmapCell(Reply):
    """A day with its volume; week_of_month counts blocks of seven days, Monday is day_of_week 0."""

    date: date
    day_of_week: int
    week_of_month: int
    count: int
    total: Money
    intensity: Intensity
    exceeds_threshold: bool


class VolumeHeatmap(Reply):
    """The days of a month or year, and the thresholds they exceed."""

    cells: tuple[HeatmapCell, ...]
    exceeded_thresholds: tuple[ExceededThreshold, ...]


class DateDetails(Reply):
    """The debits of a day, at most a hundred, and the totals of all that match the same filters."""

    date: date
    debits: tuple[PlannedDebit, ...]
    count: int
    total: Money
    intensity: Intensity


class CreateVolumeThreshold(Request[VolumeThreshold], permission="calendar:threshold:write"):
    """Watch the days of the organisation, a company or a lot."""

    company_id: UUID | None = None
    lot_code: Code | None = None
    max_transaction_count: Annotated[int, Field(ge=1)] | None = None
    max_amount: Money | None = None
    alert_on_exceed: bool = True

    @model_validator(mode="after")
    def _has_a_limit(self) -> "CreateVolumeThreshold":
        if self.max_transaction_count is None and self.max_amount is None:
            raise refusal("THRESHOLD_EMPTY", "give max_transaction_count, max_amount or both")
        if self.max_amount is not None and self.max_amount.amount < 1:
            raise refusal("THRESHOLD_EMPTY", "max_amount is 1.00 or more; raise it")
        return self


class UpdateVolumeThreshold(Request[VolumeThreshold], permission="calendar:threshold:write"):
    """Change a limit; null takes one of the two away."""

    threshold_id: UUID
    expected_version: int
    max_transaction_count: Annotated[int, Field(ge=1)] | None = None
    max_amount: Money | None = None
    alert_on_exceed: bool | None = None


class GetVolumeThreshold(Request[VolumeThreshold], query=True, permission="calendar:threshold:read"):
    """One threshold."""

    threshold_id: UUID


class ListVolumeThresholds(PageRequest, Request[VolumeThresholdPage], query=True, permission="calendar:threshold:read"):
    """The thresholds of the organisation."""

    company_id: UUID | None = None


class DeleteVolumeThreshold(Request[Done], permission="calendar:threshold:write"):
    """Watch no more."""

    threshold_id: UUID


class GetVolumeHeatmap(Request[VolumeHeatmap], query=True, permission="calendar:planned_debit:read"):
    """The volume of each day of a month, or of a year."""

    year: Annotated[int, Field(ge=2000, le=2100)]
    month: Annotated[int, Field(ge=1, le=12)] | None = None
    company_ids: Annotated[tuple[UUID, ...], Field(max_length=100)] = ()
    lot_codes: tuple[str, ...] = ()


class GetDateDetails(Request[DateDetails], query=True, permission="calendar:planned_debit:read"):
    """What is debited on a day."""

    date: date
    company_id: UUID | None = None
    lot_code: str | None = None


class ThresholdFacts(Reply):
    """What an event of a threshold says of a day."""

    threshold_id: UUID
    company_id: UUID | None = None
    lot_code: str | None = None
    date: date
    count: int
    total: Money
    max_count: int | None = None
    max_amount: Money | None = None


class DebitCalendarThresholdExceeded(
    ThresholdFacts, Event, aggregate="debit_calendar", fact="threshold_exceeded", aggregate_id="threshold_id"
):
    """A day holds more than its limit; stated once until the day is below it again."""


class DebitCalendarThresholdCleared(
    ThresholdFacts, Event, aggregate="debit_calendar", fact="threshold_cleared", aggregate_id="threshold_id"
):
    """A day is within its limit again."""
