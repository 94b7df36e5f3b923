"""Single instalments that people move, skip, or let pass a guard."""

from datetime import date
from decimal import Decimal

import pytest

from messages.base import Request
from messages.payments import (
    CancelSchedule,
    CreateInstalment,
    CreateSchedule,
    Instalment,
    ListInstalments,
    ListMandates,
    ListSchedules,
    PauseSchedule,
    RenewSchedule,
    RescheduleInstalment,
    RunEmission,
    SkipInstalment,
    WaiveBlock,
)
from messages.problem import Refused
from messages.values.identifiers import new_id
from messages.values.money import Money
from tests.actors.payments.builders import at, creditor_account
from tests.actors.payments.steps import DEBIT, PRESENTED, facts, subscriber
from tests.harness import Running, Tenant


async def first(tenant: Tenant) -> Instalment:
    return (await tenant.client.call(ListInstalments())).items[0]


async def refused(tenant: Tenant, request: Request[Instalment]) -> str:
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(request)
    return refusal.value.code.code


async def test_a_debit_is_moved_before_it_is_presented_and_not_afterwards(
    running: Running, tenant: Tenant, other_tenant: Tenant
) -> None:
    await creditor_account(tenant)
    found = await subscriber(running, tenant)
    due = await first(tenant)
    move = RescheduleInstalment(instalment_id=due.instalment_id, debit_on=date(2026, 5, 9), reason="asked for")
    assert await refused(other_tenant, move) == "INSTALMENT_NOT_FOUND"
    assert await refused(tenant, move.model_copy(update={"debit_on": date(2026, 4, 1)})) == "VALIDATION_FAILED"
    assert await refused(tenant, move.model_copy(update={"expected_version": 9})) == "VERSION_CONFLICT"
    for _ in range(2):
        moved = await tenant.client.call(move)
    assert (moved.planned_debit_date, moved.planned_by) == (date(2026, 5, 11), "OVERRIDE"), "9 May is a Saturday"
    (fact,) = await facts(running, tenant, "instalment.rescheduled")
    assert (fact["previous_date"], fact["reason"]) == (DEBIT.isoformat(), "REQUESTED")
    await found.open_gates(date(2026, 4, 20))
    tenant.client.now = at(PRESENTED, 5)
    run = RunEmission(company_id=tenant.company_id)
    assert (await tenant.client.call(run)).due == 0
    tenant.client.now = at(date(2026, 5, 7), 5)
    assert (await tenant.client.call(run)).emitted == 1
    assert await refused(tenant, move) == "INVALID_TRANSITION"
    assert await refused(tenant, SkipInstalment(instalment_id=due.instalment_id, reason="no")) == "INVALID_TRANSITION"


async def test_a_skipped_instalment_is_never_collected(running: Running, tenant: Tenant, other_tenant: Tenant) -> None:
    await creditor_account(tenant)
    found = await subscriber(running, tenant)
    due = await first(tenant)
    skip = SkipInstalment(instalment_id=due.instalment_id, reason="a month for free")
    assert await refused(other_tenant, skip) == "INSTALMENT_NOT_FOUND"
    for _ in range(2):
        skipped = await tenant.client.call(skip)
    assert (skipped.status, skipped.cancel_reason) == ("CANCELLED", "SKIPPED")
    assert [body["reason"] for body in await facts(running, tenant, "instalment.cancelled")] == ["SKIPPED"]
    await found.open_gates(date(2026, 4, 20))
    tenant.client.now = at(PRESENTED, 5)
    assert (await tenant.client.call(RunEmission(company_id=tenant.company_id))).due == 0


async def test_a_guard_of_the_house_is_waived_and_one_of_the_law_is_not(
    running: Running, tenant: Tenant, other_tenant: Tenant
) -> None:
    await creditor_account(tenant)
    found = await subscriber(running, tenant)
    due = await first(tenant)
    waive = WaiveBlock(instalment_id=due.instalment_id, reason="checked by phone")
    assert await refused(tenant, waive) == "INVALID_TRANSITION", "nothing holds it yet"
    tenant.client.now = at(PRESENTED, 5)
    run = RunEmission(company_id=tenant.company_id)
    assert [result.reason for result in (await tenant.client.call(run)).results] == ["CONTRACT_NOT_ACTIVE"]
    assert await refused(tenant, waive) == "BUSINESS_RULE_VIOLATION"
    await found.open_gates(date(2026, 4, 20), quality=False)
    tenant.client.now = at(PRESENTED, 6)
    assert [result.reason for result in (await tenant.client.call(run)).results] == ["QUALITY_CHECK_PENDING"]
    assert await refused(other_tenant, waive) == "INSTALMENT_NOT_FOUND"
    waived = await tenant.client.call(waive)
    assert (waived.status, waived.block_reason) == ("PLANNED", None)
    tenant.client.now = at(PRESENTED, 7)
    assert (await tenant.client.call(run)).emitted == 1
    assert len(await facts(running, tenant, "instalment.unblocked")) == 1


