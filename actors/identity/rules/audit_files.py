"""How the audit trail is written down: one row per entry, each marked with the export that it left by."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import orjson

from messages.identity import AuditExportStatus
from messages.transitions import StateMachine
from messages.values.instants import format_instant

AUDIT_EXPORT: Final = StateMachine(
    "audit export",
    {
        ("ready", AuditExportStatus.REQUESTED): AuditExportStatus.READY,
        ("fail", AuditExportStatus.REQUESTED): AuditExportStatus.FAILED,
    },
)
MARK: Final = ("export_id", "exported_by", "exported_at")
_ENTRY: Final = (
    "id", "stream", "occurred_at", "actor", "action", "permission", "result", "error_code", "target_type", "target_id",
    "before", "after", "meta", "request_id", "correlation_id", "chain_ok",
)  # fmt: skip
_PROOF: Final = ("seq", "prev_hash", "entry_hash")
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def columns(*, proof: bool) -> tuple[str, ...]:
    """The columns of a file."""
    return (*_ENTRY, *(_PROOF if proof else ()), *MARK)


def heading(names: Sequence[str]) -> bytes:
    """The first line, after the byte order mark by which spreadsheets know UTF-8."""
    return "\ufeff".encode() + _written([names])


def lines(names: Sequence[str], entries: Iterable[Mapping[str, Any]], mark: Mapping[str, Any]) -> bytes:
    """One line per entry, each with the mark."""
    return _written([[_cell(mark[name] if name in mark else entry[name]) for name in names] for entry in entries])


def _cell(value: Any) -> str:
    """A value as text; what a spreadsheet would take for a formula begins with an apostrophe."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return format_instant(value)
    text = orjson.dumps(value).decode() if isinstance(value, dict | bool) else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _written(rows: Iterable[Sequence[str]]) -> bytes:
    file = io.StringIO(newline="")
    csv.writer(file, delimiter=";", lineterminator="\r\n").writerows(rows)
    return file.getvalue().encode()
