"""Key figures, computed from facts of the other actors."""

from datetime import date
from enum import StrEnum
from uuid import UUID

from pydantic import model_validator

from messages.base import Reply, Request
from messages.values.instants import Instant
from messages.values.money import Amount, Currency
from messages.values.numbers import Rate
from messages.values.refusal import refusal


class KpiPeriod(StrEnum):
    """Which days the figures are about."""

    CURRENT_MONTH = "CURRENT_MONTH"
    LAST_MONTH = "LAST_MONTH"
    CURRENT_QUARTER = "CURRENT_QUARTER"
    LAST_QUARTER = "LAST_QUARTER"
    CURRENT_YEAR = "CURRENT_YEAR"
    ROLLING_12 = "ROLLING_12"
    CUSTOM = "CUSTOM"


class Comparison(StrEnum):
    """What the figures are compared with."""

    PREVIOUS = "PREVIOUS"
    YEAR_AGO = "YEAR_AGO"
    NONE = "NONE"


class Trend(StrEnum):
    """Which way a figure went."""

    UP = "UP"
    DOWN = "DOWN"
    FLAT = "FLAT"


class Days(Reply):
    """Civil days, both included."""

    first: date
    last: date


class CountFigure(Reply):
    """A number with its change; `variation_pct` is null where the earlier value was nothing."""

    value: int
    previous: int | None = None
    variation_pct: Rate | None = None
    trend: Trend


class AmountFigure(Reply):
    """An amount in the reply's currency with its change."""

    value: Amount
    previous: Amount | None = None
    variation_pct: Rate | None = None
    trend: Trend


class RateFigure(Reply):
    """A percentage with its change; null when nothing could be measured."""

    value: Rate | None
    previous: Rate | None = None
    variation_pct: Rate | None = None
    variation_points: Rate | None = None
    trend: Trend


class Kpis(Reply):
    """The figures of a period. Recurring revenue is net of tax; ARR is not twelve times MRR (rounded per line)."""

    period: Days
    comparison_period: Days | None
    as_of: Instant
    fresh_at: Instant | None
    currency: Currency
    active_contracts: CountFigure
    suspended_contracts: int
    mrr: AmountFigure
    arr: AmountFigure
    contract_churn_rate: RateFigure
    early_cancellations: int
    unpaid_rate_amount: RateFigure
    unpaid_rate_count: RateFigure
    outstanding: AmountFigure
    overdue: AmountFigure
    collected: AmountFigure
    revenue: AmountFigure


class GetKpis(Request[Kpis], query=True, permission="engagement:dashboard:read"):
    """Active contracts, recurring revenue, churn, unpaid, outstanding, overdue and collected amounts."""

    company_id: UUID | None = None
    sales_rep_id: UUID | None = None
    period: KpiPeriod = KpiPeriod.CURRENT_MONTH
    date_from: date | None = None
    date_to: date | None = None
    compare: Comparison = Comparison.PREVIOUS

    @model_validator(mode="after")
    def _custom_has_dates(self) -> "GetKpis":
        given = (self.date_from is not None, self.date_to is not None)
        if given != ((self.period is KpiPeriod.CUSTOM),) * 2:
            raise refusal("PERIOD_DATES", "give date_from and date_to for period CUSTOM, and only then")
        if self.date_from and self.date_to and not 0 <= (self.date_to - self.date_from).days <= 5 * 366:
            raise refusal("PERIOD_DATES", "date_to lies before date_from or more than five years after it; correct it")
        return self
