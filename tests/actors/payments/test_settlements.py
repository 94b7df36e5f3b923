"""payments: a debt is settled in several dates: agreed, paid tranche by tranche, or broken and recovered harder."""

from datetime import date
from decimal import Decimal

import pytest

from actors.payments.rules.settlements import due_dates
from messages.payments import (
    AcceptSettlementPlan,
    CancelSettlementPlan,
    DisputeCause,
    DisputeRecoveryItem,
    GetSettlementPlan,
    ListSettlementPlans,
    ProposeSettlementPlan,
    SettlementFrequency,
    SettlementPlan,
)
from messages.problem import Refused
from messages.values.identifiers import new_id
from messages.values.money import split
from tests.actors.payments.builders import at
from tests.actors.payments.steps import facts
from tests.actors.payments.test_recovery import case_of, paid, rejected, with_policies
from tests.harness import Running, Tenant

DAY, FIRST = date(2026, 5, 4), date(2026, 5, 10)  # a Sunday: due on Monday the 11th, then 10 June


@pytest.mark.parametrize(
    ("total", "parts"),
    [
        ("437.50", ["109.38", "109.38", "109.37", "109.37"]),
        ("100.00", ["33.34", "33.33", "33.33"]),
        ("59.97", ["10.00"] * 3 + ["9.99"] * 3),
    ],
)
def test_case_37_cents_that_do_not_divide_go_to_the_first_tranches(total: str, parts: list[str]) -> None:
    assert [str(share) for share in split(Decimal(total), len(parts))] == parts


def test_case_37_tranches_are_due_on_target_days() -> None:
    found = due_dates(date(2026, 7, 5), 4, SettlementFrequency.MONTHLY)
    assert found == [date(2026, 7, 6), date(2026, 8, 5), date(2026, 9, 7), date(2026, 10, 5)]
    weekly = due_dates(date(2026, 12, 18), 3, SettlementFrequency.WEEKLY)
    assert weekly == [date(2026, 12, 18), date(2026, 12, 28), date(2027, 1, 4)]  # Christmas and New Year's Day


async def proposed(tenant: Tenant, first: date = FIRST) -> SettlementPlan:
    tenant.client.now = at(DAY)
    case = await case_of(tenant)
    return await tenant.client.call(ProposeSettlementPlan(case_id=case.case_id, count=2, first_due_on=first))


async def accepted(running: Running, tenant: Tenant) -> SettlementPlan:
    plan = await proposed(tenant)
    return await tenant.client.call(AcceptSettlementPlan(plan_id=plan.plan_id, proof_document_id=new_id()))


async def test_a_plan_pauses_the_case_and_money_completes_it(
    running: Running, tenant: Tenant, other_tenant: Tenant
) -> None:
    await with_policies(tenant)
    found = await rejected(running, tenant)
    plan = await accepted(running, tenant)
    assert [(row.due_on, str(row.amount.amount), row.status) for row in plan.tranches] == [
        (date(2026, 5, 11), "12.45", "DUE"),
        (date(2026, 6, 10), "12.45", "DUE"),
    ]
    case = await case_of(tenant)
    assert (case.status, case.pause_reason) == ("PAUSED", "SETTLEMENT_PLAN")
    await running.settled()
    (activated,) = await facts(running, tenant, "settlement_plan.activated")
    assert [row["due_on"] for row in activated["tranches"]] == ["2026-05-11", "2026-06-10"]
    await running.tick("minute", at(DAY, 8, 5))
    assert await facts(running, tenant, "retry_attempt.executed") == []
    await paid(tenant, found, "12.45", date(2026, 5, 11))
    plan = await tenant.client.call(GetSettlementPlan(plan_id=plan.plan_id))
    assert [row.status for row in plan.tranches] == ["PAID", "DUE"]
    await running.tick("hour", at(date(2026, 5, 20), 9))
    assert (await case_of(tenant)).status == "PAUSED"
    await paid(tenant, found, "12.45", date(2026, 6, 10))
    await running.settled()
    (completed,) = await facts(running, tenant, "settlement_plan.completed")
    assert completed["client_id"] == str(found.client_id)
    case = await case_of(tenant)
    assert (case.status, case.close_reason) == ("CLOSED", "RECOVERED")
    assert [row.status for row in (await tenant.client.call(ListSettlementPlans())).items] == ["COMPLETED"]
    assert (await other_tenant.client.call(ListSettlementPlans())).items == ()
    for request in (GetSettlementPlan(plan_id=plan.plan_id), CancelSettlementPlan(plan_id=plan.plan_id, reason="x")):
        with pytest.raises(Refused) as refusal:
            await other_tenant.client.call(request)  # type: ignore[call-overload]
        assert refusal.value.code.code == "SETTLEMENT_PLAN_NOT_FOUND"


