"""Requests about the organisation's settings."""

from sqlalchemy.dialects.postgresql import insert

from actors.clients.settings import settings_of
from messages.clients import ClientSettings, GetClientSettings, UpdateClientSettings
from messages.problem import Refused
from runtime.unit_of_work import UnitOfWork
from storage.clients.tables import client_settings


async def get_client_settings(request: GetClientSettings, work: UnitOfWork) -> ClientSettings:
    """The choices, or the defaults."""
    return await settings_of(work)


async def update_client_settings(request: UpdateClientSettings, work: UnitOfWork) -> ClientSettings:
    """Two first changes at a time: the second one waits, and its version is stale then."""
    before = await settings_of(work, lock=True)
    work.check_version(request.expected_version, before.version)
    sent = request.model_dump(mode="json", exclude={"expected_version"}, exclude_unset=True)
    for name, value in sent.items():
        if value is None:
            raise Refused.field(name, "required", f"{name} cannot be cleared; leave it out or give a value")
    after = ClientSettings.model_validate(before.model_dump(mode="json") | sent)
    if after == before:
        return before
    after = after.model_copy(update={"version": before.version + 1})
    settings = after.model_dump(mode="json", exclude={"version"})
    statement = insert(client_settings).values(
        organisation_id=work.organisation_id, version=after.version, settings=settings
    )
    stored = await work.execute(
        statement.on_conflict_do_update(
            index_elements=["organisation_id"],
            set_={"version": after.version, "settings": settings},
            where=client_settings.c.version == before.version,
        )
    )
    if not stored:
        work.check_version(before.version, after.version)
    was = before.model_dump(mode="json")
    work.record(
        "client_settings",
        work.organisation_id,
        before={name: was[name] for name in sent},
        after={**sent, "version": after.version},
    )
    return after
