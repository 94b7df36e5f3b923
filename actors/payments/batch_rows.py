"""Bank files as rows, changed under a lock."""

from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from messages.payments import (
    BATCH_NOT_FOUND,
    BankProfile,
)
from runtime.unit_of_work import UnitOfWork
from storage.payments.tables.bank import collection_batch
from storage.payments.tables.means import creditor_account


async def profile_of(work: UnitOfWork, batch: dict[str, Any]) -> BankProfile:
    found = await work.fetch_value(
        select(creditor_account.c.bank_profile).where(
            creditor_account.c.organisation_id == work.organisation_id,
            creditor_account.c.id == batch["creditor_account_id"],
        )
    )
    return BankProfile.model_validate(found)


async def lock_batch(work: UnitOfWork, batch_id: UUID) -> dict[str, Any]:
    """A batch, locked for a change; BATCH_NOT_FOUND."""
    statement = select(collection_batch).where(
        collection_batch.c.organisation_id == work.organisation_id, collection_batch.c.id == batch_id
    )
    return dict(await work.load(statement.with_for_update(), "collection batch", code=BATCH_NOT_FOUND))


async def change_batch(work: UnitOfWork, batch: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Store changed columns; the version rises by one."""
    after = batch | changes | {"version": batch["version"] + 1}
    await work.execute(
        update(collection_batch)
        .where(collection_batch.c.id == batch["id"])
        .values(**changes, version=after["version"], updated_at=work.now, updated_by=work.caller.principal)
    )
    return after
