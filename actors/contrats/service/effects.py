"""What a finished operation does to its contract."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from actors.contrats.billing import adjustments, bills
from actors.contrats.changes import versions
from actors.contrats.contract_record import ContractRecord
from actors.contrats.drafting.lines import lines_begin_on
from actors.contrats.renewal import cycles
from actors.contrats.rules import billing_periods
from actors.contrats.rules.draft_terms import moved_to
from actors.contrats.rules.status import IN_FORCE
from actors.contrats.rules.suspension import reduced_charge
from actors.contrats.rules.termination import TERMINATION, months_in_force
from actors.contrats.service import links
from messages.contrats import (
    AdjustmentCause,
    AdjustmentKind,
    BillingPolicy,
    ContractActivated,
    ContractExpired,
    ContractResumed,
    ContractStatus,
    ContractSuspended,
    ContractTerminated,
    OperationKind,
    SuspensionScope,
    TerminationStatus,
)
from messages.values.identifiers import new_id
from runtime.unit_of_work import Row, UnitOfWork
from storage.contrats.tables import suspension_period, termination_request

_ONE_DAY = timedelta(days=1)


async def take_effect(record: ContractRecord, operation: dict[str, Any]) -> None:
    """Change the contract as the operation promised."""
    match OperationKind(operation["operation"]):
        case OperationKind.ACTIVATE:
            _activated(record, operation)
        case OperationKind.SUSPEND:
            await _suspended(record, operation)
        case OperationKind.RESUME:
            await _resumed(record, operation)
        case OperationKind.TERMINATE:
            await end(record, operation)
        case OperationKind.PORT_IN | OperationKind.SIGN | OperationKind.AMEND:
            return  # a number or a service has arrived; what it means for the contract is decided elsewhere


async def start_on(record: ContractRecord, day: date) -> None:
    """The service starts on another day than agreed: as long as nothing is billed, the whole term moves with it."""
    await links.begin_on(record, record["starts_on"], day)
    if day == record["starts_on"] or await bills.anything_was_billed(record):
        record.set(effective_on=day)
        return
    agreed = record["starts_on"]
    record.set(**moved_to(record.row, day))
    await lines_begin_on(record, agreed, day)
    await versions.begin_on(record, day)
    record.set(total_contract_value=billing_periods.term_value(record.row, record.lines))
    await bills.replan(record)
    await cycles.open_cycle(record)


def _activated(record: ContractRecord, operation: dict[str, Any]) -> None:
    record.move("activate", operation_id=operation["id"])
    record.set(activated_at=record.work.now)
    record.state(ContractActivated, operation_id=operation["id"])


async def _suspended(record: ContractRecord, operation: dict[str, Any]) -> None:
    payload = operation["payload"]
    if payload.get("service_line_ids"):
        _lines_suspended(record, operation)
        return
    resume_on = date.fromisoformat(payload["resume_on"]) if payload.get("resume_on") else None
    await record.work.insert(
        suspension_period,
        id=new_id(),
        organisation_id=record.work.organisation_id,
        contract_id=record.id,
        reason=payload["reason"],
        starts_on=record.today,
        ends_on=None,
        resume_on=resume_on,
        billing_policy=payload["billing_policy"],
        reduced_amount=Decimal(payload["reduced_amount"]) if payload.get("reduced_amount") else None,
        extends_term=payload.get("extends_term", False),
        request_id=operation["request_id"],
    )
    record.move("suspend", reason_code=payload["reason"], operation_id=operation["id"])
    record.set(suspended_at=record.work.now)
    record.state(
        ContractSuspended,
        request_id=operation["request_id"],
        suspension_reason=payload["reason"],
        billing_policy=payload["billing_policy"],
        resume_on=resume_on,
        reason=payload["reason"],
    )


def _lines_suspended(record: ContractRecord, operation: dict[str, Any]) -> None:
    """Some services are cut; the contract goes on."""
    record.state(
        ContractSuspended,
        request_id=operation["request_id"],
        suspension_reason=operation["payload"]["reason"],
        scope=SuspensionScope.SERVICE_LINES,
        service_line_ids=operation["payload"]["service_line_ids"],
        billing_policy=BillingPolicy.CONTINUE,
        reason=operation["payload"]["reason"],
    )


async def _resumed(record: ContractRecord, operation: dict[str, Any]) -> None:
    if operation["payload"].get("service_line_ids"):
        days = {"suspended_from": operation["payload"]["suspended_from"], "suspended_to": record.today}
        record.state(ContractResumed, request_id=operation["request_id"], **days)
        return
    first = await close_suspension(record, record.today - _ONE_DAY)
    record.move("resume", operation_id=operation["id"])
    record.set(suspended_at=None)
    record.state(
        ContractResumed,
        request_id=operation["request_id"],
        suspended_from=first,
        suspended_to=max(first, record.today - _ONE_DAY),
    )


async def close_suspension(record: ContractRecord, last: date) -> date:
    """End the running suspension and give back the days of a pause; its first day."""
    period = await open_suspension(record.id, record.work)
    if period is None:
        return record.today
    await record.work.execute(
        update(suspension_period)
        .where(
            suspension_period.c.organisation_id == record.work.organisation_id, suspension_period.c.id == period["id"]
        )
        .values(ends_on=last)
    )
    first: date = period["starts_on"]
    if first > last:
        return first
    if period["extends_term"]:
        await _extend_term(record, (last - first).days + 1)
    if period["billing_policy"] != BillingPolicy.CONTINUE:
        await bills.skip_suspended(record, first, last)
        label = f"Service suspendu du {first:%d/%m/%Y} au {last:%d/%m/%Y}"
        cause = AdjustmentCause.SUSPENSION
        await adjustments.credit(record, cause, period["id"], first, last, label)
        if period["reduced_amount"] is not None:
            owed = reduced_charge(record.row, period["reduced_amount"], first, last)
            await adjustments.charge(record, AdjustmentKind.CHARGE, cause, period["id"], owed, label)
    return first


async def _extend_term(record: ContractRecord, days: int) -> None:
    """The suspended days are added at the end, as agreed."""
    for name in ("ends_on", "commitment_ends_on"):
        if record[name] is not None:
            record.set(**{name: record[name] + timedelta(days=days)})
    await bills.replan(record)
    await cycles.open_cycle(record)


async def open_suspension(contract_id: UUID, work: UnitOfWork) -> Row | None:
    """The suspension that runs now."""
    return await work.fetch_one(
        select(suspension_period).where(
            suspension_period.c.organisation_id == work.organisation_id,
            suspension_period.c.contract_id == contract_id,
            suspension_period.c.ends_on.is_(None),
        )
    )


async def end(record: ContractRecord, operation: dict[str, Any]) -> None:
    """The contract ends in law; what a provider still has to do goes on without it."""
    if record.status not in IN_FORCE:
        return
    if operation["payload"]["outcome"] == ContractStatus.EXPIRED:
        record.move("expire", operation_id=operation["id"])
        record.set(terminated_at=record.work.now)
        months = months_in_force(record["effective_on"], record["ends_on"])
        record.state(ContractExpired, months_in_force=months)
        return
    request = await scheduled_termination(record.id, record.work)
    if request is None:
        return
    await record.work.execute(
        update(termination_request)
        .where(
            termination_request.c.organisation_id == record.work.organisation_id,
            termination_request.c.id == request["id"],
        )
        .values(status=TERMINATION.after("execute", TerminationStatus(request["status"])))
    )
    record.move("terminate", reason_code=request["reason_code"], operation_id=operation["id"])
    record.set(terminated_at=record.work.now, ends_on=request["ends_on"])
    record.state(ContractTerminated, reason=request["reason_code"], **facts_of(record, request))


async def scheduled_termination(contract_id: UUID, work: UnitOfWork) -> Row | None:
    """The scheduled request to end the contract."""
    return await work.fetch_one(
        select(termination_request).where(
            termination_request.c.organisation_id == work.organisation_id,
            termination_request.c.contract_id == contract_id,
            termination_request.c.status == TerminationStatus.SCHEDULED,
        )
    )


def facts_of(record: ContractRecord, request: Row | dict[str, Any]) -> dict[str, Any]:
    """The fields of TerminationFacts."""
    currency = record["currency"]
    return {
        "ends_on": request["ends_on"],
        "reason_code": request["reason_code"],
        "initiated_by": request["initiated_by"],
        "channel": request["channel"],
        "received_on": request["received_on"],
        "months_in_force": months_in_force(record["effective_on"], request["ends_on"]),
        "fee": {"amount": request["fee"], "currency": currency},
        "credit": {"amount": request["credit"], "currency": currency},
        "notice_id": request["notice_id"],
        "legitimate_reason": request["legitimate_reason"],
    }
