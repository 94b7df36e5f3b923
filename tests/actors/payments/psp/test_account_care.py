"""Looking after accounts at providers: trials, webhook secrets, events that nobody can follow."""

from datetime import timedelta

import pytest

from actors.payments.psp.stripe.simulator import StripeSimulator
from messages.base import Request
from messages.payments import (
    GetPspAccount,
    GetPspAccountsSummary,
    ListPspEvents,
    PspEventStatus,
    ReplayPspEvent,
    ResolvePspEvent,
    RotatePspWebhookSecret,
    TestPspAccount,
)
from messages.problem import Refused
from tests.actors.payments.builders import at
from tests.actors.payments.psp.desk import DAY, CardDesk
from tests.harness import Tenant, tenant_fixture

other = tenant_fixture("Fibre Durand")


async def refused(tenant: Tenant, request: Request[object]) -> str:
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(request)
    return refusal.value.code.code


async def test_an_event_that_cannot_be_followed_is_resolved_by_hand(desk: CardDesk, other: Tenant) -> None:
    paid = await desk.pay()
    desk.stripe.dispute(paid.provider_payment_id or "", at(DAY, 9))
    desk.stripe.secret_key = "sk_rolled"
    await desk.deliver(desk.stripe.webhooks[-1])
    (failed,) = (await desk.tenant.client.call(ListPspEvents(status=(PspEventStatus.FAILED,)))).items
    (followed, *_) = (await desk.tenant.client.call(ListPspEvents(status=(PspEventStatus.PROCESSED,)))).items
    resolve = ResolvePspEvent(psp_event_id=failed.psp_event_id, reason="booked by hand")
    for _ in range(2):
        assert (await desk.tenant.client.call(resolve)).status == "RESOLVED"
    assert (await desk.tenant.client.call(ReplayPspEvent(psp_event_id=failed.psp_event_id))).status == "RESOLVED"
    well = resolve.model_copy(update={"psp_event_id": followed.psp_event_id})
    assert await refused(desk.tenant, well) == "INVALID_TRANSITION"
    assert await refused(other, resolve) == "PSP_EVENT_NOT_FOUND"


async def test_a_replaced_secret_is_believed_for_seven_days(desk: CardDesk, other: Tenant) -> None:
    rotate = RotatePspWebhookSecret(psp_account_id=desk.account.psp_account_id, new_secret="whsec_new")
    desk.tenant.client.now = at(DAY, 8)
    rotated = await desk.tenant.client.call(rotate)
    assert str(rotated.previous_secret_until)[:10] == str(DAY + timedelta(days=7))
    for days, old in ((6, 200), (8, 401)):
        day = DAY + timedelta(days=days)
        await desk.running.tick("hour", at(day, 4))
        await desk.running.settled()
        for secret, status in (("whsec_test_secret", old), ("whsec_new", 200)):
            sent = StripeSimulator(secret).report("balance.available", {"object": "balance"}, at(day, 9))
            assert await desk.deliver(sent, now=at(day, 9)) == [status]
    account = GetPspAccount(psp_account_id=desk.account.psp_account_id)
    assert (await desk.tenant.client.call(account)).previous_secret_until is None
    assert await refused(other, rotate) == "PSP_ACCOUNT_NOT_FOUND"


async def test_an_account_is_tried_and_refused_credentials_lock_it_out(desk: CardDesk, other: Tenant) -> None:
    trial = TestPspAccount(psp_account_id=desk.account.psp_account_id)
    read, client = GetPspAccount(psp_account_id=trial.psp_account_id), desk.tenant.client
    assert (await client.call(trial)).last_test is None
    await desk.running.settled()
    good = await client.call(read)
    assert good.last_test is not None
    assert (good.last_test.reachable, good.last_test.error, good.status) == (True, None, "ACTIVE")
    desk.stripe.secret_key = "sk_rolled"
    client.now = at(DAY, 8, 1)
    await client.call(trial)
    await desk.running.settled()
    bad = await client.call(read)
    assert bad.last_test is not None
    assert (bad.last_test.reachable, bad.status) == (False, "INVALID_CREDENTIALS")
    assert "401" in (bad.last_test.error or "")
    assert [alert["code"] for alert in await desk.facts("payment_alert.raised")] == ["API_CREDENTIALS_INVALID"]
    (told,) = (await client.call(GetPspAccountsSummary(company_id=desk.tenant.company_id))).items
    assert (told.is_active, told.is_configured, told.has_webhook_secret, told.health) == (False, False, True, "CLOSED")
    assert (await other.client.call(GetPspAccountsSummary())).items == ()
    assert await refused(other, trial) == "PSP_ACCOUNT_NOT_FOUND"
