"""CSV as spreadsheets write it: rows with their numbers, and cells that no spreadsheet runs as a formula."""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from messages.problem import Refused
from messages.products.files import CSV_INVALID, MOST_ROWS, FileRowError

_DELIMITERS = (";", ",", "\t")
_FORMULA = ("=", "+", "-", "@", "\t")
_NUMBER = re.compile(r"\d{1,12}([.,]\d{1,6})?")


@dataclass(slots=True)
class FileRow:
    """A row: its number (the header is 1), its filled cells by column, and what is wrong with it."""

    number: int
    cells: Mapping[str, str]
    errors: list[FileRowError] = field(default_factory=list)

    def refuse(self, column: str | None, code: str, message: str) -> None:
        """Note what is wrong."""
        self.errors.append(FileRowError(row=self.number, column=column, code=code, message=message))

    def text(self, column: str, *, required: bool = False) -> str | None:
        """A cell, None when it is empty."""
        found = self.cells.get(column)
        if found is None and required:
            self.refuse(column, "REQUIRED", f"{column} is empty; fill it in")
        return found

    def number_in(self, column: str) -> Decimal | None:
        """A number of at most six decimals, behind a point or a comma."""
        found = self.cells.get(column)
        if found is None:
            return None
        if not _NUMBER.fullmatch(found):
            self.refuse(column, "NUMBER_INVALID", f"{column} is a number such as 29.90; correct it")
            return None
        return Decimal(found.replace(",", "."))


def read_rows(data: bytes, required: Sequence[str]) -> list[FileRow]:
    """The rows of a file whose header names at least the required columns."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252", errors="replace")
    header = text.partition("\n")[0]
    delimiter = max(_DELIMITERS, key=header.count)
    try:
        records = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise Refused(CSV_INVALID, f"the file cannot be read as CSV: {error}; save it again") from None
    columns = [cell.strip().lower() for cell in records[0]] if records else []
    missing = [name for name in required if name not in columns]
    if missing:
        raise Refused(CSV_INVALID, f"row 1 names no column {', '.join(missing)}; add it")
    rows = [
        FileRow(number, {name: cell.strip() for name, cell in zip(columns, record, strict=False) if cell.strip()})
        for number, record in enumerate(records[1:], 2)
        if any(cell.strip() for cell in record)
    ]
    if len(rows) > MOST_ROWS:
        raise Refused(CSV_INVALID, f"the file has {len(rows)} rows, the limit is {MOST_ROWS}; split it")
    return rows


def write_rows(header: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """UTF-8 with BOM and semicolons; a cell that a spreadsheet would take for a formula is prefixed."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows([[f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in row] for row in rows])
    return ("\ufeff" + text.getvalue()).encode()
