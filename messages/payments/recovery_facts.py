"""Recovery: what it states about cases, attempts and reminders, and what it asks people to do."""

from datetime import date
from uuid import UUID

from messages.base import Event, Reply
from messages.payments.recovery import CaseRef, RetryRef
from messages.payments.recovery_vocabulary import (
    CaseCloseReason,
    ReminderChannel,
    RetryEligibility,
    StaffAction,
    TaskPriority,
)
from messages.payments.vocabulary import ReasonCategory
from messages.shared import LetterOrder
from messages.values.instants import Instant


class RecoveryCaseOpened(CaseRef, Event, aggregate="recovery_case", aggregate_id="case_id"):
    """A debt is being recovered."""


class RecoveryCaseEscalated(CaseRef, Event, aggregate="recovery_case", aggregate_id="case_id"):
    """The case climbed to a higher level."""

    from_level: int
    step_code: str


class RecoveryCasePaused(CaseRef, Event, aggregate="recovery_case", aggregate_id="case_id"):
    """Nothing happens to the case for now."""

    reason: str
    until: date | None = None


class RecoveryCaseResumed(CaseRef, Event, aggregate="recovery_case", aggregate_id="case_id"):
    """The case goes on."""


class RecoveryCaseClosed(CaseRef, Event, aggregate="recovery_case", aggregate_id="case_id"):
    """Nothing is owed any more, or nobody asks for it."""

    close_reason: CaseCloseReason


class RecoveryCaseReopened(CaseRef, Event, aggregate="recovery_case", aggregate_id="case_id"):
    """Money that closed the case was taken back; the level is kept."""


class RetryPlanCreated(RetryRef, Event, aggregate="retry_plan", aggregate_id="plan_id"):
    """A failed debit may be presented again, or the reason why not."""

    eligibility: RetryEligibility
    category: ReasonCategory
    max_attempts: int


class RetryPlanExhausted(RetryRef, Event, aggregate="retry_plan", aggregate_id="plan_id"):
    """No further presentation will come."""

    attempts: int


class RetryPlanCancelled(RetryRef, Event, aggregate="retry_plan", aggregate_id="plan_id"):
    """Presenting was stopped."""

    reason: str


class RetryAttemptScheduled(RetryRef, Event, aggregate="retry_attempt", aggregate_id="attempt_id"):
    """The debtor will be debited again on that date."""

    attempt_id: UUID
    attempt_number: int
    planned_collection_date: date


class RetryAttemptExecuted(RetryRef, Event, aggregate="retry_attempt", aggregate_id="attempt_id"):
    """The debit was presented again."""

    attempt_id: UUID
    attempt_number: int
    payment_id: UUID


class RetryAttemptSucceeded(RetryRef, Event, aggregate="retry_attempt", aggregate_id="attempt_id"):
    """The second presentation brought the money."""

    attempt_id: UUID
    attempt_number: int
    payment_id: UUID


class RetryAttemptFailed(RetryRef, Event, aggregate="retry_attempt", aggregate_id="attempt_id"):
    """It failed again, or its money was taken back."""

    attempt_id: UUID
    attempt_number: int
    new_rejection_code: str | None
    has_more_attempts: bool
    next_collection_date: date | None


class RetryAttemptCancelled(RetryRef, Event, aggregate="retry_attempt", aggregate_id="attempt_id"):
    """The presentation will not take place."""

    attempt_id: UUID
    reason: str


class ReminderRef(Reply):
    """A message to a debtor."""

    reminder_id: UUID
    case_id: UUID
    client_id: UUID
    channel: ReminderChannel


class ReminderPlanned(ReminderRef, Event, aggregate="reminder", aggregate_id="reminder_id"):
    """A message will leave at that instant."""

    planned_at: Instant


class ReminderRequested(ReminderRef, Event, aggregate="reminder", personal=True, aggregate_id="reminder_id"):
    """The order to send now."""

    company_id: UUID
    contract_id: UUID | None = None
    invoice_id: UUID | None = None
    template_key: str
    variables: dict[str, str]
    locale: str = "fr"
    category: str = "DUNNING"
    payment_url: str | None = None


class ReminderSent(ReminderRef, Event, aggregate="reminder", aggregate_id="reminder_id"):
    """The message left."""

    sent_at: Instant


class ReminderFailed(ReminderRef, Event, aggregate="reminder", aggregate_id="reminder_id"):
    """The message did not reach the debtor."""

    error_code: str


class ReminderCancelled(ReminderRef, Event, aggregate="reminder", aggregate_id="reminder_id"):
    """The message is not needed any more."""

    reason: str


class DunningActionRequested(Event, aggregate="dunning_action", personal=True, aggregate_id="action_id"):
    """Recovery wants work done by people."""

    action_id: UUID
    action: StaffAction
    step_code: str | None = None
    case_id: UUID
    title: str
    description: str | None = None
    priority: TaskPriority
    due_at: Instant | None = None
    assignee_id: UUID | None = None
    queue_role: str | None = None
    company_id: UUID
    client_id: UUID
    contract_id: UUID | None = None
    invoice_id: UUID | None = None
    notice_id: UUID | None = None
    document_id: UUID | None = None
    letter: LetterOrder | None = None
