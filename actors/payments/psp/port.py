"""What payments needs of a payment service provider, whoever it is.

The promise that every adapter keeps: **the same key is the same payment, page or refund**, however often it is asked for
and whatever broke in between. Amounts are Decimals in the currency's main unit; adapters speak the provider's own units.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Protocol, runtime_checkable
from uuid import UUID

from messages.payments.vocabulary import MandateStatus, PaymentMethod, PaymentStatus

NOTHING = Decimal("0.00")


class FaultKind(StrEnum):
    """What a failed call tells of what was done."""

    PERMANENT = "PERMANENT"
    """Refused as it stands; repeating it changes nothing."""
    AUTHENTICATION = "AUTHENTICATION"
    """The account's credentials are wrong or withdrawn; nothing was done."""
    RATE = "RATE"
    """Too many calls; nothing was done. Repeat after `retry_after` seconds."""
    TRANSIENT = "TRANSIENT"
    """Proven not to have been executed; repeat it."""
    UNKNOWN_OUTCOME = "UNKNOWN_OUTCOME"
    """The order left and no usable answer came: it may have been executed. Look for it by its key."""


class ProviderError(Exception):
    """A call that brought no result."""

    def __init__(self, kind: FaultKind, text: str, *, code: str | None = None, retry_after: float | None = None):
        super().__init__(text)
        self.kind = kind
        self.code = code
        self.retry_after = retry_after


class BadWebhookError(Exception):
    """A webhook that is not the provider's: wrong signature, too old, or not readable."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a provider can do; the rest of the port raises ProviderError(PERMANENT)."""

    methods: frozenset[PaymentMethod]
    hosted_page: bool = True
    setup_page: bool = False
    saved_means: bool = False
    cancels: bool = False
    lead_target_days: int = 0
    """TARGET days between order and collection."""


class MeansKind(StrEnum):
    """What a provider keeps of a customer for later payments."""

    CARD = "CARD"
    PAYPAL = "PAYPAL"
    SEPA_MANDATE = "SEPA_MANDATE"


@dataclass(frozen=True, slots=True)
class Means:
    """A saved means of payment: the provider's token and what may be shown of it; never a card number."""

    token: str
    kind: MeansKind
    customer: str | None = None
    brand: str | None = None
    last4: str | None = None
    exp_month: int | None = None
    exp_year: int | None = None


@dataclass(frozen=True, slots=True)
class Customer:
    """Who pays, as far as a provider must know."""

    client_id: UUID
    name: str
    email: str | None = None
    country: str = "FR"


@dataclass(frozen=True, slots=True)
class PaymentOrder:
    """Debit a saved means of payment without the customer being present."""

    key: str
    amount: Decimal
    currency: str
    reference: str
    description: str
    means: str
    customer: str | None = None
    method: PaymentMethod = PaymentMethod.CARD
    collect_on: date | None = None


@dataclass(frozen=True, slots=True)
class ProviderMandate:
    """A mandate as the provider that keeps it sees it; `token` is what debits name it by."""

    token: str
    status: MandateStatus
    raw_status: str
    next_possible_charge_date: date | None = None
    replaced_by: str | None = None
    reference: str | None = None
    """The reference that the provider printed on the mandate, where it does not take ours."""


class PagePurpose(StrEnum):
    """What the customer does on a page of the provider."""

    PAY = "PAY"
    SETUP = "SETUP"


@dataclass(frozen=True, slots=True)
class PageOrder:
    """Let the customer pay, or leave a means of payment, on a page of the provider. `amount` is None for SETUP."""

    key: str
    purpose: PagePurpose
    amount: Decimal | None
    currency: str
    reference: str
    description: str
    success_url: str
    cancel_url: str
    customer: Customer
    method: PaymentMethod = PaymentMethod.CARD
    provider_customer_id: str | None = None
    expires_at: datetime | None = None
    save_means: bool = False
    notify_url: str | None = None
    """Where the provider reports, for those that are told per order."""
    mandate_reference: str | None = None
    """The reference that the mandate signed on the page is to have."""


@dataclass(frozen=True, slots=True)
class ProviderPayment:
    """Where a payment stands at the provider. `status` is one of SUBMITTED, REQUIRES_ACTION, PAID, REJECTED, RETURNED,
    CANCELLED, FAILED, or PENDING when the provider has not decided to take it yet.
    """

    provider_payment_id: str
    status: PaymentStatus
    amount: Decimal
    currency: str
    raw_status: str
    known: bool = True
    """Whether the client knows that word; if not, `status` is PENDING and decides nothing."""
    key: str | None = None
    refunded: Decimal = NOTHING
    reason_code: str | None = None
    reason_text: str | None = None
    action_url: str | None = None
    means: Means | None = None


