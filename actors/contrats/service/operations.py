"""What is asked of the service providers, and what their answers do to the contract."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from actors.contrats import views
from actors.contrats.choices import choices_of
from actors.contrats.contract_record import ContractRecord
from actors.contrats.rules.suspension import may_be_cut
from actors.contrats.service import effects
from messages.contrats import (
    OPERATION_NOT_FOUND,
    ContractOperationFailed,
    ContractProvisioningRequested,
    ContractStatus,
    OperationKind,
    OperationStatus,
    ProvisioningAction,
    ServiceStatus,
)
from messages.values.identifiers import new_id
from runtime.unit_of_work import Row, UnitOfWork
from storage.contrats.tables import contract_operation, service_link

ANSWER_WITHIN = timedelta(hours=1)
RETRIES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 720))

STATUS_AFTER = {
    OperationKind.ACTIVATE: ServiceStatus.ACTIVE,
    OperationKind.SUSPEND: ServiceStatus.SUSPENDED,
    OperationKind.PORT_IN: ServiceStatus.ACTIVE,
    OperationKind.RESUME: ServiceStatus.ACTIVE,
    OperationKind.TERMINATE: ServiceStatus.TERMINATED,
}
_STARTS_FROM = {
    OperationKind.ACTIVATE: (ContractStatus.SIGNED,),
    OperationKind.SUSPEND: (ContractStatus.ACTIVE,),
    OperationKind.RESUME: (ContractStatus.SUSPENDED,),
}


async def by_key(key: str, work: UnitOfWork) -> Row | None:
    """The operation ordered under that key, or None."""
    return await work.fetch_one(
        select(contract_operation).where(
            contract_operation.c.organisation_id == work.organisation_id, contract_operation.c.key == key
        )
    )


async def load(operation_id: UUID, work: UnitOfWork) -> Row:
    """The operation; OPERATION_NOT_FOUND."""
    return await work.load(
        select(contract_operation).where(
            contract_operation.c.organisation_id == work.organisation_id, contract_operation.c.id == operation_id
        ),
        "operation",
        code=OPERATION_NOT_FOUND,
    )


async def open_of(contract_id: UUID, work: UnitOfWork, *states: OperationStatus) -> list[Row]:
    """The operations of a contract in those states, oldest first."""
    return await work.fetch(
        select(contract_operation)
        .where(
            contract_operation.c.organisation_id == work.organisation_id,
            contract_operation.c.contract_id == contract_id,
            contract_operation.c.status.in_(states or (OperationStatus.PENDING, OperationStatus.RUNNING)),
        )
        .order_by(contract_operation.c.id)
    )


async def was_ordered(contract_id: UUID, kind: OperationKind, work: UnitOfWork) -> bool:
    """Whether such an operation was ever ordered for the contract."""
    found = select(contract_operation.c.id).where(
        contract_operation.c.organisation_id == work.organisation_id,
        contract_operation.c.contract_id == contract_id,
        contract_operation.c.operation == kind,
    )
    return await work.fetch_value(found.limit(1)) is not None


async def line_up(
    record: ContractRecord,
    kind: OperationKind,
    *,
    key: str,
    due_at: datetime,
    request_id: UUID | None = None,
    **payload: Any,
) -> dict[str, Any]:
    """Put an operation in the contract's line; it starts when it is due and nothing else runs."""
    operation: dict[str, Any] = {
        "id": new_id(),
        "organisation_id": record.work.organisation_id,
        "contract_id": record.id,
        "operation": kind,
        "status": OperationStatus.PENDING,
        "payload": payload,
        "open_links": [],
        "key": key,
        "request_id": request_id,
        "attempts": 0,
        "error_code": None,
        "failed_step": None,
        "next_attempt_at": due_at,
        "started_at": record.work.now,
        "finished_at": None,
    }
    await record.work.insert(contract_operation, **operation)
    return operation


async def start(
    record: ContractRecord, kind: OperationKind, *, key: str, request_id: UUID | None = None, **payload: Any
) -> dict[str, Any]:
    """Order and begin at once; the caller has made sure that nothing else runs."""
    operation = await line_up(record, kind, key=key, due_at=record.work.now, request_id=request_id, **payload)
    await _begin(record, operation)
    return operation


async def wait_for_port(record: ContractRecord, link_id: UUID, *, key: str) -> dict[str, Any]:
    """An operation that waits for a number to arrive, however long that takes: nobody is asked again."""
    operation = await line_up(record, OperationKind.PORT_IN, key=key, due_at=record.work.now)
    running = {"status": OperationStatus.RUNNING, "open_links": [link_id], "attempts": 1, "next_attempt_at": None}
    await _store(record.work, operation, **running)
    return operation


async def run_next(record: ContractRecord) -> None:
    """Begin what waits in line and is due, one after the other, until one waits for a provider."""
    while not await open_of(record.id, record.work, OperationStatus.RUNNING):
        waiting = await open_of(record.id, record.work, OperationStatus.PENDING)
        due = next((row for row in waiting if row["next_attempt_at"] <= record.work.now), None)
        if due is None:
            return
        await _begin(record, dict(due))


