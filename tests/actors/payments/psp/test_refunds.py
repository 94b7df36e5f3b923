"""Refunds: never more than is left, never twice, above 150.00 never by one person alone."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from actors.payments.psp.simulation import Trouble
from actors.payments.rules.refunding import may_be_claimed_twice
from messages.contrats import ContractWithdrawn
from messages.factures import InvoiceIssued
from messages.payments import (
    ApproveRefund,
    CancelRefund,
    CreateRefund,
    GetRefund,
    GetTrialBalance,
    ListAlerts,
    ListInstalments,
    ListRefunds,
    Payment,
    PaymentMethod,
    RecordManualPayment,
    Refund,
    RefundReason,
    RefuseRefund,
)
from messages.problem import Refused
from messages.values.identifiers import new_id
from messages.values.money import Money
from tests.actors.payments.builders import Subscriber, at, creditor_account, invoice_issued, look_behind
from tests.actors.payments.psp.desk import DAY, CardDesk
from tests.actors.payments.steps import subscriber
from tests.harness import Running, Tenant, tenant_fixture

other = tenant_fixture("Fibre Durand")


async def give(desk: CardDesk, payment: Payment, amount: str | None = None, **changes: Any) -> Refund:
    wanted = Money.of(amount) if amount is not None else None
    request = CreateRefund(
        payment_id=payment.payment_id, amount=wanted, reason=RefundReason.REQUESTED_BY_CUSTOMER, **changes
    )
    made = await desk.tenant.client.call(request, key=str(new_id()))
    await desk.running.settled()
    return await desk.tenant.client.call(GetRefund(refund_id=made.refund_id))


async def refused(desk: CardDesk, payment: Payment, amount: str | None, **changes: Any) -> str:
    with pytest.raises(Refused) as refusal:
        await give(desk, payment, amount, **changes)
    return refusal.value.code.code


async def test_case_16_partial_refunds(desk: CardDesk) -> None:
    paid = await desk.pay(amount=Money.of("100.00"))
    first = await give(desk, paid, "30.00")
    assert (first.status, first.channel, first.provider_refund_id is not None) == ("SUCCEEDED", "PSP", True)
    held = await desk.read(paid.payment_id)
    assert (held.status, held.display_status, held.refunded_amount) == ("PARTIALLY_REFUNDED", "PAID", Money.of("30.00"))
    assert await refused(desk, paid, "70.01") == "REFUND_EXCEEDS"
    assert (await give(desk, paid, "70.00")).status == "SUCCEEDED"
    assert (await desk.read(paid.payment_id)).status == "REFUNDED"
    assert await refused(desk, paid, None) == "NOT_REFUNDABLE"
    told = await desk.facts("payment.refunded")
    assert [(body["refund_amount"]["amount"], body["remaining_refundable"]["amount"]) for body in told] == [
        ("30.00", "70.00"), ("70.00", "0.00"),
    ]  # fmt: skip


async def test_case_16_variant_what_the_bank_takes_after_a_refund_is_claimed(desk: CardDesk) -> None:
    paid = await desk.pay(amount=Money.of("100.00"))
    await give(desk, paid, "30.00")
    desk.stripe.dispute(paid.provider_payment_id or "", at(DAY, 9))
    await desk.deliver(desk.stripe.webhooks[-1])
    held = await desk.read(paid.payment_id)
    assert (held.status, held.charged_back_amount) == ("RETURNED", Money.of("100.00"))
    (alert,) = (await desk.tenant.client.call(ListAlerts(code="DOUBLE_REFUND"))).items
    assert (alert.severity, "30.00 EUR" in alert.message) == ("CRITICAL", True)
    await desk.running.tick("hour", at(DAY, 10))
    assert await balances(desk) == {"411000": Decimal("30.00"), "517300": Decimal("-30.00")}


async def test_a_lost_answer_gives_nothing_back_twice(desk: CardDesk) -> None:
    paid = await desk.pay()
    desk.stripe.trouble("refund", Trouble.TIME_OUT)
    done = await give(desk, paid)
    assert (done.status, desk.stripe.calls["refund"], len(desk.stripe.refunds)) == ("SUCCEEDED", 2, 1)
    await desk.running.tick("hour", at(DAY, 10))
    assert await balances(desk) == {}


async def test_above_the_limit_a_second_person_decides(desk: CardDesk) -> None:
    paid = await desk.pay(amount=Money.of("400.00"))
    waiting = await give(desk, paid, "150.01")
    assert (waiting.status, len(desk.stripe.refunds)) == ("PENDING_APPROVAL", 0)
    assert await refused(desk, paid, "250.00") == "REFUND_EXCEEDS", "what is asked for is reserved"
    with pytest.raises(Refused) as refusal:
        await desk.tenant.client.call(ApproveRefund(refund_id=waiting.refund_id))
    assert refusal.value.code.code == "FOUR_EYES_REQUIRED"
    second = desk.tenant.token("payments:*:*", user_id=new_id())
    await desk.tenant.client.call(ApproveRefund(refund_id=waiting.refund_id), token=second)
    await desk.running.settled()
    assert (await desk.tenant.client.call(GetRefund(refund_id=waiting.refund_id))).status == "SUCCEEDED"
    again = await give(desk, paid, "200.00")
    stopped = await desk.tenant.client.call(
        RefuseRefund(refund_id=again.refund_id, reason="wrong client"), token=second
    )
    assert stopped.status == "CANCELLED"
    with pytest.raises(Refused) as illegal:
        await desk.tenant.client.call(ApproveRefund(refund_id=again.refund_id), token=second)
    assert illegal.value.code.code == "INVALID_TRANSITION"
    assert (await give(desk, paid, "150.00")).status == "SUCCEEDED"
    assert len(desk.stripe.refunds) == 2


async def test_a_refund_is_taken_back_only_while_it_waits_for_approval(desk: CardDesk, other: Tenant) -> None:
    paid = await desk.pay(amount=Money.of("400.00"))
    waiting = await give(desk, paid, "400.00")
    order = CancelRefund(refund_id=waiting.refund_id, reason="paid by transfer")
    with pytest.raises(Refused) as unknown:
        await other.client.call(order)
    assert unknown.value.code.code == "REFUND_NOT_FOUND"
    for _ in range(2):
        cancelled = await desk.tenant.client.call(order)
        assert (cancelled.status, cancelled.error_code) == ("CANCELLED", "cancelled: paid by transfer")
    sent = await give(desk, paid, "100.00")
    with pytest.raises(Refused) as too_late:
        await desk.tenant.client.call(CancelRefund(refund_id=sent.refund_id, reason="too late"))
    assert too_late.value.code.code == "INVALID_TRANSITION"
    assert len(desk.stripe.refunds) == 1


async def test_a_refund_that_the_provider_refuses_leaves_the_money_here(desk: CardDesk) -> None:
    paid = await desk.pay()
    desk.stripe.intents[paid.provider_payment_id or ""]["latest_charge"]["amount_refunded"] = 2490
    failed = await give(desk, paid)
    assert (failed.status, failed.error_code) == ("FAILED", "charge_already_refunded")
    (body,) = await desk.facts("refund.failed")
    assert body["error_code"] == "charge_already_refunded"
    assert (await desk.read(paid.payment_id)).status == "PAID"


async def test_allocations_give_way_to_a_refund(running: Running, tenant: Tenant, desk: CardDesk) -> None:
    found = Subscriber(running, tenant, DAY, DAY, client_id=desk.client_id)
    invoice: InvoiceIssued = invoice_issued(found, "24.90", DAY, payment_method="TRANSFER", contract_id=None)
    await running.state(invoice, tenant.id, now=at(DAY))
    await running.settled()
    receipt = await tenant.client.call(
        RecordManualPayment(
            company_id=tenant.company_id, client_id=desk.client_id, amount=Money.of("30.00"),
            method=PaymentMethod.TRANSFER, received_on=DAY,
        ),
        key=str(new_id()),
    )  # fmt: skip
    assert receipt.allocated_amount == Money.of("24.90")
    assert await refused(desk, receipt, "5.00", channel="PSP") == "VALIDATION_FAILED"
    first = await give(desk, receipt, "5.10")
    assert (first.status, first.channel) == ("SUCCEEDED", "MANUAL")
    await give(desk, receipt, "10.00")
    kept = await desk.read(receipt.payment_id)
    assert (kept.refunded_amount, kept.allocated_amount) == (Money.of("15.10"), Money.of("14.90"))
    told = [body["allocations_reversed"] for body in await desk.facts("payment.refunded")]
    assert [[entry["allocated_after"]["amount"] for entry in entries] for entries in told] == [[], ["14.90"]]
    await running.tick("hour", at(DAY, 10))
    assert (await balances(desk))["512000"] == Decimal("14.90")


@pytest.mark.parametrize(("days", "risky"), [(56, True), (57, False)])
def test_a_debit_may_be_claimed_at_the_bank_for_eight_weeks(days: int, risky: bool) -> None:
    assert may_be_claimed_twice("SEPA_CORE", DAY, DAY + timedelta(days=days)) is risky
    assert not may_be_claimed_twice("CARD", DAY, DAY)


async def test_a_young_debit_is_refunded_only_when_the_risk_is_taken(desk: CardDesk) -> None:
    paid = await desk.pay()
    query = "update payment set method = 'SEPA_CORE' where id = $1 returning id"
    await look_behind(desk.running, desk.tenant, query, paid.payment_id)
    assert await refused(desk, paid, "10.00") == "DOUBLE_REFUND_RISK"
    assert (await give(desk, paid, "10.00", accept_double_refund_risk=True)).status == "SUCCEEDED"


async def test_case_33_a_withdrawal_proposes_to_give_back_what_was_paid(
    running: Running, tenant: Tenant, desk: CardDesk
) -> None:
    await creditor_account(tenant)
    found = await subscriber(running, tenant)
    await found.open_gates(DAY)
    desk.client_id, tenant.client.now = found.client_id, at(DAY)
    await desk.save_card()
    first, second = (await tenant.client.call(ListInstalments(contract_id=found.contract_id))).items
    paid = await desk.pay(instalment_id=first.instalment_id)
    desk.stripe.trouble("create", Trouble.TIME_OUT)
    lost = await desk.pay(instalment_id=second.instalment_id)
    withdrawn = ContractWithdrawn.model_validate(
        found.snapshot("WITHDRAWN")
        | {"sent_on": DAY, "received_on": DAY, "prorata_due": Money.of("4.90"), "refund_deadline": DAY}
    )
    await found.state(withdrawn, DAY)
    await running.settled()
    (proposed,) = (await tenant.client.call(ListRefunds())).items
    assert (proposed.payment_id, proposed.status, proposed.reason) == (
        paid.payment_id,
        "PENDING_APPROVAL",
        "WITHDRAWAL",
    )
    assert proposed.amount == Money.of("20.00"), "the days that were used are kept"
    await running.tick("minute", at(DAY, 8, 10))
    assert (await desk.read(lost.payment_id)).status == "PAID"
    late = (await tenant.client.call(ListRefunds())).items[0]
    assert (late.payment_id, late.amount) == (lost.payment_id, lost.amount)
    (alert, _) = (await tenant.client.call(ListAlerts(code="WITHDRAWAL_REFUND_DUE"))).items
    assert "2026-12-08" in alert.message
    second_person = tenant.token("payments:*:*", user_id=new_id())
    await tenant.client.call(ApproveRefund(refund_id=proposed.refund_id), token=second_person)
    await running.settled()
    assert (await desk.read(paid.payment_id)).refunded_amount == Money.of("20.00")


async def test_case_34_another_tenant_sees_no_refund(desk: CardDesk, other: Tenant) -> None:
    made = await give(desk, await desk.pay())
    assert (await other.client.call(ListRefunds())).items == ()
    for request in (
        GetRefund(refund_id=made.refund_id),
        ApproveRefund(refund_id=made.refund_id),
        RefuseRefund(refund_id=made.refund_id, reason="no"),
    ):
        with pytest.raises(Refused) as refusal:
            await other.client.call(request)  # type: ignore[call-overload]
        assert refusal.value.code.code == "REFUND_NOT_FOUND"


async def balances(desk: CardDesk) -> dict[str, Decimal]:
    """What is not nothing, debits positive."""
    found = await desk.tenant.client.call(GetTrialBalance(company_id=desk.tenant.company_id))
    assert sum(account.balance.amount for account in found.accounts) == 0
    return {account.account: account.balance.amount for account in found.accounts if account.balance.amount}
