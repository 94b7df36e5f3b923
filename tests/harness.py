"""Runs actors inside the test process, on real servers; each test talks to them as an outside program would."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import nats
import orjson
import pytest_asyncio
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

from messages.base import NIL_ORGANISATION, Event
from messages.identity import CreateCompany, CreateOrganisation
from messages.registry import ACTORS
from messages.values.addresses import Address
from messages.values.identifiers import new_id
from messages.values.instants import format_instant
from runtime import clock, headers
from runtime.client import Client
from runtime.development import development_token
from runtime.host import Host
from runtime.installation import Installation
from runtime.settings import Settings
from runtime.system import System, discover
from tests.infrastructure import Infrastructure

SIRENS = ("732829320", "552100554", "404833048", "542065479", "383474814", "443061841", "350029858", "379184310")


class Running:
    """A system under test: its installation, the actors that run in this process, and clients."""

    def __init__(self, folder: Path, system: System, infrastructure: Infrastructure) -> None:
        self._infrastructure = infrastructure
        self.installation = Installation(
            folder, system, simulated_time=True, durable=False, spy=True, servers=infrastructure.servers()
        )
        self.hosts: dict[str, Host] = {}
        self._connections: dict[str, Client] = {}
        self._voices: dict[str, Client] = {}

    async def start(self, actors: Sequence[str] | None = None) -> None:
        """Start the servers and the actors (all by default)."""
        await asyncio.to_thread(self.installation.start)
        for actor in actors or list(self.installation.system.actors):
            await self.start_actor(actor)

    async def start_actor(self, name: str, **settings: Any) -> Host:
        """Start one actor in this process."""
        host = Host(self.installation.system.actors[name], self.settings(name, **settings))
        await host.application.start()
        self.hosts[name] = host
        return host

    async def stop_actor(self, name: str) -> None:
        """Stop one actor."""
        await self.hosts.pop(name).application.stop()

    async def stop(self) -> None:
        """Stop everything."""
        for client in self._connections.values():
            await client.close()
        for name in list(self.hosts):
            await self.stop_actor(name)
        await self._infrastructure.release(self.installation)
        await asyncio.to_thread(self.installation.stop)

    def settings(self, user: str, **overrides: Any) -> Settings:
        """The settings a process of that user would read from its environment."""
        environment = self.installation.environment(user)
        fields = {name.removeprefix("CRM_").lower(): value for name, value in environment.items()}
        return Settings(**{"log_level": "WARNING", **fields, **overrides})

    async def client(self, user: str = "operator", token: str | None = None) -> Client:
        """A client; those of one user share a connection, so that hundreds of tests stay below the server's limit."""
        if user not in self._connections:
            seed = self.installation.nats_keys[user][0]
            self._connections[user] = await Client.connect(self.installation.nats.url, seed, user)
        return Client(self._connections[user].connection, token)

    def token(self, organisation_id: UUID | None, **claims: Any) -> str:
        """A context token of the development issuer."""
        return development_token(
            self.installation.secrets.development_issuer_seed(), organisation_id=organisation_id, **claims
        )

    async def tenant(self, name: str = "Telecom Dupont", *, company: bool = True) -> "Tenant":
        """A new organisation with, by default, one company that every actor knows."""
        client = await self.client(token=self.token(None, user_id=new_id()))
        founded = await client.call(CreateOrganisation(name=f"{name} {uuid4().hex[:6]}"))
        organisation_id = founded.organisation.organisation_id
        client.token = self.token(organisation_id, membership_id=founded.membership.membership_id)
        tenant = Tenant(self, organisation_id, client, founded.membership.membership_id)
        if company:
            tenant.company_id = (await client.call(company_request("DUP", SIRENS[0]))).company_id
        await self.settled()
        return tenant

    async def retire(self, organisation_id: UUID) -> None:
        """Spare later ticks the organisation of a test that is over: each job runs once per open one."""
        await asyncio.gather(*(_close_organisation(host, organisation_id) for host in self.hosts.values()))

    async def state(
        self,
        event: Event,
        organisation_id: UUID,
        *,
        version: int = 1,
        now: datetime | None = None,
        user_id: UUID | None = None,
    ) -> UUID:
        """State a fact as the actor that owns it would, over its own NATS user."""
        owner = event.contract.actor
        if owner not in self._voices:
            self._voices[owner] = await self.client(owner)
        event_id = new_id()
        found = {
            headers.CE_SPEC_VERSION: "1.0",
            headers.CE_ID: str(event_id),
            headers.CE_TYPE: event.contract.type,  # a payload may have a field named type
            headers.CE_SOURCE: owner,
            headers.CE_TIME: format_instant(now or clock.now()),
            headers.CE_SUBJECT: str(event.aggregate_id),
            headers.CE_ORGANISATION: str(organisation_id),
            headers.CE_VERSION: str(version),
            headers.CE_CORRELATION: str(event_id),
            headers.CE_CAUSATION: str(event_id),
            headers.MESSAGE_ID: str(event_id),
        }
        if now is not None:
            found[headers.TIME] = format_instant(now)
        if user_id is not None:
            found[headers.CE_USER] = str(user_id)
        stream = self._voices[owner].connection.jetstream()
        await stream.publish(event.contract.subject(organisation_id), event.model_dump_json().encode(), headers=found)
        return event_id

    async def tick(self, kind: str, as_of: datetime) -> None:
        """Let simulated time reach `as_of` with one tick, and wait until everybody has dealt with it."""
        await (await self._operator()).tick(kind, as_of)
        await self.settled()

    async def events(self, type_: str, organisation_id: UUID) -> list[tuple[dict[str, str], dict[str, Any]]]:
        """The stored events of one type and organisation, in order: headers and body."""
        connection = await nats.connect(
            self.installation.nats.url,
            nkeys_seed_str=self.installation.nats_keys["provisioner"][0],
            inbox_prefix=b"_INBOX_provisioner",
        )
        try:
            subject = f"crm.events.{type_}.{organisation_id}"
            return [
                (dict(message.headers or {}), orjson.loads(message.data))
                for message in await stored_messages(connection.jetstream(), subject)
            ]
        finally:
            await connection.close()

    async def settled(self, seconds: float = 30.0) -> None:
        """Wait until no actor has anything left to publish, apply or do."""
        await (await self._operator()).settle(self.hosts, seconds)

    async def _operator(self) -> Client:
        if not hasattr(self, "_settling"):
            self._settling = await self.client()
        return self._settling

    def database(self, actor: str) -> str:
        """The owner's URL of an actor's database, for looking behind the curtain."""
        return self.installation.owner_url(actor)


