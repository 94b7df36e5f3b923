"""payments: recovery's order to end a contract that stays unpaid."""

from enum import StrEnum
from uuid import UUID

from messages.base import Event
from messages.values.instants import Instant


class RequestedTerminationReason(StrEnum):
    """Why recovery asks for it."""

    NON_PAYMENT = "NON_PAYMENT"


class ContractTerminationRequested(Event, aggregate="contract_termination", aggregate_id="request_id"):
    """The deadline of a formal notice passed unpaid: the contract is to end; contrats ends it and says contract.terminated.

    `effective_at`: the first instant without contract.
    """

    request_id: UUID
    contract_id: UUID
    case_id: UUID
    notice_id: UUID
    effective_at: Instant
    reason: RequestedTerminationReason = RequestedTerminationReason.NON_PAYMENT
