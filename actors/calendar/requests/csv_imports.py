"""Requests about files that are read in: first looked at, then applied in one transaction."""

import base64
import binascii
import hashlib
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from actors.calendar.audit import record_change
from actors.calendar.importing import ImportPlan, Step, plan_import
from actors.calendar.requests.configurations import create_debit_configuration, update_debit_configuration
from actors.calendar.requests.holidays import create_holiday, update_holiday
from actors.calendar.requests.overrides import set_debit_date_override
from actors.calendar.rows import changed_row, new_row
from actors.calendar.rules import csv_rows
from actors.calendar.rules.csv_lives import CSV_IMPORT, status_of
from actors.calendar.rules.csv_rows import ForecastRow
from actors.calendar.rules.csv_text import read_file
from messages.calendar.configurations import CreateDebitConfiguration, UpdateDebitConfiguration
from messages.calendar.csv_files import (
    ALREADY_APPLIED,
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
    DebitCalendarImportApplied,
    GetCsvImport,
    GetCsvTemplate,
    ImportCsv,
    ListCsvImports,
    RowAction,
)
from messages.calendar.dates import CreateHoliday, UpdateHoliday
from messages.calendar.forecast import ForecastSource
from messages.calendar.overrides import SetDebitDateOverride
from messages.documents import OpenContent
from messages.problem import Refused
from messages.values.identifiers import derived_id, new_id
from runtime.pagination import page
from runtime.unit_of_work import Row, UnitOfWork
from storage.calendar.tables import csv_import, volume_forecast

_SHOWN_ROWS = 200
_SHOWN_ERRORS = 1000
_CONFIRM_WITHIN = timedelta(hours=24)


async def import_csv(request: ImportCsv, work: UnitOfWork) -> CsvImport:
    """Look at the file; nothing but the finding is stored."""
    if not request.dry_run:
        raise Refused.field("dry_run", "true", "send dry_run=true, then confirm_csv_import", DRY_RUN_REQUIRED)
    data = await _content(request, work)
    plan, total, warnings = await _planned(request.type, data, request.options, work)
    bad = {error.row for error in plan.errors}
    row: dict[str, Any] = {
        **new_row(new_id(), work),
        "type": request.type,
        "filename": request.filename,
        "document_id": request.document_id,
        "sha256": hashlib.sha256(data).hexdigest(),
        "status": status_of(len(plan.steps), len(bad), request.options.on_error),
        "options": request.options.model_dump(mode="json"),
        "rows_total": total,
        "rows_valid": len(plan.steps),
        "rows_error": len(bad),
        "warnings": list(warnings),
        "errors": [error.model_dump(mode="json") for error in plan.errors[:_SHOWN_ERRORS]],
        "preview": [_shown(step) for step in plan.steps[:_SHOWN_ROWS]],
        "plan_sha256": plan.sha256,
        "content": data,
        "expires_at": work.now + _CONFIRM_WITHIN,
        "confirmed_by": None,
        **dict.fromkeys(("created_count", "updated_count", "skipped_count")),
    }
    await work.insert(csv_import, **row)
    work.record(_entity(row), row["id"], after={"status": row["status"], "sha256": row["sha256"], "rows": total})
    return _import_of(row)


async def confirm_csv_import(request: ConfirmCsvImport, work: UnitOfWork) -> CsvImport:
    """Look at the file again, and apply it only if it still does what was shown."""
    row = await work.load(_by_id(request.import_id, work).with_for_update(), "import", code=IMPORT_NOT_FOUND)
    status = _confirmed(row, work)
    options = CsvImportOptions.model_validate(row["options"])
    plan, _, _ = await _planned(CsvImportType(row["type"]), row["content"], options, work)
    if plan.sha256 != row["plan_sha256"]:
        raise Refused(CONFLICT_SINCE_PREVIEW, "the data changed since the dry run; import the file again")
    for step in plan.steps:
        await _apply(step, work)
    counts = {action: sum(step.action is action for step in plan.steps) for action in RowAction}
    changed = {
        "status": status,
        "content": None,
        "confirmed_by": work.caller.principal,
        "created_count": counts[RowAction.CREATE],
        "updated_count": counts[RowAction.UPDATE],
        "skipped_count": counts[RowAction.SKIP],
        **changed_row(row["version"] + 1, work),
    }
    await work.execute(update(csv_import).where(csv_import.c.id == row["id"]).values(**changed))
    after = {**row, **changed}
    applied = DebitCalendarImportApplied(
        import_id=row["id"],
        type=CsvImportType(row["type"]),
        created=after["created_count"],
        updated=after["updated_count"],
        skipped=after["skipped_count"],
    )
    work.emit(applied, version=after["version"])
    record_change(_entity(row), row["id"], {"status": row["status"]}, {"status": status}, work)
    return _import_of(after)


async def get_csv_import(request: GetCsvImport, work: UnitOfWork) -> CsvImport:
    """One import."""
    return _import_of(await work.load(_by_id(request.import_id, work), "import", code=IMPORT_NOT_FOUND))


