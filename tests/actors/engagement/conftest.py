"""A real SMTP server on a real socket, which the organisations of these tests send through."""

import itertools
import os
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from actors.engagement.sms.simulator import SmsSimulator
from actors.engagement.smtp.catcher import Catcher
from tests.actors.engagement.builders import DAY
from tests.harness import system_of

running = system_of("identity", "documents", "engagement", "activites", "logistics")


_days = itertools.count(1)


@pytest.fixture
def day() -> datetime:
    """A day of its own for each test: the clock never tells the same instant twice."""
    return DAY + timedelta(days=next(_days))


@pytest_asyncio.fixture(scope="package", loop_scope="session", autouse=True)
async def catcher(tmp_path_factory: object) -> AsyncIterator[Catcher]:
    """What the operator's relay is in these tests."""
    folder: Path = tmp_path_factory.mktemp("mails")  # type: ignore[attr-defined]
    async with Catcher(folder) as server:
        os.environ["CRM_ENGAGEMENT_SMTP_HOST"] = "127.0.0.1"
        os.environ["CRM_ENGAGEMENT_SMTP_PORT"] = str(server.port)
        yield server
        del os.environ["CRM_ENGAGEMENT_SMTP_HOST"], os.environ["CRM_ENGAGEMENT_SMTP_PORT"]


@pytest_asyncio.fixture(scope="package", loop_scope="session", autouse=True)
async def operator() -> AsyncIterator[SmsSimulator]:
    """Who carries text messages in these tests."""
    async with SmsSimulator() as server:
        os.environ["CRM_ENGAGEMENT_SMS_URL"] = server.url
        yield server
        del os.environ["CRM_ENGAGEMENT_SMS_URL"]
