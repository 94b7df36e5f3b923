"""Exports in the background: pages of clients are read and sent to documents part by part; memory holds one page.

An attempt that dies leaves an upload that documents drops; the next one begins anew, and the source key lets two attempts end
in one document.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, select, update

from actors.clients.requests.listing import conditions
from actors.clients.rules.export_files import EXPORT, heading, lines, objects
from actors.clients.views import home_of
from messages.base import Part
from messages.clients import (
    CLIENT_EXPORT_NOT_FOUND,
    ClientExportCompleted,
    ClientFilter,
    ExportColumn,
    ExportFormat,
    ExportStatus,
)
from messages.documents import BeginUpload, DocumentOrigin, DocumentType
from messages.problem import Refused
from messages.shared import Ref
from runtime.caller import system
from runtime.file_transfer import send_file
from runtime.unit_of_work import Row, UnitOfWork, WorkItem
from runtime.work_queue import Outside
from storage.clients import queries
from storage.clients.tables import client, export_job
from storage.shared.outgoing import Outgoing

_ROWS_AT_ONCE: Final = 500
_UPLOADS: Final = {
    ExportFormat.CSV: BeginUpload(type=DocumentType.REPORT_EXPORT, filename="clients.csv", declared_mime="text/csv"),
    ExportFormat.JSONL: BeginUpload(
        type=DocumentType.REPORT_EXPORT, filename="clients.jsonl", declared_mime="text/plain"
    ),
}
_PLACE: Final = ("line1", "line2", "postal_code", "city", "country")


class WriteExport(WorkItem):
    """Write the file of an export and have documents keep it."""

    job_id: UUID


class Selection(Part):
    """Which clients an export holds: the filter, and the companies its author may see (null: all)."""

    filter: ClientFilter
    company_ids: tuple[UUID, ...] | None


@dataclass(frozen=True, slots=True)
class Written:
    """The stored file."""

    document_id: UUID
    sha256: str
    rows: int


async def write_export(item: WriteExport, outside: Outside) -> Written:
    """Read, write and store; nothing is changed here."""
    async with _reading(outside, None) as work:
        job = await load_job(item.job_id, work)
    if not job["filters"]:
        raise Refused(
            CLIENT_EXPORT_NOT_FOUND, "what to export was erased with a person it named; order the export anew"
        )
    chosen = Selection.model_validate(job["filters"])
    columns = tuple(map(ExportColumn, job["columns"]))
    count = 0

    csv = job["format"] == ExportFormat.CSV

    async def content() -> AsyncIterator[bytes]:
        nonlocal count
        if csv:
            yield heading(columns)
        async for page in _pages(chosen, outside):
            count += len(page)
            yield await asyncio.to_thread(lines if csv else objects, columns, page)

    stored = await send_file(
        outside.ask,
        _UPLOADS[ExportFormat(job["format"])],
        content(),
        title="Clients",
        origin=DocumentOrigin.SYSTEM,
        reference=Ref(type="client_export", id=item.job_id),
        source_key=f"client_export:{item.job_id}",
    )
    return Written(stored.document.id, stored.document.sha256, count)


async def keep_export(item: WriteExport, written: Written, work: UnitOfWork) -> None:
    """Note the stored file and say that it is there."""
    job = await load_job(item.job_id, work, lock=True)
    status = EXPORT.after("done", ExportStatus(job["status"]))
    found = {"document_id": written.document_id, "sha256": written.sha256, "row_count": written.rows}
    version = await _change(job, work, status=status, **found)
    event = ClientExportCompleted(
        job_id=job["id"], document_id=written.document_id, rows=written.rows, requested_by=job["requested_by"]
    )
    work.emit(event, version=version)


async def give_up(item: WriteExport, error: Exception, work: UnitOfWork) -> None:
    """The file could not be written: the job says why."""
    job = await load_job(item.job_id, work, lock=True)
    reason = error.detail if isinstance(error, Refused) and error.detail else "the file could not be written"
    await _change(job, work, status=EXPORT.after("fail", ExportStatus(job["status"])), failure=reason)


async def load_job(job_id: UUID, work: UnitOfWork, *, lock: bool = False) -> Row:
    """The job, or CLIENT_EXPORT_NOT_FOUND."""
    own = export_job.c
    wanted = select(export_job).where(own.organisation_id == work.organisation_id, own.id == job_id)
    if lock:
        wanted = wanted.with_for_update()
    return await work.load(wanted, "export_job", code=CLIENT_EXPORT_NOT_FOUND, id=job_id)


async def _pages(chosen: Selection, outside: Outside) -> AsyncIterator[list[dict[str, Any]]]:
    """The clients in the order of their creation, a transaction for each page."""
    last: UUID | None = None
    while True:
        async with _reading(outside, chosen.company_ids) as work:
            statement: Select[Any] = queries.EXPORTED.where(*await conditions(chosen.filter, work))
            if last is not None:
                statement = statement.where(client.c.id > last)
            found = await work.fetch(statement.order_by(client.c.id).limit(_ROWS_AT_ONCE))
        if found:
            yield [_flat(row) for row in found]
        if len(found) < _ROWS_AT_ONCE:
            return
        last = found[-1]["id"]


def _flat(row: Row) -> dict[str, Any]:
    home = home_of(row["addresses"] or []) or {}
    return {**row, **{name: home.get(name) for name in _PLACE}}


@asynccontextmanager
async def _reading(outside: Outside, company_ids: tuple[UUID, ...] | None) -> AsyncIterator[UnitOfWork]:
    """A unit of work that only reads, with the sight of the export's author."""
    caller = replace(system("clients"), company_ids=None if company_ids is None else frozenset(company_ids))
    heart, organisation_id = outside.heart, outside.organisation_id
    async with heart.database.transaction(organisation_id, read_only=True) as connection:
        yield heart.unit(connection, organisation_id, caller, outside.now, outside.cause, Outgoing())


async def _change(job: Row, work: UnitOfWork, **changes: Any) -> int:
    version: int = job["version"] + 1
    await work.execute(
        update(export_job)
        .where(export_job.c.organisation_id == work.organisation_id, export_job.c.id == job["id"])
        .values(**changes, version=version, updated_at=work.now, updated_by=work.caller.principal)
    )
    return version