async def list_csv_imports(request: ListCsvImports, work: UnitOfWork) -> CsvImportPage:
    """A page of imports, newest first."""
    statement = select(csv_import).where(csv_import.c.organisation_id == work.organisation_id)
    if request.type is not None:
        statement = statement.where(csv_import.c.type == request.type)
    order = (csv_import.c.created_at, csv_import.c.id)
    return await page(work, request, statement, order=order, descending=True, reply=CsvImportPage, item=_summary_of)


async def get_csv_template(request: GetCsvTemplate, work: UnitOfWork) -> CsvTemplate:
    """The header of a file of that type."""
    header = ";".join(csv_rows.COLUMNS[request.type])
    return CsvTemplate(type=request.type, header=header, required=csv_rows.REQUIRED[request.type])


# -- steps of the handlers ---------------------------------------------------------------------------------------


async def _content(request: ImportCsv, work: UnitOfWork) -> bytes:
    if request.content_base64 is not None:
        try:
            return base64.b64decode(request.content_base64, validate=True)
        except binascii.Error:
            raise Refused.field(
                "content_base64", "base64", "content_base64 is not base64; encode it", NOT_CSV
            ) from None
    data = b""
    offset: int | None = 0
    while offset is not None:
        part = await work.ask(OpenContent(document_id=_named(request), purpose="CALENDAR_IMPORT", offset=offset))
        if part.size > MOST_BYTES:
            raise Refused(FILE_TOO_LARGE, f"the file has {part.size} bytes, the limit is {MOST_BYTES}; split it")
        data += base64.b64decode(part.content_base64)
        offset = part.next_offset
    return data


def _named(request: ImportCsv) -> UUID:
    assert request.document_id is not None
    return request.document_id


async def _planned(
    type_: CsvImportType, data: bytes, options: CsvImportOptions, work: UnitOfWork
) -> tuple[ImportPlan, int, tuple[str, ...]]:
    file = read_file(data, options)
    columns, rows = csv_rows.named(file.columns, file.rows)
    return await plan_import(type_, rows, work), len(rows), csv_rows.unknown_columns(type_, columns)


def _confirmed(row: Row, work: UnitOfWork) -> CsvImportStatus:
    """The status after the confirmation, or why there is none."""
    status = CsvImportStatus(row["status"])
    if status is CsvImportStatus.APPLIED:
        raise Refused(ALREADY_APPLIED, "the import was applied already; import another file")
    if status is CsvImportStatus.EXPIRED or row["expires_at"] <= work.now:
        raise Refused(IMPORT_EXPIRED, "the dry run is older than 24 hours; import the file again")
    if status is CsvImportStatus.INVALID:
        text = f"{row['rows_error']} rows have errors; correct the file, or import it with on_error SKIP_INVALID"
        raise Refused(IMPORT_HAS_ERRORS, text)
    return CSV_IMPORT.after("confirm", status)


async def _apply(step: Step, work: UnitOfWork) -> None:
    """A row is applied by the request it amounts to, with its checks, events and audit entry."""
    match step.apply:
        case CreateDebitConfiguration() as request:
            await create_debit_configuration(request, work)
        case UpdateDebitConfiguration() as request:
            await update_debit_configuration(request, work)
        case CreateHoliday() as request:
            await create_holiday(request, work)
        case UpdateHoliday() as request:
            await update_holiday(request, work)
        case SetDebitDateOverride() as request:
            await set_debit_date_override(request, work)
        case ForecastRow() as row:
            await _store_forecast(row, work)


async def _store_forecast(row: ForecastRow, work: UnitOfWork) -> None:
    statement = insert(volume_forecast).values(
        id=derived_id("forecast", work.organisation_id, str(row.date), str(row.company_id), row.lot or ""),
        organisation_id=work.organisation_id,
        date=row.date,
        company_id=row.company_id,
        lot_code=row.lot,
        expected_count=row.count,
        expected_amount=row.amount,
        expected_collected=row.amount,
        currency="EUR",
        source=ForecastSource.IMPORTED,
        built_at=work.now,
    )
    names = ("expected_count", "expected_amount", "expected_collected", "source", "built_at")
    changed = {name: statement.excluded[name] for name in names}
    keys = ["organisation_id", "date", "company_id", "lot_code"]
    await work.execute(statement.on_conflict_do_update(index_elements=keys, set_=changed))


def _by_id(import_id: UUID, work: UnitOfWork) -> Any:
    return select(csv_import).where(csv_import.c.organisation_id == work.organisation_id, csv_import.c.id == import_id)


def _entity(row: Row) -> str:
    return f"import_{row['type'].lower()}"


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


def _import_of(row: Row) -> CsvImport:
    return CsvImport.model_validate({**row, "import_id": row["id"], "success": row["rows_error"] == 0})


def _summary_of(row: Row) -> CsvImportSummary:
    return CsvImportSummary.model_validate({**row, "import_id": row["id"]})
