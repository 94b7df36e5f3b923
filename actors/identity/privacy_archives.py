"""The file of a request of access or portability, made in the background once every actor has given its part."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert

from actors.identity.reading import reading
from actors.identity.rules.privacy_archives import FILENAME, KEPT_FOR, PRIVACY_ARCHIVE, archive, sections
from messages.documents import BeginUpload, Confidentiality, DocumentOrigin, DocumentType
from messages.identity import PrivacyArchiveStatus
from messages.problem import Refused
from messages.shared import Ref
from messages.values.instants import local_date
from runtime.file_transfer import send_file
from runtime.unit_of_work import Row, UnitOfWork, WorkItem
from runtime.work_queue import Outside
from storage.identity.tables import privacy_archive, privacy_export_part


class WriteExportArchive(WorkItem):
    """Put the parts of a request together and have documents keep the file."""

    request_id: UUID


@dataclass(frozen=True, slots=True)
class Written:
    """The stored file."""

    document_id: UUID
    sha256: str


async def order_archive(request_id: UUID, work: UnitOfWork) -> None:
    """Every actor has given its part: order the file."""
    statement = insert(privacy_archive).values(
        organisation_id=work.organisation_id,
        request_id=request_id,
        status=PrivacyArchiveStatus.REQUESTED,
        created_at=work.now,
        expires_at=work.now + KEPT_FOR,
    )
    await work.execute(statement.on_conflict_do_nothing())
    work.order(WriteExportArchive(request_id=request_id), key=str(request_id))


async def write_archive(item: WriteExportArchive, outside: Outside) -> Written:
    """Read, write and store; nothing is changed here. A repeated attempt ends in the same document."""
    async with reading(outside) as work:
        row = await archive_row(item.request_id, work)
        parts = [(part["actor"], await _opened(part, work)) for part in await _parts(item.request_id, work)]
    file = await asyncio.to_thread(lambda: archive(sections(parts), row["created_at"]))

    async def content() -> AsyncIterator[bytes]:
        yield file

    stored = await send_file(
        outside.ask,
        BeginUpload(type=DocumentType.REPORT_EXPORT, filename=FILENAME, declared_mime="application/zip"),
        content(),
        title="Données personnelles",
        origin=DocumentOrigin.SYSTEM,
        confidentiality=Confidentiality.PERSONAL,
        reference=Ref(type="privacy_request", id=item.request_id),
        source_key=f"privacy_archive:{item.request_id}",
        delete_after=local_date(row["expires_at"]),
    )
    return Written(stored.document.id, stored.document.sha256)


async def keep_archive(item: WriteExportArchive, written: Written, work: UnitOfWork) -> None:
    """Note the stored file."""
    found = {"document_id": written.document_id, "sha256": written.sha256}
    await _change(item.request_id, "ready", work, **found)


async def give_up(item: WriteExportArchive, error: Exception, work: UnitOfWork) -> None:
    """The file could not be made: the archive says why, and the parts stay."""
    reason = error.detail if isinstance(error, Refused) and error.detail else "the file could not be written"
    await _change(item.request_id, "fail", work, failure=reason)


async def archive_row(request_id: UUID, work: UnitOfWork, *, lock: bool = False) -> Row:
    """The archive of a request, or NOT_FOUND."""
    own = privacy_archive.c
    wanted = select(privacy_archive).where(own.organisation_id == work.organisation_id, own.request_id == request_id)
    return await work.load(wanted.with_for_update() if lock else wanted, "export archive")


async def forget_parts(work: UnitOfWork) -> None:
    """The parts of archives that have expired go as their files do."""
    own, part = privacy_archive.c, privacy_export_part.c
    expired = select(own.request_id).where(
        own.organisation_id == work.organisation_id,
        own.status == PrivacyArchiveStatus.READY,
        own.expires_at <= work.now,
    )
    await work.execute(
        delete(privacy_export_part).where(part.organisation_id == work.organisation_id, part.request_id.in_(expired))
    )


def part_place(part_id: UUID, work: UnitOfWork) -> dict[str, Any]:
    """Where an export part lies encrypted."""
    return {
        "organisation_id": work.organisation_id,
        "domain": "PII",
        "table": "privacy_export_part",
        "column": "content",
        "row_id": part_id,
    }


async def _parts(request_id: UUID, work: UnitOfWork) -> list[Row]:
    own = privacy_export_part.c
    mine = (own.organisation_id == work.organisation_id, own.request_id == request_id)
    return await work.fetch(select(privacy_export_part).where(*mine).order_by(own.actor, own.number))


async def _opened(part: Row, work: UnitOfWork) -> str:
    return await work.keys.decrypt(part["content"], **part_place(part["id"], work))


async def _change(request_id: UUID, trigger: str, work: UnitOfWork, **changes: Any) -> None:
    row = await archive_row(request_id, work, lock=True)
    status = PRIVACY_ARCHIVE.after(trigger, PrivacyArchiveStatus(row["status"]))
    own = privacy_archive.c
    mine = (own.organisation_id == work.organisation_id, own.request_id == request_id)
    await work.execute(update(privacy_archive).where(*mine).values(status=status, **changes))
    work.record("privacy_archive", request_id, before={"status": row["status"]}, after={"status": status})
