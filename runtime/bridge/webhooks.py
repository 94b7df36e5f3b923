"""`POST /webhooks/<actor>/<request>[/<more>]`: what providers report, checked and left with the actor, awake or not.

Only routes named in the settings exist, and only for internal requests that name the bridge as a caller.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import nats.errors
import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from messages import registry
from messages.base import RequestContract
from messages.errors import ACTOR_UNAVAILABLE, DEADLINE_EXCEEDED, UNAUTHORIZED
from messages.problem import Refused
from messages.values.identifiers import derived_id
from runtime import clock, headers
from runtime.bridge.bodies import read_body
from runtime.bridge.gateway import Gateway
from runtime.bridge.metrics import BridgeMetrics
from runtime.bridge.problems import no_such_route, problem_response, refusal_response
from runtime.bridge.settings import WebhookRoute
from runtime.client import Answer
from runtime.nats_surfaces import BRIDGE

SIGNATURE = "x-signature"
TOLERANCE_SECONDS = 300
_SIGNATURE = re.compile(r"t=([0-9]{1,12}),v1=([0-9a-f]{64})")
_RAW_FIELDS = ("raw_body", "raw_body_b64")
_NOT_FOR_THE_ACTOR = {"authorization", "cookie", "connection", "host"}


@dataclass(frozen=True, slots=True)
class Webhook:
    """A configured route and the request it becomes."""

    route: WebhookRoute
    contract: RequestContract
    fields: frozenset[str]
    segments: tuple[str, ...]

    def body(self, raw: bytes, request: Request, path: tuple[str, ...] = ()) -> bytes:
        """The request's JSON: the body as it came, or wrapped with its headers where the actor wants it raw."""
        raw_field = next((name for name in _RAW_FIELDS if name in self.fields), None)
        if raw_field is None:
            return raw
        wrapped: dict[str, Any] = {
            raw_field: base64.b64encode(raw).decode(),
            "headers": {name: value for name, value in request.headers.items() if name not in _NOT_FOR_THE_ACTOR},
            "provider": next(iter((*self.segments, *path)), None),
            "path": path,
            "remote_ip": request.client.host if request.client else None,
        }
        return orjson.dumps({name: value for name, value in wrapped.items() if name in self.fields})


def configured(routes: Mapping[str, WebhookRoute]) -> dict[str, Webhook]:
    """The webhooks by path. Raises ValueError at start when a route names no request that the bridge may send."""
    found = {}
    for path, route in routes.items():
        actor, _, rest = path.strip("/").partition("/")
        name, *segments = rest.split("/")
        request = registry.request_for(f"crm.{actor}.{name}")
        if request is None or BRIDGE not in request.contract.internal_callers:
            raise ValueError(f"webhook route '{path}': {actor} has no request '{name}' that names the bridge as caller")
        fields = frozenset(request.model_fields)
        if route.verified_by_actor and not fields.intersection(_RAW_FIELDS):
            raise ValueError(f"webhook route '{path}': {name} takes no raw body to verify; give the route a secret")
        found["/".join((actor, name, *segments))] = Webhook(route, request.contract, fields, tuple(segments))
    return found


def signature_of(secret: str, timestamp: int, body: bytes) -> str:
    """`t=<unix>,v1=<hex>`: HMAC-SHA-256 over timestamp, a dot and the raw body."""
    digest = hmac.new(secret.encode(), str(timestamp).encode() + b"." + body, hashlib.sha256).hexdigest()
    return f"t={timestamp},v1={digest}"


def check_signature(given: str | None, secret: str, body: bytes, now: float) -> None:
    """Raises Refused (UNAUTHORIZED) unless the signature fits the body and is at most 300 s away from `now`."""
    parts = _SIGNATURE.fullmatch(given or "")
    if parts is None:
        raise Refused(UNAUTHORIZED, "sign the body: X-Signature: t=<unix seconds>,v1=<hex hmac-sha256>")
    if abs(now - int(parts[1])) > TOLERANCE_SECONDS:
        raise Refused(UNAUTHORIZED, f"the signature's time is more than {TOLERANCE_SECONDS} s away; sign it anew")
    if not hmac.compare_digest(signature_of(secret, int(parts[1]), body), f"t={parts[1]},v1={parts[2]}"):
        raise Refused(UNAUTHORIZED, "the signature does not fit the body; check the route's secret")


