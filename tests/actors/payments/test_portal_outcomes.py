"""payments: what becomes of a payment that a link began, whoever tells of it and whenever."""

from datetime import date

from actors.payments.psp.simulation import Trouble
from actors.payments.psp.stripe.checkout import CheckoutStripe
from messages.payments import (
    GetClientBalance,
    ListAlerts,
    ListInstalments,
    ListPayments,
)
from messages.payments.portal import (
    AccessPortalSession,
    CancelPortalSession,
    GetPortalSession,
    GetPortalSessionAudit,
)
from tests.actors.payments.builders import at, creditor_account, invoice_issued, money
from tests.actors.payments.portal_steps import (
    TODAY,
    billed,
    delivered,
    link_for,
    returned,
    started,
    state_of,
)
from tests.actors.payments.steps import PRESENTED, facts
from tests.harness import Running, Tenant


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
    stripe.trouble("page", Trouble.ERROR_AFTER)
    await started(tenant, link.token)
    assert (await state_of(running, tenant, link.token)).message == "CONTINUE"
    assert (stripe.calls["page"], len(stripe.sessions)) == (2, 1)  # one page, however often it was ordered


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
