"""How a list of clients is written down: cells that a spreadsheet neither calculates nor splits."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import orjson

from messages.clients import ExportColumn, ExportStatus
from messages.transitions import StateMachine
from messages.values.instants import format_instant

EXPORT: Final = StateMachine(
    "export",
    {
        ("done", ExportStatus.PENDING): ExportStatus.DONE,
        ("fail", ExportStatus.PENDING): ExportStatus.FAILED,
    },
)
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def heading(columns: Sequence[ExportColumn]) -> bytes:
    """The first line, after the byte order mark by which spreadsheets know UTF-8."""
    return "\ufeff".encode() + written([[column.value for column in columns]])


def objects(columns: Sequence[ExportColumn], rows: Iterable[Mapping[str, Any]]) -> bytes:
    """One JSON object per row and line, its keys in the order of the columns; nothing is escaped for spreadsheets."""
    return b"".join(
        orjson.dumps(
            {column.value: _plain(row.get(column.value)) for column in columns}, option=orjson.OPT_APPEND_NEWLINE
        )
        for row in rows
    )


def _plain(value: Any) -> Any:
    return format_instant(value) if isinstance(value, datetime) else value


def lines(columns: Sequence[ExportColumn], rows: Iterable[Mapping[str, Any]]) -> bytes:
    """One line per row."""
    return written([[cell(row.get(column.value)) for column in columns] for row in rows])


def cell(value: Any) -> str:
    """A value as text; what a spreadsheet would take for a formula begins with an apostrophe."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return format_instant(value)
    text = ",".join(value) if isinstance(value, list | tuple) else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def written(rows: Iterable[Sequence[str]]) -> bytes:
    """Records of RFC 4180 with semicolons."""
    file = io.StringIO(newline="")
    csv.writer(file, delimiter=";", lineterminator="\r\n").writerows(rows)
    return file.getvalue().encode()
