"""Only the actors these tests are about run; the facts of others are stated by the tests."""

import json
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from actors.factures.platform.simulator import PlatformSimulator
from tests.actors.factures.builders import NOW
from tests.harness import system_of

running = system_of("identity", "documents", "factures")


@pytest_asyncio.fixture(loop_scope="session")
async def platform(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[PlatformSimulator]:
    """An approved platform's side on a real socket."""
    async with PlatformSimulator(NOW) as simulator:
        address = simulator.address
        urls = {"flow_url": address.flow_url, "directory_url": address.directory_url, "token_url": address.token_url}
        monkeypatch.setenv("CRM_FACTURES_PLATFORMS", json.dumps({"SIM": urls}))
        monkeypatch.setenv("CRM_FACTURES_WEBHOOK_URL", "https://crm.example/webhooks/factures/receive_platform_webhook")
        yield simulator
