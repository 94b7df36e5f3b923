"""payments: how well recovery works and how old the debt is, in figures that an empty period leaves out."""

from collections import Counter
from datetime import date
from decimal import Decimal

import pytest

from actors.payments.rules.recovery_metrics import bucket, rate
from messages.payments import AgeBucket, AgeGrouping, GetAgedReceivables, GetRecoveryMetrics
from messages.problem import Refused
from tests.actors.payments.builders import at
from tests.actors.payments.steps import imported
from tests.actors.payments.test_recovery import (
    PRESENTED,
    case_of,
    paid,
    presented_again,
    refusing,
    rejected,
    with_policies,
)
from tests.harness import Running, Tenant

JUNE = GetRecoveryMetrics(from_date=date(2026, 6, 1), to_date=date(2026, 6, 30))
APRIL = GetRecoveryMetrics(from_date=date(2026, 4, 1), to_date=PRESENTED)


def test_case_39_ages_in_buckets() -> None:
    as_of = date(2026, 3, 16)
    due = {
        date(2026, 2, 14): 50, date(2026, 2, 13): 60, date(2026, 1, 15): 70, date(2026, 1, 14): 80,
        date(2025, 12, 16): 90, date(2025, 12, 15): 95,
    }  # fmt: skip
    found: Counter[AgeBucket] = Counter()
    for day, amount in due.items():
        found[bucket((as_of - day).days)] += amount
    assert found == {
        AgeBucket.UP_TO_30: 50, AgeBucket.UP_TO_60: 130, AgeBucket.UP_TO_90: 170, AgeBucket.OVER_90: 95,
    }  # fmt: skip
    assert (bucket(0), bucket(1)) == (AgeBucket.NOT_DUE, AgeBucket.UP_TO_30)


def test_case_40_rates() -> None:
    rejected, recovered = 6 * Decimal("29.99") + 4 * Decimal("49.90"), 4 * Decimal("29.99") + Decimal("49.90")
    assert rate(7, 10) == Decimal("70.00")
    assert (rejected, recovered, rate(recovered, rejected)) == (
        Decimal("379.54"), Decimal("169.86"), Decimal("44.75"),
    )  # fmt: skip
    assert rate(5, 12) == Decimal("41.67")
    assert rate(0, 0) is None


async def test_case_40_figures_of_a_period_count_what_first_failed_in_it(
    running: Running, tenant: Tenant, other_tenant: Tenant
) -> None:
    await with_policies(tenant)
    found = await rejected(running, tenant)
    content = await presented_again(running, tenant, at(date(2026, 5, 4)), date(2026, 5, 6), "24.90")
    waiting = await tenant.client.call(APRIL)
    assert (waiting.attempts.pending, waiting.retry_success_rate) == (1, None)
    await imported(tenant, refusing("AM04").take(content, date(2026, 5, 4)))
    await paid(tenant, found, "10.00", date(2026, 5, 5))
    figures = await tenant.client.call(APRIL)
    assert (figures.rejections, figures.insufficient_funds, figures.am04_rate) == (1, 1, Decimal("100.00"))
    assert (figures.rejected.amount, figures.recovered.amount, figures.outstanding.amount) == (
        Decimal("24.90"),
        Decimal("10.00"),
        Decimal("14.90"),
    )
    assert (figures.recovery_rate, figures.retry_success_rate) == (Decimal("40.16"), Decimal("0.00"))
    assert [(row.reason_code, row.count, row.percent) for row in figures.by_code] == [("AM04", 1, Decimal("100.00"))]
    assert [(row.day, row.rejections) for row in figures.by_day] == [(PRESENTED, 1)]
    assert sum(row.count for row in figures.reminders) > 0
    empty = await tenant.client.call(JUNE)
    assert (empty.rejections, empty.am04_rate, empty.recovery_rate) == (0, None, None)
    assert (await other_tenant.client.call(APRIL)).rejections == 0
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(GetRecoveryMetrics(from_date=date(2026, 1, 1), to_date=date(2025, 1, 1)))
    assert refusal.value.fields[0].field == "to_date"
    case = await case_of(tenant)
    late = date(2026, 6, 10)
    aged = await tenant.client.call(GetAgedReceivables(as_of=late, group_by=AgeGrouping.LEVEL))
    age = bucket((late - case.items[0].due_date).days)
    (group,) = aged.groups
    assert (group.group, group.buckets[age].amount, group.total.amount) == (
        str(case.level),
        Decimal("14.90"),
        Decimal("14.90"),
    )
    by_company = await tenant.client.call(GetAgedReceivables(company_id=tenant.company_id))
    assert [row.group for row in by_company.groups] == [str(tenant.company_id)]
    assert (await other_tenant.client.call(GetAgedReceivables())).groups == ()
