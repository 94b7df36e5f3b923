"""calendar: what will be debited on the days to come."""

from datetime import date
from enum import StrEnum
from uuid import UUID

from pydantic import ConfigDict, Field, model_validator

from messages.base import Event, Reply, Request
from messages.calendar.dates import LocalDate
from messages.paging import Page, PageRequest
from messages.values.instants import Instant
from messages.values.money import Money
from messages.values.numbers import Rate
from messages.values.refusal import refusal


class ForecastSource(StrEnum):
    """Computed every night, or imported; an imported row wins over a computed one."""

    COMPUTED = "COMPUTED"
    IMPORTED = "IMPORTED"


class VolumeForecast(Reply):
    """What is expected on a day: announced debits, and those of running contracts that are not announced yet.

    `expected_collected` leaves out what the bank will return, as it did in the last six months. The accuracies say by
    how many percent the day differed from what was expected; they are null until the day is over.
    """

    date: date
    company_id: UUID
    lot_code: str | None
    expected_count: int
    expected_amount: Money
    expected_collected: Money
    source: ForecastSource
    actual_count: int | None
    actual_amount: Money | None
    count_accuracy: Rate | None
    amount_accuracy: Rate | None
    built_at: Instant


class VolumeForecastPage(Page[VolumeForecast]):
    """Forecasts by date."""


class RebuiltForecast(Reply):
    """What was rebuilt."""

    from_date: date
    to_date: date
    expected_count: int
    expected_amount: Money


class GetVolumeForecast(PageRequest, Request[VolumeForecastPage], query=True, permission="calendar:planned_debit:read"):
    """The forecast of a period."""

    from_date: date
    to_date: date
    company_id: UUID | None = None

    @model_validator(mode="after")
    def _dates_rise(self) -> "GetVolumeForecast":
        if self.to_date < self.from_date:
            raise refusal("INVALID_DATE_RANGE", "to_date lies before from_date; exchange them")
        return self


class RebuildVolumeForecast(Request[RebuiltForecast], permission="calendar:threshold:write", timeout_seconds=30.0):
    """Compute the forecast of the next thirteen months now; the night does it anyway."""


class DebitCalendarForecastRebuilt(
    Event, aggregate="debit_calendar", fact="forecast_rebuilt", aggregate_id="forecast_id"
):
    """The forecast was computed again."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True, serialize_by_alias=True)

    forecast_id: UUID
    from_: LocalDate = Field(alias="from")
    to: LocalDate
    expected_count: int
    expected_amount: Money
