"""Answering requests: from the raw NATS message to the reply, everything a handler need not know about."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from time import perf_counter
from typing import Any
from uuid import UUID

import structlog
from asyncpg import UniqueViolationError
from pydantic import ValidationError

from messages.base import NIL_ORGANISATION, Access, Idempotency, RequestContract
from messages.errors import (
    ACCOUNT_DISABLED,
    ALREADY_EXISTS,
    AUDIT_WRITE_FAILED,
    DEADLINE_EXCEEDED,
    IDEMPOTENCY_KEY_REQUIRED,
    INTERNAL,
    MEMBERSHIP_INACTIVE,
    ORGANISATION_READ_ONLY,
    ORGANISATION_SUSPENDED,
    PERMISSION_MISSING,
    SESSION_REVOKED,
    TENANT_SCOPE_VIOLATION,
    UNAUTHORIZED,
    VALIDATION_FAILED,
)
from messages.problem import FieldProblem, Problem, Refused
from messages.values.identifiers import new_id
from messages.values.instants import parse_instant
from runtime import clock, headers, idempotency
from runtime.actor import Endpoint
from runtime.audit_rows import audit_rows, denied_row
from runtime.caller import Caller, CallerKind
from runtime.context_tokens import ContextToken
from runtime.database import TRANSIENT_ERRORS
from runtime.headers import Cause
from runtime.heart import Heart
from runtime.nats_surfaces import BRIDGE
from runtime.telemetry import Kind
from runtime.unit_of_work import MAXIMUM_BODY, RefusedOnRecord, UnitOfWork
from storage.shared.outgoing import Outgoing

log = structlog.get_logger()

_DENIALS = {
    UNAUTHORIZED,
    ACCOUNT_DISABLED,
    MEMBERSHIP_INACTIVE,
    SESSION_REVOKED,
    ORGANISATION_SUSPENDED,
    ORGANISATION_READ_ONLY,
    PERMISSION_MISSING,
    TENANT_SCOPE_VIOLATION,
}


class RequestService:
    """Serves every endpoint of one actor, at most `max_concurrent_requests` at a time."""

    def __init__(self, heart: Heart) -> None:
        self._heart = heart
        self._slots = asyncio.Semaphore(heart.settings.max_concurrent_requests)
        self._running: set[asyncio.Task[None]] = set()
        self._keep = timedelta(hours=24)

    async def receive(self, endpoint: Endpoint, message: Any, *, internal: bool) -> None:
        """Take a message off a subscription; returns at once, so that the next one is not kept waiting."""
        raw = message.raw_message
        contract = endpoint.contract
        expected = contract.internal_subject if internal else contract.subject
        # NATS does not check reply subjects: without this guard a reply could be stored as an event (cross_cutting 6.12).
        if not raw.reply.startswith("_INBOX_") or raw.subject != expected:
            log.warning("request.dropped", subject=raw.subject, reply=raw.reply)
            return
        await self._slots.acquire()
        task = asyncio.create_task(self._serve(endpoint, raw, internal))
        self._running.add(task)
        task.add_done_callback(self._done)

    async def drain(self) -> None:
        """Wait for the requests in hand."""
        if self._running:
            await asyncio.wait(self._running, timeout=self._heart.settings.drain_seconds)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._slots.release()
        if not task.cancelled() and task.exception() is not None:
            log.error("request.failed_to_answer", error=repr(task.exception()))

    async def _serve(self, endpoint: Endpoint, raw: Any, internal: bool) -> None:
        started = perf_counter()
        request_id = str(new_id())
        found = raw.headers or headers.NO_HEADERS
        code = "OK"
        reply_headers = {headers.REQUEST_ID: request_id}
        try:
            body, replayed = await self.answer(endpoint, raw.data, found, request_id, internal=internal)
            if replayed:
                reply_headers[headers.REPLAYED] = "true"
        except Refused as refused:
            problem = refused.problem(request_id, found.get(headers.LOCALE, "fr"))
            code, body = problem.code, problem.__pydantic_serializer__.to_json(problem)
            reply_headers |= problem_headers(problem)
        await self._heart.connection.client.publish(raw.reply, body, headers=reply_headers)
        self._heart.metrics.request(endpoint.contract.name, code, perf_counter() - started)

    def answer(
        self,
        endpoint: Endpoint,
        body: bytes,
        found: Any,
        request_id: str,
        *,
        internal: bool,
        judged_at: float | None = None,
    ) -> Awaitable[tuple[bytes, bool]]:
        """The reply's bytes and whether they were stored before; any failure leaves as `Refused`.

        A durable command's token must have been valid when the command was stored: `judged_at` in unix seconds.
        """
        parent = found.get(headers.TRACE_PARENT)
        telemetry = self._heart.telemetry
        if telemetry is None:
            return self._answer(endpoint, body, found, request_id, parent, internal, judged_at)

        async def traced() -> tuple[bytes, bool]:
            kind = Kind.SERVER if judged_at is None else Kind.CONSUMER
            subject = endpoint.contract.internal_subject if internal else endpoint.contract.subject
            with telemetry.span(f"answer {subject}", kind, parent, subject) as own:
                return await self._answer(endpoint, body, found, request_id, own, internal, judged_at)

        return traced()

    async def _answer(
        self,
        endpoint: Endpoint,
        body: bytes,
        found: Any,
        request_id: str,
        trace_parent: str | None,
        internal: bool,
        judged_at: float | None,
    ) -> tuple[bytes, bool]:
        contract = endpoint.contract
        cause = Cause(found.get(headers.CORRELATION) or request_id, request_id, trace_parent=trace_parent)
        organisation_id = NIL_ORGANISATION
        caller: Caller | None = None
        try:
            _check_size(body)
            cause = self._timed(cause, found, contract.timeout_seconds)
            caller, organisation_id, token = await self._identify(endpoint, found, internal, judged_at)
            cause = replace(cause, user_id=caller.user_id)
            if token is not None:
                self._heart.access.check_denials(token)
                self._check_rights(contract, found, token)
                cause = replace(cause, token=found[headers.AUTHORIZATION].partition(" ")[2])
            async with asyncio.timeout_at(
                asyncio.get_running_loop().time() + (cause.deadline or 0) - clock.monotonic()
            ):
                return await _beside_others(partial(self._run, endpoint, body, found, cause, caller, organisation_id))
        except Refused as refused:
            await self._note_refusal(refused, endpoint, cause, caller, organisation_id)
            raise
        except TimeoutError:
            raise Refused(
                DEADLINE_EXCEEDED, f"not finished within {contract.timeout_seconds:g} s; nothing was changed"
            ) from None
        except TRANSIENT_ERRORS as error:
            log.warning("request.database", request=contract.name, request_id=request_id, error=repr(error))
            raise Refused(self._heart.unavailable, "the database cannot be reached; try again") from error
        except Exception as error:
            log.exception("request.internal", request=contract.name, request_id=request_id)
            raise Refused(INTERNAL, f"unexpected failure; quote request id {request_id}") from error

    async def _identify(
        self, endpoint: Endpoint, found: Any, internal: bool, judged_at: float | None
    ) -> tuple[Caller, UUID, ContextToken | None]:
        """Who asks, for which organisation, and the verified token of those who need one."""
        contract = endpoint.contract
        if internal:
            organisation_id = _uuid_header(headers.ORGANISATION, found.get(headers.ORGANISATION))
            user = found.get(headers.USER)
            service = found.get(headers.SERVICE)
            if service not in contract.internal_callers:
                service = "internal"
            kind = CallerKind.WEBHOOK if service == BRIDGE else CallerKind.SERVICE
            caller = Caller(kind, user_id=UUID(user) if user else None, service=service)
            return caller, organisation_id, None
        if contract.access is Access.PUBLIC:
            address = found.get(headers.REMOTE_ADDRESS)
            return Caller(CallerKind.SYSTEM, service="public", remote_address=address), NIL_ORGANISATION, None
        caller, token = await self._heart.access.caller_of(found.get(headers.AUTHORIZATION), judged_at)
        return caller, token.organisation_id or NIL_ORGANISATION, token

    def _check_rights(self, contract: RequestContract, found: Any, token: ContextToken) -> None:
        """Refuse a foreign or missing organisation and a missing right, before the body is looked at."""
        organisation_id = token.organisation_id or NIL_ORGANISATION
        claimed = found.get(headers.ORGANISATION)
        if claimed is not None and claimed != str(organisation_id):
            raise Refused(
                TENANT_SCOPE_VIOLATION, "the organisation comes from the token; leave out the header crm-organisation"
            )
        if contract.tenant_scoped and contract.access is Access.PERMISSION and token.organisation_id is None:
            raise Refused(TENANT_SCOPE_VIOLATION, "choose an organisation first: this token belongs to none")
        self._heart.access.check_tenant(organisation_id, contract)
        self._heart.access.check_permission(token, contract)

    async def _run(
        self, endpoint: Endpoint, body: bytes, found: Any, cause: Cause, caller: Caller, organisation_id: UUID
    ) -> tuple[bytes, bool]:
        contract = endpoint.contract
        request = _decode(endpoint, body, organisation_id)
        key = _idempotency_key(endpoint, found)
        now = cause.simulated_time or clock.now()
        if contract.query and not contract.audited:
            async with self._heart.database.reading(organisation_id) as connection:
                work = self._heart.unit(connection, organisation_id, caller, now, cause, Outgoing())
                answer = await endpoint.handler(request, work)
            return answer.__pydantic_serializer__.to_json(answer), False
        claim = None
        if key is not None:
            claim = idempotency.Claim(organisation_id, contract.subject, key, body, caller.principal)
        outgoing = Outgoing()
        async with self._heart.database.transaction(organisation_id, opening=claim) as connection:
            if claim is not None and not claim.is_ours:
                return await claim.first_reply(connection), True
            work = self._heart.unit(connection, organisation_id, caller, now, cause, outgoing)
            answer, refused = await _judged(endpoint, request, work)
            if refused is not None and claim is not None:
                raise refused  # a claimed key without a reply would stay "in progress"
            reply: bytes = answer.__pydantic_serializer__.to_json(answer) if refused is None else b""
            if claim is not None:
                kept = answer.stored()
                outgoing.stored_reply = claim.store(reply if kept is answer else kept.model_dump_json().encode())
            if contract.audited:
                outgoing.audit.extend(audit_rows(endpoint, work))
            await self._write(outgoing, connection)
        self._heart.committed(outgoing)
        if refused is not None:
            raise refused
        return reply, False

    async def _write(self, outgoing: Outgoing, connection: Any) -> None:
        try:
            await outgoing.write(connection, relay_is_here=self._heart.relay_is_here)
        except TRANSIENT_ERRORS:
            raise
        except Exception as error:
            if not outgoing.audit or connection.is_closed():  # a server that died is not a trail that refuses an entry
                raise
            log.exception("audit.write_failed")
            raise Refused(AUDIT_WRITE_FAILED, "the audit entry could not be written, so nothing was done") from error

    def _timed(self, cause: Cause, found: Any, timeout_seconds: float) -> Cause:
        """The cause with its deadline and, in simulated mode, its time."""
        deadline = clock.monotonic() + timeout_seconds
        wanted = found.get(headers.DEADLINE)
        if wanted is not None:
            deadline = min(
                deadline, clock.monotonic() + (_instant(headers.DEADLINE, wanted) - clock.now()).total_seconds()
            )
            if deadline <= clock.monotonic():
                raise Refused(DEADLINE_EXCEEDED, "the deadline given in crm-deadline has passed")
        time = found.get(headers.TIME)
        if time is not None and not self._heart.settings.simulated_time:
            raise Refused.field(
                headers.TIME, "not_allowed", "the header crm-time is accepted only where simulated time is on"
            )
        return replace(
            cause,
            deadline=deadline,
            simulated_time=_instant(headers.TIME, time) if time else None,
        )

    async def _note_refusal(
        self, refused: Refused, endpoint: Endpoint, cause: Cause, caller: Caller | None, organisation_id: UUID
    ) -> None:
        """Refusals of right are audited in their own transaction; too many alike become one summary."""
        if refused.code not in _DENIALS:
            return
        row = self._heart.denials.row(denied_row(endpoint, cause, caller, organisation_id, refused, clock.now()))
        if row is None:
            return
        outgoing = Outgoing(audit=[row])
        try:
            async with self._heart.database.transaction(organisation_id) as connection:
                await outgoing.write(connection, relay_is_here=True)
        except TRANSIENT_ERRORS as error:
            log.warning("audit.denial_not_written", error=repr(error))


async def _beside_others(attempt: Callable[[], Awaitable[tuple[bytes, bool]]]) -> tuple[bytes, bool]:
    """A key that another request took between a handler's check and its insert is checked once more: now it is seen."""
    try:
        return await attempt()
    except UniqueViolationError:
        pass
    try:
        return await attempt()
    except UniqueViolationError as error:  # an id of another organisation, which no check may see
        text = f"a key of this request is taken ({error.constraint_name}); choose another id or leave it out"
        raise Refused(ALREADY_EXISTS, text) from error


