"""What factures answers."""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import Field, model_validator

from messages.base import Empty, Idempotency, Request
from messages.factures.drafts import MOST_LINES, Charges, Discounts, Lines, WrittenChannel
from messages.factures.invoices import (
    BillingIntake,
    BillingIntakePage,
    Invoice,
    InvoiceCheck,
    InvoiceFile,
    InvoicePage,
    InvoicePreview,
    InvoicingSettings,
    IssueResults,
    LateInterest,
    SealCheck,
)
from messages.factures.parts import CreditAmount, CreditLine, InvoiceLineDraft
from messages.factures.values import (
    Channel,
    CorrectionReason,
    CreditScope,
    DocumentKind,
    FileFormat,
    IntakeStatus,
    InvoiceStatus,
    LogoPosition,
    PaymentMethod,
    Profile,
    RefundWish,
    SettlementStatus,
    TransmissionStatus,
    ZeroAmount,
)
from messages.paging import PageRequest
from messages.registry import ACTORS
from messages.values.banking import Bic, Iban
from messages.values.contact import EmailAddress
from messages.values.money import Amount
from messages.values.refusal import refusal
from messages.values.text import Code, Label, Line, Paragraph

COLOR = "^#[0-9A-Fa-f]{6}$"


class UpdateInvoice(Request[Invoice], permission="factures:invoice:write"):
    """Change the head of a draft; a field left out stays, null clears it."""

    invoice_id: UUID
    expected_version: int
    delivery_date: date | None = None
    period_start: date | None = None
    period_end: date | None = None
    payment_method: PaymentMethod = PaymentMethod.TRANSFER
    payment_days: Annotated[int, Field(ge=0, le=365)] = 30
    channel: WrittenChannel = Channel.EMAIL
    purchase_order_ref: Label | None = None
    buyer_reference: Label | None = None
    notes: Paragraph | None = None
    discounts: Discounts = ()
    charges: Charges = ()

    @model_validator(mode="after")
    def _period_is_whole(self) -> "UpdateInvoice":
        if ("period_start" in self.model_fields_set) != ("period_end" in self.model_fields_set) or (
            (self.period_start is None) != (self.period_end is None)
        ):
            raise refusal("PERIOD_INCOMPLETE", "give period_start and period_end together, or neither")
        if self.period_start and self.period_end and self.period_end < self.period_start:
            raise refusal("PERIOD_REVERSED", "period_end lies before period_start; exchange them")
        return self


class ReplaceInvoiceLines(Request[Invoice], permission="factures:invoice:write"):
    """Give a draft other lines; its totals follow at once."""

    invoice_id: UUID
    expected_version: int
    lines: Lines


class DeleteInvoice(Request[Empty], permission="factures:invoice:write"):
    """Throw a draft away."""

    invoice_id: UUID
    expected_version: int
    reason: Label | None = None


class CheckInvoice(Request[InvoiceCheck], query=True, permission="factures:invoice:read", timeout_seconds=20.0):
    """What issuing a draft would say, without doing it."""

    invoice_id: UUID


class PreviewInvoice(Request[InvoicePreview], query=True, permission="factures:invoice:read", timeout_seconds=20.0):
    """How a draft would look, watermarked and without number; nothing is stored."""

    invoice_id: UUID


class IssueInvoice(
    Request[Invoice], permission="factures:invoice:issue", idempotency=Idempotency.REQUIRED, timeout_seconds=20.0
):
    """Give a draft its number, seal it and make its file; there is no way back but a credit note."""

    invoice_id: UUID
    expected_version: int
    issue_date: date | None = None
    override_warnings: Annotated[tuple[Code, ...], Field(max_length=20)] = Field(
        default=(), description="the rules of warnings that a person has looked at"
    )


class IssueInvoices(
    Request[IssueResults], permission="factures:invoice:issue", idempotency=Idempotency.REQUIRED, timeout_seconds=30.0
):
    """Issue drafts of one company in the order of their supply; one that breaks a rule stays a draft, the others pass."""

    invoice_ids: Annotated[tuple[UUID, ...], Field(min_length=1, max_length=50)]

    @model_validator(mode="after")
    def _each_once(self) -> "IssueInvoices":
        if len(set(self.invoice_ids)) != len(self.invoice_ids):
            raise refusal("REPEATED_ID", "an invoice is named twice; name each once")
        return self


