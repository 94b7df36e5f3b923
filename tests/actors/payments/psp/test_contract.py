"""The promise of the port, kept by every adapter against its simulator over a real socket."""

from collections.abc import AsyncIterator
from dataclasses import replace
from decimal import Decimal

import pytest

from actors.payments.psp.port import (
    BadWebhookError,
    FaultKind,
    MandateKeeper,
    PagePurpose,
    PageStatus,
    ProviderError,
    RefundState,
    Subject,
)
from actors.payments.psp.simulation import Trouble
from messages.payments import MandateStatus, PaymentMethod, PaymentStatus
from tests.actors.payments.psp.benches import BENCHES, CUSTOMER, NOW, Bench

AMOUNT = Decimal("24.90")
TAKEN = (PaymentStatus.SUBMITTED, PaymentStatus.PAID)


@pytest.fixture(params=sorted(BENCHES))
async def bench(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bench]:
    monkeypatch.setenv("CRM_PAYMENTS_PROVIDER_TIMEOUT_SECONDS", "0.5")
    async with BENCHES[request.param]() as found:
        yield found


async def test_a_payment_is_taken_and_found_again(bench: Bench) -> None:
    order = await bench.order()
    made = await bench.provider.create_payment(order)
    assert (made.status in TAKEN, made.amount, made.currency) == (True, AMOUNT, "EUR")
    await bench.settle(made.provider_payment_id)
    read = await bench.provider.get_payment(made.provider_payment_id)
    assert (read.status, read.amount, read.provider_payment_id) == (
        PaymentStatus.PAID,
        AMOUNT,
        made.provider_payment_id,
    )
    found = await bench.provider.find_payment(order.key)
    assert found is not None
    assert found.provider_payment_id == made.provider_payment_id
    assert await bench.provider.find_payment("0" * 32) is None


async def test_the_same_key_is_the_same_payment(bench: Bench) -> None:
    order = await bench.order()
    ids = {(await bench.provider.create_payment(order)).provider_payment_id for _ in range(5)}
    assert (len(ids), bench.charged(order.key)) == (1, AMOUNT)


@pytest.mark.parametrize("trouble", [Trouble.TIME_OUT, Trouble.ERROR_AFTER])
async def test_a_lost_answer_is_no_second_debit(bench: Bench, trouble: Trouble) -> None:
    order = await bench.order()
    bench.simulator.trouble(bench.create_call, trouble)
    with pytest.raises(ProviderError) as lost:
        await bench.provider.create_payment(order)
    assert lost.value.kind is FaultKind.UNKNOWN_OUTCOME
    found = await bench.provider.find_payment(order.key)
    assert found is not None
    assert found.status in TAKEN
    for _ in range(4):
        try:
            again = await bench.provider.create_payment(order)
        except ProviderError as error:  # a provider may repeat its stored answer, the 500 included
            assert error.kind is FaultKind.UNKNOWN_OUTCOME
        else:
            assert again.provider_payment_id == found.provider_payment_id
    assert bench.charged(order.key) == AMOUNT


async def test_what_was_not_done_says_so(bench: Bench) -> None:
    order = await bench.order()
    bench.simulator.trouble(bench.create_call, Trouble.TOO_MANY)
    with pytest.raises(ProviderError) as refusal:
        await bench.provider.create_payment(order)
    assert refusal.value.kind is FaultKind.RATE
    assert bench.charged(order.key) == 0
    assert (await bench.provider.create_payment(order)).status in TAKEN


async def test_wrong_credentials_are_told_from_a_decline(bench: Bench) -> None:
    await bench.provider.check()
    stranger = bench.open(bench.account(wrong=True))
    with pytest.raises(ProviderError) as refusal:
        await stranger.check()
    await stranger.close()
    assert refusal.value.kind is FaultKind.AUTHENTICATION


async def test_a_decline_is_a_rejected_payment_with_its_reason(bench: Bench) -> None:
    behaviour, reason = bench.declining()
    order = await bench.order(behaviour)
    made = await bench.provider.create_payment(order)
    if not bench.settles_at_once:
        await bench.settle(made.provider_payment_id)
        made = await bench.provider.get_payment(made.provider_payment_id)
    assert (made.status, made.reason_code) == (PaymentStatus.REJECTED, reason)


async def test_money_taken_back_is_returned(bench: Bench) -> None:
    _, payment_id = await bench.paid()
    await bench.take_back(payment_id)
    read = await bench.provider.get_payment(payment_id)
    assert read.status is PaymentStatus.RETURNED
    assert read.reason_code


async def test_a_refund_is_given_once_per_key(bench: Bench) -> None:
    _, payment_id = await bench.paid()
    order = bench.refund_order(payment_id, "10.00")
    first = await bench.provider.refund(order)
    again = await bench.provider.refund(order)
    assert first.provider_refund_id == again.provider_refund_id
    read = await bench.provider.get_refund(first.provider_refund_id)
    assert (read.state is not RefundState.FAILED, read.amount) == (True, Decimal("10.00"))
    rest = bench.refund_order(payment_id, "14.90", before="10.00")
    assert (await bench.provider.refund(rest)).state is not RefundState.FAILED
    with pytest.raises(ProviderError) as refusal:
        await bench.provider.refund(bench.refund_order(payment_id, "0.01", before="24.90"))
    assert refusal.value.kind is FaultKind.PERMANENT


