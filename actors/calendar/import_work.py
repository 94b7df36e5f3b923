"""Large imports in the background: the file is looked through, and after its confirmation applied, block by block.

The import remembers the last row that was applied, in the transaction that applied it: a worker that dies leaves a block that
is done again, and a block done twice changes nothing.
"""

import asyncio
import base64
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from actors.calendar.audit import record_change
from actors.calendar.import_findings import BLOCK, ReadCsv, look_through, read_csv
from actors.calendar.import_steps import apply_steps
from actors.calendar.importing import plan_import
from actors.calendar.rows import changed_row
from actors.calendar.rules.csv_lives import CSV_IMPORT
from actors.calendar.rules.csv_text import FileRow
from messages.calendar.csv_files import (
    CONFIRM_WITHIN,
    IMPORT_NOT_FOUND,
    CsvImportOptions,
    CsvImportStatus,
    CsvImportType,
    DebitCalendarImportApplied,
)
from messages.documents import OpenContent
from messages.problem import Refused
from runtime.caller import system
from runtime.unit_of_work import Row, UnitOfWork, WorkItem
from runtime.work_queue import Outside
from storage.calendar.tables import csv_import
from storage.shared.outgoing import Outgoing

CHANGED_SINCE = "the data changed since the dry run; import the file again"


class CheckCsvImport(WorkItem):
    """Look through a file."""

    import_id: UUID


class ApplyCsvImport(WorkItem):
    """Apply the rows behind `after_row`; 0 before the first block."""

    import_id: UUID
    after_row: int


# -- the import's row --------------------------------------------------------------------------------------------


async def load_import(import_id: UUID, work: UnitOfWork, *, lock: bool = False) -> Row:
    """The import with its content, or CSV_IMPORT_NOT_FOUND."""
    own = csv_import.c
    wanted = select(csv_import).where(own.organisation_id == work.organisation_id, own.id == import_id)
    return await work.load(wanted.with_for_update() if lock else wanted, "import", code=IMPORT_NOT_FOUND, id=import_id)


async def change_import(row: Row, work: UnitOfWork, **changes: Any) -> dict[str, Any]:
    """Store changes of an import; its row as it is afterwards."""
    changed = {**changes, **changed_row(row["version"] + 1, work)}
    own = csv_import.c
    await work.execute(
        update(csv_import).where(own.organisation_id == work.organisation_id, own.id == row["id"]).values(**changed)
    )
    if "status" in changes:
        record_change(entity_of(row), row["id"], {"status": row["status"]}, {"status": changes["status"]}, work)
    return {**row, **changed}


async def finish_import(row: Row, work: UnitOfWork, **changes: Any) -> dict[str, Any]:
    """All rows are applied: the file goes, and the calendar says what changed."""
    status = CSV_IMPORT.after("apply", CsvImportStatus.CONFIRMED)
    after = await change_import(row, work, status=status, content=None, **changes)
    applied = DebitCalendarImportApplied(
        import_id=row["id"],
        type=CsvImportType(row["type"]),
        created=after["created_count"],
        updated=after["updated_count"],
        skipped=after["skipped_count"],
    )
    work.emit(applied, version=after["version"])
    return after


def entity_of(row: Row | dict[str, Any]) -> str:
    """How the audit trail names an import."""
    return f"import_{row['type'].lower()}"


# -- looking through ---------------------------------------------------------------------------------------------


async def check_import(item: CheckCsvImport, outside: Outside) -> dict[str, Any]:
    """Fetch the file part by part and look through it; nothing is changed here."""
    async with _reading(outside) as work:
        row = await load_import(item.import_id, work)
    data = row["content"] or await _fetched(row["document_id"], outside)
    file = await _parsed(row, data)
    findings = await look_through(CsvImportType(row["type"]), file.rows, partial(_reading, outside))
    return findings.columns(file, CsvImportOptions.model_validate(row["options"])) | {"content": data}


