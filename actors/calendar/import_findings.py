"""What a file would do, looked through block by block: no transaction is longer than a block."""

import hashlib
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from actors.calendar.importing import ImportPlan, Step, plan_import
from actors.calendar.rules import csv_rows
from actors.calendar.rules.csv_lives import status_of
from actors.calendar.rules.csv_text import FileRow, read_file
from messages.calendar.csv_files import CsvImportOptions, CsvImportType
from runtime.unit_of_work import UnitOfWork

BLOCK: Final = 500
"""Rows of one transaction."""
_SHOWN_ROWS = 200
_SHOWN_ERRORS = 1000


@dataclass(frozen=True, slots=True)
class ReadCsv:
    """The rows of a file under the names of this language, and warnings about its columns."""

    sha256: str
    rows: Sequence[FileRow]
    warnings: tuple[str, ...]


def read_csv(type_: CsvImportType, data: bytes, options: CsvImportOptions) -> ReadCsv:
    """Read the bytes; NOT_CSV when they are none, or hold too many rows."""
    file = read_file(data, options)
    columns, rows = csv_rows.named(file.columns, file.rows)
    return ReadCsv(hashlib.sha256(data).hexdigest(), rows, csv_rows.unknown_columns(type_, columns))


@dataclass(slots=True)
class Findings:
    """Counts of all rows, the first errors and the first good rows."""

    valid: int = 0
    bad_rows: list[int] = field(default_factory=list)
    errors: list[dict[str, Any]] = field(default_factory=list)
    preview: list[dict[str, Any]] = field(default_factory=list)
    _facts: Any = field(default_factory=hashlib.sha256)

    @property
    def plan_sha256(self) -> str:
        """Differs as soon as a row would do something else than before."""
        found: str = self._facts.hexdigest()
        return found

    def add(self, plan: ImportPlan) -> None:
        """Take in what the rows of a block would do."""
        self.valid += len(plan.steps)
        self.bad_rows += sorted({error.row for error in plan.errors})
        shown = plan.errors[: _SHOWN_ERRORS - len(self.errors)]
        self.errors += [error.model_dump(mode="json") for error in shown]
        self.preview += [_shown(step) for step in plan.steps[: _SHOWN_ROWS - len(self.preview)]]
        facts = [(step.row, step.action, step.entity_id, step.before, step.after) for step in plan.steps]
        self._facts.update(orjson.dumps([facts, len(plan.errors)], default=str))

    def columns(self, file: ReadCsv, options: CsvImportOptions) -> dict[str, Any]:
        """The findings as columns of the import's row."""
        return {
            "sha256": file.sha256,
            "status": status_of(self.valid, len(self.bad_rows), options.on_error),
            "rows_total": len(file.rows),
            "rows_valid": self.valid,
            "rows_error": len(self.bad_rows),
            "bad_rows": self.bad_rows,
            "warnings": list(file.warnings),
            "errors": self.errors,
            "preview": self.preview,
            "plan_sha256": self.plan_sha256,
        }


async def look_through(
    type_: CsvImportType, rows: Sequence[FileRow], reading: Callable[[], AbstractAsyncContextManager[UnitOfWork]]
) -> Findings:
    """Check every row against the others and against what is stored; `reading` opens a unit of work for each block."""
    findings, seen = Findings(), dict[tuple[Any, ...], int]()
    for start in range(0, len(rows), BLOCK):
        async with reading() as work:
            findings.add(await plan_import(type_, rows[start : start + BLOCK], seen, work))
    return findings


def _shown(step: Step) -> dict[str, Any]:
    data = {name: None if value is None else str(value) for name, value in step.after.items()}
    return {
        "row": step.row,
        "action": step.action,
        "entity_type": step.entity_type,
        "entity_id": str(step.entity_id) if step.entity_id else None,
        "data": data,
        "change_summary": step.summary,
    }
