"""What the contracts of a client forbid."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import or_, select

from messages.values.due_dates import add_months
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


async def has_contract_in_force(client_ids: Sequence[UUID], work: UnitOfWork) -> bool:
    """Whether a contract of the client is active or suspended."""
    return await _has_contract(client_ids, work, ("ACTIVE", "SUSPENDED"))


async def had_contract_since(client_ids: Sequence[UUID], day: date, months: int, work: UnitOfWork) -> bool:
    """Whether a contract of the client is in force, or ended less than so many months before that day."""
    contract = contract_ref.c
    wanted = select(contract.contract_id).where(
        contract.organisation_id == work.organisation_id,
        one_of(contract.client_id, client_ids),
        contract.was_in_force.is_(True),
        or_(contract.ended_on.is_(None), contract.ended_on > add_months(day, -months)),
    )
    return await work.fetch_one(wanted.limit(1)) is not None


async def _has_contract(client_ids: Sequence[UUID], work: UnitOfWork, states: Sequence[str] | None) -> bool:
    contract = contract_ref.c
    wanted = select(contract.contract_id).where(
        contract.organisation_id == work.organisation_id, one_of(contract.client_id, client_ids)
    )
    if states is not None:
        wanted = wanted.where(one_of(contract.status, states))
    return await work.fetch_one(wanted.limit(1)) is not None
