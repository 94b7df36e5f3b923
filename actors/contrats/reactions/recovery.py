"""Recovery's orders: to cut a service, to restore it, to end a contract."""

from datetime import timedelta
from uuid import UUID

from actors.contrats.choices import choices_of
from actors.contrats.contract_record import ContractRecord, find
from actors.contrats.facts import first_time
from actors.contrats.leaving import scheduling
from actors.contrats.rules.status import IN_FORCE
from actors.contrats.rules.termination import ending_of
from actors.contrats.service import effects, operations
from messages.contrats import (
    BillingPolicy,
    ContractOperationFailed,
    InitiatedBy,
    OperationKind,
    OperationStatus,
    SuspensionReason,
    TerminationChannel,
    TerminationReason,
)
from messages.payments.suspensions import (
    SuspensionLiftRequested,
    SuspensionRequested,
    SuspensionScope,
    SuspensionWithdrawn,
)
from messages.payments.terminations import ContractTerminationRequested
from messages.values.instants import local_date
from runtime.unit_of_work import UnitOfWork


async def order_suspension(event: SuspensionRequested, work: UnitOfWork) -> None:
    """Recovery asks to cut the service; it waits in line until it is due."""
    key = f"SUSPEND:{event.request_id}"
    record = await find(event.contract_id, work)
    if record is None or await operations.by_key(key, work) is not None:
        return
    billed = (await choices_of(work, record["company_id"])).bill_while_suspended
    only = [str(line) for line in event.service_line_ids] if event.scope is SuspensionScope.SERVICE_LINES else []
    await operations.line_up(
        record,
        OperationKind.SUSPEND,
        key=key,
        due_at=event.effective_at,
        request_id=event.request_id,
        reason=SuspensionReason.PAYMENT_DEFAULT,
        billing_policy=BillingPolicy.CONTINUE if billed else BillingPolicy.PAUSE,
        mode=event.mode,
        service_line_ids=only,
    )
    await operations.run_next(record)
    await record.save()


async def drop_suspension(event: SuspensionWithdrawn, work: UnitOfWork) -> None:
    """The debt was settled before the cut; a cut under way is undone after it."""
    await _undo_suspension(event.contract_id, event.request_id, work, lift=False)


async def order_lift(event: SuspensionLiftRequested, work: UnitOfWork) -> None:
    """The debt was settled: the service comes back, right after a cut that is still under way."""
    await _undo_suspension(event.contract_id, event.request_id, work, lift=True)


async def order_termination(event: ContractTerminationRequested, work: UnitOfWork) -> None:
    """The formal notice is over and nobody paid: the contract ends the day before, unless it ends sooner anyway."""
    record = await find(event.contract_id, work)
    if record is None or not await first_time(f"contract_termination:{event.request_id}", work):
        return
    ends_on = local_date(event.effective_at, record.zone) - timedelta(days=1)
    scheduled = await effects.scheduled_termination(record.id, work)
    if record.status not in IN_FORCE:
        _refuse_termination(record, event, "INVALID_TRANSITION")
    elif scheduled is not None and scheduled["ends_on"] <= ends_on:
        _refuse_termination(record, event, "ALREADY_SCHEDULED")
    else:
        if scheduled is not None:
            await scheduling.revoke(record, scheduled)
        ending = ending_of(
            record.row,
            record.lines,
            received_on=min(record.today, ends_on),
            requested=ends_on,
            reason=TerminationReason.NON_PAYMENT,
            legitimate=False,
            without_notice=True,
            telecom_cap=(await choices_of(work, record["company_id"])).telecom_fee_cap,
        )
        await scheduling.schedule(
            record,
            ending,
            initiated_by=InitiatedBy.COMPANY,
            channel=TerminationChannel.REGISTERED_LETTER,
            reason_code=TerminationReason.NON_PAYMENT,
            received_on=record.today,
            notice_id=event.notice_id,
        )
    await record.save()


def _refuse_termination(record: ContractRecord, event: ContractTerminationRequested, code: str) -> None:
    record.state(
        ContractOperationFailed,
        client_id=record["client_id"],
        operation_id=event.request_id,
        operation=OperationKind.TERMINATE,
        request_id=event.request_id,
        step="check",
        error_code=code,
        attempts=1,
    )


async def _undo_suspension(contract_id: UUID, request_id: UUID, work: UnitOfWork, *, lift: bool) -> None:
    key = f"RESUME:{request_id}"
    record = await find(contract_id, work)
    if record is None or await operations.by_key(key, work) is not None:
        return
    running = False
    for operation in await operations.open_of(contract_id, work):
        if operation["operation"] == OperationKind.SUSPEND and operation["request_id"] is not None:
            if operation["status"] == OperationStatus.PENDING:
                await operations.cancel(record, dict(operation))
            else:
                running = True
    if lift or running:
        cut = await operations.by_key(f"SUSPEND:{request_id}", work)
        only = cut["payload"].get("service_line_ids") or [] if cut is not None else []
        since = (cut["finished_at"] or work.now) if cut is not None else work.now
        await operations.line_up(
            record,
            OperationKind.RESUME,
            key=key,
            due_at=work.now,
            request_id=request_id,
            service_line_ids=only,
            suspended_from=since.date().isoformat(),
        )
        await operations.run_next(record)
    await record.save()
