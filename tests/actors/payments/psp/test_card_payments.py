"""Payments by a saved card: made once whatever breaks, refused, authenticated, disputed."""

from datetime import timedelta
from typing import Any

import pytest

from actors.payments.psp.simulation import Trouble
from actors.payments.psp.stripe.simulator import StripeSimulator
from messages.payments import (
    CancelPayment,
    CreatePayment,
    DetachPaymentMethod,
    GetSetupSession,
    ListAlerts,
    ListInstalments,
    ListPaymentMethods,
    ListRecoveryCases,
    SetDefaultPaymentMethod,
    SubmitPayment,
)
from messages.problem import Refused
from messages.values.identifiers import new_id
from messages.values.money import Money
from tests.actors.payments.builders import at, creditor_account
from tests.actors.payments.psp.desk import DAY, CardDesk
from tests.actors.payments.steps import subscriber
from tests.harness import Running, Tenant, tenant_fixture

other = tenant_fixture("Fibre Durand")
CENTS = 2490


async def test_a_card_is_debited_and_the_payment_is_paid(desk: CardDesk) -> None:
    paid = await desk.pay()
    assert (paid.status, paid.provider, paid.method, paid.end_to_end_id) == (
        "PAID", "STRIPE", "CARD", paid.payment_id.hex.upper(),
    )  # fmt: skip
    assert desk.charged(paid) == CENTS
    for fact in ("payment.created", "payment.submitted", "payment.received"):
        assert [body["payment_id"] for body in await desk.facts(fact)] == [str(paid.payment_id)]


async def test_case_6_two_equal_payments_are_legitimate(desk: CardDesk) -> None:
    first, second = await desk.pay(), await desk.pay()
    assert first.payment_id != second.payment_id
    assert [desk.charged(payment) for payment in (first, second)] == [CENTS, CENTS]


async def test_case_19_a_lost_answer_is_looked_for_and_debited_once(desk: CardDesk) -> None:
    desk.stripe.trouble("create", Trouble.TIME_OUT)
    key, id_ = str(new_id()), new_id()
    lost = await desk.pay(key=key, id=id_)
    assert (lost.status, lost.display_status) == ("UNCERTAIN", "API_ERROR")
    for _ in range(5):
        again = await desk.pay(key=key, id=id_)
        assert (again.payment_id, again.status) == (lost.payment_id, "UNCERTAIN")
    assert (desk.stripe.calls["create"], desk.charged(lost)) == (1, CENTS)
    await desk.running.tick("minute", at(DAY, 8, 4))
    assert (await desk.read(lost.payment_id)).status == "UNCERTAIN"
    await desk.running.tick("minute", at(DAY, 8, 6))
    assert (await desk.read(lost.payment_id)).status == "PAID"
    assert (desk.stripe.calls["create"], desk.charged(lost)) == (1, CENTS)
    assert len(await desk.facts("payment.received")) == 1


async def test_what_the_provider_never_had_is_ordered_again_under_its_key(desk: CardDesk) -> None:
    desk.stripe.trouble("create", Trouble.DOWN)
    lost = await desk.pay()
    assert (lost.status, desk.charged(lost)) == ("UNCERTAIN", 0)
    await desk.running.tick("minute", at(DAY, 8, 6))
    found = await desk.read(lost.payment_id)
    assert (found.status, desk.charged(found), desk.stripe.calls["create"]) == ("PAID", CENTS, 2)