class CreateCreditNote(
    Request[Invoice], permission="factures:credit_note:issue", idempotency=Idempotency.REQUIRED, timeout_seconds=20.0
):
    """Take an issued invoice back: wholly, by lines, or by amounts per rate; issued at once unless it is to wait."""

    invoice_id: UUID
    scope: CreditScope = CreditScope.FULL
    lines: Annotated[tuple[CreditLine, ...], Field(max_length=MOST_LINES)] = ()
    amounts: Annotated[tuple[CreditAmount, ...], Field(max_length=20)] = ()
    issue: bool = Field(default=True, description="false leaves a draft that IssueInvoice issues later")
    reason_code: CorrectionReason
    reason_text: Line
    rebill: bool = False
    refund_wish: RefundWish = RefundWish.REFUND

    @model_validator(mode="after")
    def _amounts_fit_the_scope(self) -> "CreateCreditNote":
        if (self.scope is CreditScope.AMOUNTS) != bool(self.amounts):
            raise refusal("AMOUNTS_SCOPE", "give amounts with the scope AMOUNTS, and only then")
        if (self.scope is CreditScope.LINES) != bool(self.lines):
            raise refusal("LINES_SCOPE", "give lines with the scope LINES, and only then")
        if len({line.line_no for line in self.lines}) != len(self.lines):
            raise refusal("REPEATED_LINE", "a line is named twice; name each once")
        if any(line.quantity is not None and line.amount is not None for line in self.lines):
            raise refusal("QUANTITY_OR_AMOUNT", "give the quantity or the amount of a line, not both")
        return self


class CreateCorrectiveInvoice(Request[Invoice], permission="factures:invoice:write"):
    """Write the draft that cancels and replaces an issued invoice on which nothing is paid or credited yet.

    Lines that are left out are those of the original; seller and buyer are as they are known at issue.
    """

    invoice_id: UUID
    lines: Annotated[tuple[InvoiceLineDraft, ...], Field(max_length=MOST_LINES)] = ()
    reason_code: CorrectionReason
    reason_text: Line


class GetInvoice(
    Request[Invoice], query=True, internal_callers=tuple(actor for actor in ACTORS if actor != "factures")
):
    """One document by id, or by number and company."""

    invoice_id: UUID | None = None
    number: Annotated[str, Field(max_length=35)] | None = None
    company_id: UUID | None = None

    @model_validator(mode="after")
    def _one_key(self) -> "GetInvoice":
        if (self.invoice_id is None) == (self.number is None or self.company_id is None):
            raise refusal("ONE_KEY", "give either invoice_id, or number and company_id")
        return self


class ListInvoices(PageRequest, Request[InvoicePage], query=True, resource="invoice"):
    """The documents of the organisation, filtered, newest first."""

    company_id: UUID | None = None
    client_id: UUID | None = None
    contract_id: UUID | None = None
    kind_in: Annotated[tuple[DocumentKind, ...], Field(max_length=10)] = ()
    status_in: Annotated[tuple[InvoiceStatus, ...], Field(max_length=4)] = ()
    settlement_in: Annotated[tuple[SettlementStatus, ...], Field(max_length=10)] = ()
    transmission_in: Annotated[tuple[TransmissionStatus, ...], Field(max_length=20)] = ()
    overdue: bool | None = None
    preceding_id: UUID | None = Field(default=None, description="the documents that reduce or replace this invoice")
    number_prefix: Annotated[str, Field(min_length=2, max_length=35)] | None = None
    search: Annotated[str, Field(min_length=2, max_length=100)] | None = Field(
        default=None,
        description="beginnings of the client's names, or of the document's number or its contract's reference",
    )
    issued_from: date | None = None
    issued_to: date | None = None
    due_from: date | None = None
    due_to: date | None = None
    gross_from: Amount | None = None
    gross_to: Amount | None = None
    with_sums: bool = Field(default=False, description="add up the whole list, not only the page; costs a pass over it")


class GetInvoiceDocument(Request[InvoiceFile], query=True, permission="factures:invoice:read", audited=True):
    """The file of an issued document, checked against its sealed hash."""

    invoice_id: UUID
    format: FileFormat = FileFormat.FACTURX_PDF


