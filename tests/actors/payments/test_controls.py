"""payments: schedules are changed by hand, and nightly controls find what does not hold."""

import json
from datetime import date, timedelta
from decimal import Decimal

import asyncpg
import pytest

from actors.payments.rules.failures import is_spike
from actors.payments.rules.outcomes import percent_of
from messages.payments import (
    AcknowledgeAlert,
    AlertStatus,
    GetAlertStats,
    ListAlerts,
    ListInstalments,
    ListSchedules,
    ResolveAlert,
    UpdateSchedule,
)
from messages.problem import Refused
from messages.values.due_dates import add_months
from messages.values.identifiers import new_id
from tests.actors.payments.builders import Subscriber, at, creditor_account, invoice_issued, money
from tests.actors.payments.steps import STARTS, facts, subscriber
from tests.actors.payments.test_recovery import paid
from tests.harness import Running, Tenant

CHANGE = date(2026, 5, 10)


async def planned(running: Running, tenant: Tenant) -> Subscriber:
    await creditor_account(tenant)
    return await subscriber(running, tenant)


async def test_a_new_amount_changes_what_is_neither_presented_nor_invoiced(
    running: Running, tenant: Tenant, other_tenant: Tenant
) -> None:
    found = await planned(running, tenant)
    await running.state(invoice_issued(found, found.amount, STARTS), tenant.id, now=at(STARTS))
    await running.settled()
    (schedule,) = (await tenant.client.call(ListSchedules(client_id=found.client_id))).items
    change = UpdateSchedule(
        schedule_id=schedule.schedule_id, effective_from=STARTS, amount=money("29.90"), end_date=date(2026, 6, 30)
    )
    with pytest.raises(Refused) as refusal:
        await other_tenant.client.call(change)
    assert refusal.value.code.code == "SCHEDULE_NOT_FOUND"
    tenant.client.now = at(STARTS)
    after = await tenant.client.call(change)
    assert (after.amount.amount, after.end_date) == (Decimal("29.90"), date(2026, 6, 30))
    rows = (await tenant.client.call(ListInstalments(client_id=found.client_id))).items
    amounts = {row.period_start: (row.amount.amount, row.status.value) for row in rows}
    assert amounts[date(2026, 4, 10)] == (Decimal("24.90"), "PLANNED")  # its invoice says how much
    assert amounts[date(2026, 5, 10)] == (Decimal("29.90"), "PLANNED")
    await running.settled()
    fact = (await facts(running, tenant, "schedule.updated"))[-1]
    assert fact["changed_fields"] == ["amount", "end_date"]
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(change.model_copy(update={"expected_version": 1}))
    assert refusal.value.code.code == "VERSION_CONFLICT"


async def test_a_schedule_takes_only_a_live_mandate_of_its_own_client(running: Running, tenant: Tenant) -> None:
    found = await planned(running, tenant)
    (schedule,) = (await tenant.client.call(ListSchedules(client_id=found.client_id))).items
    other = await subscriber(running, tenant, name="Jean Dupont")
    (foreign,) = (await tenant.client.call(ListSchedules(client_id=other.client_id))).items
    wanted = UpdateSchedule(schedule_id=schedule.schedule_id, effective_from=CHANGE, mandate_id=foreign.mandate_id)
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(wanted)
    assert refusal.value.fields[0].field == "mandate_id"
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(wanted.model_copy(update={"mandate_id": new_id()}))
    assert refusal.value.code.code == "MANDATE_NOT_FOUND"


async def test_a_schedule_is_planned_on_when_its_next_debit_comes_into_sight(running: Running, tenant: Tenant) -> None:
    found = await planned(running, tenant)
    rows = (await tenant.client.call(ListInstalments(client_id=found.client_id))).items
    next_debit = add_months(max(row.planned_debit_date for row in rows), 1).replace(day=1)
    for days, expected in ((92, 1), (91, 1), (70, 2)):  # the horizon is 90 days
        await running.tick("hour", at(next_debit - timedelta(days=days), 3))
        await running.settled()
        assert len(await plans(running, tenant)) == expected
    after = (await tenant.client.call(ListInstalments(client_id=found.client_id))).items
    assert len(after) == len(rows) + 1


async def test_a_new_day_of_the_month_is_planned_the_next_night(running: Running, tenant: Tenant) -> None:
    found = await planned(running, tenant)
    (schedule,) = (await tenant.client.call(ListSchedules(client_id=found.client_id))).items
    tenant.client.now = at(STARTS)
    await tenant.client.call(
        UpdateSchedule(schedule_id=schedule.schedule_id, effective_from=CHANGE, preferred_debit_day=3)
    )
    assert len(await plans(running, tenant, "replan_instalments")) == 1
    await running.tick("hour", at(STARTS + timedelta(days=1), 3))
    await running.settled()
    assert len(await plans(running, tenant)) == 2


