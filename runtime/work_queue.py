"""Slow work outside handlers: items are taken with a lease, done outside any transaction, finished in a second one."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

import structlog

from messages.base import NIL_ORGANISATION, Reply, Request
from messages.problem import Refused
from messages.values.identifiers import new_id
from messages.values.instants import parse_instant
from runtime import clock, headers
from runtime.actor import SlowWork
from runtime.audit_rows import change_rows
from runtime.caller import system
from runtime.headers import Cause
from runtime.heart import Heart
from runtime.telemetry import Kind
from storage.shared.outgoing import WAKE_WORKERS, Outgoing

log = structlog.get_logger()

ReplyType = TypeVar("ReplyType", bound=Reply)
_SAFETY_SCAN_SECONDS = 5.0
_FIRST_PAUSE = timedelta(seconds=1)
_LONGEST_PAUSE = timedelta(hours=1)

# run_after is real time: when to try again. What is due on a business date is selected by a job instead.
_TAKE = """
update work_item set status = 'RUNNING', attempts = attempts + 1, lease = $2, leased_until = $3
where id in (
    select id from work_item
    where status in ('PENDING', 'RUNNING') and kind = any($1::text[]) and run_after <= $4
        and (leased_until is null or leased_until < $4)
    order by run_after, id limit $5 for update skip locked
)
returning id, kind, key, organisation_id, payload, headers, attempts, run_after
"""
_OWN = "select true from work_item where id = $1 and lease = $2 and status = 'RUNNING' for update"
_DONE = "update work_item set status = $2, finished_at = $3, lease = null, last_error = $4 where id = $1"
_LATER = """
update work_item set status = 'PENDING', lease = null, leased_until = null, run_after = $3, last_error = $4
where id = $1 and lease = $2
"""
_OPEN = "select count(*) from work_item where status in ('PENDING', 'RUNNING')"


@dataclass(frozen=True, slots=True)
class Outside:
    """What slow work may use: requests to other actors, the time, and a key that is the same at every attempt."""

    heart: Heart
    organisation_id: UUID
    key: str
    now: datetime
    cause: Cause
    attempt: int

    async def ask(self, request: Request[ReplyType], timeout_seconds: float | None = None) -> ReplyType:
        """Ask another actor as this actor."""
        return await self.heart.calls.ask(
            request, organisation_id=self.organisation_id, cause=self.cause, timeout_seconds=timeout_seconds
        )


class WorkQueue:
    """The workers of one replica."""

    def __init__(self, heart: Heart) -> None:
        self._heart = heart
        self._kinds = {work.kind: work for work in heart.actor.slow_work}
        self._running: dict[str, int] = dict.fromkeys(self._kinds, 0)
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Take and do items until cancelled; woken by commits here and by NOTIFY from other replicas."""
        if not self._kinds:
            await asyncio.Event().wait()
        session = await self._heart.database.session()
        try:
            await session.add_listener(WAKE_WORKERS, lambda *_: self._heart.wake_workers.set())
            while True:
                self._heart.wake_workers.clear()
                taken = 0 if self._heart.paused else await self._take(session)
                if not taken:
                    await self._wait()
        finally:
            await asyncio.shield(session.close(timeout=2))

    async def drain(self) -> None:
        """Wait for the items in hand; what is not finished is taken again after its lease."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=self._heart.settings.drain_seconds)

    async def open_items(self) -> int:
        """How many items are not finished."""
        async with self._heart.database.transaction(NIL_ORGANISATION, read_only=True) as connection:
            return int(await connection.fetchval(_OPEN))

    async def _wait(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(_SAFETY_SCAN_SECONDS):
                await self._heart.wake_workers.wait()

    async def _take(self, session: Any) -> int:
        free = self._heart.settings.work_concurrency - len(self._tasks)
        kinds = [kind for kind, work in self._kinds.items() if self._running[kind] < work.at_most]
        if free <= 0 or not kinds:
            return 0
        now = clock.now()
        lease, lease_seconds = new_id(), max(self._kinds[kind].lease_seconds for kind in kinds)
        rows = await session.fetch(_TAKE, kinds, lease, now + timedelta(seconds=lease_seconds), now, free)
        for row in rows:
            self._running[row["kind"]] += 1
            task = asyncio.create_task(self._do(self._kinds[row["kind"]], row, lease))
            self._tasks.add(task)
            task.add_done_callback(lambda task, kind=row["kind"]: self._ended(task, kind))  # type: ignore[misc]
        return len(rows)

    def _ended(self, task: asyncio.Task[None], kind: str) -> None:
        self._tasks.discard(task)
        self._running[kind] -= 1
        self._heart.wake_workers.set()
        if not task.cancelled() and task.exception() is not None:
            log.error("work.broke", kind=kind, error=repr(task.exception()))

    async def _do(self, work: SlowWork, row: Any, lease: UUID) -> None:
        payload = work.item.model_validate(row["payload"])
        cause = _cause(row["headers"])
        now = cause.simulated_time or clock.now()
        try:
            if self._heart.telemetry is None:
                await self._perform(work, row, lease, now, cause, payload)
            else:
                with self._heart.telemetry.span(f"work {work.kind}", Kind.INTERNAL, cause.trace_parent) as own:
                    await self._perform(work, row, lease, now, replace(cause, trace_parent=own), payload)
        except asyncio.CancelledError:
            raise
        except Exception as error:
            await self._failed(work, row, lease, now, cause, payload, error)

    async def _perform(self, work: SlowWork, row: Any, lease: UUID, now: datetime, cause: Cause, payload: Any) -> None:
        outside = Outside(self._heart, row["organisation_id"], row["key"], now, cause, row["attempts"])
        async with asyncio.timeout(work.lease_seconds * 0.8):
            result = await work.perform(payload, outside)
        await self._finish(work, row, lease, now, cause, payload, result)

    async def _finish(
        self, work: SlowWork, row: Any, lease: UUID, now: datetime, cause: Cause, payload: Any, result: Any
    ) -> None:
        outgoing = Outgoing()
        async with self._heart.database.transaction(row["organisation_id"]) as connection:
            if not await connection.fetchval(_OWN, row["id"], lease):
                log.warning("work.lost_lease", kind=work.kind, key=row["key"])
                return
            unit = self._heart.unit(
                connection, row["organisation_id"], system(self._heart.actor.name), now, cause, outgoing
            )
            await work.finish(payload, result, unit)
            outgoing.audit.extend(change_rows(unit, f"{self._heart.actor.name}.work.{work.kind}"))
            await connection.execute(_DONE, row["id"], "DONE", clock.now(), None)
            await outgoing.write(connection, relay_is_here=self._heart.relay_is_here)
        self._heart.committed(outgoing)

    async def _failed(
        self, work: SlowWork, row: Any, lease: UUID, now: datetime, cause: Cause, payload: Any, error: Exception
    ) -> None:
        final = row["attempts"] >= work.attempts or (isinstance(error, Refused) and not error.code.retriable)
        log.warning(
            "work.failed", kind=work.kind, key=row["key"], attempt=row["attempts"], final=final, error=repr(error)
        )
        text = repr(error)[:2000]
        if not final:
            pause = min(_FIRST_PAUSE * 2 ** (row["attempts"] - 1), _LONGEST_PAUSE)
            async with self._heart.database.transaction(row["organisation_id"]) as connection:
                await connection.execute(_LATER, row["id"], lease, clock.now() + pause, text)
            asyncio.get_running_loop().call_later(pause.total_seconds(), self._heart.wake_workers.set)
            return
        outgoing = Outgoing()
        async with self._heart.database.transaction(row["organisation_id"]) as connection:
            if not await connection.fetchval(_OWN, row["id"], lease):
                return
            unit = self._heart.unit(
                connection, row["organisation_id"], system(self._heart.actor.name), now, cause, outgoing
            )
            if work.gave_up is not None:
                await work.gave_up(payload, error, unit)
            outgoing.audit.extend(change_rows(unit, f"{self._heart.actor.name}.work.{work.kind}"))
            await connection.execute(_DONE, row["id"], "FAILED", clock.now(), text)
            await outgoing.write(connection, relay_is_here=self._heart.relay_is_here)
        self._heart.committed(outgoing)


def _cause(found: dict[str, str]) -> Cause:
    user, time = found.get(headers.USER), found.get(headers.TIME)
    return Cause(
        correlation_id=found[headers.CORRELATION],
        causation_id=found[headers.CAUSATION],
        user_id=UUID(user) if user else None,
        simulated_time=parse_instant(time) if time else None,
        trace_parent=found.get(headers.TRACE_PARENT),
    )
