"""Jobs: the service starts, pauses and comes back; rights end; quotes are asked for again."""

from datetime import timedelta
from typing import Any

from sqlalchemy import Select, func, or_, select

from actors.contrats.choices import choices_of
from actors.contrats.contract_record import ContractRecord, find
from actors.contrats.drafting.price_checks import CheckPrice
from actors.contrats.leaving.giving_up import give_up
from actors.contrats.rules.gates import closed_gates
from actors.contrats.rules.status import BOUND, IN_FORCE
from actors.contrats.schedule.batches import BATCH, contracts, each, midnight, operations_of_contract
from actors.contrats.service import effects, operations
from actors.contrats.service.gates import open_gates
from messages.contrats import (
    ContractStatus,
    ContractWithdrawalPeriodEnded,
    OperationKind,
    OperationStatus,
    PriceCheck,
    ProvisioningAction,
    QualityStatus,
    ServiceStatus,
)
from runtime.actor import MORE, Moment
from runtime.unit_of_work import UnitOfWork
from storage.contrats.tables import (
    contract,
    contract_operation,
    quality_review,
    service_link,
    suspension_period,
)

_TIME_TO_MEND = timedelta(days=30)


async def work_on_operations(moment: Moment, work: UnitOfWork) -> object:
    """Minute: begin what is due, ask providers again whose answer is late."""
    other = contract_operation.alias("other")
    busy = select(other.c.id).where(
        other.c.organisation_id == work.organisation_id,
        other.c.contract_id == contract_operation.c.contract_id,
        other.c.status == OperationStatus.RUNNING,
    )
    waits = (contract_operation.c.status == OperationStatus.PENDING) & ~busy.exists()
    rows = await work.fetch(
        select(contract_operation.c.contract_id, contract_operation.c.key)
        .where(
            contract_operation.c.organisation_id == work.organisation_id,
            or_(contract_operation.c.status == OperationStatus.RUNNING, waits),
            contract_operation.c.next_attempt_at <= moment.as_of,
        )
        .order_by(contract_operation.c.next_attempt_at, contract_operation.c.id)
        .limit(BATCH)
    )
    for row in rows:
        record = await find(row["contract_id"], work)
        if record is None:
            continue
        due = await operations.by_key(row["key"], work)  # as it is now that the contract is locked
        late = due is not None and due["next_attempt_at"] is not None and due["next_attempt_at"] <= work.now
        if due is not None and late and due["status"] == OperationStatus.RUNNING:
            await operations.ask_again(record, dict(due))
        await operations.run_next(record)
        await record.save()
    return MORE if len(rows) == BATCH else None


async def verify_prices(moment: Moment, work: UnitOfWork) -> object:
    """Minute: ask products for the quotes of drafts that could not be verified."""
    rows = await work.fetch(
        select(contract.c.id, contract.c.price_quote_ids)
        .where(
            contract.c.organisation_id == work.organisation_id,
            contract.c.price_check == PriceCheck.UNVERIFIED,
            contract.c.status == ContractStatus.DRAFT,
        )
        .order_by(contract.c.id)
        .limit(BATCH)
    )
    for row in rows:
        item = CheckPrice(contract_id=row["id"], quote_id=row["price_quote_ids"][0])
        work.order(item, key=f"{row['id']}:{moment.as_of.isoformat()}")
    return None


async def end_withdrawal_periods(moment: Moment, work: UnitOfWork) -> object:
    """Day: the client can no longer withdraw; the gates are looked at again."""

    async def end_period(record: ContractRecord) -> bool:
        record.set(withdrawal_ended=True)
        if record.status in BOUND:
            record.state(ContractWithdrawalPeriodEnded, withdrawal_ends_on=record["withdrawal_ends_on"])
            await open_gates(record)
        return True

    due = contracts(work).where(
        contract.c.withdrawal_ends_on < work.today(),
        ~contract.c.withdrawal_ended,
        contract.c.withdrawal_ends_on.is_not(None),
    )
    return await each(due.order_by(contract.c.withdrawal_ends_on, contract.c.id), end_period, work)


