"""What the parts of a running actor share: its connection, database, keys, access table and wake-up calls."""

import asyncio
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Table

from messages.errors import ACTOR_UNAVAILABLE, ErrorCode
from messages.values.identifiers import new_id
from runtime.access import Access
from runtime.actor import Actor
from runtime.audit_rows import DenialCounter
from runtime.caller import Caller
from runtime.calls import Calls
from runtime.connection import Connection
from runtime.database import Database
from runtime.headers import Cause
from runtime.key_provider import LocalKeyProvider
from runtime.keys import Keys
from runtime.metrics import Metrics
from runtime.number_blocks import NumberBlocks
from runtime.settings import Settings
from runtime.telemetry import Telemetry, telemetry_of
from runtime.unit_of_work import UnitOfWork
from storage.shared.outgoing import Outgoing


class Heart:
    """One per process. Parts receive it instead of knowing one another."""

    unavailable: ErrorCode = ACTOR_UNAVAILABLE

    def __init__(self, actor: Actor, settings: Settings) -> None:
        self.actor = actor
        self.settings = settings
        self.connection = Connection(actor.name, settings)
        self.database = Database(settings)
        self.calls = Calls(actor.name, self.connection)
        self.access = Access(self.database, self.calls)
        self.keys = Keys(actor.name, self.database)
        self.replica = new_id().hex
        """Tells this process from the actor's others: the id in $SRV answers, a label of its metrics."""
        self.metrics = Metrics(actor.name, self.replica)
        self.denials = DenialCounter()
        self.telemetry: Telemetry | None = None
        self.relay_is_here = False
        self.audited = False
        self.paused = False
        self.wake_relay = asyncio.Event()
        self.wake_workers = asyncio.Event()
        self._blocks: dict[str, NumberBlocks] = {}
        self.troubles: dict[str, str] = {}

    async def open(self) -> None:
        """Check what the process was told, then connect to the database."""
        self.keys.open(LocalKeyProvider.from_settings(self.settings.key_file))
        await self.database.open()
        self.telemetry = telemetry_of(self.settings, self.actor.name)

    async def close(self) -> None:
        """Send the last spans, then leave the database."""
        if self.telemetry is not None:
            await asyncio.to_thread(self.telemetry.close)
        await self.database.close()

    def unit(
        self, connection: Any, organisation_id: UUID, caller: Caller, now: datetime, cause: Cause, outgoing: Outgoing
    ) -> UnitOfWork:
        """A unit of work on an open transaction."""
        return UnitOfWork(
            connection,
            actor=self.actor.name,
            organisation_id=organisation_id,
            caller=caller,
            now=now,
            cause=cause,
            outgoing=outgoing,
            asking=self.calls,
            keys=self.keys,
            numbers=self._next_number,
        )

    async def _next_number(self, counter: Table, organisation_id: UUID) -> int:
        blocks = self._blocks.get(counter.name)
        if blocks is None:
            blocks = self._blocks[counter.name] = NumberBlocks(counter)
        return await blocks.next(self.database, organisation_id)

    def committed(self, outgoing: Outgoing) -> None:
        """Wake whoever has something to do now that the transaction is in."""
        if outgoing.messages:
            self.wake_relay.set()
        if outgoing.work:
            self.wake_workers.set()
        if outgoing.audit:
            self.audited = True

    def trouble(self, part: str, text: str | None) -> None:
        """Note what keeps the actor from serving; None = healed. Shown by `health`."""
        if text is None:
            self.troubles.pop(part, None)
        else:
            self.troubles[part] = text
