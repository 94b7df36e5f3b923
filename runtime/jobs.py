"""Runs jobs on ticks: per organisation, each in its own transaction, once per (job, instant) (cross_cutting section 5)."""

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog

from messages.base import NIL_ORGANISATION
from messages.values.instants import PARIS, parse_instant
from runtime import clock, headers
from runtime.access import Tenant
from runtime.actor import MORE, Job, Moment, Tick
from runtime.audit_rows import change_rows
from runtime.caller import system
from runtime.headers import Cause
from runtime.heart import Heart
from runtime.mailbox import Delivery, Mailbox
from runtime.reactions import bury, is_transient
from runtime.telemetry import Kind
from runtime.unit_of_work import UnitOfWork
from storage.shared.outgoing import Outgoing

log = structlog.get_logger()

# A run of a day is claimed for the day, by whichever tick comes first after its hour, and for the tick.
_CLAIM = """
with day as (
    insert into job_day (job, organisation_id, local_date) select $1, $3, $5::date where $5 is not null
    on conflict do nothing returning true
)
insert into job_run (job, as_of, organisation_id, status, started_at)
select $1, $2, $3, 'RUNNING', $4 where $5 is null or exists (select from day)
on conflict (job, as_of, organisation_id) do nothing returning true
"""
_FINISH = "update job_run set status = 'DONE', finished_at = $4 where job = $1 and as_of = $2 and organisation_id = $3"
_PAUSES = (0.2, 0.5, 1.0, 2.0)
_PERIODS = {Tick.MINUTE: timedelta(minutes=1), Tick.HOUR: timedelta(hours=1)}
_MOST_CALLS = 10_000


