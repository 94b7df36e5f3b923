"""calendar: own lots, cut-off policies and holiday zones."""

from typing import Annotated
from uuid import UUID

from pydantic import Field, model_validator

from messages.base import Reply, Request
from messages.calendar.configurations import CutoffPolicy, DebitLot
from messages.calendar.dates import HolidayZone
from messages.calendar.terms import Rail
from messages.values.addresses import CountryCode
from messages.values.refusal import refusal
from messages.values.text import Label

Day = Annotated[int, Field(ge=1, le=31)]
CutoffTime = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
TimeZoneName = Annotated[str, Field(max_length=64)]


class ChangedLot(DebitLot):
    """A lot, and the days of its set that belong to no lot now."""

    is_active: bool
    gaps: tuple[int, ...]
    version: int


class ChangedZone(HolidayZone):
    """A zone with its version."""

    is_active: bool
    version: int


class ChangedCutoff(CutoffPolicy):
    """A cut-off policy with its version."""

    is_active: bool
    version: int


class Done(Reply):
    """What was removed."""

    id: UUID


class CreateDebitLot(Request[ChangedLot], permission="calendar:configuration:write"):
    """Add a window of days; a company with own lots uses only these, no longer those of the organisation."""

    company_id: UUID | None = None
    code: Annotated[str, Field(pattern=r"^[A-Z0-9_-]{1,10}$")]
    name: Label
    start_day: Day
    end_day: Day
    display_order: int = 0

    @model_validator(mode="after")
    def _days_rise(self) -> "CreateDebitLot":
        if self.end_day < self.start_day:
            raise refusal("INVALID_DAY_RANGE", "end_day lies before start_day; exchange them")
        return self


class UpdateDebitLot(Request[ChangedLot], permission="calendar:configuration:write"):
    """Change a lot; payments re-plans what is not yet under way."""

    lot_id: UUID
    expected_version: int
    name: Label | None = None
    start_day: Day | None = None
    end_day: Day | None = None
    display_order: int | None = None


class GetDebitLot(Request[ChangedLot], query=True, permission="calendar:configuration:read"):
    """One lot."""

    lot_id: UUID


class DeactivateDebitLot(Request[ChangedLot], permission="calendar:configuration:write"):
    """Stop using a lot that no configuration names."""

    lot_id: UUID


class ReactivateDebitLot(Request[ChangedLot], permission="calendar:configuration:write"):
    """Use a lot again, if its days are still free."""

    lot_id: UUID


class CreateCutoffPolicy(Request[ChangedCutoff], permission="calendar:cutoff:write"):
    """Say by when debits of a rail must be submitted."""

    name: Label
    rail: Rail = Rail.SEPA_CORE
    cutoff_time: CutoffTime = "14:00"
    timezone: TimeZoneName = "Europe/Paris"
    days_before_value_date: Annotated[int, Field(ge=0, le=10)] = 2
    freeze_margin_minutes: Annotated[int, Field(ge=0, le=1440)] = 60


class UpdateCutoffPolicy(Request[ChangedCutoff], permission="calendar:cutoff:write"):
    """Change a policy; open debit days get their new deadlines at once."""

    cutoff_policy_id: UUID
    expected_version: int
    name: Label | None = None
    cutoff_time: CutoffTime | None = None
    timezone: TimeZoneName | None = None
    days_before_value_date: Annotated[int, Field(ge=0, le=10)] | None = None
    freeze_margin_minutes: Annotated[int, Field(ge=0, le=1440)] | None = None


class GetCutoffPolicy(Request[ChangedCutoff], query=True, permission="calendar:cutoff:read"):
    """One policy."""

    cutoff_policy_id: UUID


class DeleteCutoffPolicy(Request[Done], permission="calendar:cutoff:write"):
    """Stop using a policy that no configuration names and that is not the last of its rail."""

    cutoff_policy_id: UUID


class CreateHolidayZone(Request[ChangedZone], permission="calendar:holiday:write"):
    """Add a zone: the rules of its country and region, and the days entered for it."""

    code: Annotated[str, Field(pattern=r"^[A-Z]{2}(-[A-Z0-9]{1,10})?$")]
    name: Label
    country_code: CountryCode
    region_code: Annotated[str, Field(pattern=r"^[A-Z0-9]{1,10}$")] | None = None


class UpdateHolidayZone(Request[ChangedZone], permission="calendar:holiday:write"):
    """Rename a zone."""

    holiday_zone_id: UUID
    expected_version: int
    name: Label


class GetHolidayZone(Request[ChangedZone], query=True, permission="calendar:holiday:read"):
    """One zone."""

    holiday_zone_id: UUID


class DeleteHolidayZone(Request[Done], permission="calendar:holiday:write"):
    """Stop using a zone of your own that no configuration names."""

    holiday_zone_id: UUID
