"""clients: the facts that other actors hear."""

from datetime import date
from uuid import UUID

from messages.base import Event
from messages.clients.client import ClientSnapshot
from messages.clients.vocabulary import (
    AddressUsage,
    ConsentChannel,
    ConsentDecision,
    ConsentPurpose,
    ContactKind,
    LegalBasis,
    StatusCategory,
    StatusMode,
)
from messages.values.addresses import Address
from messages.values.instants import Instant


class ClientCreated(ClientSnapshot, Event, aggregate="client", personal=True):
    """A client exists; other actors keep what they need of him."""


class ClientUpdated(ClientSnapshot, Event, aggregate="client", personal=True):
    """Something visible of the client changed."""

    changed_fields: tuple[str, ...]


class ClientStatusChanged(Event, aggregate="client"):
    """The client's commercial status changed."""

    client_id: UUID
    from_code: str
    to_code: str
    from_category: StatusCategory
    to_category: StatusCategory
    mode: StatusMode
    reason: str | None = None


class ClientArchived(Event, aggregate="client"):
    """The client left daily lists."""

    client_id: UUID
    reason: str
    archived_on: date


class ClientRestored(Event, aggregate="client"):
    """The client is back in daily lists."""

    client_id: UUID
    reason: str


class ClientAddressAdded(Event, aggregate="client_address", aggregate_id="client_id", personal=True):
    """The client has another address."""

    client_id: UUID
    address: Address
    usage: tuple[AddressUsage, ...]
    is_default: bool


class ClientAddressUpdated(Event, aggregate="client_address", aggregate_id="client_id", personal=True):
    """An address of the client changed."""

    client_id: UUID
    address: Address
    usage: tuple[AddressUsage, ...]
    is_default: bool
    changed_fields: tuple[str, ...]


class ClientAddressRemoved(Event, aggregate="client_address", aggregate_id="client_id"):
    """An address of the client is gone."""

    client_id: UUID
    address_id: UUID


class ClientConsentExpired(Event, aggregate="client_consent", aggregate_id="client_id"):
    """A consent has reached its end: it counts as none from now on."""

    client_id: UUID
    purpose: ConsentPurpose
    expired_at: Instant


class ClientConsentRecorded(Event, aggregate="client_consent", aggregate_id="client_id"):
    """The client decided what his data may be used for."""

    client_id: UUID
    purpose: ConsentPurpose
    decision: ConsentDecision
    legal_basis: LegalBasis
    decided_at: Instant
    expires_at: Instant | None = None
    channel_of_collection: ConsentChannel


class ClientContactPointBounced(Event, aggregate="client_contact_point", aggregate_id="client_id", personal=True):
    """A contact point of the client did not work."""

    client_id: UUID
    kind: ContactKind
    value: str
    at: Instant
