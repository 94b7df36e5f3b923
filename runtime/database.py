"""Connections to the actor's own database: a pool, transactions bound to one organisation, and dedicated sessions."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

import asyncpg
import orjson

from messages.problem import Refused
from runtime.settings import Settings

TRANSIENT_ERRORS = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    ConnectionError,
    OSError,
)
"""Faults of the database that go away by themselves; the same work is tried again."""


_SIDE_POOL_SIZE = 2


async def _keep_session(_: Any) -> None:
    """Replaces the driver's RESET ALL on release: a round trip that SET LOCAL makes unnecessary."""


async def prepare_connection(connection: Any) -> None:
    """JSON columns go through orjson in binary form."""
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        encoder=lambda value: b"\x01" + orjson.dumps(value),
        decoder=lambda data: orjson.loads(data[1:]),
        format="binary",
    )


class Opening:
    """A statement without parameters that travels with the begin of a transaction; `status` is what it did."""

    def __init__(self, sql: str) -> None:
        self.sql = sql
        self.status = ""


class Database:
    """The pool of one actor. All work happens in `transaction`, which names the organisation it is for."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._url = ""
        self._pool: Any = None
        self._side_pool: Any = None
        self._read_pool: Any = None
        self._organisation_of: WeakKeyDictionary[Any, UUID] = WeakKeyDictionary()

    async def open(self) -> None:
        """Connect; waits for a database that is still starting, for at most 30 seconds."""
        self._url = self._settings.required_database_url()
        for attempt in range(60):
            try:
                self._pool = await self._open_pool(self._settings.database_pool_size)
                self._side_pool = await self._open_pool(_SIDE_POOL_SIZE)
                self._read_pool = await self._open_pool(
                    self._settings.database_pool_size, default_transaction_read_only="on"
                )
                return
            except TRANSIENT_ERRORS:
                if attempt == 59:
                    raise
                await asyncio.sleep(0.5)

    async def _open_pool(self, size: int, **server_settings: str) -> Any:
        return await asyncpg.create_pool(
            self._url,
            min_size=1,
            max_size=size,
            init=prepare_connection,
            reset=_keep_session,
            server_settings=server_settings,
            command_timeout=30,
            max_inactive_connection_lifetime=300,
        )

    async def close(self) -> None:
        """Give running work a moment to end, then close."""
        for pool in (self._pool, self._side_pool, self._read_pool):
            if pool is None:
                continue
            try:
                await asyncio.wait_for(pool.close(), 5)
            except TimeoutError:
                pool.terminate()

    async def session(self) -> Any:
        """A connection of its own, for advisory locks and LISTEN; the caller closes it."""
        connection = await asyncpg.connect(self._url, command_timeout=30)
        await prepare_connection(connection)
        return connection

    def transaction(
        self, organisation_id: UUID, *, read_only: bool = False, opening: Opening | None = None
    ) -> AbstractAsyncContextManager[Any]:
        """A transaction that sees the rows of one organisation only; leaving commits, an exception rolls back."""
        return self._transaction(self._pool, organisation_id, read_only, opening)

    def aside(self, organisation_id: UUID) -> AbstractAsyncContextManager[Any]:
        """A short transaction beside one that is open: keys and number blocks.

        It has connections of its own: taken from the common pool it would wait for ever once every connection of that pool
        waits, in turn, for the open transaction (twenty twins of one idempotency key did that).
        """
        return self._transaction(self._side_pool, organisation_id, False, None)

    @asynccontextmanager
    async def reading(self, organisation_id: UUID) -> AsyncIterator[Any]:
        """A read-only connection that sees the rows of one organisation; each statement is a transaction of its own.

        A connection keeps the organisation it last served, so a query mostly costs one round trip instead of three. It is
        compared at every acquisition, and these connections come from a pool that nothing else uses and cannot write.
        """
        connection = await self._read_pool.acquire()
        session = connection._con
        try:
            if self._organisation_of.get(session) != organisation_id:
                self._organisation_of.pop(session, None)
                await connection.execute(f"set app.organisation_id = '{organisation_id}'")
                self._organisation_of[session] = organisation_id
            yield connection
        except Exception as error:
            self._organisation_of.pop(session, None)
            if connection.is_closed() and not isinstance(error, (Refused, *TRANSIENT_ERRORS)):
                raise ConnectionError("the connection to the database broke") from error
            raise
        finally:
            await self._read_pool.release(connection)

    @asynccontextmanager
    async def _transaction(
        self, pool: Any, organisation_id: UUID, read_only: bool, opening: Opening | None
    ) -> AsyncIterator[Any]:
        mode = "begin read only" if read_only else "begin"
        connection = await pool.acquire()
        try:
            # One round trip; the id is a UUID object, so its text holds nothing to inject.
            begin = f"{mode}; set local app.organisation_id = '{organisation_id}'"
            if opening is None:
                await connection.execute(begin)
            else:
                opening.status = await connection.execute(f"{begin}; {opening.sql}")
            yield connection
            await connection.execute("commit")
        except Exception as error:
            await asyncio.shield(_roll_back(connection))
            # A connection that broke under a statement shows as whatever the driver was doing just then.
            if connection.is_closed() and not isinstance(error, (Refused, *TRANSIENT_ERRORS)):
                raise ConnectionError("the connection to the database broke") from error
            raise
        except BaseException:
            await asyncio.shield(_roll_back(connection))
            raise
        finally:
            await pool.release(connection)


async def _roll_back(connection: Any) -> None:
    if connection.is_closed():
        return
    try:
        await connection.execute("rollback", timeout=5)
    except Exception:
        connection.terminate()
