"""`GET /v1/events`: the organisation's events as Server-Sent Events, resumable after any of them."""

import asyncio
import re
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from uuid import UUID

import nats.errors
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from messages.errors import ACTOR_UNAVAILABLE, RATE_LIMITED, TENANT_SCOPE_VIOLATION
from messages.problem import Refused
from runtime import clock
from runtime.bridge.event_frames import View, event_types
from runtime.bridge.event_reader import STREAM, EventReader
from runtime.bridge.gateway import Gateway
from runtime.bridge.metrics import BridgeMetrics
from runtime.bridge.problems import refusal_response
from runtime.bridge.settings import BridgeSettings
from runtime.bridge.sign_in import SignIns
from runtime.bridge.tokens import Tokens
from runtime.context_tokens import LEEWAY_SECONDS, ContextToken

_HEARTBEAT_SECONDS = 15.0
_HEARTBEAT = b": heart-beat\n\n"
_RETRY_MILLISECONDS = 1000
_MOST_TYPES = 50
_TYPE = re.compile(r"[a-z][a-z0-9_]*\.([a-z][a-z0-9_]*|\*)")


class EventFeed:
    """All live feeds of this process."""

    def __init__(
        self, gateway: Gateway, tokens: Tokens, sign_ins: SignIns, settings: BridgeSettings, metrics: BridgeMetrics
    ) -> None:
        self._gateway = gateway
        self._tokens = tokens
        self._sign_ins = sign_ins
        self._settings = settings
        self._metrics = metrics
        self._open: set[EventStream] = set()
        self._of_user: Counter[UUID] = Counter()
        gateway.connection.on_reconnect(self._reconnected)

    @property
    def open_streams(self) -> int:
        """How many listeners there are now."""
        return len(self._open)

    async def __call__(self, request: Request) -> Response:
        """The stream, or a Problem before it begins."""
        try:
            token = await self._tokens.verified(await self._sign_ins.authorization(request))
            organisation_id = _organisation(token, request.headers.get("x-organisation-id"))
            subjects = _subjects(request.query_params.getlist("types"), organisation_id)
            if self._of_user[token.subject] >= self._settings.streams_per_user:
                raise Refused(
                    RATE_LIMITED,
                    f"{self._settings.streams_per_user} live feeds are open already; close one",
                    details={"limit": self._settings.streams_per_user},
                    retry_after_seconds=5,
                )
            return await self._stream(token, subjects, request.headers.get("last-event-id"))
        except Refused as refused:
            return refusal_response(request, refused)

    def close(self, reason: str = "shutdown") -> None:
        """End every stream; the clients resume, at another replica or here."""
        for stream in list(self._open):
            stream.end(reason)

    async def _reconnected(self) -> None:
        """What was sent meanwhile reached nobody, and the consumers may be gone: begin anew."""
        self.close("reconnected")

    async def _stream(self, token: ContextToken, subjects: Sequence[str], last_event_id: str | None) -> Response:
        reader = EventReader(self._gateway.connection)
        try:
            state = (await self._gateway.connection.client.jsm().stream_info(STREAM)).state
            after = _position(last_event_id, state.last_seq)
            await reader.open(after, subjects)
        except (nats.errors.Error, TimeoutError) as error:
            raise Refused(ACTOR_UNAVAILABLE, "the event stream cannot be read now; try again") from error
        opening = f"retry: {_RETRY_MILLISECONDS}\nid: {after}\n\n"
        if after + 1 < state.first_seq:
            opening += f'event: feed.gap\ndata: {{"oldest":{state.first_seq}}}\n\n'
        stream = EventStream(
            reader, View(token), opening.encode(), self._settings.stalled_seconds, token, self._metrics, self._ended
        )
        self._open.add(stream)
        self._of_user[token.subject] += 1
        self._metrics.streams.inc()
        return stream

    def _ended(self, stream: "EventStream") -> None:
        self._open.discard(stream)
        self._of_user[stream.user_id] -= 1
        if not self._of_user[stream.user_id]:
            del self._of_user[stream.user_id]
        self._metrics.streams.dec()


