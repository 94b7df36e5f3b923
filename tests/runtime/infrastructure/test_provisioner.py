"""Streams, consumers and schedules: made once, changed only where the surfaces changed, never lost."""

import asyncio
import dataclasses
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from nats.js.api import AckPolicy, RetentionPolicy
from nats.js.errors import NotFoundError

from runtime.nats_configuration import SurfaceError
from runtime.provisioner import CLOCK, Schedule, set_clock, stop_clock
from tests.runtime.infrastructure.conftest import ORGANISATION, SURFACES, Bus, Connected

DAY = 24 * 3600


async def test_it_makes_the_streams_and_the_buckets_with_their_limits(new_bus: Bus) -> None:
    await new_bus.provision()
    operator = await new_bus.connect("operator")
    found = {str(info.config.name): info.config for info in await operator.jetstream.streams_info()}
    await operator.client.close()
    streams = {name: config for name, config in found.items() if name.startswith("CRM_")}
    ages = {"CRM_EVENTS": 30, "CRM_COMMANDS": 0, "CRM_CLOCK": 3, "CRM_DEAD": 90, "CRM_AUDIT": 30}
    assert {name: config.max_age for name, config in streams.items()} == {k: v * DAY for k, v in ages.items()}
    for name, config in streams.items():
        assert (config.duplicate_window, config.deny_delete, config.deny_purge) == (600, True, name != "CRM_CLOCK")
    assert streams["CRM_COMMANDS"].retention == RetentionPolicy.WORK_QUEUE
    assert [name for name, config in streams.items() if config.allow_msg_schedules] == ["CRM_CLOCK"]
    buckets = {name: config for name, config in found.items() if name.startswith("OBJ_")}
    assert {name: config.max_age for name, config in buckets.items()} == {
        "OBJ_crm-documents": 0,
        "OBJ_crm-uploads": DAY,
    }
    assert all(config.allow_direct and config.allow_rollup_hdrs for config in buckets.values())


async def test_it_gives_each_actor_its_mailbox_clock_and_commands(new_bus: Bus) -> None:
    await new_bus.provision()
    operator = await new_bus.connect("operator")
    jetstream = operator.jetstream
    mailbox = (await jetstream.consumer_info("CRM_EVENTS", "payments")).config
    assert sorted(mailbox.filter_subjects or []) == ["crm.events.client.created.*", "crm.events.invoice.issued.*"]
    clock = (await jetstream.consumer_info("CRM_CLOCK", "payments")).config
    assert (mailbox.deliver_subject, clock.deliver_subject) == ("_INBOX_payments.mailbox", "_INBOX_payments.clock")
    for push in (mailbox, clock):
        assert (push.ack_policy, push.ack_wait, push.max_ack_pending) == (AckPolicy.ALL, 3600, 1024)
        assert (push.idle_heartbeat, bool(push.flow_control)) == (1, False)
    commands = (await jetstream.consumer_info("CRM_COMMANDS", "payments")).config
    assert commands.filter_subjects == ["crm.commands.payments.*", "crm.webhooks.payments.*"]
    assert commands.deliver_subject is None
    assert (commands.ack_policy, commands.ack_wait, commands.max_ack_pending) == (AckPolicy.EXPLICIT, 30, 64)
    assert (await jetstream.consumer_info("CRM_AUDIT", "identity")).config.deliver_subject == "_INBOX_identity.audit"
    with pytest.raises(NotFoundError):  # documents hears nothing
        await jetstream.consumer_info("CRM_EVENTS", "documents")
    await operator.client.close()


async def test_a_second_run_changes_nothing(new_bus: Bus) -> None:
    assert len(await new_bus.provision()) == 5 + 2 + 6 + 6 + 4 + 1
    assert await new_bus.provision() == ()


