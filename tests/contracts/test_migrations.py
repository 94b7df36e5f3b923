"""The versions of a database lead to exactly the tables that the code declares, along one line."""

from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from messages.registry import ACTORS
from storage.migrations import metadata_of, newest_revisions
from storage.shared.tables import shared_metadata
from tests.harness import Running


@pytest.mark.parametrize("actor", ACTORS)
async def test_the_migrated_database_is_what_the_tables_declare(running: Running, actor: str) -> None:
    def differences(connection: Connection) -> list[Any]:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, [shared_metadata, metadata_of(actor)]))  # type: ignore[arg-type]

    engine = create_async_engine(
        running.database(actor).replace("postgresql://", "postgresql+asyncpg://", 1), poolclass=NullPool
    )
    try:
        async with engine.connect() as connection:
            assert await connection.run_sync(differences) == []
    finally:
        await engine.dispose()


@pytest.mark.parametrize("actor", ACTORS)
def test_an_actor_has_one_newest_revision_beside_the_shared_one(actor: str) -> None:
    assert len(newest_revisions(actor)) <= 2
