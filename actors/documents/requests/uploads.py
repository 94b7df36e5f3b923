"""Files in parts: begun, sent, completed, given up."""

import asyncio
from datetime import timedelta

from sqlalchemy import func, select

from actors.documents import intake, library, rules
from actors.documents.content import staging
from actors.documents.host import HOST
from actors.documents.requests.content import decoded
from actors.documents.uploads import UPLOADS, change_session, load_session, order_dropping, upload_of
from messages.base import Empty
from messages.documents import (
    SIZE_MISMATCH,
    UPLOAD_EXPIRED,
    UPLOAD_GAP,
    UPLOAD_MISSING,
    AbortUpload,
    BeginUpload,
    CompleteUpload,
    DocumentRejected,
    DocumentType,
    StoredDocument,
    Upload,
    UploadPart,
    UploadStatus,
)
from messages.problem import Refused
from messages.shared import Ref
from messages.values.identifiers import new_id
from runtime.unit_of_work import Row, UnitOfWork
from storage.documents.tables import upload_session

_LIFE = timedelta(hours=24)
_WHOLE_FILES = asyncio.Semaphore(2)
"""Files that are in memory at the same time: at most twice the largest type."""


async def begin_upload(request: BeginUpload, work: UnitOfWork) -> Upload:
    """Open a session."""
    if request.expected_size is not None:
        rules.check_size(request.type, request.expected_size)
    row = request.model_dump() | {
        "id": new_id(),
        "organisation_id": work.organisation_id,
        "status": UploadStatus.OPEN,
        "received": 0,
        "expires_at": work.now + _LIFE,
        "created_at": work.now,
        "created_by": work.caller.principal,
    }
    await work.insert(upload_session, **row)
    work.record("upload", row["id"], after={"type": request.type})
    return upload_of(row)


async def upload_part(request: UploadPart, work: UnitOfWork) -> Upload:
    """Stage the next bytes; a part that came before is compared and answered again."""
    content = decoded(request.content_base64)
    row = await load_session(request.upload_id, work, for_update=True)
    _check_open(row, work)
    if request.offset < row["received"]:
        await staging.check_repeated(row["id"], request.offset, content, work)
        return upload_of(row)
    if request.offset > row["received"]:
        raise Refused(
            UPLOAD_GAP,
            f"the next part begins at {row['received']}, not at {request.offset}; send from there",
            details={"received": row["received"]},
        )
    if not content:
        raise Refused.field("content_base64", "empty", "a part has at least one byte; complete the upload instead")
    rules.check_size(DocumentType(row["type"]), row["received"] + len(content))
    await staging.put(row["id"], request.offset, content, work)
    return upload_of(await change_session(row, work, received=row["received"] + len(content)))


async def complete_upload(request: CompleteUpload, work: UnitOfWork) -> StoredDocument:
    """Read the whole file back, examine and keep it. A refusal ends the session and is announced."""
    # Not a row lock: a refused file's session is closed in a transaction of its own, which must not wait for this one.
    await work.fetch_value(select(func.pg_advisory_xact_lock(func.hashtextextended(str(request.upload_id), 1))))
    row = await load_session(request.upload_id, work)
    if row["status"] == UploadStatus.COMPLETED:
        return library.stored_before(await library.load(row["document_id"], work)).model_copy(
            update={"deduplicated": row["deduplicated"]}
        )
    _check_open(row, work)
    try:
        async with _WHOLE_FILES:
            stored = await _complete(row, request, work)
    except Refused as refused:
        if not refused.code.retriable and refused.code is not UPLOAD_MISSING:
            await _close_refused(row, refused, request, work)
        raise
    done = {"document_id": stored.document.id, "deduplicated": stored.deduplicated}
    await change_session(row, work, status=UPLOADS.after("complete", UploadStatus(row["status"])), **done)
    return stored


async def abort_upload(request: AbortUpload, work: UnitOfWork) -> Empty:
    """Close a session; its parts are dropped at once. Aborting twice changes nothing."""
    row = await load_session(request.upload_id, work, for_update=True)
    if row["status"] != UploadStatus.FAILED:
        await change_session(row, work, status=UPLOADS.after("abort", UploadStatus(row["status"])), failure="ABORTED")
        order_dropping(row["id"], work)
    return Empty()


async def _complete(row: Row, request: CompleteUpload, work: UnitOfWork) -> StoredDocument:
    if row["expected_size"] not in (None, row["received"]):
        raise Refused(
            SIZE_MISMATCH,
            f"{row['expected_size']} bytes were announced and {row['received']} came; send the file again",
        )
    if row["received"] == 0:
        raise Refused(UPLOAD_MISSING, "no part was sent; send the file with UploadPart first")
    type_ = DocumentType(row["type"])
    content = await staging.whole(row["id"], work)
    file = await intake.examined(content, type_, row["filename"], row["declared_mime"], row["expected_sha256"])
    known = await intake.already_stored(request.source_key, file.sha256, work)
    stored = library.stored_before(known) if known else await intake.take(type_, file, request, work, row["id"])
    order_dropping(row["id"], work)
    return stored


async def _close_refused(row: Row, refused: Refused, request: CompleteUpload, work: UnitOfWork) -> None:
    links = tuple(Ref(type=link.subject_type.lower(), id=link.subject_id) for link in request.links)
    async with HOST.aside(work) as own:
        failed = UPLOADS.after("refuse", UploadStatus(row["status"]))
        await change_session(row, own, status=failed, failure=refused.code.code)
        rejected = DocumentRejected(
            document_id=row["id"],
            upload_id=row["id"],
            reason=refused.code.code,
            links=links,
            uploaded_by=work.caller.user_id,
        )
        own.emit(rejected, version=1)
        order_dropping(row["id"], own)


def _check_open(row: Row, work: UnitOfWork) -> None:
    if row["status"] == UploadStatus.EXPIRED or (row["status"] == UploadStatus.OPEN and row["expires_at"] <= work.now):
        raise Refused(UPLOAD_EXPIRED, "the upload was open for 24 hours and has expired; begin a new one")
    UPLOADS.after("complete", UploadStatus(row["status"]))
