"""The life of one actor process: connect, subscribe, prove that nothing was refused, serve, drain."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from datetime import timedelta
from typing import Any

import orjson
import structlog
from faststream import FastStream
from faststream.specification import AsyncAPI

from messages.base import NIL_ORGANISATION, Access
from messages.values.instants import format_instant
from runtime import clock
from runtime.actor import Actor, Endpoint
from runtime.audit_feed import AuditFeed
from runtime.backoff import forever
from runtime.commands import Commands
from runtime.connection import inbox_prefix
from runtime.heart import Heart
from runtime.jobs import Clock
from runtime.logs import configure_logging
from runtime.operations import VERSION, Operations
from runtime.outbox_relay import OutboxRelay, clean_outbox
from runtime.reactions import Reactions
from runtime.request_service import RequestService
from runtime.sealer import Sealer
from runtime.settings import Settings
from runtime.work_queue import WorkQueue
from storage.shared.outgoing import ACCESS_CHANGED, Outgoing

log = structlog.get_logger()

_HEARTBEAT_SECONDS = 5.0
_CLEANING_SECONDS = 3600.0
_ENDING_SECONDS = 5.0
_MAILBOX_STEADY_SECONDS = (
    6.0  # a reset that nobody answers takes four seconds to fail; a good one reports itself healed
)


class Host:
    """Runs one actor. `application` is the FastStream app that the command line and containers start."""

    def __init__(self, actor: Actor, settings: Settings) -> None:
        self.heart = Heart(actor, settings)
        self.requests = RequestService(self.heart)
        self.reactions = Reactions(self.heart)
        self.clock = Clock(self.heart)
        self.commands = Commands(self.heart, self.requests)
        self.work_queue = WorkQueue(self.heart)
        self.audit_feed = AuditFeed(self.heart, actor.copies_audit) if actor.copies_audit is not None else None
        self.operations = Operations(self.heart, self.reactions, self._mailbox_lag)
        self._parts: list[asyncio.Task[None]] = []
        self._started = asyncio.Event()
        self._subscribe()
        broker = self.heart.connection.broker
        self.application = FastStream(
            broker,
            logger=None,
            specification=AsyncAPI(title=f"crm.{actor.name}", version=VERSION, schema_version="3.0.0"),
            on_startup=[self._before_start],
            after_startup=[self._after_start],
            on_shutdown=[self._before_stop],
            after_shutdown=[self._after_stop],
        )

    # -- subscriptions: FastStream owns them, so that AsyncAPI, middleware and life cycle come from it ------------

    def _subscribe(self) -> None:
        actor = self.heart.actor
        for endpoint in actor.endpoints.values():
            contract = endpoint.contract
            if contract.access is not Access.INTERNAL:
                self._serve(contract.subject, endpoint, internal=False)
            if contract.internal_callers:
                self._serve(contract.internal_subject, endpoint, internal=True)
        inbox = inbox_prefix(actor.name)
        if self.heart_hears:
            self._listen(f"{inbox}.mailbox", self.reactions.mailbox.receive)
        self._listen(f"{inbox}.clock", self.clock.mailbox.receive)
        if self.audit_feed is not None:
            self._listen(f"{inbox}.audit", self.audit_feed.mailbox.receive)
        for name in self.operations.names:
            self._listen(f"crm.ops.{actor.name}.{name}", self.operations.receive)
        for subject in self.operations.service_subjects:
            self._listen(subject, self.operations.receive_service)

    @property
    def heart_hears(self) -> bool:
        """Whether the actor has a mailbox on the events at all."""
        return bool(mailbox_filters(self.heart.actor))

    def _serve(self, subject: str, endpoint: Endpoint, *, internal: bool) -> None:
        request, contract = endpoint.request, endpoint.contract
        # AsyncAPI keeps one channel per title, so a request with two subjects needs two.
        is_second = internal and contract.access is not Access.INTERNAL
        subscriber = self.heart.connection.broker.subscriber(
            subject,
            queue=self.heart.actor.name,
            no_reply=True,
            title=f"{request.__name__}Internal" if is_second else request.__name__,
            description=f"{request.__doc__ or ''}\n\nAnswers {contract.reply.__name__}.".strip(),
        )

        async def receive(message: request) -> None:  # type: ignore[valid-type]
            await self.requests.receive(endpoint, message, internal=internal)

        subscriber(receive)

    def _listen(self, subject: str, receive: Callable[[Any], Coroutine[Any, Any, None]]) -> None:
        async def handle(message: Any) -> None:
            await receive(message)

        self.heart.connection.broker.subscriber(subject, no_reply=True, include_in_schema=False)(handle)

    # -- life cycle ----------------------------------------------------------------------------------------------

    async def _before_start(self) -> None:
        configure_logging(self.heart.settings, self.heart.actor.name)
        await self.heart.open()
        async with self.heart.database.transaction(NIL_ORGANISATION, read_only=True) as connection:
            self.heart.paused = bool(await connection.fetchval("select state from switch where name = 'paused'"))
        await self.heart.access.load()

    async def _after_start(self) -> None:
        # FastStream does not flush: without this a request sent at once would find no responder, and a refused
        # subscription would stay unnoticed (cross_cutting 6.12 point 4).
        # Twice: nats-server repeats INFO after CONNECT, nats-py takes it for the first PONG and returns too early.
        await self.heart.connection.client.flush()
        await self.heart.connection.client.flush()
        if self.heart.connection.refusals:
            raise SystemExit(
                f"NATS refuses {self.heart.actor.name}: {'; '.join(self.heart.connection.refusals)}; run 'crm provision'"
            )
        for prepare in self.heart.actor.at_start:
            await prepare(self.heart)
        self._start("outbox", OutboxRelay(self.heart).run)
        self._start("sealer", Sealer(self.heart).run)
        if self.heart_hears:
            self._start("mailbox EVENTS", self.reactions.mailbox.run, _MAILBOX_STEADY_SECONDS)
        self._start("mailbox CLOCK", self.clock.mailbox.run, _MAILBOX_STEADY_SECONDS)
        if self.audit_feed is not None:
            self._start("mailbox AUDIT", self.audit_feed.mailbox.run, _MAILBOX_STEADY_SECONDS)
        self._start("commands", self.commands.run)
        self._start("work", self.work_queue.run)
        self._start("access", self._follow_access)
        self._start("heartbeat", self._beat)
        self._start("cleaning", self._clean)
        self._started.set()
        log.info("actor.serving", requests=len(self.heart.actor.endpoints), hears=len(self.heart.actor.reactions))

    def _start(self, part: str, run: Callable[[], Coroutine[Any, Any, None]], steady_after: float = 1.0) -> None:
        self._parts.append(asyncio.create_task(forever(self.heart, part, run, steady_after), name=part))

    async def _before_stop(self) -> None:
        # FastStream stops an app that still starts: what its start asks of the database must not meet a closed pool
        with suppress(TimeoutError):
            async with asyncio.timeout(_ENDING_SECONDS):
                await self._started.wait()
        for part in self._parts:
            part.cancel()
        await self._ended(self._parts)
        await self.requests.drain()
        await self.work_queue.drain()
        log.info("actor.drained")

    async def _ended(self, parts: list[asyncio.Task[None]]) -> None:
        """Wait for the background parts; one that does not end is named in the log, with the line it hangs in."""
        if parts:
            for late in (await asyncio.wait(parts, timeout=_ENDING_SECONDS))[1]:
                lines = [f"{frame.f_code.co_filename}:{frame.f_lineno}" for frame in late.get_stack()]
                log.error("part.does_not_end", part=late.get_name(), at=lines)

    async def _after_stop(self) -> None:
        await self.heart.close()

    # -- small background parts ----------------------------------------------------------------------------------

    async def _follow_access(self) -> None:
        """Reload the access tables when any replica changed them."""
        changed = asyncio.Event()
        session = await self.heart.database.session()
        try:
            await session.add_listener(ACCESS_CHANGED, lambda *_: changed.set())
            while not session.is_closed():
                changed.clear()  # before the load: what changes during it is read by the next one
                await self.heart.access.load()
                with suppress(TimeoutError):
                    async with asyncio.timeout(30):
                        await changed.wait()
            raise ConnectionError("the session that listens for changed access is gone")
        finally:
            await asyncio.shield(session.close(timeout=2))

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(_HEARTBEAT_SECONDS)
            beat = {
                "actor": self.heart.actor.name,
                "version": VERSION,
                "at": format_instant(clock.now()),
                "paused": self.heart.paused,
            }
            await self.heart.connection.client.publish(f"crm.ops.heartbeat.{self.heart.actor.name}", orjson.dumps(beat))

    async def _clean(self) -> None:
        """Hourly: delete what has done its service; each minute: write the summaries of repeated refusals."""
        elapsed = _CLEANING_SECONDS
        while True:
            await self._write_denial_summaries()
            if elapsed >= _CLEANING_SECONDS:
                elapsed = 0.0
                now = clock.now()
                await clean_outbox(self.heart, now - timedelta(days=7))
                async with self.heart.database.transaction(NIL_ORGANISATION) as connection:
                    await connection.execute("delete from idempotency_record where expires_at < $1", now)
                    await connection.execute("delete from job_run where finished_at < $1", now - timedelta(days=40))
                    await connection.execute(
                        "delete from work_item where status = 'DONE' and finished_at < $1", now - timedelta(days=7)
                    )
            await asyncio.sleep(60)
            elapsed += 60

    async def _write_denial_summaries(self) -> None:
        outgoing = Outgoing(audit=list(self.heart.denials.summaries()))
        async with self.heart.database.transaction(NIL_ORGANISATION) as connection:
            await outgoing.write(connection, relay_is_here=True)

    def _mailbox_lag(self) -> int:
        return self.clock.mailbox.lag + self.reactions.mailbox.lag


def mailbox_filters(actor: Actor) -> list[str]:
    """The event types an actor's mailbox consumer must deliver: its own reactions and the runtime's."""
    from runtime.runtime_reactions import RUNTIME_REACTIONS

    inherited = [event.type for event in RUNTIME_REACTIONS] if actor.name != "identity" else []
    return sorted({*actor.reactions, *inherited})


def application(actor: Actor) -> FastStream:
    """The FastStream app of an actor, with settings from the environment: what `faststream run` starts."""
    return Host(actor, Settings()).application
