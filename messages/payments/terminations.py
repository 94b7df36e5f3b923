"""payments: recovery's last order, the end of a contract that nobody pays."""

from enum import StrEnum
from uuid import UUID

from messages.base import Event
from messages.values.instants import Instant


class ContractTerminationReason(StrEnum):
    """Why recovery asks for the end."""

    NON_PAYMENT = "NON_PAYMENT"


class ContractTerminationRequested(Event, aggregate="contract_termination", aggregate_id="request_id"):
    """The delay of the proved formal notice is over: contrats ends the contract, or answers contract.operation_failed."""

    request_id: UUID
    contract_id: UUID
    case_id: UUID
    notice_id: UUID
    effective_at: Instant
    reason: ContractTerminationReason = ContractTerminationReason.NON_PAYMENT
