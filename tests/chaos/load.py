"""Load that remembers what was promised, and the check that every promise was kept exactly once."""

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import nats
import orjson

from messages.problem import Refused
from runtime import headers
from runtime.client import Client
from runtime.running_system import RunningSystem
from tests.harness import stored_messages

_COPIES = """
select table_name as name from information_schema.columns
where column_name = 'client_id' and table_name in ('client_ref', 'client_copy', 'client_view')
"""
RETRIABLE = {"ACTOR_UNAVAILABLE", "DEADLINE_EXCEEDED", "IDEMPOTENCY_IN_PROGRESS"}


@dataclass
class Promises:
    """The clients whose creation was acknowledged, by idempotency key."""

    accepted: dict[str, UUID] = field(default_factory=dict)
    repeats: int = 0


async def create_clients(
    client: Client, promises: Promises, stop: asyncio.Event, seed: int, pause: float = 0.0
) -> None:
    """Create clients until told to stop; an unanswered request is repeated with its key until it is answered."""
    draw = random.Random(seed)
    while not stop.is_set():
        key = f"chaos-{uuid4()}"
        name = f"Chaos{draw.randrange(10**9)}"
        body = orjson.dumps({"given_name": "Kill", "family_name": name, "emails": [f"{name.lower()}@example.fr"]})
        while True:
            try:
                answer = await client.send(
                    "crm.clients.create_client", body, {headers.IDEMPOTENCY_KEY: key}, timeout_seconds=2
                )
            except Refused as refused:
                assert refused.code.code in RETRIABLE, refused
            else:
                problem = answer.problem
                if problem is None:
                    promises.accepted[key] = UUID(orjson.loads(answer.body)["id"])
                    break
                assert problem.code in RETRIABLE, problem
            promises.repeats += 1
            await asyncio.sleep(0.05)
        await asyncio.sleep(pause)


async def broken_promises(system: RunningSystem, promises: Promises) -> list[str]:
    """Every way in which the system fell short of what it acknowledged; empty = all kept, exactly once."""
    broken: list[str] = []
    organisation_id = system.organisation_id
    connection = await asyncpg.connect(system.installation.actor_url("clients"))
    try:
        await connection.execute(f"set app.organisation_id = '{organisation_id}'")
        stored = Counter(row["id"] for row in await connection.fetch("select id from client"))
    finally:
        await connection.close()
    announced = Counter[UUID]()
    for _, body in await stored_events(system, f"crm.events.client.created.{organisation_id}"):
        announced[UUID(body["client_id"])] += 1
    for client_id in promises.accepted.values():
        if stored[client_id] != 1:
            broken.append(f"client {client_id} is stored {stored[client_id]} times")
        if announced[client_id] != 1:
            broken.append(f"client {client_id} is announced {announced[client_id]} times")
    broken += [f"client {found} is announced but not stored" for found in announced if found not in stored]
    broken += [f"client {found} is stored but not announced" for found in stored if found not in announced]
    broken += await _projections(system, set(stored))
    return broken + await _dead_letters(system)


async def _projections(system: RunningSystem, stored: set[UUID]) -> list[str]:
    """Whose mailbox missed a client: every actor that keeps a copy of clients must have them all, and no other."""
    broken = []
    for actor in system.installation.system.actors:
        connection = await asyncpg.connect(system.installation.actor_url(actor))
        try:
            await connection.execute(f"set app.organisation_id = '{system.organisation_id}'")
            for table in await connection.fetch(_COPIES):
                kept = {row["client_id"] for row in await connection.fetch(f"select client_id from {table['name']}")}
                if kept != stored:
                    broken.append(f"{actor} lacks {len(stored - kept)} clients and has {len(kept - stored)} strangers")
        finally:
            await connection.close()
    return broken


async def _dead_letters(system: RunningSystem) -> list[str]:
    operator = await system.client()
    try:
        letters = []
        for actor in system.installation.system.actors:
            for letter in (await operator.operate(actor, "dead_letters", status="OPEN"))["items"]:
                letters.append(f"{actor} has a dead letter: {letter['subject']} {letter['error'][-300:]}")
        return letters
    finally:
        await operator.close()


async def stored_events(system: RunningSystem, subject: str) -> list[tuple[dict[str, str], Any]]:
    """All stored events of a subject, in the stream's order."""
    seed = system.installation.nats_keys["provisioner"][0]
    connection = await nats.connect(
        system.installation.nats.url, nkeys_seed_str=seed, inbox_prefix=b"_INBOX_provisioner"
    )
    try:
        messages = await stored_messages(connection.jetstream(), subject)
        return [(dict(message.headers or {}), orjson.loads(message.data)) for message in messages]
    finally:
        await connection.close()