async def test_a_debit_slot_replaces_the_day_and_calendar_is_asked_again(running: Running, tenant: Tenant) -> None:
    found = await planned(running, tenant)
    (schedule,) = (await tenant.client.call(ListSchedules(client_id=found.client_id))).items
    tenant.client.now = at(STARTS)
    wanted = UpdateSchedule(schedule_id=schedule.schedule_id, effective_from=CHANGE, debit_slot="L2")
    after = await tenant.client.call(wanted)
    assert (after.debit_slot, after.preferred_debit_day) == ("L2", None)
    (asked,) = await plans(running, tenant, "replan_instalments")
    rows = (await tenant.client.call(ListInstalments(client_id=found.client_id))).items
    assert set(json.loads(asked["payload"])["instalment_ids"]) == {
        str(row.instalment_id) for row in rows if row.period_start >= CHANGE
    }
    back = await tenant.client.call(wanted.model_copy(update={"debit_slot": None, "preferred_debit_day": 12}))
    assert (back.debit_slot, back.preferred_debit_day) == (None, 12)
    with pytest.raises(ValueError, match="not both"):
        UpdateSchedule(schedule_id=new_id(), effective_from=CHANGE, debit_slot="L2", preferred_debit_day=5)


async def plans(running: Running, tenant: Tenant, kind: str = "plan_instalments") -> list[asyncpg.Record]:
    """The work of a kind that was ordered so far."""
    connection = await asyncpg.connect(running.database("payments"))
    try:
        return await connection.fetch(
            "select key, payload from work_item where kind = $1 and organisation_id = $2", kind, tenant.id
        )
    finally:
        await connection.close()


async def test_the_nightly_control_finds_amounts_that_do_not_hold(
    running: Running, tenant: Tenant, other_tenant: Tenant
) -> None:
    found = await planned(running, tenant)
    await running.state(invoice_issued(found, found.amount, STARTS), tenant.id, now=at(STARTS))
    await running.settled()
    await paid(tenant, found, found.amount, date(2026, 4, 15))
    await running.tick("hour", at(date(2026, 4, 16), 3))
    assert (await tenant.client.call(ListAlerts())).items == ()
    await damage(running, tenant, "update allocation set amount = amount - 1 where organisation_id = $1")
    await running.tick("hour", at(date(2026, 4, 17), 3))
    codes = {(alert.code, alert.severity.value) for alert in (await tenant.client.call(ListAlerts())).items}
    assert ("AMOUNT_MISMATCH", "CRITICAL") in codes
    await an_alert_is_taken_and_resolved(running, tenant, other_tenant)


async def an_alert_is_taken_and_resolved(running: Running, tenant: Tenant, other_tenant: Tenant) -> None:
    known = (await tenant.client.call(ListAlerts(code="AMOUNT_MISMATCH"))).items
    found = known[0]
    take = AcknowledgeAlert(alert_id=found.id)
    resolve = ResolveAlert(alert_id=found.id, resolution="allocation corrected")
    before = await tenant.client.call(GetAlertStats())
    for request in (take, resolve):
        with pytest.raises(Refused) as refusal:
            await other_tenant.client.call(request)
        assert refusal.value.code.code == "ALERT_NOT_FOUND"
    for _ in range(2):
        taken = await tenant.client.call(take)
        assert (taken.status, taken.version) == ("ACKNOWLEDGED", 2)
    stats = await tenant.client.call(GetAlertStats())
    assert (stats.total, stats.unacknowledged) == (before.total, before.unacknowledged - 1)
    for _ in range(2):
        resolved = await tenant.client.call(resolve)
        assert (resolved.status, resolved.version) == ("RESOLVED", 3)
    after = await tenant.client.call(GetAlertStats())
    assert after.total == before.total - 1
    assert {sum(row.count for row in rows) for rows in (after.by_severity, after.by_code)} == {after.total}
    assert (await tenant.client.call(take)).status == "RESOLVED"
    assert (await other_tenant.client.call(GetAlertStats())).total == 0
    await running.settled()
    assert len(await facts(running, tenant, "payment_alert.acknowledged")) == 1
    await running.tick("hour", at(date(2026, 4, 18), 2))
    told_again = (await tenant.client.call(ListAlerts(code="AMOUNT_MISMATCH", status=(AlertStatus.OPEN,)))).items
    assert len(told_again) == len(known)  # the cause is still there, and only the resolved one is raised anew


async def damage(running: Running, tenant: Tenant, statement: str) -> None:
    connection = await asyncpg.connect(running.database("payments"))
    try:
        await connection.execute(f"set app.organisation_id = '{tenant.id}'")
        await connection.execute(statement, tenant.id)
    finally:
        await connection.close()


def test_case_31_more_than_a_fifth_of_failures_is_a_spike() -> None:
    assert is_spike(7, 34)
    assert percent_of(Decimal(7), Decimal(34)) == Decimal("20.59")
    assert not is_spike(8, 40)  # 20.00 %
    assert not is_spike(9, 19)  # too few to tell
