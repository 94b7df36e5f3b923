"""Queries that cross tenants on purpose: a person's own organisations, and what a link leads to."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from runtime.unit_of_work import UnitOfWork


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
