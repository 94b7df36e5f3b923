"""The portal's pages on a real socket, in front of payments."""

from collections.abc import AsyncIterator

import httpx
import pytest_asyncio

from runtime.bridge.server import create_server
from runtime.bridge.settings import BridgeSettings
from tests.actors.payments.portal_steps import stripe
from tests.bridge.conftest import free_socket, started
from tests.bridge.portal.steps import stopped
from tests.harness import Running, system_of

__all__ = ["running", "site", "stripe", "visitor"]

running = system_of("identity", "payments")


@pytest_asyncio.fixture(loop_scope="session")
async def site(running: Running) -> AsyncIterator[str]:
    """The address of a bridge of its own: what it counts of visitors starts at nothing."""
    settings = BridgeSettings(actors=("payments",))
    server = create_server(running.settings("bridge"), settings, "127.0.0.1", 0)
    listener = free_socket()
    task = await started(server, listener)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    await stopped(server, task)


@pytest_asyncio.fixture(loop_scope="session")
async def visitor(site: str) -> AsyncIterator[httpx.AsyncClient]:
    """A browser without anything but HTTP."""
    async with httpx.AsyncClient(base_url=site, timeout=10, trust_env=False) as client:
        yield client
