"""contrats: the draft of a contract - its terms, its lines and where their prices come from."""

from datetime import date
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from pydantic import Field, model_validator

from messages.base import Part, Request
from messages.contrats.replies import (
    Contract,
)
from messages.contrats.states import ServiceKind
from messages.contrats.terms import (
    BillingAnchor,
    BillingFrequency,
    BillingMode,
    ContractClientKind,
    ContractType,
    EarlyTerminationPolicy,
    LegalRegime,
    LineKind,
    MandateScheme,
    NoticeUnit,
    PaymentMethod,
    ProrationMethod,
    RenewalMode,
    SalesChannel,
    SourceChannel,
    TermKind,
    WithdrawalExemption,
    WithdrawalTrigger,
)
from messages.values.money import Money
from messages.values.numbers import Percent, Quantity, Rate
from messages.values.refusal import refusal
from messages.values.text import PRINTABLE, Code, Label, Line, Paragraph

_LARGEST_LINE = Decimal(10_000_000)


class LineDraft(Part):
    """A line as sold; the price is that of one unit for one billing period, without VAT."""

    product_id: UUID
    description: Line | None = None
    kind: LineKind = LineKind.RECURRING
    billing_period: BillingFrequency | None = Field(default=None, description="the contract's own when left out")
    quantity: Quantity = Decimal(1)
    unit_price_net: Money
    discount_pct: Percent | None = None
    discount_amount: Money | None = None
    discount_periods: Annotated[int, Field(ge=1, le=120)] | None = Field(
        default=None, description="the first periods of the line that the discount is for; all when left out"
    )
    vat_rate: Percent = Decimal("20.00")
    vat_category: Annotated[str, Field(pattern="^[A-Z]{1,2}$")] = "S"
    provider_code: Code | None = None
    service_kind: ServiceKind = ServiceKind.OTHER

    @model_validator(mode="after")
    def _amounts_make_sense(self) -> "LineDraft":
        if self.quantity <= 0 or self.quantity != self.quantity.quantize(Decimal("0.001")):
            raise refusal("INVALID_QUANTITY", "quantity must be above zero with at most three decimals; correct it")
        if self.quantity * self.unit_price_net.amount > _LARGEST_LINE:
            raise refusal("INVALID_AMOUNT", "a line costs at most 10000000.00 a period; correct quantity or price")
        if self.unit_price_net.amount < 0:
            raise refusal("NEGATIVE_PRICE", "unit_price_net is below zero; give zero or more")
        if self.discount_pct is not None and self.discount_amount is not None:
            raise refusal("TWO_DISCOUNTS", "give either discount_pct or discount_amount, not both")
        discounted = self.discount_pct is not None or self.discount_amount is not None
        if self.discount_periods is not None and (self.kind is LineKind.ONE_OFF or not discounted):
            raise refusal("INVALID_DISCOUNT", "discount_periods limits the discount of a recurring line; leave it out")
        if (self.kind is LineKind.ONE_OFF) != (self.billing_period is BillingFrequency.ONE_OFF) and (
            self.billing_period is not None
        ):
            raise refusal("INVALID_PERIOD", "billing_period ONE_OFF goes with kind ONE_OFF only; correct one of them")
        return self


class DraftTerms(Part):
    """The terms of a draft; what is left out takes the default of the regime."""

    type: ContractType = ContractType.SUBSCRIPTION
    legal_regime: LegalRegime | None = None
    client_kind: ContractClientKind | None = None
    sales_channel: SalesChannel = SalesChannel.DISTANCE
    withdrawal_exemption: WithdrawalExemption | None = None
    withdrawal_trigger: WithdrawalTrigger = WithdrawalTrigger.CONCLUSION
    source_channel: SourceChannel | None = None
    starts_on: date = Field(ge=date(2000, 1, 1), le=date(2100, 1, 1))
    term_kind: TermKind = TermKind.FIXED
    initial_term_months: Annotated[int, Field(ge=1, le=120)] | None = None
    ends_on: date | None = None
    commitment_months: Annotated[int, Field(ge=0, le=120)] = 0
    renewal_mode: RenewalMode | None = None
    renewal_term_months: Annotated[int, Field(ge=1, le=120)] = 12
    max_renewals: Annotated[int, Field(ge=0, le=100)] | None = None
    early_termination_policy: EarlyTerminationPolicy | None = None
    early_termination_fee_rate: Annotated[Rate, Field(ge=0, le=1)] = Decimal(1)
    notice_value: Annotated[int, Field(ge=0, le=365)] | None = None
    notice_unit: NoticeUnit = NoticeUnit.DAYS
    subsidised_device: bool = False
    billing_frequency: BillingFrequency = BillingFrequency.MONTHLY
    billing_mode: BillingMode = BillingMode.ADVANCE
    billing_anchor: BillingAnchor = BillingAnchor.ANNIVERSARY
    proration_method: ProrationMethod = ProrationMethod.ACTUAL_DAYS
    invoice_lead_days: Annotated[int, Field(ge=0, le=60)] | None = None
    payment_method: PaymentMethod = PaymentMethod.SEPA_DIRECT_DEBIT
    payment_terms_days: Annotated[int, Field(ge=0, le=365)] = 30
    payment_terms_id: UUID | None = Field(default=None, description="a payment term of clients; its days then count")
    mandate_scheme: MandateScheme | None = None
    bank_details_id: UUID | None = None
    preferred_debit_day: Annotated[int, Field(ge=1, le=28)] | None = None
    debit_slot: Code | None = None
    return_url: Annotated[str, Field(max_length=500, pattern=r"^https://\S+$"), PRINTABLE] | None = None
    billing_address_id: UUID | None = None
    sales_rep_id: UUID


class FreeFields(Part):
    """What the law does not care about: it may be written at any time; null clears it."""

    external_reference: Label | None = Field(default=None, description="a partner's number; unique in its company")
    title: Line | None = None
    description: Paragraph | None = None
    notes: Paragraph | None = Field(default=None, description="for the organisation only; never printed")


class CreateContract(FreeFields, Request[Contract]):
    """Draft a contract on a verified quote, or on lines typed by hand by someone allowed to."""

    id: UUID | None = Field(default=None, description="chosen by the client, so that repeating is safe")
    reference: Label | None = Field(default=None, description="made up when left out: CTR-2026-000001")
    client_id: UUID
    company_id: UUID | None = Field(default=None, description="the selling company; left out where there is only one")
    terms: DraftTerms
    price_quote_id: UUID | None = None
    lines: Annotated[tuple[LineDraft, ...], Field(max_length=100)] = ()
    provider_code: Code | None = Field(default=None, description="who delivers the recurring lines of the quote")
    service_kind: ServiceKind = ServiceKind.OTHER

    @model_validator(mode="after")
    def _priced(self) -> "CreateContract":
        if self.price_quote_id is None and not self.lines:
            raise refusal("NO_PRICE", "give price_quote_id, or lines with their prices")
        return self


class UpdateContract(FreeFields, Request[Contract]):
    """Replace the terms of a draft, its lines, or both; later only the free fields and the seller may change."""

    contract_id: UUID
    expected_version: int
    terms: DraftTerms | None = None
    lines: Annotated[tuple[LineDraft, ...], Field(min_length=1, max_length=100)] | None = None
    price_quote_id: UUID | None = None
    sales_rep_id: UUID | None = Field(default=None, description="may change after the draft too")
    withdrawal_info_given_on: date | None = Field(
        default=None, description="the day the missing withdrawal form was given; moves the end of the right"
    )
