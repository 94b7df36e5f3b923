"""Recovery policies: when a failed debit is presented again, how a debtor is reminded, which ladder a case climbs."""

from decimal import Decimal
from typing import Annotated
from uuid import UUID

from pydantic import Field, model_validator

from messages.base import Part, Reply, Request
from messages.paging import Page, PageRequest
from messages.payments.recovery_vocabulary import (
    ActionKind,
    ChargeMode,
    CustomerType,
    GuardKind,
    ReminderChannel,
    RetryAnchor,
    StepTrigger,
    TaskPriority,
)
from messages.values.instants import Instant
from messages.values.refusal import refusal
from messages.values.text import Label

Days = Annotated[int, Field(ge=1, le=90)]
ReasonCodes = Annotated[tuple[Annotated[str, Field(pattern="^[A-Z0-9]{2,8}$")], ...], Field(max_length=50)]


class PolicyScope(Part):
    """Whom a policy is for; an empty field means anyone."""

    company_id: UUID | None = None
    product_code: Annotated[str, Field(min_length=1, max_length=60)] | None = None
    channel: Annotated[str, Field(min_length=1, max_length=40)] | None = None
    payment_method: Annotated[str, Field(min_length=1, max_length=40)] | None = None
    customer_type: CustomerType | None = None


class RetryTerms(Part):
    """When a failed debit is presented again. Delays are calendar days from the anchor, dates are TARGET days."""

    delays_days: Annotated[tuple[Days, ...], Field(min_length=1, max_length=10)] = (5, 10, 20)
    anchor: RetryAnchor = RetryAnchor.FIRST_REJECTION
    max_attempts: Annotated[int, Field(ge=1, le=5)] = 3
    max_total_days: Annotated[int, Field(ge=1, le=120)] = 30
    min_gap_days: Annotated[int, Field(ge=0, le=30)] = 2
    prenotification_days: Annotated[int, Field(ge=0, le=14)] = 2
    prenotification_clause_ref: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    cutoff_time: Annotated[str, Field(pattern="^([01][0-9]|2[0-3]):[0-5][0-9]$")] = "10:00"
    retry_on_insufficient_funds: bool = True
    retryable_codes: ReasonCodes = ()
    non_retryable_codes: ReasonCodes = ()

    @model_validator(mode="after")
    def _consistent(self) -> "RetryTerms":
        if any(later <= earlier for earlier, later in zip(self.delays_days, self.delays_days[1:], strict=False)):
            raise refusal("DELAYS_ORDER", "delays_days must rise, such as 5, 10, 20")
        if self.delays_days[-1] > self.max_total_days:
            raise refusal("DELAYS_WINDOW", "the last delay lies after max_total_days; raise it or drop the delay")
        if set(self.retryable_codes) & set(self.non_retryable_codes):
            raise refusal("CODES_OVERLAP", "a code is both retryable and non-retryable; keep it in one list")
        return self


class StepGuard(Part):
    """A condition of a step; `hours` and `step` belong to MESSAGE_SENT_BEFORE, `amount` to MIN_OUTSTANDING."""

    kind: GuardKind
    step: Annotated[str, Field(min_length=1, max_length=20)] | None = None
    hours: Annotated[int, Field(ge=0, le=720)] = 48
    amount: Annotated[Decimal, Field(ge=0, decimal_places=2)] = Decimal("0.00")
    customer_type: CustomerType | None = None


class StepAction(Part):
    """What a step does; channel and template belong to SEND_MESSAGE, title and priority to CREATE_TASK."""

    kind: ActionKind
    channel: ReminderChannel = ReminderChannel.EMAIL
    template_key: Annotated[str, Field(min_length=1, max_length=80)] | None = None
    title: Label | None = None
    priority: TaskPriority = TaskPriority.MEDIUM


class DunningStep(Part):
    """A rung of a ladder. `trigger_value`: rejections or days; `after_step` belongs to DAYS_AFTER_STEP."""

    code: Annotated[str, Field(pattern="^[A-Z0-9_]{1,20}$")]
    level: Annotated[int, Field(ge=0, le=4)]
    trigger: StepTrigger
    trigger_value: Annotated[int, Field(ge=0, le=365)] = 0
    after_step: str | None = None
    fallback_days: Annotated[int, Field(ge=1, le=365)] | None = None
    at_hour: Annotated[int, Field(ge=0, le=23)] = 9
    guards: Annotated[tuple[StepGuard, ...], Field(max_length=10)] = ()
    actions: Annotated[tuple[StepAction, ...], Field(min_length=1, max_length=20)]


