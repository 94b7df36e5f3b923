"""Contracts of a client: his status, MRR and timeline follow them."""

from datetime import date

from sqlalchemy.dialects.postgresql import insert

from actors.clients.status import derive_status
from actors.clients.timeline import note
from messages.clients import TimelineKind
from messages.contrats import (
    ContractActivated,
    ContractCancelled,
    ContractExpired,
    ContractRenewed,
    ContractResumed,
    ContractSigned,
    ContractSnapshot,
    ContractSuspended,
    ContractTerminated,
    ContractTerminationRevoked,
    ContractTerminationScheduled,
    ContractUpdated,
    ContractWithdrawn,
)
from runtime.unit_of_work import UnitOfWork
from storage.clients.tables import contract_ref

_IN_FORCE = frozenset({"ACTIVE", "SUSPENDED", "TERMINATED", "EXPIRED"})
_ENDED = frozenset({"TERMINATED", "EXPIRED", "WITHDRAWN", "CANCELLED"})

LifeOfContract = (
    ContractSigned
    | ContractActivated
    | ContractSuspended
    | ContractResumed
    | ContractTerminated
    | ContractExpired
    | ContractCancelled
    | ContractWithdrawn
    | ContractRenewed
)
PlanOfTermination = ContractTerminationScheduled | ContractTerminationRevoked


async def follow_contract(event: LifeOfContract, work: UnitOfWork) -> None:
    """Keep the contract and derive the client's status from it."""
    await _keep(event, work)
    await note_contract(event, work)
    await derive_status(event.client_id, work, reason=event.contract.type)


async def keep_contract(event: ContractUpdated, work: UnitOfWork) -> None:
    """The contract as its owner exports it, without a word in the timeline."""
    await _keep(event, work)


async def follow_termination(event: PlanOfTermination, work: UnitOfWork) -> None:
    """What is planned shows in the timeline; the status waits for the end itself."""
    await note_contract(event, work)


async def note_contract(event: LifeOfContract | PlanOfTermination, work: UnitOfWork) -> None:
    """A fact of a contract in the timeline."""
    key = event.contract.type
    params = {"reference": event.reference}
    await note(event.client_id, TimelineKind.CONTRACT, key, event.contract_id, work, params, source="contrats")


async def _keep(event: ContractSnapshot, work: UnitOfWork) -> None:
    ended_on: date | None = None
    if event.status in _ENDED:
        ended_on = event.ends_on or work.today()
    visible = {
        "client_id": event.client_id,
        "reference": event.reference,
        "status": event.status,
        "mrr": event.mrr.amount,
        "currency": event.mrr.currency,
        "effective_on": event.effective_on,
        "ended_on": ended_on,
        "version": work.source_version,
    }
    in_force = event.status in _IN_FORCE
    statement = insert(contract_ref).values(
        organisation_id=work.organisation_id, contract_id=event.contract_id, was_in_force=in_force, **visible
    )
    await work.execute(
        statement.on_conflict_do_update(
            index_elements=["organisation_id", "contract_id"],
            # A contract that was once in force stays so: a later withdrawal does not make a prospect of its client.
            set_={**visible, "was_in_force": contract_ref.c.was_in_force | statement.excluded.was_in_force},
            where=contract_ref.c.version < work.source_version,
        )
    )
