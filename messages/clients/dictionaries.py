"""clients, dictionaries: payment terms, billing periods and modes, ways of sending invoices, status codes."""

from datetime import date
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field, model_validator

from messages.base import Event, Reply, Request
from messages.clients.vocabulary import StatusCategory
from messages.paging import Page, PageRequest
from messages.values.due_dates import PeriodUnit, TermBasis
from messages.values.refusal import refusal
from messages.values.text import Label, Paragraph

DictionaryCode = Annotated[str, Field(pattern=r"^[A-Z0-9_]{1,50}$", examples=["NET_30"])]


class TermAudience(StrEnum):
    """Whom a payment term is for."""

    ANY = "ANY"
    B2B = "B2B"
    B2C = "B2C"


class DictionaryKind(StrEnum):
    """The dictionaries without settings of their own."""

    BILLING_PERIOD = "BILLING_PERIOD"
    BILLING_MODE = "BILLING_MODE"
    INVOICE_ISSUE_MODE = "INVOICE_ISSUE_MODE"
    CLIENT_STATUS = "CLIENT_STATUS"


class BillingIssuer(StrEnum):
    """Who bills."""

    COMPANY = "COMPANY"
    PARTNER = "PARTNER"
    SUPPLIER = "SUPPLIER"


class BillingScope(StrEnum):
    """What one invoice covers."""

    PER_CONTRACT = "PER_CONTRACT"
    PER_CLIENT = "PER_CLIENT"
    PER_SITE = "PER_SITE"
    PER_PURCHASE_ORDER = "PER_PURCHASE_ORDER"


class IssueChannel(StrEnum):
    """How an invoice reaches the client."""

    EMAIL = "EMAIL"
    POST = "POST"
    CLIENT_SPACE = "CLIENT_SPACE"
    EINVOICE_PLATFORM = "EINVOICE_PLATFORM"
    PUBLIC_PORTAL = "PUBLIC_PORTAL"
    MANUAL = "MANUAL"


class PaymentTerm(Reply):
    """When an invoice falls due."""

    id: UUID
    code: str
    name: str
    description: str | None = None
    days: int
    basis: TermBasis
    day_of_month: int | None = None
    audience: TermAudience
    is_default: bool
    active: bool
    version: int


class PaymentTermPage(Page[PaymentTerm]):
    """Payment terms by days."""


class DictionaryEntry(Reply):
    """A code with its name."""

    id: UUID
    kind: DictionaryKind
    code: str
    name: str
    is_default: bool
    active: bool


class DictionaryEntries(Reply):
    """The entries of a dictionary, in its order."""

    items: tuple[DictionaryEntry, ...]


class DueDate(Reply):
    """When an invoice of a day falls due."""

    due_date: date
    term_code: str | None = None


class CreatePaymentTerm(Request[PaymentTerm]):
    """Add a payment term; a new default takes the place of the old one."""

    code: DictionaryCode
    name: Label
    description: Paragraph | None = None
    days: Annotated[int, Field(ge=0, le=365)]
    basis: TermBasis = TermBasis.NET
    day_of_month: Annotated[int, Field(ge=1, le=31)] | None = None
    audience: TermAudience = TermAudience.ANY
    is_default: bool = False

    @model_validator(mode="after")
    def _day_fits_basis(self) -> "CreatePaymentTerm":
        if (self.basis is TermBasis.NEXT_DAY_OF_MONTH) != (self.day_of_month is not None):
            raise refusal("DAY_OF_MONTH", "day_of_month goes with basis NEXT_DAY_OF_MONTH, and only with it")
        return self


class UpdatePaymentTerm(Request[PaymentTerm]):
    """Change a payment term; a field left out stays as it is."""

    payment_term_id: UUID
    expected_version: int
    name: Label | None = None
    description: Paragraph | None = None
    days: Annotated[int, Field(ge=0, le=365)] | None = None
    is_default: bool | None = None
    active: bool | None = None


class GetPaymentTerm(Request[PaymentTerm], query=True):
    """One payment term by id or code."""

    payment_term_id: UUID | None = None
    code: DictionaryCode | None = None

    @model_validator(mode="after")
    def _one_key(self) -> "GetPaymentTerm":
        if (self.payment_term_id is None) == (self.code is None):
            raise refusal("ONE_KEY", "give either payment_term_id or code")
        return self


class ListPaymentTerms(PageRequest, Request[PaymentTermPage], query=True, resource="payment_term"):
    """The payment terms."""

    active: bool | None = None


class ListDictionary(Request[DictionaryEntries], query=True, permission="clients:dictionary:read"):
    """One of the other dictionaries."""

    kind: DictionaryKind


class ComputeDueDate(Request[DueDate], query=True, permission="clients:payment_term:read"):
    """When an invoice falls due under a payment term."""

    code: DictionaryCode
    invoice_date: date


# -- events ------------------------------------------------------------------------------------------------------


class PaymentTermSaved(Event, aggregate="payment_term", aggregate_id="id"):
    """A payment term exists or changed."""

    id: UUID
    code: str
    name: str
    days: int
    end_of_month: TermBasis
    day_of_month: int | None = None
    is_default: bool
    active: bool


class BillingPeriodSaved(Event, aggregate="billing_period", aggregate_id="id"):
    """A billing period exists or changed."""

    id: UUID
    code: str
    unit: PeriodUnit
    count: int
    is_default: bool
    active: bool


class BillingModeSaved(Event, aggregate="billing_mode", aggregate_id="id"):
    """A billing mode exists or changed."""

    id: UUID
    code: str
    issuer: BillingIssuer
    scope: BillingScope
    is_default: bool
    active: bool


class InvoiceIssueModeSaved(Event, aggregate="invoice_issue_mode", aggregate_id="id"):
    """A way of sending invoices exists or changed."""

    id: UUID
    code: str
    channel: IssueChannel
    is_default: bool
    active: bool


class ClientStatusDefinitionSaved(Event, aggregate="client_status_definition", aggregate_id="id"):
    """A status code exists or changed."""

    id: UUID
    code: str
    category: StatusCategory
    label: str
    is_default: bool
    active: bool
