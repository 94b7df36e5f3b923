"""The one way a client changes: locked, stored, version + 1, and told to everybody."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import update

from actors.clients import views
from messages.clients import CLIENT_ARCHIVED, CLIENT_NOT_FOUND, ClientUpdated, RecordState
from messages.problem import Refused
from runtime.unit_of_work import Row, UnitOfWork
from storage.clients import queries
from storage.clients.tables import client

_NOT_SHOWN = frozenset({"search_name", "birth_hash"})


async def find_client(client_id: UUID, work: UnitOfWork) -> Row | None:
    """The client, locked; None when he is not (or not yet) known here."""
    return await work.fetch_one(queries.CLIENT_FOR_UPDATE, id=client_id)


async def locked_client(client_id: UUID, work: UnitOfWork) -> Row:
    """The client, locked."""
    return await work.load(queries.CLIENT_FOR_UPDATE, "client", code=CLIENT_NOT_FOUND, id=client_id)


async def live_client(client_id: UUID, work: UnitOfWork) -> Row:
    """The client, locked; refused when his record is not in use."""
    row = await locked_client(client_id, work)
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
