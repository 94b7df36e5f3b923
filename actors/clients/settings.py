"""The organisation's settings as a row; without one the defaults hold."""

from sqlalchemy import select

from messages.clients import ClientSettings
from runtime.unit_of_work import UnitOfWork
from storage.clients.tables import client_settings


async def settings_of(work: UnitOfWork, *, lock: bool = False) -> ClientSettings:
    """What the organisation has chosen."""
    statement = select(client_settings).where(client_settings.c.organisation_id == work.organisation_id)
    row = await work.fetch_one(statement.with_for_update() if lock else statement)
    return (
        ClientSettings()
        if row is None
        else ClientSettings.model_validate(row["settings"] | {"version": row["version"]})
    )
