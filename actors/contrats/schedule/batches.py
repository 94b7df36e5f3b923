"""What the jobs share: contracts in batches, each locked for its change."""

from collections.abc import Awaitable, Callable
from datetime import datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select

from actors.contrats.contract_record import ContractRecord, find
from messages.contrats import (
    OperationKind,
)
from messages.values.instants import PARIS
from runtime.actor import MORE
from runtime.unit_of_work import UnitOfWork
from storage.contrats.tables import (
    contract,
    contract_operation,
)

BATCH = 200


async def each(due: Select[Any], act: Callable[[ContractRecord], Awaitable[bool]], work: UnitOfWork) -> object:
    """Act on a batch of contracts, each locked; MORE as long as something changes."""
    progress = False
    ids: list[UUID] = [row["id"] for row in await work.fetch(due.limit(BATCH))]
    for identity in ids:
        record = await find(identity, work)
        if record is not None and await act(record):
            await record.save()
            progress = True
    return MORE if progress else None


def contracts(work: UnitOfWork) -> Select[Any]:
    return select(contract.c.id).where(contract.c.organisation_id == work.organisation_id)


def operations_of_contract(work: UnitOfWork) -> Select[Any]:
    return select(contract_operation.c.id).where(
        contract_operation.c.organisation_id == work.organisation_id,
        contract_operation.c.contract_id == contract.c.id,
    )


def cut_today(work: UnitOfWork) -> Select[Any]:
    """The order to cut the service was given today: its answer has until tomorrow."""
    return operations_of_contract(work).where(
        contract_operation.c.operation == OperationKind.TERMINATE,
        contract_operation.c.started_at >= midnight(work),
    )


def midnight(work: UnitOfWork) -> datetime:
    return datetime.combine(work.today(), time(), PARIS)
