"""Large files in the background: pages are read and sent to documents part by part; memory holds one page.

An attempt that dies leaves an upload that documents drops; the source key lets two attempts end in one document.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from actors.calendar.export_pages import HEADERS, Place, Wanted, page_of
from actors.calendar.rows import changed_row
from actors.calendar.rules.csv_lives import CSV_EXPORT
from actors.calendar.rules.csv_text import write_file, write_rows
from messages.calendar.csv_files import EXPORT_NOT_FOUND, CsvExportStatus
from messages.documents import BeginUpload, DocumentOrigin, DocumentType
from messages.problem import Refused
from messages.shared import Ref
from runtime.caller import system
from runtime.file_transfer import send_file
from runtime.unit_of_work import Row, UnitOfWork, WorkItem
from runtime.work_queue import Outside
from storage.calendar.tables import csv_export
from storage.shared.outgoing import Outgoing


class WriteCalendarExport(WorkItem):
    """Write the file of an export and have documents keep it."""

    export_id: UUID


@dataclass(frozen=True, slots=True)
class Written:
    """The stored file."""

    document_id: UUID
    sha256: str
    rows: int


async def write_export(item: WriteCalendarExport, outside: Outside) -> Written:
    """Read, write and store; nothing is changed here."""
    async with _reading(outside) as work:
        row = await load_export(item.export_id, work)
    wanted, count = Wanted.model_validate(row["wanted"]), 0

    async def content() -> AsyncIterator[bytes]:
        nonlocal count
        yield write_file(HEADERS[wanted.type], ())
        place: Place | None = None
        while True:
            async with _reading(outside) as work:
                rows, place = await page_of(wanted, place, work)
            count += len(rows)
            yield await asyncio.to_thread(write_rows, rows)
            if place is None:
                return

    stored = await send_file(
        outside.ask,
        BeginUpload(type=DocumentType.REPORT_EXPORT, filename=wanted.filename, declared_mime="text/csv"),
        content(),
        title=wanted.filename,
        origin=DocumentOrigin.SYSTEM,
        reference=Ref(type="calendar_export", id=item.export_id),
        source_key=f"calendar_export:{item.export_id}",
    )
    return Written(stored.document.id, stored.document.sha256, count)


async def keep_export(item: WriteCalendarExport, written: Written, work: UnitOfWork) -> None:
    """Note the stored file."""
    row = await load_export(item.export_id, work, lock=True)
    status = CSV_EXPORT.after("done", CsvExportStatus(row["status"]))
    found = {"document_id": written.document_id, "sha256": written.sha256, "row_count": written.rows}
    await _change(row, work, status=status, **found)


async def give_up_export(item: WriteCalendarExport, error: Exception, work: UnitOfWork) -> None:
    """The file could not be written: the export says why."""
    row = await load_export(item.export_id, work, lock=True)
    reason = error.detail if isinstance(error, Refused) and error.detail else "the file could not be written"
    await _change(row, work, status=CSV_EXPORT.after("fail", CsvExportStatus(row["status"])), failure=reason)


async def load_export(export_id: UUID, work: UnitOfWork, *, lock: bool = False) -> Row:
    """The export, or CSV_EXPORT_NOT_FOUND."""
    wanted = select(csv_export).where(
        csv_export.c.organisation_id == work.organisation_id, csv_export.c.id == export_id
    )
    return await work.load(wanted.with_for_update() if lock else wanted, "export", code=EXPORT_NOT_FOUND, id=export_id)


# -- steps -------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def _reading(outside: Outside) -> AsyncIterator[UnitOfWork]:
    """A unit of work that only reads."""
    heart, organisation_id = outside.heart, outside.organisation_id
    async with heart.database.transaction(organisation_id, read_only=True) as connection:
        yield heart.unit(connection, organisation_id, system("calendar"), outside.now, outside.cause, Outgoing())


async def _change(row: Row, work: UnitOfWork, **changes: Any) -> None:
    await work.execute(
        update(csv_export)
        .where(csv_export.c.organisation_id == work.organisation_id, csv_export.c.id == row["id"])
        .values(**changes, **changed_row(row["version"] + 1, work))
    )
    work.record("csv_export", row["id"], before={"status": row["status"]}, after={"status": changes["status"]})
