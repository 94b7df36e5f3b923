"""calendar: when a debit is collected, and what is planned for each day. Here: what other actors use of it."""

from messages.calendar.book import (
    DebitCalendarCutoffMissed,
    DebitCalendarCutoffReached,
    DebitCalendarPlanConflict,
    DebitCalendarSettlementOverdue,
    MissedDebit,
)
from messages.calendar.configurations import (
    CreateDebitConfiguration,
    DebitConfigurationChanged,
    DebitPreference,
    ResolvedConfiguration,
)
from messages.calendar.dates import (
    CalculatePlannedDate,
    CalculatePlannedDatesBatch,
    HolidayChanged,
    PlannedDate,
    PlannedDateInput,
    PlannedDateResult,
    PlannedDates,
)
from messages.calendar.terms import (
    ConfigurationKind,
    ConfigurationLevel,
    DebitDateMode,
    HolidayChange,
    HolidayEffect,
    HolidayType,
    Rail,
)

__all__ = [
    "CalculatePlannedDate",
    "CalculatePlannedDatesBatch",
    "ConfigurationKind",
    "ConfigurationLevel",
    "CreateDebitConfiguration",
    "DebitCalendarCutoffMissed",
    "DebitCalendarCutoffReached",
    "DebitCalendarPlanConflict",
    "DebitCalendarSettlementOverdue",
    "DebitConfigurationChanged",
    "DebitDateMode",
    "DebitPreference",
    "HolidayChange",
    "HolidayChanged",
    "HolidayEffect",
    "HolidayType",
    "MissedDebit",
    "PlannedDate",
    "PlannedDateInput",
    "PlannedDateResult",
    "PlannedDates",
    "Rail",
    "ResolvedConfiguration",
]