class Webhooks:
    """Answers 200 when the actor has taken the call, 202 when it is stored for an actor that is down."""

    def __init__(
        self, gateway: Gateway, webhooks: Mapping[str, Webhook], metrics: BridgeMetrics, seconds: float
    ) -> None:
        self._gateway = gateway
        self._webhooks = webhooks
        self._metrics = metrics
        self._seconds = seconds

    async def __call__(self, request: Request) -> Response:
        """The provider's answer."""
        path = request.path_params["path"]
        found = self._find(path)
        if found is None:
            return refusal_response(request, no_such_route(request.url.path))
        route, webhook, organisation_id, rest = found
        try:
            response = await self._take(webhook, path, request, organisation_id, rest)
        except Refused as refused:
            response = refusal_response(request, refused)
        self._metrics.webhooks.labels(route, str(response.status_code)).inc()
        return response

    def _find(self, path: str) -> tuple[str, Webhook, UUID, tuple[str, ...]] | None:
        """The configured route, the organisation, and what of the path is left for the actor to understand."""
        webhook = self._webhooks.get(path)
        if webhook is not None:
            return path, webhook, webhook.route.organisation_id, ()
        *route, organisation, rest = path.split("/", 3) if path.count("/") > 2 else ("",) * 4
        webhook = self._webhooks.get("/".join(route))
        if webhook is None or not webhook.route.organisation_in_path:
            return None
        try:
            return "/".join(route), webhook, UUID(organisation), tuple(rest.split("/"))
        except ValueError:
            return None

    async def _take(
        self, webhook: Webhook, path: str, request: Request, organisation_id: UUID, rest: tuple[str, ...]
    ) -> Response:
        raw = await read_body(request)
        if webhook.route.secret is not None:
            secret = webhook.route.secret.get_secret_value()
            check_signature(request.headers.get(SIGNATURE), secret, raw, clock.unix_now())
        body = webhook.body(raw, request, rest)
        # The same delivery, repeated by the provider, is the same request; one with another signature is not.
        key = str(derived_id("webhook", path, hashlib.sha256(body).hexdigest()))
        found = {
            headers.ORGANISATION: str(organisation_id),
            headers.SERVICE: BRIDGE,
            headers.IDEMPOTENCY_KEY: key,
        }
        contract = webhook.contract
        try:
            answer = await self._gateway.ask(contract.internal_subject, body, found, self._seconds)
        except Refused as refused:
            if refused.code not in (ACTOR_UNAVAILABLE, DEADLINE_EXCEEDED):
                raise
            return await self._leave(contract, body, found | {headers.MESSAGE_ID: key})
        problem = answer.problem
        if problem is None:
            return _reply_to_provider(answer)
        if problem.code == ACTOR_UNAVAILABLE.code:
            return await self._leave(contract, body, found | {headers.MESSAGE_ID: key})
        return problem_response(problem)

    async def _leave(self, contract: RequestContract, body: bytes, found: dict[str, str]) -> Response:
        """Store the call as a durable command; the actor runs it when it is back."""
        if not self._gateway.connection.connected:
            raise Refused(ACTOR_UNAVAILABLE, "nothing can be stored now; deliver it again later")
        try:
            await self._gateway.connection.stream.publish(contract.webhook_subject, body, headers=found)
        except (nats.errors.Error, TimeoutError) as error:
            raise Refused(ACTOR_UNAVAILABLE, "the call could not be stored; deliver it again later") from error
        return JSONResponse({"accepted": True}, 202)


def _reply_to_provider(answer: Answer) -> Response:
    """`{"accepted": true}`; an actor whose provider wants certain words replies http_status, body and content_type."""
    reply = orjson.loads(answer.body)
    if "http_status" in reply:
        return Response(reply.get("body") or "", reply["http_status"], media_type=reply.get("content_type"))
    return JSONResponse({"accepted": True})
