"""Files over HTTP: a body becomes a document part by part, a document a body, with ranges; nothing is held whole.

`POST /v1/files?type=&filename=` and `GET /v1/files/<document>` need a token; `GET /v1/downloads/<organisation>/<token>` is a
signed link. What comes out is a stranger's file: it is never sniffed, cached or run.
"""

import base64
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import quote
from uuid import UUID

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from messages import base
from messages.base import NIL_ORGANISATION, Reply
from messages.documents import (
    LINK_EXPIRED,
    LINK_INVALID,
    LINK_USED,
    BeginUpload,
    CompleteUpload,
    ContentPart,
    DownloadTicket,
    OpenContent,
    ReadDownload,
    ResolveDownloadLink,
)
from messages.errors import VALIDATION_FAILED
from messages.problem import Refused
from messages.values.identifiers import new_id
from messages.values.instants import parse_instant
from runtime import headers
from runtime.bridge.problems import HttpRefused, refusal_response
from runtime.bridge.sign_in import SignIns
from runtime.bridge.tokens import Tokens
from runtime.calls import Calls
from runtime.file_transfer import Asking, send_file
from runtime.headers import Cause
from runtime.request_service import validation_refusal

ReplyType = TypeVar("ReplyType", bound=Reply)
ReadPart = Callable[[int], Awaitable[ContentPart]]

_RANGE = re.compile(r"bytes=(?:([0-9]{1,15})-([0-9]{1,15})?|-([0-9]{1,15}))")
_ABOUT_THE_FILE = ("type", "filename", "declared_mime", "expected_size", "expected_sha256")
_SAFE = {
    "cache-control": "no-store",
    "content-security-policy": "sandbox; default-src 'none'; frame-ancestors 'none'",
    "accept-ranges": "bytes",
}


@dataclass(frozen=True, slots=True)
class _Range:
    """The bytes wanted, both ends included."""

    first: int
    last: int


class Files:
    """The bridge's three addresses for files."""

    def __init__(self, calls: Calls, tokens: Tokens, sign_ins: SignIns, *, simulated_time: bool) -> None:
        self._calls = calls
        self._tokens = tokens
        self._sign_ins = sign_ins
        self._simulated_time = simulated_time

    async def store(self, request: Request) -> Response:
        """Store the body; the query names type and filename, and any other field of CompleteUpload with one value."""
        return await self._answered(request, self._store)

    async def read(self, request: Request) -> Response:
        """A document's bytes for who may read it."""
        return await self._answered(request, self._read)

    async def download(self, request: Request) -> Response:
        """What a signed link opens."""
        return await self._answered(request, self._download)

    async def _answered(self, request: Request, serve: Callable[[Request], Awaitable[Response]]) -> Response:
        try:
            return await serve(request)
        except Refused as refused:
            if refused.code in (LINK_EXPIRED, LINK_USED):
                refused = HttpRefused(410, refused.code, str(refused))
            return refusal_response(request, refused)

    async def _store(self, request: Request) -> Response:
        given = dict(request.query_params)
        about = {name: given.pop(name) for name in _ABOUT_THE_FILE if name in given}
        if "declared_mime" not in about and "content-type" in request.headers:
            about["declared_mime"] = request.headers["content-type"]
        begin = _checked(BeginUpload, about)
        _checked(CompleteUpload, {"upload_id": new_id(), **given})  # before a byte is sent
        stored = await send_file(await self._ask(request), begin, request.stream(), **given)
        return Response(stored.model_dump_json(), media_type="application/json", headers={"cache-control": "no-store"})

    async def _read(self, request: Request) -> Response:
        document_id, ask = _uuid(request.path_params["document_id"], "document_id"), await self._ask(request)
        purpose = request.query_params.get("purpose", "DOWNLOAD")

        async def part(offset: int) -> ContentPart:
            return await ask(OpenContent(document_id=document_id, purpose=purpose, offset=offset))

        return await _streamed(request, part, "attachment")

    async def _download(self, request: Request) -> Response:
        try:
            organisation_id = UUID(request.path_params["organisation_id"])
        except ValueError:
            raise Refused(LINK_INVALID, "this link is not valid; ask its sender for a new one") from None
        ask = await self._ask(request, organisation_id)
        resolve = ResolveDownloadLink(
            token=request.path_params["token"][:300],
            ip=request.client.host if request.client else "",
            user_agent=request.headers.get("user-agent", "")[:500],
            user_id=await self._visitor(request),
        )
        ticket: DownloadTicket = await ask(resolve)

        async def part(offset: int) -> ContentPart:
            return await ask(ReadDownload(ticket=ticket.ticket, offset=offset))

        return await _streamed(request, part, ticket.disposition.value.lower())

    async def _visitor(self, request: Request) -> UUID | None:
        given = await self._sign_ins.authorization(request)
        return (await self._tokens.verified(given)).subject if given else None

    async def _ask(self, request: Request, organisation_id: UUID = NIL_ORGANISATION) -> Asking:
        identity, time = str(new_id()), request.headers.get(headers.TIME)
        if time is not None and not self._simulated_time:
            raise Refused.field(headers.TIME, "not_allowed", "crm-time is accepted only where simulated time is on")
        token = (await self._sign_ins.authorization(request) or "").partition(" ")[2] or None
        cause = Cause(identity, identity, token=token, simulated_time=parse_instant(time) if time else None)

        async def ask(question: base.Request[ReplyType]) -> ReplyType:
            return await self._calls.ask(question, organisation_id=organisation_id, cause=cause)

        return ask


