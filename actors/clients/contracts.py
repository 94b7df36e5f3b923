"""What the contracts of a client forbid."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select

from runtime.unit_of_work import UnitOfWork
from storage.clients.queries import one_of
from storage.clients.tables import contract_ref

_LIVE = ("SIGNED", "ACTIVE", "SUSPENDED")


async def has_live_contract(client_ids: Sequence[UUID], work: UnitOfWork) -> bool:
    """Whether a contract of the client is signed and not over."""
    return await _has_contract(client_ids, work, _LIVE)


async def has_contract(client_ids: Sequence[UUID], work: UnitOfWork) -> bool:
    """Whether the client has, or ever had, a contract."""
    return await _has_contract(client_ids, work, None)


async def _has_contract(client_ids: Sequence[UUID], work: UnitOfWork, states: Sequence[str] | None) -> bool:
    contract = contract_ref.c
    wanted = select(contract.contract_id).where(
        contract.organisation_id == work.organisation_id, one_of(contract.client_id, client_ids)
    )
    if states is not None:
        wanted = wanted.where(one_of(contract.status, states))
    return await work.fetch_one(wanted.limit(1)) is not None
