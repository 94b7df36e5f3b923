"""The one way a client changes: locked, stored, version + 1, and told to everybody."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import update

from actors.clients import views
from messages.clients import (
    CLIENT_ANONYMISED,
    CLIENT_ARCHIVED,
    CLIENT_MERGED,
    CLIENT_NOT_FOUND,
    ClientUpdated,
    RecordState,
)
from messages.problem import Refused
from runtime.unit_of_work import Row, UnitOfWork
from storage.clients import queries
from storage.clients.tables import client

_NOT_SHOWN = frozenset({"search_name", "birth_hash"})


async def find_client(client_id: UUID, work: UnitOfWork) -> Row | None:
    """The client an event is about, locked: the survivor when he was merged; None when he is not (yet) known here."""
    row = await work.fetch_one(queries.CLIENT_FOR_UPDATE, id=client_id)
    if row is not None and row["merged_into_id"] is not None:
        return await work.fetch_one(queries.CLIENT_FOR_UPDATE, id=row["merged_into_id"])
    return row


async def shown_client(client_id: UUID, work: UnitOfWork) -> Row:
    """The client to show; whoever asks for a merged record sees its survivor."""
    row = await work.load(queries.CLIENT_BY_ID, "client", code=CLIENT_NOT_FOUND, id=client_id)
    if row["merged_into_id"] is not None:
        return await work.load(queries.CLIENT_BY_ID, "client", code=CLIENT_NOT_FOUND, id=row["merged_into_id"])
    return row


async def ids_of(client_id: UUID, work: UnitOfWork) -> list[UUID]:
    """The client's id and those of the records merged into him: facts stay under the id they were stated with."""
    rows = await work.fetch(queries.MERGED_INTO, organisation_id=work.organisation_id, client_id=client_id)
    return [client_id, *(row["id"] for row in rows)]


async def locked_client(client_id: UUID, work: UnitOfWork) -> Row:
    """The client, locked; refused when his record was merged or anonymised, for nothing changes there any more."""
    row = await work.load(queries.CLIENT_FOR_UPDATE, "client", code=CLIENT_NOT_FOUND, id=client_id)
    match row["record_state"]:
        case RecordState.MERGED:
            survivor = str(row["merged_into_id"])
            raise Refused(
                CLIENT_MERGED,
                f"the record was merged into client {survivor}; change that one",
                details={"survivor_id": survivor},
            )
        case RecordState.ANONYMISED:
            raise Refused(CLIENT_ANONYMISED, "the client's data was erased; record him anew if he comes back")
    return row


async def live_client(client_id: UUID, work: UnitOfWork, expected_version: int | None = None) -> Row:
    """The client, locked; refused when his record is not in use or, where a version is expected, has another one."""
    row = await locked_client(client_id, work)
    if expected_version is not None:
        work.check_version(expected_version, row["version"])
    if row["record_state"] != RecordState.LIVE:
        raise Refused(CLIENT_ARCHIVED, f"the client is {row['record_state']}; restore him before changing him")
    return row


async def change_client(row: Row, changes: Mapping[str, Any], work: UnitOfWork, *, also: tuple[str, ...] = ()) -> Row:
    """Store changed columns and state client.updated; nothing happens when nothing changed.

    `also` names sub-records that changed; `row` must show them as they are now.
    """
    changed = {name: value for name, value in changes.items() if row[name] != value}
    if not changed and not also:
        return row
    version = row["version"] + 1
    await work.execute(
        update(client)
        .where(client.c.id == row["id"])
        .values(**changed, version=version, updated_at=work.now, updated_by=work.caller.principal)
    )
    after = {**row, **changed, "version": version}
    fields = tuple(sorted({*(name for name in changed if name not in _NOT_SHOWN), *also}))
    work.emit(ClientUpdated.model_construct(**views.snapshot_of(after), changed_fields=fields), version=version)
    work.record(
        "client",
        row["id"],
        before={"version": row["version"]},
        after={"changed": list(fields), "version": version},
    )
    return after
