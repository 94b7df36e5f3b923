"""clients, what limits dealing with a client: status by hand, blocks, death, protection, insolvency, identity checks."""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field, model_validator

from messages.base import Empty, Event, Reply, Request
from messages.clients.client import Client
from messages.clients.vocabulary import BlockedScope, InsolvencyKind, KycStatus, LegalProtection, StatusMode
from messages.paging import Page, PageRequest
from messages.values.instants import Instant
from messages.values.refusal import refusal
from messages.values.text import Code, Label, Line


class SetClientStatus(Request[Client], permission="clients:client:write"):
    """Give a client a status by hand; it stays, whatever his contracts and payments say, until cleared or past `until`."""

    client_id: UUID
    status_code: Code
    reason: Line
    until: date | None = Field(default=None, description="the last day")


class ClearStatusOverride(Request[Client], permission="clients:client:write"):
    """Let the status follow contracts and payments again."""

    client_id: UUID


class StatusChange(Reply):
    """A change of status."""

    id: UUID
    from_code: str
    to_code: str
    reason: str | None
    mode: StatusMode
    changed_by: str
    occurred_at: Instant


class StatusHistoryPage(Page[StatusChange]):
    """Changes of status, newest first."""


class ListStatusHistory(PageRequest, Request[StatusHistoryPage], query=True, permission="clients:client:read"):
    """How a client's status changed."""

    client_id: UUID


class BlockClient(Request[Client], permission="clients:client:block"):
    """Forbid new contracts (SALES), debits (COLLECTION) or both; a second block replaces the first."""

    client_id: UUID
    scope: BlockedScope
    reason: Line
    until: date | None = Field(default=None, description="the last day")


class UnblockClient(Request[Client], permission="clients:client:block"):
    """Lift a block."""

    client_id: UUID


class DeclareDeath(Request[Client], permission="clients:client:write"):
    """The client has died: nothing but mail to his executor goes out any more."""

    client_id: UUID
    deceased_on: date
    document_id: UUID | None = None


class SetLegalProtection(Request[Client], permission="clients:client:write"):
    """The client is under guardianship, curatorship or family empowerment; null ends it."""

    client_id: UUID
    kind: LegalProtection | None


class SetDoNotContact(Request[Client], permission="clients:client:write"):
    """Whether marketing must leave the client alone."""

    client_id: UUID
    do_not_contact: bool


class SetInsolvency(Request[Client], permission="clients:client:write"):
    """Open a collective procedure, or close it with closed_on and outcome."""

    client_id: UUID
    kind: InsolvencyKind | None = None
    opened_on: date | None = None
    published_on: date | None = None
    claim_deadline: date | None = None
    document_id: UUID | None = None
    closed_on: date | None = None
    outcome: Label | None = None

    @model_validator(mode="after")
    def _opens_or_closes(self) -> "SetInsolvency":
        opens = self.kind is not None and self.opened_on is not None
        closes = self.closed_on is not None and self.outcome is not None
        if opens == closes:
            raise refusal(
                "OPEN_OR_CLOSE", "give kind and opened_on to open a procedure, or closed_on and outcome to close it"
            )
        return self


class SetKycStatus(Request[Client], permission="clients:kyc:write"):
    """Say how the check of the client's identity went; VERIFIED may expire."""

    client_id: UUID
    status: KycStatus
    document_ids: Annotated[tuple[UUID, ...], Field(max_length=20)] = ()
    expires_on: date | None = None


class DeleteClient(Request[Empty]):
    """Remove a client who was never used; one with a history is archived instead."""

    client_id: UUID
    reason: Label


# -- events ------------------------------------------------------------------------------------------------------


class ClientBlocked(Event, aggregate="client"):
    """New contracts, debits or both are forbidden."""

    client_id: UUID
    scope: BlockedScope
    reason: str
    until: date | None = None


class ClientUnblocked(Event, aggregate="client"):
    """A block was lifted or ran out."""

    client_id: UUID
    scope: BlockedScope


class ClientDeceased(Event, aggregate="client", personal=True):
    """The client has died."""

    client_id: UUID
    deceased_on: date | None = None
    document_id: UUID | None = None


class ClientInsolvencyOpened(Event, aggregate="client", personal=True):
    """A collective procedure or personal over-indebtedness: reminders stop, claims are declared."""

    client_id: UUID
    kind: InsolvencyKind
    opened_on: date
    published_on: date | None = None
    claim_deadline: date | None = None
    document_id: UUID | None = None


class ClientInsolvencyClosed(Event, aggregate="client", personal=True):
    """The procedure is over."""

    client_id: UUID
    closed_on: date
    outcome: str


class ClientDeleted(Event, aggregate="client"):
    """A client who was never used is gone."""

    client_id: UUID


class ClientKycChanged(Event, aggregate="client_kyc", aggregate_id="client_id"):
    """The check of the client's identity went on."""

    # `from` is a word of Python: the wire keeps it, the code says from_status.
    model_config = ConfigDict(serialize_by_alias=True, validate_by_name=True, validate_by_alias=True)

    client_id: UUID
    from_status: KycStatus = Field(alias="from")
    to_status: KycStatus = Field(alias="to")
    expires_on: date | None = None