async def activate_due(moment: Moment, work: UnitOfWork) -> object:
    """Day: every gate is open and the start date has come."""

    async def activate(record: ContractRecord) -> bool:
        key = f"ACTIVATE:{record.id}:{record.today}"
        required = (await choices_of(work, record["company_id"])).required_gates
        if closed_gates(record.row, record.today, required) or await operations.by_key(key, work) is not None:
            return False
        await effects.start_on(record, max(record["starts_on"], record["gates_met_on"]))
        await operations.start(record, OperationKind.ACTIVATE, key=key)
        return True

    started = operations_of_contract(work).where(
        contract_operation.c.status.in_((OperationStatus.PENDING, OperationStatus.RUNNING))
    )
    due = contracts(work).where(
        contract.c.status == ContractStatus.SIGNED,
        contract.c.gates_met_on.is_not(None),
        contract.c.starts_on <= work.today(),
        ~started.exists(),
    )
    return await each(due.order_by(contract.c.starts_on, contract.c.id), activate, work)


async def follow_lines(moment: Moment, work: UnitOfWork) -> object:
    """Day: services whose line has begun are ordered, those whose line has ended are cut, those of missed days too."""

    async def follow(record: ContractRecord) -> bool:
        before = record["version"]
        await operations.run_next(record)
        return bool(record["version"] != before)  # an order was given

    begins = (
        (service_link.c.status == ServiceStatus.PLANNED)
        & (service_link.c.begins_on <= work.today())
        & (contract.c.status == ContractStatus.ACTIVE)
        & ~_amended(ProvisioningAction.ACTIVATE, work).exists()
    )
    has_ended = (
        (service_link.c.status != ServiceStatus.TERMINATED)
        & (service_link.c.status != ServiceStatus.PLANNED)
        & (service_link.c.ends_on < work.today())
        & contract.c.status.in_(IN_FORCE)
        & ~_amended(ProvisioningAction.TERMINATE, work).exists()
    )
    asking = (
        select(service_link.c.contract_id)
        .join(contract, contract.c.id == service_link.c.contract_id)
        .where(service_link.c.organisation_id == work.organisation_id)
    )
    running = operations_of_contract(work).where(contract_operation.c.status == OperationStatus.RUNNING)
    due = contracts(work).where(
        contract.c.id.in_(asking.where(begins).union(asking.where(has_ended))), ~running.exists()
    )
    return await each(due.order_by(contract.c.id), follow, work)


def _amended(action: ProvisioningAction, work: UnitOfWork) -> Select[Any]:
    """The order that a line gave for its service; given once, it is repeated by people only."""
    return select(contract_operation.c.id).where(
        contract_operation.c.organisation_id == work.organisation_id,
        contract_operation.c.key == func.concat(operations.amendment_key(action, ""), service_link.c.id),
    )


async def cancel_rejected(moment: Moment, work: UnitOfWork) -> object:
    """Day: a sale rejected thirty days ago and never mended is given up, where the organisation wants that."""
    if not (await choices_of(work)).cancel_on_rejection:
        return None

    async def cancel(record: ContractRecord) -> bool:
        await give_up(record, "QUALITY_REJECTED")
        return True

    recent = select(quality_review.c.id).where(
        quality_review.c.organisation_id == work.organisation_id,
        quality_review.c.contract_id == contract.c.id,
        quality_review.c.reviewed_at > moment.as_of - _TIME_TO_MEND,
    )
    due = contracts(work).where(
        contract.c.status == ContractStatus.SIGNED,
        contract.c.quality_status == QualityStatus.REJECTED,
        ~recent.exists(),
    )
    return await each(due.order_by(contract.c.id), cancel, work)


async def resume_due(moment: Moment, work: UnitOfWork) -> object:
    """Day: a suspension with an agreed end is over."""

    async def resume(record: ContractRecord) -> bool:
        if record.status is not ContractStatus.SUSPENDED or await operations.open_of(record.id, work):
            return False
        await operations.start(record, OperationKind.RESUME, key=f"RESUME:{record.id}:{record.today}")
        return True

    over = select(suspension_period.c.contract_id).where(
        suspension_period.c.organisation_id == work.organisation_id,
        suspension_period.c.ends_on.is_(None),
        suspension_period.c.resume_on <= work.today(),
    )
    open_ = operations_of_contract(work).where(
        contract_operation.c.status.in_((OperationStatus.PENDING, OperationStatus.RUNNING))
    )
    tried = operations_of_contract(work).where(
        contract_operation.c.operation == OperationKind.RESUME, contract_operation.c.started_at >= midnight(work)
    )
    due = contracts(work).where(contract.c.id.in_(over), ~open_.exists(), ~tried.exists())
    return await each(due.order_by(contract.c.id), resume, work)
