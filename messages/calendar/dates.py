"""calendar: which days money can move, and when a debit is planned."""

from datetime import date
from typing import Annotated, TypeAlias
from uuid import UUID

from pydantic import Field, model_validator

from messages.base import Event, Part, Reply, Request
from messages.calendar.configurations import ResolvedConfiguration
from messages.calendar.terms import HolidayChange, HolidayEffect, HolidayOrigin, HolidayType, Rail
from messages.values.addresses import CountryCode
from messages.values.instants import Instant
from messages.values.refusal import refusal
from messages.values.text import Label

_MOST_INPUTS = 800  # with its configuration a result takes about 1.1 KiB, and a message 1 MiB at most

LocalDate: TypeAlias = date
"""A civil date; for models that have a field named date."""


class HolidayZone(Reply):
    """A set of closed days; TARGET and FR are there from the start."""

    holiday_zone_id: UUID
    code: str
    name: str
    country_code: str
    region_code: str | None
    is_system: bool


class HolidayZones(Reply):
    """The zones a configuration may name."""

    zones: tuple[HolidayZone, ...]


class Holiday(Reply):
    """A day somebody entered; recurring ones hold every year."""

    holiday_id: UUID
    holiday_zone_id: UUID
    date: date
    name: str
    holiday_type: HolidayType
    effect: HolidayEffect
    is_recurring: bool
    is_active: bool
    version: int


class ListedHoliday(Reply):
    """A day of a zone's year with where it comes from."""

    date: date
    name: str
    holiday_type: HolidayType
    effect: HolidayEffect
    origin: HolidayOrigin
    holiday_id: UUID | None = None


class HolidayList(Reply):
    """Days by date, each once: an entry hides the rule of the country for its day."""

    holidays: tuple[ListedHoliday, ...]


class DateEligibility(Reply):
    """Whether a debit can settle on a date, why not, and the nearest dates strictly before and after."""

    date: date
    is_eligible: bool
    is_weekend: bool
    is_holiday: bool
    is_target_closed: bool
    holiday_name: str | None
    reasons: tuple[str, ...]
    next_eligible_date: LocalDate
    previous_eligible_date: LocalDate


class TraceStep(Reply):
    """One step of a date: what came in, what went out, by which rule."""

    step: str
    description: str
    input: str
    output: str
    rule: str


class PlannedDate(Reply):
    """A planned debit date with its deadlines; dates are local to the company, instants are UTC."""

    planned_debit_date: date
    original_target_date: date
    was_shifted: bool
    shift_reason: str | None
    lot_code: str | None
    resolved_config: ResolvedConfiguration
    submit_by: Instant
    freeze_at: Instant
    prenotify_by: date
    prenotify_on: date
    feasible: bool | None = Field(description="null unless check_feasibility was asked")
    trace: tuple[TraceStep, ...] = ()


class PlannedDateInput(Part):
    """One date to plan; `key` comes back with the result."""

    key: Annotated[str, Field(min_length=1, max_length=100)]
    contract_id: UUID | None = None
    client_id: UUID
    company_id: UUID
    target_month: Annotated[int, Field(ge=1, le=12)]
    target_year: Annotated[int, Field(ge=2020, le=2100)]
    rail: Rail = Rail.SEPA_CORE
    not_before: date | None = None
    prenotified: bool = False


class PlannedDateResult(Reply):
    """The date of one input, or why there is none."""

    key: str
    success: bool
    planned_debit_date: date | None = None
    original_target_date: date | None = None
    was_shifted: bool | None = None
    shift_reason: str | None = None
    lot_code: str | None = None
    submit_by: Instant | None = None
    prenotify_by: date | None = None
    error_code: str | None = None
    error_message: str | None = None
    resolved_config: ResolvedConfiguration | None = None


class PlannedDates(Reply):
    """Results in the order of the inputs; one failure never stops the others."""

    results: tuple[PlannedDateResult, ...]
    total: int
    success_count: int
    error_count: int


