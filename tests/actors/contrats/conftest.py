"""contrats among the neighbours it asks; the real payments and factures do not answer what a test states for them."""

import os
from collections.abc import AsyncIterator

import pytest_asyncio

from actors.contrats.yousign.simulator import YousignSimulator
from tests.harness import system_of

running = system_of("identity", "clients", "products", "documents", "contrats")
WEBHOOK_SECRET = "whsec_test_of_contrats"


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def yousign() -> AsyncIterator[YousignSimulator]:
    """The signature provider's side on a real socket."""
    settings = {"CRM_CONTRATS_YOUSIGN_WEBHOOK_SECRET": WEBHOOK_SECRET}
    async with YousignSimulator(WEBHOOK_SECRET) as simulator:
        settings["CRM_CONTRATS_YOUSIGN_URL"] = simulator.url
        os.environ.update(settings)
        yield simulator
        for name in settings:
            del os.environ[name]
