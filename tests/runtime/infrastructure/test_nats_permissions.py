"""What the server allows and refuses under the generated configuration (cross_cutting, acceptance 11 to 13)."""

import asyncio
import json
import time
from uuid import uuid4

import nats
import pytest
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.errors import Error, NoRespondersError
from nats.errors import TimeoutError as NatsTimeoutError
from nats.js.api import ConsumerConfig, StreamConfig

from tests.runtime.infrastructure.conftest import ORGANISATION, OTHER_ORGANISATION, Bus, Connect


async def stored_events(bus: Bus) -> int:
    operator = await bus.connect("operator")
    state = (await operator.jetstream.stream_info("CRM_EVENTS")).state
    await operator.client.close()
    return state.messages


async def test_nobody_enters_without_a_key(bus: Bus) -> None:
    with pytest.raises(Error):
        await nats.connect(bus.server.url, allow_reconnect=False, connect_timeout=1)


async def test_an_actor_states_its_own_facts_and_a_repeated_one_counts_once(bus: Bus, connect: Connect) -> None:
    payments = await connect("payments")
    subject, headers = f"crm.events.payment.received.{ORGANISATION}", {"Nats-Msg-Id": str(uuid4())}
    before = await stored_events(bus)
    first = await payments.jetstream.publish(subject, b"{}", headers=headers)
    second = await payments.jetstream.publish(subject, b"{}", headers=headers)
    assert (first.duplicate, second.duplicate) == (None, True)
    assert await stored_events(bus) == before + 1


async def test_an_actor_cannot_state_anothers_fact(bus: Bus, connect: Connect) -> None:
    payments = await connect("payments")
    before = await stored_events(bus)
    subject = f"crm.events.client.created.{ORGANISATION}"
    await payments.client.publish(subject, b"{}")
    assert await payments.is_refused(subject)
    assert await stored_events(bus) == before


async def test_only_the_declared_caller_reaches_an_internal_request(connect: Connect) -> None:
    """Acceptance 11: the webhook of payments is the bridge's, the store of documents is factures'."""
    logistics, payments, bridge = [await connect(user) for user in ("logistics", "payments", "bridge")]
    documents, factures = [await connect(user) for user in ("documents", "factures")]

    async def answer(message: Msg) -> None:
        await message.respond((message.headers or {}).get("crm-organisation", "nobody").encode())

    await payments.client.subscribe("crm.internal.payments.*", queue="payments", cb=answer)
    await documents.client.subscribe("crm.internal.documents.*", queue="documents", cb=answer)
    await payments.settle()
    await documents.settle()

    webhook, store = "crm.internal.payments.receive_psp_webhook", "crm.internal.documents.store_document"
    headers = {"crm-organisation": str(ORGANISATION)}
    with pytest.raises(NatsTimeoutError):
        await logistics.client.request(webhook, b"{}", timeout=0.3)
    assert await logistics.is_refused(webhook)
    assert (await bridge.client.request(webhook, b"{}", timeout=1, headers=headers)).data.decode() == str(ORGANISATION)
    assert (await factures.client.request(store, b"{}", timeout=1, headers=headers)).data.decode() == str(ORGANISATION)


async def test_only_the_bridge_leaves_webhooks(connect: Connect) -> None:
    logistics, bridge = await connect("logistics"), await connect("bridge")
    kept = "crm.webhooks.payments.receive_psp_webhook"
    for user in (logistics, await connect("operator")):
        await user.client.publish(kept, b"{}")
        assert await user.is_refused(kept)
    assert (await bridge.jetstream.publish(kept, b"{}")).stream == "CRM_COMMANDS"


async def test_an_actor_asks_only_what_it_declares(connect: Connect) -> None:
    payments = await connect("payments")
    for subject in ("crm.clients.delete_client", "crm.internal.identity.get_signing_keys", "crm.ops.clients.pause"):
        await payments.client.publish(subject, b"{}", reply="_INBOX_payments.x")
        assert await payments.is_refused(subject)