async def test_a_tranche_more_than_five_days_late_breaks_the_plan_and_raises_the_level(
    running: Running, tenant: Tenant
) -> None:
    await with_policies(tenant)
    found = await rejected(running, tenant)
    plan = await accepted(running, tenant)
    await paid(tenant, found, "12.00", date(2026, 5, 11))  # 45 cents are missing
    await running.tick("hour", at(date(2026, 5, 16), 9))
    assert (await case_of(tenant)).status == "PAUSED"
    for hour in (9, 10):
        await running.tick("hour", at(date(2026, 5, 17), hour))
    assert len(await facts(running, tenant, "settlement_plan.broken")) == 1
    case = await case_of(tenant)
    assert (case.status, case.level) == ("OPEN", 3)
    (escalated,) = [fact for fact in await facts(running, tenant, "recovery_case.escalated") if fact["level"] == 3]
    assert (escalated["step_code"], escalated["from_level"]) == ("SETTLEMENT_BROKEN", 1)
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(CancelSettlementPlan(plan_id=plan.plan_id, reason="too late"))
    assert refusal.value.code.code == "INVALID_TRANSITION"


async def test_an_offer_stands_ten_days_for_the_amount_it_names(running: Running, tenant: Tenant) -> None:
    await with_policies(tenant)
    found = await rejected(running, tenant)
    plan = await proposed(tenant)
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(AcceptSettlementPlan(plan_id=plan.plan_id))
    assert refusal.value.fields[0].field == "proof_document_id"
    with pytest.raises(Refused) as refusal:
        await proposed(tenant)
    assert refusal.value.code.code == "SETTLEMENT_PLAN_EXISTS"
    with pytest.raises(Refused) as refusal:
        await proposed(tenant, date(2026, 5, 3))
    assert refusal.value.fields[0].field == "first_due_on"
    await paid(tenant, found, "10.00", date(2026, 5, 5))
    acceptance = AcceptSettlementPlan(plan_id=plan.plan_id, proof_session_id=new_id())
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(acceptance)
    assert refusal.value.fields[0].rule == "amount_changed"
    await running.tick("hour", at(date(2026, 5, 14), 9))
    assert (await tenant.client.call(GetSettlementPlan(plan_id=plan.plan_id))).status == "PROPOSED"
    tenant.client.now = at(date(2026, 5, 15))
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(acceptance)
    assert refusal.value.fields[0].rule == "expired"
    await running.tick("hour", at(date(2026, 5, 15), 9))
    assert (await tenant.client.call(GetSettlementPlan(plan_id=plan.plan_id))).status == "CANCELLED"


async def test_a_plan_that_is_given_up_or_disputed_lets_the_case_go_on(running: Running, tenant: Tenant) -> None:
    await with_policies(tenant)
    await rejected(running, tenant)
    plan = await accepted(running, tenant)
    await tenant.client.call(CancelSettlementPlan(plan_id=plan.plan_id, reason="asked by the client"))
    case = await case_of(tenant)
    assert (case.status, case.plans[0].status) == ("OPEN", "ACTIVE")
    again = await accepted(running, tenant)
    cause = DisputeCause.NOT_OWED
    await tenant.client.call(DisputeRecoveryItem(case_id=case.case_id, item_id=case.items[0].item_id, cause=cause))
    assert (await tenant.client.call(GetSettlementPlan(plan_id=again.plan_id))).status == "CANCELLED"
    assert (await case_of(tenant)).pause_reason == "DISPUTE"
