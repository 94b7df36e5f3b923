"""Applies events: a batch in one transaction with the position; failures one by one, at last as dead letters."""

import asyncio
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import structlog

from messages import registry
from messages.base import NIL_ORGANISATION, Event
from messages.errors import ACTOR_UNAVAILABLE, DEADLINE_EXCEEDED, KEY_NOT_FOUND
from messages.problem import Refused
from messages.values.identifiers import new_id
from messages.values.instants import parse_instant
from runtime import clock, headers
from runtime.audit_rows import change_rows
from runtime.caller import system
from runtime.database import TRANSIENT_ERRORS
from runtime.headers import Cause
from runtime.heart import Heart
from runtime.mailbox import Delivery, FencedError, Mailbox
from runtime.privacy_requests import person_of
from runtime.runtime_reactions import RUNTIME_REACTIONS
from runtime.telemetry import Kind
from runtime.unit_of_work import Handler
from storage.shared.outgoing import ACCESS_CHANGED, Outgoing

log = structlog.get_logger()

_PAUSES = (0.5, 1.0, 2.5, 6.0)
_FIRST_PAUSE = 0.2
_LONGEST_PAUSE = 10.0

_ENTER = """
select array(select subject_id from erased_subject where organisation_id = $1 and subject_id = any ($2))
from (select set_config('app.organisation_id', $1::uuid::text, true)) turned
"""
_DEAD = """
insert into dead_letter (id, source, stream, sequence, subject, headers, body, error_code, error, attempts, failed_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
on conflict (stream, sequence) do update set status = 'OPEN', error = excluded.error, failed_at = excluded.failed_at
"""


def is_transient(error: BaseException) -> bool:
    """Whether the same work may succeed later without anybody changing anything."""
    if isinstance(error, Refused):
        return error.code in (ACTOR_UNAVAILABLE, DEADLINE_EXCEEDED, KEY_NOT_FOUND)
    return isinstance(error, (*TRANSIENT_ERRORS, TimeoutError))


@dataclass(slots=True)
class _Turn:
    """One transaction of the mailbox: what it leaves behind and whose rows it sees just now."""

    connection: Any
    outgoing: Outgoing
    organisation_id: UUID = NIL_ORGANISATION
    access_changed: bool = False
    erased: set[UUID] = field(default_factory=set)
    """Persons about whom late facts change nothing."""

    async def enter(self, arrivals: Sequence["_Arrival"], organisation_id: UUID) -> None:
        """See an organisation's rows, and in the same trip to the database which persons of the batch it has erased."""
        persons = {arrival.person for arrival in arrivals if arrival.organisation_id == organisation_id}
        self.erased.update(await self.connection.fetchval(_ENTER, organisation_id, list(persons - {None})))
        self.organisation_id = organisation_id


@dataclass(frozen=True, slots=True)
class _Arrival:
    """A delivered event that somebody here reacts to."""

    event: Event
    handlers: list[Handler]
    headers: dict[str, str]
    organisation_id: UUID
    person: UUID | None


