"""What contrats does when time passes."""

from collections.abc import Awaitable, Callable
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, or_, select

from actors.contrats.billing import billing
from actors.contrats.contract_record import ContractRecord, find
from actors.contrats.drafting.price_checks import CheckPrice
from actors.contrats.leaving import endings
from actors.contrats.rules.gates import closed_gates
from actors.contrats.rules.renewal import renewed_end
from actors.contrats.rules.status import BOUND, IN_FORCE
from actors.contrats.service import effects, operations
from actors.contrats.service.gates import open_gates
from messages.contrats import (
    BillingPolicy,
    ContractRenewed,
    ContractStatus,
    ContractWithdrawalPeriodEnded,
    OperationKind,
    OperationStatus,
    PriceCheck,
    RenewalMode,
)
from messages.values.instants import PARIS
from runtime.actor import MORE, Moment
from runtime.unit_of_work import UnitOfWork
from storage.contrats.tables import (
    billing_instalment,
    contract,
    contract_operation,
    suspension_period,
)

BATCH = 200
_PLAN_AHEAD = billing.HORIZON - timedelta(days=30)


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

    due = _contracts(work).where(
        contract.c.withdrawal_ends_on < work.today(),
        ~contract.c.withdrawal_ended,
        contract.c.withdrawal_ends_on.is_not(None),
    )
    return await _each(due.order_by(contract.c.withdrawal_ends_on, contract.c.id), end_period, work)


async def activate_due(moment: Moment, work: UnitOfWork) -> object:
    """Day: every gate is open and the start date has come."""

    async def activate(record: ContractRecord) -> bool:
        key = f"ACTIVATE:{record.id}:{record.today}"
        if closed_gates(record.row, record.today) or await operations.by_key(key, work) is not None:
            return False
        await effects.start_on(record, max(record["starts_on"], record["gates_met_on"]))
        await operations.start(record, OperationKind.ACTIVATE, key=key)
        return True

    started = _operations_of_contract(work).where(
        contract_operation.c.status.in_((OperationStatus.PENDING, OperationStatus.RUNNING))
    )
    due = _contracts(work).where(
        contract.c.status == ContractStatus.SIGNED,
        contract.c.gates_met_on.is_not(None),
        contract.c.starts_on <= work.today(),
        ~started.exists(),
    )
    return await _each(due.order_by(contract.c.starts_on, contract.c.id), activate, work)


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
    open_ = _operations_of_contract(work).where(
        contract_operation.c.status.in_((OperationStatus.PENDING, OperationStatus.RUNNING))
    )
    tried = _operations_of_contract(work).where(
        contract_operation.c.operation == OperationKind.RESUME, contract_operation.c.started_at >= _midnight(work)
    )
    due = _contracts(work).where(contract.c.id.in_(over), ~open_.exists(), ~tried.exists())
    return await _each(due.order_by(contract.c.id), resume, work)


async def terminate_due(moment: Moment, work: UnitOfWork) -> object:
    """Day: the last day of a scheduled end has passed."""

    async def terminate(record: ContractRecord) -> bool:
        request = await effects.scheduled_termination(record.id, work)
        if request is None or request["ends_on"] >= record.today:
            return False
        await endings.terminate(record, request)
        return True

    due = _contracts(work).where(
        contract.c.termination_ends_on < work.today(),
        contract.c.status.in_(IN_FORCE),
        ~_cut_today(work).exists(),
    )
    return await _each(due.order_by(contract.c.termination_ends_on, contract.c.id), terminate, work)