async def test_an_outcome_nobody_knows_needs_a_person_after_a_day(desk: CardDesk) -> None:
    desk.stripe.trouble("create", Trouble.TIME_OUT)
    lost = await desk.pay()
    desk.stripe.trouble("find", Trouble.DOWN)
    await desk.running.tick("minute", at(DAY, 10, 10))
    (worry,) = (await desk.tenant.client.call(ListAlerts(code="UNCERTAIN_PAYMENT"))).items
    assert worry.severity == "WARNING"
    await desk.running.tick("minute", at(DAY + timedelta(days=1), 8, 10))
    alerts = (await desk.tenant.client.call(ListAlerts(code="UNCERTAIN_PAYMENT"))).items
    assert {alert.severity for alert in alerts} == {"WARNING", "CRITICAL"}
    (failed,) = await desk.facts("payment.failed")
    assert failed["error_class"] == "UNKNOWN_OUTCOME"
    again = await desk.tenant.client.call(SubmitPayment(payment_id=lost.payment_id))
    await desk.running.settled()
    again = await desk.read(again.payment_id)
    assert (again.status, desk.charged(again)) == ("PAID", CENTS), "the same key: the debit of the day before"


async def test_a_declined_card_is_a_rejected_payment(desk: CardDesk) -> None:
    await desk.save_card("ISSUE-CARD-insufficient_funds")
    refused = await desk.pay()
    assert (refused.status, refused.reason_code, refused.display_status) == (
        "REJECTED", "insufficient_funds", "REJECT_INSUFF_FUNDS",
    )  # fmt: skip
    (body,) = await desk.facts("payment.rejected")
    assert (body["category"], body["retry_advice"], body["phase"]) == ("INSUFFICIENT_FUNDS", "AUTO", "PRE_SETTLEMENT")
    assert desk.charged(refused) == 0


async def test_strong_authentication_is_asked_for_and_passed(desk: CardDesk) -> None:
    await desk.save_card("ISSUE-PSP-SCA")
    asked = await desk.pay()
    assert asked.status == "REQUIRES_ACTION"
    (body,) = await desk.facts("payment.requires_action")
    assert body["action_url"] == asked.action_url
    desk.stripe.authenticate(asked.provider_payment_id or "", at(DAY, 9))
    assert await desk.deliver(desk.stripe.webhooks[-1]) == [200]
    assert (await desk.read(asked.payment_id)).status == "PAID"


async def test_an_authentication_nobody_passes_ends_after_a_day(desk: CardDesk) -> None:
    await desk.save_card("ISSUE-PSP-SCA")
    asked = await desk.pay()
    await desk.running.tick("minute", at(DAY + timedelta(days=1), 8, 1))
    ended = await desk.read(asked.payment_id)
    assert (ended.status, desk.charged(ended)) == ("CANCELLED", 0)


async def test_a_payment_that_waits_for_its_client_can_be_withdrawn(desk: CardDesk) -> None:
    await desk.save_card("ISSUE-PSP-SCA")
    asked = await desk.pay()
    await desk.tenant.client.call(CancelPayment(payment_id=asked.payment_id, reason="paid otherwise"))
    await desk.running.settled()
    assert (await desk.read(asked.payment_id)).status == "CANCELLED"
    assert desk.stripe.intents[asked.provider_payment_id or ""]["status"] == "canceled"
    desk.card = await desk.save_card()
    paid = await desk.pay()
    with pytest.raises(Refused) as refusal:
        await desk.tenant.client.call(CancelPayment(payment_id=paid.payment_id, reason="too late"))
    assert refusal.value.code.code == "TOO_LATE_TO_CANCEL"


async def test_a_dispute_takes_the_money_back_and_its_end_gives_it_again(desk: CardDesk) -> None:
    paid = await desk.pay()
    dispute = desk.stripe.dispute(paid.provider_payment_id or "", at(DAY, 9))
    await desk.deliver(desk.stripe.webhooks[-1])
    returned = await desk.read(paid.payment_id)
    assert (returned.status, returned.charged_back_amount.amount) == ("RETURNED", paid.amount.amount)
    (body,) = await desk.facts("payment.returned")
    assert (body["r_type"], body["reason_code"], body["within_scheme_window"]) == ("CHARGEBACK", "fraudulent", True)
    desk.stripe.win(dispute, at(DAY, 9, 1))
    await desk.deliver(desk.stripe.webhooks[-1])
    assert (await desk.read(paid.payment_id)).status == "PAID"
    assert len(await desk.facts("payment.return_cancelled")) == 1
    desk.stripe.dispute(paid.provider_payment_id or "", at(DAY, 9, 2))
    await desk.deliver(desk.stripe.webhooks[-1])
    assert len(await desk.facts("payment.returned")) == 2
    assert len((await desk.tenant.client.call(ListAlerts(code="DISPUTED_AGAIN"))).items) == 1