async def _judged(endpoint: Endpoint, request: Any, work: UnitOfWork) -> tuple[Any, RefusedOnRecord | None]:
    """The handler's reply, or a refusal that is committed with what the handler wrote."""
    try:
        return await endpoint.handler(request, work), None
    except RefusedOnRecord as refused:
        return None, refused


def problem_headers(problem: Problem) -> dict[str, str]:
    """The NATS services convention for errors, on top of the Problem in the body."""
    return {headers.SERVICE_ERROR_CODE: problem.code, headers.SERVICE_ERROR: problem.title}


def _check_size(body: bytes) -> None:
    if len(body) > MAXIMUM_BODY:
        raise Refused.field(
            "body", "too_large", f"the body has {len(body)} bytes; the limit is {MAXIMUM_BODY}: send files to documents"
        )


def _decode(endpoint: Endpoint, body: bytes, organisation_id: UUID) -> Any:
    try:
        request = endpoint.request.__pydantic_validator__.validate_json(body or b"{}", extra="forbid")
    except ValidationError as error:
        raise validation_refusal(error) from None
    named = getattr(request, "organisation_id", None)
    if named is not None and endpoint.contract.tenant_scoped and named != organisation_id:
        raise Refused(TENANT_SCOPE_VIOLATION, "the organisation comes from the token; leave out organisation_id")
    return request


