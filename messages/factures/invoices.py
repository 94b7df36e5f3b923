"""Invoices as requests answer them and as facts carry them."""

from datetime import date
from uuid import UUID

from messages.base import Reply
from messages.factures.values import (
    Channel,
    CorrectionReason,
    DocumentKind,
    IntakeStatus,
    InvoiceOrigin,
    InvoiceStatus,
    LogoPosition,
    Nature,
    PaymentMethod,
    Processing,
    Profile,
    SealFinding,
    SettlementSource,
    SettlementStatus,
    TransmissionStatus,
    VatCategory,
    ZeroAmount,
)
from messages.paging import Page
from messages.shared import VatTotal
from messages.values.instants import Instant
from messages.values.money import Amount, Money
from messages.values.numbers import Quantity, Rate


class InvoiceLine(Reply):
    """A line as issued."""

    line_no: int
    name: str
    description: str | None = None
    quantity: Quantity
    unit_code: str
    unit_price: Rate
    discount: Amount
    net: Amount
    vat_category: VatCategory
    vat_rate: Rate
    product_id: UUID | None = None
    product_version_id: UUID | None = None
    sku: str | None = None
    contract_line_id: UUID | None = None
    billing_instalment_id: UUID | None = None
    period_start: date | None = None
    period_end: date | None = None
    prorata_used: int | None = None
    prorata_total: int | None = None


class Settlement(Reply):
    """An amount that settled the document, or came back."""

    id: UUID
    source: SettlementSource
    source_id: UUID
    amount: Amount
    on_date: date
    method: str | None
    presumed: bool


class DeductedDeposit(Reply):
    """A deposit invoice that a final invoice deducts; its VAT counts there and not again."""

    invoice_id: UUID
    number: str
    issue_date: date
    net: Amount
    vat: Amount
    gross: Amount


class InvoiceRef(Reply):
    """What every fact about an invoice says of it."""

    invoice_id: UUID
    number: str | None = None
    kind: DocumentKind
    type_code: str
    company_id: UUID
    client_id: UUID
    contract_id: UUID | None = None
    sales_rep_id: UUID | None = None
    origin: InvoiceOrigin
    status: InvoiceStatus
    settlement_status: SettlementStatus
    net: Money
    vat: Money
    gross: Money
    due: Money
    outstanding: Money
    issue_date: date | None = None
    due_date: date | None = None


class Invoice(InvoiceRef):
    """A document in full."""

    draft_ref: str
    payment_method: PaymentMethod
    payment_terms_code: str | None
    payment_terms_text: str | None
    delivery_date: date | None
    period_start: date | None
    period_end: date | None
    nature: Nature
    process_code: str
    processing: Processing
    delivery_channel: Channel
    transmission_status: TransmissionStatus
    lifecycle_code: int | None
    internal_only: bool
    contract_reference: str | None
    planned_debit_date: date | None
    prenotified: bool
    lines: tuple[InvoiceLine, ...]
    vat_totals: tuple[VatTotal, ...]
    settlements: tuple[Settlement, ...]
    preceding: tuple[UUID, ...]
    reason_code: CorrectionReason | None
    reason_text: str | None
    overdue: bool
    discount_total: Amount
    charge_total: Amount
    prepaid: Amount
    deposits: tuple[DeductedDeposit, ...]
    paid_on: date | None
    settled: Amount
    credited: Amount
    issued_at: Instant | None
    sent_at: Instant | None
    delivery_failed: bool
    document_id: UUID | None
    seal_hash: str | None
    created_at: Instant
    version: int


class NextNumber(Reply):
    """The number that would be next; another issue may take it first."""

    number: str
    provisional: bool = True


class CalculatedTotals(Reply):
    """Totals to the cent, VAT rounded once per rate."""

    line_nets: tuple[Amount, ...]
    discount_total: Amount
    charge_total: Amount
    net: Amount
    vat: Amount
    gross: Amount
    vat_totals: tuple[VatTotal, ...]


class InvoiceSummary(Reply):
    """A document in a list."""

    id: UUID
    number: str | None
    draft_ref: str
    kind: DocumentKind
    company_id: UUID
    client_id: UUID
    contract_id: UUID | None
    status: InvoiceStatus
    settlement_status: SettlementStatus
    transmission_status: TransmissionStatus
    overdue: bool
    net: Amount
    vat: Amount
    gross: Amount
    outstanding: Amount
    issue_date: date | None
    due_date: date | None
    created_at: Instant


class InvoiceSums(Reply):
    """What a whole list comes to; what gives money back counts as negative."""

    count: int
    net: Amount
    vat: Amount
    gross: Amount
    outstanding: Amount


class InvoicePage(Page[InvoiceSummary]):
    """Documents, newest first."""

    sums: InvoiceSums | None = None


class InvoiceFile(Reply):
    """A file of an issued document: its bytes, or the id under which `documents` holds it when it is larger."""

    filename: str
    mime: str
    sha256: str
    content_base64: str | None
    document_id: UUID | None


class Finding(Reply):
    """A rule that a document breaks, where, and the cure."""

    rule: str
    path: str
    message: str


class InvoiceCheck(Reply):
    """What issuing would say."""

    valid: bool
    errors: tuple[Finding, ...]
    warnings: tuple[Finding, ...] = ()
    net: Amount
    vat: Amount
    gross: Amount
    mentions: tuple[str, ...]
    processing: Processing


class InvoicePreview(Reply):
    """How a draft would look: a PDF that says on every page that it is no invoice."""

    content_base64: str
    pages: int


class IssueResult(Reply):
    """What became of one draft: its number, or the rules it breaks."""

    invoice_id: UUID
    number: str | None
    errors: tuple[Finding, ...]


class IssueResults(Reply):
    """What became of each draft, in the order of the request."""

    results: tuple[IssueResult, ...]


class LateInterest(Reply):
    """Interest for late payment, and the fixed indemnity a business owes besides (C. com. L441-10, D441-5)."""

    invoice_id: UUID
    outstanding: Money
    days: int
    interest: Money
    recovery_indemnity: Money


class SealCheck(Reply):
    """Whether the chain of a company holds; `broken_at` is the first sequence that does not."""

    valid: bool
    checked: int
    broken_at: int | None = None
    number: str | None = None
    reason: SealFinding | None = None


class InvoicingSettings(Reply):
    """How a company invoices."""

    company_id: UUID
    settings_version: int
    auto_issue_contract_billing: bool
    default_profile: Profile
    iban_masked: str | None
    bic: str | None
    account_name: str | None
    bank_name: str | None
    display_phone: str | None
    display_email: str | None
    display_website: str | None
    invoice_zero_amount: ZeroAmount
    vat_on_debits: bool
    payment_terms_text: str | None
    footer_text: str | None
    legal_mentions_extra: str | None
    mediator_name: str | None
    mediator_url: str | None
    header_text: str | None
    primary_color: str
    secondary_color: str
    show_logo: bool
    logo_position: LogoPosition
    logo_sha256: str | None


class BillingIntake(Reply):
    """An order to bill and what became of it."""

    id: UUID
    contract_id: UUID
    reference: str
    status: IntakeStatus
    reason: str | None
    invoice_ids: tuple[UUID, ...]
    attempts: int
    created_at: Instant


class BillingIntakePage(Page[BillingIntake]):
    """Orders to bill, newest first."""
