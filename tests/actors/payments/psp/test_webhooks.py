"""What providers report: genuine, forged, twice, late and out of order."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from actors.payments.psp.emerchantpay import webhooks as emerchantpay_webhooks
from actors.payments.psp.gocardless import webhooks as gocardless_webhooks
from actors.payments.psp.multisafepay import webhooks as multisafepay_webhooks
from actors.payments.psp.paypal import webhooks as paypal_webhooks
from actors.payments.psp.port import BadWebhookError, WebhookCall
from actors.payments.psp.slimpay import webhooks as slimpay_webhooks
from actors.payments.psp.stripe import webhooks as stripe_webhooks
from actors.payments.psp.stripe.simulator import StripeSimulator
from messages.payments import GetPspEvent, ListPspEvents, PspEventStatus, ReplayPspEvent
from messages.problem import Refused
from runtime.simulation import SentWebhook
from tests.actors.payments.builders import at, look_behind
from tests.actors.payments.psp.benches import MultiSafepayBench
from tests.actors.payments.psp.desk import DAY, CardDesk
from tests.harness import Running, Tenant, tenant_fixture

other = tenant_fixture("Fibre Durand")


def test_case_22_stripe_signs_time_and_body() -> None:
    body = b'{"id":"evt_1","type":"payment_intent.succeeded"}'
    expected = "ce161c2325726ed047a90954af56ffa1539de04afa5e3142ea804c504003bf23"
    assert stripe_webhooks.signature_of("whsec_test_secret", 1764000000, body) == expected


def test_case_22_gocardless_signs_the_body() -> None:
    body = (
        b'{"events":[{"id":"EV123","created_at":"2026-11-24T05:00:00.000Z","resource_type":"payments","action":"failed",'
        b'"links":{"payment":"PM123"},"details":{"origin":"bank","cause":"insufficient_funds","scheme":"sepa_core",'
        b'"reason_code":"AM04"}}]}'
    )
    expected = "0cf7fbc357a5ef8dbfc2f3a91ac1b7d8371c9521c3a736f5b63397c5873e4694"
    assert gocardless_webhooks.signature_of("whsec_test_secret", body) == expected
    (event,) = gocardless_webhooks.events_of(WebhookCall(body, {}))
    assert (event.event_id, event.name, event.object_id) == ("EV123", "payments.failed", "PM123")


def test_case_22_multisafepay_signs_time_and_body() -> None:
    body = b'{"order_id":"ORD-1","status":"completed","amount":1299}'
    signature = multisafepay_webhooks.signature_of("test_api_key", 1764000000, body)
    assert signature.startswith("2aa127edcf47a74aba2841b7ca8a3c88")


def test_case_22_paypal_signs_the_checksum_of_the_body() -> None:
    body = b'{"id":"WH-1","event_type":"PAYMENT.CAPTURE.COMPLETED"}'
    assert paypal_webhooks.signed_text("tx", "2026", "WH", body) == b"tx|2026|WH|2325436976"


def test_case_22_slimpay_signs_milliseconds_and_body() -> None:
    body = b'{"Id":"cc480206","version":"1","createdAt":1697188825898,"eventType":"payment.update","data":{"status":"REJECTED"}}'
    signature = slimpay_webhooks.signature_of("whsec_test_secret", 1697188825898, body)
    assert signature == "b8b1be236e99b9b4a945bcb934205bdfa0ef1d7771b6b3027b418b54bcc81beb"
    call = WebhookCall(body, {"slimpay-signature": f"t=1697188825898,v1={signature}"})
    slimpay_webhooks.verify(call, ["whsec_test_secret"], datetime(2023, 10, 13, 9, 20, 25, tzinfo=UTC))
    with pytest.raises(BadWebhookError, match="away"):
        slimpay_webhooks.verify(call, ["whsec_test_secret"], at(DAY))


def test_case_22_emerchantpay_signs_the_unique_id() -> None:
    signature = emerchantpay_webhooks.signature_of("44177a21403427eb96664a6d7e5d5d48", "secret_password")
    assert signature == "d2adbb70c242f8f8830a80c42e6e9bae45b09336"
    body = f"unique_id=44177a21403427eb96664a6d7e5d5d48&status=approved&signature={signature}".encode()
    emerchantpay_webhooks.verify(WebhookCall(body, {}), "secret_password")
    echo = emerchantpay_webhooks.echo(WebhookCall(body, {})).body
    assert "<notification_echo><unique_id>44177a21403427eb96664a6d7e5d5d48</unique_id></notification_echo>" in echo


async def test_case_25_two_states_of_one_order_are_two_events() -> None:
    async with MultiSafepayBench() as bench:
        page = await bench.provider.open_page(bench.page_order())
        await bench.pay_page(page.page_id)
        paid = await bench.provider.get_payment(page.page_id)
        await bench.take_back(page.page_id)
        returned = await bench.provider.get_payment(page.page_id)
        ids = [event.event_id for call in bench.calls() for event in bench.provider.events(call)]
    assert (paid.status, returned.status, returned.reason_code) == ("PAID", "RETURNED", "fraudulent")
    assert len(set(ids)) == 2


async def test_case_23_forged_then_genuine_then_again(desk: CardDesk) -> None:
    paid = await desk.pay()
    desk.stripe.dispute(paid.provider_payment_id or "", at(DAY, 9))
    genuine = desk.stripe.webhooks[-1]
    forged = SentWebhook({"stripe-signature": "t=1,v1=00"}, genuine.body)
    stranger = StripeSimulator("whsec_other")
    stranger.report("charge.dispute.created", {}, at(DAY, 9))
    other_secret = SentWebhook(stranger.webhooks[-1].headers, genuine.body)
    before = await stored(desk)
    assert await desk.deliver(forged, other_secret) == [401, 401]
    assert await stored(desk) == before
    assert (await desk.read(paid.payment_id)).status == "PAID"
    assert await desk.deliver(genuine, genuine) == [200, 200]
    assert len(await stored(desk)) == len(before) + 1
    assert (await desk.read(paid.payment_id)).status == "RETURNED"
    assert len(await desk.facts("payment.returned")) == 1
    rejected = await look_behind(desk.running, desk.tenant, "select * from rejected_webhook")
    assert len(rejected) == 2
    assert len({row["source_hash"] for row in rejected}) == 1
    assert all(row["raw_start"] and genuine.body[:20] not in row["raw_start"] for row in rejected)


async def test_a_signature_of_another_time_is_refused(desk: CardDesk) -> None:
    sent = desk.stripe.webhooks[-1]
    assert await desk.deliver(sent, now=at(DAY, 9, 6)) == [401]
    assert await desk.deliver(sent, now=at(DAY, 9, 4)) == [200]


async def test_case_24_late_news_change_nothing(desk: CardDesk) -> None:
    paid = await desk.pay()
    intent = desk.stripe.intents[paid.provider_payment_id or ""]
    for name in ("payment_intent.succeeded", "payment_intent.processing", "payment_intent.created"):
        desk.stripe.report(name, intent, at(DAY, 9))
    assert await desk.deliver(*reversed(desk.stripe.webhooks[-3:])) == [200] * 3
    assert (await desk.read(paid.payment_id)).status == "PAID"
    assert len(await desk.facts("payment.received")) == 1
    told = [row["status"] for row in await stored(desk)]
    assert told[-3:] == ["IGNORED"] * 3


async def test_a_dead_event_is_replayed_and_changes_nothing_twice(desk: CardDesk, other: Tenant) -> None:
    paid = await desk.pay()
    desk.stripe.dispute(paid.provider_payment_id or "", at(DAY, 9))
    desk.stripe.secret_key = "sk_rolled"
    await desk.deliver(desk.stripe.webhooks[-1])
    (failed,) = (await desk.tenant.client.call(ListPspEvents(status=(PspEventStatus.FAILED,)))).items
    assert (failed.name, (await desk.read(paid.payment_id)).status) == ("charge.dispute.funds_withdrawn", "PAID")
    desk.stripe.secret_key = "sk_test_1"
    for moment in (at(DAY, 10), at(DAY, 11)):
        desk.tenant.client.now = moment
        await desk.tenant.client.call(ReplayPspEvent(psp_event_id=failed.psp_event_id))
        await desk.running.settled()
    assert (await desk.read(paid.payment_id)).status == "RETURNED"
    assert len(await desk.facts("payment.returned")) == 1
    assert (await desk.tenant.client.call(GetPspEvent(psp_event_id=failed.psp_event_id))).status == "IGNORED"
    assert (await other.client.call(ListPspEvents())).items == ()
    with pytest.raises(Refused) as refusal:
        await other.client.call(ReplayPspEvent(psp_event_id=failed.psp_event_id))
    assert refusal.value.code.code == "PSP_EVENT_NOT_FOUND"


async def test_a_stored_body_is_not_readable_without_the_key(desk: CardDesk) -> None:
    (row, *_) = await stored(desk)
    assert b"checkout" not in row["raw_body"]


async def test_case_34_an_address_belongs_to_one_account_of_one_tenant(
    desk: CardDesk, running: Running, other: Tenant, stripe: StripeSimulator
) -> None:
    sent = desk.stripe.webhooks[-1]
    elsewhere = replace(desk, tenant=other)
    assert await elsewhere.deliver(sent) == [404]
    guessed = desk.account.model_copy(update={"webhook_path": desk.account.webhook_path[:-1] + "x"})
    assert await desk.deliver(sent, account=guessed) == [404]
    second = await CardDesk.open(running, other, stripe)
    assert await second.deliver(sent) == [200], "the same event id is another event of another tenant"
    assert len(await stored(second)) == 2


async def test_twenty_refused_calls_of_an_hour_are_told_to_the_staff(desk: CardDesk) -> None:
    call = WebhookCall(b"{}", {})
    assert await desk.deliver(*[SentWebhook({}, call.raw)] * 19) == [401] * 19
    assert await desk.facts("payment_alert.raised") == []
    assert await desk.deliver(SentWebhook({}, call.raw)) == [401]
    assert [body["code"] for body in await desk.facts("payment_alert.raised")] == ["WEBHOOKS_REJECTED"]


async def stored(desk: CardDesk) -> list[dict[str, object]]:
    return await look_behind(desk.running, desk.tenant, "select * from psp_event order by id")
