"""What the tests of activites share."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest

from tests.harness import system_of

running = system_of("identity", "documents", "engagement", "activites", "logistics")


_days = itertools.count(1)


@pytest.fixture
def day() -> datetime:
    """A Monday of its own for each test, 09:00 UTC: the clock never tells the same instant twice."""
    return datetime(2026, 3, 2, 9, 0, tzinfo=UTC) + timedelta(days=7 * next(_days))