class PageStatus(StrEnum):
    """Whether a page can still be used."""

    OPEN = "OPEN"
    COMPLETE = "COMPLETE"
    EXPIRED = "EXPIRED"


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the provider and what came of it."""

    page_id: str
    status: PageStatus
    url: str | None = None
    payment: ProviderPayment | None = None
    means: Means | None = None


@dataclass(frozen=True, slots=True)
class RefundOrder:
    """Give a part of a payment back. `refunded_before` is what was given back already."""

    key: str
    provider_payment_id: str
    amount: Decimal
    currency: str
    payment_amount: Decimal
    refunded_before: Decimal
    reference: str
    reason: str
    method: PaymentMethod = PaymentMethod.CARD


class RefundState(StrEnum):
    """Where a refund stands at the provider."""

    PENDING = "PENDING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class ProviderRefund:
    """A refund at the provider."""

    provider_refund_id: str
    state: RefundState
    amount: Decimal
    reason_code: str | None = None


@dataclass(frozen=True, slots=True)
class WebhookCall:
    """What came over HTTP: the raw body, and the headers by their lower-case names."""

    raw: bytes
    headers: Mapping[str, str]


class Subject(StrEnum):
    """What a webhook is about."""

    PAYMENT = "PAYMENT"
    PAGE = "PAGE"
    REFUND = "REFUND"
    MEANS = "MEANS"
    PAYOUT = "PAYOUT"
    OTHER = "OTHER"


@dataclass(frozen=True, slots=True)
class ProviderEvent:
    """One fact of a webhook: a reason to look at the provider, never believed by itself.

    `event_id` is the provider's, or derived from what it says where it gives none, so that a repetition is recognised.
    """

    event_id: str
    name: str
    subject: Subject
    object_id: str
    occurred_at: datetime | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True)
class WebhookAnswer:
    """What the provider wants to hear."""

    http_status: int
    body: str = ""
    content_type: str = "text/plain"


@dataclass(frozen=True, slots=True)
class Account:
    """An account at a provider: where it answers and what opens it."""

    base_url: str
    credentials: Mapping[str, str]
    webhook_secrets: Sequence[str] = field(default=())
    live: bool = False


class PaymentProvider(Protocol):
    """A payment service provider. Every call may be repeated; each raises ProviderError."""

    capabilities: Capabilities

    async def create_payment(self, order: PaymentOrder) -> ProviderPayment:
        """Debit a saved means of payment, once per key. A decline is a REJECTED payment, not an error."""

    async def get_payment(self, provider_payment_id: str) -> ProviderPayment:
        """Where a payment stands, returns and disputes included."""

    async def find_payment(self, key: str) -> ProviderPayment | None:
        """The payment that was ordered with a key; None when the provider has none."""

    async def cancel_payment(self, provider_payment_id: str) -> ProviderPayment:
        """Withdraw a payment that has moved no money; what cannot be withdrawn is answered as it stands."""

    async def ensure_customer(self, customer: Customer) -> str:
        """The provider's id of a customer, made once per client."""

    async def open_page(self, order: PageOrder) -> Page:
        """A page for the customer, made once per key."""

    async def get_page(self, page_id: str) -> Page:
        """What came of a page."""

    async def close_page(self, page_id: str) -> Page:
        """Make a page useless; one that was paid is answered as it stands."""

    async def refund(self, order: RefundOrder) -> ProviderRefund:
        """Give money back, once per key."""

    async def get_refund(self, provider_refund_id: str) -> ProviderRefund:
        """Where a refund stands."""

    async def check(self) -> None:
        """Ask something harmless: whether the provider answers and knows the credentials."""

    async def verify_webhook(self, call: WebhookCall, now: datetime) -> None:
        """Raise BadWebhookError unless the call is the provider's. `now` judges signed times."""

    def events(self, call: WebhookCall) -> Sequence[ProviderEvent]:
        """The facts of a verified call, in the provider's order; raises BadWebhookError."""

    def answer(self, call: WebhookCall, *, genuine: bool) -> WebhookAnswer:
        """What to reply to the call."""

    async def close(self) -> None:
        """Give the connection up."""


@runtime_checkable
class MandateKeeper(Protocol):
    """A provider that keeps mandates under its own creditor identifier. Every call may be repeated; each raises ProviderError."""

    async def get_mandate(self, token: str) -> ProviderMandate:
        """Where a mandate stands."""

    async def cancel_mandate(self, token: str) -> ProviderMandate:
        """End a mandate; one that has ended is answered as it stands."""