async def test_a_schedule_that_ended_is_renewed_from_a_new_date(
    running: Running, tenant: Tenant, other_tenant: Tenant
) -> None:
    await creditor_account(tenant)
    found = await subscriber(running, tenant)
    (own,) = (await tenant.client.call(ListSchedules(client_id=found.client_id))).items
    tenant.client.now = at(date(2026, 5, 7), 5)
    await found.open_gates(date(2026, 4, 20))
    await tenant.client.call(RunEmission(company_id=tenant.company_id))  # the period from 10 April to 9 May
    await tenant.client.call(CancelSchedule(schedule_id=own.schedule_id, reason="asked for"))
    wanted = RenewSchedule(schedule_id=own.schedule_id, new_due_date=date(2026, 5, 31), new_amount=Money.of("30.00"))
    with pytest.raises(Refused) as refusal:
        await other_tenant.client.call(wanted)
    assert refusal.value.code.code == "SCHEDULE_NOT_FOUND"
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(wanted.model_copy(update={"new_due_date": date(2026, 5, 9)}))
    assert refusal.value.fields[0].field == "new_due_date", "that period was presented"
    renewed = await tenant.client.call(wanted)
    assert (renewed.status, renewed.amount) == ("ACTIVE", Money.of("30.00"))
    await running.settled()
    rows = (await tenant.client.call(ListInstalments(schedule_id=own.schedule_id, status=("PLANNED",)))).items
    starts = (date(2026, 5, 31), date(2026, 6, 30), date(2026, 7, 31))  # the 31st does not drift
    assert [(row.period_start, row.amount.amount) for row in rows] == [(start, Decimal("30.00")) for start in starts]
    assert (await facts(running, tenant, "schedule.updated"))[-1]["changed_fields"] == [
        "amount", "anchor_date", "status",
    ]  # fmt: skip
    later = wanted.model_copy(update={"new_due_date": date(2026, 7, 15), "new_amount": None})
    assert (await tenant.client.call(later)).amount == Money.of("30.00")  # a running one changes its rhythm
    await running.settled()
    rows = (await tenant.client.call(ListInstalments(schedule_id=own.schedule_id, status=("PLANNED",)))).items
    assert [row.period_start for row in rows] == [date(2026, 5, 31), date(2026, 7, 15)]
    await tenant.client.call(PauseSchedule(schedule_id=own.schedule_id, reason="asked for"))
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(wanted)
    assert refusal.value.code.code == "INVALID_TRANSITION"


async def test_a_schedule_made_by_hand_is_planned_and_collected_and_takes_one_more_debit(
    running: Running, tenant: Tenant, other_tenant: Tenant
) -> None:
    await creditor_account(tenant)
    found = await subscriber(running, tenant)
    (mandate,) = (await tenant.client.call(ListMandates())).items
    tenant.client.now = at(date(2026, 4, 20))
    wanted = CreateSchedule(
        company_id=tenant.company_id,
        client_id=found.client_id,
        mandate_id=mandate.mandate_id,
        amount=Money.of("12.50"),
        start_date=date(2026, 5, 5),
        occurrences=2,
    )
    key = str(new_id())
    made = await tenant.client.call(wanted, key=key)
    assert (await tenant.client.call(wanted, key=key)).schedule_id == made.schedule_id, "the same key, one schedule"
    assert (made.status, made.end_date) == ("ACTIVE", date(2026, 7, 4))
    await running.settled()
    query = ListInstalments(schedule_id=made.schedule_id)
    assert [due.planned_debit_date for due in (await tenant.client.call(query)).items] == [DEBIT, date(2026, 6, 5)]
    for change, code in (
        ({"contract_id": found.contract_id}, "SCHEDULE_EXISTS"),
        ({"client_id": new_id()}, "VALIDATION_FAILED"),
    ):
        with pytest.raises(Refused) as refusal:
            await tenant.client.call(wanted.model_copy(update=change), key=str(new_id()))
        assert refusal.value.code.code == code
    more = CreateInstalment(
        schedule_id=made.schedule_id, amount=Money.of("3.00"), debit_on=date(2026, 5, 9), reason="a missing cable"
    )
    extra = await tenant.client.call(more, key=str(new_id()))
    assert (extra.planned_debit_date, extra.planned_by, extra.open_amount) == (
        date(2026, 5, 11), "OVERRIDE", Money.of("3.00"),
    )  # fmt: skip
    for request, code in ((wanted, "COMPANY_NOT_FOUND"), (more, "SCHEDULE_NOT_FOUND")):
        with pytest.raises(Refused) as refusal:
            await other_tenant.client.call(request, key=str(new_id()))
        assert refusal.value.code.code == code
    tenant.client.now = at(date(2026, 5, 7), 5)
    run = await tenant.client.call(RunEmission(company_id=tenant.company_id))
    assert run.emitted == 2, "a debit without a contract has no gates but its mandate"
    assert len(await facts(running, tenant, "schedule.created")) == 2
    (own,) = (await tenant.client.call(ListSchedules(contract_id=found.contract_id))).items
    await tenant.client.call(CancelSchedule(schedule_id=own.schedule_id, reason="asked for"))
    stopped = more.model_copy(update={"schedule_id": own.schedule_id})
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(stopped, key=str(new_id()))
    assert refusal.value.code.code == "VALIDATION_FAILED"
