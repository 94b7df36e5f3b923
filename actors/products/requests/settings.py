"""Requests about the settings of the catalogue."""

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from actors.products.settings import settings_of
from messages.products.settings import CatalogueSettings, GetCatalogueSettings, UpdateCatalogueSettings
from runtime.unit_of_work import UnitOfWork
from storage.products.tables import catalogue_settings


async def get_catalogue_settings(request: GetCatalogueSettings, work: UnitOfWork) -> CatalogueSettings:
    """The settings in force."""
    return await settings_of(work)


async def update_catalogue_settings(request: UpdateCatalogueSettings, work: UnitOfWork) -> CatalogueSettings:
    """Change what was sent."""
    await work.fetch_one(
        select(catalogue_settings.c.version)
        .where(catalogue_settings.c.organisation_id == work.organisation_id)
        .with_for_update()
    )
    before = await settings_of(work)
    work.check_version(request.expected_version, before.version)
    sent = request.model_dump(exclude={"expected_version"}, exclude_none=True)
    after = before.model_copy(update=sent)
    if after == before:
        return before
    after = after.model_copy(update={"version": before.version + 1})
    columns = {
        "version": after.version,
        "values": after.model_dump(mode="json", exclude={"version"}),
        "updated_at": work.now,
        "updated_by": work.caller.principal,
    }
    statement = insert(catalogue_settings).values(organisation_id=work.organisation_id, **columns)
    await work.execute(statement.on_conflict_do_update(index_elements=["organisation_id"], set_=columns))
    work.record(
        "catalogue_settings",
        work.organisation_id,
        before=before.model_dump(mode="json", include=set(sent)),
        after=after.model_dump(mode="json", include=set(sent)),
    )
    return after