async def _streamed(request: Request, part: ReadPart, disposition: str) -> Response:
    head = await part(0)
    wanted = _wanted_range(request.headers.get("range"), head.size)
    if wanted is None:
        wanted, status = _Range(0, head.size - 1), 200
    else:
        status = 206
    found = _SAFE | {
        "content-length": str(wanted.last - wanted.first + 1),
        "content-disposition": content_disposition(disposition, head.filename),
        "etag": f'"{head.sha256}"',
    }
    if status == 206:
        found["content-range"] = f"bytes {wanted.first}-{wanted.last}/{head.size}"
    return StreamingResponse(_bytes(head, wanted, part), status, found, media_type=head.mime)


async def _bytes(head: ContentPart, wanted: _Range, part: ReadPart) -> AsyncIterator[bytes]:
    position = wanted.first
    while position <= wanted.last:
        got = head if position == 0 else await part(position)
        piece = base64.b64decode(got.content_base64)[: wanted.last + 1 - position]
        yield piece
        position += len(piece)


def _wanted_range(given: str | None, size: int) -> _Range | None:
    """The one range of the header (RFC 9110, 14.2); several ranges or another unit are answered with the whole."""
    found = _RANGE.fullmatch((given or "").replace(" ", ""))
    if found is None:
        return None
    first, last, suffix = (int(text) if text else None for text in found.groups())
    start = max(size - (suffix or 0), 0) if first is None else first
    wanted = _Range(start, size - 1 if last is None else last)
    if suffix == 0 or wanted.first >= size or wanted.first > wanted.last:
        raise HttpRefused(416, VALIDATION_FAILED, f"the file has {size} bytes; ask for a range inside it")
    return _Range(wanted.first, min(wanted.last, size - 1))


def content_disposition(disposition: str, filename: str) -> str:
    """RFC 6266: an ASCII name for old readers, the real one in UTF-8 beside it."""
    plain = re.sub(r'[^\x20-\x7e]|["\\]', "_", filename)
    return f"{disposition}; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe='')}"


def _checked(model: Any, fields: dict[str, Any]) -> Any:
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        raise validation_refusal(error) from None


def _uuid(text: str, name: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Refused.field(
            name, "uuid", f"{name} is not an id; write it like 0190aaaa-0000-7000-8000-00000000000a"
        ) from None
