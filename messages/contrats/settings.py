"""contrats: what an organisation decides for all its contracts."""

from datetime import date
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from pydantic import Field

from messages.base import Part, Reply, Request
from messages.contrats.states import Gate
from messages.contrats.terms import (
    BillingAnchor,
    BillingFrequency,
    BillingMode,
    ContractType,
    NoticeUnit,
    PaymentMethod,
    ProrationMethod,
    RenewalMode,
)
from messages.values.numbers import Rate
from messages.values.text import Code

_MONTH_DAY = Annotated[str, Field(pattern=r"^(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$")]


class NoCutPeriod(Part):
    """Days of each year on which a consumer's service of that type is not cut: `11-01` to `03-31`, both included."""

    type: ContractType
    first: _MONTH_DAY
    last: _MONTH_DAY


class ContractDefaults(Part):
    """What a draft gets for the terms that were left out; the law of its regime is checked all the same."""

    commitment_months: Annotated[int, Field(ge=0, le=120)] = 0
    initial_term_months: Annotated[int, Field(ge=1, le=120)] = 12
    renewal_mode: RenewalMode = RenewalMode.TACIT
    renewal_term_months: Annotated[int, Field(ge=1, le=120)] = 12
    early_termination_fee_rate: Annotated[Rate, Field(ge=0, le=1)] = Decimal(1)
    notice_value: Annotated[int, Field(ge=0, le=365)] = 30
    notice_unit: NoticeUnit = NoticeUnit.DAYS
    billing_frequency: BillingFrequency = BillingFrequency.MONTHLY
    billing_mode: BillingMode = BillingMode.ADVANCE
    billing_anchor: BillingAnchor = BillingAnchor.ANNIVERSARY
    proration_method: ProrationMethod = ProrationMethod.ACTUAL_DAYS
    invoice_lead_days: Annotated[int, Field(ge=0, le=60)] = Field(
        default=15, description="for debits billed in advance; 0 for every other way of paying"
    )
    payment_method: PaymentMethod = PaymentMethod.SEPA_DIRECT_DEBIT
    payment_terms_days: Annotated[int, Field(ge=0, le=365)] = 30


class ContractSettings(Reply):
    """The choices of an organisation, or of one of its companies; what nobody set has its default."""

    company_id: UUID | None = Field(default=None, description="whose choices these are; null: the organisation's")
    defaults: ContractDefaults = ContractDefaults()
    required_gates: frozenset[Gate] = frozenset(Gate)
    free_contract: bool = Field(default=False, description="a contract may cost nothing")
    reference_prefix: str = "CTR"
    bill_while_suspended: bool = False
    collect_during_withdrawal: bool = False
    cancel_on_rejection: bool = False
    telecom_fee_cap: Rate = Decimal("0.20")
    no_cut_periods: tuple[NoCutPeriod, ...] = ()
    accounts_closed_until: date | None = None


class GetContractSettings(Request[ContractSettings], query=True, permission="contrats:settings:read"):
    """What the organisation decided; with company_id what counts for that company."""

    company_id: UUID | None = None


class UpdateContractSettings(Request[ContractSettings], permission="contrats:settings:write"):
    """Decide anew, for all companies or for one; what is left out stays, and a company follows in what it did not decide."""

    company_id: UUID | None = None
    defaults: ContractDefaults | None = Field(default=None, description="fields that are not sent stay")
    required_gates: frozenset[Gate] | None = None
    free_contract: bool | None = None
    reference_prefix: Annotated[Code, Field(max_length=20)] | None = None
    bill_while_suspended: bool | None = None
    collect_during_withdrawal: bool | None = None
    cancel_on_rejection: bool | None = None
    telecom_fee_cap: Annotated[Rate, Field(ge=0, le=1)] | None = None
    no_cut_periods: Annotated[tuple[NoCutPeriod, ...], Field(max_length=20)] | None = None
    accounts_closed_until: date | None = None
