"""What a row of a file says: each cell is checked for itself, and a row keeps everything that is wrong with it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import TypeVar
from uuid import UUID

from actors.calendar.rules.csv_text import FileRow
from messages.calendar.csv_files import CsvImportType, CsvRowError
from messages.calendar.terms import (
    ConfigurationLevel,
    DebitDateMode,
    HolidayType,
    ShiftStrategy,
)

Choice = TypeVar("Choice", bound=StrEnum)

_CONFIGURATION = ("mode", "batch", "fixed_day", "shift_strategy", "holiday_zone_id", "zone_code", "cutoff_name")
COLUMNS: Mapping[CsvImportType, tuple[str, ...]] = {
    CsvImportType.COMPANY_CONFIG: ("company_id", *_CONFIGURATION),
    CsvImportType.CLIENT_CONFIG: ("client_id", "client_code", *_CONFIGURATION),
    CsvImportType.CONTRACT_CONFIG: ("contract_id", "contract_reference", *_CONFIGURATION),
    CsvImportType.DEBIT_CONFIG: ("level", "scope_id", *_CONFIGURATION),
    CsvImportType.HOLIDAYS: ("holiday_zone_id", "zone_code", "date", "name", "type", "is_recurring"),
    CsvImportType.DEBIT_DATES: (
        "contract_id", "contract_reference", "due_month", "debit_date", "amount", "currency", "note",
    ),
    CsvImportType.VOLUME_FORECAST: ("date", "company_id", "lot", "expected_count", "expected_amount", "currency"),
}  # fmt: skip
REQUIRED: Mapping[CsvImportType, tuple[str, ...]] = {
    CsvImportType.COMPANY_CONFIG: ("company_id", "mode"),
    CsvImportType.CLIENT_CONFIG: ("client_id", "mode"),
    CsvImportType.CONTRACT_CONFIG: ("contract_id", "mode"),
    CsvImportType.DEBIT_CONFIG: ("level", "scope_id", "mode"),
    CsvImportType.HOLIDAYS: ("zone_code", "date", "name"),
    CsvImportType.DEBIT_DATES: ("contract_id", "due_month", "debit_date"),
    CsvImportType.VOLUME_FORECAST: ("date", "company_id", "expected_count", "expected_amount"),
}
ALIASES = {"societe_id": "company_id", "contrat_id": "contract_id"}

_AMOUNT = re.compile(r"\d{1,12}([.,]\d{1,2})?")
_INTEGER = re.compile(r"\d{1,9}")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_YES, _NO = ("true", "1", "oui", "yes"), ("false", "0", "non", "no")
LONGEST_NAME = 100


@dataclass(slots=True)
class RowReader:
    """Reads the cells of one row and gathers what is wrong with them."""

    row: FileRow
    errors: list[CsvRowError] = field(default_factory=list)

    def refuse(self, column: str | None, code: str, message: str) -> None:
        """Note an error of the row."""
        value = self.row.cells.get(column) if column else None
        self.errors.append(CsvRowError(row=self.row.number, column=column, value=value, code=code, message=message))

    def text(self, column: str, *, required: bool = False, longest: int = LONGEST_NAME) -> str | None:
        """A text, None when the cell is empty."""
        found = self.row.cells.get(column)
        if found is None and required:
            self.refuse(column, "REQUIRED", f"{column} is empty; fill it in")
        if found is not None and len(found) > longest:
            self.refuse(column, "TOO_LONG", f"{column} has more than {longest} characters; shorten it")
            return None
        return found

    def identity(self, column: str) -> UUID | None:
        """An id."""
        found = self.row.cells.get(column)
        try:
            return UUID(found) if found is not None else None
        except ValueError:
            self.refuse(column, "INVALID_UUID", f"{column} is not an id; copy it from the record")
            return None

    def choice(self, column: str, kind: type[Choice], *, required: bool = False) -> Choice | None:
        """One of a closed set, in any case."""
        found = self.text(column, required=required)
        if found is None:
            return None
        if found.upper() not in {member.value for member in kind}:
            self.refuse(column, "INVALID_ENUM", f"{column} is one of {', '.join(kind)}; correct it")
            return None
        return kind(found.upper())

    def day(self, column: str) -> date | None:
        """A date that exists."""
        found = self.text(column, required=True)
        if found is None:
            return None
        try:
            if _DAY.fullmatch(found):
                return date.fromisoformat(found)
        except ValueError:
            pass
        self.refuse(column, "INVALID_DATE", f"{column} is not a day of the calendar as YYYY-MM-DD; correct it")
        return None

    def month(self, column: str) -> date | None:
        """The first day of a month."""
        found = self.text(column, required=True)
        if found is None:
            return None
        if re.fullmatch(r"20\d{2}-(0[1-9]|1[0-2])", found):
            return date.fromisoformat(f"{found}-01")
        self.refuse(column, "INVALID_DATE", f"{column} is not a month as YYYY-MM; correct it")
        return None

    def amount(self, column: str, *, required: bool = False) -> Decimal | None:
        """An amount with at most two decimals, behind a point or a comma."""
        found = self.text(column, required=required)
        if found is None:
            return None
        if not _AMOUNT.fullmatch(found):
            self.refuse(column, "INVALID_AMOUNT", f"{column} is an amount such as 29.90; correct it")
            return None
        return Decimal(found.replace(",", ".")).quantize(Decimal("0.01"))

    def count(self, column: str) -> int | None:
        """A number of debits."""
        found = self.text(column, required=True)
        if found is not None and not _INTEGER.fullmatch(found):
            self.refuse(column, "INVALID_AMOUNT", f"{column} is a whole number; correct it")
            return None
        return int(found) if found is not None else None

    def flag(self, column: str) -> bool:
        """Yes or no; no when empty."""
        found = (self.text(column) or "false").lower()
        if found not in (*_YES, *_NO):
            self.refuse(column, "INVALID_ENUM", f"{column} is true or false; correct it")
        return found in _YES

    def debit_day(self, mode: DebitDateMode | None) -> tuple[str | None, int | None]:
        """Lot and day of the month as the mode needs them; a day must be a plain number of 1 to 28."""
        lot, day = self.text("batch"), self.text("fixed_day")
        number = int(day) if day is not None and _INTEGER.fullmatch(day) else None
        if (day is not None or mode is DebitDateMode.FIXED_DAY) and (number is None or not 1 <= number <= 28):
            self.refuse("fixed_day", "FIXED_DAY_OUT_OF_RANGE", "fixed_day is a number of 1 to 28; correct it")
        if mode is DebitDateMode.BATCH and lot is None:
            self.refuse("batch", "BATCH_REQUIRED", "the mode BATCH needs a batch; name the lot")
        if mode is not None and mode is not DebitDateMode.BATCH and lot is not None:
            self.refuse("batch", "BATCH_REQUIRED", "batch belongs to the mode BATCH; clear it or change the mode")
        if mode is not None and mode is not DebitDateMode.FIXED_DAY and day is not None:
            self.refuse("fixed_day", "FIXED_DAY_OUT_OF_RANGE", "fixed_day belongs to the mode FIXED_DAY; clear it")
        return lot, number


def named(columns: Sequence[str], rows: Sequence[FileRow]) -> tuple[tuple[str, ...], tuple[FileRow, ...]]:
    """Columns and rows under the names of this language; the names of older files are understood."""
    renamed = tuple(
        FileRow(row.number, {ALIASES.get(name, name): cell for name, cell in row.cells.items()}) for row in rows
    )
    return tuple(ALIASES.get(name, name) for name in columns), renamed


def unknown_columns(type_: CsvImportType, columns: Sequence[str]) -> tuple[str, ...]:
    """Warnings: columns that are not read."""
    unknown = [name for name in columns if name and name not in COLUMNS[type_]]
    return tuple(f"column {name} is not read; remove it or correct its name" for name in unknown)


@dataclass(frozen=True, slots=True)
class ConfigurationRow:
    """A preference of one company, client or contract; fields that the file leaves empty stay as they are."""

    level: ConfigurationLevel | None
    scope_id: UUID | None
    scope_name: str | None
    mode: DebitDateMode | None
    lot_code: str | None
    fixed_day: int | None
    shift_strategy: ShiftStrategy | None
    zone_id: UUID | None
    zone_code: str | None
    cutoff_name: str | None


_SCOPES = {
    CsvImportType.COMPANY_CONFIG: (ConfigurationLevel.COMPANY, "company_id", None),
    CsvImportType.CLIENT_CONFIG: (ConfigurationLevel.CLIENT, "client_id", "client_code"),
    CsvImportType.CONTRACT_CONFIG: (ConfigurationLevel.CONTRACT, "contract_id", "contract_reference"),
}


def configuration_row(type_: CsvImportType, reader: RowReader) -> ConfigurationRow:
    """A row of the four files of preferences."""
    if type_ is CsvImportType.DEBIT_CONFIG:
        level, id_column, name_column = reader.choice("level", ConfigurationLevel, required=True), "scope_id", None
        if level in (ConfigurationLevel.SYSTEM, ConfigurationLevel.OVERRIDE):
            reader.refuse("level", "INVALID_ENUM", "level is COMPANY, CLIENT or CONTRACT; correct it")
    else:
        level, id_column, name_column = _SCOPES[type_]
    scope_id, scope_name = reader.identity(id_column), reader.text(name_column) if name_column else None
    if not reader.row.cells.keys() & {id_column, name_column}:
        reader.refuse(id_column, "REQUIRED", f"{id_column} is empty; fill it in")
    mode = reader.choice("mode", DebitDateMode, required=True)
    lot, day = reader.debit_day(mode)
    return ConfigurationRow(
        level=level,
        scope_id=scope_id,
        scope_name=scope_name,
        mode=mode,
        lot_code=lot,
        fixed_day=day,
        shift_strategy=reader.choice("shift_strategy", ShiftStrategy),
        zone_id=reader.identity("holiday_zone_id"),
        zone_code=reader.text("zone_code"),
        cutoff_name=reader.text("cutoff_name"),
    )


@dataclass(frozen=True, slots=True)
class HolidayRow:
    """A closed day of a zone."""

    zone_id: UUID | None
    zone_code: str | None
    date: date | None
    name: str | None
    holiday_type: HolidayType
    is_recurring: bool


def holiday_row(reader: RowReader) -> HolidayRow:
    """A row of a file of closed days."""
    if not reader.row.cells.keys() & {"holiday_zone_id", "zone_code"}:
        reader.refuse("zone_code", "REQUIRED", "holiday_zone_id and zone_code are empty; fill one in")
    return HolidayRow(
        zone_id=reader.identity("holiday_zone_id"),
        zone_code=reader.text("zone_code"),
        date=reader.day("date"),
        name=reader.text("name", required=True),
        holiday_type=reader.choice("type", HolidayType) or HolidayType.PUBLIC,
        is_recurring=reader.flag("is_recurring"),
    )


@dataclass(frozen=True, slots=True)
class DebitDateRow:
    """The date of one month of a contract."""

    contract_id: UUID | None
    reference: str | None
    month: date | None
    debit_date: date | None
    amount: Decimal | None
    note: str | None


def debit_date_row(reader: RowReader) -> DebitDateRow:
    """A row of a file of chosen dates."""
    if not reader.row.cells.keys() & {"contract_id", "contract_reference"}:
        reader.refuse("contract_id", "REQUIRED", "contract_id and contract_reference are empty; fill one in")
    return DebitDateRow(
        contract_id=reader.identity("contract_id"),
        reference=reader.text("contract_reference"),
        month=reader.month("due_month"),
        debit_date=reader.day("debit_date"),
        amount=reader.amount("amount"),
        note=reader.text("note", longest=255),
    )


@dataclass(frozen=True, slots=True)
class ForecastRow:
    """What is expected of a day, a company and a lot."""

    date: date | None
    company_id: UUID | None
    lot: str | None
    count: int | None
    amount: Decimal | None


def forecast_row(reader: RowReader) -> ForecastRow:
    """A row of a file of expected volumes."""
    reader.text("company_id", required=True)
    if (reader.text("currency") or "EUR").upper() != "EUR":
        reader.refuse("currency", "INVALID_ENUM", "the forecast is in EUR; convert the amount")
    return ForecastRow(
        date=reader.day("date"),
        company_id=reader.identity("company_id"),
        lot=reader.text("lot"),
        count=reader.count("expected_count"),
        amount=reader.amount("expected_amount", required=True),
    )
