"""Accounts at payment service providers, and what providers report."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field

from messages.base import Part, Reply, Request
from messages.errors import (
    BUSINESS_RULE_VIOLATION,
    NOT_FOUND,
    PRECONDITION_FAILED,
    VALIDATION_FAILED,
)
from messages.paging import Page, PageRequest
from messages.payments.vocabulary import PaymentMethod
from messages.values.instants import Instant
from messages.values.text import Label

PSP_ACCOUNT_NOT_FOUND = NOT_FOUND.specific(
    "PSP_ACCOUNT_NOT_FOUND", "Compte prestataire introuvable", "Provider account not found"
)
WEBHOOK_SECRET_REQUIRED = PRECONDITION_FAILED.specific(
    "WEBHOOK_SECRET_REQUIRED", "Secret de webhook manquant", "Webhook secret missing"
)
CREDENTIALS_INCOMPLETE = VALIDATION_FAILED.specific(
    "CREDENTIALS_INCOMPLETE", "Identifiants incomplets", "Credentials incomplete"
)
PROVIDER_REJECTED = BUSINESS_RULE_VIOLATION.specific(
    "PROVIDER_REJECTED", "Refus du prestataire de paiement", "The payment provider refused"
)

Secret = Annotated[str, Field(min_length=1, max_length=1000)]
Credentials = Annotated[dict[Annotated[str, Field(pattern=r"^[a-z_]{2,40}$")], Secret], Field(max_length=10)]


class Provider(StrEnum):
    """Who executes a payment."""

    BANK_SEPA = "BANK_SEPA"
    GOCARDLESS = "GOCARDLESS"
    SLIMPAY = "SLIMPAY"
    STRIPE = "STRIPE"
    PAYPAL = "PAYPAL"
    MULTISAFEPAY = "MULTISAFEPAY"
    EMERCHANTPAY = "EMERCHANTPAY"
    MANUAL = "MANUAL"


class PspMode(StrEnum):
    """Whether an account moves real money; the two are never mixed on one payment."""

    SANDBOX = "SANDBOX"
    LIVE = "LIVE"


class PspStatus(StrEnum):
    """Whether payments may go through an account."""

    ACTIVE = "ACTIVE"
    DISABLED = "DISABLED"
    INVALID_CREDENTIALS = "INVALID_CREDENTIALS"


class PspAccountTest(Part):
    """What the provider said when the account was tried last."""

    at: Instant
    reachable: bool
    latency_ms: int
    error: str | None = None


class PspAccount(Reply):
    """An account of a company at a provider; its secrets are never shown."""

    psp_account_id: UUID
    company_id: UUID
    provider: Provider
    name: str
    mode: PspMode
    status: PspStatus
    methods: tuple[PaymentMethod, ...]
    default_methods: tuple[PaymentMethod, ...]
    is_configured: bool
    has_webhook_secret: bool
    is_live: bool
    webhook_path: str = Field(description="what follows the bridge's address")
    clearing_account: str
    last_test: PspAccountTest | None = None
    previous_secret_until: Instant | None = Field(
        default=None, description="until when calls signed with the webhook secret before this one are believed"
    )
    created_at: Instant
    version: int


class PspAccountPage(Page[PspAccount]):
    """Accounts at providers by creation."""


class CreatePspAccount(Request[PspAccount], permission="payments:settings:write"):
    """Record an account at a provider; it becomes the default of its methods unless told otherwise."""

    id: UUID | None = None
    company_id: UUID
    provider: Provider
    name: Label
    mode: PspMode = PspMode.SANDBOX
    credentials: Credentials
    webhook_secret: Secret | None = None
    methods: Annotated[tuple[PaymentMethod, ...], Field(max_length=10)] = Field(
        default=(), description="left out: all that the provider offers"
    )
    is_default: bool = True


class UpdatePspAccount(Request[PspAccount], permission="payments:settings:write"):
    """Change an account; a field left out stays. A new webhook secret is believed beside the one before, for seven days."""

    psp_account_id: UUID
    expected_version: int
    name: Label | None = None
    credentials: Credentials | None = None
    webhook_secret: Secret | None = None
    methods: Annotated[tuple[PaymentMethod, ...], Field(min_length=1, max_length=10)] | None = None
    is_default: bool | None = None


class DisablePspAccount(Request[PspAccount], permission="payments:settings:write"):
    """Send no new payment through an account; those under way go on."""

    psp_account_id: UUID
    reason: Label | None = None


class GetPspAccount(Request[PspAccount], query=True, permission="payments:settings:read"):
    """One account at a provider."""

    psp_account_id: UUID


class ListPspAccounts(PageRequest, Request[PspAccountPage], query=True, permission="payments:settings:read"):
    """The accounts at providers of the organisation."""

    company_id: UUID | None = None
    provider: Provider | None = None