class Clock:
    """The mailbox's `apply` over CRM_CLOCK."""

    def __init__(self, heart: Heart) -> None:
        self._heart = heart
        self.mailbox = Mailbox(heart, "CLOCK", "CRM_CLOCK", self.apply, from_now=not heart.settings.simulated_time)
        self._last: dict[Tick, datetime] = {}
        self._done: dict[tuple[str, UUID], date] = {}
        """The last local date whose run this process finished: the day's later ticks need not ask the database."""

    async def apply(self, batch: list[Delivery], before: int) -> None:
        """Run the jobs of each tick in order, then move the position."""
        ticks = [(delivery, _moment(delivery)) for delivery in batch]
        newest_minute = max((d.sequence for d, m in ticks if m.tick is Tick.MINUTE), default=0)
        for delivery, moment in ticks:
            if (
                moment.tick is Tick.MINUTE
                and not self._heart.settings.simulated_time
                and delivery.sequence < newest_minute
            ):
                continue  # of missed minutes only the newest is run
            for missed in self._with_missed(moment):
                await self._run_tick(missed, delivery)
        async with self._heart.database.transaction(NIL_ORGANISATION) as connection:
            await self.mailbox.move(connection, before, batch[-1].sequence)

    def _with_missed(self, moment: Moment) -> list[Moment]:
        """The tick, after the day and hour instants that no tick was made for while the server was down."""
        last = self._last.get(moment.tick)
        self._last[moment.tick] = moment.as_of
        if last is None or self._heart.settings.simulated_time or moment.tick is Tick.MINUTE:
            return [moment]
        if moment.tick is Tick.HOUR:
            count = int((moment.as_of - last) / _PERIODS[Tick.HOUR])
            return [Moment(Tick.HOUR, moment.as_of - timedelta(hours=n)) for n in range(max(count, 1) - 1, -1, -1)]
        days = (moment.as_of.astimezone(PARIS).date() - last.astimezone(PARIS).date()).days
        return [
            Moment(Tick.DAY, _midnight(moment.as_of.astimezone(PARIS).date() - timedelta(days=n)))
            for n in range(max(days, 1) - 1, -1, -1)
        ]

    async def _run_tick(self, moment: Moment, delivery: Delivery) -> None:
        jobs = [job for job in self._heart.actor.runs if job.every is moment.tick]
        if not jobs:
            return
        # In simulated mode a tick may arrive before the event that founded its organisation was applied here.
        tenants = [tenant for tenant in self._heart.access.tenants.values() if tenant.status != "CLOSED"]
        for job in jobs:
            for tenant in tenants:
                await self._run_job(job, moment, tenant, delivery)

    async def _run_job(self, job: Job, moment: Moment, tenant: Tenant, delivery: Delivery) -> None:
        local = moment.as_of.astimezone(ZoneInfo(tenant.timezone))
        day = local.date() if job.at is not None else None
        if job.at is not None and (local.time() < job.at or self._done.get((job.name, tenant.id)) == day):
            return
        attempt = 0
        while True:
            try:
                await self._run_to_end(job, moment, tenant, day, delivery)
                if day is not None:
                    self._done[job.name, tenant.id] = day
                return
            except Exception as error:
                if is_transient(error):
                    self._heart.trouble(f"job {job.name}", repr(error))
                    await asyncio.sleep(1.0)
                    continue
                if attempt >= len(_PAUSES):
                    await self._give_up(job, delivery, error)
                    return
                log.warning("job.retry", job=job.name, attempt=attempt + 1, error=repr(error))
                await asyncio.sleep(_PAUSES[attempt])
                attempt += 1

    async def _run_to_end(
        self, job: Job, moment: Moment, tenant: Tenant, local_date: date | None, delivery: Delivery
    ) -> None:
        """Batch after batch until the job is through; the first transaction claims the run, the last one finishes it."""
        claimed = False
        for _ in range(_MOST_CALLS):
            outgoing = Outgoing()
            async with self._heart.database.transaction(tenant.id) as connection:
                if not claimed and not await self._claim(connection, job, moment, tenant.id, local_date):
                    return
                cause = Cause(
                    f"{job.name}:{moment.as_of.isoformat()}", f"crm.clock.{moment.tick.value}:{delivery.sequence}"
                )
                if self._heart.settings.simulated_time:
                    cause = Cause(cause.correlation_id, cause.causation_id, simulated_time=moment.as_of)
                work = self._heart.unit(
                    connection, tenant.id, system(self._heart.actor.name), moment.as_of, cause, outgoing
                )
                more = await self._call(job, moment, work, delivery)
                outgoing.audit.extend(change_rows(work, f"{self._heart.actor.name}.job.{job.name}"))
                if not more:
                    await connection.execute(_FINISH, job.name, moment.as_of, tenant.id, clock.now())
                await outgoing.write(connection, relay_is_here=self._heart.relay_is_here)
            self._heart.committed(outgoing)
            claimed = True
            if not more:
                self._heart.trouble(f"job {job.name}", None)
                return
        raise RuntimeError(f"job {job.name} asked for more {_MOST_CALLS} times")

    async def _call(self, job: Job, moment: Moment, work: UnitOfWork, tick: Delivery) -> bool:
        """Whether the job stopped at its batch limit."""
        if self._heart.telemetry is None:
            return await job.run(moment, work) is MORE
        parent = tick.headers.get(headers.TRACE_PARENT)
        with self._heart.telemetry.span(f"job {job.name}", Kind.INTERNAL, parent, tick.subject) as own:
            work.cause = replace(work.cause, trace_parent=own)
            return await job.run(moment, work) is MORE

    async def _claim(self, connection: Any, job: Job, moment: Moment, tenant_id: UUID, local_date: date | None) -> bool:
        """Whether this run is still to be done. A run that a crash cut between two batches is taken up again."""
        if await connection.fetchval(_CLAIM, job.name, moment.as_of, tenant_id, clock.now(), local_date):
            return True
        return bool(await connection.fetchval(_UNFINISHED, job.name, moment.as_of, tenant_id))

    async def _give_up(self, job: Job, delivery: Delivery, error: Exception) -> None:
        log.error("job.dead_letter", job=job.name, error=repr(error))
        outgoing = Outgoing()
        async with self._heart.database.transaction(NIL_ORGANISATION) as connection:
            await bury(self._heart, connection, outgoing, delivery, "CLOCK", "CRM_CLOCK", error, len(_PAUSES) + 1)
            await outgoing.write(connection, relay_is_here=self._heart.relay_is_here)
        self._heart.committed(outgoing)


_UNFINISHED = "select true from job_run where job = $1 and as_of = $2 and organisation_id = $3 and status = 'RUNNING'"


def _moment(delivery: Delivery) -> Moment:
    """The tick's instant: given by the header in simulated mode, else the message's time cut to its period."""
    tick = Tick(delivery.subject.rpartition(".")[2])
    given = delivery.headers.get(headers.TIME)
    if given is not None:
        return Moment(tick, parse_instant(given))
    if tick is Tick.DAY:
        return Moment(tick, _midnight(delivery.stored_at.astimezone(PARIS).date()))
    stored = delivery.stored_at.replace(second=0, microsecond=0)
    return Moment(tick, stored if tick is Tick.MINUTE else stored.replace(minute=0))


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=PARIS).astimezone(UTC)
