"""Starting, cutting and restoring the service, and hearing the providers."""

from datetime import date, datetime, time

from sqlalchemy.dialects.postgresql import insert

from actors.contrats import views
from actors.contrats.choices import choices_of
from actors.contrats.contract_record import ContractRecord, load
from actors.contrats.rules.gates import closed_gates
from actors.contrats.rules.status import CONTRACT
from actors.contrats.service import effects, links, operations, porting
from messages.base import Empty
from messages.contrats import (
    GATE_NOT_MET,
    INVALID_DATES,
    OPERATION_IN_PROGRESS,
    OPERATION_NOT_FAILED,
    ActivateContract,
    ContractOperation,
    HandleProviderCallback,
    OperationKind,
    OperationStatus,
    ProviderOutcome,
    ResumeContract,
    RetryOperation,
    SuspendContract,
)
from messages.problem import Refused
from messages.values.identifiers import new_id
from runtime.unit_of_work import UnitOfWork
from storage.contrats.tables import provider_callback


async def activate_contract(request: ActivateContract, work: UnitOfWork) -> ContractOperation:
    """Start the service now, when every gate is open or may be forced."""
    record = await load(request.contract_id, work, expected_version=request.expected_version)
    CONTRACT.after("activate", record.status)
    await refuse_while_running(record)
    if request.force_gates:
        work.caller.require("contrats:contract:force_gate")
    day = _first_day(record, request)
    required = (await choices_of(work, record["company_id"])).required_gates - request.force_gates
    closed = closed_gates(record.row, record.today, required)
    if closed:
        names = ", ".join(closed)
        raise Refused(GATE_NOT_MET, f"closed: {names}; open them first", details={"gates": [str(g) for g in closed]})
    if record["gates_met_on"] is None:
        record.set(gates_met_on=record.today)
    await effects.start_on(record, day)
    operation = await operations.start(record, OperationKind.ACTIVATE, key=f"ACTIVATE:{new_id()}")
    work.record("contract", record.id, after={"activation": "by hand", "forced": sorted(request.force_gates)})
    await record.save()
    return views.operation_of(operation)


def _first_day(record: ContractRecord, request: ActivateContract) -> date:
    """The first day served: today, or an earlier one since the signature."""
    day = request.effective_on or record.today
    if not record["concluded_on"] <= day <= record.today:
        text = "effective_on lies between the signature and today; correct it or leave it empty"
        raise Refused.field("effective_on", "range", text, INVALID_DATES)
    if day < record.today:
        record.work.caller.require("contrats:contract:backdate")
    return day


async def suspend_contract(request: SuspendContract, work: UnitOfWork) -> ContractOperation:
    """Cut the service at the providers; the contract is suspended when they have done it."""
    record = await load(request.contract_id, work, expected_version=request.expected_version)
    CONTRACT.after("suspend", record.status)
    await refuse_while_running(record)
    first = request.starts_on or record.today
    if first < record.today:
        raise Refused.field("starts_on", "past", "starts_on lies before today; correct it or leave it empty")
    if request.resume_on is not None and request.resume_on <= first:
        raise Refused.field("resume_on", "past", "resume_on must lie after the first day; correct it or leave it empty")
    operation = await operations.line_up(
        record,
        OperationKind.SUSPEND,
        key=f"SUSPEND:{new_id()}",
        due_at=work.now if first == record.today else datetime.combine(first, time(), record.zone),
        reason=request.reason,
        billing_policy=request.billing_policy,
        resume_on=request.resume_on.isoformat() if request.resume_on else None,
        reduced_amount=f"{request.reduced_amount.amount:f}" if request.reduced_amount is not None else None,
        extends_term=request.extends_term,
        mode="FULL",
    )
    await operations.run_next(record)
    await record.save()
    return views.operation_of(await operations.load(operation["id"], work))


async def resume_contract(request: ResumeContract, work: UnitOfWork) -> ContractOperation:
    """Restore the service."""
    record = await load(request.contract_id, work, expected_version=request.expected_version)
    CONTRACT.after("resume", record.status)
    await refuse_while_running(record)
    operation = await operations.start(record, OperationKind.RESUME, key=f"RESUME:{new_id()}")
    await record.save()
    return views.operation_of(operation)


async def retry_operation(request: RetryOperation, work: UnitOfWork) -> ContractOperation:
    """Order a failed operation once more; repeating the request answers the same new operation."""
    failed = await operations.load(request.operation_id, work)
    record = await load(failed["contract_id"], work)
    failed = await operations.load(request.operation_id, work)  # again, now that nobody else can change it
    if failed["status"] != OperationStatus.FAILED:
        raise Refused(OPERATION_NOT_FAILED, f"the operation is {failed['status']}; only a failed one is tried again")
    key = f"RETRY:{failed['id']}"
    known = await operations.by_key(key, work)
    if known is not None:
        return views.operation_of(known)
    await refuse_while_running(record)
    if failed["operation"] == OperationKind.PORT_IN:
        raise Refused(OPERATION_NOT_FAILED, "a refused number is ordered anew with port_in_contract")
    kind, asked_by = OperationKind(failed["operation"]), failed["request_id"]
    operation = await operations.start(record, kind, key=key, request_id=asked_by, **failed["payload"])
    await record.save()
    return views.operation_of(operation)


async def handle_provider_callback(request: HandleProviderCallback, work: UnitOfWork) -> Empty:
    """Take a provider's answer: the operation goes on, is tried again or has failed; each callback counts once."""
    operation = await operations.load(request.operation_id, work)
    record = await load(operation["contract_id"], work)
    operation = await operations.load(request.operation_id, work)  # again, now that nobody else can change it
    if not await _is_new(request, work) or operation["status"] != OperationStatus.RUNNING:
        return Empty()
    done = [
        row
        for row in await links.links_of(record.id, work)
        if row["id"] in operation["open_links"]
        and row["provider_code"] == request.provider
        and request.service_link_id in (None, row["id"])
    ]
    if not done:
        return Empty()
    if operation["operation"] == OperationKind.PORT_IN:
        await porting.answered(record, dict(operation), request.outcome, request.port, request.error_code)
        await record.save()
        return Empty()
    match request.outcome:
        case ProviderOutcome.OK:
            await operations.answered(record, dict(operation), done, request.external_service_id)
        case ProviderOutcome.REFUSED:
            await operations.fail(record, dict(operation), request.error_code or "PROVIDER_REFUSED")
        case ProviderOutcome.FAILED:
            await operations.attempt_failed(record, dict(operation), request.error_code or "PROVIDER_FAILED")
    await operations.run_next(record)
    await record.save()
    return Empty()


async def _is_new(request: HandleProviderCallback, work: UnitOfWork) -> bool:
    taken = insert(provider_callback).values(
        organisation_id=work.organisation_id,
        provider=request.provider,
        callback_id=request.callback_id,
        operation_id=request.operation_id,
        received_at=work.now,
    )
    return await work.execute(taken.on_conflict_do_nothing()) == 1


async def refuse_while_running(record: ContractRecord) -> None:
    """One operation at a time."""
    running = await operations.open_of(record.id, record.work)
    if running:
        raise Refused(
            OPERATION_IN_PROGRESS,
            f"{running[0]['operation']} is under way; wait for its end",
            details={"operation_id": str(running[0]["id"])},
        )
