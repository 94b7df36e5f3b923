"""The approved platform of the e-invoicing reform: accounts, transmissions, life cycle, and what is said of them."""

from datetime import date
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field

from messages.base import Access, Empty, Event, Reply, Request
from messages.errors import BUSINESS_RULE_VIOLATION, NOT_FOUND, PRECONDITION_FAILED, UNAUTHORIZED, VALIDATION_FAILED
from messages.factures.facts import RateAmount
from messages.factures.values import TransmissionStatus
from messages.paging import Page, PageRequest
from messages.values.instants import Instant
from messages.values.text import Code, Label, Line

PLATFORM_NOT_CONNECTED = PRECONDITION_FAILED.specific(
    "PLATFORM_NOT_CONNECTED", "Plateforme agréée non raccordée", "No approved platform is connected"
)
PLATFORM_UNKNOWN = VALIDATION_FAILED.specific("PLATFORM_UNKNOWN", "Plateforme agréée inconnue", "Platform unknown")
PLATFORM_REFUSED = BUSINESS_RULE_VIOLATION.specific(
    "PLATFORM_REFUSED", "Refusé par la plateforme agréée", "Refused by the approved platform"
)
BAD_WEBHOOK_SIGNATURE = UNAUTHORIZED.specific("BAD_WEBHOOK_SIGNATURE", "Signature invalide", "Signature does not fit")
TRANSMISSION_NOT_FOUND = NOT_FOUND.specific(
    "TRANSMISSION_NOT_FOUND", "Transmission introuvable", "Transmission not found"
)
NOT_TRANSMITTED = PRECONDITION_FAILED.specific(
    "NOT_TRANSMITTED", "Facture non transmise", "The invoice is not with a platform"
)
REASON_NOT_ALLOWED = VALIDATION_FAILED.specific(
    "REASON_NOT_ALLOWED", "Motif non prévu pour ce statut", "The reason does not belong to this status"
)


class TransmissionState(StrEnum):
    """Where one sending to the platform stands."""

    QUEUED = "QUEUED"
    SENT = "SENT"
    ACK_OK = "ACK_OK"
    ACK_ERROR = "ACK_ERROR"
    GAVE_UP = "GAVE_UP"
    CANCELLED = "CANCELLED"


class Flow(StrEnum):
    """What is sent: invoices (flow 2), statuses (flow 6), reports (flow 10)."""

    FLOW2 = "FLOW2"
    CDV = "CDV"
    FLOW10 = "FLOW10"


class Direction(StrEnum):
    """Whether a status came in or was stated by us."""

    IN = "IN"
    OUT = "OUT"


class CompanySize(StrEnum):
    """Decides from when a company must send e-invoices (finance law for 2024, art. 91)."""

    LARGE = "LARGE"
    MID = "MID"
    SMALL = "SMALL"
    MICRO = "MICRO"


class VatPeriodicity(StrEnum):
    """The company's VAT regime, which is the calendar of its e-reports."""

    MONTHLY = "MONTHLY"
    QUARTERLY = "QUARTERLY"
    SIMPLIFIED = "SIMPLIFIED"
    EXEMPT = "EXEMPT"


# -- replies -----------------------------------------------------------------------------------------------------


class PlatformAccount(Reply):
    """A company's account at an approved platform; its secret never leaves."""

    company_id: UUID
    platform_code: str
    client_id: str
    endpoint: str
    company_size: CompanySize
    einvoicing_start_on: date
    vat_periodicity: VatPeriodicity
    webhook_subscribed: bool
    polled_at: Instant | None
    version: int


class Transmission(Reply):
    """One sending to the platform."""

    id: UUID
    company_id: UUID
    invoice_id: UUID | None
    flow: Flow
    state: TransmissionState
    tracking_id: str
    flow_id: str | None
    filename: str
    attempts: int
    error: str | None
    next_retry_at: Instant | None
    submitted_at: Instant | None
    created_at: Instant


class TransmissionPage(Page[Transmission]):
    """Sendings, newest first."""


class LifecycleEvent(Reply):
    """A status of the regulated life cycle, as it came or was stated."""

    id: UUID
    code: int
    label: str
    direction: Direction
    emitter_role: str | None
    reason_code: str | None
    reason_text: str | None
    amounts: tuple[RateAmount, ...]
    occurred_at: Instant
    received_at: Instant


class LifecyclePage(Page[LifecycleEvent]):
    """The statuses of an invoice in the order of their arrival."""


# -- requests ----------------------------------------------------------------------------------------------------


class ConnectPlatform(Request[PlatformAccount], permission="factures:platform:connect"):
    """Send a company's invoices through an approved platform; repeating it changes the account.

    From `einvoicing_start_on`, by default the legal date of the company's size, every domestic business and public
    invoice is sent; earlier ones can be sent one by one.
    """

    company_id: UUID
    platform_code: Code
    client_id: Label
    client_secret: Annotated[str, Field(min_length=8, max_length=200, repr=False)]
    endpoint: Annotated[str, Field(pattern="^[A-Za-z0-9._-]{1,125}$")] | None = Field(
        default=None, description="address in the directory (scheme 0225); the SIREN when left out"
    )
    company_size: CompanySize = CompanySize.SMALL
    einvoicing_start_on: date | None = None
    vat_periodicity: VatPeriodicity = VatPeriodicity.MONTHLY


