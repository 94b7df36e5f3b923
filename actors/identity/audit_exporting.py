"""Exports of the audit trail in the background: pages are read and sent to documents part by part; memory holds one page."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, tuple_, update

from actors.identity.reading import reading
from actors.identity.requests.audit_trail import entries_of
from actors.identity.rules.audit_files import AUDIT_EXPORT, columns, heading, lines
from messages.documents import BeginUpload, DocumentOrigin, DocumentType
from messages.identity import AUDIT_EXPORT_NOT_FOUND, AuditExportStatus, AuditFilter
from messages.problem import Refused
from messages.shared import Ref
from messages.values.instants import local_date
from runtime.file_transfer import send_file
from runtime.unit_of_work import Row, UnitOfWork, WorkItem
from runtime.work_queue import Outside
from storage.identity.tables import audit_copy, audit_export

_ROWS_AT_ONCE: Final = 1000


class WriteAuditExport(WorkItem):
    """Write the file of an audit export and have documents keep it."""

    export_id: UUID


@dataclass(frozen=True, slots=True)
class Written:
    """The stored file."""

    document_id: UUID
    sha256: str
    rows: int


async def write_audit_export(item: WriteAuditExport, outside: Outside) -> Written:
    """Read, write and store; nothing is changed here. A repeated attempt ends in the same document."""
    async with reading(outside) as work:
        export = await load_export(item.export_id, work)
    wanted = AuditFilter.model_validate(export["filter"])
    names = columns(proof=export["include_chain_proof"])
    mark = {"export_id": export["id"], "exported_by": export["requested_by"], "exported_at": export["created_at"]}
    count = 0

    async def content() -> AsyncIterator[bytes]:
        nonlocal count
        yield heading(names)
        async for page in _pages(wanted, outside):
            count += len(page)
            yield await asyncio.to_thread(lines, names, page, mark)

    stored = await send_file(
        outside.ask,
        BeginUpload(type=DocumentType.REPORT_EXPORT, filename="audit.csv", declared_mime="text/csv"),
        content(),
        title="Audit",
        origin=DocumentOrigin.SYSTEM,
        reference=Ref(type="audit_export", id=item.export_id),
        source_key=f"audit_export:{item.export_id}",
        delete_after=local_date(export["expires_at"]),
    )
    return Written(stored.document.id, stored.document.sha256, count)


async def keep_audit_export(item: WriteAuditExport, written: Written, work: UnitOfWork) -> None:
    """Note the stored file."""
    export = await load_export(item.export_id, work, lock=True)
    status = AUDIT_EXPORT.after("ready", AuditExportStatus(export["status"]))
    found = {"document_id": written.document_id, "sha256": written.sha256, "row_count": written.rows}
    await _change(export, work, status=status, **found)


async def give_up(item: WriteAuditExport, error: Exception, work: UnitOfWork) -> None:
    """The file could not be written: the export says why."""
    export = await load_export(item.export_id, work, lock=True)
    reason = error.detail if isinstance(error, Refused) and error.detail else "the file could not be written"
    status = AUDIT_EXPORT.after("fail", AuditExportStatus(export["status"]))
    await _change(export, work, status=status, failure=reason)


async def load_export(export_id: UUID, work: UnitOfWork, *, lock: bool = False) -> Row:
    """The export, or AUDIT_EXPORT_NOT_FOUND."""
    own = audit_export.c
    wanted = select(audit_export).where(own.organisation_id == work.organisation_id, own.id == export_id)
    if lock:
        wanted = wanted.with_for_update()
    return await work.load(wanted, "audit_export", code=AUDIT_EXPORT_NOT_FOUND)


async def _pages(wanted: AuditFilter, outside: Outside) -> AsyncIterator[list[Row]]:
    """The entries in the order in which they happened, a transaction for each page."""
    place = (audit_copy.c.occurred_at, audit_copy.c.id)
    last: tuple[Any, Any] | None = None
    while True:
        async with reading(outside) as work:
            statement = select(audit_copy).where(*entries_of(wanted, work))
            if last is not None:
                statement = statement.where(tuple_(*place) > tuple_(*last))
            found = await work.fetch(statement.order_by(*place).limit(_ROWS_AT_ONCE))
        if found:
            yield found
        if len(found) < _ROWS_AT_ONCE:
            return
        last = found[-1]["occurred_at"], found[-1]["id"]


async def _change(export: Row, work: UnitOfWork, **changes: Any) -> None:
    await work.execute(
        update(audit_export)
        .where(audit_export.c.organisation_id == work.organisation_id, audit_export.c.id == export["id"])
        .values(**changes, version=export["version"] + 1, updated_at=work.now, updated_by=work.caller.principal)
    )
    work.record("audit_export", export["id"], before={"status": export["status"]}, after={"status": changes["status"]})
