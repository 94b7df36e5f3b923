"""Actors, NATS and PostgreSQL are killed under load; afterwards every acknowledged request exists exactly once."""

import asyncio
import os
import random
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from messages.identity import CreateCompany
from messages.values.addresses import Address
from runtime import clock
from runtime.running_system import RunningSystem
from runtime.system import discover
from tests.chaos.load import Promises, broken_promises, create_clients

SEED = int(os.environ.get("CRM_CHAOS_SEED", "20261124"))


@asynccontextmanager
async def system_of(actors: list[str] | None) -> AsyncIterator[RunningSystem]:
    """A system of real processes with one company."""
    folder = Path(tempfile.mkdtemp(prefix="crm-chaos-"))
    system = RunningSystem(folder, discover(actors), durable=False, bridge=False)
    await system.start()
    try:
        client = await system.client()
        company = CreateCompany(
            code="CHAOS",
            legal_name="Chaos SARL",
            siren="732829320",
            address=Address(street="1 rue X", postal_code="75001", city="Paris"),
        )
        await client.call(company)
        await client.settle(system.installation.system.actors)
        await client.close()
        yield system
    finally:
        await system.stop()
        if "CRM_KEEP" not in os.environ:
            shutil.rmtree(folder, ignore_errors=True)


async def under_load(system: RunningSystem, harm: Callable[[], Awaitable[None]], workers: int = 8) -> Promises:
    """Run the load while harm is done, then let the system heal and settle."""
    promises, stop = Promises(), asyncio.Event()
    client = await system.client()
    load = [asyncio.create_task(create_clients(client, promises, stop, SEED + n, pause=0.01)) for n in range(workers)]
    await asyncio.sleep(0.5)
    await harm()
    stop.set()
    await asyncio.wait_for(asyncio.gather(*load), 60)
    await system.wait_until_serving()
    await client.settle(system.installation.system.actors, seconds=60)
    await client.close()
    assert promises.accepted
    return promises


async def kill_at_random(system: RunningSystem, times: int, draw: random.Random) -> None:
    names = list(system.installation.system.actors)
    killed = 0
    while killed < times:
        killed += system.supervisor.kill(draw.choice(names))
        await asyncio.sleep(draw.uniform(0.05, 0.4))


async def test_kill_nine_under_load_loses_and_doubles_nothing() -> None:
    async with system_of(["identity", "clients"]) as system:
        for child in system.supervisor.children.values():
            child.pause = 0.05
        promises = await under_load(system, lambda: kill_at_random(system, 12, random.Random(SEED)))
        assert await broken_promises(system, promises) == []


async def test_nats_killed_under_load_heals_within_ten_seconds() -> None:
    async with system_of(["identity", "clients"]) as system:

        async def harm() -> None:
            await asyncio.to_thread(system.installation.nats.kill)
            await asyncio.sleep(1)
            await asyncio.to_thread(system.installation.nats.start)
            back = clock.monotonic()
            await system.wait_until_serving(10)
            assert clock.monotonic() - back < 10

        promises = await under_load(system, harm)
        assert await broken_promises(system, promises) == []


async def test_postgres_killed_under_load_heals_within_ten_seconds_without_dead_letters() -> None:
    async with system_of(["identity", "clients"]) as system:

        async def harm() -> None:
            await asyncio.to_thread(system.installation.postgres.kill)
            await asyncio.sleep(1)
            await asyncio.to_thread(system.installation.postgres.start)
            back = clock.monotonic()
            await system.wait_until_serving(10)
            assert clock.monotonic() - back < 10

        promises = await under_load(system, harm)
        assert await broken_promises(system, promises) == []


@pytest.mark.chaos
async def test_two_hundred_kills_over_all_actors() -> None:
    async with system_of(None) as system:
        promises = await under_load(system, lambda: kill_at_random(system, 200, random.Random(SEED)))
        assert await broken_promises(system, promises) == []
