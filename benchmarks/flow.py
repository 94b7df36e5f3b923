"""How fast facts travel: from the stream to a committed effect, through a full mailbox, and out of a full outbox."""

import asyncio
from time import perf_counter
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import orjson
from nats.js import JetStreamContext
from rich.console import Console
from rich.table import Table

from benchmarks.setting import system_of
from messages.commercial import RepProfile, SalesRepCreated
from messages.values.identifiers import new_id
from messages.values.instants import format_instant
from runtime import clock, headers
from runtime.client import Client
from runtime.running_system import RunningSystem

_ALONE = 300
_MANY = 20_000
_AT_ONCE = 1_000
_REST_SECONDS = 0.02

_POSITION = "select sequence from mailbox_position where reader = 'EVENTS'"
_UNSENT = "select exists (select 1 from outbox_message where sent_at is null)"
_FILL = """
insert into outbox_message (id, subject, headers, body, organisation_id, created_at)
select * from unnest($1::uuid[], $2::text[], $3::jsonb[], $4::bytea[], $5::uuid[], $6::timestamptz[])
"""


async def run() -> None:
    """Measure and print; the reader is `clients`, which keeps a projection of sales representatives."""
    async with system_of(["identity", "clients"], voices=["commercial"]) as system:
        database = await asyncpg.connect(system.installation.owner_url("clients"))
        await database.execute(f"set app.organisation_id = '{system.organisation_id}'")
        voice = await Client.connect(
            system.installation.nats.url, system.installation.nats_keys["commercial"][0], "commercial"
        )
        operator = await system.client()
        try:
            latencies = await _latencies(system, voice.connection.jetstream(), database)
            mailbox = await _mailbox(system, voice.connection.jetstream(), database, operator)
            relay = await _relay(system, database)
        finally:
            await operator.close()
            await voice.close()
            await database.close()
    table = Table("flow of events", "measured", "aim")
    table.add_row("published -> effect committed, idle, p50", f"{latencies[len(latencies) // 2]:.1f} ms", "<= 10 ms")
    table.add_row("the same, p99", f"{latencies[int(len(latencies) * 0.99)]:.1f} ms", "<= 50 ms")
    table.add_row(f"mailbox, {_MANY:,} events waiting", f"{mailbox:,.0f} events/s", ">= 3,000")
    table.add_row(f"outbox relay, {_MANY:,} events waiting", f"{relay:,.0f} events/s", ">= 5,000")
    Console(width=120).print(table)


async def _latencies(system: RunningSystem, stream: JetStreamContext, database: Any) -> list[float]:
    """Milliseconds from the publication of one event to the commit of its effect and position, sorted."""
    found = []
    for number in range(_ALONE):
        subject, event_headers, body = _fact(system, new_id(), number)
        started = perf_counter()
        sequence = (await stream.publish(subject, body, headers=event_headers)).seq
        while await database.fetchval(_POSITION) < sequence:
            await asyncio.sleep(0)
        found.append((perf_counter() - started) * 1000)
        await asyncio.sleep(_REST_SECONDS)
    return sorted(found)


async def _mailbox(system: RunningSystem, stream: JetStreamContext, database: Any, operator: Client) -> float:
    """Events per second that a paused actor catches up with, effects included."""
    before = await database.fetchval("select count(*) from sales_rep_ref")
    await operator.operate("clients", "pause")
    last = 0
    for start in range(0, _MANY, _AT_ONCE):
        futures = []
        for number in range(start, start + _AT_ONCE):
            subject, event_headers, body = _fact(system, new_id(), number)
            futures.append(await stream.publish_async(subject, body, headers=event_headers))
        last = max(future.seq for future in await asyncio.gather(*futures))
    started = perf_counter()
    await operator.operate("clients", "resume")
    while await database.fetchval(_POSITION) < last:
        await asyncio.sleep(0.01)
    seconds = perf_counter() - started
    stored = await database.fetchval("select count(*) from sales_rep_ref") - before
    if stored != _MANY:
        raise RuntimeError(f"{stored} of {_MANY} events had their effect")
    return _MANY / seconds


async def _relay(system: RunningSystem, database: Any) -> float:
    """Events per second from a full outbox into the stream, acknowledged and marked as sent."""
    subject = f"crm.events.client.updated.{system.organisation_id}"
    organisation_id = UUID(str(system.organisation_id))
    rows = []
    for _ in range(_MANY):
        event_id = uuid4()
        found = {headers.CE_ID: str(event_id), headers.CE_TYPE: "client.updated", headers.MESSAGE_ID: str(event_id)}
        rows.append((event_id, subject, orjson.dumps(found).decode(), b"x" * 600, organisation_id, clock.now()))
    started = perf_counter()
    async with database.transaction():
        await database.execute(_FILL, *(list(column) for column in zip(*rows, strict=True)))
        started = perf_counter()
        await database.execute("notify crm_outbox")
    while await database.fetchval(_UNSENT):
        await asyncio.sleep(0.01)
    return _MANY / (perf_counter() - started)


def _fact(system: RunningSystem, rep_id: UUID, number: int) -> tuple[str, dict[str, str], bytes]:
    """A new sales representative, as `commercial` states it."""
    event = SalesRepCreated.model_validate(
        {
            "rep_id": rep_id,
            "code": f"R{number}",
            "given_name": "Ada",
            "family_name": f"Martin {number}",
            "profile": RepProfile.VRP,
            "active": True,
        }
    )
    organisation_id = UUID(str(system.organisation_id))
    event_id = str(new_id())
    return (
        event.contract.subject(organisation_id),
        {
            headers.CE_SPEC_VERSION: "1.0",
            headers.CE_ID: event_id,
            headers.CE_TYPE: event.contract.type,
            headers.CE_SOURCE: "commercial",
            headers.CE_TIME: format_instant(clock.now()),
            headers.CE_SUBJECT: str(event.aggregate_id),
            headers.CE_ORGANISATION: str(organisation_id),
            headers.CE_VERSION: "1",
            headers.CE_CORRELATION: event_id,
            headers.CE_CAUSATION: event_id,
            headers.MESSAGE_ID: event_id,
        },
        event.model_dump_json().encode(),
    )
