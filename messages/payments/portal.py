"""The customer portal: one-time links by which a client sees and pays what he owes, and what is recorded about them."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from messages.base import Access, Event, Idempotency, Reply, Request
from messages.errors import FORBIDDEN, INVALID_TRANSITION, NOT_FOUND, PRECONDITION_FAILED, VALIDATION_FAILED
from messages.paging import Page, PageRequest
from messages.payments.portal_vocabulary import (
    PortalAction,
    PortalAuditActor,
    PortalAuditEvent,
    PortalMessage,
    PortalOutcome,
    PortalPurpose,
    PortalSessionStatus,
)
from messages.values.instants import Instant
from messages.values.money import Money
from messages.values.refusal import refusal
from messages.values.text import PRINTABLE, Label, text_of

TOKEN_MALFORMED = VALIDATION_FAILED.specific("TOKEN_MALFORMED", "Lien incomplet", "Incomplete link")
SESSION_NOT_FOUND = NOT_FOUND.specific("SESSION_NOT_FOUND", "Lien inconnu", "Unknown link")
SESSION_TERMINAL = INVALID_TRANSITION.specific("SESSION_TERMINAL", "Lien déjà terminé", "Link already closed")
SESSION_ALREADY_USED = INVALID_TRANSITION.specific("SESSION_ALREADY_USED", "Lien déjà utilisé", "Link used up already")
ACTION_NOT_ALLOWED = FORBIDDEN.specific(
    "ACTION_NOT_ALLOWED", "Action non prévue par ce lien", "Not offered by this link"
)
PORTAL_NOT_CONFIGURED = PRECONDITION_FAILED.specific(
    "PORTAL_NOT_CONFIGURED", "Adresse du portail manquante", "The portal has no address"
)
NOTHING_DUE = PRECONDITION_FAILED.specific("NOTHING_DUE", "Rien à payer", "Nothing to pay")

LONGEST_LINK_SECONDS = 30 * 24 * 3600
MOST_STARTS = 5
"""A link may start at most so many payments, whatever its `max_uses`."""

PortalToken = Annotated[str, Field(max_length=200, description="the part of the link after /p/; it is the credential")]
ReturnState = Annotated[str, Field(max_length=100, description="what the return address carries; it names one payment")]
ReturnAddress = Annotated[str, Field(pattern=r"^https?://[^\s#]+$", max_length=500)]
Description = Annotated[str, text_of(500), PRINTABLE]


class PortalSession(Reply):
    """A link as the staff sees it; never its token."""

    session_id: UUID
    company_id: UUID
    client_id: UUID
    contract_id: UUID | None
    purpose: PortalPurpose
    status: PortalSessionStatus
    outcome: PortalOutcome | None
    allowed_actions: tuple[PortalAction, ...]
    instalment_ids: tuple[UUID, ...]
    invoice_ids: tuple[UUID, ...]
    amount: Money | None = Field(description="the most that is asked for; null: whatever the items leave open")
    description: str | None
    payment_id: UUID | None
    expires_at: Instant
    max_uses: int
    use_count: int
    last_accessed_at: Instant | None
    created_at: Instant
    version: int


class PortalSessionPage(Page[PortalSession]):
    """Links, newest first."""


class CreatedPortalSession(Reply):
    """A new link. Token and address are said once: only a hash of the token is kept."""

    session: PortalSession
    token: str
    portal_url: str
    was_idempotent_hit: bool


class PortalItem(Reply):
    """One thing to pay, in words its payer knows."""

    invoice_number: str | None = None
    due_date: date | None = None
    open: Money


class TransferDetails(Reply):
    """Where a transfer goes; `reference` is an ISO 11649 creditor reference."""

    holder_name: str
    iban: str
    bic: str | None
    reference: str


class PortalDebit(Reply):
    """The direct debit that the holder of a link may order: what a SEPA notice must tell him before he does."""

    collected_on: date
    rum: str
    creditor_identifier: str
    iban_masked: str | None


class PortalView(Reply):
    """What the holder of a link sees; `amount` is read from the open items at this moment."""

    status: PortalSessionStatus
    outcome: PortalOutcome | None = None
    purpose: PortalPurpose
    company_name: str
    amount: Money
    description: str | None = None
    items: tuple[PortalItem, ...] = ()
    allowed_actions: tuple[PortalAction, ...] = ()
    debit_on: date | None = Field(default=None, description="a direct debit of the same items that is under way")
    transfer: TransferDetails | None = None
    debit: PortalDebit | None = Field(default=None, description="present when PAY_BY_SEPA may be chosen now")
    starts_left: int
    continue_url: str | None = Field(default=None, description="the provider's page of a payment that was begun")
    expires_at: Instant


class PortalPayment(Reply):
    """How what a link began stands: a payment, or the saving of a card. The provider says so, never the browser."""

    message: PortalMessage
    payment_confirmed: bool
    pending_confirmation: bool
    redirect_url: str | None = Field(
        default=None, description="the provider's page, once it is open and until it is paid"
    )
    company_name: str
    amount: Money | None = Field(default=None, description="null where a card is saved and nothing paid")


class PortalVerdict(Reply):
    """Whether a token opens its link; `code` says why not."""

    valid: bool
    code: str | None = None
    status: PortalSessionStatus | None = None


class PortalAuditEntry(Reply):
    """Something that happened to a link; visitors are keyed hashes whose key changes every month."""

    id: UUID
    session_id: UUID
    event: PortalAuditEvent
    actor: PortalAuditActor
    previous_status: PortalSessionStatus | None
    new_status: PortalSessionStatus | None
    ip_hash: str | None
    ua_hash: str | None
    correlation_id: str
    data: dict[str, Any]
    occurred_at: Instant


class PortalAuditPage(Page[PortalAuditEntry]):
    """What happened to a link, oldest first."""


class PortalSessionStats(Reply):
    """How many links came to what; rates are percentages with two decimals, null where there is nothing to divide by."""

    total: int
    by_status: dict[PortalSessionStatus, int]
    completion_rate: Decimal | None = Field(description="completed of all created")
    conversion_rate: Decimal | None = Field(description="completed of completed, failed and redirected")


class CreatePortalSession(
    Request[CreatedPortalSession], idempotency=Idempotency.NONE, permission="payments:portal_session:write"
):
    """Make a link. The same `idempotency_key` while the link is open gives it a new token and kills the old one.

    Without items `amount` is asked for as it is; with items never more than they leave open. UPDATE_CARD asks for nothing.
    """

    idempotency_key: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:-]{8,128}$")]
    company_id: UUID
    client_id: UUID
    contract_id: UUID | None = None
    purpose: PortalPurpose = PortalPurpose.PAY_NOW
    instalment_ids: Annotated[tuple[UUID, ...], Field(max_length=50)] = ()
    invoice_ids: Annotated[tuple[UUID, ...], Field(max_length=50)] = ()
    amount: Money | None = None
    allowed_actions: Annotated[tuple[PortalAction, ...], Field(min_length=1, max_length=10)] | None = None
    ttl_seconds: Annotated[int, Field(ge=60, le=LONGEST_LINK_SECONDS)] | None = None
    max_uses: Annotated[int, Field(ge=1, le=MOST_STARTS)] | None = None
    description: Description | None = None


class CancelPortalSession(Request[PortalSession]):
    """Kill a link. A payment that was begun still counts if it succeeds."""

    session_id: UUID
    reason: Label
    expected_version: int | None = None


class GetPortalSession(Request[PortalSession], query=True):
    """One link."""

    session_id: UUID


class ListPortalSessions(PageRequest, Request[PortalSessionPage], query=True):
    """Links by client, state and purpose."""

    client_id: UUID | None = None
    company_id: UUID | None = None
    status: tuple[PortalSessionStatus, ...] = ()
    purpose: PortalPurpose | None = None


class GetPortalSessionAudit(
    PageRequest, Request[PortalAuditPage], query=True, permission="payments:portal_session:read"
):
    """What happened to a link."""

    session_id: UUID


class GetPortalSessionStats(Request[PortalSessionStats], query=True, permission="payments:portal_session:read"):
    """What links made in a span of time came to."""

    company_id: UUID | None = None
    created_from: Instant | None = None
    created_to: Instant | None = None


class _Visit(BaseModel):
    """What every request of a payer brings: his link, and where he comes from, kept as keyed hashes only."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    token: PortalToken
    ip: Annotated[str, Field(max_length=45)] | None = None
    user_agent: Annotated[str, Field(max_length=500)] | None = None


