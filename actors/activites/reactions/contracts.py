"""What contracts bring into the timeline, and what becomes of their tasks."""

from actors.activites import tasks, timeline
from actors.activites.reactions.projections import remember_contract
from messages.activites import TaskPriority, TaskResolution, TaskType, TimelineKind
from messages.contrats import (
    ContractActivated,
    ContractCancelled,
    ContractExpired,
    ContractOperationFailed,
    ContractRenewed,
    ContractResumed,
    ContractSigned,
    ContractSnapshot,
    ContractSuspended,
    ContractTerminated,
    ContractWithdrawn,
)
from runtime.unit_of_work import UnitOfWork
from storage.activites.tables import task

_TITLES = {
    "contract.signed": "Contrat signé",
    "contract.activated": "Contrat activé",
    "contract.suspended": "Contrat suspendu",
    "contract.resumed": "Contrat rétabli",
    "contract.renewed": "Contrat renouvelé",
    "contract.terminated": "Contrat résilié",
    "contract.expired": "Contrat échu",
    "contract.withdrawn": "Rétractation",
    "contract.cancelled": "Contrat annulé",
}


async def show_contract(
    event: ContractSigned | ContractActivated | ContractSuspended | ContractResumed, work: UnitOfWork
) -> None:
    """A step in the life of a contract."""
    await remember_contract(event, work)
    await _show(event, type(event).type, work)


async def contract_renewed(event: ContractRenewed, work: UnitOfWork) -> None:
    """A renewed contract needs no renewal task any more."""
    await remember_contract(event, work)
    await _show(event, ContractRenewed.type, work)
    for row in await tasks.open_tasks(work, task.c.contract_id == event.contract_id, task.c.type == TaskType.RENEWAL):
        await tasks.complete(row, work, resolution=TaskResolution.AUTO_RESOLVED)


async def contract_ended(
    event: ContractTerminated | ContractExpired | ContractWithdrawn | ContractCancelled, work: UnitOfWork
) -> None:
    """An ended contract closes its tasks, except those about money it still owes."""
    await remember_contract(event, work)
    await _show(event, type(event).type, work)
    for row in await tasks.open_tasks(
        work, task.c.contract_id == event.contract_id, task.c.type != TaskType.UNPAID_FOLLOW_UP
    ):
        await tasks.cancel(row, "CONTRACT_TERMINATED", work)


async def operation_failed(event: ContractOperationFailed, work: UnitOfWork) -> None:
    """What the system could not do, the back office must."""
    await tasks.create(
        tasks.TaskDraft(
            title=f"Opération {event.operation} en échec ({event.error_code})",
            priority=TaskPriority.HIGH,
            queue_role="back_office",
            client_id=event.client_id,
            contract_id=event.contract_id,
            source_key=f"operation:{event.operation_id}:{event.step}"[:200],
        ),
        work,
    )


async def _show(event: ContractSnapshot, type_: str, work: UnitOfWork) -> None:
    await timeline.write(
        timeline.Line(
            kind=TimelineKind.CONTRACT,
            code=type_,
            title=f"{_TITLES[type_]} : {event.reference}",
            ref_type="contract",
            ref_id=event.contract_id,
            source_key=f"{type_}:{event.contract_id}:{work.source_version}",
            client_id=event.client_id,
            contract_id=event.contract_id,
        ),
        work,
    )
