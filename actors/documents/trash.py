"""The trash: what may go in, what comes out, and what is given up for ever."""

from datetime import datetime, timedelta

from sqlalchemy import select, update

from actors.documents import library, rules
from messages.documents import (
    NOT_CLEAN,
    RETENTION_LOCKED,
    DocumentPurged,
    DocumentRestored,
    DocumentState,
    DocumentTrashed,
    DocumentType,
    ScanStatus,
)
from messages.problem import Refused
from messages.transitions import StateMachine
from runtime.unit_of_work import Row, UnitOfWork
from storage.documents import queries
from storage.documents.tables import document, document_version, download_link

DOCUMENTS = StateMachine(
    "document",
    {
        ("trash", DocumentState.AVAILABLE): DocumentState.TRASHED,
        ("trash", DocumentState.REJECTED): DocumentState.TRASHED,
        ("restore", DocumentState.TRASHED): DocumentState.AVAILABLE,
        ("purge", DocumentState.TRASHED): DocumentState.PURGED,
    },
)
TRASH_LIFE = timedelta(days=30)
_INFECTED_LIFE = timedelta(days=7)
_BATCH = 100


async def put_in(row: Row, reason: str, work: UnitOfWork) -> Row:
    """Hide a document and close its links. Refused RETENTION_LOCKED while the law wants it kept."""
    after = DOCUMENTS.after("trash", DocumentState(row["state"]))
    _check_unlocked(row, work)
    trashed = await library.change(
        row, work, state=after, trashed_at=work.now, trashed_by=work.caller.principal, removal_reason=reason
    )
    links = (download_link.c.organisation_id == work.organisation_id, download_link.c.document_id == row["id"])
    await work.execute(
        update(download_link).where(*links, download_link.c.revoked_at.is_(None)).values(revoked_at=work.now)
    )
    work.emit(DocumentTrashed.model_validate(_identity(row) | {"reason": reason}), version=trashed["version"])
    return trashed


async def take_out(row: Row, work: UnitOfWork) -> Row:
    """Bring a clean document back."""
    after = DOCUMENTS.after("restore", DocumentState(row["state"]))
    if row["scan_status"] == ScanStatus.INFECTED:
        raise Refused(NOT_CLEAN, "the file was found infected; it does not come back")
    restored = await library.change(row, work, state=after, trashed_at=None, trashed_by=None, removal_reason=None)
    work.emit(DocumentRestored.model_validate(_identity(row)), version=restored["version"])
    return restored


async def give_up(row: Row, reason: str, work: UnitOfWork) -> Row:
    """Let the bytes go; what the document was stays known."""
    after = DOCUMENTS.after("purge", DocumentState(row["state"]))
    _check_unlocked(row, work)
    if row["purged_at"] is None:
        await _release(row, work)
    purged = await library.change(row, work, state=after, purged_at=work.now, removal_reason=reason)
    work.emit(DocumentPurged.model_validate(_identity(row) | {"reason": reason}), version=purged["version"])
    return purged


async def drop_infected(work: UnitOfWork, as_of: datetime) -> bool:
    """Let the bytes of files go that were found infected a week ago; True when there may be more."""
    due = (
        select(document.c.id)
        .where(
            document.c.organisation_id == work.organisation_id,
            document.c.state == DocumentState.REJECTED,
            document.c.purged_at.is_(None),
            document.c.created_at <= as_of - _INFECTED_LIFE,
        )
        .order_by(document.c.id)
        .limit(_BATCH)
    )
    found = await work.fetch(due)
    for found_row in found:
        row = await library.load(found_row["id"], work, for_update=True)
        await _release(row, work)
        await library.change(row, work, purged_at=work.now)
    return len(found) == _BATCH


async def _release(row: Row, work: UnitOfWork) -> None:
    versions = select(document_version.c.sha256).where(
        document_version.c.organisation_id == work.organisation_id, document_version.c.document_id == row["id"]
    )
    for version in await work.fetch(versions):
        await work.execute(
            queries.RELEASE_BLOB, organisation_id=work.organisation_id, sha256=version["sha256"], now=work.now
        )


def _check_unlocked(row: Row, work: UnitOfWork) -> None:
    if rules.is_locked(DocumentType(row["type"]), row["final"], row["retain_until"], work.today()):
        until = row["retain_until"]
        when = f"until {until}" if until is not None else "until years after its contract has ended"
        raise Refused(RETENTION_LOCKED, f"the law wants this document kept {when}; it can be deleted after that")


def _identity(row: Row) -> dict[str, object]:
    return {"document_id": row["id"], "type": row["type"]}