class Reactions:
    """The mailbox's `apply` over CRM_EVENTS."""

    def __init__(self, heart: Heart) -> None:
        self._heart = heart
        self.mailbox = Mailbox(heart, "EVENTS", "CRM_EVENTS", self.apply)
        self._handlers: dict[str, tuple[type[Event], list[Handler]]] = {}
        for type_, (event, handler) in heart.actor.reactions.items():
            self._handlers[type_] = (event, [handler])
        if heart.actor.name != "identity":
            for event, handler in RUNTIME_REACTIONS.items():
                self._handlers.setdefault(event.type, (event, []))[1].insert(0, handler)

    async def apply(self, batch: list[Delivery], before: int) -> None:
        """The whole batch in one transaction; when that fails for good, each event in its own."""
        pause = _FIRST_PAUSE
        while True:
            try:
                await self._together(batch, before)
                return
            except FencedError:
                raise
            except Exception as error:
                if not is_transient(error):
                    log.info("mailbox.one_by_one", error=repr(error), batch=len(batch))
                    break
                log.warning("mailbox.waits", error=repr(error), pause=pause)
                self._heart.trouble("mailbox EVENTS", repr(error))
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
        for delivery in batch:
            await self._alone(delivery, before)
            before = delivery.sequence
            self.mailbox.position = before

    async def replay(self, delivery: Delivery) -> None:
        """Give one stored event to its handlers again, in a transaction of its own; the position stays."""
        outgoing = Outgoing()
        async with self._heart.database.transaction(NIL_ORGANISATION) as connection:
            await self._handle_all(_Turn(connection, outgoing), [delivery])
            await outgoing.write(connection, relay_is_here=self._heart.relay_is_here)
        self._heart.committed(outgoing)

    async def _together(self, batch: list[Delivery], before: int) -> None:
        outgoing = Outgoing()
        async with self._heart.database.transaction(NIL_ORGANISATION) as connection:
            turn = _Turn(connection, outgoing)
            await self._handle_all(turn, batch)
            await self.mailbox.move(connection, before, batch[-1].sequence)
            await outgoing.write(connection, relay_is_here=self._heart.relay_is_here)
            if turn.access_changed:
                await connection.execute(f"notify {ACCESS_CHANGED}")
        self._heart.trouble("mailbox EVENTS", None)
        self._heart.committed(outgoing)

    async def _alone(self, delivery: Delivery, before: int) -> None:
        attempts = 0
        pause = _FIRST_PAUSE
        while True:
            try:
                return await self._together([delivery], before)
            except FencedError:
                raise
            except Exception as error:
                if is_transient(error):
                    await asyncio.sleep(pause)
                    pause = min(pause * 2, _LONGEST_PAUSE)
                    continue
                attempts += 1
                if attempts > len(_PAUSES):
                    return await self._bury(delivery, before, error, attempts)
                log.warning("mailbox.retry", subject=delivery.subject, attempt=attempts, error=repr(error))
                await asyncio.sleep(_PAUSES[attempts - 1])

    async def _bury(self, delivery: Delivery, before: int, error: Exception, attempts: int) -> None:
        """A dead letter, its announcement and the moved position, in one transaction."""
        log.error("mailbox.dead_letter", subject=delivery.subject, sequence=delivery.sequence, error=repr(error))
        outgoing = Outgoing()
        async with self._heart.database.transaction(NIL_ORGANISATION) as connection:
            await bury(self._heart, connection, outgoing, delivery, "EVENT", "CRM_EVENTS", error, attempts)
            await self.mailbox.move(connection, before, delivery.sequence)
            await outgoing.write(connection, relay_is_here=self._heart.relay_is_here)
        self._heart.committed(outgoing)

    async def _handle_all(self, turn: _Turn, batch: Sequence[Delivery]) -> None:
        """Run the handlers of the events in their order."""
        arrivals = [arrival for delivery in batch if (arrival := self._read(delivery)) is not None]
        for arrival in arrivals:
            if arrival.organisation_id != turn.organisation_id:
                await turn.enter(arrivals, arrival.organisation_id)
            if arrival.person is None or arrival.person not in turn.erased:
                await self._handle(turn, arrival)

    def _read(self, delivery: Delivery) -> _Arrival | None:
        """The event of a delivery; None for what is forged and for what nobody here reacts to."""
        found = delivery.headers
        type_ = found.get(headers.CE_TYPE, "")
        if not self._is_rightful(delivery, type_):
            self._heart.metrics.forged.inc()
            log.error("mailbox.forged", subject=delivery.subject, source=found.get(headers.CE_SOURCE))
            return None
        entry = self._handlers.get(type_)
        if entry is None:
            return None
        event_type, handlers = entry
        event = event_type.__pydantic_validator__.validate_json(delivery.body)
        return _Arrival(event, handlers, found, UUID(found[headers.CE_ORGANISATION]), person_of(event))

    async def _handle(self, turn: _Turn, arrival: _Arrival) -> None:
        """Run the handlers of one event."""
        event, found, type_ = arrival.event, arrival.headers, arrival.headers[headers.CE_TYPE]
        caller, now, cause = system(self._heart.actor.name), event_time(found), event_cause(found)
        work = self._heart.unit(turn.connection, turn.organisation_id, caller, now, cause, turn.outgoing)
        work.source_version = int(found[headers.CE_VERSION])
        if self._heart.telemetry is None:
            for handler in arrival.handlers:
                await handler(event, work)
        else:
            subject = f"crm.events.{type_}"
            with self._heart.telemetry.span(f"apply {type_}", Kind.CONSUMER, cause.trace_parent, subject) as own:
                work.cause = replace(cause, trace_parent=own)
                for handler in arrival.handlers:
                    await handler(event, work)
        turn.outgoing.audit.extend(change_rows(work, f"{self._heart.actor.name}.reaction.{type_}"))
        self._heart.metrics.event(type_)
        turn.access_changed |= type(event) in RUNTIME_REACTIONS

    def _is_rightful(self, delivery: Delivery, type_: str) -> bool:
        """Only the owner of an aggregate may state its facts; the subject must say the same as the headers."""
        entry = self._handlers.get(type_)
        if entry is None:
            return registry.event_for(type_) is not None
        found, contract = delivery.headers, entry[0].contract
        required = (headers.CE_ID, headers.CE_ORGANISATION, headers.CE_VERSION, headers.CE_TIME)
        return (
            all(name in found for name in required)
            and found.get(headers.CE_SOURCE) == contract.actor
            and delivery.subject == contract.subject(found[headers.CE_ORGANISATION])
        )


def event_cause(found: dict[str, str]) -> Cause:
    """What follows from an event carries its correlation, its id as causation, its user and its simulated time."""
    user = found.get(headers.CE_USER)
    time = found.get(headers.TIME)
    return Cause(
        correlation_id=found.get(headers.CE_CORRELATION, found[headers.CE_ID]),
        causation_id=found[headers.CE_ID],
        user_id=UUID(user) if user else None,
        simulated_time=parse_instant(time) if time else None,
        trace_parent=found.get(headers.TRACE_PARENT),
    )


def event_time(found: dict[str, str]) -> Any:
    """The instant an event speaks of: a replay has the same "now" as the first time."""
    return parse_instant(found[headers.CE_TIME])


async def bury(
    heart: Heart,
    connection: Any,
    outgoing: Outgoing,
    delivery: Delivery,
    source: str,
    stream: str,
    error: Exception,
    attempts: int,
) -> UUID:
    """Store a dead letter and announce it on crm.dead.<actor>, in the caller's transaction."""
    identity = new_id()
    code = error.code.code if isinstance(error, Refused) else type(error).__name__
    text = "".join(traceback.format_exception(error, limit=8))[-4000:]
    await connection.execute(
        _DEAD, identity, source, stream, delivery.sequence, delivery.subject, dict(delivery.headers), delivery.body, code, text,
        attempts, clock.now(),
    )  # fmt: skip
    found = {
        **delivery.headers,
        headers.MESSAGE_ID: str(identity),
        "crm-dead-error": code,
        "crm-dead-subject": delivery.subject,
    }
    outgoing.messages.append(
        (identity, f"crm.dead.{heart.actor.name}", found, delivery.body, NIL_ORGANISATION, clock.now())
    )
    return identity
