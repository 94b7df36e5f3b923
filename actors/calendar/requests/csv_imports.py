"""Requests about files that are read in: first looked at, then applied; large ones in the background."""

import asyncio
import base64
import binascii
from contextlib import nullcontext
from typing import Any

from sqlalchemy import select

from actors.calendar.import_findings import look_through, read_csv
from actors.calendar.import_steps import apply_steps
from actors.calendar.import_work import (
    CHANGED_SINCE,
    CheckCsvImport,
    change_import,
    entity_of,
    finish_import,
    load_import,
    order_rows,
)
from actors.calendar.importing import plan_import
from actors.calendar.rows import new_row
from actors.calendar.rules import csv_rows
from actors.calendar.rules.csv_lives import CSV_IMPORT
from messages.calendar.csv_files import (
    ALREADY_APPLIED,
    CONFIRM_WITHIN,
    CONFLICT_SINCE_PREVIEW,
    DRY_RUN_REQUIRED,
    FILE_TOO_LARGE,
    IMPORT_EXPIRED,
    IMPORT_HAS_ERRORS,
    IMPORT_NOT_FOUND,
    MOST_BYTES,
    NOT_CSV,
    ConfirmCsvImport,
    CsvImport,
    CsvImportOptions,
    CsvImportPage,
    CsvImportStatus,
    CsvImportSummary,
    CsvImportType,
    CsvTemplate,
    GetCsvImport,
    GetCsvTemplate,
    ImportCsv,
    ListCsvImports,
)
from messages.documents import OpenContent
from messages.problem import Refused
from messages.values.identifiers import new_id
from runtime.pagination import page
from runtime.unit_of_work import Row, UnitOfWork
from storage.calendar.tables import csv_import

_ROWS_AT_ONCE = 1000
_SHOWN = [column for column in csv_import.c if column.key not in ("content", "bad_rows")]


async def import_csv(request: ImportCsv, work: UnitOfWork) -> CsvImport:
    """Look at the file, or have it looked at; nothing but the finding is stored."""
    if not request.dry_run:
        raise Refused.field("dry_run", "true", "send dry_run=true, then confirm_csv_import", DRY_RUN_REQUIRED)
    row = _new_import(request, work)
    data, sha256 = await _content(request, work)
    if data is None:
        row |= {"sha256": sha256}
    else:
        file = await asyncio.to_thread(read_csv, request.type, data, request.options)
        row |= {"content": data, "sha256": file.sha256}
        if len(file.rows) <= _ROWS_AT_ONCE:
            findings = await look_through(request.type, file.rows, lambda: nullcontext(work))
            row |= findings.columns(file, request.options)
    if row["status"] is CsvImportStatus.READING:
        work.order(CheckCsvImport(import_id=row["id"]), key=str(row["id"]))
    await work.insert(csv_import, **row)
    shown = {"status": row["status"], "sha256": row["sha256"], "rows": row["rows_total"]}
    work.record(entity_of(row), row["id"], after=shown)
    return _import_of(row)


async def confirm_csv_import(request: ConfirmCsvImport, work: UnitOfWork) -> CsvImport:
    """Look at the file again, and apply it only if it still does what was shown."""
    row = await load_import(request.import_id, work, lock=True)
    status = _confirmed(row, work)
    confirmed = {"confirmed_by": work.caller.principal}
    if row["rows_total"] > _ROWS_AT_ONCE:
        counters = dict.fromkeys(("created_count", "updated_count", "skipped_count", "applied_row"), 0)
        after = await change_import(row, work, status=status, **confirmed, **counters)
        order_rows(after, work)
        return _import_of(after)
    type_, options = CsvImportType(row["type"]), CsvImportOptions.model_validate(row["options"])
    file = read_csv(type_, row["content"], options)
    findings = await look_through(type_, file.rows, lambda: nullcontext(work))
    if findings.plan_sha256 != row["plan_sha256"]:
        raise Refused(CONFLICT_SINCE_PREVIEW, CHANGED_SINCE)
    bad = set(findings.bad_rows)
    plan = await plan_import(type_, [found for found in file.rows if found.number not in bad], {}, work)
    return _import_of(await finish_import(row, work, **confirmed, **await apply_steps(plan.steps, work)))


