"""commercial, commissions: what a sale earned, and what could not be calculated."""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, model_validator

from messages.base import Event, Reply, Request
from messages.errors import INVALID_TRANSITION, NOT_FOUND
from messages.paging import Page, PageRequest
from messages.values.instants import Instant
from messages.values.money import Amount, Money
from messages.values.numbers import Rate
from messages.values.refusal import refusal
from messages.values.text import Code, Label

COMMISSION_NOT_FOUND = NOT_FOUND.specific("COMMISSION_NOT_FOUND", "Commission introuvable", "Commission not found")
CONTRACT_UNKNOWN = NOT_FOUND.specific("CONTRACT_UNKNOWN", "Contrat inconnu du commissionnement", "Contract unknown")
ISSUE_NOT_FOUND = NOT_FOUND.specific("CALCULATION_ISSUE_NOT_FOUND", "Anomalie introuvable", "Issue not found")
ENTRY_FROZEN = INVALID_TRANSITION.specific(
    "ENTRY_FROZEN", "Commission validée : non modifiable", "A validated commission cannot change"
)

Period = Annotated[str, Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$", examples=["2025-03"])]
"""A calendar month of the organisation's time zone."""


class CommissionKind(StrEnum):
    """What a commission entry is."""

    INITIAL = "INITIAL"
    RECURRING = "RECURRING"
    REGULARISATION = "REGULARISATION"
    ADJUSTMENT = "ADJUSTMENT"


class CommissionStatus(StrEnum):
    """Where an entry stands; VALIDATED and later are frozen."""

    ACCRUED = "ACCRUED"
    PAYABLE = "PAYABLE"
    ON_HOLD = "ON_HOLD"
    VALIDATED = "VALIDATED"
    PAID = "PAID"
    CLAWED_BACK = "CLAWED_BACK"
    CANCELLED = "CANCELLED"
    SUPERSEDED = "SUPERSEDED"


class HoldReason(StrEnum):
    """Why an entry waits."""

    CONTRACT_SUSPENDED = "CONTRACT_SUSPENDED"
    INSTALMENT_REVERSED = "INSTALMENT_REVERSED"
    RECURRENCE_SUSPENDED = "RECURRENCE_SUSPENDED"


class RightStatus(StrEnum):
    """Whether later collections still earn."""

    PENDING = "PENDING"
    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    ENDED = "ENDED"
    CANCELLED = "CANCELLED"


class IssueKind(StrEnum):
    """What kept a commission from being calculated."""

    NO_PLAN = "NO_PLAN"
    AMBIGUOUS_PLAN = "AMBIGUOUS_PLAN"
    REP_MISSING = "REP_MISSING"
    REP_INACTIVE = "REP_INACTIVE"
    CURRENCY_MISMATCH = "CURRENCY_MISMATCH"


class IssueStatus(StrEnum):
    """Whether the issue still waits."""

    OPEN = "OPEN"
    RESOLVED = "RESOLVED"


# -- references that events carry --------------------------------------------------------------------------------


class CommissionRef(Reply):
    """A commission entry as facts name it."""

    entry_id: UUID
    reference: str
    kind: CommissionKind
    contract_id: UUID | None
    contract_line_id: UUID | None = None
    rep_id: UUID
    company_id: UUID
    amount: Money
    base: Money
    rate: Rate | None = None
    plan_id: UUID | None
    plan_version_no: int | None
    period: Period
    status: CommissionStatus


class RecurringRightRef(Reply):
    """A recurring right as facts name it."""

    right_id: UUID
    contract_id: UUID
    contract_line_id: UUID
    rep_id: UUID
    reason: str
    on: date


# -- replies -----------------------------------------------------------------------------------------------------


class Commission(CommissionRef):
    """A commission entry with the steps of its calculation, in order."""

    component: str
    trigger: str
    accrual_date: date
    invoice_id: UUID | None = None
    billing_instalment_id: UUID | None = None
    hold_reason: HoldReason | None = None
    clawed_back: Money
    regularised: Money
    revision: int
    supersedes_id: UUID | None = None
    statement_id: UUID | None = None
    cancel_reason: str | None = None
    calculation: tuple[dict[str, Any], ...] = ()
    created_at: Instant
    version: int


class CommissionPage(Page[Commission]):
    """Commissions, newest first."""


class Commissions(Reply):
    """The commissions a calculation made."""

    entries: tuple[Commission, ...]


class RecurringRight(Reply):
    """What later collections of a contract line earn."""

    right_id: UUID
    contract_id: UUID
    contract_line_id: UUID
    rep_id: UUID
    plan_id: UUID
    first_month: int
    duration_months: int | None = None
    status: RightStatus
    status_reason: str | None = None


class RecurringRightPage(Page[RecurringRight]):
    """Recurring rights."""


class CalculationIssue(Reply):
    """A commission that could not be calculated; it is tried again every hour."""

    issue_id: UUID
    kind: IssueKind
    contract_id: UUID
    contract_line_id: UUID | None = None
    rep_id: UUID | None = None
    detail: str
    status: IssueStatus
    attempts: int


class CalculationIssuePage(Page[CalculationIssue]):
    """Issues, oldest first."""


class CommissionSettings(Reply):
    """How the organisation commissions."""

    qc_required: bool
    adjustment_approval: Amount
    statement_prefix: str
    statement_day: int
    version: int


# -- requests ----------------------------------------------------------------------------------------------------


class CalculateCommission(Request[Commissions], resource="commission"):
    """Calculate what a contract has earned and does not have yet; repeating changes nothing."""

    contract_id: UUID
    on_date: date | None = None


class GetCommission(Request[Commission], query=True):
    """One entry by id or reference."""

    entry_id: UUID | None = None
    reference: Code | None = None

    @model_validator(mode="after")
    def _one_key(self) -> "GetCommission":
        if (self.entry_id is None) == (self.reference is None):
            raise refusal("ONE_KEY", "give either entry_id or reference")
        return self


class ListCommissions(PageRequest, Request[CommissionPage], query=True, resource="commission"):
    """The entries of the organisation; a representative sees his own."""

    rep_id: UUID | None = None
    contract_id: UUID | None = None
    company_id: UUID | None = None
    period: Period | None = None
    kind: CommissionKind | None = None
    status: tuple[CommissionStatus, ...] = ()


class CreateAdjustment(Request[Commission], resource="commission"):
    """Give or take an amount by hand; a negative one counts like a clawback in the statement."""

    rep_id: UUID
    company_id: UUID
    contract_id: UUID | None = None
    amount: Money
    period: Period
    reason: Annotated[Label, Field(min_length=5)]

    @model_validator(mode="after")
    def _amount_is_not_zero(self) -> "CreateAdjustment":
        if self.amount.amount == Decimal(0):
            raise refusal("AMOUNT_ZERO", "an adjustment of zero changes nothing; give another amount")
        return self


class CancelCommission(Request[Commission], resource="commission"):
    """Cancel an entry that no statement froze."""

    entry_id: UUID
    reason: Label


class ListRecurringRights(PageRequest, Request[RecurringRightPage], query=True, resource="commission"):
    """Which contract lines earn with each collection."""

    contract_id: UUID | None = None
    rep_id: UUID | None = None
    status: RightStatus | None = None


class ListCalculationIssues(
    PageRequest, Request[CalculationIssuePage], query=True, permission="commercial:commission:read"
):
    """What could not be calculated, and why."""

    status: IssueStatus | None = IssueStatus.OPEN
    contract_id: UUID | None = None


class RetryCalculationIssue(Request[CalculationIssue], permission="commercial:commission:calculate"):
    """Try again now."""

    issue_id: UUID


class GetCommissionSettings(Request[CommissionSettings], query=True):
    """The settings."""


class UpdateCommissionSettings(Request[CommissionSettings]):
    """Change the settings; a field left out stays."""

    expected_version: int
    qc_required: bool | None = None
    adjustment_approval: Annotated[Amount, Field(ge=0)] | None = None
    statement_prefix: Annotated[str, Field(pattern=r"^[A-Z]{1,8}$")] | None = None
    statement_day: Annotated[int, Field(ge=1, le=28)] | None = None


# -- events ------------------------------------------------------------------------------------------------------


class CommissionCalculated(CommissionRef, Event, aggregate="commission", aggregate_id="entry_id"):
    """An entry exists."""


class CommissionBecamePayable(CommissionRef, Event, aggregate="commission", aggregate_id="entry_id"):
    """The entry may enter a statement."""


class CommissionHeld(CommissionRef, Event, aggregate="commission", aggregate_id="entry_id"):
    """The entry waits."""

    reason: str


class CommissionCancelled(CommissionRef, Event, aggregate="commission", aggregate_id="entry_id"):
    """The entry is no longer due."""

    reason: str


class CommissionSuperseded(CommissionRef, Event, aggregate="commission", aggregate_id="entry_id"):
    """Another entry replaces this one."""

    superseded_by: UUID


class CommissionPaid(CommissionRef, Event, aggregate="commission", aggregate_id="entry_id"):
    """The entry was paid with its statement."""

    statement_id: UUID


class CommissionRegularised(CommissionRef, Event, aggregate="commission", aggregate_id="entry_id"):
    """Something taken back is given again, by a new entry."""

    clawback_id: UUID


class CommissionCalculationFailed(Event, aggregate="commission_calculation", aggregate_id="issue_id"):
    """A commission could not be calculated."""

    issue_id: UUID
    kind: IssueKind
    contract_id: UUID | None = None
    rep_id: UUID | None = None
    detail: str


class RecurringRightSuspended(RecurringRightRef, Event, aggregate="recurring_right", aggregate_id="right_id"):
    """Collections earn on hold only."""


class RecurringRightResumed(RecurringRightRef, Event, aggregate="recurring_right", aggregate_id="right_id"):
    """Collections earn again."""


class RecurringRightEnded(RecurringRightRef, Event, aggregate="recurring_right", aggregate_id="right_id"):
    """Later collections earn nothing more."""
