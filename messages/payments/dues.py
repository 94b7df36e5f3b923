"""What is due: schedules, their instalments, and the runs that collect them."""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import Field, model_validator

from messages.base import Event, Reply, Request
from messages.paging import Page, PageRequest
from messages.payments.snapshots import InstalmentSnapshot, ScheduleSnapshot
from messages.payments.vocabulary import (
    BlockReason,
    InstalmentCancelReason,
    InstalmentStatus,
    RescheduleReason,
    ResumePolicy,
    RunStatus,
    RunTrigger,
    ScheduleReason,
    ScheduleStatus,
)
from messages.values.instants import Instant
from messages.values.money import Money
from messages.values.refusal import refusal
from messages.values.text import Code, Label


class Schedule(ScheduleSnapshot):
    """A schedule in full."""

    preferred_debit_day: int | None = None
    debit_slot: str | None = None
    product_code: str | None = None
    pause_reason: str | None = None
    next_period_index: int
    failure_count: int
    created_at: Instant
    version: int


class SchedulePage(Page[Schedule]):
    """Schedules by creation."""


class Instalment(InstalmentSnapshot):
    """An instalment in full."""

    due_date: date
    collection_date: date | None = None
    open_amount: Money
    block_reason: BlockReason | None = None
    cancel_reason: InstalmentCancelReason | None = None
    retry_count: int
    last_reason_code: str | None = None
    prenotified_on: date | None = None
    current_payment_id: UUID | None = None
    created_at: Instant
    version: int


class InstalmentPage(Page[Instalment]):
    """Instalments by debit date."""


class EmissionResult(Reply):
    """What a run did with one instalment."""

    instalment_id: UUID
    outcome: str
    reason: str | None = None
    payment_id: UUID | None = None


class EmissionRun(Reply):
    """One run of the emission over a company's instalments."""

    id: UUID | None
    company_id: UUID
    business_date: date
    trigger: RunTrigger
    status: RunStatus
    due: int
    emitted: int
    blocked: int
    skipped: int
    failed: int
    started_at: Instant
    finished_at: Instant | None = None
    dry_run: bool = False
    results: tuple[EmissionResult, ...] = ()


class GetSchedule(Request[Schedule], query=True):
    """One schedule."""

    schedule_id: UUID


class ListSchedules(PageRequest, Request[SchedulePage], query=True, resource="schedule"):
    """Schedules by client, contract and state."""

    client_id: UUID | None = None
    contract_id: UUID | None = None
    status: tuple[ScheduleStatus, ...] = ()


class UpdateSchedule(Request[Schedule]):
    """Change amount, end, mandate, day or debit slot from a date on; a slot replaces the day, and a day the slot.

    What is presented or invoiced stays; a higher amount is announced anew, and calendar is asked for the days again.
    """

    schedule_id: UUID
    effective_from: date
    amount: Money | None = None
    end_date: date | None = None
    mandate_id: UUID | None = None
    preferred_debit_day: Annotated[int, Field(ge=1, le=28)] | None = None
    debit_slot: Code | None = None
    expected_version: int | None = None

    @model_validator(mode="after")
    def _changes_something(self) -> "UpdateSchedule":
        changed = (self.amount, self.end_date, self.mandate_id, self.preferred_debit_day, self.debit_slot)
        if all(value is None for value in changed):
            raise refusal("NOTHING_TO_CHANGE", "give amount, end_date, mandate_id, preferred_debit_day or debit_slot")
        if self.preferred_debit_day is not None and self.debit_slot is not None:
            raise refusal("ONE_DEBIT_DAY", "give preferred_debit_day or debit_slot, not both")
        if self.amount is not None and self.amount.amount <= 0:
            raise refusal("AMOUNT_POSITIVE", "amount must be above zero; cancel the schedule instead")
        return self


class PauseSchedule(Request[Schedule]):
    """Stop a schedule; nothing of it is presented until it is resumed."""

    schedule_id: UUID
    reason: Label


