"""payments: paying with a link. The provider decides, the browser is never believed, nothing is paid twice."""

import asyncio
from datetime import date, timedelta

from actors.payments.psp.stripe.checkout import CheckoutStripe
from messages.payments import (
    CreatePspAccount,
    CreateRoutingRule,
    GetClientBalance,
    GetPayment,
    ListInstalments,
    ListPaymentMethods,
    ListPayments,
)
from messages.payments.portal import (
    AccessPortalSession,
    GetPortalPayment,
    GetPortalSession,
    GetPortalSessionAudit,
    HandlePortalReturn,
)
from messages.problem import Refused
from tests.actors.payments.builders import at, invoice_issued, money
from tests.actors.payments.portal_steps import (
    PORTAL,
    TODAY,
    billed,
    link_for,
    refusal_of,
    returned,
    started,
    state_of,
)
from tests.actors.payments.steps import facts
from tests.harness import Running, Tenant


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


async def test_a_link_saves_a_card_and_asks_for_nothing(
    running: Running, tenant: Tenant, stripe: CheckoutStripe
) -> None:
    found, invoice = await billed(running, tenant)
    nothing = {"invoice_ids": (), "purpose": "UPDATE_CARD"}
    assert await refusal_of(link_for(tenant, found, invoice, purpose="UPDATE_CARD")) == "VALIDATION_FAILED"
    link = await link_for(tenant, found, invoice, **nothing)
    assert (await tenant.client.call(AccessPortalSession(token=link.token), token="")).status == "ACTIVE"
    assert await refusal_of(started(tenant, link.token)) == "ACTION_NOT_ALLOWED"
    await started(tenant, link.token, action="UPDATE_CARD")
    assert (await state_of(running, tenant, link.token)).message == "CONTINUE"
    (page,) = stripe.sessions
    stripe.pay(page, at(TODAY))
    await running.tick("minute", at(TODAY, 8, 40))  # he never comes back: the page's end tells
    saved = await state_of(running, tenant, link.token)
    assert (saved.message, saved.amount, saved.payment_confirmed) == ("SAVED", None, False)
    (card,) = (await tenant.client.call(ListPaymentMethods(client_id=found.client_id))).items
    assert (card.kind, card.last4, card.is_default) == ("CARD", "4242", True)
    session = await tenant.client.call(GetPortalSession(session_id=link.session.session_id))
    assert (session.status, session.outcome, session.payment_id) == ("COMPLETED", "SAVED", None)
    (completed,) = await facts(running, tenant, "portal_session.completed")
    assert (completed["purpose"], completed["payment_id"]) == ("UPDATE_CARD", None)
    assert len(await facts(running, tenant, "payment_method.added")) == 1
    assert await facts(running, tenant, "payment.created") == []


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


async def test_a_payment_with_a_link_goes_where_the_routing_rules_send_cards(
    running: Running, tenant: Tenant, stripe: CheckoutStripe
) -> None:
    found, invoice = await billed(running, tenant)
    fields = {"company_id": tenant.company_id, "provider": "STRIPE", "name": "Second", "is_default": False}
    secrets = {"credentials": {"secret_key": stripe.secret_key}}
    second = await tenant.client.call(CreatePspAccount.model_validate(fields | secrets))
    rule = {"name": "Cards", "priority": 1, "conditions": {"payment_method": ["CARD"]}}
    where = {"company_id": tenant.company_id, "psp_account_id": second.psp_account_id}
    await tenant.client.call(CreateRoutingRule.model_validate(rule | where))
    link = await link_for(tenant, found, invoice)
    await started(tenant, link.token)
    await running.settled()
    (payment,) = (await tenant.client.call(ListPayments(client_id=found.client_id))).items
    assert (payment.psp_account_id, len(stripe.sessions)) == (second.psp_account_id, 1)
