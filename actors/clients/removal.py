"""Removing a client whom no other actor knows: nothing of him stays but the trail."""

from typing import Final

from sqlalchemy import Table, delete

from messages.clients import ClientDeleted
from runtime.unit_of_work import Row, UnitOfWork
from storage.clients.tables import (
    address,
    client,
    client_word,
    consent,
    contact_person,
    contact_point,
    duplicate_pair,
    status_history,
)

_OWN: Final[tuple[Table, ...]] = (contact_point, address, contact_person, consent, status_history, client_word)


async def remove_client(row: Row, reason: str, work: UnitOfWork) -> None:
    """Delete his rows. The caller has made sure that he has no history and no merged records."""
    for table in _OWN:
        await work.execute(
            delete(table).where(table.c.organisation_id == work.organisation_id, table.c.client_id == row["id"])
        )
    pair = duplicate_pair.c
    await work.execute(
        delete(duplicate_pair).where(
            pair.organisation_id == work.organisation_id,
            (pair.client_a_id == row["id"]) | (pair.client_b_id == row["id"]),
        )
    )
    await work.execute(delete(client).where(client.c.organisation_id == work.organisation_id, client.c.id == row["id"]))
    work.emit(ClientDeleted(client_id=row["id"]), version=row["version"] + 1)
    work.record("client", row["id"], before={"version": row["version"]}, after={"deleted": reason})