async def _close_organisation(host: Host, organisation_id: UUID) -> None:
    async with host.heart.database.transaction(NIL_ORGANISATION) as connection:
        await connection.execute("update organisation set status = 'CLOSED' where id = $1", organisation_id)
    host.heart.access.tenants.pop(organisation_id, None)


class Tenant:
    """An organisation in a test, with a client that acts as its owner."""

    def __init__(self, running: Running, organisation_id: UUID, client: Client, membership_id: UUID) -> None:
        self.running = running
        self.id = organisation_id
        self.client = client
        self.membership_id = membership_id
        self.company_id: UUID = organisation_id

    def token(self, *permissions: str, **claims: Any) -> str:
        """A token of this organisation with these permissions."""
        return self.running.token(
            self.id, permissions=permissions or ("*",), membership_id=self.membership_id, **claims
        )


def company_request(code: str, siren: str) -> CreateCompany:
    """A company with valid identifiers."""
    return CreateCompany(
        code=code,
        legal_name=f"Société {code}",
        siren=siren,
        address=Address(street="1 rue de la Paix", postal_code="75002", city="Paris"),
    )


async def stored_messages(stream: JetStreamContext, subject: str) -> list[Any]:
    """Everything CRM_EVENTS holds of a subject now, in its order; pulled, so that no amount of it overflows."""
    reader = ConsumerConfig(ack_policy=AckPolicy.NONE, deliver_policy=DeliverPolicy.ALL)
    subscription = await stream.pull_subscribe(subject, stream="CRM_EVENTS", config=reader)
    found: list[Any] = []
    try:
        left = (await subscription.consumer_info()).num_pending or 0
        while len(found) < left:
            found += await subscription.fetch(min(500, left - len(found)), timeout=5)
    finally:
        await subscription.unsubscribe()
    return found


def system_of(*actors: str) -> Any:
    """A fixture: a system of these actors (all when none is named); the others' facts can be stated, see `Running.state`.

    The folder is not pytest's own: a second pytest run would close that one to the system account PostgreSQL runs as.
    """
    chosen = os.environ.get("CRM_TEST_ACTORS", "").split(",") if "CRM_TEST_ACTORS" in os.environ else list(actors)

    @pytest_asyncio.fixture(scope="package", loop_scope="session")
    async def running(infrastructure: Infrastructure) -> AsyncIterator[Running]:
        folder = Path(tempfile.mkdtemp(prefix="crm-test-"))
        voices = [actor for actor in ACTORS if actor not in chosen] if chosen else []
        system = Running(folder, discover(chosen or None, voices), infrastructure)
        await system.start()
        yield system
        await system.stop()
        shutil.rmtree(folder, ignore_errors=True)

    return running


def tenant_fixture(name: str) -> Any:
    """A fixture: a new organisation with one company for each test."""

    @pytest_asyncio.fixture(loop_scope="session")
    async def tenant(running: Running) -> AsyncIterator[Tenant]:
        made = await running.tenant(name)
        yield made
        await running.retire(made.id)

    return tenant


async def eventually(condition: Callable[[], Awaitable[Any]], seconds: float = 10.0) -> Any:
    """The first truthy answer of a condition, asked again until the bound."""
    async with asyncio.timeout(seconds):
        while True:
            found = await condition()
            if found:
                return found
            await asyncio.sleep(0.02)
