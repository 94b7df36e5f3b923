"""Reading CRM_EVENTS in order after one position, through an ephemeral consumer that only the bridge may create.

The reader never repairs: at the first sign of a lost message it ends, and the HTTP client resumes after the last event it got.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

from nats.aio.subscription import Subscription
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

from runtime import clock
from runtime.connection import Connection

STREAM = "CRM_EVENTS"
_HEARTBEAT_SECONDS = 5.0
_SILENCE_SECONDS = 3 * _HEARTBEAT_SECONDS
_BATCH = 256
# The server's flow control may let up to 32 MiB run ahead of a client; what exceeds this is dropped and seen as a gap.
_BUFFERED_BYTES = 8 * 1024 * 1024


class EventReader:
    """At most 256 events and 8 MiB wait here; flow control keeps the server from sending much more than is taken."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._waiting: asyncio.Queue[Any] = asyncio.Queue(_BATCH)
        self._subscription: Subscription | None = None
        self._received = 0
        self._heard_at = clock.monotonic()
        self.lost = False

    async def open(self, after: int, subjects: Sequence[str]) -> None:
        """Start delivery of the events behind stream sequence `after`. The subjects must not overlap."""
        client = self._connection.client
        inbox = client.new_inbox()
        self._subscription = await client.subscribe(inbox, cb=self._receive, pending_bytes_limit=_BUFFERED_BYTES)
        config = ConsumerConfig(
            deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
            opt_start_seq=after + 1,
            ack_policy=AckPolicy.NONE,
            filter_subjects=list(subjects),
            deliver_subject=inbox,
            flow_control=True,
            idle_heartbeat=_HEARTBEAT_SECONDS,
            inactive_threshold=_SILENCE_SECONDS,
            mem_storage=True,
            num_replicas=1,
        )
        try:
            await client.jsm().add_consumer(STREAM, config)
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Stop; the server forgets a consumer that nobody listens to."""
        if self._subscription is not None and self._connection.connected:
            await self._subscription.unsubscribe()
        self._subscription = None

    async def next_batch(self, seconds: float) -> list[Any]:
        """The events that came, in order; none when nothing came in that time. Look at `lost` afterwards."""
        try:
            async with asyncio.timeout(seconds):
                first = await self._waiting.get()
        except TimeoutError:
            self.lost = self.lost or clock.monotonic() - self._heard_at > _SILENCE_SECONDS
            return []
        batch = [first]
        while not self._waiting.empty():
            batch.append(self._waiting.get_nowait())
        return [message for message in batch if message is not None]

    async def _receive(self, message: Any) -> None:
        self._heard_at = clock.monotonic()
        if self.lost:
            return
        status = (message.headers or {}).get("Status")
        if status is not None:
            await self._controlled(message, status)
            return
        if message.metadata.sequence.consumer != self._received + 1:
            await self._end()
            return
        self._received += 1
        await self._waiting.put(message)

    async def _controlled(self, message: Any, status: str) -> None:
        if status != "100":
            await self._end()
            return
        # Flow control: answered only here, after everything before it was taken, so a slow client slows the server.
        answer_to = message.reply or message.headers.get("Nats-Consumer-Stalled")
        if answer_to:
            await self._connection.client.publish(answer_to)
        last = message.headers.get("Nats-Last-Consumer")
        if last is not None and int(last) > self._received:
            await self._end()

    async def _end(self) -> None:
        self.lost = True
        await self._waiting.put(None)
