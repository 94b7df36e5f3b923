"""What facts about invoices carry for accounting, collection and commission."""

from datetime import date
from uuid import UUID

from messages.base import Reply
from messages.factures.invoices import DeductedDeposit
from messages.factures.values import (
    Channel,
    CorrectionReason,
    CreditScope,
    DocumentKind,
    PaymentMethod,
    RefundWish,
    SettlementSource,
    VatCategory,
)
from messages.shared import PartyKind, VatTotal
from messages.values.money import Money
from messages.values.numbers import Quantity, Rate


class IssuedLine(Reply):
    """A line as other actors book it; VAT and gross per line are estimates, the truth is per rate."""

    line_no: int
    product_id: UUID | None = None
    contract_id: UUID | None = None
    contract_line_id: UUID | None = None
    billing_instalment_id: UUID | None = None
    name: str
    quantity: Quantity
    net: Money
    vat_category: VatCategory
    vat_rate: Rate | None = None
    vat: Money
    gross: Money
    recurring: bool
    revenue_account: str


class AccountNet(Reply):
    """Net revenue of one account."""

    revenue_account: str
    net: Money


class InvoiceFacts(Reply):
    """Everything accounting, collection and commission need of an issued document."""

    document_id: UUID | None = None
    sha256: str | None = None
    billing_instalment_ids: tuple[UUID, ...] = ()
    adjustment_ids: tuple[UUID, ...] = ()
    period_start: date | None = None
    period_end: date | None = None
    payment_method: PaymentMethod
    payment_terms_code: str | None = None
    planned_debit_date: date | None = None
    prenotified: bool
    mandate_reference: str | None = None
    lines: tuple[IssuedLine, ...]
    lines_by_account: tuple[AccountNet, ...]
    vat_totals: tuple[VatTotal, ...]
    preceding: tuple[UUID, ...] = ()
    prepaid: Money
    deposits: tuple[DeductedDeposit, ...] = ()
    fiscal_year_end: date
    issue_mode: str
    delivery_channel: Channel
    buyer_kind: PartyKind
    process_code: str
    seal_hash: str


class CreditedOriginal(Reply):
    """What a credit note takes back of one invoice."""

    invoice_id: UUID
    net: Money
    vat: Money
    gross: Money


class CreditFacts(Reply):
    """What a credit note corrects and why."""

    credit_note_id: UUID
    originals: tuple[CreditedOriginal, ...]
    scope: CreditScope
    reason_code: CorrectionReason
    rebill: bool
    refund_wish: RefundWish
    internal_only: bool = False


class RateAmount(Reply):
    """The part of an amount that falls on one VAT rate."""

    rate: Rate
    amount: Money


class SettlementFacts(Reply):
    """One settlement and what is settled after it."""

    amount: Money
    on_date: date
    source: SettlementSource
    source_id: UUID
    settled: Money
    presumed: bool
    by_rate: tuple[RateAmount, ...]


class CancelledBy(Reply):
    """The document that took the whole invoice back."""

    id: UUID
    number: str
    kind: DocumentKind


class ContractLineNet(Reply):
    """Net taken back of one contract line."""

    contract_id: UUID
    contract_line_id: UUID
    net: Money


class RunFailure(Reply):
    """A contract that could not be billed."""

    contract_id: UUID
    code: str