async def keep_findings(item: CheckCsvImport, found: dict[str, Any], work: UnitOfWork) -> None:
    """The import may be confirmed from now on, or says what is wrong."""
    row = await load_import(item.import_id, work, lock=True)
    trigger = "accept" if found["status"] is CsvImportStatus.VALIDATED else "reject"
    status = CSV_IMPORT.after(trigger, CsvImportStatus(row["status"]))
    await change_import(row, work, **found | {"status": status, "expires_at": work.now + CONFIRM_WITHIN})


async def _fetched(document_id: UUID, outside: Outside) -> bytes:
    data, offset = bytearray(), 0
    while True:
        part = await outside.ask(OpenContent(document_id=document_id, purpose="CALENDAR_IMPORT", offset=offset))
        data += base64.b64decode(part.content_base64)
        if part.next_offset is None:
            return bytes(data)
        offset = part.next_offset


# -- applying ----------------------------------------------------------------------------------------------------


async def next_rows(item: ApplyCsvImport, outside: Outside) -> Sequence[FileRow] | None:
    """The next good rows. Before the first of them everything is looked at again: None when it would do something else."""
    async with _reading(outside) as work:
        row = await load_import(item.import_id, work)
    if row["content"] is None:
        return ()
    file = await _parsed(row, row["content"])
    if item.after_row == 0:
        findings = await look_through(CsvImportType(row["type"]), file.rows, partial(_reading, outside))
        if findings.plan_sha256 != row["plan_sha256"]:
            return None
    bad = set(row["bad_rows"])
    return [found for found in file.rows if found.number > item.after_row and found.number not in bad][:BLOCK]


async def apply_rows(item: ApplyCsvImport, rows: Sequence[FileRow] | None, work: UnitOfWork) -> None:
    """Apply a block and order the next; a block that was applied already changes nothing."""
    row = await load_import(item.import_id, work, lock=True)
    if row["status"] != CsvImportStatus.CONFIRMED or row["applied_row"] != item.after_row:
        return
    if rows is None:
        await _fail(row, CHANGED_SINCE, work)
        return
    plan = await plan_import(CsvImportType(row["type"]), rows, {}, work)
    if plan.errors:
        await _fail(row, f"row {plan.errors[0].row}: {plan.errors[0].message}", work)
        return
    counts = await apply_steps(plan.steps, work)
    progress = {name: row[name] + count for name, count in counts.items()}
    if len(rows) < BLOCK:
        await finish_import(row, work, **progress)
    else:
        order_rows(await change_import(row, work, applied_row=rows[-1].number, **progress), work)


def order_rows(row: dict[str, Any], work: UnitOfWork) -> None:
    """Have the rows applied that come next."""
    item = ApplyCsvImport(import_id=row["id"], after_row=row["applied_row"])
    work.order(item, key=f"{row['id']}:{row['applied_row']}")


async def give_up(item: CheckCsvImport | ApplyCsvImport, error: Exception, work: UnitOfWork) -> None:
    """The attempts are used up, or the file is no CSV."""
    row = await load_import(item.import_id, work, lock=True)
    reason = error.detail if isinstance(error, Refused) and error.detail else "the file could not be read"
    await _fail(row, reason, work)


async def _fail(row: Row, reason: str, work: UnitOfWork) -> None:
    """The import says why it ended, and how far it came: a second import skips what is so already."""
    if row["applied_row"]:
        reason += f"; rows up to {row['applied_row']} are applied, import the corrected file again for the others"
    status = CSV_IMPORT.after("fail", CsvImportStatus(row["status"]))
    await change_import(row, work, status=status, failure=reason, content=None)


# -- steps -------------------------------------------------------------------------------------------------------


async def _parsed(row: Row, data: bytes) -> ReadCsv:
    options = CsvImportOptions.model_validate(row["options"])
    return await asyncio.to_thread(read_csv, CsvImportType(row["type"]), data, options)


@asynccontextmanager
async def _reading(outside: Outside) -> AsyncIterator[UnitOfWork]:
    """A unit of work that only reads."""
    heart, organisation_id = outside.heart, outside.organisation_id
    async with heart.database.transaction(organisation_id, read_only=True) as connection:
        yield heart.unit(connection, organisation_id, system("calendar"), outside.now, outside.cause, Outgoing())
