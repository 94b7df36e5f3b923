"""Taking a client out of daily lists, and bringing him back."""

from sqlalchemy import update

from actors.clients.rules.naming import RECORD
from messages.clients import ClientArchived, ClientRestored, RecordState
from runtime.unit_of_work import Row, UnitOfWork
from storage.clients.tables import client


async def archive(row: Row, reason: str, work: UnitOfWork) -> None:
    """The caller has made sure that no contract and no balance is open."""
    version = await _set_state(row, RECORD.after("archive", RecordState(row["record_state"])), work)
    work.emit(ClientArchived(client_id=row["id"], reason=reason, archived_on=work.today()), version=version)


async def restore(row: Row, reason: str, work: UnitOfWork) -> None:
    """Back in use."""
    version = await _set_state(row, RECORD.after("restore", RecordState(row["record_state"])), work)
    work.emit(ClientRestored(client_id=row["id"], reason=reason), version=version)


async def _set_state(row: Row, state: RecordState, work: UnitOfWork) -> int:
    version: int = row["version"] + 1
    await work.execute(
        update(client)
        .where(client.c.id == row["id"])
        .values(record_state=state, version=version, updated_at=work.now, updated_by=work.caller.principal)
    )
    return version
