"""Recovery: cases of unpaid receivables, the attempts to collect them again, reminders, and what it asks of others."""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import Field

from messages.base import Reply, Request
from messages.paging import Page, PageRequest
from messages.payments.charges import RecoveryCharge
from messages.payments.notices import FormalNotice
from messages.payments.recovery_vocabulary import (
    CaseCloseReason,
    CasePauseReason,
    CustomerType,
    RecoveryCaseStatus,
    RecoveryItemStatus,
    ReminderChannel,
    ReminderStatus,
    RetryAttemptStatus,
    RetryEligibility,
    RetryPlanStatus,
    ServiceState,
    SuspensionStatus,
)
from messages.payments.vocabulary import RiskLevel, Standing
from messages.values.instants import Instant
from messages.values.money import Money
from messages.values.text import Label, Line

# -- what they look like -------------------------------------------------------------------------------------------


class CaseRef(Reply):
    """A recovery case: what one client owes at one company on one contract."""

    case_id: UUID
    number: str
    company_id: UUID
    client_id: UUID
    contract_id: UUID | None = None
    status: RecoveryCaseStatus
    level: int
    service_state: ServiceState
    episode: int
    outstanding: Money
    rejection_count: int


class RecoveryItem(Reply):
    """One late receivable of a case."""

    item_id: UUID
    instalment_id: UUID
    invoice_id: UUID | None
    due_date: date
    principal: Money
    outstanding: Money
    status: RecoveryItemStatus
    last_reason_code: str
    defaulted_on: date | None
    disputed_on: date | None = None


class DunningStepDone(Reply):
    """A step of the ladder that was executed or skipped."""

    episode: int
    step_code: str
    skipped: bool
    executed_at: Instant


class RetryRef(Reply):
    """The attempts to collect one receivable again."""

    plan_id: UUID
    item_id: UUID
    case_id: UUID
    original_payment_id: UUID
    client_id: UUID
    contract_id: UUID | None = None
    invoice_id: UUID | None = None
    amount: Money
    status: RetryPlanStatus


class RetryAttempt(Reply):
    """One new presentation."""

    attempt_id: UUID
    attempt_number: int
    planned_collection_date: date
    submit_at: Instant
    status: RetryAttemptStatus
    payment_id: UUID | None
    amount: Money | None
    new_reason_code: str | None


class Reminder(Reply):
    """A message to a debtor."""

    reminder_id: UUID
    case_id: UUID
    client_id: UUID
    step_code: str | None
    channel: ReminderChannel
    template_key: str
    planned_at: Instant
    requested_at: Instant | None
    sent_at: Instant | None
    status: ReminderStatus
    skip_reason: str | None
    error_code: str | None
    created_at: Instant
    version: int


class RetryPlan(RetryRef):
    """A plan with its attempts; `reminders` is what the debtor was told since it was made, only by GetRetryPlan."""

    reason_code: str
    first_rejection: date
    eligibility: RetryEligibility
    max_attempts: int
    resolution_reason: str | None
    attempts: tuple[RetryAttempt, ...] = ()
    reminders: tuple[Reminder, ...] = ()
    created_at: Instant
    version: int


class RetryPlanPage(Page[RetryPlan]):
    """Plans, newest first, without their attempts."""


class ReminderPage(Page[Reminder]):
    """Reminders, newest first."""


class SuspensionOrder(Reply):
    """An order to cut a service, and its way back."""

    request_id: UUID
    case_id: UUID
    contract_id: UUID
    status: SuspensionStatus
    requested_at: Instant
    confirmed_at: Instant | None
    lift_requested_at: Instant | None
    tries: int
    created_at: Instant
    version: int


class SuspensionOrderPage(Page[SuspensionOrder]):
    """Orders to cut a service, newest first."""


class CaseNote(Reply):
    """What a collaborator wrote about a case."""

    text: str
    written_by: str
    written_at: Instant


class RecoveryCase(CaseRef):
    """A case; what belongs to it only where one case is asked for, notes and reminders only by GetRecoveryCase."""

    customer_type: CustomerType
    opened_on: date
    retries_exhausted: bool
    next_step_due_at: Instant | None
    pause_reason: CasePauseReason | None
    paused_until: date | None
    close_reason: CaseCloseReason | None
    assigned_to: UUID | None
    items: tuple[RecoveryItem, ...] = ()
    plans: tuple[RetryPlan, ...] = ()
    steps: tuple[DunningStepDone, ...] = ()
    charges: tuple[RecoveryCharge, ...] = ()
    notices: tuple[FormalNotice, ...] = ()
    suspensions: tuple[SuspensionOrder, ...] = ()
    notes: tuple[CaseNote, ...] = ()
    reminders: tuple[Reminder, ...] = ()
    created_at: Instant
    version: int


class RecoveryCasePage(Page[RecoveryCase]):
    """Cases, newest first."""


class QuotedItem(Reply):
    """What one receivable adds to the amount that ends a case."""

    item_id: UUID
    due_date: date
    principal: Money
    interest: Money
    indemnity: Money
    fees: Money