class GetPlatformAccount(Request[PlatformAccount], query=True, permission="factures:platform:read"):
    """A company's account."""

    company_id: UUID


class TransmitInvoice(Request[Transmission], permission="factures:invoice:transmit"):
    """Send an issued invoice to the platform now: one before the start date, one that was blocked, or one given up."""

    invoice_id: UUID


class CancelTransmission(Request[Transmission], permission="factures:invoice:transmit"):
    """Take back a sending that has not left yet."""

    transmission_id: UUID


class ListTransmissions(PageRequest, Request[TransmissionPage], query=True, permission="factures:invoice:read"):
    """Sendings to platforms, newest first."""

    invoice_id: UUID | None = None
    state: TransmissionState | None = None


class RecordLifecycleStatus(Request[LifecycleEvent], permission="factures:invoice:transmit"):
    """State a seller's status to the buyer and the tax hub: 209 completed, 212 collected, 220 cancelled ...

    212 needs the gross amounts per VAT rate; 206, 207, 208 and 210 need a reason of their list.
    """

    invoice_id: UUID
    code: Annotated[int, Field(ge=204, le=228)]
    reason_code: Code | None = None
    reason_text: Line | None = None
    amounts: Annotated[tuple[RateAmount, ...], Field(max_length=20)] = ()


class ListLifecycleEvents(PageRequest, Request[LifecyclePage], query=True, permission="factures:invoice:read"):
    """The statuses of an invoice, in the order of their arrival."""

    invoice_id: UUID


class ReceivePlatformWebhook(Request[Empty], access=Access.INTERNAL, internal_callers=("bridge",)):
    """What a platform reports, raw and signed: a reason to read the flows there; the body itself is not believed.

    Refused with BAD_WEBHOOK_SIGNATURE when it is not from the platform, or more than 300 s old.
    """

    provider: Code
    headers: dict[str, str] = Field(max_length=100)
    raw_body_b64: Annotated[str, Field(max_length=400_000)]


# -- events ------------------------------------------------------------------------------------------------------


class EinvoiceRef(Reply):
    """What every fact about the life cycle says."""

    invoice_id: UUID
    number: str
    company_id: UUID
    client_id: UUID
    code: str
    reason_code: str | None = None
    reason_text: str | None = None
    occurred_at: Instant


class EinvoiceDeposited(EinvoiceRef, Event, aggregate="einvoice", aggregate_id="invoice_id"):
    """The platform has the invoice."""


class EinvoiceRejected(EinvoiceRef, Event, aggregate="einvoice", aggregate_id="invoice_id"):
    """A platform found the invoice wrong; for the buyer it never existed."""


class EinvoiceRefused(EinvoiceRef, Event, aggregate="einvoice", aggregate_id="invoice_id"):
    """The buyer refuses the invoice."""


class EinvoiceApproved(EinvoiceRef, Event, aggregate="einvoice", aggregate_id="invoice_id"):
    """The buyer agrees."""


class EinvoiceDisputed(EinvoiceRef, Event, aggregate="einvoice", aggregate_id="invoice_id"):
    """The buyer contests a part."""


class EinvoiceSuspended(EinvoiceRef, Event, aggregate="einvoice", aggregate_id="invoice_id"):
    """The buyer misses a justification."""


class EinvoiceCollected(EinvoiceRef, Event, aggregate="einvoice", aggregate_id="invoice_id"):
    """Money was collected and stated to the tax hub."""

    amounts: tuple[RateAmount, ...]


class EinvoiceStatusChanged(EinvoiceRef, Event, aggregate="einvoice", aggregate_id="invoice_id"):
    """The invoice stands elsewhere in its life cycle; said of every change."""

    from_status: TransmissionStatus
    to_status: TransmissionStatus


class EinvoiceTransmissionFailed(EinvoiceRef, Event, aggregate="einvoice", aggregate_id="invoice_id"):
    """The platform could not be reached for a day, or does not take the file."""

    error_code: str


class AlertKind(StrEnum):
    """What somebody must look at."""

    SEAL_BROKEN = "SEAL_BROKEN"
    NUMBERING_BROKEN = "NUMBERING_BROKEN"
    UNEXPECTED_STATUS = "UNEXPECTED_STATUS"
    E_REPORT_DUE = "E_REPORT_DUE"
    LATE_RATE_MISSING = "LATE_RATE_MISSING"


class InvoicingAlertRaised(Event, aggregate="invoicing_alert", aggregate_id="alert_id"):
    """Something in a company's invoicing is not as it must be; once for each finding."""

    alert_id: UUID
    company_id: UUID
    kind: AlertKind
    detail: Line
    invoice_id: UUID | None = None
    raised_at: Instant
