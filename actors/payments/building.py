"""The file of a frozen batch: debits read, account numbers opened, XML written and checked, the result sealed."""

import hashlib
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from actors.payments import release, views
from actors.payments.bank import pool
from actors.payments.bank.pain008 import Debit, DebitFile
from actors.payments.batch_rows import change_batch, lock_batch
from actors.payments.rules.machines import BATCH
from actors.payments.vault import opened_iban, sealed_file
from messages.payments import (
    BankProfile,
    BatchStatus,
    CollectionBatchReady,
)
from runtime.unit_of_work import UnitOfWork, WorkItem
from runtime.work_queue import Outside
from storage.payments.tables.bank import stored_file


class BuildCollectionFile(WorkItem):
    """Build the file of a batch as it is at that version."""

    batch_id: UUID
    version: int


@dataclass(frozen=True, slots=True)
class BuiltFile:
    """A file, sealed, with what the batch keeps of it."""

    name: str
    sealed: bytes
    sha256: str
    size: int


_BATCH = """
select b.*, a.iban, a.bic, a.holder_name, a.creditor_identifier, a.bank_profile, a.id as account_id
from collection_batch b join creditor_account a on a.id = b.creditor_account_id
where b.organisation_id = $1 and b.id = $2
"""
_DEBITS = """
select p.end_to_end_id, p.amount, p.sequence_type, p.requested_collection_date, p.reference, m.rum, m.signed_at,
       d.id as bank_details_id, d.organisation_id, d.iban, d.bic, d.holder_name, i.number
from payment p
join mandate m on m.id = p.mandate_id
join bank_details d on d.id = m.bank_details_id
left join invoice_view i on i.organisation_id = p.organisation_id and i.invoice_id = p.invoice_id
where p.organisation_id = $1 and p.batch_id = $2 and p.status = 'BATCHED'
order by p.id
"""


async def build_file(item: BuildCollectionFile, outside: Outside) -> BuiltFile | None:
    """Read the debits, open their account numbers, write the XML beside the event loop; None when the batch went on meanwhile."""
    keys = outside.heart.keys
    async with outside.heart.database.transaction(outside.organisation_id, read_only=True) as connection:
        batch = await connection.fetchrow(_BATCH, outside.organisation_id, item.batch_id)
        if batch is None or batch["version"] != item.version or batch["status"] != BatchStatus.DRAFT:
            return None
        rows = await connection.fetch(_DEBITS, outside.organisation_id, item.batch_id)
    debits = [await _debit(row, keys) for row in rows]
    profile = BankProfile.model_validate(batch["bank_profile"])
    file = DebitFile(
        msg_id=batch["msg_id"],
        created_at=batch["created_at"],
        scheme=batch["scheme"],
        creditor_name=batch["holder_name"],
        creditor_identifier=batch["creditor_identifier"],
        iban=await opened_iban(batch, table="creditor_account", keys=keys, id_column="account_id"),
        bic=batch["bic"],
        batch_booking=profile.batch_booking,
        debits=debits,
        version=profile.pain_version,
    )
    content = await pool.built(file)
    sealed = await sealed_file(content, row_id=item.batch_id, organisation_id=outside.organisation_id, keys=keys)
    return BuiltFile(f"{batch['msg_id']}.xml", sealed, hashlib.sha256(content).hexdigest(), len(content))


async def _debit(row: Any, keys: Any) -> Debit:
    return Debit(
        end_to_end_id=row["end_to_end_id"],
        amount=row["amount"],
        sequence_type=row["sequence_type"],
        collection_date=row["requested_collection_date"],
        rum=row["rum"],
        signed_on=row["signed_at"].date(),
        debtor_name=row["holder_name"],
        iban=await opened_iban(row, table="bank_details", keys=keys, id_column="bank_details_id"),
        bic=row["bic"],
        remittance=f"Facture {row['number']}" if row["number"] else row["reference"],
    )


async def store_file(item: BuildCollectionFile, built: BuiltFile | None, work: UnitOfWork) -> None:
    """Keep the file, say that it is ready, and let it go on when the control totals are known already."""
    if built is None:
        return
    batch = await lock_batch(work, item.batch_id)
    if batch["version"] != item.version or batch["status"] != BatchStatus.DRAFT:
        return
    await work.execute(stored_file.delete().where(stored_file.c.id == item.batch_id))
    await work.insert(
        stored_file,
        id=item.batch_id,
        organisation_id=work.organisation_id,
        content=built.sealed,
        created_at=work.now,
    )
    after = await change_batch(
        work,
        batch,
        status=BATCH.after("build", BatchStatus(batch["status"])),
        file_name=built.name,
        file_sha256=built.sha256,
        file_size=built.size,
    )
    work.emit(CollectionBatchReady(**views.batch_ref(after)), version=after["version"])
    await release.after_ready(work, after)
