"""The settings of the catalogue, as the handlers read them."""

from sqlalchemy import select

from messages.products.settings import CatalogueSettings
from runtime.unit_of_work import UnitOfWork
from storage.products.tables import catalogue_settings


async def settings_of(work: UnitOfWork) -> CatalogueSettings:
    """What the organisation set, defaults elsewhere."""
    row = await work.fetch_one(
        select(catalogue_settings).where(catalogue_settings.c.organisation_id == work.organisation_id)
    )
    if row is None:
        return CatalogueSettings()
    return CatalogueSettings.model_validate({**row["values"], "version": row["version"]})
