"""Links for people without an account: made, closed, opened, read."""

import hashlib
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, Update, and_, select, update

from actors.documents import formats, library
from actors.documents.requests.content import part_of
from actors.documents.signing import opened, sign
from messages.base import Empty
from messages.documents import (
    LINK_BOUND,
    LINK_EXPIRED,
    LINK_INVALID,
    LINK_REVOKED,
    LINK_USED,
    Confidentiality,
    ContentPart,
    CreateDownloadLink,
    Disposition,
    DocumentAccessed,
    DownloadLink,
    DownloadTicket,
    ReadDownload,
    ResolveDownloadLink,
    RevokeDownloadLink,
)
from messages.problem import Refused
from messages.values.identifiers import new_id
from runtime.field_encryption import IndexKind
from runtime.unit_of_work import Row, UnitOfWork
from storage.documents.tables import download_link

_LINK, _TICKET = "v1", "r1"
_TICKET_LIFE = timedelta(minutes=15)
_RESUMPTION = timedelta(seconds=60)
_KEY_LIFE = timedelta(days=90)
_SHOWN_INLINE = frozenset({formats.PDF, formats.JPEG, formats.PNG, formats.TEXT})


async def create_download_link(request: CreateDownloadLink, work: UnitOfWork) -> DownloadLink:
    """Sign an address for a document the caller may read himself."""
    row = await library.readable(request.document_id, work)
    if row["confidentiality"] == Confidentiality.PERSONAL and request.purpose is None:
        raise Refused.field("purpose", "missing", "a link to a personal paper needs a purpose; say what it is for")
    if request.disposition is Disposition.INLINE and row["mime"] not in _SHOWN_INLINE:
        raise Refused.field("disposition", "mime", f"{row['mime']} is not shown in a browser; choose ATTACHMENT")
    link_id = new_id()
    # Whole seconds, as the token says them: the link ends at exactly that instant.
    expires_at = (work.now + timedelta(seconds=request.ttl_seconds)).replace(microsecond=0)
    await work.insert(
        download_link,
        id=link_id,
        organisation_id=work.organisation_id,
        document_id=row["id"],
        disposition=request.disposition,
        expires_at=expires_at,
        max_uses=request.max_uses,
        bound_user_id=request.bound_user_id,
        purpose=request.purpose,
        created_at=work.now,
        created_by=work.caller.principal,
    )
    work.record("download_link", link_id, after={"document_id": str(row["id"]), "max_uses": request.max_uses})
    token = sign(_LINK, link_id, expires_at, (await _keys(work))[0])
    path = f"/v1/downloads/{work.organisation_id}/{token}"
    return DownloadLink(link_id=link_id, url_path=path, expires_at=expires_at, max_uses=request.max_uses)


async def revoke_download_link(request: RevokeDownloadLink, work: UnitOfWork) -> Empty:
    """Close a link."""
    row = await work.load(_of(request.link_id, work), "download link", code=LINK_INVALID, id=request.link_id)
    await library.load(row["document_id"], work)
    if row["revoked_at"] is None:
        await work.execute(_change(request.link_id, work).values(revoked_at=work.now))
        work.record("download_link", request.link_id, after={"revoked": True})
    return Empty()


async def resolve_download_link(request: ResolveDownloadLink, work: UnitOfWork) -> DownloadTicket:
    """Check the link in the order that tells a stranger least, use it up by one, and hand out a ticket."""
    signed = opened(_LINK, request.token, await _keys(work))
    row = await work.fetch_one(_of(signed.id, work)) if signed is not None else None
    if signed is None or row is None or row["expires_at"] != signed.expires_at:
        raise Refused(LINK_INVALID, "this link is not valid; ask its sender for a new one")
    if row["revoked_at"] is not None:
        raise Refused(LINK_REVOKED, "this link was closed by its sender; ask for a new one")
    if row["expires_at"] <= work.now:
        raise Refused(LINK_EXPIRED, "this link has expired; ask its sender for a new one")
    if row["bound_user_id"] not in (None, request.user_id):
        raise Refused(LINK_BOUND, "this link was made for somebody else; sign in as that person")
    document = await library.readable(row["document_id"], work)
    await _use(row, request, work)
    accessed = DocumentAccessed(document_id=document["id"], link_id=row["id"], by=request.user_id)
    work.emit(accessed, version=document["version"])
    return DownloadTicket(
        ticket=sign(_TICKET, document["id"], work.now + _TICKET_LIFE, (await _keys(work))[0]),
        document_id=document["id"],
        filename=document["filename"],
        mime=document["mime"],
        size=document["size"],
        sha256=document["sha256"],
        disposition=row["disposition"],
    )


async def read_download(request: ReadDownload, work: UnitOfWork) -> ContentPart:
    """A part of the file behind a ticket."""
    signed = opened(_TICKET, request.ticket, await _keys(work))
    if signed is None or signed.expires_at <= work.now:
        raise Refused(LINK_INVALID, "this download has ended; open the link again")
    return await part_of(await library.readable(signed.id, work), request.offset, work)


async def _use(row: Row, request: ResolveDownloadLink, work: UnitOfWork) -> None:
    """Count one use in one statement, so that of two visitors at once one only gets in."""
    visitor = hashlib.sha256(f"{request.ip}\n{request.user_agent}".encode()).digest()
    link = download_link.c
    may_use = and_(link.used_count < link.max_uses, link.revoked_at.is_(None), link.expires_at > work.now)
    once_more = and_(
        link.last_used_from == visitor, link.resumed.is_(False), link.last_used_at > work.now - _RESUMPTION
    )
    resumed = _change(row["id"], work).where(once_more).values(resumed=True)
    used = (
        _change(row["id"], work)
        .where(may_use)
        .values(used_count=link.used_count + 1, last_used_at=work.now, last_used_from=visitor, resumed=False)
    )
    if not await work.execute(resumed) and not await work.execute(used):
        raise Refused(LINK_USED, f"this link was made for {row['max_uses']} downloads; ask its sender for a new one")


async def _keys(work: UnitOfWork) -> tuple[bytes, bytes]:
    """The organisation's signing keys of this quarter and the last one: each serves 90 days and checks 90 more."""
    quarter = int(work.now.timestamp() // _KEY_LIFE.total_seconds())
    names = (f"download links {number}" for number in (quarter, quarter - 1))
    current, previous = [await work.keys.index(IndexKind.GENERIC, name, work.organisation_id) for name in names]
    return current, previous


def _of(link_id: UUID, work: UnitOfWork) -> Select[Any]:
    return select(download_link).where(
        download_link.c.organisation_id == work.organisation_id, download_link.c.id == link_id
    )


def _change(link_id: UUID, work: UnitOfWork) -> Update:
    return update(download_link).where(
        download_link.c.organisation_id == work.organisation_id, download_link.c.id == link_id
    )
