"""Metrics: churn by the book, and revenue that adds up whatever happens."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from actors.contrats.rules.metrics import Life, churn_rate, movement
from messages.contrats import TerminateContract
from messages.contrats.metrics import GetContractMetrics
from tests.actors.contrats.builders import Sale, at
from tests.harness import Running, Tenant

APRIL_1, APRIL_30 = date(2026, 4, 1), date(2026, 4, 30)
DAYS = st.dates(date(2026, 1, 1), date(2026, 12, 31))
PRICES = st.decimals("0.00", "500.00", places=2)


def life(first: date, last: date | None = None, price: str = "29.90") -> Life:
    return Life(first, last, False, [(first, Decimal(price))])


def test_case_36_churn_is_taken_from_those_active_the_day_before() -> None:
    running = [life(date(2026, 1, 1)) for _ in range(117)]
    gone_in_april = [life(date(2026, 1, 1), day) for day in (APRIL_1, date(2026, 4, 15), APRIL_30)]
    gone_before = [life(date(2025, 1, 1), date(2026, 2, 28)) for _ in range(30)]
    moved = movement([*running, *gone_in_april, *gone_before], APRIL_1, APRIL_30)
    assert (moved.active_at_start, moved.churned, moved.active_at_end) == (120, 3, 117)
    assert churn_rate(moved.churned, moved.active_at_start) == Decimal("2.50")
    assert churn_rate(0, 0) == 0


def test_each_movement_has_its_own_name() -> None:
    grown = Life(date(2026, 1, 1), None, False, [(date(2026, 1, 1), Decimal(10)), (date(2026, 4, 10), Decimal(15))])
    shrunk = Life(date(2026, 1, 1), None, False, [(date(2026, 1, 1), Decimal(10)), (date(2026, 4, 10), Decimal(8))])
    left = life(date(2026, 4, 2), date(2026, 4, 20), "5.00")
    gone = Life(date(2026, 4, 2), date(2026, 4, 8), True, [(date(2026, 4, 2), Decimal(7))])
    moved = movement([grown, shrunk, left, gone], APRIL_1, APRIL_30)
    amounts = (moved.mrr_start, moved.new_mrr, moved.expansion, moved.contraction)
    assert amounts == (Decimal(20), Decimal(12), Decimal(5), Decimal(2))
    assert (moved.churned_mrr, moved.withdrawn_mrr, moved.mrr_end) == (Decimal(5), Decimal(7), Decimal(23))
    assert moved.churned == 1


@given(
    st.lists(
        st.tuples(DAYS, st.none() | st.integers(-1, 200), st.booleans(), st.lists(st.tuples(DAYS, PRICES), min_size=1)),
        max_size=8,
    ),
    DAYS,
    st.integers(0, 120),
)
def test_revenue_adds_up(
    given_lives: list[tuple[date, int | None, bool, list[tuple[date, Decimal]]]], first: date, days: int
) -> None:
    lives = [
        Life(start, None if length is None else start + timedelta(days=length), withdrawn, sorted(prices))
        for start, length, withdrawn, prices in given_lives
    ]
    moved = movement(lives, first, first + timedelta(days=days))
    gained = moved.mrr_start + moved.new_mrr + moved.expansion - moved.contraction
    assert gained - moved.churned_mrr - moved.withdrawn_mrr == moved.mrr_end


async def test_the_figures_of_an_organisation_are_its_own(
    running: Running, tenant: Tenant, other_tenant: Tenant
) -> None:
    sale = await Sale(running, tenant).prepare()
    await sale.in_force(lines=(sale.line(provider_code=None),))
    april = GetContractMetrics(from_day=APRIL_1, to_day=APRIL_30)
    found = await tenant.client.call(april)
    assert (found.active_at_start, found.started, found.active_at_end) == (0, 1, 1)
    assert (str(found.new_mrr), str(found.mrr_end), str(found.arr_end)) == ("29.90 EUR", "29.90 EUR", "358.80 EUR")
    sale.at(at(date(2026, 5, 5)))
    end = TerminateContract(
        contract_id=sale.contract_id,
        expected_version=await sale.version(),
        received_on=date(2026, 5, 5),
        reason_code="MOVING",
        channel="ONLINE",
    )
    await tenant.client.call(end)
    await sale.day(date(2026, 5, 16))
    may = await tenant.client.call(GetContractMetrics(from_day=date(2026, 5, 1), to_day=date(2026, 5, 31)))
    assert (may.churned, str(may.churn_rate), str(may.churned_mrr), str(may.mrr_end)) == (
        1,
        "100",
        "29.90 EUR",
        "0.00 EUR",
    )
    assert (await other_tenant.client.call(april)).started == 0


def test_a_span_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValidationError, match="from_day lies before to_day"):
        GetContractMetrics(from_day=APRIL_30, to_day=APRIL_1)
