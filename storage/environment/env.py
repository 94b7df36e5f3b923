"""The one Alembic environment: it migrates the database named by the configuration's attributes."""

import asyncio

from alembic import context
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from storage import tenancy
from storage.migrations import metadata_of
from storage.shared.tables import shared_metadata


def _migrate(connection: Connection) -> None:
    attributes = context.config.attributes
    metadata = metadata_of(attributes["actor"])
    context.configure(
        connection=connection,
        target_metadata=[shared_metadata, metadata],
        compare_server_default=False,
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()
        tenancy.protect(connection, metadata, attributes["application_role"])


async def _run() -> None:
    engine = create_async_engine(context.config.attributes["url"], poolclass=NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(_migrate)
        await connection.commit()
    await engine.dispose()


asyncio.run(_run())
