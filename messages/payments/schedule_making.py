"""Schedules and single debits that people make, beside those that contracts and invoices make by themselves."""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import Field, model_validator

from messages.base import Idempotency, Request
from messages.errors import ALREADY_EXISTS
from messages.payments.dues import Instalment, Schedule
from messages.payments.vocabulary import ScheduleFrequency
from messages.values.money import Money
from messages.values.refusal import refusal
from messages.values.text import Code, Label

SCHEDULE_EXISTS = ALREADY_EXISTS.specific("SCHEDULE_EXISTS", "Échéancier déjà actif", "Schedule exists")


class CreateSchedule(Request[Schedule], permission="payments:schedule:write", idempotency=Idempotency.REQUIRED):
    """Collect an amount regularly under a mandate. A contract has one live schedule at most; SCHEDULE_EXISTS.

    The number of occurrences is another way to say the end. Every guard of the emission applies to its instalments.
    """

    company_id: UUID
    client_id: UUID
    contract_id: UUID | None = None
    mandate_id: UUID
    amount: Money
    frequency: ScheduleFrequency = ScheduleFrequency.MONTHLY
    interval: Annotated[int, Field(ge=1, le=60)] = 1
    start_date: date
    end_date: date | None = None
    occurrences: Annotated[int, Field(ge=1, le=600)] | None = None
    preferred_debit_day: Annotated[int, Field(ge=1, le=28)] | None = None
    product_code: Code | None = None

    @model_validator(mode="after")
    def _makes_sense(self) -> "CreateSchedule":
        if self.amount.amount <= 0:
            raise refusal("AMOUNT_POSITIVE", "amount must be above zero")
        if self.end_date is not None and self.occurrences is not None:
            raise refusal("ONE_END", "give end_date or occurrences, not both")
        if self.end_date is not None and self.end_date < self.start_date:
            raise refusal("END_AFTER_START", "end_date lies before start_date; correct one of them")
        return self


class RenewSchedule(Request[Schedule], permission="payments:schedule:write"):
    """Let a schedule that ended, or runs, collect again from a date on: its periods are counted from there.

    An end that lies before that date is dropped. Refused for a date within a period that was presented or invoiced, and
    for one that is paused; SCHEDULE_EXISTS when the contract got another schedule meanwhile.
    """

    schedule_id: UUID
    new_due_date: date
    new_amount: Money | None = None
    expected_version: int | None = None

    @model_validator(mode="after")
    def _is_above_zero(self) -> "RenewSchedule":
        if self.new_amount is not None and self.new_amount.amount <= 0:
            raise refusal("AMOUNT_POSITIVE", "new_amount must be above zero")
        return self


class CreateInstalment(Request[Instalment], permission="payments:schedule:write", idempotency=Idempotency.REQUIRED):
    """Collect an amount once, under the mandate of a schedule that was not stopped.

    Invoices outside the rhythm of a contract get their instalment by themselves.
    """

    schedule_id: UUID
    amount: Money
    debit_on: date
    reason: Label

    @model_validator(mode="after")
    def _is_above_zero(self) -> "CreateInstalment":
        if self.amount.amount <= 0:
            raise refusal("AMOUNT_POSITIVE", "amount must be above zero")
        return self
