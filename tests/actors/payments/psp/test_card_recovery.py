"""payments: what a card brought is taken back, won back and taken back again; each time the debt is recovered afresh."""

from actors.payments.psp.stripe.simulator import StripeSimulator
from messages.payments import ListInstalments
from tests.actors.payments.builders import at, creditor_account
from tests.actors.payments.psp.desk import DAY, CardDesk
from tests.actors.payments.steps import subscriber
from tests.actors.payments.test_recovery import case_of
from tests.harness import Running, Tenant


async def test_money_won_back_and_returned_again_opens_a_new_plan(
    running: Running, tenant: Tenant, stripe: StripeSimulator
) -> None:
    await creditor_account(tenant)
    found = await subscriber(running, tenant)
    await found.open_gates(DAY)
    desk = await CardDesk.open(running, tenant, stripe)
    desk.client_id = found.client_id
    desk.card = await desk.save_card()
    due = (await tenant.client.call(ListInstalments(contract_id=found.contract_id))).items[0]
    received = await desk.pay(instalment_id=due.instalment_id)
    for minute in (0, 2):
        chargeback = stripe.dispute(received.provider_payment_id or "", at(DAY, 9, minute))
        await desk.deliver(stripe.webhooks[-1])
        case = await case_of(tenant)
        assert case.outstanding == due.amount, (minute, case, due)
        stripe.win(chargeback, at(DAY, 9, minute + 1))
        await desk.deliver(stripe.webhooks[-1])
        assert (await case_of(tenant)).status == "CLOSED"
    plans = (await case_of(tenant)).plans
    assert [plan.original_payment_id for plan in plans] == [received.payment_id] * 2