class DunningTerms(Part):
    """A ladder: its steps in order, and what limits them."""

    steps: Annotated[tuple[DunningStep, ...], Field(min_length=1, max_length=20)]
    min_amount_to_dun: Annotated[Decimal, Field(ge=0, decimal_places=2)] = Decimal("5.00")
    suspension_notice_hours: Annotated[int, Field(ge=0, le=720)] = 48
    default_after_days: Annotated[int, Field(ge=1, le=365)] = 30
    reopen_window_days: Annotated[int, Field(ge=0, le=400)] = 60
    indemnity_mode: ChargeMode = Field(
        default=ChargeMode.AUTO, description="40 EUR per late invoice; never for consumers"
    )
    interest_mode: ChargeMode = Field(default=ChargeMode.AUTO, description="statutory rate; never for consumers")
    max_fees_per_case: Annotated[int, Field(ge=0, le=10)] = 2
    notice_deadline_days: Annotated[int, Field(ge=1, le=60)] | None = Field(
        default=None, description="left out: 8 days for businesses, else 15"
    )
    retry_policy_id: UUID | None = None

    @model_validator(mode="after")
    def _consistent(self) -> "DunningTerms":
        codes = [step.code for step in self.steps]
        if len(set(codes)) != len(codes):
            raise refusal("STEP_CODES", "two steps have the same code; give each its own")
        if any(later.level < earlier.level for earlier, later in zip(self.steps, self.steps[1:], strict=False)):
            raise refusal("STEP_LEVELS", "levels fall; order the steps by level")
        for index, step in enumerate(self.steps):
            if step.trigger is StepTrigger.DAYS_AFTER_STEP and step.after_step not in codes[:index]:
                raise refusal("STEP_UNKNOWN", f"step {step.code} follows a step that does not stand before it")
            _refuse_silent_cut(step, self.suspension_notice_hours)
            _refuse_termination_without_notice(step)
        return self


def _refuse_silent_cut(step: DunningStep, notice_hours: int) -> None:
    """A service is never cut without a warning that left long enough before (REGIME_VIOLATION of the spec's catalogue)."""
    cuts = any(action.kind is ActionKind.REQUEST_SUSPENSION for action in step.actions)
    warned = any(guard.kind is GuardKind.MESSAGE_SENT_BEFORE and guard.hours >= notice_hours for guard in step.guards)
    if cuts and not warned:
        raise refusal(
            "REGIME_VIOLATION",
            f"step {step.code} cuts without MESSAGE_SENT_BEFORE of at least {notice_hours} hours; add that guard",
        )


def _refuse_termination_without_notice(step: DunningStep) -> None:
    """A contract is ended for non-payment only after a formal notice whose deadline passed."""
    ends = any(action.kind is ActionKind.REQUEST_TERMINATION for action in step.actions)
    noticed = step.trigger is StepTrigger.NOTICE_DEADLINE_PASSED or any(
        guard.kind is GuardKind.NOTICE_DEADLINE_PASSED for guard in step.guards
    )
    if ends and not noticed:
        raise refusal(
            "REGIME_VIOLATION",
            f"step {step.code} ends the contract before a formal notice ran out; give it the trigger or the guard "
            "NOTICE_DEADLINE_PASSED",
        )


class RetryPolicy(Reply):
    """A stored retry policy."""

    id: UUID
    name: str
    scope: PolicyScope
    terms: RetryTerms
    priority: int
    is_default: bool
    is_active: bool
    created_at: Instant
    version: int


class RetryPolicyPage(Page[RetryPolicy]):
    """Retry policies, newest first."""


class DunningPolicy(Reply):
    """A stored ladder."""

    id: UUID
    code: str
    name: str
    scope: PolicyScope
    terms: DunningTerms
    priority: int
    is_default: bool
    is_active: bool
    created_at: Instant
    version: int


class DunningPolicyPage(Page[DunningPolicy]):
    """Ladders, newest first."""


class CreateRetryPolicy(Request[RetryPolicy], permission="payments:recovery_admin:write"):
    """Say when failed debits of a scope are presented again."""

    name: Label
    scope: PolicyScope = PolicyScope()
    terms: RetryTerms = RetryTerms()
    priority: Annotated[int, Field(ge=0, le=1000)] = 0
    is_default: bool = False


class UpdateRetryPolicy(Request[RetryPolicy], permission="payments:recovery_admin:write"):
    """Change a retry policy; plans that run keep the terms they began with."""

    policy_id: UUID
    expected_version: int
    name: Label | None = None
    terms: RetryTerms | None = None
    priority: Annotated[int, Field(ge=0, le=1000)] | None = None
    is_active: bool | None = None


class GetRetryPolicy(Request[RetryPolicy], query=True, permission="payments:recovery:read"):
    """One retry policy."""

    policy_id: UUID


class ListRetryPolicies(PageRequest, Request[RetryPolicyPage], query=True, permission="payments:recovery:read"):
    """Retry policies; a company's list also has those of the whole organisation."""

    company_id: UUID | None = None
    active_only: bool = False


class CreateDunningPolicy(Request[DunningPolicy], permission="payments:recovery_admin:write"):
    """Give the cases of a scope a ladder."""

    code: Annotated[str, Field(pattern="^[A-Z0-9_]{1,40}$")]
    name: Label
    scope: PolicyScope = PolicyScope()
    terms: DunningTerms
    priority: Annotated[int, Field(ge=0, le=1000)] = 0
    is_default: bool = False


class UpdateDunningPolicy(Request[DunningPolicy], permission="payments:recovery_admin:write"):
    """Change a ladder; open cases keep the one they began with."""

    policy_id: UUID
    expected_version: int
    name: Label | None = None
    terms: DunningTerms | None = None
    priority: Annotated[int, Field(ge=0, le=1000)] | None = None
    is_active: bool | None = None


class GetDunningPolicy(Request[DunningPolicy], query=True, permission="payments:recovery:read"):
    """One ladder."""

    policy_id: UUID


class ListDunningPolicies(PageRequest, Request[DunningPolicyPage], query=True, permission="payments:recovery:read"):
    """Ladders; a company's list also has those of the whole organisation."""

    company_id: UUID | None = None
    active_only: bool = False