@pytest.mark.parametrize(
    ("subject", "queue"),
    [
        ("crm.clients.>", ""),
        ("crm.clients.*", "clients"),
        ("_INBOX_clients.>", ""),
        ("_INBOX_clients.mailbox", ""),
        ("crm.payments.*", ""),
        ("crm.payments.*", "others"),
        ("crm.internal.payments.*", ""),
        ("crm.events.>", ""),
        ("crm.audit.>", ""),
        (">", ""),
    ],
)
async def test_an_actor_hears_only_its_own_requests_in_its_own_queue_group(
    connect: Connect, subject: str, queue: str
) -> None:
    payments = await connect("payments")
    await payments.client.subscribe(subject, queue=queue)
    assert await payments.is_refused(subject)


async def test_an_actor_hears_its_requests_operations_and_discovery(connect: Connect) -> None:
    payments = await connect("payments")
    for subject, queue in (("crm.payments.*", "payments"), ("crm.ops.payments.*", ""), ("$SRV.>", "")):
        await payments.client.subscribe(subject, queue=queue)
    await payments.settle()
    assert payments.refusals == []


async def test_an_actor_answers_a_request_once(connect: Connect) -> None:
    clients, bridge = await connect("clients"), await connect("bridge")

    async def answer_twice(message: Msg) -> None:
        await message.respond(b"first")
        await message.respond(b"second")

    await clients.client.subscribe("crm.clients.get_client", queue="clients", cb=answer_twice)
    await clients.settle()
    replies = await bridge.client.subscribe("_INBOX_bridge.twice")
    await bridge.client.publish("crm.clients.get_client", b"{}", reply="_INBOX_bridge.twice")
    assert (await replies.next_msg(timeout=1)).data == b"first"
    assert await clients.is_refused("_INBOX_bridge.twice")
    with pytest.raises(NatsTimeoutError):
        await replies.next_msg(timeout=0.1)


async def test_an_actor_makes_no_consumer_and_no_stream_and_deletes_nothing(connect: Connect) -> None:
    payments = await connect("payments")
    jetstream = payments.jetstream
    attempts = {
        "$JS.API.CONSUMER.CREATE.CRM_EVENTS": jetstream.add_consumer("CRM_EVENTS", ConsumerConfig()),
        "$JS.API.CONSUMER.DURABLE.CREATE.CRM_EVENTS.payments": jetstream.add_consumer(
            "CRM_EVENTS", ConsumerConfig(durable_name="payments")
        ),
        "$JS.API.STREAM.CREATE.MINE": jetstream.add_stream(StreamConfig(name="MINE", subjects=["mine"])),
        "$JS.API.STREAM.PURGE.CRM_EVENTS": jetstream.purge_stream("CRM_EVENTS"),
        "$JS.API.STREAM.MSG.GET.CRM_EVENTS": jetstream.get_msg("CRM_EVENTS", 1),
        "$JS.API.CONSUMER.DELETE.CRM_EVENTS.clients": jetstream.delete_consumer("CRM_EVENTS", "clients"),
    }
    for subject, attempt in attempts.items():
        with pytest.raises(NatsTimeoutError):
            await attempt
        assert await payments.is_refused(subject)


async def test_an_actor_resets_its_own_mailbox_and_reads_from_there(connect: Connect) -> None:
    payments, factures = await connect("payments"), await connect("factures")
    acknowledged = await payments.jetstream.publish(f"crm.events.payment.received.{ORGANISATION}", b"{}")
    mailbox = await factures.client.subscribe("_INBOX_factures.mailbox")
    await factures.settle()
    reset = await factures.jetstream.reset_consumer("CRM_EVENTS", "factures", acknowledged.seq)
    assert reset.reset_seq == acknowledged.seq
    delivered = await first_after_reset(mailbox)
    assert delivered.metadata.sequence.stream == acknowledged.seq
    await factures.client.publish(delivered.reply, b"+ACK")
    await factures.settle()
    assert factures.refusals == []


