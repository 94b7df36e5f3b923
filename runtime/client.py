"""A client of the system, for the command line, the demo and the tests: any NATS client can do the same."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self, TypeVar, cast
from uuid import UUID

import nats
import nats.errors
import orjson
from nats.aio.client import Client as NatsClient

from messages.base import Reply, Request
from messages.errors import ACTOR_UNAVAILABLE, DEADLINE_EXCEEDED, find
from messages.problem import Problem, Refused
from messages.values.identifiers import new_id
from messages.values.instants import format_instant
from runtime import headers
from runtime.connection import inbox_prefix

ReplyType = TypeVar("ReplyType", bound=Reply)

_REPEATING_PAUSE = 1.0
_SETTLING_PAUSE, _LONGEST_SETTLING_PAUSE, _PAUSE_GROWTH = 0.005, 0.16, 2.0


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply as it came over the wire."""

    body: bytes
    headers: dict[str, str]

    @property
    def problem(self) -> Problem | None:
        """The Problem, when the request was refused."""
        return Problem.model_validate_json(self.body) if headers.SERVICE_ERROR_CODE in self.headers else None


class Client:
    """One NATS user with, optionally, a context token and a simulated time."""

    def __init__(self, connection: NatsClient, token: str | None = None) -> None:
        self.connection = connection
        self.token = token
        self.now: datetime | None = None
        self.patience = 0
        """How often `call` repeats a request that may succeed later: with its key, so that it is done once."""

    @classmethod
    async def connect(cls, nats_url: str, seed: str, user: str, token: str | None = None) -> Self:
        """Connect as one NATS user; reconnects for ever."""
        connection = await nats.connect(
            nats_url,
            nkeys_seed_str=seed,
            inbox_prefix=inbox_prefix(user).encode(),
            name=user,
            max_reconnect_attempts=-1,
            reconnect_time_wait=0.25,
        )
        return cls(connection, token)

    async def close(self) -> None:
        """Send what is buffered, then close."""
        await self.connection.drain()

    async def call(
        self,
        request: Request[ReplyType],
        *,
        key: str | None = None,
        token: str | None = None,
        timeout_seconds: float | None = None,
        correlation_id: str | None = None,
    ) -> ReplyType:
        """The typed reply; a Problem is raised as `Refused`."""
        contract = request.contract
        extra = {headers.CORRELATION: correlation_id} if correlation_id else {}
        if not contract.query:
            extra[headers.IDEMPOTENCY_KEY] = key or str(new_id())
        body = request.model_dump_json(exclude_unset=True).encode()
        seconds = timeout_seconds or contract.timeout_seconds + 1
        for repeats_left in range(self.patience, -1, -1):
            try:
                answer = await self.send(contract.subject, body, extra, token=token, timeout_seconds=seconds)
                if answer.problem is not None:
                    raise refused(answer.problem)
                break
            except Refused as refusal:
                if not (repeats_left and refusal.code.retriable):
                    raise
                await asyncio.sleep(refusal.retry_after_seconds or _REPEATING_PAUSE)
        return cast(ReplyType, contract.reply.model_validate_json(answer.body))

    async def send(
        self,
        subject: str,
        body: bytes,
        extra: dict[str, str] | None = None,
        *,
        token: str | None = None,
        timeout_seconds: float = 6.0,
    ) -> Answer:
        """Send raw bytes with the client's token and time; the raw answer."""
        found = dict(extra or {})
        bearer = token if token is not None else self.token
        if bearer:
            found.setdefault(headers.AUTHORIZATION, f"Bearer {bearer}")
        if self.now is not None:
            found.setdefault(headers.TIME, format_instant(self.now))
        try:
            message = await self.connection.request(subject, body, timeout=timeout_seconds, headers=found or None)
        except nats.errors.NoRespondersError:
            raise Refused(ACTOR_UNAVAILABLE, f"nobody answers {subject}; is the actor running?") from None
        except (nats.errors.TimeoutError, TimeoutError):
            raise Refused(DEADLINE_EXCEEDED, f"{subject} did not answer within {timeout_seconds:g} s") from None
        return Answer(message.data, dict(message.headers or {}))

    async def operate(self, actor: str, question: str, **fields: Any) -> Any:
        """Ask `crm.ops.<actor>.<question>`; the decoded answer."""
        answer = await self.send(f"crm.ops.{actor}.{question}", orjson.dumps(fields), token="")
        if answer.problem is not None:
            raise refused(answer.problem)
        return orjson.loads(answer.body)

    async def is_settled(self, actors: Iterable[str]) -> bool:
        """Whether nothing is left to publish, apply or do anywhere; needs the operator's rights."""
        actors = list(actors)
        stream = self.connection.jetstream()
        for name in ("CRM_EVENTS", "CRM_CLOCK", "CRM_COMMANDS"):  # cheap, and mostly the answer: asked first
            for consumer in await stream.consumers_info(name):
                if consumer.name in actors and (consumer.num_pending or consumer.num_ack_pending):
                    return False
        answers = await asyncio.gather(*(self.operate(actor, "health") for actor in actors))
        return not any(answer["checks"].get("unsent", 1) or answer["checks"]["work_open"] for answer in answers)

    async def settle(self, actors: Iterable[str], seconds: float = 60.0) -> None:
        """Wait until the system is settled: twice in a row, because work moves from one place to the next between looks."""
        actors = list(actors)
        calm, pause = 0, _SETTLING_PAUSE
        async with asyncio.timeout(seconds):
            while calm < 2:
                calm = calm + 1 if await self.is_settled(actors) else 0
                if not calm:  # much to do is looked at seldom: looking costs the servers too
                    await asyncio.sleep(pause)
                    pause = min(pause * _PAUSE_GROWTH, _LONGEST_SETTLING_PAUSE)

    async def tick(self, kind: str, as_of: datetime) -> None:
        """In simulated time: state that it is now `as_of`."""
        await self.connection.jetstream().publish(
            f"crm.clock.{kind}",
            b"{}",
            headers={headers.TIME: format_instant(as_of), headers.MESSAGE_ID: f"{kind}-{as_of.isoformat()}"},
        )


def refused(problem: Problem) -> Refused:
    """The exception behind a Problem that came over the wire."""
    code = find(problem.code)
    if code.code != problem.code:
        code = find(problem.parent or "INTERNAL")
    failure = Refused(
        code,
        problem.detail,
        fields=problem.fields,
        required_permission=problem.required_permission,
        retry_after_seconds=problem.retry_after_seconds,
    )
    failure.details = problem.details | {"request_id": problem.request_id, "code": problem.code}
    return failure


def organisation_of(text: str | None) -> UUID | None:
    """An organisation id given as text."""
    return UUID(text) if text else None
