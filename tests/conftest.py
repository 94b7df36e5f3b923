"""One real NATS server, one real PostgreSQL and all actors, shared by the tests of a session."""

import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from runtime.system import discover
from tests.harness import Running, Tenant


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def running() -> AsyncIterator[Running]:
    """The system under test, in simulated time."""
    # Not pytest's own folder: a second pytest run closes that one to the system account PostgreSQL runs as.
    folder = Path(tempfile.mkdtemp(prefix="crm-test-"))
    # While working on one actor: CRM_TEST_ACTORS=identity,clients CRM_TEST_VOICES=contrats
    only, voices = os.environ.get("CRM_TEST_ACTORS"), os.environ.get("CRM_TEST_VOICES")
    system = Running(folder, discover(only.split(","), voices.split(",") if voices else ()) if only else None)
    await system.start()
    yield system
    await system.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest_asyncio.fixture(loop_scope="session")
async def tenant(running: Running) -> Tenant:
    """An organisation with one company."""
    return await running.tenant()


@pytest_asyncio.fixture(loop_scope="session")
async def other_tenant(running: Running) -> Tenant:
    """Another organisation, whose rows must stay invisible to the first."""
    return await running.tenant("Assurances Martin")
