"""A real nats-server with the generated configuration of a few example actors."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from uuid import UUID

import nats
import pytest
from nats.aio.client import Client
from nats.js import JetStreamContext

from runtime.embedded import EmbeddedNats
from runtime.nats_configuration import (
    ActorSurface,
    UpstreamGrant,
    create_user_keys,
    generate_configuration,
    inbox_prefix,
    user_names,
)
from runtime.provisioner import provision

ORGANISATION = UUID("0190a6f0-0000-7000-8000-0000000000a1")
OTHER_ORGANISATION = UUID("0190a6f0-0000-7000-8000-0000000000a2")
SURFACES = (
    ActorSurface("clients", ("client",), ("payment.received",), ()),
    ActorSurface("documents", ("document",), (), ()),
    ActorSurface("factures", ("invoice",), ("payment.received",), ("crm.internal.documents.store_document",)),
    ActorSurface("identity", ("user",), (), (), reads_audit=True),
    ActorSurface("logistics", ("letter", "shipment"), ("invoice.issued",), ("crm.internal.identity.get_signing_keys",)),
    ActorSurface("payments", ("payment",), ("invoice.issued", "client.created"), ("crm.clients.get_client",)),
)
BRIDGE_REQUESTS = ("crm.internal.payments.receive_psp_webhook",)
UPSTREAM = (UpstreamGrant("webshop", ("crm.clients.*", "crm.commands.clients.*"), ORGANISATION),)


class Bus:
    """A server, the seeds of all its users, and clients that remember what they were refused."""

    def __init__(self, folder: Path, *, simulated_time: bool = True) -> None:
        self.server = EmbeddedNats(folder)
        self.seeds: dict[str, str] = {}
        self.simulated_time = simulated_time
        self._public_keys: dict[str, str] = {}
        for user in user_names(SURFACES, UPSTREAM, spy=True):
            self.seeds[user], self._public_keys[user] = create_user_keys()

    def configuration(self, surfaces: tuple[ActorSurface, ...] = SURFACES) -> str:
        """What the server is started with."""
        return generate_configuration(
            surfaces,
            self._public_keys,
            jetstream_folder=self.server.jetstream_folder,
            port=self.server.port,
            bridge_requests=BRIDGE_REQUESTS,
            upstream=UPSTREAM,
            simulated_time=self.simulated_time,
        )

    async def provision(self, surfaces: tuple[ActorSurface, ...] = SURFACES) -> tuple[str, ...]:
        """Run the provisioner as `crm provision` does."""
        return await provision(self.server.url, self.seeds["provisioner"], surfaces, simulated_time=self.simulated_time)

    async def connect(self, user: str) -> "Connected":
        """A client of that user."""
        connected = Connected()
        connected.client = await nats.connect(
            self.server.url,
            nkeys_seed_str=self.seeds[user],
            inbox_prefix=inbox_prefix(user),
            error_cb=connected.note,
            reconnect_time_wait=0.1,
            max_reconnect_attempts=-1,
        )
        connected.jetstream = connected.client.jetstream(timeout=0.5)
        return connected


class Connected:
    """One user's connection."""

    client: Client
    jetstream: JetStreamContext

    def __init__(self) -> None:
        self.refusals: list[str] = []

    async def note(self, error: Exception) -> None:
        """The client's error callback."""
        self.refusals.append(str(error).lower())

    async def settle(self) -> None:
        """Wait until the server has judged everything sent so far.

        Twice: nats-server repeats its INFO after CONNECT, the client takes that for the answer to its first PING, and
        the late PONG then ends the first flush too early.
        """
        await self.client.flush()
        await self.client.flush()

    async def is_refused(self, subject: str) -> bool:
        """Whether the server refused that subject to this connection."""
        await self.settle()
        return any("permissions violation" in text and f'"{subject.lower()}"' in text for text in self.refusals)


@pytest.fixture(scope="session")
def server_bus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bus]:
    """The server all permission tests share."""
    bus = Bus(tmp_path_factory.mktemp("nats"))
    bus.server.write_configuration(bus.configuration())
    bus.server.start()
    yield bus
    bus.server.stop()


@pytest.fixture(scope="session")
async def bus(server_bus: Bus) -> Bus:
    """The shared server, with its streams and consumers."""
    await server_bus.provision()
    return server_bus


@pytest.fixture
def new_bus(tmp_path: Path) -> Iterator[Bus]:
    """A server of its own, for tests that break it."""
    bus = Bus(tmp_path / "nats")
    bus.server.write_configuration(bus.configuration())
    bus.server.start()
    yield bus
    bus.server.stop()


Connect = Callable[[str], Awaitable[Connected]]


@pytest.fixture
async def connect(bus: Bus) -> AsyncIterator[Connect]:
    """Connect as a user; closed after the test."""
    opened: list[Connected] = []

    async def as_user(user: str) -> Connected:
        opened.append(await bus.connect(user))
        return opened[-1]

    yield as_user
    for connected in opened:
        await connected.client.close()
