"""create_client, get_client and list_clients with everything on, beside the bare yardstick, in one run."""

import asyncio
import itertools
import os
import random
import sys
from typing import Any
from uuid import uuid4

import asyncpg
import nats.errors
import orjson
import psutil
from rich.console import Console
from rich.table import Table

from benchmarks.measure import Figures, measure
from benchmarks.setting import system_of
from messages.clients import CreateClient
from runtime import headers
from runtime.running_system import RunningSystem

ROWS = 10_000
CONCURRENCY = 64
_TABLE = """
create table bare_client (
    id uuid primary key, given_name text, family_name text, display_name text, email text, created_at timestamptz
);
create index on bare_client (created_at, id);
grant all on bare_client to crm_clients
"""


async def run(requests: int) -> None:
    """Start a system, fill it, measure both sides by turns, and print."""
    async with system_of(["identity", "clients"]) as system:
        client = await system.client()
        bare = await _start_bare(system, client.connection)
        try:
            ids, bare_ids = await _fill(system, client.connection)
            _show(await _measure(system, client.connection, bare.pid, ids, bare_ids, requests))
        finally:
            bare.kill()
            await client.close()


async def _start_bare(system: RunningSystem, client: Any) -> asyncio.subprocess.Process:
    owner = await asyncpg.connect(system.installation.owner_url("clients"))
    await owner.execute(_TABLE)
    await owner.close()
    environment = {
        "BARE_DATABASE_URL": system.installation.actor_url("clients"),
        "BARE_NATS_URL": system.installation.nats.url,
        "BARE_NATS_SEED": system.installation.nats_keys["bare"][0],
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.bare_server", env=os.environ | environment
    )
    await _until_answered(client)
    return process


async def _until_answered(connection: Any) -> None:
    """Wait until the bare server answers, at most ten seconds."""
    async with asyncio.timeout(10):
        while True:
            try:
                await connection.request("crm.bare.list", b"{}", timeout=1)
            except (nats.errors.NoRespondersError, nats.errors.TimeoutError):
                await asyncio.sleep(0.05)
            else:
                return


async def _fill(system: RunningSystem, connection: Any) -> tuple[list[str], list[str]]:
    """10,000 rows on each side, through the front door."""
    bearer = {headers.AUTHORIZATION: f"Bearer {system.token()}"}

    async def many(subject: str, found: dict[str, str]) -> list[str]:
        made: list[str] = []
        numbers = iter(range(ROWS))

        async def worker() -> None:
            for number in numbers:
                answer = await connection.request(subject, _person(number), timeout=10, headers=found)
                made.append(orjson.loads(answer.data)["id"])

        await asyncio.gather(*(worker() for _ in range(CONCURRENCY)))
        return made

    return await many(CreateClient.subject, bearer), await many("crm.bare.create", {"x": "y"})


_serial = itertools.count(1)


def _person(_: int) -> bytes:
    """A new person at each call: the same one twice would be refused as a duplicate."""
    number = next(_serial)
    name = "".join(chr(ord("a") + int(digit)) for digit in str(number))
    return orjson.dumps({"given_name": "Jean", "family_name": f"Dupont{name}", "emails": [f"{name}@example.fr"]})


async def _measure(
    system: RunningSystem, connection: Any, bare_pid: int, ids: list[str], bare_ids: list[str], requests: int
) -> list[tuple[Figures, Figures]]:
    pid = system.supervisor.children["clients"].pid
    assert pid is not None
    bearer = {headers.AUTHORIZATION: f"Bearer {system.token()}"}
    draw = random.Random(7)
    shapes: list[tuple[str, Any, Any]] = [
        (
            "create_client",
            lambda n: (CreateClient.subject, _person(n), bearer | {headers.IDEMPOTENCY_KEY: f"bench-{uuid4()}"}),
            lambda n: ("crm.bare.create", _person(n), {}),
        ),
        (
            "get_client",
            lambda _: ("crm.clients.get_client", orjson.dumps({"client_id": draw.choice(ids)}), bearer),
            lambda _: ("crm.bare.get", orjson.dumps({"client_id": draw.choice(bare_ids)}), {}),
        ),
        (
            "list_clients",
            lambda _: ("crm.clients.list_clients", b'{"limit": 20}', bearer),
            lambda _: ("crm.bare.list", b"{}", {}),
        ),
    ]
    results = []
    for name, ours, theirs in shapes:
        full = await measure(name, connection, pid, requests, CONCURRENCY, ours)
        yardstick = await measure(name, connection, bare_pid, requests, CONCURRENCY, theirs)
        alone = await measure(name, connection, pid, 200, 1, ours)
        bare_alone = await measure(name, connection, bare_pid, 200, 1, theirs)
        results += [(full, yardstick), (_sequential(alone), _sequential(bare_alone))]
    memory = psutil.Process(pid).memory_info().rss / 2**20
    Console().print(f"resident memory of the clients actor after the run: {memory:.0f} MiB")
    return results


def _sequential(figures: Figures) -> Figures:
    return Figures(
        figures.name + ", one at a time",
        figures.requests_per_second,
        figures.cpu_seconds_per_thousand,
        figures.p50_milliseconds,
        figures.p99_milliseconds,
    )


def _show(results: list[tuple[Figures, Figures]]) -> None:
    """Print the table that README shows."""
    table = Table("request", "requests/s", "bare", "CPU s / 1,000", "bare", "p50 ms", "p99 ms", "bare p50", "bare p99")
    for ours, bare in results:
        table.add_row(
            ours.name,
            f"{ours.requests_per_second:,.0f}",
            f"{bare.requests_per_second:,.0f}",
            f"{ours.cpu_seconds_per_thousand:.2f}",
            f"{bare.cpu_seconds_per_thousand:.2f}",
            f"{ours.p50_milliseconds:.1f}",
            f"{ours.p99_milliseconds:.1f}",
            f"{bare.p50_milliseconds:.1f}",
            f"{bare.p99_milliseconds:.1f}",
        )
    Console(width=120).print(table)
