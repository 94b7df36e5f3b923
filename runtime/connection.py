"""The actor's connection to NATS through FastStream, and the calls that wait on it."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from faststream.nats import NatsBroker
from faststream.nats.security import NatsNKey
from nats.aio.client import Client
from nats.js import JetStreamContext

from runtime.settings import Settings

log = structlog.get_logger()

_LAPSED_REPLY = 'permissions violation for publish to "_inbox_'


def inbox_prefix(user: str) -> str:
    """Where the replies of one NATS user arrive; the server lets nobody else listen there."""
    return f"_INBOX_{user}"


class Connection:
    """One broker per process, with what the client library leaves open: refusals reach the call that was refused."""

    def __init__(self, user: str, settings: Settings) -> None:
        self.user = user
        self._refused: dict[str, set[asyncio.Future[Any]]] = defaultdict(set)
        self._on_reconnect: list[Callable[[], Awaitable[None]]] = []
        self._stream: JetStreamContext | None = None
        self.refusals: list[str] = []
        seed = settings.nats_seed.get_secret_value() if settings.nats_seed else None
        self.broker = NatsBroker(
            settings.nats_url,
            security=NatsNKey.from_seed(seed) if seed else None,
            name=user,
            inbox_prefix=inbox_prefix(user),
            max_reconnect_attempts=-1,
            reconnect_time_wait=0.25,  # type: ignore[arg-type] # the library sleeps for it; fractions are fine
            error_cb=self._on_error,
            reconnected_cb=self._reconnected,
            disconnected_cb=self._disconnected,
            pending_size=8 * 1024 * 1024,
            drain_timeout=int(settings.drain_seconds),
            graceful_timeout=settings.drain_seconds,
            apply_types=False,
            decoder=_raw,
            logger=None,
        )

    @property
    def client(self) -> Client:
        """The connected nats-py client."""
        return self.broker._connection  # type: ignore[return-value]

    @property
    def stream(self) -> JetStreamContext:
        """JetStream over this connection."""
        if self._stream is None:
            self._stream = self.client.jetstream()
        return self._stream

    @property
    def connected(self) -> bool:
        """Whether the server can be reached now."""
        client = self.broker._connection
        return client is not None and client.is_connected

    def on_reconnect(self, callback: Callable[[], Awaitable[None]]) -> None:
        """Run after each reconnection."""
        self._on_reconnect.append(callback)

    async def request(self, subject: str, body: bytes, headers: dict[str, str], timeout: float) -> Any:  # noqa: ASYNC109
        """Request and reply. A subject the server refuses fails at once instead of at the time-out."""
        refused: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        waiting = self._refused[subject.lower()]
        waiting.add(refused)
        call = asyncio.ensure_future(self.client.request(subject, body, timeout=timeout, headers=headers))
        try:
            done, _ = await asyncio.wait({call, refused}, return_when=asyncio.FIRST_COMPLETED)
            if call in done:
                return call.result()
            raise PermissionError(f"NATS refuses user {self.user} to publish to {subject}")
        finally:
            waiting.discard(refused)
            if not waiting:
                self._refused.pop(subject.lower(), None)
            refused.cancel()
            if not call.done():
                call.cancel()

    async def _on_error(self, error: Exception) -> None:
        text = str(error)
        if _LAPSED_REPLY in text.lower():
            # The server grants one reply per request it delivered; after its restart it knows of none. The caller asks again.
            log.warning("nats.reply_lapsed", user=self.user, error=text)
            return
        if "permissions violation" in text.lower():
            self.refusals.append(text)
            log.error("nats.refused", user=self.user, error=text)
            for subject, waiting in list(self._refused.items()):
                if f'"{subject}"' in text.lower():
                    for future in waiting:
                        if not future.done():
                            future.set_result(None)
            return
        log.warning("nats.error", user=self.user, error=text, kind=type(error).__name__)

    async def _disconnected(self) -> None:
        log.warning("nats.disconnected", user=self.user)

    async def _reconnected(self) -> None:
        log.info("nats.reconnected", user=self.user)
        for callback in self._on_reconnect:
            await callback()


async def _raw(message: Any) -> Any:
    """The pass-through decoder: the host decodes with the request's own model, outside the subscription's loop."""
    return message
