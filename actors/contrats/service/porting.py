"""Bringing a number: what the operator answers moves the port-in, its operation and, at last, the contract."""

from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from actors.contrats.contract_record import ContractRecord
from actors.contrats.rules.port_in import PORT_IN
from actors.contrats.service import effects, links, operations
from messages.base import Event
from messages.contrats import OperationKind, PortAnswer, ProviderOutcome
from messages.contrats.port_ins import ContractPortInCompleted, ContractPortInRefused
from messages.contrats.states import PortInStatus
from runtime.unit_of_work import Row, UnitOfWork
from storage.contrats.tables import port_in


async def answered(
    record: ContractRecord,
    operation: dict[str, Any],
    outcome: ProviderOutcome,
    answer: PortAnswer | None,
    code: str | None,
) -> None:
    """The operator accepted, refused or completed; a failed attempt of his is a refusal."""
    row = await record.work.load(_of_operation(operation["id"], record.work), "port-in")
    if outcome is not ProviderOutcome.OK or (answer is not None and answer.status is PortInStatus.REFUSED):
        refusal = (answer.refusal_code if answer is not None else None) or code or "PROVIDER_REFUSED"
        await move(row, "refuse", record.work, refusal_code=refusal)
        _state(record, row, ContractPortInRefused, refusal_code=refusal)
        await operations.fail(record, operation, refusal, step="port_in")
        return
    if answer is not None and answer.status is PortInStatus.ACCEPTED:
        await move(row, "accept", record.work, scheduled_on=answer.scheduled_on or row["scheduled_on"])
        return
    done = await move(row, "complete", record.work)
    _state(record, done, ContractPortInCompleted)
    moved = [link for link in await links.links_of(record.id, record.work) if link["id"] in operation["open_links"]]
    await operations.answered(record, operation, moved, None)
    if record["gates_met_on"] is None:
        record.set(gates_met_on=record.today)
    await effects.start_on(record, done["scheduled_on"])
    await operations.start(record, OperationKind.ACTIVATE, key=f"ACTIVATE:{operation['id']}")


async def move(row: Row, trigger: str, work: UnitOfWork, **columns: Any) -> dict[str, Any]:
    """Take a step of the port-in, or refuse it."""
    changes = {"status": PORT_IN.after(trigger, PortInStatus(row["status"])), **columns}
    await work.execute(
        update(port_in)
        .where(port_in.c.organisation_id == work.organisation_id, port_in.c.id == row["id"])
        .values(**changes)
    )
    return {**row, **changes}


def _state(record: ContractRecord, row: Row, event: type[Event], **facts: Any) -> None:
    number = {name: row[name] for name in ("msisdn_masked", "scheduled_on")}
    record.state(event, port_in_id=row["id"], **number, **facts)


def _of_operation(operation_id: UUID, work: UnitOfWork) -> Any:
    return select(port_in).where(
        port_in.c.organisation_id == work.organisation_id, port_in.c.operation_id == operation_id
    )
