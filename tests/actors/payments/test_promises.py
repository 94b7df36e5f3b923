"""payments: recovery waits for a debtor who promised to pay, and goes on when he did not."""

from datetime import date
from decimal import Decimal

import pytest

from actors.payments.rules.promises import waits_until
from actors.payments.rules.retrying import risk_score
from messages.clients import ClientDeceased
from messages.payments import (
    CancelPaymentPromise,
    GetPaymentStanding,
    ListPaymentPromises,
    ListReminders,
    PaymentPromise,
    RecordPaymentPromise,
)
from messages.problem import Refused
from tests.actors.payments.builders import at
from tests.actors.payments.steps import facts
from tests.actors.payments.test_recovery import case_of, paid, rejected, with_policies
from tests.harness import Running, Tenant

DAY, PROMISED = date(2026, 5, 4), date(2026, 5, 15)


async def promised(tenant: Tenant, amount: str = "24.90", day: date = PROMISED) -> PaymentPromise:
    case = await case_of(tenant)
    return await tenant.client.call(RecordPaymentPromise(case_id=case.case_id, amount=Decimal(amount), promised_on=day))


def test_case_38_patience_ends_two_target_days_after_the_promised_day() -> None:
    assert waits_until(date(2026, 7, 3)) == date(2026, 7, 7)  # Friday, so Tuesday; broken on Wednesday the 8th


def test_case_46_a_broken_promise_weighs_more_than_a_rejection() -> None:
    assert risk_score(2, 0, 30, 1) == 45


async def test_case_38_a_broken_promise_lets_the_case_go_on(
    running: Running, tenant: Tenant, other_tenant: Tenant
) -> None:
    await with_policies(tenant)
    found = await rejected(running, tenant)
    tenant.client.now = at(DAY)
    promise = await promised(tenant)
    assert (promise.status, promise.waits_until) == ("PENDING", date(2026, 5, 19))
    case = await case_of(tenant)
    assert (case.status, case.pause_reason) == ("PAUSED", "PROMISE")
    assert {row.status for row in (await tenant.client.call(ListReminders())).items} == {"CANCELLED"}
    await running.tick("minute", at(DAY, 8, 5))
    assert await facts(running, tenant, "retry_attempt.executed") == []
    await running.tick("hour", at(date(2026, 5, 19), 9))
    assert (await case_of(tenant)).status == "PAUSED"
    await running.tick("hour", at(date(2026, 5, 20), 9))
    (broken,) = await facts(running, tenant, "payment_promise.broken")
    assert (broken["promise_id"], broken["client_id"]) == (str(promise.promise_id), str(found.client_id))
    assert (await case_of(tenant)).status == "OPEN"
    assert (await other_tenant.client.call(ListPaymentPromises())).items == ()
    with pytest.raises(Refused) as refusal:
        await other_tenant.client.call(CancelPaymentPromise(promise_id=promise.promise_id, reason="x"))
    assert refusal.value.code.code == "PROMISE_NOT_FOUND"


async def test_money_keeps_a_promise_and_ends_or_goes_on_with_the_case(running: Running, tenant: Tenant) -> None:
    await with_policies(tenant)
    found = await rejected(running, tenant)
    tenant.client.now = at(DAY)
    await promised(tenant, "10.00")
    await paid(tenant, found, "10.00", date(2026, 5, 5))
    case = await case_of(tenant)
    assert (case.status, case.outstanding.amount) == ("OPEN", Decimal("14.90"))
    tenant.client.now = at(date(2026, 5, 6))
    await promised(tenant, "14.90")
    await paid(tenant, found, "14.90", date(2026, 5, 7))
    await running.settled()
    assert len(await facts(running, tenant, "payment_promise.kept")) == 2
    case = await case_of(tenant)
    assert (case.status, case.close_reason) == ("CLOSED", "RECOVERED")
    standing = await tenant.client.call(GetPaymentStanding(client_id=found.client_id))
    assert standing.standing == "GOOD"


async def test_a_third_promise_and_impossible_ones_are_refused(running: Running, tenant: Tenant) -> None:
    await with_policies(tenant)
    await rejected(running, tenant)
    tenant.client.now = at(DAY)
    for day in (date(2026, 5, 3), date(2026, 6, 4)):
        with pytest.raises(Refused) as refusal:
            await promised(tenant, day=day)
        assert refusal.value.fields[0].field == "promised_on"
    for _ in range(2):
        promise = await promised(tenant)
        with pytest.raises(Refused) as refusal:
            await promised(tenant)
        await tenant.client.call(CancelPaymentPromise(promise_id=promise.promise_id, reason="changed his mind"))
        assert (await case_of(tenant)).status == "OPEN"
    with pytest.raises(Refused) as refusal:
        await promised(tenant)
    assert refusal.value.code.code == "PROMISE_LIMIT_REACHED"


async def test_death_outlasts_a_promise(running: Running, tenant: Tenant) -> None:
    await with_policies(tenant)
    found = await rejected(running, tenant)
    tenant.client.now = at(DAY)
    await promised(tenant)
    await running.state(ClientDeceased(client_id=found.client_id), tenant.id, version=5, now=at(DAY))
    await running.settled()
    await running.tick("hour", at(date(2026, 5, 20), 9))
    case = await case_of(tenant)
    assert (case.status, case.pause_reason) == ("PAUSED", "DECEASED")
