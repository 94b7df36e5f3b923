"""contrats: how many contracts run, and what they bring a month."""

from datetime import date, timedelta
from uuid import UUID

from pydantic import Field, model_validator

from messages.base import Reply, Request
from messages.values.money import Money
from messages.values.numbers import Rate
from messages.values.refusal import refusal

_LONGEST = timedelta(days=5 * 366)


class ContractMetrics(Reply):
    """Counts and monthly recurring revenue of a span of days, both included; the amounts add up.

    mrr_end = mrr_start + new_mrr + expansion - contraction - churned_mrr - withdrawn_mrr.
    """

    active_at_start: int = Field(description="in force the day before from_day")
    active_at_end: int = Field(description="still in force after to_day")
    started: int
    churned: int
    churn_rate: Rate = Field(description="per cent of those active the day before")
    mrr_start: Money
    new_mrr: Money
    expansion: Money
    contraction: Money
    churned_mrr: Money
    withdrawn_mrr: Money
    mrr_end: Money
    arr_end: Money


class GetContractMetrics(Request[ContractMetrics], query=True, permission="contrats:contract:read"):
    """Contracts and recurring revenue between two days."""

    company_id: UUID | None = None
    from_day: date
    to_day: date

    @model_validator(mode="after")
    def _not_too_long(self) -> "GetContractMetrics":
        if not timedelta() <= self.to_day - self.from_day <= _LONGEST:
            raise refusal("INVALID_DATES", "from_day lies before to_day, at most five years earlier; correct them")
        return self
