"""Reads a stream in order and exactly once: the position lies in the actor's database and moves with the effects.

Follows cross_cutting section 5. The consumer is only a pump: whoever holds the lock resets it to its own position, drops what
was still in flight, and then demands consumer sequence 1, 2, 3 ... without a hole.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import nats.errors
import orjson
import structlog

from messages.base import NIL_ORGANISATION
from runtime import clock
from runtime.heart import Heart
from runtime.leadership import leadership

log = structlog.get_logger()

_HEARTBEATS_MISSED_SECONDS = 3.5
_PENDING_LIMIT = 4096
_API_TIMEOUT = 2.0

_POSITION = "select stream_created_at, sequence from mailbox_position where reader = $1"
_FIRST_POSITION = """
insert into mailbox_position (reader, stream, stream_created_at, sequence, moved_at) values ($1, $2, $3, $4, $5)
on conflict do nothing
"""
_SET = "update mailbox_position set stream_created_at = $2, sequence = $3, moved_at = $4 where reader = $1"
_MOVE = "update mailbox_position set sequence = $3, moved_at = $4 where reader = $1 and sequence = $2"


class GapError(Exception):
    """Messages between the position and the stream's first one are gone; nothing is skipped silently."""


class FencedError(Exception):
    """Another reader moved the position: this one is a zombie, and its effects roll back."""


class ResetNeeded(Exception):  # noqa: N818 - part of the protocol, not an error
    """The consumer skipped or fell silent; it must be set to the position again."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One stored message with its place in the stream and in the consumer."""

    subject: str
    headers: dict[str, str]
    body: bytes
    sequence: int
    consumer_sequence: int
    stored_at: datetime
    reply: str