class AccessPortalSession(
    _Visit, Request[PortalView], access=Access.PUBLIC, tenant_scoped=False, idempotency=Idempotency.NONE
):
    """Open a link: what is owed now. Opening is free; the token is the credential.

    Refused, in this order: TOKEN_MALFORMED, SESSION_NOT_FOUND, SESSION_REVOKED, SESSION_EXPIRED, SESSION_TERMINAL.
    """


class ValidatePortalToken(
    _Visit, Request[PortalVerdict], access=Access.PUBLIC, tenant_scoped=False, idempotency=Idempotency.NONE
):
    """Whether a link would open, without opening it."""


class StartPortalPayment(
    _Visit, Request[PortalPayment], access=Access.PUBLIC, tenant_scoped=False, idempotency=Idempotency.NONE
):
    """Begin a payment, or the saving of another card: counted as a use. The provider's page opens a moment later:
    GetPortalPayment gives its address.

    PAY_BY_SEPA orders a debit under the mandate of the link's one instalment at once and completes the link, without
    redirect: DEBIT_ORDERED, never paid before the bank says so.
    Return addresses left out are the portal's own; others must lie on an origin that the company's settings list.
    Refused like AccessPortalSession, then ACTION_NOT_ALLOWED, SESSION_ALREADY_USED, LIVE_PAYMENT_EXISTS, COLLECTION_BLOCKED,
    ROUTING_NOT_FOUND.
    """

    action: PortalAction = PortalAction.PAY_BY_CARD
    success_url: ReturnAddress | None = None
    cancel_url: ReturnAddress | None = None


