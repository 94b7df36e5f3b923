"""Requests about files that are written."""

import base64
from typing import Any

from actors.calendar.export_pages import HEADERS, Place, Wanted, page_of
from actors.calendar.exporting import WriteCalendarExport, load_export
from actors.calendar.rows import new_row
from actors.calendar.rules.csv_text import write_file
from messages.calendar.csv_files import (
    EXPORT_NOT_FOUND,
    INLINE_BYTES,
    CsvExportStatus,
    ExportCalendarCsv,
    ExportedCsv,
    GetCalendarExport,
)
from messages.problem import Refused
from messages.values.identifiers import new_id
from runtime.unit_of_work import Row, UnitOfWork
from storage.calendar.tables import csv_export

_MOST_ROWS = 5000


async def export_calendar_csv(request: ExportCalendarCsv, work: UnitOfWork) -> ExportedCsv:
    """The file itself if it fits into a reply; otherwise it is ordered, and documents will keep it."""
    wanted = _wanted(request, work)
    rows: list[list[str]] = []
    place: Place | None = None
    while True:
        found, place = await page_of(wanted, place, work)
        rows += found
        if place is None or len(rows) > _MOST_ROWS:
            break
    if place is None:
        content = write_file(HEADERS[wanted.type], rows)
        if len(content) <= INLINE_BYTES:
            work.record("csv_export", None, after={"file": wanted.filename, "rows": len(rows)})
            encoded = base64.b64encode(content).decode()
            return ExportedCsv(filename=wanted.filename, content_base64=encoded, row_count=len(rows))
    return await _ordered(wanted, work)


async def get_calendar_export(request: GetCalendarExport, work: UnitOfWork) -> ExportedCsv:
    """How far a large file is; somebody who sees only some companies asks for his own files."""
    row = await load_export(request.export_id, work)
    if work.caller.company_ids is not None and row["created_by"] != work.caller.principal:
        raise Refused(EXPORT_NOT_FOUND, f"export {request.export_id} does not exist; check the id")
    return _shown(row)


# -- steps of the handlers ---------------------------------------------------------------------------------------


def _wanted(request: ExportCalendarCsv, work: UnitOfWork) -> Wanted:
    """What was asked for, inside the companies that the caller sees."""
    allowed = work.caller.company_ids
    asked = request.company_ids or None
    companies = asked if allowed is None else tuple(sorted(allowed.intersection(asked) if asked else allowed))
    return Wanted(
        type=request.type,
        start_date=request.start_date,
        end_date=request.end_date,
        company_ids=companies,
        lots=request.lots,
    )


async def _ordered(wanted: Wanted, work: UnitOfWork) -> ExportedCsv:
    row: dict[str, Any] = {
        **new_row(new_id(), work),
        "status": CsvExportStatus.PENDING,
        "wanted": wanted.model_dump(mode="json"),
        **dict.fromkeys(("row_count", "document_id", "sha256", "failure")),
    }
    await work.insert(csv_export, **row)
    work.record("csv_export", row["id"], after={"file": wanted.filename, "status": row["status"]})
    work.order(WriteCalendarExport(export_id=row["id"]), key=str(row["id"]))
    return _shown(row)


def _shown(row: Row) -> ExportedCsv:
    filename = Wanted.model_validate(row["wanted"]).filename
    return ExportedCsv.model_validate({**row, "export_id": row["id"], "filename": filename})