async def test_new_reactions_change_the_filters_of_the_same_durable_while_it_is_read(new_bus: Bus) -> None:
    await new_bus.provision()
    clients, payments = await new_bus.connect("clients"), await new_bus.connect("payments")
    mailbox = await clients.client.subscribe("_INBOX_clients.mailbox")
    await clients.settle()
    await payments.jetstream.publish(f"crm.events.payment.received.{ORGANISATION}", b"before")
    await payments.jetstream.publish(f"crm.events.payment.failed.{ORGANISATION}", b"not named yet")
    created = await made_at(new_bus, "clients")

    hears = ("payment.received", "payment.refunded")
    more = tuple(dataclasses.replace(s, hears=hears) if s.name == "clients" else s for s in SURFACES)
    assert await new_bus.provision(more) == ("consumer CRM_EVENTS.clients updated",)
    assert await made_at(new_bus, "clients") == created
    await payments.jetstream.publish(f"crm.events.payment.refunded.{ORGANISATION}", b"after")
    heard: list[bytes] = []
    while len(heard) < 2:
        message = await mailbox.next_msg(timeout=3)
        if message.reply.startswith("$JS.ACK."):
            heard.append(message.data)
    assert heard == [b"before", b"after"]

    silent = tuple(dataclasses.replace(s, hears=()) if s.name == "clients" else s for s in SURFACES)
    assert await new_bus.provision(silent) == ("consumer CRM_EVENTS.clients removed",)
    await clients.client.close()
    await payments.client.close()


async def made_at(bus: Bus, actor: str) -> object:
    operator = await bus.connect("operator")
    info = await operator.jetstream.consumer_info("CRM_EVENTS", actor)
    await operator.client.close()
    return info.created


async def test_streams_and_durables_outlive_the_server(new_bus: Bus) -> None:
    await new_bus.provision()
    new_bus.server.kill()
    new_bus.server.start()
    assert await new_bus.provision() == ()


async def test_contradicting_surfaces_change_nothing(new_bus: Bus) -> None:
    twice = (*SURFACES, dataclasses.replace(SURFACES[0], name="shadow"))
    with pytest.raises(SurfaceError):
        await new_bus.provision(twice)
    assert (await new_bus.provision())[0] == "stream CRM_EVENTS created"


async def as_provisioner(bus: Bus) -> Connected:
    await bus.provision()
    return await bus.connect("provisioner")


async def test_nats_itself_makes_the_ticks(new_bus: Bus) -> None:
    provisioner, clients = await as_provisioner(new_bus), await new_bus.connect("clients")
    ticks = await clients.client.subscribe("_INBOX_clients.clock")
    await clients.settle()
    changes = await set_clock(provisioner.jetstream, [Schedule("crm.clock.minute", "* * * * * *")])
    assert changes == ["schedule crm.clock.minute set"]
    instants: list[datetime] = []
    while len(instants) < 3:
        message = await ticks.next_msg(timeout=5)
        if message.reply.startswith("$JS.ACK."):
            assert (message.headers or {})["Nats-Scheduler"] == "crm.clock.schedule.minute"
            instants.append(message.metadata.timestamp.astimezone(UTC).replace(microsecond=0))
    steps = {(later - earlier).total_seconds() for earlier, later in pairwise(instants)}
    assert steps == {1.0}
    assert await stop_clock(provisioner.jetstream) == ["schedules of the clock removed"]
    assert clients.refusals == []
    await provisioner.client.close()
    await clients.client.close()


async def test_real_time_has_the_three_schedules_and_simulated_time_none(new_bus: Bus) -> None:
    new_bus.simulated_time = False
    provisioner = await as_provisioner(new_bus)
    stored = {s.tick: (await provisioner.jetstream.get_last_msg("CRM_CLOCK", s.subject)).headers or {} for s in CLOCK}
    assert stored["crm.clock.day"]["Nats-Schedule-Time-Zone"] == "Europe/Paris"
    assert {headers["Nats-Schedule-Target"] for headers in stored.values()} == set(stored)
    assert await new_bus.provision() == ()
    new_bus.simulated_time = True
    assert await new_bus.provision() == ("schedules of the clock removed",)
    assert await new_bus.provision() == ()
    await provisioner.client.close()


async def test_a_schedule_outlives_the_age_limit_of_its_stream(new_bus: Bus) -> None:
    """Otherwise time would stand still after three days; here the limit is 2 s."""
    provisioner, clients = await as_provisioner(new_bus), await new_bus.connect("clients")
    config = (await provisioner.jetstream.stream_info("CRM_CLOCK")).config
    await provisioner.jetstream.update_stream(dataclasses.replace(config, max_age=2, duplicate_window=1))
    ticks = await clients.client.subscribe("_INBOX_clients.clock")
    await clients.settle()
    await set_clock(provisioner.jetstream, [Schedule("crm.clock.minute", "* * * * * *")])
    async with asyncio.timeout(20):
        seen = 0
        while seen < 6:
            message = await ticks.next_msg(timeout=5)
            seen += message.reply.startswith("$JS.ACK.")
    await provisioner.client.close()
    await clients.client.close()
