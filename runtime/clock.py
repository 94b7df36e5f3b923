"""The only place that reads the computer's clock."""

import time
from datetime import UTC, datetime


def now() -> datetime:
    """The real instant, UTC. Business code takes its time from the message instead."""
    return datetime.now(UTC)


def unix_now() -> float:
    """The real instant in seconds, for the life of tokens."""
    return time.time()


def monotonic() -> float:
    """Seconds that only go forward, for measuring and for deadlines."""
    return time.monotonic()
