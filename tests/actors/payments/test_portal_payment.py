"""payments: paying with a link. The provider decides, the browser is never believed, nothing is paid twice."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date, timedelta

import pytest
import pytest_asyncio

from actors.payments.psp.simulation import Trouble
from actors.payments.psp.stripe.checkout import CheckoutStripe
from messages.payments import (
    GetClientBalance,
    GetPayment,
    ListAlerts,
    ListInstalments,
    ListPayments,
)
from messages.payments.portal import (
    AccessPortalSession,
    CancelPortalSession,
    GetPortalPayment,
    GetPortalSession,
    GetPortalSessionAudit,
    HandlePortalReturn,
)
from messages.problem import Refused
from tests.actors.payments.builders import at, creditor_account, invoice_issued, money
from tests.actors.payments.portal_steps import (
    PORTAL,
    TODAY,
    billed,
    delivered,
    link_for,
    refusal_of,
    returned,
    started,
    state_of,
    stripe_account,
)
from tests.actors.payments.steps import PRESENTED, facts
from tests.harness import Running, Tenant


@pytest_asyncio.fixture(loop_scope="session")
async def stripe(running: Running, tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[CheckoutStripe]:
    async with stripe_account(tenant, monkeypatch, CheckoutStripe()) as simulator:
        yield simulator


async def test_a_card_pays_an_invoice_and_everybody_hears_of_it(
    running: Running, tenant: Tenant, stripe: CheckoutStripe
) -> None:
    found, invoice = await billed(running, tenant)
    link = await link_for(tenant, found, invoice)
    assert (await started(tenant, link.token)).message == "PREPARING"
    begun = await state_of(running, tenant, link.token)
    (page,) = stripe.sessions
    assert (begun.message, begun.redirect_url) == ("CONTINUE", stripe.sessions[page]["url"])
    assert stripe.addresses[page]["success_url"].startswith(f"{PORTAL}/p/return?state=")
    assert (await returned(running, tenant, stripe)).message == "PENDING"  # the browser says so, the provider does not
    stripe.pay(page, at(TODAY))
    await running.tick("minute", at(TODAY, 8, 5))
    paid = await state_of(running, tenant, link.token)
    assert (paid.message, paid.payment_confirmed, paid.redirect_url) == ("PAID", True, None)
    session = await tenant.client.call(GetPortalSession(session_id=link.session.session_id))
    assert (session.status, session.outcome, session.use_count) == ("COMPLETED", "PAID", 1)
    (received,) = await facts(running, tenant, "payment.received")
    (allocation,) = received["allocations"]
    assert received["contract_id"] == str(found.contract_id)
    assert (received["type"], received["method"], received["provider"]) == ("PORTAL", "CARD", "STRIPE")
    assert (allocation["invoice_id"], allocation["invoice_open_after"]["amount"]) == (str(invoice.invoice_id), "0.00")
    assert len(await facts(running, tenant, "instalment.paid")) == 1
    (completed,) = await facts(running, tenant, "portal_session.completed")
    assert completed["payment_id"] == received["payment_id"] == str(session.payment_id)
    payment = await tenant.client.call(GetPayment(payment_id=session.payment_id))  # type: ignore[arg-type]
    assert (payment.status, stripe.charged(payment.end_to_end_id)) == ("PAID", 2490)
    assert (await tenant.client.call(GetClientBalance(client_id=found.client_id))).open_items == ()
    record = await tenant.client.call(GetPortalSessionAudit(session_id=session.session_id, limit=50))
    assert [entry.event for entry in record.items] == [
        "SESSION_CREATED",
        "SESSION_ACTIVATED",
        "PAYMENT_INITIATED",
        "REDIRECT_INITIATED",
        "CALLBACK_RECEIVED",
        "PAYMENT_COMPLETED",
    ]


async def test_case_26_a_foreign_return_address_costs_no_use(
    running: Running, tenant: Tenant, stripe: CheckoutStripe
) -> None:
    found, invoice = await billed(running, tenant)
    link = await link_for(tenant, found, invoice)
    for address in ("https://evil.example/back", "https://pay.example.evil.example/", "http://pay.example/p/return"):
        assert await refusal_of(started(tenant, link.token, success_url=address)) == "VALIDATION_FAILED"
    session = await tenant.client.call(GetPortalSession(session_id=link.session.session_id))
    assert (session.use_count, session.status) == (0, "CREATED")
    await started(tenant, link.token, success_url=f"{PORTAL}/shop?step=3")
    await running.settled()
    (page,) = stripe.sessions
    assert stripe.addresses[page]["success_url"].startswith(f"{PORTAL}/shop?step=3&state=")


async def test_case_26_of_two_starts_at_once_one_succeeds(
    running: Running, tenant: Tenant, stripe: CheckoutStripe
) -> None:
    found, invoice = await billed(running, tenant)
    link = await link_for(tenant, found, invoice)
    answers = await asyncio.gather(*(started(tenant, link.token) for _ in range(2)), return_exceptions=True)
    refused = [str(answer.details["code"]) for answer in answers if isinstance(answer, Refused)]
    assert refused == ["SESSION_ALREADY_USED"]
    for _ in range(3):
        assert await refusal_of(started(tenant, link.token)) == "SESSION_ALREADY_USED"
    assert await refusal_of(started(tenant, link.token)) == "RATE_LIMITED"
    await running.settled()
    assert (len(stripe.sessions), len((await tenant.client.call(ListPayments())).items)) == (1, 1)


async def test_a_declined_card_leaves_the_link_open_while_uses_are_left(
    running: Running, tenant: Tenant, stripe: CheckoutStripe
) -> None:
    found, invoice = await billed(running, tenant)
    before = (await tenant.client.call(ListInstalments(client_id=found.client_id))).items
    link = await link_for(tenant, found, invoice, purpose="DUNNING_LINK", max_uses=2)
    for use, status in ((1, "ACTIVE"), (2, "FAILED")):
        await started(tenant, link.token)
        await running.settled()
        stripe.pay(list(stripe.sessions)[-1], at(TODAY), holder="ISSUE-CARD-insufficient_funds")
        assert (await state_of(running, tenant, link.token)).message == "CONTINUE"  # another card may be tried there
        if use == 2:
            await running.tick("minute", at(TODAY, 8, 40))
        left = await returned(running, tenant, stripe, cancelled=True)
        session = await tenant.client.call(GetPortalSession(session_id=link.session.session_id))
        assert (left.message, session.status, session.outcome, session.use_count) == (
            "DECLINED",
            status,
            "DECLINED",
            use,
        )
    failed = await facts(running, tenant, "payment.failed")
    assert [(fact["error_class"], fact["message"], fact["status"]) for fact in failed] == [
        ("DECLINED", "insufficient_funds", "REJECTED")
    ] * 2
    assert [fact["reason"] for fact in await facts(running, tenant, "portal_session.failed")] == ["DECLINED"]
    assert (await tenant.client.call(ListInstalments(client_id=found.client_id))).items == before
    for quiet in ("payment.rejected", "payment.received", "recovery_case.opened"):
        assert await facts(running, tenant, quiet) == []


async def test_two_links_for_one_invoice_never_pay_twice(
    running: Running, tenant: Tenant, stripe: CheckoutStripe
) -> None:
    found, invoice = await billed(running, tenant)
    (first_due, *_) = (await tenant.client.call(ListInstalments(client_id=found.client_id))).items
    first = await link_for(tenant, found, invoice)
    second = await link_for(tenant, found, invoice, invoice_ids=(), instalment_ids=(first_due.instalment_id,))
    answers = await asyncio.gather(*(started(tenant, link.token) for link in (first, second)), return_exceptions=True)
    assert [str(answer.details["code"]) for answer in answers if isinstance(answer, Refused)] == ["LIVE_PAYMENT_EXISTS"]
    winner, loser = (first, second) if not isinstance(answers[0], Refused) else (second, first)
    await running.settled()
    (page,) = stripe.sessions
    stripe.pay(page, at(TODAY))
    assert (await returned(running, tenant, stripe)).message == "PAID"
    assert (await state_of(running, tenant, winner.token)).message == "PAID"
    assert await refusal_of(started(tenant, loser.token)) == "NOTHING_DUE"
    view = await tenant.client.call(GetPortalSession(session_id=loser.session.session_id))
    assert (view.status, view.outcome, view.use_count) == ("COMPLETED", "ALREADY_PAID", 0)
    assert len(await facts(running, tenant, "payment.received")) == 1


async def test_case_17_a_part_is_paid_and_the_rest_stays_open(
    running: Running, tenant: Tenant, stripe: CheckoutStripe
) -> None:
    found, invoice = await billed(running, tenant, "100.00")
    link = await link_for(tenant, found, invoice, amount=money("40.00"))
    await started(tenant, link.token)
    await running.settled()
    (page,) = stripe.sessions
    stripe.pay(page, at(TODAY))
    assert (await returned(running, tenant, stripe)).amount == money("40.00")
    (item,) = (await tenant.client.call(GetClientBalance(client_id=found.client_id))).open_items
    assert item.open == money("60.00")
    (due, *_) = (await tenant.client.call(ListInstalments(client_id=found.client_id))).items
    assert (due.status, due.paid_amount) == ("PARTIALLY_PAID", money("40.00"))
    assert await refusal_of(started(tenant, link.token)) == "SESSION_TERMINAL"


async def test_one_payment_settles_several_items_the_oldest_first(
    running: Running, tenant: Tenant, stripe: CheckoutStripe
) -> None:
    found, invoice = await billed(running, tenant)
    later = invoice_issued(found, "24.90", date(2026, 5, 10), number="F2026-0002")
    await running.state(later, tenant.id, now=at(TODAY))
    await running.settled()
    both = (later.invoice_id, invoice.invoice_id)
    link = await link_for(tenant, found, invoice, invoice_ids=both, amount=money("30.00"))
    await started(tenant, link.token)
    await running.settled()
    (page,) = stripe.sessions
    stripe.pay(page, at(TODAY))
    await returned(running, tenant, stripe)
    (received,) = await facts(running, tenant, "payment.received")
    shares = [(share["invoice_id"], share["amount"]["amount"]) for share in received["allocations"]]
    assert shares == [(str(invoice.invoice_id), "24.90"), (str(later.invoice_id), "5.10")]
    assert len(await facts(running, tenant, "instalment.paid")) == 1


async def test_a_dispute_opens_again_everything_that_the_payment_settled(
    running: Running, tenant: Tenant, stripe: CheckoutStripe
) -> None:
    found, invoice = await billed(running, tenant)
    later = invoice_issued(found, "24.90", date(2026, 5, 10), number="F2026-0002")
    await running.state(later, tenant.id, now=at(TODAY))
    await running.settled()
    link = await link_for(tenant, found, invoice, invoice_ids=(later.invoice_id, invoice.invoice_id))
    await started(tenant, link.token)
    await running.settled()
    (page,) = stripe.sessions
    stripe.pay(page, at(TODAY))
    await returned(running, tenant, stripe)
    assert [due.status for due in (await tenant.client.call(ListInstalments(status=("PAID",)))).items] == ["PAID"] * 2
    stripe.dispute(stripe.sessions[page]["payment_intent"]["id"], at(TODAY))
    await delivered(running, tenant, stripe)
    dues = (await tenant.client.call(ListInstalments(client_id=found.client_id))).items
    assert [(due.status, due.paid_amount.amount) for due in dues if due.invoice_id] == [("FAILED", 0)] * 2
    balance = await tenant.client.call(GetClientBalance(client_id=found.client_id))
    assert [item.open for item in balance.open_items] == [money("24.90")] * 2
    assert len(await facts(running, tenant, "payment.returned")) == 1


async def test_a_page_that_nobody_uses_is_closed_and_gives_its_invoice_free(
    running: Running, tenant: Tenant, stripe: CheckoutStripe
) -> None:
    found, invoice = await billed(running, tenant)
    link = await link_for(tenant, found, invoice, purpose="DUNNING_LINK")
    other = await link_for(tenant, found, invoice, purpose="DUNNING_LINK")
    await started(tenant, link.token)
    await running.settled()
    await running.tick("minute", at(TODAY, 8, 31))
    assert (await state_of(running, tenant, link.token)).message == "CONTINUE"
    view = await tenant.client.call(AccessPortalSession(token=link.token), token="")
    assert view.continue_url == next(iter(stripe.sessions.values()))["url"]
    await running.tick("minute", at(TODAY, 8, 33))
    assert (await state_of(running, tenant, link.token)).message == "ABANDONED"
    assert [session["status"] for session in stripe.sessions.values()] == ["expired"]
    session = await tenant.client.call(GetPortalSession(session_id=link.session.session_id))
    assert (session.status, session.outcome) == ("ACTIVE", "ABANDONED")
    assert len(await facts(running, tenant, "payment.cancelled")) == 1
    assert (await started(tenant, other.token)).message == "PREPARING"


async def test_who_gives_up_and_goes_on_after_all_has_paid(
    running: Running, tenant: Tenant, stripe: CheckoutStripe
) -> None:
    found, invoice = await billed(running, tenant)
    link = await link_for(tenant, found, invoice)
    await started(tenant, link.token)
    await running.settled()
    assert (await returned(running, tenant, stripe, cancelled=True)).message == "CONTINUE"  # no use is left to spend
    (page,) = stripe.sessions
    stripe.pay(page, at(TODAY))
    assert (await returned(running, tenant, stripe)).message == "PAID"
    assert (await returned(running, tenant, stripe)).message == "PAID"
    assert len(await facts(running, tenant, "payment.received")) == 1


async def test_money_that_comes_after_the_link_was_killed_is_booked(
    running: Running, tenant: Tenant, stripe: CheckoutStripe
) -> None:
    found, invoice = await billed(running, tenant)
    link = await link_for(tenant, found, invoice)
    await started(tenant, link.token)
    await running.settled()
    await tenant.client.call(CancelPortalSession(session_id=link.session.session_id, reason="test"))
    (page,) = stripe.sessions
    stripe.pay(page, at(TODAY))
    assert (await returned(running, tenant, stripe)).message == "PAID"
    session = await tenant.client.call(GetPortalSession(session_id=link.session.session_id))
    assert session.status == "CANCELLED"
    assert len(await facts(running, tenant, "payment.received")) == 1
    record = await tenant.client.call(GetPortalSessionAudit(session_id=session.session_id, limit=50))
    assert [entry.event for entry in record.items][-1] == "PAYMENT_COMPLETED"


async def test_webhooks_alone_tell_of_the_money_and_a_declined_card_is_not_the_end(
    running: Running, tenant: Tenant, stripe: CheckoutStripe
) -> None:
    found, invoice = await billed(running, tenant)
    link = await link_for(tenant, found, invoice, purpose="DUNNING_LINK")
    await started(tenant, link.token)
    await running.settled()
    (page,) = stripe.sessions
    stripe.pay(page, at(TODAY), holder="ISSUE-CARD-expired_card")
    await delivered(running, tenant, stripe)
    assert (await state_of(running, tenant, link.token)).message == "CONTINUE"
    stripe.pay(page, at(TODAY))
    await delivered(running, tenant, stripe)
    assert (await state_of(running, tenant, link.token)).message == "PAID"
    assert (await returned(running, tenant, stripe)).message == "PAID"  # the browser comes after the webhook
    session = await tenant.client.call(GetPortalSession(session_id=link.session.session_id))
    assert (session.status, session.outcome) == ("COMPLETED", "PAID")
    assert len(await facts(running, tenant, "payment.received")) == 1
    for quiet in ("payment.rejected", "payment.failed", "recovery_case.opened"):
        assert await facts(running, tenant, quiet) == []


async def test_a_debit_that_did_not_leave_is_withdrawn_when_the_card_has_paid(
    running: Running, tenant: Tenant, stripe: CheckoutStripe
) -> None:
    await creditor_account(tenant)
    found, invoice = await billed(running, tenant)
    await found.open_gates(TODAY)
    await running.tick("hour", at(PRESENTED, 5))
    tenant.client.now = at(PRESENTED, 8)
    link = await link_for(tenant, found, invoice)
    view = await tenant.client.call(AccessPortalSession(token=link.token), token="")
    assert (view.amount, view.debit_on) == (money("24.90"), date(2026, 5, 5))
    await started(tenant, link.token)
    await running.settled()
    (page,) = stripe.sessions
    stripe.pay(page, at(PRESENTED))
    assert (await returned(running, tenant, stripe)).message == "PAID"
    payments = (await tenant.client.call(ListPayments(client_id=found.client_id))).items
    assert {payment.type: payment.status for payment in payments} == {"PORTAL": "PAID", "EMISSION": "CANCELLED"}


async def test_a_provider_that_fails_costs_the_customer_nothing(
    running: Running, tenant: Tenant, stripe: CheckoutStripe
) -> None:
    found, invoice = await billed(running, tenant)
    link = await link_for(tenant, found, invoice)
    stripe.trouble("page", Trouble.ERROR_AFTER, Trouble.DOWN)
    await started(tenant, link.token)
    assert (await state_of(running, tenant, link.token)).message == "CONTINUE"
    assert (stripe.calls["page"], len(stripe.sessions)) == (3, 1)  # one page, however often it was ordered


async def test_wrong_credentials_alarm_the_staff_and_the_start_does_not_count(
    running: Running, tenant: Tenant, stripe: CheckoutStripe
) -> None:
    found, invoice = await billed(running, tenant)
    link = await link_for(tenant, found, invoice)
    stripe.secret_key = "another"
    await started(tenant, link.token)
    assert (await state_of(running, tenant, link.token)).message == "UNAVAILABLE"
    session = await tenant.client.call(GetPortalSession(session_id=link.session.session_id))
    assert (session.status, session.max_uses - session.use_count) == ("ACTIVE", 1)
    (alert,) = (await tenant.client.call(ListAlerts(code="API_CREDENTIALS_INVALID"))).items
    assert alert.severity == "CRITICAL"
    stripe.secret_key = "sk_test_1"
    assert (await started(tenant, link.token)).message == "PREPARING"


async def test_what_may_not_be_paid_here_is_refused_before_anything_is_ordered(
    running: Running, tenant: Tenant, stripe: CheckoutStripe, other_tenant: Tenant
) -> None:
    found, invoice = await billed(running, tenant)
    tiny = await link_for(tenant, found, invoice, amount=money("0.50"))
    assert await refusal_of(started(tenant, tiny.token)) == "COLLECTION_BLOCKED"
    view_only = await link_for(tenant, found, invoice, allowed_actions=("VIEW_PAYMENT",))
    assert await refusal_of(started(tenant, view_only.token)) == "ACTION_NOT_ALLOWED"
    foreign, foreign_invoice = await billed(running, other_tenant)
    without_account = await link_for(other_tenant, foreign, foreign_invoice)
    assert await refusal_of(started(other_tenant, without_account.token)) == "ROUTING_NOT_FOUND"
    for unknown in (GetPortalPayment(state="x" * 43), GetPortalPayment(token=f"v1.{'a' * 43}")):
        assert await refusal_of(tenant.client.call(unknown, token="")) == "SESSION_NOT_FOUND"
    assert await refusal_of(tenant.client.call(HandlePortalReturn(state="x"), token="")) == "SESSION_NOT_FOUND"
    await running.settled()
    assert stripe.sessions == {} and await facts(running, tenant, "payment.created") == []


async def test_the_sixth_payment_of_a_day_is_held_back(
    running: Running, tenant: Tenant, stripe: CheckoutStripe
) -> None:
    found, _ = await billed(running, tenant)
    codes = []
    for number in range(6):
        invoice = invoice_issued(found, "5.00", TODAY + timedelta(days=30 * number), number=f"F2026-01{number}")
        await running.state(invoice, tenant.id, now=at(TODAY))
        await running.settled()
        link = await link_for(tenant, found, invoice)
        try:
            codes.append(str((await started(tenant, link.token)).message))
        except Refused as refused:
            codes.append(f"{refused.details['code']} {refused.details['reason']}")
    assert codes == ["PREPARING"] * 5 + ["COLLECTION_BLOCKED VELOCITY_LIMIT"]
