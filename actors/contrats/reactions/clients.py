"""What becomes of the people behind the contracts: merged, blocked, dead or forgotten."""

from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert

from actors.contrats.contract_record import find
from messages.clients import (
    BlockedScope,
    ClientAnonymised,
    ClientBlocked,
    ClientDeceased,
    ClientMerged,
    ClientUnblocked,
    ClientUnmerged,
)
from messages.contrats import ContractUpdated
from runtime.unit_of_work import UnitOfWork
from storage.contrats.tables import (
    client_copy,
    contract,
    mandate_copy,
    merged_contract,
    signature_evidence,
    signature_request,
    signer,
)

_FORBIDS_SALES = (BlockedScope.SALES, BlockedScope.ALL)
_NOBODY = "-"


async def follow_merge(event: ClientMerged, work: UnitOfWork) -> None:
    """The contracts and mandates of the merged records are the survivor's; which they were is kept for an unmerge."""
    for merged_id in event.merged_ids:
        for contract_id in await _move(merged_id, event.survivor_id, None, work):
            taken = insert(merged_contract).values(
                organisation_id=work.organisation_id,
                merge_operation_id=event.merge_operation_id,
                contract_id=contract_id,
                original_client_id=merged_id,
            )
            await work.execute(taken.on_conflict_do_nothing())


async def undo_merge(event: ClientUnmerged, work: UnitOfWork) -> None:
    """The contracts that came from the restored client are his again."""
    mine = (
        merged_contract.c.organisation_id == work.organisation_id,
        merged_contract.c.merge_operation_id == event.merge_operation_id,
        merged_contract.c.original_client_id == event.restored_id,
    )
    rows = await work.fetch(select(merged_contract.c.contract_id).where(*mine))
    await _move(event.survivor_id, event.restored_id, [row["contract_id"] for row in rows], work)
    await work.execute(delete(merged_contract).where(*mine))


async def block_client(event: ClientBlocked, work: UnitOfWork) -> None:
    """A client who may buy nothing new gets no new contract."""
    if event.scope in _FORBIDS_SALES:
        await _note(event.client_id, work, sales_blocked=True)


async def unblock_client(event: ClientUnblocked, work: UnitOfWork) -> None:
    """The client may buy again."""
    if event.scope in _FORBIDS_SALES:
        await _note(event.client_id, work, sales_blocked=False)


async def note_death(event: ClientDeceased, work: UnitOfWork) -> None:
    """Nothing new is sold to a dead person; what runs is ended by his heirs."""
    await _note(event.client_id, work, deceased=True)


async def forget_client(event: ClientAnonymised, work: UnitOfWork) -> None:
    """Names and addresses of the client and of his signers are gone; the hashes of the evidence stay."""
    await _note(
        event.client_id,
        work,
        display_name=_NOBODY,
        search_name=_NOBODY,
        email=None,
        billing_address=None,
    )
    of_client = select(contract.c.id).where(
        contract.c.organisation_id == work.organisation_id, contract.c.client_id == event.client_id
    )
    requests = select(signature_request.c.id).where(
        signature_request.c.organisation_id == work.organisation_id, signature_request.c.contract_id.in_(of_client)
    )
    await work.execute(
        update(signer)
        .where(signer.c.organisation_id == work.organisation_id, signer.c.signature_request_id.in_(requests))
        .values(first_name=_NOBODY, last_name=_NOBODY, email=b"", phone=None, decline_reason=None)
    )
    kept = (
        signature_evidence.c.organisation_id == work.organisation_id,
        signature_evidence.c.contract_id.in_(of_client),
    )
    for row in await work.fetch(select(signature_evidence.c.id, signature_evidence.c.signers).where(*kept)):
        await work.execute(
            update(signature_evidence)
            .where(signature_evidence.c.id == row["id"])
            .values(signers=[_without_name(person) for person in row["signers"]])
        )


def _without_name(person: dict[str, Any]) -> dict[str, Any]:
    hidden = {"full_name": _NOBODY, "email_masked": None, "phone_masked": None, "user_agent": None}
    return person | {name: value for name, value in hidden.items() if name in person}


async def _note(client_id: UUID, work: UnitOfWork, **columns: Any) -> None:
    """An event that carries no snapshot; the next snapshot is newer and repeats what still holds."""
    await work.execute(
        update(client_copy)
        .where(
            client_copy.c.organisation_id == work.organisation_id,
            client_copy.c.client_id == client_id,
            client_copy.c.version < work.source_version,
        )
        .values(**columns, version=work.source_version)
    )


async def _move(from_id: UUID, to_id: UUID, only: list[UUID] | None, work: UnitOfWork) -> list[UUID]:
    owned = (contract.c.organisation_id == work.organisation_id, contract.c.client_id == from_id)
    rows = await work.fetch(select(contract.c.id).where(*owned).order_by(contract.c.id))
    moved: list[UUID] = [row["id"] for row in rows if only is None or row["id"] in only]
    for contract_id in moved:
        record = await find(contract_id, work)
        if record is not None:
            record.set(client_id=to_id)
            record.state(ContractUpdated, changed_fields=("client_id",))
            await record.save()
    mandates = [mandate_copy.c.organisation_id == work.organisation_id, mandate_copy.c.client_id == from_id]
    if only is not None:
        mandates.append(mandate_copy.c.contract_id.in_(moved))
    await work.execute(update(mandate_copy).where(*mandates).values(client_id=to_id))
    return moved