async def test_a_lost_refund_is_not_given_twice(bench: Bench) -> None:
    _, payment_id = await bench.paid()
    order = bench.refund_order(payment_id, "24.90")
    bench.simulator.trouble(bench.refund_call, Trouble.TIME_OUT)
    with pytest.raises(ProviderError) as lost:
        await bench.provider.refund(order)
    assert lost.value.kind is FaultKind.UNKNOWN_OUTCOME
    assert (await bench.provider.refund(order)).state is not RefundState.FAILED


async def test_a_customer_is_made_once(bench: Bench) -> None:
    order = bench.page_order()
    ids = {await bench.provider.ensure_customer(order.customer) for _ in range(2)}
    assert len(ids) == 1


async def test_a_page_is_paid(bench: Bench) -> None:
    if not bench.hosted:
        with pytest.raises(ProviderError) as refusal:
            await bench.provider.open_page(bench.page_order())
        assert refusal.value.kind is FaultKind.PERMANENT
        return
    order = bench.page_order()
    page = await bench.provider.open_page(order)
    assert (page.status, (page.url or "")[:8]) == (PageStatus.OPEN, "https://")
    assert (await bench.provider.open_page(order)).page_id == page.page_id
    await bench.pay_page(page.page_id)
    done = await bench.provider.get_page(page.page_id)
    assert done.status is PageStatus.COMPLETE
    assert done.payment is not None
    assert (done.payment.status, done.payment.amount) == (PaymentStatus.PAID, AMOUNT)
    assert (await bench.provider.close_page(page.page_id)).payment == done.payment


async def test_a_webhook_is_believed_by_its_signature_only(bench: Bench) -> None:
    _, payment_id = await bench.paid()
    await bench.take_back(payment_id)
    call = bench.calls()[-1]
    await bench.provider.verify_webhook(call, NOW)
    unsigned = replace(call, headers={}) if bench.signs_in_header else replace(call, raw=b"status=approved&unique_id=1")
    for bad in (bench.forged(), replace(call, raw=call.raw + b" "), unsigned):
        with pytest.raises(BadWebhookError):
            await bench.provider.verify_webhook(bad, NOW)
    assert bench.provider.answer(call, genuine=True).http_status in range(200, 300)
    assert bench.provider.answer(call, genuine=False).http_status >= 400


async def test_repeated_and_reordered_webhooks_lead_to_the_same_state(bench: Bench) -> None:
    order, payment_id = await bench.paid()
    await bench.take_back(payment_id)
    calls = bench.calls()
    told = [[event.event_id for event in bench.provider.events(call)] for call in calls]
    assert told == [[event.event_id for event in bench.provider.events(call)] for call in calls]
    assert len({id_ for ids in told for id_ in ids}) == sum(map(len, told))
    seen = []
    for call in reversed(calls):
        for event in bench.provider.events(call):
            if event.subject is Subject.PAYMENT:
                seen.append(await bench.provider.get_payment(event.object_id))
            elif event.subject is Subject.PAGE and (paid := (await bench.provider.get_page(event.object_id)).payment):
                seen.append(paid)
    assert {(payment.provider_payment_id, payment.status) for payment in seen} == {(payment_id, PaymentStatus.RETURNED)}
    assert bench.charged(order.key) == AMOUNT


async def test_a_means_of_payment_is_saved_on_a_page(bench: Bench) -> None:
    customer = await bench.provider.ensure_customer(CUSTOMER)
    order = bench.page_order(purpose=PagePurpose.SETUP, amount=None, provider_customer_id=customer, save_means=True)
    if not bench.provider.capabilities.setup_page:  # it saves means with a first payment, and says so
        with pytest.raises(ProviderError) as refused:
            await bench.provider.open_page(order)
        assert refused.value.kind is FaultKind.PERMANENT
        return
    page = await bench.provider.open_page(order)
    assert (page.status, (page.url or "")[:8]) == (PageStatus.OPEN, "https://")
    assert (await bench.provider.open_page(order)).page_id == page.page_id
    await bench.pay_page(page.page_id)
    saved = (await bench.provider.get_page(page.page_id)).means
    assert saved is not None
    made = await bench.provider.create_payment(replace(await bench.order(), means=saved.token, customer=customer))
    assert made.status in TAKEN


async def test_a_mandate_is_read_and_ended_where_debits_run_under_mandates(bench: Bench) -> None:
    debits = PaymentMethod.SEPA_CORE in bench.provider.capabilities.methods
    assert isinstance(bench.provider, MandateKeeper) is debits
    if not isinstance(bench.provider, MandateKeeper) or bench.method is not PaymentMethod.SEPA_CORE:
        return
    token, _ = await bench.means()
    assert (await bench.provider.get_mandate(token)).status is MandateStatus.ACTIVE
    for _ in range(2):
        ended = await bench.provider.cancel_mandate(token)
        assert (ended.token, ended.status) == (token, MandateStatus.CANCELLED)
    with pytest.raises(ProviderError) as unknown:
        await bench.provider.get_mandate("NONE")
    assert unknown.value.kind is FaultKind.PERMANENT
