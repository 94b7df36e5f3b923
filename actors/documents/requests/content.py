"""Bytes in one message: store, read, read in parts, renew."""

import base64
import binascii

from actors.documents import intake, library
from actors.documents.content import store
from messages.documents import (
    INLINE_LIMIT,
    PAYLOAD_TOO_LARGE,
    Content,
    ContentPart,
    GetContent,
    OpenContent,
    StoredDocument,
    StoreDocument,
)
from messages.problem import Refused
from messages.values.identifiers import new_id
from runtime.unit_of_work import Row, UnitOfWork


async def store_document(request: StoreDocument, work: UnitOfWork) -> StoredDocument:
    """Check, keep, scan and announce a file; the same source_key with the same bytes is the same document."""
    content = decoded(request.content_base64)
    file = await intake.examined(
        content, request.type, request.filename, request.declared_mime, request.expected_sha256
    )
    known = await intake.already_stored(request.source_key, file.sha256, work)
    if known is not None:
        return library.stored_before(known)
    return await intake.take(request.type, file, request, work, new_id())


async def get_content(request: GetContent, work: UnitOfWork) -> Content:
    """The bytes of a small document in one message."""
    row = await library.readable(request.document_id, work)
    if row["size"] > INLINE_LIMIT:
        raise Refused(
            PAYLOAD_TOO_LARGE,
            f"the document has {row['size']} bytes, more than one message carries; read it in parts with OpenContent",
        )
    content = await store.part(row["sha256"], 0, INLINE_LIMIT, work)
    return Content(
        content_base64=base64.b64encode(content).decode(),
        mime=row["mime"],
        sha256=row["sha256"],
        filename=row["filename"],
    )


async def open_content(request: OpenContent, work: UnitOfWork) -> ContentPart:
    """The next part of a document's bytes."""
    row = await library.readable(request.document_id, work)
    work.record("document", row["id"], after={"opened_for": request.purpose})
    return await part_of(row, request.offset, work)


async def part_of(row: Row, offset: int, work: UnitOfWork) -> ContentPart:
    """A part of a readable document, checked against the digests it was written with."""
    if offset >= row["size"]:
        raise Refused.field("offset", "range", f"the document has {row['size']} bytes; give a smaller offset")
    content = await store.part(row["sha256"], offset, INLINE_LIMIT, work)
    end = offset + len(content)
    return ContentPart(
        content_base64=base64.b64encode(content).decode(),
        offset=offset,
        next_offset=end if end < row["size"] else None,
        size=row["size"],
        sha256=row["sha256"],
        mime=row["mime"],
        filename=row["filename"],
    )


def decoded(content_base64: str) -> bytes:
    """The bytes of a message, at most 256 KiB."""
    try:
        content = base64.b64decode(content_base64, validate=True)
    except (binascii.Error, ValueError):
        raise Refused.field("content_base64", "base64", "the content is not base64; encode the file's bytes") from None
    if len(content) > INLINE_LIMIT:
        raise Refused(
            PAYLOAD_TOO_LARGE,
            f"the file has {len(content)} bytes; one message carries {INLINE_LIMIT}: upload it in parts",
        )
    return content
