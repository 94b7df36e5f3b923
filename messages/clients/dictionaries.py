"""clients, dictionaries: payment terms, billing periods and modes, ways of sending invoices, status codes."""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Final
from uuid import UUID

from pydantic import Field, model_validator

from messages.base import Event, Part, Reply, Request
from messages.clients.vocabulary import StatusCategory
from messages.paging import Page, PageRequest
from messages.values.due_dates import PeriodUnit, TermBasis
from messages.values.money import Amount
from messages.values.refusal import refusal
from messages.values.text import PRINTABLE, Label, Paragraph, text_of

DictionaryCode = Annotated[str, Field(pattern=r"^[A-Z0-9_]{1,50}$", examples=["NET_30"])]
Aliases = Annotated[frozenset[Annotated[str, text_of(50), PRINTABLE]], Field(max_length=20)]
Search = Annotated[str, Field(min_length=1, max_length=50)]
Rate = Annotated[Decimal, Field(ge=0, lt=1000, max_digits=5, decimal_places=2)]
Discount = Annotated[Decimal, Field(gt=0, le=20, max_digits=4, decimal_places=2)]


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


SETTINGS_OF: Final = {
    DictionaryKind.BILLING_PERIOD: {"unit", "count"},
    DictionaryKind.BILLING_MODE: {"issuer", "scope"},
    DictionaryKind.INVOICE_ISSUE_MODE: {"channel"},
    DictionaryKind.CLIENT_STATUS: {"category"},
}
"""What an entry of each dictionary must say."""


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
    sector_agreement: bool = False
    late_interest_rate: Decimal | None = Field(default=None, description="percent a year; null is the statutory rate")
    recovery_fee: Amount | None = Field(
        default=None, description="euros; null is 40.00 between businesses, else nothing"
    )
    early_discount_percent: Decimal | None = None
    early_discount_days: int | None = None
    version: int


class PaymentTermPage(Page[PaymentTerm]):
    """Payment terms by days."""


class DictionaryEntry(Reply):
    """A code with its name."""

    id: UUID
    kind: DictionaryKind
    code: str
    name: str
    description: str | None = None
    position: int
    is_default: bool
    active: bool
    settings: dict[str, str | int]
    aliases: tuple[str, ...] = Field(default=(), description="other names it is found by, in upper case")
    months_equivalent: Decimal | None = Field(
        default=None, description="billing periods: months in six decimals, what recurring amounts are divided by"
    )
    version: int


class DictionaryEntries(Reply):
    """The entries of a dictionary, in its order."""

    items: tuple[DictionaryEntry, ...]


class DictionarySettings(Part):
    """What an entry does; only the fields of its kind are given."""

    unit: PeriodUnit | None = None
    count: Annotated[int, Field(ge=1, le=120)] | None = None
    issuer: BillingIssuer | None = None
    scope: BillingScope | None = None
    channel: IssueChannel | None = None
    category: StatusCategory | None = None


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
    sector_agreement: bool = Field(default=False, description="a sector agreement allows more than the legal cap")
    late_interest_rate: Rate | None = None
    recovery_fee: Amount | None = None
    early_discount_percent: Discount | None = None
    early_discount_days: Annotated[int, Field(ge=1, le=365)] | None = None
    is_default: bool = False

    @model_validator(mode="after")
    def _day_fits_basis(self) -> "CreatePaymentTerm":
        if (self.basis is TermBasis.NEXT_DAY_OF_MONTH) != (self.day_of_month is not None):
            raise refusal("DAY_OF_MONTH", "day_of_month goes with basis NEXT_DAY_OF_MONTH, and only with it")
        if (self.early_discount_percent is None) != (self.early_discount_days is None):
            raise refusal("EARLY_DISCOUNT", "early_discount_percent and early_discount_days go together; give both")
        return self


class UpdatePaymentTerm(Request[PaymentTerm]):
    """Change a payment term; a field left out stays as it is."""

    payment_term_id: UUID
    expected_version: int
    name: Label | None = None
    description: Paragraph | None = None
    days: Annotated[int, Field(ge=0, le=365)] | None = None
    audience: TermAudience | None = None
    sector_agreement: bool | None = None
    late_interest_rate: Rate | None = None
    recovery_fee: Amount | None = None
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
    """The payment terms; `audience` leaves out those that are for others only."""

    audience: TermAudience | None = None

    active: bool | None = None
    search: Search | None = None