class RecoveryQuote(Reply):
    """The amount that ends a case; a consumer owes no cost of recovery (CPCE, art. L111-8).

    `provisional`: the rate of a half-year is not published yet, the interest was counted with the last one.
    """

    case_id: UUID
    as_of: date
    principal: Money
    interest: Money
    indemnities: Money
    fees: Money
    total: Money
    consumer: bool
    provisional: bool
    items: tuple[QuotedItem, ...]


class ClientStanding(Reply):
    """How a client pays, and how likely the next debit fails."""

    client_id: UUID
    standing: Standing
    risk: RiskLevel
    outstanding: Money
    open_cases: tuple[UUID, ...]


# -- requests ------------------------------------------------------------------------------------------------------

_READ, _WRITE = "payments:recovery:read", "payments:recovery:write"


class GetRetryPlan(Request[RetryPlan], query=True, permission=_READ):
    """One plan with its attempts and its reminders."""

    plan_id: UUID


class ListRetryPlans(PageRequest, Request[RetryPlanPage], query=True, permission=_READ):
    """Plans by client, contract, case, state, day of the first rejection and day of the next debit, ends included."""

    client_id: UUID | None = None
    contract_id: UUID | None = None
    case_id: UUID | None = None
    status: tuple[RetryPlanStatus, ...] = ()
    rejected_from: date | None = None
    rejected_to: date | None = None
    collection_from: date | None = None
    collection_to: date | None = None


class CancelRetryPlan(Request[RetryPlan], permission=_WRITE):
    """Stop presenting a receivable again and what waits to announce it; the case goes on."""

    plan_id: UUID
    reason: Annotated[Line, Field(min_length=3)]


class GetReminder(Request[Reminder], query=True, permission=_READ):
    """One reminder."""

    reminder_id: UUID


class ListReminders(PageRequest, Request[ReminderPage], query=True, permission=_READ):
    """Reminders by case, client, channel, state and planned hour, ends included."""

    case_id: UUID | None = None
    client_id: UUID | None = None
    channel: ReminderChannel | None = None
    status: tuple[ReminderStatus, ...] = ()
    planned_from: Instant | None = None
    planned_to: Instant | None = None


class CancelReminder(Request[Reminder], permission=_WRITE):
    """Keep a reminder from leaving."""

    reminder_id: UUID
    reason: Label


class GetRecoveryCase(Request[RecoveryCase], query=True, permission=_READ):
    """One case with all that belongs to it, and its newest hundred notes and reminders."""

    case_id: UUID


class ListRecoveryCases(PageRequest, Request[RecoveryCasePage], query=True, permission=_READ):
    """Cases by client, contract, company, state and level, and by what makes one urgent.

    `overdue_days`: something still owed was due at least so many days ago; `min_outstanding` is in the case's currency.
    """

    client_id: UUID | None = None
    contract_id: UUID | None = None
    company_id: UUID | None = None
    assigned_to: UUID | None = None
    status: tuple[RecoveryCaseStatus, ...] = ()
    service_state: ServiceState | None = None
    level: Annotated[int, Field(ge=0, le=4)] | None = None
    min_outstanding: Money | None = None
    overdue_days: Annotated[int, Field(ge=1, le=3650)] | None = None
    risk: RiskLevel | None = None


class AssignRecoveryCase(Request[RecoveryCase], permission=_WRITE):
    """Give a case to a collaborator, or to nobody."""

    case_id: UUID
    assigned_to: UUID | None
    expected_version: int | None = None


class AddCaseNote(Request[RecoveryCase], permission=_WRITE):
    """Write something about a case that colleagues should know."""

    case_id: UUID
    text: Annotated[str, Field(min_length=1, max_length=2000)]


class PauseRecoveryCase(Request[RecoveryCase], permission=_WRITE):
    """Leave a debtor alone until a date, at most 90 days ahead."""

    case_id: UUID
    reason: Label
    until: date
    expected_version: int | None = None


class ResumeRecoveryCase(Request[RecoveryCase], permission=_WRITE):
    """Go on with a paused case."""

    case_id: UUID
    expected_version: int | None = None


class CloseRecoveryCase(Request[RecoveryCase], permission=_WRITE):
    """End a case by hand; while something is owed only as an error, time-barred, ceded or deceased."""

    case_id: UUID
    reason: CaseCloseReason
    expected_version: int | None = None


class QuoteRecoveryAmount(Request[RecoveryQuote], query=True, permission=_READ):
    """What ends a case on a day, today if none is given; payments to come are not foreseen."""

    case_id: UUID
    as_of: date | None = None


class RequestSuspension(Request[SuspensionOrder], permission=_WRITE):
    """Cut the service of a case now; a warning must have left 48 hours ago, and the hour must be one at which cuts are made."""

    case_id: UUID


class RequestReactivation(Request[SuspensionOrder], permission=_WRITE):
    """Restore the service of a case although something is still owed."""

    case_id: UUID
    reason: Label


class ListSuspensionRequests(PageRequest, Request[SuspensionOrderPage], query=True, permission=_READ):
    """Orders to cut a service, by case, contract and state."""

    case_id: UUID | None = None
    contract_id: UUID | None = None
    status: tuple[SuspensionStatus, ...] = ()


class GetPaymentStanding(Request[ClientStanding], query=True, permission=_READ):
    """How a client pays."""

    client_id: UUID