class Mailbox:
    """The reader of one stream. `apply` gets a batch and the position before it, and must move the position itself."""

    def __init__(
        self,
        heart: Heart,
        reader: str,
        stream: str,
        apply: Callable[[list[Delivery], int], Awaitable[None]],
        *,
        from_now: bool = False,
    ) -> None:
        self._heart = heart
        self._reader = reader
        self._stream = stream
        self._apply = apply
        self._from_now = from_now
        self._arrivals: asyncio.Queue[Any] = asyncio.Queue(_PENDING_LIMIT)
        self._reset_wanted = False
        self._next = 1
        self.position = 0
        self._announced = 0
        heart.connection.on_reconnect(self._after_reconnection)

    async def receive(self, message: Any) -> None:
        """Take what the server pushes; the queue's bound is the back-pressure."""
        await self._arrivals.put(message.raw_message)

    async def run(self) -> None:
        """Read while this replica holds the lock."""
        async with leadership(self._heart.database, f"mailbox {self._reader}") as session:
            self.position = await self._load_position()
            await self._reset()
            while not session.is_closed():
                try:
                    await self._read_batch()
                except ResetNeeded as reason:
                    log.info("mailbox.reset", reader=self._reader, position=self.position, reason=str(reason))
                    await self._reset()
            raise ConnectionError("the session that holds the mailbox lock is gone")

    async def move(self, connection: Any, before: int, after: int) -> None:
        """Move the position in the transaction of the effects; raises when another reader already did."""
        status = await connection.execute(_MOVE, self._reader, before, after, clock.now())
        if status != "UPDATE 1":
            raise FencedError(f"position of {self._reader} is no longer {before}")

    @property
    def lag(self) -> int:
        """How many delivered or announced messages are not applied yet."""
        return self._arrivals.qsize() + self._announced

    async def _read_batch(self) -> None:
        batch = [await self._next_delivery()]
        while len(batch) < self._heart.settings.mailbox_batch and not self._arrivals.empty():
            delivery = self._accepted(self._arrivals.get_nowait())
            if delivery is not None:
                batch.append(delivery)
        await self._wait_while_paused()
        before = self.position
        await self._apply(batch, before)
        self.position = batch[-1].sequence
        await self._heart.connection.client.publish(batch[-1].reply, b"+ACK")

    async def _next_delivery(self) -> Delivery:
        while True:
            if self._reset_wanted:
                raise ResetNeeded("reconnected")
            try:
                async with asyncio.timeout(_HEARTBEATS_MISSED_SECONDS):
                    message = await self._arrivals.get()
            except TimeoutError:
                raise ResetNeeded("heartbeats are missing") from None
            delivery = self._accepted(message)
            if delivery is not None:
                return delivery

    def _accepted(self, raw: Any) -> Delivery | None:
        """The next message in order, or None for heartbeats and what was in flight before a reset."""
        if not raw.reply.startswith("$JS.ACK."):
            self._check_heartbeat(raw)
            return None
        metadata = raw.metadata
        consumer_sequence = metadata.sequence.consumer
        if self._next == 1 and consumer_sequence != 1:
            return None
        if consumer_sequence != self._next:
            raise ResetNeeded(f"consumer sequence {consumer_sequence} instead of {self._next}")
        if metadata.sequence.stream <= self.position and consumer_sequence > 1:
            raise ResetNeeded(f"stream sequence {metadata.sequence.stream} is not after {self.position}")
        self._next += 1
        self._announced = metadata.num_pending
        return Delivery(
            subject=raw.subject,
            headers=raw.headers or {},
            body=raw.data,
            sequence=metadata.sequence.stream,
            consumer_sequence=consumer_sequence,
            stored_at=metadata.timestamp.replace(tzinfo=UTC)
            if metadata.timestamp.tzinfo is None
            else metadata.timestamp,
            reply=raw.reply,
        )

    def _check_heartbeat(self, raw: Any) -> None:
        """A heartbeat names the last consumer sequence sent: a higher one than ours means we missed some."""
        last = (raw.headers or {}).get("Nats-Last-Consumer")
        if last is not None and int(last) >= self._next > 1:
            raise ResetNeeded(f"heartbeat says {last}, next expected is {self._next}")

    async def _load_position(self) -> int:
        info = await self._stream_info()
        created, state = _instant(info["created"]), info["state"]
        async with self._heart.database.transaction(NIL_ORGANISATION) as connection:
            row = await connection.fetchrow(_POSITION, self._reader)
            if row is None:
                first = state["last_seq"] if self._from_now else 0
                await connection.execute(_FIRST_POSITION, self._reader, self._stream, created, first, clock.now())
                return int(first)
        if row["stream_created_at"] != created:
            raise GapError(
                f"stream {self._stream} was made anew at {created}; run 'crm ops rebuild {self._heart.actor.name}'"
            )
        if row["sequence"] + 1 < state["first_seq"]:
            raise GapError(
                f"stream {self._stream} begins at {state['first_seq']}, the position is {row['sequence']}; "
                f"run 'crm ops rebuild {self._heart.actor.name}'"
            )
        return int(row["sequence"])

    async def close_gap(self) -> bool:
        """After a rebuild was ordered: set the position to what the stream still holds; False when there was no gap."""
        info = await self._stream_info()
        created, first = _instant(info["created"]), info["state"]["first_seq"]
        async with self._heart.database.transaction(NIL_ORGANISATION) as connection:
            row = await connection.fetchrow(f"{_POSITION} for update", self._reader)
            if row is None or (row["stream_created_at"] == created and row["sequence"] + 1 >= first):
                return False
            await connection.execute(_SET, self._reader, created, max(first - 1, 0), clock.now())
        return True

    async def _reset(self) -> None:
        """Set the consumer to the position; what is still in the queue belongs to its former life."""
        self._reset_wanted = False
        self._next = 1
        while not self._arrivals.empty():
            self._arrivals.get_nowait()
        info = await self._stream_info()
        sequence = min(self.position, info["state"]["last_seq"]) + 1  # beyond last + 1 the server would skip messages
        subject = f"$JS.API.CONSUMER.RESET.{self._stream}.{self._heart.actor.name}"
        for attempt in (1, 2):
            try:
                answer = await self._heart.connection.client.request(
                    subject, orjson.dumps({"seq": sequence}), timeout=_API_TIMEOUT
                )
            except (nats.errors.TimeoutError, nats.errors.NoRespondersError):
                if attempt == 2:
                    raise ConnectionError(f"mailbox {self._reader} is not provisioned; run 'crm provision'") from None
            else:
                _raise_api_error(orjson.loads(answer.data))
                self._heart.trouble(f"mailbox {self._reader}", None)
                return

    async def _stream_info(self) -> Any:
        answer = await self._heart.connection.client.request(
            f"$JS.API.STREAM.INFO.{self._stream}", b"", timeout=_API_TIMEOUT
        )
        return _raise_api_error(orjson.loads(answer.data))

    async def _after_reconnection(self) -> None:
        self._reset_wanted = True

    async def _wait_while_paused(self) -> None:
        while self._heart.paused:
            await asyncio.sleep(0.2)


def _raise_api_error(answer: Any) -> Any:
    if "error" in answer:
        raise ConnectionError(f"JetStream answers {answer['error'].get('description', answer['error'])}")
    return answer


def _instant(text: str) -> datetime:
    """JetStream's RFC 3339 with nanoseconds, cut to microseconds."""
    head, _, rest = text.rstrip("Z").partition(".")
    return datetime.fromisoformat(head).replace(microsecond=int((rest + "000000")[:6]), tzinfo=UTC)
