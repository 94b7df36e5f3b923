"""The formulas of the dashboard: recurring revenue, rates and variations, rounded half up."""

from decimal import ROUND_HALF_UP, Decimal

from messages.engagement import AmountFigure, CountFigure, RateFigure, Trend
from messages.values.money import CENT, round_cents

_PER_MONTH = {
    "WEEKLY": (Decimal(52), Decimal(12)),
    "BIWEEKLY": (Decimal(26), Decimal(12)),
    "MONTHLY": (Decimal(1), Decimal(1)),
    "BIMONTHLY": (Decimal(1), Decimal(2)),
    "QUARTERLY": (Decimal(1), Decimal(3)),
    "SEMIANNUAL": (Decimal(1), Decimal(6)),
    "ANNUAL": (Decimal(1), Decimal(12)),
    "BIENNIAL": (Decimal(1), Decimal(24)),
}


def monthly_revenue(net: Decimal, recurrence: str) -> Decimal:
    """What a line of that net amount brings per month; nothing when it is billed once."""
    times, months = _PER_MONTH.get(recurrence, (Decimal(0), Decimal(1)))
    return round_cents(net * times / months)


def yearly_revenue(net: Decimal, recurrence: str) -> Decimal:
    """What such a line brings per year: computed from the net, so that it is not twelve rounded months."""
    times, months = _PER_MONTH.get(recurrence, (Decimal(0), Decimal(1)))
    return round_cents(net * 12 * times / months)


def percentage(part: Decimal | int, whole: Decimal | int) -> Decimal | None:
    """`part` of `whole` in per cent with two decimals; None of nothing."""
    return (Decimal(part) * 100 / Decimal(whole)).quantize(CENT, ROUND_HALF_UP) if whole else None


def variation(current: Decimal | int, previous: Decimal | int | None) -> tuple[Decimal | None, Trend]:
    """The signed change in per cent and its direction; from nothing there is a direction, no percentage."""
    if not previous:
        return None, Trend.UP if current > 0 else Trend.FLAT
    change = percentage(Decimal(current) - Decimal(previous), abs(Decimal(previous)))
    return change, Trend.UP if current > previous else Trend.DOWN if current < previous else Trend.FLAT


def count_figure(current: int, previous: int | None) -> CountFigure:
    """A number beside the earlier one."""
    change, trend = variation(current, previous)
    return CountFigure(value=current, previous=previous, variation_pct=change, trend=trend)


def amount_figure(current: Decimal, previous: Decimal | None) -> AmountFigure:
    """An amount beside the earlier one."""
    change, trend = variation(current, previous)
    return AmountFigure(value=current, previous=previous, variation_pct=change, trend=trend)


def rate_figure(current: Decimal | None, previous: Decimal | None) -> RateFigure:
    """A rate beside the earlier one, with the difference in points."""
    change, trend = variation(current or Decimal(0), previous)
    points = current - previous if current is not None and previous is not None else None
    return RateFigure(value=current, previous=previous, variation_pct=change, variation_points=points, trend=trend)
