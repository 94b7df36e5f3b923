"""How a contract comes to its end: last corrections, the last bill, and the order to cut the service."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import update

from actors.contrats.billing import adjustments, bills
from actors.contrats.contract_record import ContractRecord
from actors.contrats.service import effects, operations
from messages.contrats import (
    AdjustmentCause,
    AdjustmentKind,
    ContractStatus,
    OperationKind,
)
from runtime.unit_of_work import Row
from storage.contrats.tables import termination_request

_FAR = timedelta(days=3660)


async def terminate(record: ContractRecord, request: Row) -> None:
    """The last day of a scheduled termination has passed."""
    running = await operations.by_key(f"TERMINATE:{request['id']}", record.work)
    if running is not None:  # asked yesterday: the legal end does not wait for the provider
        await effects.end(record, dict(running))
        return
    await effects.close_suspension(record, request["ends_on"])
    await bills.bill_due(record)
    await bills.drop_planned(record)
    label = f"Service non fourni après le {request['ends_on']:%d/%m/%Y}"
    after = request["ends_on"] + timedelta(days=1)
    cause, source = AdjustmentCause.TERMINATION, request["id"]
    credit = await adjustments.credit(record, cause, source, after, after + _FAR, label)
    fee_label = "Indemnité de résiliation anticipée"
    await adjustments.charge(record, AdjustmentKind.ETF, cause, source, request["fee"], fee_label)
    await record.work.execute(
        update(termination_request)
        .where(
            termination_request.c.organisation_id == record.work.organisation_id,
            termination_request.c.id == request["id"],
        )
        .values(credit=credit)
    )
    await bills.bill_adjustments(record)
    await _cut(record, ContractStatus.TERMINATED, request["id"])


async def expire(record: ContractRecord) -> None:
    """The term is over and nobody renews it."""
    key = f"TERMINATE:{record.id}:{record['ends_on']}"
    running = await operations.by_key(key, record.work)
    if running is not None:
        await effects.end(record, dict(running))
        return
    await effects.close_suspension(record, record["ends_on"])
    await bills.bill_due(record)
    await bills.drop_planned(record)
    await bills.bill_adjustments(record)
    await operations.give_way(record)
    await operations.start(record, OperationKind.TERMINATE, key=key, outcome=ContractStatus.EXPIRED)


async def undo_bills(record: ContractRecord, cause: AdjustmentCause, source_id: UUID, label: str) -> None:
    """Nothing was owed: planned periods are dropped and billed ones given back in full."""
    await bills.drop_planned(record)
    await adjustments.credit(record, cause, source_id, record["starts_on"], record["starts_on"] + _FAR, label)


async def cut_if_begun(record: ContractRecord, outcome: ContractStatus, source_id: UUID) -> None:
    """The contract is undone: a service that was ordered is cut."""
    if await operations.was_ordered(record.id, OperationKind.ACTIVATE, record.work):
        await _cut(record, outcome, source_id)
    else:
        await operations.give_way(record)


async def _cut(record: ContractRecord, outcome: ContractStatus, source_id: UUID) -> None:
    await operations.give_way(record)
    await operations.start(record, OperationKind.TERMINATE, key=f"TERMINATE:{source_id}", outcome=outcome)
