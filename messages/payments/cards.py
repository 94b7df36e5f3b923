"""Payments through providers: saved means of payment, payments by card, and what providers report."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field

from messages.base import Access, Event, Idempotency, Reply, Request
from messages.errors import BUSINESS_RULE_VIOLATION, NOT_FOUND, PRECONDITION_FAILED
from messages.paging import Page, PageRequest
from messages.payments.collection import Payment
from messages.payments.snapshots import Allocation, PaymentRef
from messages.values.instants import Instant
from messages.values.money import Money
from messages.values.text import Label

SAVED_MEANS_NOT_FOUND = NOT_FOUND.specific(
    "PAYMENT_METHOD_NOT_FOUND", "Moyen de paiement introuvable", "Payment method not found"
)
SETUP_SESSION_NOT_FOUND = NOT_FOUND.specific(
    "SETUP_SESSION_NOT_FOUND", "Session d'enregistrement introuvable", "Setup session not found"
)
ROUTING_NOT_FOUND = PRECONDITION_FAILED.specific(
    "ROUTING_NOT_FOUND", "Aucun prestataire pour ce paiement", "No provider takes this payment"
)
COLLECTION_BLOCKED = BUSINESS_RULE_VIOLATION.specific(
    "COLLECTION_BLOCKED", "Encaissement bloqué", "The collection is blocked"
)
LIVE_PAYMENT_EXISTS = PRECONDITION_FAILED.specific(
    "LIVE_PAYMENT_EXISTS", "Un paiement est déjà en cours", "A payment is under way already"
)

ReturnUrl = Annotated[str, Field(pattern="^https://", max_length=500)]


class SavedMeansKind(StrEnum):
    """What was saved at a provider."""

    CARD = "CARD"
    PAYPAL = "PAYPAL"
    SEPA_MANDATE = "SEPA_MANDATE"


class SavedMeansStatus(StrEnum):
    """Whether a saved means may be debited."""

    ACTIVE = "ACTIVE"
    EXPIRED = "EXPIRED"
    DETACHED = "DETACHED"
    FAILED = "FAILED"


class PaymentErrorClass(StrEnum):
    """Why a payment could not be made at all."""

    DECLINED = "DECLINED"
    TECHNICAL = "TECHNICAL"
    UNKNOWN_OUTCOME = "UNKNOWN_OUTCOME"


class SavedMeansFields(Reply):
    """A saved means of payment without its token."""

    payment_method_id: UUID
    client_id: UUID
    kind: SavedMeansKind
    brand: str | None = None
    last4: str | None = None
    exp_month: int | None = None
    exp_year: int | None = None


class SavedMeans(SavedMeansFields):
    """A saved means of payment as staff sees it."""

    psp_account_id: UUID
    status: SavedMeansStatus
    is_default: bool
    created_at: Instant
    version: int


class SavedMeansPage(Page[SavedMeans]):
    """Saved means of payment by creation."""


class SetupStatus(StrEnum):
    """How far the saving of a means of payment has come."""

    OPENING = "OPENING"
    OPEN = "OPEN"
    COMPLETE = "COMPLETE"
    EXPIRED = "EXPIRED"
    FAILED = "FAILED"


class SetupSession(Reply):
    """A provider's page on which a client leaves a means of payment; `redirect_url` is there once it is OPEN."""

    setup_session_id: UUID
    client_id: UUID
    psp_account_id: UUID
    status: SetupStatus
    redirect_url: str | None = None
    payment_method_id: UUID | None = None
    created_at: Instant
    version: int


class CreateSetupSession(Request[SetupSession], permission="payments:payment_method:create"):
    """Let a client save a means of payment on the provider's own page; no card number ever passes here."""

    id: UUID | None = None
    client_id: UUID
    psp_account_id: UUID
    success_url: ReturnUrl
    cancel_url: ReturnUrl


class GetSetupSession(Request[SetupSession], query=True, permission="payments:payment_method:read"):
    """Where the saving of a means of payment stands."""

    setup_session_id: UUID


class ListPaymentMethods(PageRequest, Request[SavedMeansPage], query=True, permission="payments:payment_method:read"):
    """The means of payment that a client saved."""

    client_id: UUID


class SetDefaultPaymentMethod(Request[SavedMeans], permission="payments:payment_method:write"):
    """Debit this means of payment unless told otherwise."""

    payment_method_id: UUID


class DetachPaymentMethod(Request[SavedMeans], permission="payments:payment_method:write"):
    """Never debit this means of payment again."""

    payment_method_id: UUID


class CreatePayment(Request[Payment], permission="payments:payment:write", idempotency=Idempotency.REQUIRED):
    """Debit a saved means of payment for an instalment, or for an amount of its own. Done once, whatever breaks."""

    id: UUID | None = None
    instalment_id: UUID | None = None
    company_id: UUID | None = None
    client_id: UUID | None = None
    amount: Money | None = Field(default=None, description="left out: what is open of the instalment")
    payment_method_id: UUID | None = Field(default=None, description="left out: as the routing rules say")
    psp_account_id: UUID | None = Field(default=None, description="left out: as the routing rules say")
    description: Label | None = None


class SubmitPayment(Request[Payment], permission="payments:payment:write"):
    """Try a payment again that failed for a technical reason: the same payment, under the same key."""

    payment_id: UUID


class WebhookReply(Reply):
    """What the provider is to be told."""

    http_status: int
    body: str
    content_type: str


class ReceivePspWebhook(
    Request[WebhookReply], access=Access.INTERNAL, internal_callers=("bridge",), idempotency=Idempotency.NONE
):
    """What a provider reports, raw: checked, stored and answered at once, dealt with afterwards."""

    path: Annotated[tuple[str, ...], Field(max_length=5)]
    headers: dict[str, str] = Field(max_length=100)
    raw_body: Annotated[str, Field(max_length=400_000)]
    remote_ip: str | None = None


class PaymentRequiresAction(PaymentRef, Event, aggregate="payment", personal=True):
    """The client must authenticate before his bank pays."""

    action_url: str
    expires_at: Instant


class PaymentFailed(PaymentRef, Event, aggregate="payment"):
    """The payment could not be made."""

    error_class: PaymentErrorClass
    message: str


class PaymentReturnCancelled(PaymentRef, Event, aggregate="payment"):
    """A dispute was won: the money that was taken back is there again."""

    allocations: tuple[Allocation, ...]


class PaymentMethodAdded(SavedMeansFields, Event, aggregate="payment_method", personal=True):
    """A client saved a means of payment."""


class PaymentMethodDetached(SavedMeansFields, Event, aggregate="payment_method", personal=True):
    """A saved means of payment is never debited again."""
