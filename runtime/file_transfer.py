"""Files of any size to and from `documents`, in parts that fit into messages; for the bridge, the command line and tests."""

import base64
from collections.abc import AsyncIterable, AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Protocol, TypeVar
from uuid import UUID

from messages.base import Reply, Request
from messages.documents import (
    AbortUpload,
    BeginUpload,
    CompleteUpload,
    ContentPart,
    DocumentType,
    OpenContent,
    StoredDocument,
    UploadPart,
)
from messages.problem import Refused

ReplyType = TypeVar("ReplyType", bound=Reply)


class Asking(Protocol):
    """Sends a request and gives its typed reply; a Problem is raised as Refused."""

    async def __call__(self, request: Request[ReplyType], /) -> ReplyType:
        """The reply."""


async def send_file(ask: Asking, begin: BeginUpload, content: AsyncIterable[bytes], **facts: Any) -> StoredDocument:
    """Store a stream of bytes as a document; `facts` are the fields of CompleteUpload. A refused file leaves nothing behind."""
    upload = await ask(begin)
    offset = 0
    try:
        async for part in _parts(content, upload.part_bytes):
            text = base64.b64encode(part).decode()
            await ask(UploadPart(upload_id=upload.upload_id, offset=offset, content_base64=text))
            offset += len(part)
    except Refused:
        await ask(AbortUpload(upload_id=upload.upload_id))
        raise
    return await ask(CompleteUpload.model_validate({"upload_id": upload.upload_id, **facts}))


async def send_path(ask: Asking, path: Path, type_: DocumentType, **facts: Any) -> StoredDocument:
    """Store a file of the local disk."""
    begin = BeginUpload(type=type_, filename=path.name, expected_size=path.stat().st_size)
    return await send_file(ask, begin, _read(path), **facts)


async def receive(ask: Asking, document_id: UUID, purpose: str, start: int = 0) -> AsyncIterator[ContentPart]:
    """The parts of a document from a position on."""
    offset: int | None = start
    while offset is not None:
        part = await ask(OpenContent(document_id=document_id, purpose=purpose, offset=offset))
        yield part
        offset = part.next_offset


async def _parts(content: AsyncIterable[bytes], size: int) -> AsyncIterator[bytes]:
    held = bytearray()
    async for piece in content:
        held += piece
        while len(held) >= size:
            yield bytes(held[:size])
            del held[:size]
    if held:
        yield bytes(held)


async def _read(path: Path) -> AsyncIterator[bytes]:
    for piece in _pieces(path):
        yield piece


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(1024 * 1024):
            yield piece
