"""Facts of actors that a benchmark does not run, stated in bulk by their NATS users."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from uuid import UUID

from messages.base import Event
from messages.values.identifiers import new_id
from messages.values.instants import format_instant
from runtime import clock, headers
from runtime.client import Client
from runtime.running_system import RunningSystem

_AT_ONCE = 200


class Voices:
    """Publishes as the actors that own the facts; `now` is the simulated time that travels with them."""

    def __init__(self, clients: dict[str, Client], organisation_id: UUID, now: datetime | None = None) -> None:
        self._clients = clients
        self._organisation_id = organisation_id
        self.now = now

    async def state(self, facts: Iterable[Event], *, version: int = 1) -> None:
        """Publish the facts, some hundred at a time; each is in the stream when this returns."""
        waiting = list(facts)
        for first in range(0, len(waiting), _AT_ONCE):
            await asyncio.gather(*(self._publish(fact, version) for fact in waiting[first : first + _AT_ONCE]))

    async def _publish(self, event: Event, version: int) -> None:
        event_id = str(new_id())
        found = {
            headers.CE_SPEC_VERSION: "1.0",
            headers.CE_ID: event_id,
            headers.CE_TYPE: event.contract.type,
            headers.CE_SOURCE: event.contract.actor,
            headers.CE_TIME: format_instant(self.now or clock.now()),
            headers.CE_SUBJECT: str(event.aggregate_id),
            headers.CE_ORGANISATION: str(self._organisation_id),
            headers.CE_VERSION: str(version),
            headers.CE_CORRELATION: event_id,
            headers.CE_CAUSATION: event_id,
            headers.MESSAGE_ID: event_id,
        }
        if self.now is not None:
            found[headers.TIME] = format_instant(self.now)
        stream = self._clients[event.contract.actor].connection.jetstream()
        subject = event.contract.subject(self._organisation_id)
        await stream.publish(subject, event.model_dump_json().encode(), headers=found)


@asynccontextmanager
async def voices_of(system: RunningSystem, actors: Sequence[str], now: datetime | None = None) -> AsyncIterator[Voices]:
    """Connections that speak for these actors, in the system's first organisation."""
    url, keys = system.installation.nats.url, system.installation.nats_keys
    clients = {actor: await Client.connect(url, keys[actor][0], actor) for actor in actors}
    try:
        yield Voices(clients, UUID(str(system.organisation_id)), now)
    finally:
        for client in clients.values():
            await client.close()
