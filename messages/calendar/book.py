"""calendar: the book of planned debits and its days."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, model_validator

from messages.base import Event, Reply, Request
from messages.calendar.dates import LocalDate
from messages.calendar.terms import DebitDayStatus, DebitOrigin, FailureKind, PlannedDebitStatus, Rail
from messages.paging import Page, PageRequest
from messages.values.instants import Instant
from messages.values.money import Money
from messages.values.refusal import refusal

_LONGEST_VIEW_DAYS = 366


class PlannedDebit(Reply):
    """One future or past collection, as payments announced and carried it out."""

    planned_debit_id: UUID
    instalment_id: UUID
    attempt: int
    company_id: UUID
    client_id: UUID
    contract_id: UUID | None
    invoice_id: UUID | None
    schedule_id: UUID | None
    period: str
    rail: Rail
    original_target_date: date
    planned_debit_date: date
    planned_by: DebitOrigin
    lot_code: str | None
    amount: Money
    status: PlannedDebitStatus
    blocked_reason: str | None
    submit_by: Instant
    freeze_at: Instant
    was_shifted: bool
    resolved_config: dict[str, Any] | None
    payment_id: UUID | None
    batch_id: UUID | None
    failure_kind: FailureKind | None
    failure_code: str | None
    settled_on: date | None
    overdue_since: date | None = None


class PlannedDebitPage(Page[PlannedDebit]):
    """Debits by planned date."""


class DebitDay(Reply):
    """All debits of one company, rail and date: announced, in bank files, and what was frozen at the cut-off."""

    debit_day_id: UUID
    company_id: UUID
    rail: Rail
    collection_date: date
    status: DebitDayStatus
    freeze_at: Instant
    submit_by: Instant
    count: int
    total: Money
    batched_count: int
    batched_total: Money
    seq: int
    cut_off_at: Instant | None
    checksum: str | None


class DebitDayPage(Page[DebitDay]):
    """Debit days by date."""


class CalendarDebit(Reply):
    """A debit on a day of the calendar."""

    planned_debit_id: UUID
    contract_id: UUID | None
    client_name: str | None
    amount: Money
    status: PlannedDebitStatus
    lot_code: str | None


class CalendarDay(Reply):
    """A day with its closures and its first debits; `truncated_count` more are in list_planned_debits."""

    date: date
    is_weekend: bool
    is_holiday: bool
    is_target_closed: bool
    holiday_name: str | None
    is_eligible: bool
    debit_count: int
    total: Money
    debits: tuple[CalendarDebit, ...]
    truncated_count: int


class CalendarView(Reply):
    """Days from start to end, both included."""

    days: tuple[CalendarDay, ...]


class GetPlannedDebit(Request[PlannedDebit], query=True):
    """One entry of the book."""

    planned_debit_id: UUID


class ListPlannedDebits(PageRequest, Request[PlannedDebitPage], query=True, resource="planned_debit"):
    """The book, filtered and in pages."""

    start_date: date | None = None
    end_date: date | None = None
    company_ids: Annotated[tuple[UUID, ...], Field(max_length=100)] = ()
    client_id: UUID | None = None
    contract_id: UUID | None = None
    lot_codes: tuple[str, ...] = ()
    status: tuple[PlannedDebitStatus, ...] = ()
    blocked: bool | None = None
    overdue: bool = Field(default=False, description="only those that the bank answered nothing about in time")


class GetDebitDay(Request[DebitDay], query=True, permission="calendar:planned_debit:read"):
    """One debit day by id, or by company, rail and date."""

    debit_day_id: UUID | None = None
    company_id: UUID | None = None
    rail: Rail = Rail.SEPA_CORE
    collection_date: date | None = None

    @model_validator(mode="after")
    def _one_key(self) -> "GetDebitDay":
        by_parts = self.company_id is not None and self.collection_date is not None
        if (self.debit_day_id is not None) == by_parts:
            raise refusal("ONE_KEY", "give either debit_day_id, or company_id with collection_date")
        return self


class ListDebitDays(PageRequest, Request[DebitDayPage], query=True, permission="calendar:planned_debit:read"):
    """The day book."""

    start_date: date | None = None
    end_date: date | None = None
    company_id: UUID | None = None
    rail: Rail | None = None
    status: tuple[DebitDayStatus, ...] = ()


class GetCalendarView(Request[CalendarView], query=True, permission="calendar:planned_debit:read"):
    """What happens on each day of a period of at most 366 days."""

    start_date: date
    end_date: date
    company_ids: Annotated[tuple[UUID, ...], Field(max_length=100)] = ()
    lot_codes: tuple[str, ...] = ()
    status: tuple[PlannedDebitStatus, ...] = ()
    holiday_zone_id: UUID | None = None
    debits_per_day: Annotated[int, Field(ge=0, le=100)] = 20

    @model_validator(mode="after")
    def _period_fits(self) -> "GetCalendarView":
        if not 0 <= (self.end_date - self.start_date).days < _LONGEST_VIEW_DAYS:
            raise refusal("INVALID_DATE_RANGE", "end_date must lie within 366 days from start_date; shorten the period")
        return self


class MissedDebit(Reply):
    """A debit that was announced for a day and is in no bank file."""

    instalment_id: UUID
    attempt: int
    amount: Money


class DebitCalendarCutoffReached(Event, aggregate="debit_calendar", fact="cutoff_reached", aggregate_id="debit_day_id"):
    """A debit day is frozen: what payments may present, with control totals.

    `checksum` is the sha256, in hexadecimal, of the lines `<id>|<amount>|<currency>` with a line feed after each, in
    the order of the ids; the id of a first presentation is its instalment's.
    """

    debit_day_id: UUID
    company_id: UUID
    rail: Rail
    collection_date: date
    seq: int
    count: int
    total: Money
    checksum: str
    submit_by: Instant


class DebitCalendarCutoffMissed(Event, aggregate="debit_calendar", fact="cutoff_missed", aggregate_id="debit_day_id"):
    """The bank's cut-off has passed and these debits are in no bank file; payments finds a new date."""

    debit_day_id: UUID
    company_id: UUID
    rail: Rail
    collection_date: date
    missing: tuple[MissedDebit, ...]


class DebitCalendarPlanConflict(Event, aggregate="debit_calendar", fact="plan_conflict", aggregate_id="instalment_id"):
    """An announced date cannot hold; the entry is kept as announced, payments decides."""

    instalment_id: UUID
    attempt: int
    date: date
    expected_date: LocalDate | None = None
    reason: str


class DebitCalendarSettlementOverdue(
    Event, aggregate="debit_calendar", fact="settlement_overdue", aggregate_id="planned_debit_id"
):
    """A debit was submitted, and until the last day of the bank's returns nobody said what became of it."""

    planned_debit_id: UUID
    instalment_id: UUID
    attempt: int
    company_id: UUID
    payment_id: UUID | None
    planned_debit_date: date
    return_until: date
    amount: Money
