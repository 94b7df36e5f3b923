"""contrats among the neighbours it asks; payments, factures and commercial are voices whose facts the tests state."""

import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from runtime.system import discover
from tests.harness import Running

NEIGHBOURS = ("identity", "clients", "products", "documents", "contrats")
VOICES = ("payments", "factures", "commercial")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def running() -> AsyncIterator[Running]:
    """A part of the system, so that the real payments and factures do not answer what a test states for them."""
    folder = Path(tempfile.mkdtemp(prefix="crm-contrats-"))
    system = Running(folder, discover(NEIGHBOURS, VOICES))
    await system.start()
    yield system
    await system.stop()
    shutil.rmtree(folder, ignore_errors=True)
