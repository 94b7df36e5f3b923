"""Asking other actors: rights, deadlines, retries and a circuit that opens when an actor keeps failing."""

import asyncio
import random
from typing import TypeVar, cast
from uuid import UUID

import nats.errors

from messages.base import Reply, Request
from messages.errors import ACTOR_UNAVAILABLE, DEADLINE_EXCEEDED, SUBJECT_NOT_PERMITTED, find
from messages.problem import Problem, Refused
from messages.values.identifiers import derived_id
from runtime import clock, headers
from runtime.connection import Connection
from runtime.headers import Cause

ReplyType = TypeVar("ReplyType", bound=Reply)

_ATTEMPTS = 3
_FIRST_PAUSE = 0.2
_CIRCUIT_FAILURES = 5
_CIRCUIT_SECONDS = 30.0


class Calls:
    """The asking side of an actor."""

    def __init__(self, actor: str, connection: Connection) -> None:
        self._actor = actor
        self._connection = connection
        self._failures: dict[str, int] = {}
        self._open_until: dict[str, float] = {}

    async def ask(
        self,
        request: Request[ReplyType],
        *,
        organisation_id: UUID,
        cause: Cause,
        timeout_seconds: float | None = None,
    ) -> ReplyType:
        """The reply, or `Refused` with the other actor's Problem. Queries and keyed requests are tried three times."""
        contract = request.contract
        body = request.__pydantic_serializer__.to_json(request)
        found = cause.headers()
        if self._actor in contract.internal_callers:
            subject = contract.internal_subject
            found[headers.ORGANISATION] = str(organisation_id)
            found[headers.SERVICE] = self._actor
        else:
            subject = contract.subject
            found.pop(headers.USER, None)
            if cause.token is not None:
                found[headers.AUTHORIZATION] = f"Bearer {cause.token}"
        if not contract.query:
            found[headers.IDEMPOTENCY_KEY] = str(derived_id(cause.causation_id, subject, body.decode()))
        deadline = clock.monotonic() + (timeout_seconds or contract.timeout_seconds)
        if cause.deadline is not None:
            deadline = min(deadline, cause.deadline)
        reply = await self._send_until(deadline, contract.actor, subject, body, found)
        return cast(ReplyType, contract.reply.__pydantic_validator__.validate_json(reply))

    async def _send_until(self, deadline: float, actor: str, subject: str, body: bytes, found: dict[str, str]) -> bytes:
        self._check_circuit(actor)
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                answer = await self._send(subject, body, found, deadline - clock.monotonic())
            except Refused as refused:
                pause = _FIRST_PAUSE * 2 ** (attempt - 1) * random.uniform(0.8, 1.2)
                last = attempt == _ATTEMPTS or clock.monotonic() + pause > deadline
                if last or not refused.code.retriable:
                    # A missing responder is known at once and costs nothing: only silence opens the circuit.
                    self._count(actor, failed=refused.code is DEADLINE_EXCEEDED)
                    raise
                await asyncio.sleep(pause)
            else:
                self._count(actor, failed=False)
                return answer
        raise AssertionError("unreachable")

    async def _send(self, subject: str, body: bytes, found: dict[str, str], timeout: float) -> bytes:  # noqa: ASYNC109
        if timeout <= 0:
            raise Refused(DEADLINE_EXCEEDED, f"no time left to ask {subject}")
        try:
            answer = await self._connection.request(subject, body, found, timeout)
        except nats.errors.NoRespondersError:
            raise Refused(ACTOR_UNAVAILABLE, f"nobody answers {subject}; the actor is stopped") from None
        except (nats.errors.TimeoutError, TimeoutError):
            raise Refused(DEADLINE_EXCEEDED, f"{subject} did not answer in time") from None
        except (nats.errors.ConnectionClosedError, nats.errors.OutboundBufferLimitError) as error:
            raise Refused(ACTOR_UNAVAILABLE, f"no connection to NATS: {error}") from error
        except PermissionError as error:
            raise Refused(SUBJECT_NOT_PERMITTED, str(error)) from None
        if answer.headers and headers.SERVICE_ERROR_CODE in answer.headers:
            raise _refusal_of(answer.data)
        return bytes(answer.data)

    def _check_circuit(self, actor: str) -> None:
        if self._open_until.get(actor, 0.0) > clock.monotonic():
            raise Refused(ACTOR_UNAVAILABLE, f"{actor} failed {_CIRCUIT_FAILURES} times in a row and is given a rest")

    def _count(self, actor: str, *, failed: bool) -> None:
        self._failures[actor] = self._failures.get(actor, 0) + 1 if failed else 0
        if self._failures[actor] >= _CIRCUIT_FAILURES:
            self._open_until[actor] = clock.monotonic() + _CIRCUIT_SECONDS
            self._failures[actor] = 0


def _refusal_of(body: bytes) -> Refused:
    problem = Problem.model_validate_json(body)
    code = find(problem.code)
    if code.code != problem.code and problem.parent is not None:
        code = find(problem.parent)
    refused = Refused(code, problem.detail, fields=problem.fields, required_permission=problem.required_permission)
    refused.details = problem.details
    return refused
