"""Only one replica does it at a time: an advisory lock held by a database session of its own."""

import asyncio
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from runtime.database import Database

_RETRY_SECONDS = 0.5


def lock_number(name: str) -> int:
    """The advisory lock's number; the database belongs to one actor, so names need not carry it."""
    return zlib.crc32(name.encode())


@asynccontextmanager
async def leadership(database: Database, name: str) -> AsyncIterator[Any]:
    """Wait until this process holds the lock, then yield its session; the lock ends with the session."""
    session = await database.session()
    try:
        while not await session.fetchval("select pg_try_advisory_lock($1)", lock_number(name)):
            await asyncio.sleep(_RETRY_SECONDS)
        yield session
    finally:
        await asyncio.shield(_close(session))


async def _close(session: Any) -> None:
    try:
        await session.close(timeout=2)
    except Exception:
        session.terminate()