async def end_terms(moment: Moment, work: UnitOfWork) -> object:
    """Day: a term is over: renewed tacitly, or expired."""

    async def end_term(record: ContractRecord) -> bool:
        if record["ends_on"] >= record.today:
            return False
        if record["renewal_mode"] in (RenewalMode.TACIT, RenewalMode.TO_OPEN_ENDED):
            await _renew(record)
        else:
            await endings.expire(record)
        return True

    due = _contracts(work).where(
        contract.c.ends_on < work.today(),
        contract.c.status.in_(IN_FORCE),
        contract.c.termination_ends_on.is_(None),
        ~_cut_today(work).exists(),
    )
    return await _each(due.order_by(contract.c.ends_on, contract.c.id), end_term, work)


async def bill_due(moment: Moment, work: UnitOfWork) -> object:
    """Day: what is to be billed today, and what was missed, oldest first."""
    waiting = (
        select(billing_instalment.c.contract_id)
        .where(
            billing_instalment.c.organisation_id == work.organisation_id,
            billing_instalment.c.status == "PLANNED",
            billing_instalment.c.bill_on <= work.today(),
        )
        .distinct()
    )
    paused = select(suspension_period.c.contract_id).where(
        suspension_period.c.organisation_id == work.organisation_id,
        suspension_period.c.contract_id == contract.c.id,
        suspension_period.c.ends_on.is_(None),
        suspension_period.c.billing_policy == BillingPolicy.PAUSE,
    )
    due = _contracts(work).where(
        contract.c.id.in_(waiting),
        contract.c.status.in_(BOUND),
        contract.c.gates_met_on.is_not(None),
        ~paused.exists(),
    )
    return await _each(due.order_by(contract.c.id), billing.bill_due, work)


async def plan_ahead(moment: Moment, work: UnitOfWork) -> object:
    """Day: keep the schedule planned about four hundred days ahead."""

    async def plan(record: ContractRecord) -> bool:
        await billing.replan(record)
        return True

    due = _contracts(work).where(contract.c.planned_until < work.today() + _PLAN_AHEAD, contract.c.status.in_(BOUND))
    return await _each(due.order_by(contract.c.planned_until, contract.c.id), plan, work)


async def _each(due: Select[Any], act: Callable[[ContractRecord], Awaitable[bool]], work: UnitOfWork) -> object:
    """Act on a batch of contracts, each locked; MORE as long as something changes."""
    progress = False
    ids: list[UUID] = [row["id"] for row in await work.fetch(due.limit(BATCH))]
    for identity in ids:
        record = await find(identity, work)
        if record is not None and await act(record):
            await record.save()
            progress = True
    return MORE if progress else None


def _contracts(work: UnitOfWork) -> Select[Any]:
    return select(contract.c.id).where(contract.c.organisation_id == work.organisation_id)


def _operations_of_contract(work: UnitOfWork) -> Select[Any]:
    return select(contract_operation.c.id).where(
        contract_operation.c.organisation_id == work.organisation_id,
        contract_operation.c.contract_id == contract.c.id,
    )


def _cut_today(work: UnitOfWork) -> Select[Any]:
    """The order to cut the service was given today: its answer has until tomorrow."""
    return _operations_of_contract(work).where(
        contract_operation.c.operation == OperationKind.TERMINATE,
        contract_operation.c.started_at >= _midnight(work),
    )


def _midnight(work: UnitOfWork) -> datetime:
    return datetime.combine(work.today(), time(), PARIS)


async def _renew(record: ContractRecord) -> None:
    """A new term begins the day after; later terms still follow the original first day."""
    old = record["ends_on"]
    months = (record["initial_term_months"] or 0) + record["renewal_term_months"] * (record["renewal_count"] + 1)
    open_ended = record["renewal_mode"] == RenewalMode.TO_OPEN_ENDED
    new = None if open_ended else renewed_end(record.row, old, months)
    record.set(ends_on=new, renewal_count=record["renewal_count"] + 1)
    if open_ended:
        record.set(commitment_ends_on=None, commitment_months=0, term_kind="OPEN_ENDED", renewal_mode=RenewalMode.NONE)
    await billing.replan(record)
    record.state(ContractRenewed, old_ends_on=old, new_ends_on=new)
