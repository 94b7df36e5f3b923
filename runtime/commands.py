"""Durable requests from upstream: the same models and handlers, without a reply; the outcome is an event.

What a provider reported while the actor was down comes the same way, on a subject where only the bridge may publish.
"""

import asyncio
from typing import Any
from uuid import UUID

import nats.errors
import orjson
import structlog

from messages.base import NIL_ORGANISATION
from messages.problem import Problem, Refused
from messages.values.identifiers import derived_id
from messages.values.instants import format_instant
from runtime import clock, headers
from runtime.connection import inbox_prefix
from runtime.heart import Heart
from runtime.mailbox import Delivery
from runtime.nats_surfaces import BRIDGE
from runtime.reactions import bury
from runtime.request_service import RequestService
from storage.shared.outgoing import Outgoing

log = structlog.get_logger()

_BATCH = 16
_POLL_SECONDS = 5.0
_IN_PROGRESS_SECONDS = 10.0
_ATTEMPTS = 5
_FROM_BRIDGE = "crm.webhooks."


class Commands:
    """The reader of crm.commands.<actor>.* of one replica; the server shares the messages between replicas."""

    def __init__(self, heart: Heart, requests: RequestService) -> None:
        self._heart = heart
        self._requests = requests

    async def run(self) -> None:
        """Fetch and run commands until cancelled."""
        actor = self._heart.actor.name
        subscription = await self._heart.connection.stream.pull_subscribe_bind(
            consumer=actor, stream="CRM_COMMANDS", inbox_prefix=f"{inbox_prefix(actor)}.".encode()
        )
        try:
            while True:
                if self._heart.paused:
                    await asyncio.sleep(0.2)
                    continue
                try:
                    messages = await subscription.fetch(_BATCH, timeout=_POLL_SECONDS)
                except (nats.errors.TimeoutError, TimeoutError):
                    continue
                await asyncio.gather(*(self._run(message) for message in messages))
        finally:
            await subscription.unsubscribe()

    async def _run(self, message: Any) -> None:
        name = message.subject.rpartition(".")[2]
        endpoint = self._heart.actor.endpoints.get(name)
        found = dict(message.headers or {})
        request_id = found.get(headers.MESSAGE_ID) or str(
            derived_id("command", message.subject, message.metadata.sequence.stream)
        )
        found[headers.IDEMPOTENCY_KEY] = found.get(headers.IDEMPOTENCY_KEY) or request_id
        stored_at = message.metadata.timestamp.timestamp()
        from_bridge = message.subject.startswith(_FROM_BRIDGE)
        organisation_id = await self._organisation_of(found, stored_at, from_bridge)
        try:
            if endpoint is None or (from_bridge and BRIDGE not in endpoint.contract.internal_callers):
                raise Refused.field("subject", "unknown_request", f"{self._heart.actor.name} has no request '{name}'")
            async with _in_progress(message):
                await self._requests.answer(
                    endpoint, message.data, found, request_id, internal=from_bridge, judged_at=stored_at
                )
            await self._outcome(name, request_id, found, organisation_id, None)
        except Refused as refused:
            if refused.code is self._heart.unavailable or refused.code.retriable:
                await message.nak(delay=2)
                return
            problem = refused.problem(request_id)
            if problem.code == "INTERNAL":
                if message.metadata.num_delivered < _ATTEMPTS:
                    await message.nak(delay=1)
                    return
                await self._bury(message, found, refused)
            await self._outcome(name, request_id, found, organisation_id, problem)
        await message.ack_sync()

    async def _organisation_of(self, found: dict[str, str], stored_at: float, from_bridge: bool) -> UUID:
        """Whom the outcome is told: the token's organisation, or the one the bridge names; nil when neither is right."""
        if not from_bridge:
            return await self._heart.access.organisation_of(found.get(headers.AUTHORIZATION), stored_at)
        try:
            return UUID(found.get(headers.ORGANISATION, ""))
        except ValueError:
            return NIL_ORGANISATION

    async def _outcome(
        self, name: str, request_id: str, found: dict[str, str], organisation_id: UUID, problem: Problem | None
    ) -> None:
        """State command.accepted or command.refused, once per command."""
        fact = "refused" if problem else "accepted"
        organisation = str(organisation_id)
        event_id = derived_id("command", self._heart.actor.name, request_id, fact)
        body = {
            "actor": self._heart.actor.name,
            "request": name,
            "command_id": request_id,
            "problem": problem.model_dump(mode="json") if problem else None,
        }
        now = clock.now()
        event_headers = {
            headers.CE_SPEC_VERSION: "1.0",
            headers.CE_ID: str(event_id),
            headers.CE_TYPE: f"command.{fact}",
            headers.CE_SOURCE: self._heart.actor.name,
            headers.CE_TIME: format_instant(now),
            headers.CE_SUBJECT: request_id,
            headers.CE_ORGANISATION: organisation,
            headers.CE_VERSION: "1",
            headers.CE_CORRELATION: found.get(headers.CORRELATION, request_id),
            headers.CE_CAUSATION: request_id,
            headers.MESSAGE_ID: str(event_id),
        }
        if headers.TRACE_PARENT in found:
            event_headers[headers.TRACE_PARENT] = found[headers.TRACE_PARENT]
        outgoing = Outgoing()
        outgoing.messages.append(
            (
                event_id,
                f"crm.events.command.{fact}.{organisation}",
                event_headers,
                orjson.dumps(body),
                organisation_id,
                now,
            )
        )
        async with self._heart.database.transaction(NIL_ORGANISATION) as connection:
            if not await connection.fetchval("select true from outbox_message where id = $1", event_id):
                await outgoing.write(connection, relay_is_here=self._heart.relay_is_here)
        self._heart.committed(outgoing)

    async def _bury(self, message: Any, found: dict[str, str], refused: Refused) -> None:
        delivery = Delivery(
            message.subject,
            found,
            message.data,
            message.metadata.sequence.stream,
            0,
            message.metadata.timestamp,
            message.reply,
        )
        outgoing = Outgoing()
        async with self._heart.database.transaction(NIL_ORGANISATION) as connection:
            await bury(self._heart, connection, outgoing, delivery, "COMMAND", "CRM_COMMANDS", refused, _ATTEMPTS)
            await outgoing.write(connection, relay_is_here=self._heart.relay_is_here)
        self._heart.committed(outgoing)


class _in_progress:  # noqa: N801 - used as a context manager only
    """Tell the server every ten seconds that a long command is still being run."""

    def __init__(self, message: Any) -> None:
        self._message = message

    async def __aenter__(self) -> None:
        self._task = asyncio.create_task(self._repeat())

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()

    async def _repeat(self) -> None:
        while True:
            await asyncio.sleep(_IN_PROGRESS_SECONDS)
            await self._message.in_progress()
