"""payments: recovery's orders to cut and restore a service."""

from enum import StrEnum
from uuid import UUID

from messages.base import Event
from messages.values.instants import Instant


class SuspensionScope(StrEnum):
    """The whole contract, or some of its services."""

    CONTRACT = "CONTRACT"
    SERVICE_LINES = "SERVICE_LINES"


class SuspensionMode(StrEnum):
    """How hard the service is cut."""

    FULL = "FULL"
    RESTRICTED = "RESTRICTED"


class SuspensionReason(StrEnum):
    """Why recovery asks for it."""

    UNPAID = "UNPAID"


class SuspensionRequested(Event, aggregate="suspension", aggregate_id="request_id"):
    """The service is to be cut; contrats answers contract.suspended or contract.operation_failed."""

    request_id: UUID
    case_id: UUID
    contract_id: UUID
    scope: SuspensionScope = SuspensionScope.CONTRACT
    service_line_ids: tuple[UUID, ...] = ()
    mode: SuspensionMode
    effective_at: Instant
    reason: SuspensionReason = SuspensionReason.UNPAID


class SuspensionWithdrawn(Event, aggregate="suspension", aggregate_id="request_id"):
    """The debt was settled before the cut."""

    request_id: UUID
    contract_id: UUID


class SuspensionLiftRequested(Event, aggregate="suspension", aggregate_id="request_id"):
    """The debt was settled after the cut; contrats answers contract.resumed or contract.operation_failed."""

    request_id: UUID
    contract_id: UUID
    effective_at: Instant