class SendInvoice(Request[Invoice], permission="factures:invoice:write"):
    """Send an archived document, the first time or again."""

    invoice_id: UUID
    channel: Channel | None = None
    recipient_contact_ids: Annotated[tuple[UUID, ...], Field(max_length=10)] = ()


class MarkInvoicePaid(Request[Invoice], permission="factures:invoice:settle", idempotency=Idempotency.REQUIRED):
    """Record money seen outside payments; the default amount is all that is left."""

    invoice_id: UUID
    on_date: date
    method: PaymentMethod
    amount: Amount | None = None
    reference: Label | None = None


class ReverseSettlement(Request[Invoice], permission="factures:invoice:settle"):
    """Take back money that was marked by hand; what payments stated is corrected there."""

    settlement_id: UUID
    reason: Line


class CalculateLateInterest(Request[LateInterest], query=True, permission="factures:invoice:read"):
    """What the late payment of an invoice costs its buyer until a day, on what is still open; nothing is booked."""

    invoice_id: UUID
    until: date


class ListBillingIntakes(PageRequest, Request[BillingIntakePage], query=True, permission="factures:invoice:read"):
    """What contrats asked to bill and what became of it."""

    status: IntakeStatus | None = None
    contract_id: UUID | None = None


class RetryBillingIntake(Request[BillingIntake], permission="factures:invoice:write"):
    """Bill a parked or failed order again, after its cause is cured."""

    intake_id: UUID


class VerifySeals(Request[SealCheck], query=True, permission="factures:seal:verify", timeout_seconds=30.0):
    """Recompute the chain of a company from its rows and files; stops at the first break."""

    company_id: UUID
    from_seq: Annotated[int, Field(ge=1)] = 1
    to_seq: Annotated[int, Field(ge=1)] | None = None


class GetInvoicingSettings(Request[InvoicingSettings], query=True):
    """How a company invoices."""

    company_id: UUID
    settings_version: Annotated[int, Field(ge=1)] | None = Field(default=None, description="the newest when left out")


class UploadLogo(Request[InvoicingSettings], permission="factures:invoicing_settings:update"):
    """Print a logo on a company's documents from now on: PNG or JPEG, at most 4000 pixels each way.

    It is flattened on white and stored once as a small RGB picture: transparency and CMYK are no part of PDF/A-3b.
    """

    company_id: UUID
    content_base64: Annotated[str, Field(min_length=4, max_length=350_000)]
    position: LogoPosition = LogoPosition.LEFT


class UpdateInvoicingSettings(Request[InvoicingSettings]):
    """Change how a company invoices; a field left out stays, null clears it. Issued documents keep their version."""

    company_id: UUID
    auto_issue_contract_billing: bool = True
    default_profile: Profile = Profile.EN16931
    iban: Iban | None = None
    bic: Bic | None = None
    account_name: Annotated[str, Field(min_length=1, max_length=70)] | None = None
    bank_name: Annotated[str, Field(min_length=1, max_length=70)] | None = None
    display_phone: Annotated[str, Field(min_length=4, max_length=40)] | None = Field(
        default=None, description="printed instead of the company's"
    )
    display_email: EmailAddress | None = Field(default=None, description="printed instead of the company's")
    display_website: Annotated[str, Field(min_length=4, max_length=200)] | None = Field(
        default=None, description="printed instead of the company's"
    )
    invoice_zero_amount: ZeroAmount = Field(
        default=ZeroAmount.SKIP, description="whether an order to bill that comes to nothing is invoiced all the same"
    )
    vat_on_debits: bool = False
    payment_terms_text: Annotated[str, Field(max_length=1000)] | None = None
    footer_text: Annotated[str, Field(max_length=1000)] | None = None
    legal_mentions_extra: Annotated[str, Field(max_length=1000)] | None = None
    mediator_name: Label | None = None
    mediator_url: Label | None = None
    header_text: Annotated[str, Field(max_length=200)] | None = None
    primary_color: Annotated[str, Field(pattern=COLOR)] = "#1E3A5F"
    secondary_color: Annotated[str, Field(pattern=COLOR)] = "#666666"
    show_logo: bool = True
    logo_position: LogoPosition = LogoPosition.LEFT
