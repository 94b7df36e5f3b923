"""Requests about imports."""

import base64
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import select

from actors.clients.importing import change_job, locked_job, start_pass
from actors.clients.rules.import_files import (
    Record,
    detect_delimiter,
    detect_encoding,
    masked,
    recognised,
    records,
)
from actors.clients.rules.imports import IMPORT
from messages.clients import (
    IMPORT_ALREADY_COMMITTED,
    IMPORT_EMPTY,
    IMPORT_ENCODING,
    IMPORT_JOB_NOT_FOUND,
    IMPORT_NO_HEADER,
    IMPORT_NOT_A_FILE_FOR_IMPORT,
    IMPORT_NOT_VALIDATED,
    IMPORT_TOO_LARGE,
    MOST_BYTES,
    CancelImport,
    CommitImport,
    CreateImport,
    GetImport,
    ImportCounters,
    ImportField,
    ImportJob,
    ImportJobPage,
    ImportRow,
    ImportRowPage,
    ImportStatus,
    ListImportRows,
    ListImports,
    UpdateImportMapping,
    ValidateImport,
)
from messages.documents import ContentPart, DocumentType, GetDocument, OpenContent
from messages.problem import Refused
from messages.values.identifiers import new_id
from runtime.pagination import page
from runtime.unit_of_work import Row, UnitOfWork
from storage.clients.tables import import_job, import_row

_SAMPLES = 10


async def create_import(request: CreateImport, work: UnitOfWork) -> ImportJob:
    """Look at the file's beginning."""
    document = await work.ask(GetDocument(document_id=request.file_document_id))
    if document.type is not DocumentType.IMPORT_FILE:
        raise Refused(IMPORT_NOT_A_FILE_FOR_IMPORT, "upload the file to documents as IMPORT_FILE first")
    part = await work.ask(OpenContent(document_id=request.file_document_id, purpose="CLIENT_IMPORT"))
    if part.size > MOST_BYTES:
        raise Refused(IMPORT_TOO_LARGE, f"the file has {part.size} bytes, the limit is {MOST_BYTES}; split it")
    encoding, delimiter, header, samples = _look_at(part)
    row: dict[str, Any] = {
        "id": new_id(),
        "organisation_id": work.organisation_id,
        "version": 1,
        **dict.fromkeys(("created_at", "updated_at"), work.now),
        **dict.fromkeys(("created_by", "updated_by"), work.caller.principal),
        "file_document_id": request.file_document_id,
        "file_name": request.file_name,
        "file_sha256": part.sha256,
        "file_size": part.size,
        "encoding": encoding,
        "delimiter": delimiter,
        "header": {"cells": list(header.cells), "offset": header.end, "line": header.next_line},
        "mapping": recognised(header.cells),
        "options": request.options.model_dump(mode="json"),
        "status": ImportStatus.CREATED,
        "counters": ImportCounters().model_dump(),
        "run": 0,
        "next_offset": header.end,
        "next_line": header.next_line,
        "requested_by": work.cause.user_id,
        "failure": None,
        "committed_at": None,
    }
    await work.insert(import_job, **row)
    work.record("client_import", row["id"], after={"status": row["status"], "sha256": part.sha256})
    return _job_of(row).model_copy(update={"samples": samples})


async def update_import_mapping(request: UpdateImportMapping, work: UnitOfWork) -> ImportJob:
    """Say what the columns hold."""
    row = await locked_job(request.job_id, work)
    status = IMPORT.after("map", ImportStatus(row["status"]))
    unknown = sorted(request.mapping.keys() - {*row["header"]["cells"]})
    if unknown:
        raise Refused.field(
            "mapping", "unknown", f"the file has no column {', '.join(unknown)}; copy its header's names"
        )
    mapping = {name: request.mapping.get(name, ImportField.IGNORED) for name in row["header"]["cells"] if name}
    return _job_of(await change_job(row, work, mapping=mapping, status=status))


async def validate_import(request: ValidateImport, work: UnitOfWork) -> ImportJob:
    """Start the dry run."""
    return _job_of(await start_pass(await locked_job(request.job_id, work), "validate", work))