async def get_csv_import(request: GetCsvImport, work: UnitOfWork) -> CsvImport:
    """One import."""
    wanted = _own(work).where(csv_import.c.id == request.import_id)
    return _import_of(await work.load(wanted, "import", code=IMPORT_NOT_FOUND))


async def list_csv_imports(request: ListCsvImports, work: UnitOfWork) -> CsvImportPage:
    """A page of imports, newest first."""
    statement = _own(work)
    if request.type is not None:
        statement = statement.where(csv_import.c.type == request.type)
    order = (csv_import.c.created_at, csv_import.c.id)
    return await page(work, request, statement, order=order, descending=True, reply=CsvImportPage, item=_summary_of)


async def get_csv_template(request: GetCsvTemplate, work: UnitOfWork) -> CsvTemplate:
    """The header of a file of that type."""
    header = ";".join(csv_rows.COLUMNS[request.type])
    return CsvTemplate(type=request.type, header=header, required=csv_rows.REQUIRED[request.type])


# -- steps of the handlers ---------------------------------------------------------------------------------------


def _new_import(request: ImportCsv, work: UnitOfWork) -> dict[str, Any]:
    """An import whose file is not read yet."""
    return {
        **new_row(new_id(), work),
        "type": request.type,
        "filename": request.filename,
        "document_id": request.document_id,
        "status": CsvImportStatus.READING,
        "options": request.options.model_dump(mode="json"),
        "content": None,
        "plan_sha256": "",
        "expires_at": work.now + CONFIRM_WITHIN,
        **dict.fromkeys(("rows_total", "rows_valid", "rows_error"), 0),
        **{name: [] for name in ("bad_rows", "warnings", "errors", "preview")},
        **dict.fromkeys(("confirmed_by", "created_count", "updated_count", "skipped_count", "applied_row", "failure")),
    }


async def _content(request: ImportCsv, work: UnitOfWork) -> tuple[bytes | None, str]:
    """The bytes, None when a document has more than one part of them; and the hash that documents knows."""
    if request.content_base64 is not None:
        try:
            return base64.b64decode(request.content_base64, validate=True), ""
        except binascii.Error:
            raise Refused.field(
                "content_base64", "base64", "content_base64 is not base64; encode it", NOT_CSV
            ) from None
    assert request.document_id is not None
    part = await work.ask(OpenContent(document_id=request.document_id, purpose="CALENDAR_IMPORT"))
    if part.size > MOST_BYTES:
        raise Refused(FILE_TOO_LARGE, f"the file has {part.size} bytes, the limit is {MOST_BYTES}; split it")
    return base64.b64decode(part.content_base64) if part.next_offset is None else None, part.sha256


def _confirmed(row: Row, work: UnitOfWork) -> CsvImportStatus:
    """The status after the confirmation, or why there is none."""
    status = CsvImportStatus(row["status"])
    if status in (CsvImportStatus.CONFIRMED, CsvImportStatus.APPLIED):
        raise Refused(ALREADY_APPLIED, "the import was confirmed already; import another file")
    if status is CsvImportStatus.EXPIRED or row["expires_at"] <= work.now:
        raise Refused(IMPORT_EXPIRED, "the dry run is older than 24 hours; import the file again")
    if status is CsvImportStatus.INVALID:
        text = f"{row['rows_error']} rows have errors; correct the file, or import it with on_error SKIP_INVALID"
        raise Refused(IMPORT_HAS_ERRORS, text)
    return CSV_IMPORT.after("confirm", status)


def _own(work: UnitOfWork) -> Any:
    return select(*_SHOWN).where(csv_import.c.organisation_id == work.organisation_id)


def _import_of(row: Row) -> CsvImport:
    return CsvImport.model_validate({**row, "import_id": row["id"], "success": row["rows_error"] == 0})


def _summary_of(row: Row) -> CsvImportSummary:
    return CsvImportSummary.model_validate({**row, "import_id": row["id"]})