def validation_refusal(error: ValidationError) -> Refused:
    """Pydantic's findings as fields with rule and message; the offending values are never echoed."""
    fields = tuple(
        FieldProblem(
            field=".".join(str(part) for part in finding["loc"]) or "body",
            rule=finding["type"],
            message=finding["msg"].removeprefix("Value error, "),
        )
        for finding in error.errors(include_url=False, include_context=False, include_input=False)
    )
    names = ", ".join(dict.fromkeys(field.field for field in fields))
    return Refused(VALIDATION_FAILED, f"correct these fields: {names}", fields=fields)


def _idempotency_key(endpoint: Endpoint, found: Any) -> str | None:
    wanted = endpoint.contract.idempotency
    key: str | None = found.get(headers.IDEMPOTENCY_KEY)
    if wanted is Idempotency.NONE:
        return None
    if key is None and wanted is Idempotency.REQUIRED:
        raise Refused(
            IDEMPOTENCY_KEY_REQUIRED,
            "send a header idempotency-key, one per intent of the user, so that repeating is safe",
        )
    return idempotency.checked(key) if key is not None else None


def _uuid_header(name: str, value: str | None) -> UUID:
    try:
        return UUID(value or "")
    except ValueError:
        raise Refused(UNAUTHORIZED, f"an internal request needs the header {name} with the organisation's id") from None


def _instant(name: str, value: str) -> Any:
    try:
        return parse_instant(value)
    except ValueError:
        raise Refused.field(
            name, "instant", f"the header {name} must be an RFC 3339 instant such as 2026-03-02T09:15:00Z"
        ) from None
