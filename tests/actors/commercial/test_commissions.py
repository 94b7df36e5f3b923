"""commercial: from a sale to commissions that are payable, earned again, held and taken back."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from messages.commercial import (
    AttributeContract,
    CalculateCommission,
    CancelCommission,
    Commission,
    CreateAdjustment,
    CreatePlanVersion,
    GetCommission,
    ListCalculationIssues,
    ListClawbacks,
    ListCommissions,
    ListRecurringRights,
    PublishPlanVersion,
    RetryCalculationIssue,
    UpdateCommissionSettings,
)
from messages.payments import PaymentAllocated
from messages.problem import Refused
from messages.values.identifiers import new_id
from messages.values.money import Money
from tests.actors.commercial.people import money, own_scope_token, plan, representative
from tests.actors.commercial.sales import Sale
from tests.harness import Tenant

D = Decimal
RECURRING: dict[str, Any] = {
    "calculation": {"type": "FIXED", "base": "FLAT", "fixed_amount": "40.00"},
    "recurring": {"enabled": True, "rate_percent": "3"},
}
JANUARY = date(2025, 1, 10)


async def commissions(sale: Sale, **filters: Any) -> list[Commission]:
    request = ListCommissions(contract_id=sale.contract_id, limit=100, **filters)
    return list(reversed((await sale.tenant.client.call(request)).items))


async def sold(tenant: Tenant, **terms: Any) -> Sale:
    rep = await representative(tenant)
    await plan(tenant, terms=RECURRING | terms)
    sale = Sale(tenant, rep.rep_id)
    await sale.sell(JANUARY)
    return sale


async def test_the_seller_gets_the_contract_and_his_commission_when_quality_is_approved(tenant: Tenant) -> None:
    rep = await representative(tenant)
    await plan(tenant)
    sale = Sale(tenant, rep.rep_id)
    await sale.create(JANUARY)
    await sale.sign(JANUARY)
    assert await commissions(sale) == []
    (attributed,) = await tenant.running.events("contract_attribution.changed", tenant.id)
    assert attributed[1]["rep_id"] == str(rep.rep_id)
    await sale.approve(JANUARY)
    (entry,) = await commissions(sale)
    assert (entry.status, entry.amount, entry.period) == ("ACCRUED", Money.of("40.00"), "2025-01")
    assert entry.rep_id == rep.rep_id
    assert [step["step"] for step in entry.calculation] == ["plan", "line_net", "fixed_amount", "rounded_half_up"]
    (stated,) = await tenant.running.events("commission.calculated", tenant.id)
    assert (stated[1]["entry_id"], stated[1]["contract_line_id"]) == (str(entry.entry_id), str(sale.line_id))


async def test_a_line_is_commissioned_once_whatever_repeats(tenant: Tenant) -> None:
    sale = await sold(tenant)
    await sale.approve(JANUARY)
    await sale.activate(JANUARY)
    assert (await tenant.client.call(CalculateCommission(contract_id=sale.contract_id))).entries == ()
    assert len(await commissions(sale)) == 1


async def test_the_commission_is_payable_with_its_first_full_collection(tenant: Tenant) -> None:
    sale = await sold(tenant)
    bill = await sale.bill(JANUARY)
    await bill.pay(JANUARY, "20.00")
    assert (await commissions(sale))[0].status == "ACCRUED"
    await bill.pay(JANUARY, "39.88")
    assert (await commissions(sale))[0].status == "PAYABLE"
    assert len(await tenant.running.events("commission.became_payable", tenant.id)) == 1


async def test_case_3_partial_payments_earn_on_their_own_base(tenant: Tenant) -> None:
    sale = await sold(tenant, recurring={"enabled": True, "rate_percent": "10", "first_month": 1})
    bill = await sale.bill(JANUARY)
    await bill.pay(JANUARY, "30.00")
    await bill.pay(JANUARY, "29.88")
    found = await commissions(sale, kind="RECURRING")
    assert [(entry.base.amount, entry.amount.amount) for entry in found] == [
        (D("25.00"), D("2.50")),
        (D("24.90"), D("2.49")),
    ]


async def test_case_30_the_version_in_force_at_the_collection_date_pays(tenant: Tenant) -> None:
    rep = await representative(tenant)
    recurring = {"enabled": True, "rate_percent": "2", "first_month": 1}
    created = await plan(tenant, terms=RECURRING | {"recurring": recurring})
    drafted = await tenant.client.call(
        CreatePlanVersion.model_validate(
            {
                "plan_id": created.plan_id,
                "terms": RECURRING | {"recurring": recurring | {"rate_percent": "3"}},
                "effective_from": "2025-07-01",
                "change_reason": "a better rate",
            }
        )
    )
    await tenant.client.call(PublishPlanVersion(version_id=drafted.versions[0].version_id))
    sale = Sale(tenant, rep.rep_id, net=D("100.00"), gross=D("120.00"))
    await sale.sell(JANUARY)
    may, june = await sale.bill(date(2025, 5, 10)), await sale.bill(date(2025, 6, 10))
    await may.pay(date(2025, 6, 30))
    await june.pay(date(2025, 7, 3))
    earned = await commissions(sale, kind="RECURRING")
    assert [entry.amount.amount for entry in earned] == [D("2.00"), D("3.00")]
    assert [entry.plan_version_no for entry in earned] == [1, 2]


async def test_case_31_a_tie_opens_one_issue_that_a_priority_resolves(tenant: Tenant) -> None:
    rep = await representative(tenant)
    sale = Sale(tenant, rep.rep_id)
    await plan(tenant, "A", selectors={"profile": "VRP"})
    await plan(tenant, "B", selectors={"profile": "VRP"})
    await sale.sell(JANUARY)
    await sale.activate(JANUARY)
    (issue,) = (await tenant.client.call(ListCalculationIssues())).items
    assert (issue.kind, await commissions(sale)) == ("AMBIGUOUS_PLAN", [])
    assert len(await tenant.running.events("commission_calculation.failed", tenant.id)) == 1
    await plan(tenant, "C", selectors={"profile": "VRP"}, priority=5)
    assert (await tenant.client.call(RetryCalculationIssue(issue_id=issue.issue_id))).status == "RESOLVED"
    assert len(await commissions(sale)) == 1


async def test_an_hourly_job_tries_issues_again(tenant: Tenant) -> None:
    rep = await representative(tenant)
    sale = Sale(tenant, rep.rep_id)
    await sale.sell(JANUARY)
    assert [issue.kind for issue in (await tenant.client.call(ListCalculationIssues())).items] == ["NO_PLAN"]
    await plan(tenant)
    await tenant.running.tick("hour", datetime(2027, 1, 1, 10, tzinfo=UTC))
    assert len(await commissions(sale)) == 1
    assert (await tenant.client.call(ListCalculationIssues())).items == ()


async def test_case_33_a_repeated_payment_earns_once(tenant: Tenant) -> None:
    sale = await sold(tenant)
    bill = await sale.bill(date(2025, 2, 10))
    payment_id = await bill.pay(date(2025, 2, 10))
    await bill.pay(date(2025, 2, 10), payment_id=payment_id)
    allocated = PaymentAllocated.model_validate(
        {
            "payment_id": payment_id,
            "client_id": sale.client_id,
            "company_id": tenant.company_id,
            "allocation": {
                "allocation_id": new_id(),
                "payment_id": payment_id,
                "invoice_id": bill.invoice_id,
                "amount": money("0"),
                "allocated_after": money(sale.gross),
            },
        }
    )
    await sale.say(allocated, date(2025, 2, 11), version=2)
    assert [entry.amount.amount for entry in await commissions(sale, kind="RECURRING")] == [D("1.50")]


async def test_case_34_money_that_comes_before_quality_pays_the_same(tenant: Tenant) -> None:
    rep = await representative(tenant)
    await plan(tenant, terms=RECURRING)
    sale = Sale(tenant, rep.rep_id)
    bills = [await sale.bill(date(2025, month, 10)) for month in (1, 2)]
    for bill in bills:
        await bill.pay(bill.due_on)
    await sale.create(JANUARY)
    await sale.sign(JANUARY)
    assert await commissions(sale) == []
    await sale.approve(date(2025, 2, 20))
    found = await commissions(sale)
    assert {(entry.kind, entry.amount.amount, entry.status) for entry in found} == {
        ("INITIAL", D("40.00"), "PAYABLE"),
        ("RECURRING", D("1.50"), "PAYABLE"),
    }


async def test_a_suspended_contract_holds_and_a_resumed_one_goes_on(tenant: Tenant) -> None:
    sale = await sold(tenant)
    bill = await sale.bill(JANUARY)
    await bill.pay(JANUARY)
    await sale.suspend(date(2025, 2, 1))
    assert (await commissions(sale))[0].hold_reason == "CONTRACT_SUSPENDED"
    assert len(await tenant.running.events("commission.held", tenant.id)) == 1
    (right,) = (await tenant.client.call(ListRecurringRights(contract_id=sale.contract_id))).items
    assert right.status == "SUSPENDED"
    await sale.resume(date(2025, 3, 1))
    assert (await commissions(sale))[0].status == "PAYABLE"
    (right,) = (await tenant.client.call(ListRecurringRights(contract_id=sale.contract_id))).items
    assert right.status == "ACTIVE"


async def test_a_returned_payment_makes_what_it_earned_wait(tenant: Tenant) -> None:
    sale = await sold(tenant)
    bill = await sale.bill(date(2025, 2, 10))
    payment_id = await bill.pay(date(2025, 2, 10))
    await bill.return_payment(payment_id, date(2025, 2, 20))
    assert {entry.hold_reason for entry in await commissions(sale)} == {"INSTALMENT_REVERSED"}
    await bill.pay(date(2025, 3, 1))
    found = await commissions(sale)
    assert {entry.status for entry in found} == {"PAYABLE"}
    assert [entry.amount.amount for entry in found if entry.kind == "RECURRING"] == [D("1.50")]


async def test_withdrawal_cancels_what_is_not_frozen(tenant: Tenant) -> None:
    from messages.contrats import ContractWithdrawn

    sale = await sold(tenant)
    sale.status = "WITHDRAWN"
    day = date(2025, 1, 15)
    await sale.state(ContractWithdrawn, day, sent_on=day, received_on=day, prorata_due=money("0"), refund_deadline=day)
    assert [(entry.status, entry.cancel_reason) for entry in await commissions(sale)] == [("CANCELLED", "WITHDRAWAL")]
    assert len(await tenant.running.events("recurring_right.ended", tenant.id)) == 1
    assert (await tenant.client.call(ListClawbacks())).items == ()


async def test_rejected_quality_takes_away_what_approval_gave_and_a_new_approval_gives_it_again(tenant: Tenant) -> None:
    from messages.contrats import ContractQualityRejected

    sale = await sold(tenant)
    facts: dict[str, Any] = {"review_id": new_id(), "reviewer_id": new_id(), "codes": ["ID"]}
    await sale.state(ContractQualityRejected, JANUARY, **facts)
    assert [entry.status for entry in await commissions(sale)] == ["CANCELLED"]
    await sale.approve(date(2025, 1, 20))
    assert [entry.status for entry in await commissions(sale)] == ["CANCELLED", "ACCRUED"]


async def test_without_required_quality_a_signature_is_enough(tenant: Tenant) -> None:
    await tenant.client.call(UpdateCommissionSettings(expected_version=1, qc_required=False))
    rep = await representative(tenant)
    fixed = {"type": "FIXED", "base": "FLAT", "fixed_amount": "40.00"}
    await plan(tenant, terms={"calculation": fixed, "accrual_trigger": "SIGNED", "payable_condition": "ON_ACCRUAL"})
    sale = Sale(tenant, rep.rep_id)
    await sale.create(JANUARY)
    await sale.sign(JANUARY)
    assert [entry.status for entry in await commissions(sale)] == ["PAYABLE"]


async def test_a_partners_commission_always_waits_for_the_money(tenant: Tenant) -> None:
    rep = await representative(tenant, profile="PARTNER", given_name=None, family_name=None, legal_name="Apport SARL")
    fixed = {"type": "FIXED", "base": "FLAT", "fixed_amount": "40.00"}
    await plan(tenant, terms={"calculation": fixed, "payable_condition": "ON_ACCRUAL"})
    sale = Sale(tenant, rep.rep_id)
    await sale.sell(JANUARY)
    assert [entry.status for entry in await commissions(sale)] == ["ACCRUED"]


async def test_a_transferred_contract_pays_the_new_seller_from_its_date_on(tenant: Tenant) -> None:
    sale = await sold(tenant)
    successor = await representative(tenant, given_name="Anne")
    await tenant.client.call(
        AttributeContract(
            contract_id=sale.contract_id, rep_id=successor.rep_id, valid_from=date(2025, 6, 1), reason="portfolio"
        )
    )
    for day in (date(2025, 5, 31), date(2025, 6, 1)):
        bill = await sale.bill(day)
        await bill.pay(date(2025, 6, 3))
    found = await commissions(sale, kind="RECURRING")
    assert [entry.rep_id for entry in found] == [sale.rep_id, successor.rep_id]


async def test_an_open_commission_can_be_cancelled_and_is_not_born_again(tenant: Tenant) -> None:
    sale = await sold(tenant)
    (entry,) = await commissions(sale)
    cancelled = await tenant.client.call(CancelCommission(entry_id=entry.entry_id, reason="test sale"))
    assert cancelled.status == "CANCELLED"
    await sale.activate(date(2025, 1, 20))
    assert len(await commissions(sale)) == 1


async def test_a_large_adjustment_needs_the_right_to_approve(tenant: Tenant) -> None:
    rep = await representative(tenant)
    order = CreateAdjustment(
        rep_id=rep.rep_id,
        company_id=tenant.company_id,
        amount=Money.of("500.01"),
        period="2025-01",
        reason="forgotten bonus",
    )
    token = tenant.token("commercial:commission:write")
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(order, token=token)
    assert refusal.value.code.code == "PERMISSION_MISSING"
    small = order.model_copy(update={"amount": Money.of("-500.00")})
    booked = await tenant.client.call(small, token=token)
    assert (booked.kind, booked.status, booked.amount) == ("ADJUSTMENT", "PAYABLE", Money.of("-500.00"))


async def test_another_tenants_commission_is_not_found(tenant: Tenant, other_tenant: Tenant) -> None:
    sale = await sold(tenant)
    (entry,) = await commissions(sale)
    with pytest.raises(Refused) as refusal:
        await other_tenant.client.call(GetCommission(entry_id=entry.entry_id))
    assert refusal.value.code.code == "COMMISSION_NOT_FOUND"


async def test_without_the_permission_commissions_stay_closed(tenant: Tenant) -> None:
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(ListCommissions(), token=tenant.token("other:x:read"))
    assert refusal.value.code.code == "PERMISSION_MISSING"


async def test_a_representative_reads_his_own_commissions_only(tenant: Tenant) -> None:
    user_id = new_id()
    sale = await sold(tenant)
    mine = await representative(tenant, user_id=str(user_id), given_name="Anne")
    own = Sale(tenant, mine.rep_id)
    await own.sell(JANUARY)
    token = own_scope_token(tenant, user_id, "commercial:commission:read")
    seen = await tenant.client.call(ListCommissions(), token=token)
    assert {entry.contract_id for entry in seen.items} == {own.contract_id}
    (foreign,) = await commissions(sale)
    with pytest.raises(Refused):
        await tenant.client.call(GetCommission(entry_id=foreign.entry_id), token=token)