class EventStream(Response):
    """One listener. It ends when the token does, when he stops reading, or when a message was lost."""

    media_type = "text/event-stream"

    def __init__(
        self,
        reader: EventReader,
        view: View,
        opening: bytes,
        stalled_seconds: float,
        token: ContextToken,
        metrics: BridgeMetrics,
        ended: Callable[["EventStream"], None],
    ) -> None:
        super().__init__(headers={"cache-control": "no-store", "x-accel-buffering": "no"})
        del self.headers["content-length"]
        self._reader = reader
        self._view = view
        self._opening = opening
        self._stalled_seconds = stalled_seconds
        self._expires_at = token.expires_at + LEEWAY_SECONDS
        self._metrics = metrics
        self._ended = ended
        self._closing = asyncio.Event()
        self._reason = ""
        self.user_id = token.subject

    def end(self, reason: str) -> None:
        """Finish the stream in good order."""
        self._reason = reason
        self._closing.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Write events until one side ends the stream."""
        parts = [
            asyncio.create_task(self._write(send)),
            asyncio.create_task(_disconnected(receive)),
            asyncio.create_task(self._closing.wait()),
        ]
        try:
            await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
            if self._closing.is_set() and not parts[0].done():
                self._metrics.streams_cut.labels(self._reason).inc()
        finally:
            for part in parts:
                part.cancel()
            await asyncio.gather(*parts, return_exceptions=True)
            await self._reader.close()
            self._ended(self)
        if not parts[0].cancelled() and parts[0].exception() is not None:
            return  # stalled: nothing more fits into the connection, so it is dropped without the final chunk
        if not parts[1].done() or parts[1].cancelled():
            with suppress(TimeoutError):
                await self._send(send, b"", more=False)

    async def _write(self, send: Send) -> None:
        start = {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
        await send(start)
        await self._send(send, self._opening)
        while (left := self._expires_at - clock.unix_now()) > 0:
            batch = await self._reader.next_batch(min(_HEARTBEAT_SECONDS, left))
            frames = b"".join([self._view.frame(message) for message in batch])
            try:
                await self._send(send, frames or _HEARTBEAT)
            except TimeoutError:
                self._metrics.streams_cut.labels("stalled").inc()
                raise
            self._metrics.events.inc(len(batch))
            if self._reader.lost:
                self._metrics.streams_cut.labels("lost").inc()
                return
        self._metrics.streams_cut.labels("expired").inc()

    async def _send(self, send: Send, body: bytes, *, more: bool = True) -> None:
        async with asyncio.timeout(self._stalled_seconds):
            await send({"type": "http.response.body", "body": body, "more_body": more})


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _organisation(token: ContextToken, wanted: str | None) -> UUID:
    if token.organisation_id is None:
        raise Refused(TENANT_SCOPE_VIOLATION, "choose an organisation first: this token belongs to none")
    if wanted is not None and wanted.lower() != str(token.organisation_id):
        raise Refused(TENANT_SCOPE_VIOLATION, "X-Organisation-Id is not the token's organisation; leave it out")
    return token.organisation_id


def _subjects(types: Sequence[str], organisation_id: UUID) -> list[str]:
    """The subjects to filter by; a type covered by `<aggregate>.*` is dropped, the server refuses overlapping filters."""
    if not types:
        return [f"crm.events.*.*.{organisation_id}"]
    if len(types) > _MOST_TYPES:
        raise Refused.field("types", "too_many", f"give at most {_MOST_TYPES} types, or <aggregate>.*")
    known = event_types()
    for type_ in types:
        aggregate = type_.partition(".")[0]
        if not _TYPE.fullmatch(type_) or (
            type_ not in known
            and not (type_.endswith(".*") and any(name.startswith(f"{aggregate}.") for name in known))
        ):
            raise Refused.field("types", "unknown_type", "each type must be an event's type, or <aggregate>.*")
    wide = {type_.partition(".")[0] for type_ in types if type_.endswith(".*")}
    wanted = {type_ for type_ in types if type_.endswith(".*") or type_.partition(".")[0] not in wide}
    return [f"crm.events.{type_}.{organisation_id}" for type_ in sorted(wanted)]


def _position(last_event_id: str | None, newest: int) -> int:
    if not last_event_id:
        return newest
    if not last_event_id.isascii() or not last_event_id.isdigit() or len(last_event_id) > 18:
        raise Refused.field("Last-Event-ID", "sequence", "Last-Event-ID must be the id of an event of this feed")
    if int(last_event_id) > newest:
        raise Refused.field("Last-Event-ID", "future", "Last-Event-ID is newer than the newest event; leave it out")
    return int(last_event_id)