class GetPortalPayment(Request[PortalPayment], access=Access.PUBLIC, tenant_scoped=False, query=True):
    """How the last payment of a link stands, for who holds its token or came back from the provider."""

    token: PortalToken | None = None
    state: ReturnState | None = None

    @model_validator(mode="after")
    def _names_one(self) -> "GetPortalPayment":
        if (self.token is None) is (self.state is None):
            raise refusal("PORTAL_REFERENCE", "give either the link's token or the state of the return address")
        return self


class HandlePortalReturn(
    Request[PortalPayment], access=Access.PUBLIC, tenant_scoped=False, idempotency=Idempotency.NONE
):
    """The customer is back. The first call has the provider read again; repeated ones only tell what is known."""

    state: ReturnState
    cancelled: bool = Field(
        default=False, description="he came by the cancel address; believed only while nothing is paid"
    )


class PortalSessionCreated(Event, aggregate="portal_session", aggregate_id="session_id"):
    """A link exists."""

    session_id: UUID
    purpose: PortalPurpose
    client_id: UUID
    company_id: UUID
    amount: Money | None = None
    invoice_ids: tuple[UUID, ...] = ()
    expires_at: Instant


class PortalSessionCompleted(Event, aggregate="portal_session", aggregate_id="session_id"):
    """The link has served: paid, by another way when there is no payment, or its debit is ordered and not collected yet."""

    session_id: UUID
    purpose: PortalPurpose
    client_id: UUID
    payment_id: UUID | None = None


class PortalSessionFailed(Event, aggregate="portal_session", aggregate_id="session_id"):
    """The link's last payment came to nothing and it may start no other."""

    session_id: UUID
    client_id: UUID
    reason: PortalOutcome


class PortalSessionExpired(Event, aggregate="portal_session", aggregate_id="session_id"):
    """The link's time is over."""

    session_id: UUID
    client_id: UUID
