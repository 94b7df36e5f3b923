"""calendar: what a change of the rules would do to the debits that are planned already."""

from datetime import date
from uuid import UUID

from pydantic import Field, model_validator

from messages.base import Reply, Request
from messages.calendar.configurations import DebitPreference
from messages.calendar.terms import ConfigurationLevel, HolidayEffect
from messages.values.refusal import refusal


class DebitDateMove(Reply):
    """A planned debit whose date would change; an announced one moves only if its day closes, and only forward."""

    planned_debit_id: UUID
    instalment_id: UUID
    contract_id: UUID | None
    old_date: date
    new_date: date
    announced: bool = Field(description="the last day to announce the old date has come")


class DebitDateMoves(Reply):
    """The moves by date; `truncated` when more debits are planned than were looked at."""

    moves: tuple[DebitDateMove, ...]
    examined: int
    truncated: bool


class PreviewHoliday(Request[DebitDateMoves], query=True, permission="calendar:holiday:read"):
    """What entering a day would move; nothing is saved."""

    holiday_zone_id: UUID
    date: date
    effect: HolidayEffect = HolidayEffect.CLOSED
    is_recurring: bool = False


class PreviewHolidayDeletion(Request[DebitDateMoves], query=True, permission="calendar:holiday:read"):
    """What taking an entered day back would move; nothing is saved."""

    holiday_id: UUID


class PreviewDebitConfiguration(Request[DebitDateMoves], query=True, permission="calendar:configuration:read"):
    """What setting the preference of a level would move; fields that are not sent stay as they are."""

    level: ConfigurationLevel
    scope_id: UUID | None = Field(default=None, description="the company, client or contract; none for SYSTEM")
    preference: DebitPreference

    @model_validator(mode="after")
    def _scope_fits_level(self) -> "PreviewDebitConfiguration":
        if (self.level is ConfigurationLevel.SYSTEM) != (self.scope_id is None):
            raise refusal("SCOPE_REQUIRED", "scope_id names the company, client or contract; only SYSTEM has none")
        return self
