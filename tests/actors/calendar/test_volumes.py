"""calendar: volumes of days and the thresholds they cross."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from actors.calendar.rules.volumes import intensity_of
from messages.calendar.settings import CalendarSettings
from messages.calendar.volumes import (
    CreateVolumeThreshold,
    DeleteVolumeThreshold,
    GetDateDetails,
    GetVolumeHeatmap,
    GetVolumeThreshold,
    ListVolumeThresholds,
    UpdateVolumeThreshold,
)
from messages.payments import InstalmentCancelled
from messages.problem import Refused
from messages.values.money import Money
from tests.actors.calendar.debits import planned, stated_again
from tests.harness import Running, Tenant

DAY = date(2026, 6, 8)
APRIL = datetime(2026, 4, 20, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("count", "total", "level"),
    [
        (20, "1000.00", "LOW"),
        (21, "0", "MEDIUM"),
        (1, "1000.01", "MEDIUM"),
        (50, "5000.00", "MEDIUM"),
        (51, "10.00", "HIGH"),
        (100, "10000.00", "HIGH"),
        (101, "1.00", "CRITICAL"),
        (1, "10000.01", "CRITICAL"),
    ],
)
def test_case_31_how_busy_a_day_is(count: int, total: str, level: str) -> None:
    assert intensity_of(count, Decimal(total), CalendarSettings()) == level


async def test_case_32_a_threshold_is_crossed_and_cleared_once(
    running: Running, tenant: Tenant, other_tenant: Tenant
) -> None:
    made = await tenant.client.call(CreateVolumeThreshold(max_transaction_count=2))
    debits = [planned(tenant.company_id, DAY) for _ in range(4)]

    async def crossed() -> tuple[int, int]:
        exceeded = await running.events("debit_calendar.threshold_exceeded", tenant.id)
        cleared = await running.events("debit_calendar.threshold_cleared", tenant.id)
        return len(exceeded), len(cleared)

    async def hour(minute: int) -> tuple[int, int]:
        await running.settled()
        await running.tick("hour", datetime(2026, 4, 21, 9, minute, tzinfo=UTC))
        return await crossed()

    for debit in debits[:2]:
        await running.state(debit, tenant.id, now=APRIL)
    assert await hour(1) == (0, 0)
    await running.state(debits[2], tenant.id, now=APRIL)
    assert await hour(2) == (1, 0)
    await running.state(debits[3], tenant.id, now=APRIL)
    assert await hour(3) == (1, 0)
    for debit in debits[:2]:
        given_up = stated_again(InstalmentCancelled, debit, reason="CONTRACT_ENDED")
        await running.state(given_up, tenant.id, version=2, now=APRIL)
    assert await hour(4) == (1, 1)
    ((_, body),) = await running.events("debit_calendar.threshold_exceeded", tenant.id)
    assert (body["date"], body["count"], body["max_count"]) == ("2026-06-08", 3, 2)

    found = await tenant.client.call(GetVolumeHeatmap(year=2026, month=6))
    cell = found.cells[7]
    assert (cell.date, cell.count, cell.day_of_week, cell.week_of_month) == (DAY, 2, 0, 2)
    assert found.exceeded_thresholds == ()
    details = await tenant.client.call(GetDateDetails(date=DAY, company_id=tenant.company_id))
    assert (details.count, details.total.amount, len(details.debits)) == (2, Decimal("59.80"), 2)
    assert (await other_tenant.client.call(GetDateDetails(date=DAY))).count == 0
    for request in (
        GetVolumeThreshold(threshold_id=made.threshold_id),
        DeleteVolumeThreshold(threshold_id=made.threshold_id),
    ):
        with pytest.raises(Refused, match="THRESHOLD_NOT_FOUND"):
            await other_tenant.client.call(request)
    assert (await other_tenant.client.call(ListVolumeThresholds())).items == ()
    lower = UpdateVolumeThreshold(threshold_id=made.threshold_id, expected_version=1, max_transaction_count=1)
    await tenant.client.call(lower)
    assert (await tenant.client.call(GetVolumeHeatmap(year=2026, month=6))).cells[7].exceeds_threshold
    empty = UpdateVolumeThreshold(threshold_id=made.threshold_id, expected_version=2, max_transaction_count=None)
    with pytest.raises(Refused, match="THRESHOLD_EMPTY"):
        await tenant.client.call(empty)
    await tenant.client.call(DeleteVolumeThreshold(threshold_id=made.threshold_id))
    assert (await tenant.client.call(ListVolumeThresholds())).items == ()


async def test_a_threshold_looks_at_its_own_company_and_lot_only(running: Running, tenant: Tenant) -> None:
    limit = Money.of("50.00")
    await tenant.client.call(CreateVolumeThreshold(lot_code="L1", max_amount=limit))
    await tenant.client.call(CreateVolumeThreshold(lot_code="L2", company_id=tenant.company_id, max_amount=limit))
    for _ in range(2):
        await running.state(planned(tenant.company_id, DAY), tenant.id, now=APRIL)
    await running.settled()
    found = await tenant.client.call(GetVolumeHeatmap(year=2026))
    assert len(found.cells) == 365
    (exceeded,) = found.exceeded_thresholds
    assert (exceeded.date, exceeded.total.amount) == (DAY, Decimal("59.80"))