async def first_after_reset(mailbox: Subscription) -> Msg:
    """The message with consumer sequence 1 that arrives last: older deliveries may still be under way."""
    found: Msg | None = None
    while True:
        try:
            message = await mailbox.next_msg(timeout=5 if found is None else 0.2)
        except NatsTimeoutError:
            assert found is not None
            return found
        if message.reply.startswith("$JS.ACK.") and message.metadata.sequence.consumer == 1:
            found = message


async def test_an_actor_neither_resets_nor_reads_nor_acknowledges_for_another(connect: Connect) -> None:
    payments = await connect("payments")
    for attempt, subject in (
        (payments.jetstream.reset_consumer("CRM_EVENTS", "factures", 1), "$JS.API.CONSUMER.RESET.CRM_EVENTS.factures"),
        (payments.jetstream.reset_consumer("CRM_CLOCK", "factures", 1), "$JS.API.CONSUMER.RESET.CRM_CLOCK.factures"),
        (payments.jetstream.consumer_info("CRM_EVENTS", "factures"), "$JS.API.CONSUMER.INFO.CRM_EVENTS.factures"),
    ):
        with pytest.raises(NatsTimeoutError):
            await attempt
        assert await payments.is_refused(subject)
    for subject in ("$JS.API.CONSUMER.MSG.NEXT.CRM_COMMANDS.clients", "$JS.ACK.CRM_EVENTS.factures.1.1.1.1.0"):
        await payments.client.publish(subject, b"")
        assert await payments.is_refused(subject)


async def test_an_actor_works_off_its_commands_with_its_three_rights(connect: Connect) -> None:
    bridge, clients = await connect("bridge"), await connect("clients")
    await bridge.jetstream.publish("crm.commands.clients.create_client", b"{}")
    pull = await clients.jetstream.pull_subscribe_bind("clients", "CRM_COMMANDS", inbox_prefix=b"_INBOX_clients.")
    (command,) = await pull.fetch(1, timeout=2)
    await command.in_progress()
    await command.in_progress()
    await command.ack_sync(timeout=1)
    assert clients.refusals == []
    assert (await clients.jetstream.consumer_info("CRM_COMMANDS", "clients")).num_ack_pending == 0


async def test_a_stopped_actor_is_noticed_at_once(connect: Connect) -> None:
    """Acceptance 13: no responders, not the caller's time-out."""
    bridge = await connect("bridge")
    started = time.monotonic()
    with pytest.raises(NoRespondersError):
        await bridge.client.request("crm.logistics.get_letter", b"{}", timeout=5)
    assert time.monotonic() - started < 0.1


async def test_ticks_come_from_the_clock_driver_alone(connect: Connect) -> None:
    payments, operator = await connect("payments"), await connect("operator")
    for subject in ("crm.clock.day", "crm.clock.schedule.day"):
        await payments.client.publish(subject, b"{}")
        assert await payments.is_refused(subject)
    tick = await operator.jetstream.publish("crm.clock.day", b"{}")
    assert tick.stream == "CRM_CLOCK"


async def test_the_operator_looks_at_everything_with_an_ordinary_client(connect: Connect) -> None:
    operator, payments = await connect("operator"), await connect("payments")
    heard = await operator.client.subscribe("crm.events.>")
    await operator.settle()
    stored = await payments.jetstream.publish(f"crm.events.payment.received.{ORGANISATION}", b"{}")
    assert (await heard.next_msg(timeout=1)).subject == f"crm.events.payment.received.{ORGANISATION}"
    jetstream = operator.jetstream
    assert (await jetstream.account_info()).streams == 7
    assert {stream.config.name for stream in await jetstream.streams_info()} >= {"CRM_EVENTS", "CRM_DEAD"}
    assert await jetstream.find_stream_name_by_subject("crm.dead.payments") == "CRM_DEAD"
    assert len(await jetstream.consumers_info("CRM_CLOCK")) == 6
    assert (await jetstream.consumer_info("CRM_EVENTS", "payments")).stream_name == "CRM_EVENTS"
    assert (await jetstream.get_msg("CRM_EVENTS", stored.seq)).subject == f"crm.events.payment.received.{ORGANISATION}"
    found = await jetstream.get_msg("CRM_EVENTS", stored.seq, subject="crm.events.payment.>", next=True)
    assert found.seq == stored.seq
    await operator.client.publish("$SRV.PING", b"", reply="_INBOX_operator.services")
    for topic in ("crm.dead.>", "crm.ops.heartbeat.*", "$JS.EVENT.ADVISORY.>"):
        await operator.client.subscribe(topic)
    await operator.settle()
    assert operator.refusals == []


