"""Which debit preference holds: contract before client before company before system, field by field."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from messages.calendar.codes import (
    BATCH_REQUIRED,
    FIXED_DAY_OUT_OF_RANGE,
    HOLIDAY_ZONE_REQUIRED,
    INVALID_MODE,
    LOT_NOT_FOUND,
    NO_CONFIGURATION_FOUND,
    PRENOTIFICATION_TOO_SHORT,
)
from messages.calendar.configurations import DebitConfiguration, ResolvedConfiguration
from messages.calendar.terms import ConfigurationLevel, DebitDateMode, LatePolicy, ShiftStrategy, WindowGuard
from messages.problem import Refused

LEVELS = (
    ConfigurationLevel.CONTRACT,
    ConfigurationLevel.CLIENT,
    ConfigurationLevel.COMPANY,
    ConfigurationLevel.SYSTEM,
)
STANDARD_PRENOTIFICATION_DAYS = 14
_LAST_FIXED_DAY = 28
_INHERITED = (
    "shift_strategy",
    "window_guard",
    "late_policy",
    "holiday_zone_id",
    "cutoff_policy_id",
    "prenotification_days",
)


@dataclass(frozen=True, slots=True)
class Lot:
    """A window of days of the month; end_day 31 is the end of the month."""

    code: str
    start_day: int
    end_day: int


SEEDED_LOTS = (Lot("L1", 1, 7), Lot("L2", 8, 14), Lot("L3", 15, 21), Lot("L4", 22, 31))


def resolve(
    candidates: Sequence[DebitConfiguration], zone_codes: Mapping[UUID, str], checked: Collection[ConfigurationLevel]
) -> ResolvedConfiguration:
    """Mode, lot and day from the most specific level that has a mode; every other field from the most specific that has it."""
    ordered = sorted(candidates, key=lambda found: LEVELS.index(found.level))
    deciding = next((found for found in ordered if found.mode is not None), None)
    if deciding is None or deciding.mode is None:
        names = ", ".join(level.value for level in LEVELS if level in checked)
        raise Refused(
            NO_CONFIGURATION_FOUND,
            f"no debit configuration says how to choose the day; levels checked: {names}; create one",
            details={"levels": names},
        )
    fields: dict[str, Any] = {}
    sources = dict.fromkeys(("mode", "lot_code", "fixed_day"), deciding.level)
    for name in _INHERITED:
        for found in ordered:
            if getattr(found, name) is not None:
                fields[name], sources[name] = getattr(found, name), found.level
                break
    zone_id = fields.get("holiday_zone_id")
    if zone_id is None or zone_id not in zone_codes:
        raise Refused(
            HOLIDAY_ZONE_REQUIRED, "no level names an active holiday_zone_id; set it on the SYSTEM configuration"
        )
    defaults = {
        "shift_strategy": ShiftStrategy.NEXT_BUSINESS_DAY,
        "window_guard": WindowGuard.LOT if deciding.mode is DebitDateMode.BATCH else WindowGuard.MONTH,
        "late_policy": LatePolicy.NEXT_FEASIBLE,
        "prenotification_days": STANDARD_PRENOTIFICATION_DAYS,
    }
    return ResolvedConfiguration(
        mode=deciding.mode,
        lot_code=deciding.lot_code,
        fixed_day=deciding.fixed_day,
        applied_level=deciding.level,
        applied_config_id=deciding.configuration_id,
        holiday_zone_code=zone_codes[zone_id],
        sources=sources,
        **(defaults | fields),
    )


def check_choice(
    mode: DebitDateMode | None,
    lot_code: str | None,
    fixed_day: int | None,
    lots: Collection[str],
    level: ConfigurationLevel,
) -> None:
    """A lot if and only if BATCH, a day of 1 to 28 if and only if FIXED_DAY; SYSTEM must choose."""
    if mode is None and level is ConfigurationLevel.SYSTEM:
        raise Refused.field("mode", "required", "the SYSTEM configuration needs a mode; give one", INVALID_MODE)
    if (mode is DebitDateMode.BATCH) != (lot_code is not None):
        text = "lot_code belongs to the mode BATCH, and BATCH needs one; choose one of " + ", ".join(sorted(lots))
        raise Refused.field("lot_code", "batch", text, BATCH_REQUIRED)
    if lot_code is not None and lot_code not in lots:
        text = f"lot {lot_code} does not exist; choose one of {', '.join(sorted(lots))}"
        raise Refused.field("lot_code", "unknown", text, LOT_NOT_FOUND)
    is_day = fixed_day is not None and 1 <= fixed_day <= _LAST_FIXED_DAY
    if (mode is DebitDateMode.FIXED_DAY) != (fixed_day is not None) or (fixed_day is not None and not is_day):
        text = "fixed_day belongs to the mode FIXED_DAY, and must be 1 to 28; correct it"
        raise Refused.field("fixed_day", "range", text, FIXED_DAY_OUT_OF_RANGE)


def check_notice(days: int | None, *, shorter_agreed: bool) -> None:
    """Less than 14 days of notice only where the mandate or terms agreed it (SEPA rulebook, 4.4)."""
    if days is not None and days < STANDARD_PRENOTIFICATION_DAYS and not shorter_agreed:
        raise Refused.field(
            "prenotification_days",
            "too_short",
            f"{days} days of notice need the debtor's agreement; say shorter_notice_agreed=true or give 14 or more",
            PRENOTIFICATION_TOO_SHORT,
        )


def gaps_of(lots: Sequence[Lot]) -> tuple[int, ...]:
    """The days of the month that belong to no lot."""
    covered = {day for lot in lots for day in range(lot.start_day, lot.end_day + 1)}
    return tuple(day for day in range(1, 32) if day not in covered)


def overlapping(lot: Lot, others: Sequence[Lot]) -> Lot | None:
    """Another lot that shares a day with this one."""
    return next((other for other in others if lot.start_day <= other.end_day and other.start_day <= lot.end_day), None)


def lot_of_day(day: int, lots: Sequence[Lot]) -> str | None:
    """The lot that contains a day of the month."""
    return next((lot.code for lot in lots if lot.start_day <= day <= lot.end_day), None)
