"""Upload sessions: their states and rows."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from actors.documents import rules
from actors.documents.content import staging
from messages.documents import INLINE_LIMIT, UPLOAD_NOT_FOUND, DocumentType, Upload, UploadStatus
from messages.transitions import StateMachine
from runtime.unit_of_work import Row, UnitOfWork, WorkItem
from runtime.work_queue import Outside
from storage.documents.tables import upload_session

UPLOADS = StateMachine(
    "upload",
    {
        ("complete", UploadStatus.OPEN): UploadStatus.COMPLETED,
        ("refuse", UploadStatus.OPEN): UploadStatus.FAILED,
        ("abort", UploadStatus.OPEN): UploadStatus.FAILED,
        ("expire", UploadStatus.OPEN): UploadStatus.EXPIRED,
    },
)


class DropParts(WorkItem):
    """Remove the parts of an upload that is over."""

    upload_id: UUID


def order_dropping(upload_id: UUID, work: UnitOfWork) -> None:
    """Let the parts go once the session's end is committed; before that a retry may need them."""
    work.order(DropParts(upload_id=upload_id), key=str(upload_id))


async def drop_parts(item: DropParts, outside: Outside) -> None:
    """Delete the staged objects."""
    await staging.delete_objects(item.upload_id, outside)


async def forget_parts(item: DropParts, _: None, work: UnitOfWork) -> None:
    """Delete their rows."""
    await staging.forget(item.upload_id, work)


async def expire_uploads(work: UnitOfWork, before: datetime) -> None:
    """Close the sessions whose day is over."""
    over = (
        upload_session.c.organisation_id == work.organisation_id,
        upload_session.c.status == UploadStatus.OPEN,
        upload_session.c.expires_at <= before,
    )
    closed = update(upload_session).where(*over).values(status=UploadStatus.EXPIRED).returning(upload_session.c.id)
    for row in await work.fetch(closed):
        order_dropping(row["id"], work)


async def load_session(upload_id: UUID, work: UnitOfWork, *, for_update: bool = False) -> Row:
    """The session; only who began it knows of it."""
    statement = select(upload_session).where(
        upload_session.c.organisation_id == work.organisation_id,
        upload_session.c.id == upload_id,
        upload_session.c.created_by == work.caller.principal,
    )
    return await work.load(
        statement.with_for_update() if for_update else statement, "upload", code=UPLOAD_NOT_FOUND, id=upload_id
    )


async def change_session(row: Row, work: UnitOfWork, **columns: Any) -> Row:
    """Change a session that is still open."""
    mine = (upload_session.c.organisation_id == work.organisation_id, upload_session.c.id == row["id"])
    await work.execute(
        update(upload_session).where(*mine, upload_session.c.status == UploadStatus.OPEN).values(**columns)
    )
    return {**row, **columns}


def upload_of(row: Row) -> Upload:
    """The session as requests answer it."""
    return Upload(
        upload_id=row["id"],
        status=UploadStatus(row["status"]),
        received=row["received"],
        max_bytes=rules.RULES[DocumentType(row["type"])].max_bytes,
        part_bytes=INLINE_LIMIT,
        expires_at=row["expires_at"],
    )
