"""How a company's payments went, in figures."""

from datetime import date
from uuid import UUID

from pydantic import model_validator

from messages.base import Reply, Request
from messages.values.money import Money
from messages.values.numbers import Percent
from messages.values.refusal import refusal


class PaymentCount(Reply):
    """How many payments, and their amounts added up."""

    count: int
    amount: Money


class PaymentStats(Reply):
    """Payments of a company by outcome.

    `paid` counts what settled, given back later or not; `pending` what may still bring money; `rejected` what was refused or
    returned. `reject_rate` is rejected by paid and rejected together; it and `average` are null without payments.
    """

    total: PaymentCount
    paid: PaymentCount
    pending: PaymentCount
    rejected: PaymentCount
    reject_rate: Percent | None
    average: Money | None


class GetPaymentStats(Request[PaymentStats], query=True, permission="payments:payment:read"):
    """A company's payments in euros whose business date is in a period of at most a year."""

    company_id: UUID
    from_date: date
    to_date: date

    @model_validator(mode="after")
    def _in_order(self) -> "GetPaymentStats":
        if not 0 <= (self.to_date - self.from_date).days <= 366:
            raise refusal("PERIOD_INVALID", "to_date must be on or after from_date, by a year at most")
        return self
