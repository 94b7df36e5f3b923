"""Reading apart from a handler's own rows: other tenants on purpose, and in the background."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from runtime.caller import system
from runtime.unit_of_work import UnitOfWork
from runtime.work_queue import Outside
from storage.shared.outgoing import Outgoing


@asynccontextmanager
async def inside(organisation_id: UUID, work: UnitOfWork) -> AsyncIterator[None]:
    """Read one other organisation within a query, in a transaction of its own, then come back.

    A query's connection serves each statement by itself, so the organisation can only be set for a transaction.
    """
    before = work.organisation_id
    async with work.connection.transaction(readonly=True):
        await work.for_organisation(organisation_id)
        yield
    work.organisation_id = before


@asynccontextmanager
async def reading(outside: Outside) -> AsyncIterator[UnitOfWork]:
    """Read in slow work, in a transaction of its own."""
    heart, organisation_id = outside.heart, outside.organisation_id
    async with heart.database.transaction(organisation_id, read_only=True) as connection:
        yield heart.unit(connection, organisation_id, system("identity"), outside.now, outside.cause, Outgoing())
