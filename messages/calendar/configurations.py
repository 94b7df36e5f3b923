"""calendar: who is debited when, as configured on four levels."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, model_validator

from messages.base import Event, Part, Reply, Request
from messages.calendar.terms import (
    ConfigurationKind,
    ConfigurationLevel,
    DebitDateMode,
    LatePolicy,
    Rail,
    ShiftStrategy,
    WindowGuard,
)
from messages.paging import Page, PageRequest
from messages.values.refusal import refusal
from messages.values.text import Code


class DebitPreference(Part):
    """What a level says; a field left out is inherited from the level below. Mode, lot and day belong together."""

    mode: DebitDateMode | None = None
    lot_code: Code | None = None
    fixed_day: int | None = Field(default=None, description="1 to 28, so that every month has it")
    shift_strategy: ShiftStrategy | None = None
    window_guard: WindowGuard | None = None
    late_policy: LatePolicy | None = None
    holiday_zone_id: UUID | None = None
    cutoff_policy_id: UUID | None = None
    prenotification_days: Annotated[int, Field(ge=1, le=60)] | None = None


class DebitConfiguration(Reply):
    """The preference of a level."""

    configuration_id: UUID
    level: ConfigurationLevel
    scope_id: UUID | None
    mode: DebitDateMode | None
    lot_code: str | None
    fixed_day: int | None
    shift_strategy: ShiftStrategy | None
    window_guard: WindowGuard | None
    late_policy: LatePolicy | None
    holiday_zone_id: UUID | None
    cutoff_policy_id: UUID | None
    prenotification_days: int | None
    is_active: bool
    version: int


class DebitConfigurationPage(Page[DebitConfiguration]):
    """Configurations, newest first."""


class ResolvedConfiguration(Reply):
    """What holds after all levels were looked at, and which level each field came from."""

    mode: DebitDateMode
    lot_code: str | None = None
    fixed_day: int | None = None
    shift_strategy: ShiftStrategy
    window_guard: WindowGuard
    late_policy: LatePolicy
    holiday_zone_id: UUID
    holiday_zone_code: str
    cutoff_policy_id: UUID | None = None
    prenotification_days: int
    applied_level: ConfigurationLevel
    applied_config_id: UUID
    sources: dict[str, ConfigurationLevel]


class ConfigurationResolution(Reply):
    """The resolved configuration; with_trace also every candidate, the most specific first."""

    resolved: ResolvedConfiguration
    candidates: tuple[DebitConfiguration, ...] = ()


class DebitLot(Reply):
    """A window of days of the month; end_day 31 is the end of the month."""

    lot_id: UUID
    company_id: UUID | None
    code: str
    name: str
    start_day: int
    end_day: int
    display_order: int


class DebitLots(Reply):
    """The lots of the organisation, and the days that belong to none."""

    lots: tuple[DebitLot, ...]
    gaps: tuple[int, ...]


class CutoffPolicy(Reply):
    """By when a debit must be submitted: local time, and TARGET business days before settlement."""

    cutoff_policy_id: UUID
    name: str
    rail: Rail
    cutoff_time: str
    timezone: str
    days_before_value_date: int
    freeze_margin_minutes: int


class CutoffPolicies(Reply):
    """The active cut-off policies."""

    policies: tuple[CutoffPolicy, ...]


class CreateDebitConfiguration(Request[DebitConfiguration], permission="calendar:configuration:write"):
    """Set the debit preference of a company, a client or a contract; payments re-plans what is not yet under way."""

    level: ConfigurationLevel
    scope_id: UUID | None = Field(default=None, description="the company, client or contract; none for SYSTEM")
    preference: DebitPreference
    shorter_notice_agreed: bool = Field(
        default=False, description="the mandate or terms allow less than 14 days of pre-notification"
    )

    @model_validator(mode="after")
    def _scope_fits_level(self) -> "CreateDebitConfiguration":
        if (self.level is ConfigurationLevel.SYSTEM) != (self.scope_id is None):
            raise refusal("SCOPE_REQUIRED", "scope_id names the company, client or contract; only SYSTEM has none")
        if self.level is ConfigurationLevel.OVERRIDE:
            raise refusal("LEVEL_INVALID", "an OVERRIDE is one month; use set_debit_date_override")
        return self


class UpdateDebitConfiguration(Request[DebitConfiguration], permission="calendar:configuration:write"):
    """Change a preference; what is not sent stays, null makes a field inherited again."""

    configuration_id: UUID
    expected_version: int
    preference: DebitPreference
    shorter_notice_agreed: bool = False


class DeleteDebitConfiguration(Request[DebitConfiguration], permission="calendar:configuration:write"):
    """Let a level inherit everything again; the SYSTEM configuration stays."""

    configuration_id: UUID
    expected_version: int | None = None


class GetDebitConfiguration(Request[DebitConfiguration], query=True, permission="calendar:configuration:read"):
    """One configuration by id, or the active one of a level and scope."""

    configuration_id: UUID | None = None
    level: ConfigurationLevel | None = None
    scope_id: UUID | None = None

    @model_validator(mode="after")
    def _one_key(self) -> "GetDebitConfiguration":
        if (self.configuration_id is None) == (self.level is None):
            raise refusal("ONE_KEY", "give either configuration_id or level (with scope_id unless it is SYSTEM)")
        return self


class ListDebitConfigurations(
    PageRequest, Request[DebitConfigurationPage], query=True, permission="calendar:configuration:read"
):
    """The configurations of the organisation."""

    level: ConfigurationLevel | None = None
    scope_id: UUID | None = None
    mode: DebitDateMode | None = None
    lot_code: Code | None = None
    include_inactive: bool = False


class ResolveDebitConfiguration(Request[ConfigurationResolution], query=True, permission="calendar:configuration:read"):
    """What holds for a contract, client or company."""

    contract_id: UUID | None = None
    client_id: UUID | None = None
    company_id: UUID | None = None
    with_trace: bool = False


class ListDebitLots(Request[DebitLots], query=True, permission="calendar:configuration:read"):
    """The lots a configuration may name: a company's own ones if it has any."""

    company_id: UUID | None = None


class ListCutoffPolicies(Request[CutoffPolicies], query=True, permission="calendar:cutoff:read"):
    """The cut-off policies a configuration may name."""

    rail: Rail | None = None


class DebitConfigurationChanged(Event, aggregate="debit_configuration", aggregate_id="configuration_id"):
    """Debit dates of a scope may move; payments re-plans what is not yet under way."""

    configuration_id: UUID
    kind: ConfigurationKind
    level: ConfigurationLevel
    scope_id: UUID | None = None
    period: str | None = None
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None