class ListDictionary(Request[DictionaryEntries], query=True, permission="clients:dictionary:read"):
    """One of the other dictionaries: a small closed list, so it comes whole."""

    kind: DictionaryKind
    active: bool | None = None
    search: Search | None = None


class GetDictionaryEntry(Request[DictionaryEntry], query=True, permission="clients:dictionary:read"):
    """One entry of a dictionary, by id, or by its code or one of its aliases."""

    kind: DictionaryKind
    entry_id: UUID | None = None
    code: Annotated[str, Field(min_length=1, max_length=50, examples=["MONTHLY"])] | None = None

    @model_validator(mode="after")
    def _one_key(self) -> "GetDictionaryEntry":
        if (self.entry_id is None) == (self.code is None):
            raise refusal("ONE_KEY", "give either entry_id or code")
        return self


class CreateDictionaryEntry(Request[DictionaryEntry], permission="clients:dictionary:write"):
    """Add an entry to a dictionary; a new default takes the place of the old one."""

    kind: DictionaryKind
    code: DictionaryCode
    name: Label
    description: Paragraph | None = None
    position: Annotated[int, Field(ge=0, le=10_000)] = 100
    settings: DictionarySettings
    aliases: Aliases = frozenset()
    is_default: bool = False

    @model_validator(mode="after")
    def _settings_fit_the_kind(self) -> "CreateDictionaryEntry":
        wanted = SETTINGS_OF[self.kind]
        given = {name for name, value in self.settings.model_dump().items() if value is not None}
        if given != wanted:
            raise refusal(
                "SETTINGS", f"settings of {self.kind.value} are {', '.join(sorted(wanted))}; give exactly these"
            )
        return self


class UpdateDictionaryEntry(Request[DictionaryEntry], permission="clients:dictionary:write"):
    """Rename or reorder an entry, or make it the default; what it does never changes, for others refer to it."""

    entry_id: UUID
    expected_version: int
    name: Label | None = None
    description: Paragraph | None = None
    position: Annotated[int, Field(ge=0, le=10_000)] | None = None
    aliases: Aliases | None = None
    is_default: bool | None = None


class RetireDictionaryEntry(Request[DictionaryEntry], permission="clients:dictionary:write"):
    """Take an entry out of use; a default is replaced first."""

    entry_id: UUID


class RetirePaymentTerm(Request[PaymentTerm], permission="clients:payment_term:write"):
    """Take a payment term out of use; a default is replaced first."""

    payment_term_id: UUID


class ComputeDueDate(Request[DueDate], query=True, permission="clients:payment_term:read"):
    """When an invoice falls due under a payment term of the organisation, or under one written out."""

    code: DictionaryCode | None = None
    days: Annotated[int, Field(ge=0, le=365)] | None = None
    basis: TermBasis = TermBasis.NET
    day_of_month: Annotated[int, Field(ge=1, le=31)] | None = None
    invoice_date: date

    @model_validator(mode="after")
    def _one_term(self) -> "ComputeDueDate":
        if (self.code is None) == (self.days is None):
            raise refusal("ONE_KEY", "give either code or days with basis")
        if self.days is not None and (self.basis is TermBasis.NEXT_DAY_OF_MONTH) != (self.day_of_month is not None):
            raise refusal("DAY_OF_MONTH", "day_of_month goes with basis NEXT_DAY_OF_MONTH, and only with it")
        return self


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


class PaymentTermRetired(Event, aggregate="payment_term", aggregate_id="id"):
    """A payment term is no longer offered; records that use it keep it."""

    id: UUID
    code: str


class BillingPeriodRetired(Event, aggregate="billing_period", aggregate_id="id"):
    """A billing period is no longer offered; records that use it keep it."""

    id: UUID
    code: str


class BillingModeRetired(Event, aggregate="billing_mode", aggregate_id="id"):
    """A billing mode is no longer offered; records that use it keep it."""

    id: UUID
    code: str


class InvoiceIssueModeRetired(Event, aggregate="invoice_issue_mode", aggregate_id="id"):
    """An invoice issue mode is no longer offered; records that use it keep it."""

    id: UUID
    code: str


class ClientStatusDefinitionRetired(Event, aggregate="client_status_definition", aggregate_id="id"):
    """A client status definition is no longer offered; records that use it keep it."""

    id: UUID
    code: str