async def _begin(record: ContractRecord, operation: dict[str, Any]) -> None:
    kind = OperationKind(operation["operation"])
    lines = {UUID(line) for line in operation["payload"].get("service_line_ids") or ()}
    allowed = (ContractStatus.ACTIVE,) if lines else _STARTS_FROM.get(kind)
    if allowed is not None and record.status not in allowed:
        await fail(record, operation, "INVALID_TRANSITION", step="check")
        return
    if kind is OperationKind.SUSPEND:
        protected = (await choices_of(record.work, record["company_id"])).no_cut_periods
        if not may_be_cut(record.row, record.today, protected):
            await fail(record, operation, "LEGAL_PERIOD", step="check")
            return
    done = {ServiceStatus.TERMINATED} | ({ServiceStatus.ACTIVE} if kind is OperationKind.ACTIVATE else set())
    links = [row for row in await links_of(record.id, record.work) if row["status"] not in done]
    if lines:
        links = [row for row in links if lines & {row["id"], row["line_id"]}]
    operation["open_links"] = [row["id"] for row in links]
    if not links:
        await complete(record, operation)
        return
    await _store(
        record.work,
        operation,
        status=OperationStatus.RUNNING,
        open_links=operation["open_links"],
        attempts=1,
        next_attempt_at=record.work.now + ANSWER_WITHIN,
    )
    _ask(record, operation, links)


async def ask_again(record: ContractRecord, operation: dict[str, Any]) -> None:
    """The answer is late, or a failed attempt is due again; the last attempt in vain ends the operation."""
    if operation["attempts"] > len(RETRIES):
        await fail(record, operation, operation["error_code"] or "PROVIDER_SILENT")
        return
    attempts = operation["attempts"] + 1
    await _store(record.work, operation, attempts=attempts, next_attempt_at=record.work.now + ANSWER_WITHIN)
    links = await links_of(record.id, record.work)
    _ask(record, operation, [row for row in links if row["id"] in operation["open_links"]])


def _ask(record: ContractRecord, operation: dict[str, Any], links: list[Row]) -> None:
    record.state(
        ContractProvisioningRequested,
        operation_id=operation["id"],
        action=ProvisioningAction(operation["operation"]),
        mode=operation["payload"].get("mode"),
        service_links=[views.link_ref_of(row) for row in links],
    )


async def answered(
    record: ContractRecord, operation: dict[str, Any], link_ids: list[UUID], external: str | None
) -> None:
    """Some services are done; when all are, the operation has succeeded."""
    work, kind = record.work, OperationKind(operation["operation"])
    changes: dict[str, Any] = {"status": STATUS_AFTER[kind], "last_sync_at": work.now}
    if external is not None:
        changes["external_service_id"] = external
    await work.execute(
        update(service_link)
        .where(service_link.c.organisation_id == work.organisation_id, service_link.c.id.in_(link_ids))
        .values(**changes)
    )
    left = [link for link in operation["open_links"] if link not in link_ids]
    await _store(work, operation, open_links=left)
    if not left:
        await complete(record, operation)


async def attempt_failed(record: ContractRecord, operation: dict[str, Any], error_code: str) -> None:
    """Try again later; five retries, then the operation has failed."""
    if operation["attempts"] > len(RETRIES):
        await fail(record, operation, error_code)
        return
    pause = RETRIES[operation["attempts"] - 1]
    await _store(record.work, operation, error_code=error_code, next_attempt_at=record.work.now + pause)


async def complete(record: ContractRecord, operation: dict[str, Any]) -> None:
    """The providers have done it: now the contract changes."""
    await _store(
        record.work,
        operation,
        status=OperationStatus.SUCCEEDED,
        finished_at=record.work.now,
        next_attempt_at=None,
        open_links=[],
    )
    await effects.take_effect(record, operation)


async def fail(record: ContractRecord, operation: dict[str, Any], error_code: str, *, step: str = "provision") -> None:
    """It could not be done; whoever asked learns it by contract.operation_failed."""
    await _store(
        record.work,
        operation,
        status=OperationStatus.FAILED,
        error_code=error_code,
        failed_step=step,
        finished_at=record.work.now,
        next_attempt_at=None,
    )
    record.state(
        ContractOperationFailed,
        client_id=record["client_id"],
        operation_id=operation["id"],
        operation=operation["operation"],
        request_id=operation["request_id"],
        step=step,
        error_code=error_code,
        service_links=operation["open_links"],
        attempts=operation["attempts"],
    )


async def cancel(record: ContractRecord, operation: dict[str, Any]) -> None:
    """It is no longer wanted and was not begun."""
    await _store(
        record.work,
        operation,
        status=OperationStatus.CANCELLED,
        finished_at=record.work.now,
        next_attempt_at=None,
    )


async def give_way(record: ContractRecord) -> None:
    """The contract ends: whatever else was under way is given up."""
    for operation in await open_of(record.id, record.work):
        await fail(record, dict(operation), "CONTRACT_ENDS", step="check")


async def links_of(contract_id: UUID, work: UnitOfWork) -> list[Row]:
    """The services of a contract at its providers."""
    return await work.fetch(
        select(service_link)
        .where(service_link.c.organisation_id == work.organisation_id, service_link.c.contract_id == contract_id)
        .order_by(service_link.c.id)
    )


async def _store(work: UnitOfWork, operation: dict[str, Any], **changes: Any) -> None:
    operation.update(changes)
    await work.execute(
        update(contract_operation)
        .where(contract_operation.c.organisation_id == work.organisation_id, contract_operation.c.id == operation["id"])
        .values(**changes)
    )
