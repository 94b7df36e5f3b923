"""The postal provider's side on a real socket, and days of their own."""

import itertools
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio

from actors.logistics.maileva.simulator import MailevaSimulator
from tests.harness import system_of

running = system_of("identity", "documents", "engagement", "activites", "logistics")


_days = itertools.count(1)


@pytest_asyncio.fixture(scope="package", loop_scope="session", autouse=True)
async def maileva() -> AsyncIterator[MailevaSimulator]:
    """What new organisations hand their letters to in these tests."""
    async with MailevaSimulator() as simulator:
        os.environ["CRM_LOGISTICS_MAILEVA_URL"] = simulator.url
        yield simulator
        del os.environ["CRM_LOGISTICS_MAILEVA_URL"]


@pytest.fixture
def day() -> datetime:
    """A Monday of its own for each test: the clock never tells the same instant twice."""
    return datetime(2026, 3, 2, 9, 0, tzinfo=UTC) + timedelta(days=7 * next(_days))
