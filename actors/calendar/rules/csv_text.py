"""CSV as people's spreadsheets write it: decoding, delimiter, rows; and cells that no spreadsheet runs as a formula."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from messages.calendar.csv_files import MOST_ROWS, NOT_CSV, CsvImportOptions
from messages.problem import Refused

BOM = "\ufeff"
_DELIMITERS = (";", ",", "\t")
_FORMULA = ("=", "+", "-", "@", "\t")


@dataclass(frozen=True, slots=True)
class FileRow:
    """A row with its number in the file (the header is row 1, blank lines count) and its filled cells by column."""

    number: int
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class CsvFile:
    """The columns in lower case, and the rows."""

    columns: tuple[str, ...]
    rows: tuple[FileRow, ...]


def read_file(data: bytes, options: CsvImportOptions) -> CsvFile:
    """The rows of a file; NOT_CSV when there is no header or a quote is never closed."""
    text = _decoded(data, options.encoding)
    delimiter = options.delimiter or _delimiter_of(text)
    try:
        records = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise Refused(NOT_CSV, f"the file cannot be read as CSV: {error}; save it again as CSV") from None
    if not records or not any(cell.strip() for cell in records[0]):
        raise Refused(NOT_CSV, "row 1 holds the names of the columns; add it")
    columns = tuple(cell.strip().lower() for cell in records[0])
    rows = tuple(
        FileRow(number, {name: cell.strip() for name, cell in zip(columns, record, strict=False) if cell.strip()})
        for number, record in enumerate(records[1:], 2)
        if any(cell.strip() for cell in record)
    )
    if len(rows) > MOST_ROWS:
        raise Refused(NOT_CSV, f"the file has {len(rows)} rows, the limit is {MOST_ROWS}; split it")
    return CsvFile(columns, rows)


def write_file(header: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """UTF-8 with BOM and semicolons; a cell that a spreadsheet would take for a formula is prefixed."""
    return BOM.encode() + write_rows([header]) + write_rows(rows)


def write_rows(rows: Iterable[Sequence[str]]) -> bytes:
    """The lines of rows, for a file that is written in parts."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    for row in rows:
        writer.writerow([f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in row])
    return text.getvalue().encode()


def _decoded(data: bytes, encoding: str | None) -> str:
    if b"\x00" in data:
        raise Refused(NOT_CSV, "the file holds binary data; save it as CSV")
    if encoding != "cp1252":
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError:
            if encoding == "utf-8":
                raise Refused(NOT_CSV, "the file is not UTF-8; leave encoding out to have it detected") from None
    return data.decode("cp1252", errors="replace")


def _delimiter_of(text: str) -> str:
    header = text.lstrip(BOM).partition("\n")[0]
    return max(_DELIMITERS, key=header.count)