class ResumeSchedule(Request[Schedule]):
    """Go on with a paused schedule."""

    schedule_id: UUID
    resume_policy: ResumePolicy = ResumePolicy.SKIP_MISSED


class CancelSchedule(Request[Schedule]):
    """End a schedule; instalments not presented are cancelled, debt stays."""

    schedule_id: UUID
    reason: Label


class GetInstalment(Request[Instalment], query=True, permission="payments:schedule:read"):
    """One instalment."""

    instalment_id: UUID


class ListInstalments(PageRequest, Request[InstalmentPage], query=True, permission="payments:schedule:read"):
    """Instalments by client, contract, invoice and state, by debit date."""

    client_id: UUID | None = None
    contract_id: UUID | None = None
    invoice_id: UUID | None = None
    schedule_id: UUID | None = None
    status: tuple[InstalmentStatus, ...] = ()
    due_before: date | None = None


class RunEmission(Request[EmissionRun], permission="payments:payment:emit", timeout_seconds=30.0):
    """Present what is due now, beside the daily run; at most 500 instalments per request, repeat for more."""

    company_id: UUID
    business_date: date | None = None
    dry_run: bool = False


class GetEmissionRun(Request[EmissionRun], query=True, permission="payments:payment:read"):
    """A run by its id, or the daily run of a company on a date."""

    emission_run_id: UUID | None = None
    company_id: UUID | None = None
    business_date: Annotated[date | None, Field(description="the local date of the run")] = None

    @model_validator(mode="after")
    def _names_one(self) -> "GetEmissionRun":
        if self.emission_run_id is None and (self.company_id is None or self.business_date is None):
            raise refusal("RUN_NAMED", "give emission_run_id, or company_id and business_date")
        return self


class EmissionRunPage(Page[EmissionRun]):
    """Runs of the emission, the newest date first."""


class ListEmissionRuns(PageRequest, Request[EmissionRunPage], query=True, permission="payments:payment:read"):
    """The runs of a company, those that a person asked for too. Their results are not told again."""

    company_id: UUID
    date_from: date | None = None
    date_to: date | None = None


class ScheduleCreated(ScheduleSnapshot, Event, aggregate="schedule"):
    """A contract will be collected by this rule."""


class SchedulePaused(ScheduleSnapshot, Event, aggregate="schedule"):
    """Nothing is presented for now."""

    reason: ScheduleReason


class ScheduleResumed(ScheduleSnapshot, Event, aggregate="schedule"):
    """Instalments are presented again."""

    resume_policy: ResumePolicy


class ScheduleUpdated(ScheduleSnapshot, Event, aggregate="schedule"):
    """The rule changed for instalments to come."""

    changed_fields: tuple[str, ...]


class ScheduleCancelled(ScheduleSnapshot, Event, aggregate="schedule"):
    """No further instalment will come."""

    reason: ScheduleReason


class ScheduleCompleted(ScheduleSnapshot, Event, aggregate="schedule"):
    """The last period of the rule is planned."""


class InstalmentPlanned(InstalmentSnapshot, Event, aggregate="instalment"):
    """An amount will be debited on that date; stated again when its amount changes."""


class InstalmentRescheduled(InstalmentSnapshot, Event, aggregate="instalment"):
    """The debit date moved."""

    previous_date: date
    reason: RescheduleReason


class InstalmentBlocked(InstalmentSnapshot, Event, aggregate="instalment"):
    """A guard holds the debit back."""

    block_reason: BlockReason


class InstalmentUnblocked(InstalmentSnapshot, Event, aggregate="instalment"):
    """Every guard lets the debit pass again."""


class InstalmentPaid(InstalmentSnapshot, Event, aggregate="instalment"):
    """The whole amount is settled."""


class InstalmentCancelled(InstalmentSnapshot, Event, aggregate="instalment"):
    """The amount will not be collected."""

    reason: InstalmentCancelReason


class InstalmentUnpaid(InstalmentSnapshot, Event, aggregate="instalment"):
    """Recovery gave up collecting the amount; it is still owed."""