class CalculatePlannedDate(Request[PlannedDate], query=True, permission="calendar:configuration:read"):
    """When a contract, client or company is debited in a month, or next on or after a reference date."""

    contract_id: UUID | None = None
    client_id: UUID | None = None
    company_id: UUID | None = None
    rail: Rail = Rail.SEPA_CORE
    target_month: Annotated[int, Field(ge=1, le=12)] | None = None
    target_year: Annotated[int, Field(ge=2020, le=2100)] | None = None
    reference_date: date | None = None
    not_before: date | None = None
    prenotified: bool = False
    check_feasibility: bool = False
    include_resolution_trace: bool = False

    @model_validator(mode="after")
    def _one_month(self) -> "CalculatePlannedDate":
        month = self.target_month is not None and self.target_year is not None
        if (self.target_month is None) != (self.target_year is None) or month == (self.reference_date is not None):
            raise refusal("TARGET_REQUIRED", "give target_month with target_year, or else reference_date")
        return self


class CalculatePlannedDatesBatch(
    Request[PlannedDates],
    query=True,
    permission="calendar:configuration:read",
    internal_callers=("payments", "factures"),
    timeout_seconds=10.0,
):
    """Many planned dates at once; the same inputs on the same state give the same dates."""

    inputs: Annotated[tuple[PlannedDateInput, ...], Field(min_length=1, max_length=_MOST_INPUTS)]
    check_feasibility: bool = False


class CheckDateEligibility(Request[DateEligibility], query=True, permission="calendar:holiday:read"):
    """Whether a debit can settle on a date."""

    date: date
    holiday_zone_id: UUID | None = Field(default=None, description="left out: the zone of the organisation")
    rail: Rail = Rail.SEPA_CORE


class ListHolidayZones(Request[HolidayZones], query=True, permission="calendar:holiday:read"):
    """The zones of the organisation."""

    country_code: CountryCode | None = None


class ListHolidays(Request[HolidayList], query=True, permission="calendar:holiday:read"):
    """The days of a zone's year: entered, yearly and computed."""

    holiday_zone_id: UUID | None = Field(default=None, description="left out: the zone of the organisation")
    year: Annotated[int, Field(ge=2000, le=2100)]


class GetHoliday(Request[Holiday], query=True, permission="calendar:holiday:read"):
    """One entered day."""

    holiday_id: UUID


class ImportedHolidays(Reply):
    """How many computed days became entries, and how many were entered already."""

    imported_count: int
    skipped_count: int
    holiday_zone_ids: tuple[UUID, ...]


class ImportHolidaysByCountry(Request[ImportedHolidays], permission="calendar:holiday:write"):
    """Enter the computed days of a year so that they can be changed; importing again adds nothing."""

    country_code: CountryCode
    year: Annotated[int, Field(ge=2000, le=2100)]
    include_regional: bool = Field(default=False, description="the zones of the country's regions too")
    holiday_zone_id: UUID | None = Field(default=None, description="only this zone of the country")


class CreateHoliday(Request[Holiday]):
    """Close (or open) a day of a zone; payments moves the debits planned on it."""

    holiday_zone_id: UUID
    date: date
    name: Label
    holiday_type: HolidayType = HolidayType.PUBLIC
    effect: HolidayEffect = HolidayEffect.CLOSED
    is_recurring: bool = False


class UpdateHoliday(Request[Holiday]):
    """Change an entered day; its date stays: delete it and enter another."""

    holiday_id: UUID
    expected_version: int
    name: Label | None = None
    holiday_type: HolidayType | None = None
    effect: HolidayEffect | None = None


class DeleteHoliday(Request[Holiday], permission="calendar:holiday:write"):
    """Take an entered day back; what the rules of the country say holds again."""

    holiday_id: UUID
    expected_version: int | None = None


class HolidayChanged(Event, aggregate="holiday"):
    """A day of a zone is closed or open otherwise than before."""

    holiday_id: UUID
    change: HolidayChange
    zone_id: UUID
    zone_code: str
    country_code: str
    region_code: str | None = None
    date: date
    name: str
    holiday_type: HolidayType
    effect: HolidayEffect
    is_recurring: bool
