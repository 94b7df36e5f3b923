"""payments: failed debits cost professionals what their contract says; a consumer never pays for recovery."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from actors.payments.rules.fees import costs_a_fee, fee_rule_of
from messages.clients import ClientUpdated
from messages.payments import (
    ArchiveFeeRule,
    CaseCloseReason,
    CloseRecoveryCase,
    CreateFeeRule,
    CustomerType,
    FeeRule,
    ListFeeRules,
    ListRecoveryCharges,
    QuoteRecoveryAmount,
    UpdateFeeRule,
    WaiveRecoveryCharge,
)
from messages.problem import Refused
from messages.values.identifiers import new_id
from tests.actors.payments.builders import Subscriber, at, client_created, money
from tests.actors.payments.steps import facts, imported
from tests.actors.payments.test_charges import in_arrears
from tests.actors.payments.test_recovery import case_of, paid, presented_again, refusing, rejected, with_policies
from tests.harness import Running, Tenant

CLAUSE, FROM = "CGV pro art. 9", date(2026, 1, 1)


async def fee(tenant: Tenant, amount: str = "10.00", **changes: Any) -> FeeRule:
    wanted = {"customer_type": "B2B", "contract_clause_ref": CLAUSE, "valid_from": FROM} | changes
    return await tenant.client.call(CreateFeeRule.model_validate(wanted | {"amount_incl_tax": money(amount)}))


async def professional(running: Running, tenant: Tenant, kind: str = "BUSINESS") -> Subscriber:
    """Owes 29.99, refused once with AM04."""
    await with_policies(tenant)
    client_id = new_id()
    event = client_created(client_id, tenant.company_id).model_dump() | {"kind": kind}
    known = ClientUpdated.model_validate(event | {"changed_fields": ("kind",)})
    await running.state(known, tenant.id, version=9)
    return await rejected(running, tenant, client_id=client_id, amount="29.99")


async def refused_again(running: Running, tenant: Tenant, submit: date, collected: date) -> None:
    content = await presented_again(running, tenant, at(submit), collected, "29.99")
    for _ in range(2):  # the bank says it twice
        await imported(tenant, refusing("AM04").take(content, submit))
    await running.settled()


async def test_case_23_two_failures_of_a_professional_cost_two_fees_and_a_third_none(
    running: Running, tenant: Tenant, other_tenant: Tenant
) -> None:
    await fee(tenant)
    found = await professional(running, tenant)
    await refused_again(running, tenant, date(2026, 5, 4), date(2026, 5, 6))
    case = await case_of(tenant)
    quote = await tenant.client.call(QuoteRecoveryAmount(case_id=case.case_id, as_of=case.items[0].due_date))
    assert (quote.fees.amount, quote.total.amount) == (Decimal("20.00"), Decimal("49.99"))
    late = await tenant.client.call(QuoteRecoveryAmount(case_id=case.case_id, as_of=date(2026, 5, 5)))
    assert (late.indemnities.amount, late.interest.amount) == (Decimal("40.00"), Decimal("0.00"))  # under one euro
    assert late.total.amount == Decimal("89.99")
    await refused_again(running, tenant, date(2026, 5, 5), date(2026, 5, 7))
    assert len(await facts(running, tenant, "recovery_charge.raised")) == 2
    await paid(tenant, found, "29.99", date(2026, 5, 8))
    await running.settled()
    billed = await facts(running, tenant, "recovery_charge.invoicing_requested")
    assert sorted((fact["type"], fact["amount"]["amount"], fact["legal_basis"]) for fact in billed) == [
        ("FIXED_INDEMNITY", "40.00", "Code de commerce, art. D441-5"),
        ("REJECTION_FEE", "10.00", f"contract, {CLAUSE}"),
        ("REJECTION_FEE", "10.00", f"contract, {CLAUSE}"),
    ]
    charges = (await tenant.client.call(ListRecoveryCharges(case_id=case.case_id))).items
    assert {charge.status for charge in charges} == {"INVOICED"}
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(WaiveRecoveryCharge(charge_id=charges[0].charge_id, reason="too late"))
    assert refusal.value.code.code == "INVALID_TRANSITION"
    assert (await other_tenant.client.call(ListRecoveryCharges())).items == ()
    with pytest.raises(Refused) as refusal:
        await other_tenant.client.call(WaiveRecoveryCharge(charge_id=charges[0].charge_id, reason="not mine"))
    assert refusal.value.code.code == "RECOVERY_CHARGE_NOT_FOUND"


async def test_case_24_a_consumer_is_charged_nothing_and_no_rule_can_change_it(
    running: Running, tenant: Tenant
) -> None:
    await fee(tenant)
    for customer in (CustomerType.B2C, CustomerType.PUBLIC):
        with pytest.raises(Refused) as refusal:
            await fee(tenant, customer_type=customer)
        assert refusal.value.code.code == "CONSUMER_FEE_FORBIDDEN"
    with pytest.raises(ValueError, match="needs the clause"):
        await fee(tenant, contract_clause_ref=None)
    found = await professional(running, tenant, "CONSUMER")
    case = await case_of(tenant)
    quote = await tenant.client.call(QuoteRecoveryAmount(case_id=case.case_id, as_of=date(2027, 1, 1)))
    assert (quote.fees.amount, quote.total.amount) == (Decimal("0.00"), Decimal("29.99"))
    await paid(tenant, found, "29.99", date(2026, 5, 8))
    assert (await tenant.client.call(ListRecoveryCharges())).items == ()


async def test_a_fee_is_waived_by_hand_or_with_a_debt_nobody_asks_for_any_more(
    running: Running, tenant: Tenant
) -> None:
    await fee(tenant)
    await professional(running, tenant)
    await refused_again(running, tenant, date(2026, 5, 4), date(2026, 5, 6))
    case = await case_of(tenant)
    first, second = (await tenant.client.call(ListRecoveryCharges())).items
    waived = await tenant.client.call(WaiveRecoveryCharge(charge_id=first.charge_id, reason="good client"))
    assert waived.status == "WAIVED"
    await tenant.client.call(CloseRecoveryCase(case_id=case.case_id, reason=CaseCloseReason.CEDED))
    await running.settled()
    told = {fact["charge_id"]: fact["reason"] for fact in await facts(running, tenant, "recovery_charge.waived")}
    assert told == {str(first.charge_id): "good client", str(second.charge_id): "CEDED"}
    assert await facts(running, tenant, "recovery_charge.invoicing_requested") == []


async def test_late_interest_of_a_professional_is_billed_once_when_he_has_paid(
    running: Running, tenant: Tenant
) -> None:
    await in_arrears(running, tenant, "BUSINESS")
    case = await case_of(tenant)
    quote = await tenant.client.call(QuoteRecoveryAmount(case_id=case.case_id, as_of=date(2026, 5, 25)))
    await paid(tenant, Subscriber(running, tenant, FROM, FROM, client_id=case.client_id), "2000.00", date(2026, 5, 25))
    await running.settled()
    billed = await facts(running, tenant, "recovery_charge.invoicing_requested")
    assert {fact["type"]: Decimal(fact["amount"]["amount"]) for fact in billed} == {
        "FIXED_INDEMNITY": Decimal("40.00"),
        "LATE_INTEREST": quote.interest.amount,
    }


async def test_fee_rules_are_changed_and_archived_by_their_owner(tenant: Tenant, other_tenant: Tenant) -> None:
    rule = await fee(tenant, company_id=tenant.company_id)
    changed = await tenant.client.call(
        UpdateFeeRule(rule_id=rule.id, expected_version=rule.version, max_per_case=1, valid_to=date(2026, 12, 31))
    )
    assert (changed.max_per_case, changed.valid_to, changed.version) == (1, date(2026, 12, 31), 2)
    for request, code in (
        (UpdateFeeRule(rule_id=rule.id, expected_version=1, max_per_case=3), "VERSION_CONFLICT"),
        (UpdateFeeRule(rule_id=rule.id, expected_version=2, valid_to=date(2025, 1, 1)), "VALIDATION_FAILED"),
        (UpdateFeeRule(rule_id=new_id(), expected_version=1), "FEE_RULE_NOT_FOUND"),
    ):
        with pytest.raises(Refused) as refusal:
            await tenant.client.call(request)
        assert refusal.value.code.code == code
    with pytest.raises(Refused) as refusal:
        await other_tenant.client.call(ArchiveFeeRule(rule_id=rule.id))
    assert refusal.value.code.code == "FEE_RULE_NOT_FOUND"
    assert (await tenant.client.call(ArchiveFeeRule(rule_id=rule.id))).is_active is False
    assert (await tenant.client.call(ListFeeRules(active_only=True))).items == ()
    assert len((await tenant.client.call(ListFeeRules(company_id=tenant.company_id))).items) == 1
    assert (await other_tenant.client.call(ListFeeRules())).items == ()


def test_the_closest_valid_rule_is_charged_and_only_for_what_the_debtor_answers_for() -> None:
    company = new_id()
    rules = [
        {"id": name, "company_id": owner, "product_code": product, "amount_incl_tax": Decimal(10), "is_active": True,
         "valid_from": FROM, "valid_to": date(2026, 6, 30), "created_at": at(FROM)}
        for name, owner, product in ((1, None, None), (2, company, None), (3, None, "TEL"), (4, company, "TEL"))
    ]  # fmt: skip

    def chosen(owner: Any, product: str | None, day: date = FROM) -> Any:
        found = fee_rule_of(rules, owner, product, day)
        return found and found["id"]

    assert (chosen(company, "TEL"), chosen(company, "TV"), chosen(new_id(), "TEL"), chosen(new_id(), None)) == (
        4,
        2,
        3,
        1,
    )
    assert chosen(company, "TEL", date(2026, 7, 1)) is None
    assert costs_a_fee("AM04", CustomerType.B2B)
    assert not costs_a_fee("AC13", CustomerType.B2B)
    assert not costs_a_fee("MD06", CustomerType.B2B)
    assert not costs_a_fee("AM04", CustomerType.PUBLIC)