async def commit_import(request: CommitImport, work: UnitOfWork) -> ImportJob:
    """Start reading the file in for good."""
    row = await locked_job(request.job_id, work)
    if row["status"] in (ImportStatus.CREATED, ImportStatus.VALIDATING, ImportStatus.FAILED):
        raise Refused(IMPORT_NOT_VALIDATED, "run validate_import to its end first, and look at the rows it refuses")
    try:
        return _job_of(await start_pass(row, "commit", work, forced=request.force))
    except asyncpg.UniqueViolationError:
        raise Refused(
            IMPORT_ALREADY_COMMITTED,
            "a file with the same content was read in already; commit with force to read it again",
            details={"sha256": row["file_sha256"]},
        ) from None


async def cancel_import(request: CancelImport, work: UnitOfWork) -> ImportJob:
    """Stop after the rows in hand."""
    row = await locked_job(request.job_id, work)
    status = IMPORT.after("cancel", ImportStatus(row["status"]))
    return _job_of(await change_job(row, work, status=status))


async def get_import(request: GetImport, work: UnitOfWork) -> ImportJob:
    """One import."""
    return _job_of(await _job(request.job_id, work))


async def list_imports(request: ListImports, work: UnitOfWork) -> ImportJobPage:
    """A page of imports, newest first."""
    job = import_job.c
    wanted = select(import_job).where(job.organisation_id == work.organisation_id)
    if request.status is not None:
        wanted = wanted.where(job.status == request.status)
    order = (job.created_at, job.id)
    return await page(work, request, wanted, order=order, descending=True, reply=ImportJobPage, item=_job_of)


async def list_import_rows(request: ListImportRows, work: UnitOfWork) -> ImportRowPage:
    """A page of rows, in the file's order."""
    await _job(request.job_id, work)
    own = import_row.c
    wanted = select(import_row).where(own.organisation_id == work.organisation_id, own.job_id == request.job_id)
    if request.outcome is not None:
        wanted = wanted.where(own.outcome == request.outcome)
    return await page(
        work,
        request,
        wanted,
        order=(own.line_number,),
        reply=ImportRowPage,
        item=lambda row: ImportRow.model_validate(dict(row)),
    )


# -- steps of the handlers ---------------------------------------------------------------------------------------


async def _job(job_id: UUID, work: UnitOfWork) -> Row:
    job = import_job.c
    wanted = select(import_job).where(job.organisation_id == work.organisation_id, job.id == job_id)
    return await work.load(wanted, "import_job", code=IMPORT_JOB_NOT_FOUND, id=job_id)


def _job_of(row: Row | dict[str, Any]) -> ImportJob:
    begin, size = row["header"]["offset"], row["file_size"]
    progress = min(1.0, (row["next_offset"] - begin) / max(1, size - begin))
    return ImportJob.model_validate({**row, "progress": progress})


def _look_at(part: ContentPart) -> tuple[str, str, Record, tuple[tuple[str, ...], ...]]:
    """Encoding, delimiter, header and the first rows of a file."""
    head, is_whole = base64.b64decode(part.content_base64), part.next_offset is None
    encoding = detect_encoding(head)
    if encoding is None:
        raise Refused(IMPORT_ENCODING, "the file is neither UTF-8 nor Windows-1252; save it as CSV UTF-8")
    delimiter = detect_delimiter(head, encoding)
    found = records(head, encoding, delimiter, line=1, is_last=is_whole)
    header = next(found, None)
    if header is None:
        raise Refused(IMPORT_EMPTY, "the file has no header and no rows; fill it")
    mapping = recognised(header.cells)
    if all(name is ImportField.IGNORED for name in mapping.values()):
        raise Refused(
            IMPORT_NO_HEADER, "no column is recognised; name them in the first row: Nom;Prenom;Type;Email;Telephone"
        )
    samples = [record for record, _ in zip(found, range(_SAMPLES), strict=False)]
    if not samples:
        raise Refused(IMPORT_EMPTY, "the file has a header and no rows; fill it")
    shown = tuple(tuple(masked(cell) for cell in record.cells) for record in samples)
    return encoding, delimiter, header, shown
