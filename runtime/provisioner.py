"""Makes the streams, the actors' consumers and the clock's schedules; actors declare nothing themselves (cross_cutting 5).

Running it again changes only what differs, with actors at work, and never takes a durable away that is still wanted.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import nats
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DiscardPolicy, RetentionPolicy, StorageType, StreamConfig
from nats.js.errors import NotFoundError

from runtime.nats_configuration import BUCKETS, TICKS, inbox_prefix
from runtime.nats_surfaces import ActorSurface, check_surfaces

_DAY_SECONDS = 24 * 3600
_DUPLICATE_WINDOW_SECONDS = 600


@dataclass(frozen=True)
class Schedule:
    """A tick NATS itself publishes: six cron fields, seconds first, read in a time zone."""

    tick: str
    cron: str
    zone: str = "UTC"

    @property
    def subject(self) -> str:
        """Where the schedule is stored; a newer one there replaces it."""
        return self.tick.replace("crm.clock.", "crm.clock.schedule.")


CLOCK = (
    Schedule("crm.clock.minute", "0 * * * * *"),
    Schedule("crm.clock.hour", "0 0 * * * *"),
    Schedule("crm.clock.day", "0 0 0 * * *", "Europe/Paris"),
)


async def provision(
    nats_url: str,
    seed: str,
    surfaces: Sequence[ActorSurface],
    *,
    simulated_time: bool,
    replicas: int = 1,
    event_days: int = 30,
) -> tuple[str, ...]:
    """Bring the server in line with the surfaces; returns what was changed, one line each.

    In simulated time nothing ticks by itself. Raises SurfaceError, or the client's errors when the server refuses.
    """
    check_surfaces(surfaces)
    user = "provisioner"
    connection = await nats.connect(
        nats_url, nkeys_seed_str=seed, inbox_prefix=inbox_prefix(user), name=user, allow_reconnect=False
    )
    try:
        jetstream = connection.jetstream()
        changes = [await _ensure_stream(jetstream, config) for config in _streams(replicas, event_days)]
        for surface in surfaces:
            changes += [await _ensure_consumer(jetstream, *wanted) for wanted in _consumers(surface)]
            if not surface.hears:
                changes.append(await _remove_consumer(jetstream, "CRM_EVENTS", surface.name))
        changes += await (stop_clock(jetstream) if simulated_time else set_clock(jetstream))
    finally:
        await connection.close()
    return tuple(filter(None, changes))


async def set_clock(jetstream: JetStreamContext, schedules: Iterable[Schedule] = CLOCK) -> list[str]:
    """Let NATS publish the ticks; returns the schedules that were new or different."""
    changes = []
    for schedule in schedules:
        headers = {
            "Nats-Schedule": schedule.cron,
            "Nats-Schedule-Time-Zone": schedule.zone,
            "Nats-Schedule-Target": schedule.tick,
            # Without it the schedule itself ends with the stream's maximal age, and time stands still after three days.
            "Nats-TTL": "never",
        }
        stored = await _stored_headers(jetstream, schedule) or {}  # the server adds a header of its own
        if not headers.items() <= stored.items():
            await jetstream.publish(schedule.subject, b"{}", headers=headers)
            changes.append(f"schedule {schedule.tick} set")
    return changes


async def stop_clock(jetstream: JetStreamContext) -> list[str]:
    """Let no tick come by itself any more; returns what was stopped. Ticks already made stay."""
    if all([await _stored_headers(jetstream, schedule) is None for schedule in CLOCK]):
        return []
    await jetstream.purge_stream("CRM_CLOCK", subject="crm.clock.schedule.*")
    return ["schedules of the clock removed"]


async def _stored_headers(jetstream: JetStreamContext, schedule: Schedule) -> dict[str, str] | None:
    try:
        return (await jetstream.get_last_msg("CRM_CLOCK", schedule.subject)).headers
    except NotFoundError:
        return None


def _streams(replicas: int, event_days: int) -> list[StreamConfig]:
    def stream(name: str, *subjects: str, days: int | None = None, **options: Any) -> StreamConfig:
        return StreamConfig(
            name=name,
            subjects=list(subjects),
            max_age=days * _DAY_SECONDS if days else None,
            storage=StorageType.FILE,
            num_replicas=replicas,
            duplicate_window=_DUPLICATE_WINDOW_SECONDS,
            **{"deny_delete": True, "deny_purge": True, **options},
        )

    # A newer schedule replaces the older one by roll-up, which the server does not allow together with deny_purge.
    schedules = {"allow_msg_schedules": True, "allow_msg_ttl": True, "allow_rollup_hdrs": True, "deny_purge": False}
    # What the object store convention asks for: a full bucket refuses, metadata replaces its older self, chunks can be purged.
    objects = {
        "discard": DiscardPolicy.NEW,
        "allow_rollup_hdrs": True,
        "allow_direct": True,
        "deny_delete": False,
        "deny_purge": False,
    }
    return [
        stream("CRM_EVENTS", "crm.events.>", days=event_days),
        stream("CRM_COMMANDS", "crm.commands.*.*", "crm.webhooks.*.*", retention=RetentionPolicy.WORK_QUEUE),
        stream("CRM_CLOCK", *TICKS, "crm.clock.schedule.*", days=3, **schedules),
        stream("CRM_DEAD", "crm.dead.*", days=90),
        stream("CRM_AUDIT", "crm.audit.*", days=30),
        *(stream(bucket.stream, *bucket.subjects, days=bucket.days, **objects) for bucket in BUCKETS),
    ]


def _consumers(surface: ActorSurface) -> list[tuple[str, ConsumerConfig]]:
    def mailbox(stream: str, inbox: str, subjects: Iterable[str]) -> tuple[str, ConsumerConfig]:
        return stream, ConsumerConfig(
            durable_name=surface.name,
            filter_subjects=sorted(subjects),
            deliver_subject=f"{inbox_prefix(surface.name)}.{inbox}",
            ack_policy=AckPolicy.ALL,
            ack_wait=3600,
            max_ack_pending=1024,
            idle_heartbeat=1,
        )

    commands = ConsumerConfig(
        durable_name=surface.name,
        filter_subjects=[f"crm.commands.{surface.name}.*", f"crm.webhooks.{surface.name}.*"],
        ack_policy=AckPolicy.EXPLICIT,
        ack_wait=30,
        max_ack_pending=64,
    )
    found = [mailbox("CRM_CLOCK", "clock", TICKS), ("CRM_COMMANDS", commands)]
    if surface.hears:
        found.append(mailbox("CRM_EVENTS", "mailbox", {f"crm.events.{type_}.*" for type_ in surface.hears}))
    if surface.reads_audit:
        found.append(mailbox("CRM_AUDIT", "audit", ["crm.audit.*"]))
    return found


async def _ensure_stream(jetstream: JetStreamContext, wanted: StreamConfig) -> str | None:
    try:
        present = (await jetstream.stream_info(str(wanted.name))).config
    except NotFoundError:
        await jetstream.add_stream(wanted)
        return f"stream {wanted.name} created"
    if _holds(present, wanted):
        return None
    await jetstream.update_stream(wanted)
    return f"stream {wanted.name} updated"


async def _ensure_consumer(jetstream: JetStreamContext, stream: str, wanted: ConsumerConfig) -> str | None:
    what = f"consumer {stream}.{wanted.durable_name}"
    try:
        present = (await jetstream.consumer_info(stream, str(wanted.durable_name))).config
    except NotFoundError:
        await jetstream.add_consumer(stream, wanted)
        return f"{what} created"
    if _holds(present, wanted):
        return None
    await jetstream.add_consumer(stream, wanted)
    return f"{what} updated"


async def _remove_consumer(jetstream: JetStreamContext, stream: str, name: str) -> str | None:
    try:
        await jetstream.delete_consumer(stream, name)
    except NotFoundError:
        return None
    return f"consumer {stream}.{name} removed"


def _holds(present: StreamConfig | ConsumerConfig, wanted: StreamConfig | ConsumerConfig) -> bool:
    """Whether the server's configuration says all that is wanted; it adds defaults of its own."""
    return all(getattr(present, name) == value for name, value in vars(wanted).items() if value is not None)
