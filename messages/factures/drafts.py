"""Requests that write drafts, and what can be known before one is written."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from messages.base import Request
from messages.factures.invoices import CalculatedTotals, Invoice, NextNumber
from messages.factures.parts import DocumentCharge, DocumentDiscount, InvoiceLineDraft, PositiveAmount
from messages.factures.values import Channel, DocumentKind, PaymentMethod, TaxCalculation
from messages.values.numbers import Percent
from messages.values.refusal import refusal
from messages.values.text import Label, Line, Paragraph

MOST_LINES = 500

Lines = Annotated[tuple[InvoiceLineDraft, ...], Field(min_length=1, max_length=MOST_LINES)]
Discounts = Annotated[tuple[DocumentDiscount, ...], Field(max_length=20)]
Charges = Annotated[tuple[DocumentCharge, ...], Field(max_length=20)]


WrittenChannel = Literal[Channel.EMAIL, Channel.POST, Channel.PORTAL, Channel.MANUAL]
"""What a person may choose; whether a document passes the platform follows from the sale."""


class DraftHead(BaseModel):
    """What the drafts that a person writes have in common."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: UUID | None = Field(default=None, description="chosen by the client, so that repeating is safe")
    company_id: UUID
    client_id: UUID
    delivery_date: date | None = None
    period_start: date | None = None
    period_end: date | None = None
    payment_method: PaymentMethod = PaymentMethod.TRANSFER
    payment_days: Annotated[int, Field(ge=0, le=365)] | None = Field(
        default=None, description="from the issue; left out: the client's payment term, else 30 days"
    )
    channel: WrittenChannel | None = Field(default=None, description="left out: the client's issue mode")
    purchase_order_ref: Label | None = None
    buyer_reference: Label | None = None
    notes: Paragraph | None = None

    @model_validator(mode="after")
    def _period_is_whole(self) -> "DraftHead":
        if (self.period_start is None) != (self.period_end is None):
            raise refusal("PERIOD_INCOMPLETE", "give period_start and period_end together, or neither")
        if self.period_start and self.period_end and self.period_end < self.period_start:
            raise refusal("PERIOD_REVERSED", "period_end lies before period_start; exchange them")
        return self


class CreateInvoice(DraftHead, Request[Invoice]):
    """Write a draft; the VAT of each line is found for the buyer, the number comes at issue."""

    lines: Lines
    discounts: Discounts = ()
    charges: Charges = ()
    paid_on: date | None = Field(
        default=None, description="already paid at the counter: nothing is due, the invoice is receipted"
    )


class AddInvoiceLine(Request[Invoice], permission="factures:invoice:write"):
    """Put one more line on a draft, at the end or at a position; the lines after it move on."""

    invoice_id: UUID
    expected_version: int
    line: InvoiceLineDraft
    position: Annotated[int, Field(ge=1, le=MOST_LINES)] | None = None


class UpdateInvoiceLine(Request[Invoice], permission="factures:invoice:write"):
    """Write one line of a draft anew."""

    invoice_id: UUID
    expected_version: int
    line_no: Annotated[int, Field(ge=1, le=MOST_LINES)]
    line: InvoiceLineDraft


class RemoveInvoiceLine(Request[Invoice], permission="factures:invoice:write"):
    """Take one line off a draft; the lines after it move up."""

    invoice_id: UUID
    expected_version: int
    line_no: Annotated[int, Field(ge=1, le=MOST_LINES)]


class CreateDepositInvoice(DraftHead, Request[Invoice], permission="factures:invoice:write"):
    """Write the draft of a deposit (type 386) on a sale to come: a part of its net, with the VAT of its lines."""

    contract_id: UUID | None = None
    label: Line = Field(description="what the deposit is for")
    base_lines: Lines
    percent: Annotated[Percent, Field(gt=0)] | None = None
    amount: PositiveAmount | None = Field(default=None, description="net, instead of a percentage")

    @model_validator(mode="after")
    def _percent_or_amount(self) -> "CreateDepositInvoice":
        if (self.percent is None) == (self.amount is None):
            raise refusal("PERCENT_OR_AMOUNT", "give percent or amount, and not both")
        return self


class CreateFinalInvoice(DraftHead, Request[Invoice], permission="factures:invoice:write"):
    """Write the draft of the whole supply, from which paid deposits are deducted; each deposit is deducted once."""

    deposit_ids: Annotated[tuple[UUID, ...], Field(min_length=1, max_length=20)]
    lines: Lines
    discounts: Discounts = ()
    charges: Charges = ()

    @model_validator(mode="after")
    def _each_once(self) -> "CreateFinalInvoice":
        if len(set(self.deposit_ids)) != len(self.deposit_ids):
            raise refusal("REPEATED_ID", "a deposit is named twice; name each once")
        return self


class CalculateTotals(Request[CalculatedTotals], query=True, permission="factures:invoice:read"):
    """What lines, discounts and charges come to at the normal VAT of their rates; nothing is stored."""

    lines: Lines
    discounts: Discounts = ()
    charges: Charges = ()
    tax_calculation: TaxCalculation = Field(
        default=TaxCalculation.NET_BASED, description="GROSS_BASED: unit prices and discounts include VAT"
    )

    @model_validator(mode="after")
    def _charges_are_net(self) -> "CalculateTotals":
        if self.charges and self.tax_calculation is TaxCalculation.GROSS_BASED:
            raise refusal("NET_CHARGES", "charges are net amounts; make them lines where prices include VAT")
        return self


class PreviewNextNumber(Request[NextNumber], query=True, permission="factures:invoice:read"):
    """The number a document of that kind would get on a day; it reserves nothing."""

    company_id: UUID
    kind: DocumentKind = DocumentKind.INVOICE
    on: date
