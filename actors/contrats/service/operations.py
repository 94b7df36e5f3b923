"""What is asked of the service providers, and what their answers do to the contract."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from actors.contrats import views
from actors.contrats.choices import choices_of
from actors.contrats.contract_record import ContractRecord
from actors.contrats.rules.operation_steps import OPEN, OPERATION, action_of
from actors.contrats.rules.services import action_due
from actors.contrats.rules.status import IN_FORCE
from actors.contrats.rules.suspension import may_be_cut
from actors.contrats.service import effects, links
from messages.contrats import (
    OPERATION_NOT_FOUND,
    ContractOperationFailed,
    ContractProvisioningRequested,
    ContractStatus,
    OperationKind,
    OperationStatus,
    ProvisioningAction,
)
from messages.values.identifiers import new_id
from runtime.unit_of_work import Row, UnitOfWork
from storage.contrats.tables import contract_operation

ANSWER_WITHIN = timedelta(hours=1)
RETRIES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 720))

_STARTS_FROM = {
    OperationKind.ACTIVATE: (ContractStatus.SIGNED,),
    OperationKind.SUSPEND: (ContractStatus.ACTIVE,),
    OperationKind.RESUME: (ContractStatus.SUSPENDED,),
    OperationKind.AMEND: IN_FORCE,
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
            contract_operation.c.status.in_(states or OPEN),
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


async def wait_for_port(record: ContractRecord, link: Row, *, key: str) -> dict[str, Any]:
    """An operation that waits for a number to arrive, however long that takes: nobody is asked again."""
    operation = await line_up(record, OperationKind.PORT_IN, key=key, due_at=record.work.now)
    await links.ordered(record, [link])
    await _move(record, operation, "begin", open_links=[link["id"]], attempts=1, next_attempt_at=None)
    return operation


async def run_next(record: ContractRecord) -> None:
    """Begin what waits in line and is due, then what lines that began or ended ask for, until one waits for a provider."""
    while not await open_of(record.id, record.work, OperationStatus.RUNNING):
        waiting = await open_of(record.id, record.work, OperationStatus.PENDING)
        due = next((row for row in waiting if row["next_attempt_at"] <= record.work.now), None)
        following = dict(due) if due is not None else await _amend_next(record)
        if following is None:
            return
        await _begin(record, following)


async def _amend_next(record: ContractRecord) -> dict[str, Any] | None:
    """Line up the first order that a line asks for and that was never given."""
    for link in await links.links_of(record.id, record.work):
        action = action_due(link, record.status, record.today)
        if action is None:
            continue
        key = amendment_key(action, link["id"])
        if await by_key(key, record.work) is None:
            only = [str(link["id"])]
            return await line_up(
                record, OperationKind.AMEND, key=key, due_at=record.work.now, action=action, service_link_ids=only
            )
    return None


def amendment_key(action: ProvisioningAction, link_id: object) -> str:
    """Each service is started and cut once by its line."""
    return f"AMEND:{action}:{link_id}"


async def _begin(record: ContractRecord, operation: dict[str, Any]) -> None:
    action, payload = action_of(operation), operation["payload"]
    named = [UUID(name) for name in payload.get("service_line_ids") or payload.get("service_link_ids") or ()]
    asked = await links.concerned(record, action, named)
    refusal = await _refusal(record, operation, asked)
    if refusal is not None:
        await fail(record, operation, refusal, step="check")
        return
    if not asked:
        await complete(record, operation)
        return
    if action is ProvisioningAction.ACTIVATE:
        await links.ordered(record, asked)
    answer_by = record.work.now + ANSWER_WITHIN
    open_links = [row["id"] for row in asked]
    await _move(record, operation, "begin", open_links=open_links, attempts=1, next_attempt_at=answer_by)
    _ask(record, operation, asked)


async def _refusal(record: ContractRecord, operation: dict[str, Any], asked: list[Row]) -> str | None:
    """Why the order cannot be given now."""
    kind, some_lines = OperationKind(operation["operation"]), bool(operation["payload"].get("service_line_ids"))
    joins = kind is OperationKind.AMEND and action_of(operation) is ProvisioningAction.ACTIVATE
    allowed = (ContractStatus.ACTIVE,) if some_lines or joins else _STARTS_FROM.get(kind)
    if allowed is not None and record.status not in allowed:
        return "INVALID_TRANSITION"
    if kind is not OperationKind.SUSPEND:
        return None
    protected = (await choices_of(record.work, record["company_id"])).no_cut_periods
    if not may_be_cut(record.row, record.today, protected):
        return "LEGAL_PERIOD"
    return "NO_RUNNING_SERVICE" if some_lines and not asked else None


async def ask_again(record: ContractRecord, operation: dict[str, Any]) -> None:
    """The answer is late, or a failed attempt is due again; the last attempt in vain ends the operation."""
    if operation["attempts"] > len(RETRIES):
        await fail(record, operation, operation["error_code"] or "PROVIDER_SILENT")
        return
    attempts = operation["attempts"] + 1
    await _store(record.work, operation, attempts=attempts, next_attempt_at=record.work.now + ANSWER_WITHIN)
    known = await links.links_of(record.id, record.work)
    _ask(record, operation, [row for row in known if row["id"] in operation["open_links"]])


def _ask(record: ContractRecord, operation: dict[str, Any], asked: list[Row]) -> None:
    record.state(
        ContractProvisioningRequested,
        operation_id=operation["id"],
        action=action_of(operation),
        mode=operation["payload"].get("mode"),
        service_links=[views.link_ref_of(row) for row in asked],
    )


async def answered(record: ContractRecord, operation: dict[str, Any], done: list[Row], external: str | None) -> None:
    """Some services are done; when all are, the operation has succeeded."""
    await links.reached(record, action_of(operation), done, external)
    finished = {link["id"] for link in done}
    left = [link_id for link_id in operation["open_links"] if link_id not in finished]
    await _store(record.work, operation, open_links=left)
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
    await _move(record, operation, "complete", open_links=[])
    await effects.take_effect(record, operation)


async def fail(record: ContractRecord, operation: dict[str, Any], error_code: str, *, step: str = "provision") -> None:
    """It could not be done; whoever asked learns it by contract.operation_failed."""
    await _move(record, operation, "fail", error_code=error_code, failed_step=step)
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
    await _move(record, operation, "cancel")


async def give_way(record: ContractRecord) -> None:
    """The contract ends: whatever else was under way is given up, and what nobody was asked for will not come."""
    await links.give_up_planned(record)
    for operation in await open_of(record.id, record.work):
        await fail(record, dict(operation), "CONTRACT_ENDS", step="check")


async def _move(record: ContractRecord, operation: dict[str, Any], trigger: str, **changes: Any) -> None:
    """Take a step of the operation; an end has its instant and waits for nothing more."""
    status = OPERATION.after(trigger, OperationStatus(operation["status"]))
    if status not in OPEN:
        changes |= {"finished_at": record.work.now, "next_attempt_at": None}
    await _store(record.work, operation, status=status, **changes)


async def _store(work: UnitOfWork, operation: dict[str, Any], **changes: Any) -> None:
    operation.update(changes)
    await work.execute(
        update(contract_operation)
        .where(contract_operation.c.organisation_id == work.organisation_id, contract_operation.c.id == operation["id"])
        .values(**changes)
    )
