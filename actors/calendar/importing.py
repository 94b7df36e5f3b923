"""From the rows of a file to what they would do: errors of each row, and the request that each good row amounts to."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import select

from actors.calendar.import_references import References, load_references
from actors.calendar.requests.overrides import refuse_impossible
from actors.calendar.rows import among
from actors.calendar.rules import csv_rows as rules
from actors.calendar.rules.changes import change_summary
from actors.calendar.rules.csv_rows import ConfigurationRow, DebitDateRow, ForecastRow, HolidayRow, RowReader
from actors.calendar.rules.csv_text import FileRow
from actors.calendar.situation import lots_of
from messages.calendar.configurations import CreateDebitConfiguration, DebitPreference, UpdateDebitConfiguration
from messages.calendar.csv_files import CsvImportType, CsvRowError, RowAction
from messages.calendar.dates import CreateHoliday, UpdateHoliday
from messages.calendar.forecast import ForecastSource
from messages.calendar.overrides import SetDebitDateOverride
from messages.calendar.terms import ConfigurationLevel
from messages.problem import Refused
from messages.values.business_days import TARGET
from runtime.unit_of_work import Row, UnitOfWork
from storage.calendar.tables import debit_configuration, debit_date_override, holiday, planned_debit, volume_forecast

_CONFIGURATIONS = (
    CsvImportType.COMPANY_CONFIG,
    CsvImportType.CLIENT_CONFIG,
    CsvImportType.CONTRACT_CONFIG,
    CsvImportType.DEBIT_CONFIG,
)


@dataclass(frozen=True, slots=True)
class Step:
    """What one row does: `apply` is the request, or the row itself, that does it; None when it is so already."""

    row: int
    entity_type: str
    entity_id: UUID | None
    before: dict[str, Any] | None
    after: dict[str, Any]
    apply: Any

    @property
    def action(self) -> RowAction:
        """Whether something new comes, something known changes, or nothing happens."""
        if self.apply is None:
            return RowAction.SKIP
        return RowAction.CREATE if self.before is None else RowAction.UPDATE

    @property
    def summary(self) -> str | None:
        """The change in a line."""
        return change_summary(self.entity_type, self.before, self.after)


@dataclass(slots=True)
class ImportPlan:
    """The steps of the good rows and the errors of the others."""

    steps: list[Step] = field(default_factory=list)
    errors: list[CsvRowError] = field(default_factory=list)


Seen = dict[tuple[Any, ...], int]
"""What the rows so far are about, and the row that was the first."""


async def plan_import(type_: CsvImportType, rows: Sequence[FileRow], seen: Seen, work: UnitOfWork) -> ImportPlan:
    """Check the rows against those `seen` before and against what is stored; nothing is changed."""
    readers = [RowReader(row) for row in rows]
    if type_ in _CONFIGURATIONS:
        return await _configurations(type_, readers, seen, work)
    if type_ is CsvImportType.HOLIDAYS:
        return await _holidays(readers, seen, work)
    if type_ is CsvImportType.DEBIT_DATES:
        return await _debit_dates(readers, seen, work)
    return await _forecasts(readers, seen, work)


def _sorted_out(plan: ImportPlan, readers: Sequence[RowReader]) -> ImportPlan:
    for reader in readers:
        plan.errors += reader.errors
    bad = {error.row for error in plan.errors}
    plan.steps = [step for step in plan.steps if step.row not in bad]
    return plan


def _refuse_repeated(keys: Seen, key: tuple[Any, ...], reader: RowReader) -> None:
    first = keys.setdefault(key, reader.row.number)
    if first != reader.row.number and None not in key:
        reader.refuse(None, "DUPLICATE_ROW", f"row {first} is about the same; keep one of them")


async def _configurations(type_: CsvImportType, readers: list[RowReader], seen: Seen, work: UnitOfWork) -> ImportPlan:
    found = [(reader, rules.configuration_row(type_, reader)) for reader in readers]
    wanted = [(row.level, row.scope_id, row.scope_name) for _, row in found if row.level in _LEVELS]
    references = await load_references([entry for entry in wanted if entry[0] is not None], work)
    lots = {row["code"] for row in await lots_of(work)}
    stored = {
        (row["level"], row["scope_id"]): row
        for row in await work.fetch(
            select(debit_configuration).where(
                debit_configuration.c.organisation_id == work.organisation_id,
                among(debit_configuration.c.scope_id, references.scope_ids),
                debit_configuration.c.is_active,
            )
        )
    }
    plan = ImportPlan()
    for reader, row in found:
        if row.level not in _LEVELS:
            continue
        scope_id = references.scope(row.level, row.scope_id, row.scope_name, _column_of(type_, row), reader)
        _refuse_repeated(seen, (row.level, scope_id), reader)
        if row.lot_code is not None and row.lot_code not in lots:
            reader.refuse("batch", "INVALID_ENUM", f"batch is one of {', '.join(sorted(lots))}; correct it")
        preference = _preference_of(row, references, reader)
        if not reader.errors and scope_id is not None:
            plan.steps.append(_configuration_step(reader, row.level, scope_id, preference, stored))
    return _sorted_out(plan, readers)


_LEVELS = (ConfigurationLevel.COMPANY, ConfigurationLevel.CLIENT, ConfigurationLevel.CONTRACT)


def _column_of(type_: CsvImportType, row: ConfigurationRow) -> str:
    if type_ is CsvImportType.DEBIT_CONFIG or row.level is None:
        return "scope_id"
    return f"{row.level.value.lower()}_id"


def _preference_of(row: ConfigurationRow, references: References, reader: RowReader) -> dict[str, Any]:
    """The fields that the row says; the choice of the day is whole, the others only where a cell is filled."""
    optional = {
        "shift_strategy": row.shift_strategy,
        "holiday_zone_id": references.zone(row.zone_id, row.zone_code, reader),
        "cutoff_policy_id": references.cutoff(row.cutoff_name, reader),
    }
    chosen = {"mode": row.mode, "lot_code": row.lot_code, "fixed_day": row.fixed_day}
    return chosen | {name: value for name, value in optional.items() if value is not None}


def _configuration_step(
    reader: RowReader, level: ConfigurationLevel, scope_id: UUID, preference: dict[str, Any], stored: dict[Any, Row]
) -> Step:
    row = stored.get((level, scope_id))
    wanted = DebitPreference.model_validate(preference)
    after = {"level": level, "scope_id": scope_id, **preference}
    apply: Any
    if row is None:
        before, apply = None, CreateDebitConfiguration(level=level, scope_id=scope_id, preference=wanted)
    else:
        before = {"level": level, "scope_id": scope_id, **{name: row[name] for name in preference}}
        apply = UpdateDebitConfiguration(configuration_id=row["id"], expected_version=row["version"], preference=wanted)
        apply = apply if before != after else None
    type_ = f"debit_configuration_{level.value.lower()}"
    return Step(reader.row.number, type_, row["id"] if row is not None else None, before, after, apply)


async def _holidays(readers: list[RowReader], seen: Seen, work: UnitOfWork) -> ImportPlan:
    found = [(reader, rules.holiday_row(reader)) for reader in readers]
    references = await load_references((), work)
    stored: dict[tuple[Any, ...], Row] = {
        _day_of(row["holiday_zone_id"], row["date"], recurring=row["is_recurring"]): row
        for row in await work.fetch(
            select(holiday).where(holiday.c.organisation_id == work.organisation_id, holiday.c.is_active)
        )
    }
    plan = ImportPlan()
    for reader, row in found:
        zone_id = references.zone(row.zone_id, row.zone_code, reader)
        if zone_id is not None and references.zones[zone_id]["code"] == TARGET:
            reader.refuse("zone_code", "UNKNOWN_REFERENCE", "the days of TARGET are the central bank's; name another")
        if row.date is None or zone_id is None:
            continue
        key = _day_of(zone_id, row.date, recurring=row.is_recurring)
        _refuse_repeated(seen, key, reader)
        if not reader.errors:
            plan.steps.append(_holiday_step(reader, row, zone_id, stored.get(key)))
    return _sorted_out(plan, readers)


def _day_of(zone_id: UUID, day: Any, *, recurring: bool) -> tuple[Any, ...]:
    return (zone_id, "yearly", day.month, day.day) if recurring else (zone_id, "once", day)


def _holiday_step(reader: RowReader, row: HolidayRow, zone_id: UUID, known: Row | None) -> Step:
    after = {"holiday_zone_id": zone_id, "date": row.date, "name": row.name, "holiday_type": row.holiday_type}
    if known is None:
        new = CreateHoliday.model_validate(after | {"is_recurring": row.is_recurring})
        return Step(reader.row.number, "holiday", None, None, after, new)
    before = {name: known[name] for name in after}
    after |= {"date": known["date"]}
    change = UpdateHoliday(
        holiday_id=known["id"], expected_version=known["version"], name=row.name, holiday_type=row.holiday_type
    )
    return Step(reader.row.number, "holiday", known["id"], before, after, change if before != after else None)


async def _debit_dates(readers: list[RowReader], seen: Seen, work: UnitOfWork) -> ImportPlan:
    found = [(reader, rules.debit_date_row(reader)) for reader in readers]
    contract = ConfigurationLevel.CONTRACT
    references = await load_references([(contract, row.contract_id, row.reference) for _, row in found], work)
    plan = ImportPlan()
    for reader, row in found:
        column = "contract_id" if row.contract_id is not None else "contract_reference"
        contract_id = references.scope(contract, row.contract_id, row.reference, column, reader)
        if contract_id is None or row.month is None or row.debit_date is None:
            continue
        _refuse_repeated(seen, (contract_id, row.month), reader)
        await _refuse_other_amount(reader, row, contract_id, work)
        request = SetDebitDateOverride(
            scope_id=contract_id, year=row.month.year, month=row.month.month, debit_date=row.debit_date, reason=row.note
        )
        try:
            await refuse_impossible(request, work)
        except Refused as refused:
            reader.refuse("debit_date", refused.code.code, refused.detail or refused.code.title)
        if not reader.errors:
            plan.steps.append(await _override_step(reader, request, work))
    return _sorted_out(plan, readers)


async def _refuse_other_amount(reader: RowReader, row: DebitDateRow, contract_id: UUID, work: UnitOfWork) -> None:
    if row.amount is None or row.month is None:
        return
    amounts = await work.fetch(
        select(planned_debit.c.amount).where(
            planned_debit.c.organisation_id == work.organisation_id,
            planned_debit.c.contract_id == contract_id,
            planned_debit.c.period == f"{row.month:%Y-%m}",
        )
    )
    if amounts and row.amount not in {found["amount"] for found in amounts}:
        text = f"the debit of that month is {amounts[0]['amount']}; correct the amount or leave it empty"
        reader.refuse("amount", "AMOUNT_MISMATCH", text)


async def _override_step(reader: RowReader, request: SetDebitDateOverride, work: UnitOfWork) -> Step:
    known = await work.fetch_one(
        select(debit_date_override).where(
            debit_date_override.c.organisation_id == work.organisation_id,
            debit_date_override.c.level == request.level,
            debit_date_override.c.scope_id == request.scope_id,
            debit_date_override.c.target_year == request.year,
            debit_date_override.c.target_month == request.month,
        )
    )
    after = {"debit_date": request.debit_date, "reason": request.reason}
    before = {name: known[name] for name in after} if known is not None else None
    identity = known["id"] if known is not None else None
    apply = request if before != after else None
    return Step(reader.row.number, "debit_date_override", identity, before, after, apply)


async def _forecasts(readers: list[RowReader], seen: Seen, work: UnitOfWork) -> ImportPlan:
    found = [(reader, rules.forecast_row(reader)) for reader in readers]
    company = ConfigurationLevel.COMPANY
    references = await load_references([(company, row.company_id, None) for _, row in found], work)
    lots = {row["code"] for row in await lots_of(work)}
    days = [row.date for _, row in found if row.date is not None]
    stored = {
        (row["date"], row["company_id"], row["lot_code"]): row
        for row in await work.fetch(
            select(volume_forecast).where(
                volume_forecast.c.organisation_id == work.organisation_id, among(volume_forecast.c.date, days)
            )
        )
    }
    plan = ImportPlan()
    for reader, row in found:
        references.scope(company, row.company_id, None, "company_id", reader)
        if row.lot is not None and row.lot not in lots:
            reader.refuse("lot", "INVALID_ENUM", f"lot is one of {', '.join(sorted(lots))}; correct it")
        _refuse_repeated(seen, (row.date, row.company_id, row.lot or "-"), reader)
        if not reader.errors:
            plan.steps.append(_forecast_step(reader, row, stored.get((row.date, row.company_id, row.lot))))
    return _sorted_out(plan, readers)


def _forecast_step(reader: RowReader, row: ForecastRow, known: Row | None) -> Step:
    after = {"source": ForecastSource.IMPORTED, "expected_count": row.count, "expected_amount": row.amount}
    before = {name: known[name] for name in after} if known is not None else None
    identity = known["id"] if known is not None else None
    return Step(reader.row.number, "volume_forecast", identity, before, after, row if before != after else None)