async def test_an_instalment_is_paid_by_card_once(running: Running, tenant: Tenant, stripe: StripeSimulator) -> None:
    await creditor_account(tenant)
    found = await subscriber(running, tenant)
    await found.open_gates(DAY)
    desk = await CardDesk.open(running, tenant, stripe)
    desk.client_id = found.client_id
    desk.card = await desk.save_card()
    first = (await tenant.client.call(ListInstalments(contract_id=found.contract_id))).items[0]
    stripe.trouble("create", Trouble.TIME_OUT)
    lost = await desk.pay(instalment_id=first.instalment_id)
    assert (lost.status, lost.amount.amount) == ("UNCERTAIN", first.amount.amount)
    assert await refused(desk, instalment_id=first.instalment_id) == "LIVE_PAYMENT_EXISTS"
    assert (await tenant.client.call(ListRecoveryCases())).items == (), "nobody is dunned for what is not known"
    await running.tick("minute", at(DAY, 8, 10))
    done = (await tenant.client.call(ListInstalments(contract_id=found.contract_id))).items[0]
    assert (done.status, done.paid_amount) == ("PAID", first.amount)
    assert await refused(desk, instalment_id=first.instalment_id) == "VALIDATION_FAILED"


async def test_the_guards_hold_a_card_payment_back(desk: CardDesk) -> None:
    assert await refused(desk, amount=Money.of("0.50")) == "COLLECTION_BLOCKED"
    for _ in range(2):
        await desk.tenant.client.call(DetachPaymentMethod(payment_method_id=desk.card.payment_method_id))
    assert await refused(desk) == "PAYMENT_METHOD_NOT_FOUND"
    assert await refused(desk, payment_method_id=desk.card.payment_method_id) == "COLLECTION_BLOCKED"
    assert await refused(desk, client_id=None) == "VALIDATION_FAILED"
    assert len(await desk.facts("payment_method.detached")) == 1


async def test_wrong_credentials_stop_the_account_not_the_debt(desk: CardDesk) -> None:
    desk.stripe.secret_key = "sk_rolled"
    failed = await desk.pay()
    assert failed.status == "FAILED"
    (alert,) = (await desk.tenant.client.call(ListAlerts(code="API_CREDENTIALS_INVALID"))).items
    assert alert.severity == "CRITICAL"
    assert await refused(desk) == "ROUTING_NOT_FOUND"


async def test_case_34_another_tenant_sees_no_means_and_no_payment(desk: CardDesk, other: Tenant) -> None:
    paid = await desk.pay()
    assert (await other.client.call(ListPaymentMethods(client_id=desk.client_id))).items == ()
    for request in (
        SubmitPayment(payment_id=paid.payment_id),
        SetDefaultPaymentMethod(payment_method_id=desk.card.payment_method_id),
        DetachPaymentMethod(payment_method_id=desk.card.payment_method_id),
        GetSetupSession(setup_session_id=new_id()),
    ):
        with pytest.raises(Refused) as refusal:
            await other.client.call(request)  # type: ignore[call-overload]
        assert refusal.value.code.code.endswith("NOT_FOUND")


async def refused(desk: CardDesk, **changes: Any) -> str:
    fields: dict[str, Any] = {"company_id": desk.tenant.company_id, "client_id": desk.client_id}
    if "instalment_id" not in changes:
        fields["amount"] = Money.of("24.90")
    with pytest.raises(Refused) as refusal:
        await desk.tenant.client.call(CreatePayment(**fields | changes), key=str(new_id()))
    return refusal.value.code.code