async def test_the_operator_changes_no_stream(connect: Connect) -> None:
    operator = await connect("operator")
    with pytest.raises(NatsTimeoutError):
        await operator.jetstream.purge_stream("CRM_EVENTS")
    assert await operator.is_refused("$JS.API.STREAM.PURGE.CRM_EVENTS")


async def test_the_bridge_follows_the_stream_live_but_makes_nothing_durable(connect: Connect) -> None:
    bridge, payments = await connect("bridge"), await connect("payments")
    feed = await bridge.client.subscribe("_INBOX_bridge.feed")
    request = {
        "stream_name": "CRM_EVENTS",
        "config": {
            "deliver_subject": "_INBOX_bridge.feed",
            "filter_subjects": [f"crm.events.*.*.{ORGANISATION}"],
            "deliver_policy": "new",
            "ack_policy": "none",
        },
    }
    made = await bridge.client.request("$JS.API.CONSUMER.CREATE.CRM_EVENTS", json.dumps(request).encode(), timeout=1)
    assert "error" not in json.loads(made.data)
    await payments.jetstream.publish(f"crm.events.payment.received.{OTHER_ORGANISATION}", b"theirs")
    await payments.jetstream.publish(f"crm.events.payment.received.{ORGANISATION}", b"ours")
    assert (await feed.next_msg(timeout=1)).data == b"ours"
    with pytest.raises(NatsTimeoutError):
        await bridge.jetstream.add_consumer("CRM_EVENTS", ConsumerConfig(durable_name="spying"))
    await bridge.client.publish(f"crm.events.payment.received.{ORGANISATION}", b"{}")
    assert await bridge.is_refused(f"crm.events.payment.received.{ORGANISATION}")


async def test_an_upstream_system_hears_its_own_tenant_only(connect: Connect) -> None:
    webshop, payments = await connect("webshop"), await connect("payments")
    narrow = await webshop.client.subscribe(f"crm.events.payment.*.{ORGANISATION}")
    await webshop.settle()
    assert webshop.refusals == []
    await payments.jetstream.publish(f"crm.events.payment.received.{ORGANISATION}", b"ours")
    assert (await narrow.next_msg(timeout=1)).data == b"ours"
    await webshop.jetstream.publish("crm.commands.clients.create_client", b"{}")
    foreign = f"crm.events.*.*.{OTHER_ORGANISATION}"
    await webshop.client.subscribe(foreign)
    await webshop.client.publish("crm.payments.create_refund", b"{}")
    assert await webshop.is_refused(foreign)
    assert await webshop.is_refused("crm.payments.create_refund")


async def test_the_spy_hears_all_and_says_nothing(connect: Connect) -> None:
    spy, payments = await connect("spy"), await connect("payments")
    heard = await spy.client.subscribe("crm.>")
    await spy.settle()
    await payments.client.publish("crm.ops.heartbeat.payments", b"{}")
    await asyncio.wait_for(anext(heard.messages), timeout=1)
    await spy.client.publish("crm.payments.create_refund", b"{}")
    assert await spy.is_refused("crm.payments.create_refund")


async def test_the_audit_feed_is_read_by_its_reader_alone(connect: Connect) -> None:
    payments, identity = await connect("payments"), await connect("identity")
    await payments.jetstream.publish("crm.audit.payments", b"{}")
    assert (await identity.jetstream.reset_consumer("CRM_AUDIT", "identity", 1)).reset_seq == 1
    with pytest.raises(NatsTimeoutError):
        await payments.jetstream.reset_consumer("CRM_AUDIT", "identity", 1)
    await payments.client.publish("crm.audit.clients", b"{}")
    assert await payments.is_refused("crm.audit.clients")
