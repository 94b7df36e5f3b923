"""The bridge on a real socket, in front of the running system."""

import asyncio
import socket
from collections.abc import AsyncIterator

import httpx
import pytest_asyncio

from runtime.bridge.server import BridgeServer, create_server
from runtime.bridge.settings import BridgeSettings, WebhookRoute
from tests.bridge.feed import WEBHOOK_SECRET
from tests.harness import Running, system_of

running = system_of("identity", "clients")


def free_socket() -> socket.socket:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    return listener


async def started(server: BridgeServer, listener: socket.socket) -> asyncio.Task[None]:
    task = asyncio.create_task(server.serve(sockets=[listener]))
    async with asyncio.timeout(10):
        while not server.started:
            await asyncio.sleep(0.01)
    return task


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def bridge_url(running: Running) -> AsyncIterator[str]:
    """A bridge that serves the actors of this run."""
    settings = BridgeSettings(
        actors=tuple(running.installation.system.actors),
        cors_origins=("https://ui.example",),
        streams_per_user=2,
        webhooks={"identity/get_signing_keys": WebhookRoute.model_validate({"secret": WEBHOOK_SECRET})},
    )
    server = create_server(running.settings("bridge"), settings, "127.0.0.1", 0)
    listener = free_socket()
    task = await started(server, listener)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    async with asyncio.timeout(15):
        await task


@pytest_asyncio.fixture(loop_scope="session")
async def web(bridge_url: str) -> AsyncIterator[httpx.AsyncClient]:
    """An HTTP client without a token."""
    async with httpx.AsyncClient(base_url=bridge_url, timeout=10, trust_env=False) as client:
        yield client
