"""Single instalments that people move, skip, or let pass a guard."""

from datetime import date

import pytest

from messages.base import Request
from messages.payments import (
    Instalment,
    ListInstalments,
    RescheduleInstalment,
    RunEmission,
    SkipInstalment,
    WaiveBlock,
)
from messages.problem import Refused
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
