"""payments: a link whose holder orders a direct debit. It is on its way at once and paid when the bank says so."""

from datetime import date, timedelta

from actors.payments.psp.stripe.checkout import CheckoutStripe
from messages.payments import GetPayment, ListInstalments, ListPayments
from messages.payments.portal import AccessPortalSession, GetPortalSession, PortalView
from tests.actors.payments.builders import at, creditor_account
from tests.actors.payments.portal_steps import TODAY, billed, link_for, refusal_of, started, state_of
from tests.actors.payments.steps import facts
from tests.harness import Running, Tenant

OFFERED = ("VIEW_PAYMENT", "PAY_BY_CARD", "PAY_BY_SEPA")


async def test_a_link_orders_a_debit_under_the_mandate_once(running: Running, tenant: Tenant) -> None:
    await creditor_account(tenant)
    found, invoice = await billed(running, tenant)
    await found.open_gates(TODAY)
    link = await link_for(tenant, found, invoice, allowed_actions=OFFERED)
    twin = await link_for(tenant, found, invoice, allowed_actions=OFFERED)
    view = await opened(tenant, link.token)
    assert view.debit is not None
    assert (view.debit.collected_on, view.debit.iban_masked) == (date(2026, 4, 22), "FR76 **** **** 0189")
    assert "PAY_BY_SEPA" in view.allowed_actions
    ordered = await started(tenant, link.token, action="PAY_BY_SEPA")
    assert (ordered.message, ordered.payment_confirmed, ordered.pending_confirmation, ordered.redirect_url) == (
        "DEBIT_ORDERED", False, True, None,
    )  # fmt: skip
    assert await state_of(running, tenant, link.token) == ordered
    session = await tenant.client.call(GetPortalSession(session_id=link.session.session_id))
    assert (session.status, session.outcome, session.use_count) == ("COMPLETED", "DEBIT_ORDERED", 1)
    payment = await tenant.client.call(GetPayment(payment_id=session.payment_id))  # type: ignore[arg-type]
    assert (payment.type, payment.method, payment.status) == ("EMISSION", "SEPA_CORE", "PENDING")
    assert (payment.requested_collection_date, payment.amount) == (view.debit.collected_on, view.amount)
    (due, *_) = (await tenant.client.call(ListInstalments(client_id=found.client_id))).items
    assert (due.status, due.current_payment_id) == ("IN_COLLECTION", payment.payment_id)
    other = await opened(tenant, twin.token)
    assert (other.debit, other.debit_on) == (None, view.debit.collected_on)
    assert await refusal_of(started(tenant, twin.token, action="PAY_BY_SEPA")) == "COLLECTION_BLOCKED"
    assert await refusal_of(started(tenant, link.token, action="PAY_BY_SEPA")) == "SESSION_TERMINAL"
    await running.tick("hour", at(TODAY + timedelta(days=1), 5))
    assert [row.status for row in (await tenant.client.call(ListPayments())).items] == ["BATCHED"]
    (completed,) = await facts(running, tenant, "portal_session.completed")
    assert completed["payment_id"] == str(payment.payment_id)
    assert await facts(running, tenant, "payment.received") == []


async def test_a_link_orders_no_debit_that_the_emission_would_hold_back_or_a_card_pays(
    running: Running, tenant: Tenant, stripe: CheckoutStripe
) -> None:
    await creditor_account(tenant)
    found, invoice = await billed(running, tenant)
    unoffered = await link_for(tenant, found, invoice)
    assert await refusal_of(started(tenant, unoffered.token, action="PAY_BY_SEPA")) == "ACTION_NOT_ALLOWED"
    link = await link_for(tenant, found, invoice, allowed_actions=OFFERED, max_uses=2)
    assert (await opened(tenant, link.token)).debit is None  # the contract is not active yet
    assert await refusal_of(started(tenant, link.token, action="PAY_BY_SEPA")) == "COLLECTION_BLOCKED"
    await found.open_gates(TODAY)
    assert (await opened(tenant, link.token)).debit is not None
    await started(tenant, unoffered.token)
    assert await refusal_of(started(tenant, link.token, action="PAY_BY_SEPA")) == "LIVE_PAYMENT_EXISTS"
    session = await tenant.client.call(GetPortalSession(session_id=link.session.session_id))
    assert (session.status, session.use_count, session.payment_id) == ("ACTIVE", 0, None)


async def opened(tenant: Tenant, token: str) -> PortalView:
    return await tenant.client.call(AccessPortalSession(token=token), token="")
