"""What recovery costs a professional debtor: fees of failed debits, late interest and the fixed indemnity; a consumer, nothing."""

from datetime import date
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field, model_validator

from messages.base import Event, Reply, Request
from messages.paging import Page, PageRequest
from messages.payments.recovery_vocabulary import CustomerType
from messages.values.instants import Instant
from messages.values.money import Money
from messages.values.numbers import Percent
from messages.values.refusal import refusal
from messages.values.text import Label


class ChargeType(StrEnum):
    """What a charge is for."""

    REJECTION_FEE = "REJECTION_FEE"
    FIXED_INDEMNITY = "FIXED_INDEMNITY"
    LATE_INTEREST = "LATE_INTEREST"


class ChargeStatus(StrEnum):
    """The life of a charge. INVOICED: the debt is paid and billing was asked for a debit note."""

    RAISED = "RAISED"
    INVOICED = "INVOICED"
    WAIVED = "WAIVED"


class ChargeVat(StrEnum):
    """O: a compensation, outside the scope of VAT; S: a service at the standard rate."""

    OUTSIDE = "O"
    STANDARD = "S"


class ChargeRef(Reply):
    """A charge of a case."""

    charge_id: UUID
    case_id: UUID
    client_id: UUID
    company_id: UUID
    contract_id: UUID | None = None
    invoice_id: UUID | None = None
    type: ChargeType
    amount: Money
    legal_basis: str
    vat_category: ChargeVat
    vat_rate: Percent | None = None


class RecoveryCharge(ChargeRef):
    """A charge and what became of it."""

    item_id: UUID
    status: ChargeStatus
    created_at: Instant
    version: int


class RecoveryChargePage(Page[RecoveryCharge]):
    """Charges, newest first."""


class FeeRule(Reply):
    """What a failed debit costs a professional of a scope, as his contract says."""

    id: UUID
    company_id: UUID | None
    product_code: str | None
    customer_type: CustomerType
    amount_incl_tax: Money
    vat_category: ChargeVat
    contract_clause_ref: str | None
    max_per_case: int
    valid_from: date
    valid_to: date | None
    is_active: bool
    created_at: Instant
    version: int


class FeeRulePage(Page[FeeRule]):
    """Fee rules, newest first."""


_READ, _WRITE = "payments:recovery:read", "payments:recovery:write"
_ADMIN = "payments:recovery_admin:write"

FeeAmount = Annotated[Money, Field(description="including VAT, if any")]


class CreateFeeRule(Request[FeeRule], permission=_ADMIN):
    """Charge failed debits of professionals; CONSUMER_FEE_FORBIDDEN for anybody else (CPCE, art. L111-8)."""

    company_id: UUID | None = None
    product_code: Annotated[str, Field(min_length=1, max_length=60)] | None = None
    customer_type: CustomerType
    amount_incl_tax: FeeAmount
    vat_category: ChargeVat = ChargeVat.OUTSIDE
    contract_clause_ref: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    max_per_case: Annotated[int, Field(ge=1, le=10)] = 2
    valid_from: date
    valid_to: date | None = None

    @model_validator(mode="after")
    def _consistent(self) -> "CreateFeeRule":
        if self.amount_incl_tax.amount < 0:
            raise refusal("AMOUNT_NEGATIVE", "a fee is not negative; give 0.00 or more")
        if self.amount_incl_tax.amount > 0 and self.contract_clause_ref is None:
            raise refusal("CLAUSE_MISSING", "a fee needs the clause of the contract that agrees it; name it")
        if self.valid_to is not None and self.valid_to < self.valid_from:
            raise refusal("PERIOD_REVERSED", "valid_to lies before valid_from; exchange them")
        return self


class UpdateFeeRule(Request[FeeRule], permission=_ADMIN):
    """Change how long or how often a fee is charged; another amount is another rule."""

    rule_id: UUID
    expected_version: int
    max_per_case: Annotated[int, Field(ge=1, le=10)] | None = None
    valid_to: date | None = None


class ArchiveFeeRule(Request[FeeRule], permission=_ADMIN):
    """Charge no further fee by a rule; those that were raised stay."""

    rule_id: UUID


class ListFeeRules(PageRequest, Request[FeeRulePage], query=True, permission=_READ):
    """Fee rules; a company's list also has those of the whole organisation."""

    company_id: UUID | None = None
    active_only: bool = False


class ListRecoveryCharges(PageRequest, Request[RecoveryChargePage], query=True, permission=_READ):
    """Charges by case, client and state."""

    case_id: UUID | None = None
    client_id: UUID | None = None
    status: tuple[ChargeStatus, ...] = ()


class WaiveRecoveryCharge(Request[RecoveryCharge], permission=_WRITE):
    """Do without a charge that was not billed yet."""

    charge_id: UUID
    reason: Label


class RecoveryChargeRaised(ChargeRef, Event, aggregate="recovery_charge", aggregate_id="charge_id"):
    """A professional debtor owes more than the principal."""


class RecoveryChargeWaived(Event, aggregate="recovery_charge", aggregate_id="charge_id"):
    """The charge is not asked for any more."""

    charge_id: UUID
    case_id: UUID
    reason: str


class RecoveryChargeInvoicingRequested(ChargeRef, Event, aggregate="recovery_charge", aggregate_id="charge_id"):
    """The debt is paid; what it cost is to be billed with a debit note."""
