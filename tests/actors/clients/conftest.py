"""Only the actors these tests are about run; the facts of others are stated by the tests."""

import os
from collections.abc import AsyncIterator

import pytest_asyncio

from actors.clients.registers import client
from actors.clients.registers.simulator import RegistersSimulator
from tests.harness import system_of

running = system_of("identity", "clients", "documents", "commercial")


@pytest_asyncio.fixture(loop_scope="session")
async def registers() -> AsyncIterator[RegistersSimulator]:
    """The public registers, on a socket."""
    async with RegistersSimulator() as simulator:
        told = {
            "CRM_CLIENTS_COMPANIES_URL": f"{simulator.url}/companies",
            "CRM_CLIENTS_VIES_URL": f"{simulator.url}/vies",
            "CRM_CLIENTS_ADDRESSES_URL": f"{simulator.url}/addresses",
            "CRM_CLIENTS_VIES_REQUESTER": "FR44732829320",
        }
        os.environ |= told
        client.registers.cache_clear()
        yield simulator
        for name in told:
            del os.environ[name]
        client.registers.cache_clear()
