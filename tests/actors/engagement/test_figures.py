"""engagement: key figures follow from the facts of other actors."""

from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import pytest

from messages.contrats import ContractSuspended, ContractTerminated
from messages.engagement import GetKpis, Kpis
from messages.factures import InvoicePaid
from messages.payments import PaymentReturned
from messages.problem import Refused
from messages.values.identifiers import new_id
from tests.actors.engagement.builders import (
    DAY,
    contract_activated,
    invoice_issued,
    money,
    payment_received,
)
from tests.harness import Running, Tenant


async def kpis(tenant: Tenant, at: datetime = DAY) -> Kpis:
    tenant.client.now = at
    return await tenant.client.call(GetKpis())


def terminated(activated: object, **changes: object) -> ContractTerminated:
    facts = {
        "status": "TERMINATED",
        "ends_on": "2026-03-10",
        "reason_code": "CLIENT_REQUEST",
        "initiated_by": "CLIENT",
        "channel": "ONLINE",
        "received_on": "2026-03-05",
        "months_in_force": 1,
        "fee": money("0.00"),
        "credit": money("0.00"),
        "legitimate_reason": False,
    }
    return ContractTerminated.model_validate({**dict(activated), **facts, **changes})  # type: ignore[call-overload]


async def test_active_contracts_and_revenue(running: Running, tenant: Tenant) -> None:
    event = contract_activated(tenant.company_id, new_id())
    await running.state(event, tenant.id, version=5, now=DAY)
    await running.state(event, tenant.id, version=5, now=DAY)
    await running.settled()
    found = await kpis(tenant)
    assert (found.active_contracts.value, found.mrr.value, found.arr.value) == (1, Decimal("49.90"), Decimal("598.80"))
    assert found.active_contracts.previous == 0
    assert found.fresh_at == DAY


async def test_a_paused_contract_counts_without_revenue(running: Running, tenant: Tenant) -> None:
    event = contract_activated(tenant.company_id, new_id())
    await running.state(event, tenant.id, version=5, now=DAY)
    paused = {
        "suspension_reason": "PAYMENT_DEFAULT",
        "billing_policy": "PAUSE",
        "effective_on": "2026-03-05",
        "status": "SUSPENDED",
    }
    suspended = ContractSuspended.model_validate({**dict(event), **paused})
    await running.state(suspended, tenant.id, version=6, now=DAY)
    await running.settled()
    found = await kpis(tenant, datetime(2026, 3, 6, 9, tzinfo=UTC))
    assert (found.active_contracts.value, found.suspended_contracts, found.mrr.value) == (1, 1, Decimal(0))
    earlier = await kpis(tenant, datetime(2026, 3, 4, 9, tzinfo=UTC))
    assert (earlier.suspended_contracts, earlier.mrr.value) == (0, Decimal("49.90"))


async def test_case_30_an_older_fact_after_the_end_changes_nothing(running: Running, tenant: Tenant) -> None:
    event = contract_activated(tenant.company_id, new_id())
    await running.state(event, tenant.id, version=5, now=DAY)
    await running.state(terminated(event), tenant.id, version=7, now=DAY)
    await running.state(event, tenant.id, version=6, now=DAY)
    await running.settled()
    last_day = await kpis(tenant, datetime(2026, 3, 10, 9, tzinfo=UTC))
    assert last_day.active_contracts.value == 1
    after = await kpis(tenant, datetime(2026, 3, 11, 9, tzinfo=UTC))
    assert (after.active_contracts.value, after.mrr.value) == (0, Decimal(0))


async def test_case_4_churn_counts_who_was_there_before_and_early_cancellations_apart(
    running: Running, tenant: Tenant
) -> None:
    old = [contract_activated(tenant.company_id, new_id(), effective_on="2026-01-05") for _ in range(4)]
    young = contract_activated(tenant.company_id, new_id(), effective_on="2026-03-03")
    for event in [*old, young]:
        await running.state(event, tenant.id, version=5, now=DAY)
    for event in (old[0], young):
        await running.state(terminated(event), tenant.id, version=6, now=DAY)
    await running.settled()
    found = await kpis(tenant, datetime(2026, 3, 31, 9, tzinfo=UTC))
    assert (found.contract_churn_rate.value, found.early_cancellations) == (Decimal("25.00"), 1)


async def test_case_5_unpaid_outstanding_and_overdue(running: Running, tenant: Tenant) -> None:
    client_id = new_id()
    first = invoice_issued(tenant.company_id, client_id)
    second = invoice_issued(tenant.company_id, client_id, due_date="2026-03-20")
    for event in (first, second):
        await running.state(event, tenant.id, version=2, now=DAY)
    settlement = {
        "outstanding": money("0.00"),
        "settlement_status": "PAID",
        "amount": money("120.00"),
        "on_date": "2026-03-08",
        "source": "PAYMENT",
        "source_id": new_id(),
        "settled": money("120.00"),
        "presumed": False,
        "by_rate": (),
    }
    paid = InvoicePaid.model_validate({name: getattr(second, name) for name in _ref(second)} | settlement)
    await running.state(paid, tenant.id, version=3, now=DAY)
    await running.settled()
    found = await kpis(tenant, datetime(2026, 3, 31, 9, tzinfo=UTC))
    assert (found.outstanding.value, found.overdue.value) == (Decimal("120.00"), Decimal("120.00"))
    assert (found.unpaid_rate_amount.value, found.unpaid_rate_count.value) == (Decimal("50.00"), Decimal("50.00"))
    assert found.revenue.value == Decimal("200.00")


async def test_collected_money_leaves_again_when_it_is_taken_back(running: Running, tenant: Tenant) -> None:
    received = payment_received(tenant.company_id, new_id())
    await running.state(received, tenant.id, version=2, now=DAY)
    await running.state(received, tenant.id, version=2, now=DAY)
    await running.settled()
    assert (await kpis(tenant)).collected.value == Decimal("70.00")
    await running.state(_returned(received.payment_id, tenant), tenant.id, version=3, now=DAY)
    await running.settled()
    assert (await kpis(tenant, datetime(2026, 3, 20, 9, tzinfo=UTC))).collected.value == Decimal("0.00")


async def test_figures_are_per_tenant_and_need_the_right(
    running: Running, tenant: Tenant, other_tenant: Tenant
) -> None:
    await running.state(contract_activated(tenant.company_id, new_id()), tenant.id, version=5, now=DAY)
    await running.settled()
    assert (await kpis(other_tenant)).active_contracts.value == 0
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(GetKpis(), token=tenant.token("engagement:email:read"))
    assert refusal.value.code.code == "PERMISSION_MISSING"


def _ref(event: object) -> list[str]:
    from messages.factures import InvoiceRef

    return list(InvoiceRef.model_fields)


def _returned(payment_id: UUID, tenant: Tenant) -> PaymentReturned:
    received = payment_received(tenant.company_id, new_id(), payment_id=payment_id)
    facts = {
        "phase": "POST_SETTLEMENT",
        "r_type": "RETURN",
        "reason_code": "AM04",
        "category": "INSUFFICIENT_FUNDS",
        "retry_advice": "AUTO",
        "mandate_effect": "NONE",
        "rejected_on": "2026-03-12",
        "rejected_at": "2026-03-12T09:00:00.000000Z",
        "consecutive_failures": 1,
        "r_key": "r-1",
        "allocations_reversed": (),
        "compensation": money("0.00"),
        "within_scheme_window": True,
    }
    return PaymentReturned.model_validate({**dict(received), **facts})
