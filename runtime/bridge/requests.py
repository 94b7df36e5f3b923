"""`/v1/<actor>/<request>`: an HTTP request becomes a NATS request, its reply an HTTP response."""

import asyncio
import re
from collections.abc import Mapping
from datetime import timedelta

from starlette.requests import Request
from starlette.responses import Response

from messages.errors import DEADLINE_EXCEEDED, NOT_FOUND, SESSION_EXPIRED
from messages.problem import Refused
from messages.values.instants import format_instant
from runtime import clock, headers
from runtime.bridge.bodies import body_of_query, entity_tag, read_body, with_expected_version
from runtime.bridge.gateway import Gateway
from runtime.bridge.metrics import BridgeMetrics
from runtime.bridge.networks import address_of
from runtime.bridge.problems import HttpRefused, locale_of, no_such_route, problem_response, refusal_response
from runtime.bridge.routes import Route
from runtime.bridge.sign_in import SignIns
from runtime.client import Answer

_PASSED_ON = (
    ("authorization", headers.AUTHORIZATION),
    ("idempotency-key", headers.IDEMPOTENCY_KEY),
    ("x-organisation-id", headers.ORGANISATION),
    ("x-correlation-id", headers.CORRELATION),
    ("traceparent", headers.TRACE_PARENT),
    ("crm-time", headers.TIME),
)
_VISIBLE = re.compile(r"[\x20-\x7e]{1,4096}")
_CORRELATION = re.compile(r"[\x21-\x7e]{1,128}")


class RequestPassage:
    """Serves every route with one lookup; the actor authenticates, validates and decides."""

    def __init__(
        self,
        gateway: Gateway,
        routes: Mapping[tuple[str, str], Route],
        sign_ins: SignIns,
        metrics: BridgeMetrics,
        *,
        simulated_time: bool,
        seconds: float,
    ) -> None:
        self._gateway = gateway
        self._routes = routes
        self._sign_ins = sign_ins
        self._metrics = metrics
        self._simulated_time = simulated_time
        self._seconds = seconds

    async def __call__(self, request: Request) -> Response:
        """The reply of the actor, or a Problem."""
        started = clock.monotonic()
        route = self._routes.get((request.path_params["actor"], request.path_params["name"]))
        if route is None:
            return refusal_response(request, no_such_route(request.url.path))
        try:
            async with asyncio.timeout(self._seconds):
                response = await self._pass(route, request)
        except Refused as refused:
            response = refusal_response(request, refused)
        except TimeoutError:
            late = Refused(DEADLINE_EXCEEDED, f"not answered within {self._seconds:g} s; repeat with the same key")
            response = refusal_response(request, late)
        contract = route.contract
        self._metrics.request(contract.actor, contract.name, response.status_code, clock.monotonic() - started)
        return response

    async def _pass(self, route: Route, request: Request) -> Response:
        if request.method == "GET":
            if route.parameters is None:
                raise HttpRefused(405, NOT_FOUND, f"{route.path} is asked with POST and a JSON body", allow="POST")
            body = body_of_query(request.query_params, route.parameters)
        else:
            body = await read_body(request)
        if_match = request.headers.get("if-match")
        if if_match is not None and not route.contract.query:
            body = with_expected_version(body, if_match, takes_version=route.takes_version)
        found = self._headers(request, await self._sign_ins.authorization(request))
        if route.contract.timeout_seconds >= self._seconds:  # or the actor would go on after the caller was told "late"
            found[headers.DEADLINE] = format_instant(clock.now() + timedelta(seconds=self._seconds))
        answer = await self._gateway.ask(route.contract.subject, body, found, self._seconds)
        problem = answer.problem
        if problem is not None and problem.code == SESSION_EXPIRED.code and self._sign_ins.exchanges(request):
            # Rights changed since the context was built, and nothing was done yet: once more with what holds now.
            found[headers.AUTHORIZATION] = str(await self._sign_ins.authorization(request, renew=True))
            answer = await self._gateway.ask(route.contract.subject, body, found, self._seconds)
        return _response(route, answer, found)

    def _headers(self, request: Request, authorization: str | None) -> dict[str, str]:
        given = dict(request.headers)
        if authorization is not None:
            given["authorization"] = authorization
        found = {ours: given[theirs] for theirs, ours in _PASSED_ON if theirs in given}
        for name, value in found.items():
            if not _VISIBLE.fullmatch(value):
                raise Refused.field(name, "header", f"the header {name} must hold 1 to 4096 visible ASCII characters")
        correlation = found.get(headers.CORRELATION)
        if correlation is not None and not _CORRELATION.fullmatch(correlation):
            raise Refused.field(
                "X-Correlation-Id", "header", "X-Correlation-Id must hold 1 to 128 ASCII characters without blanks"
            )
        if headers.TIME in found and not self._simulated_time:
            raise Refused.field(
                headers.TIME, "not_allowed", "the header crm-time is accepted only where simulated time is on"
            )
        found[headers.REMOTE_ADDRESS] = address_of(request)
        if "accept-language" in given:
            found[headers.LOCALE] = locale_of(given["accept-language"])
        return found


def _response(route: Route, answer: Answer, sent: Mapping[str, str]) -> Response:
    problem = answer.problem
    if problem is not None:
        response = problem_response(problem)
    else:
        found = {"cache-control": "no-store"}
        if route.gives_version and (tag := entity_tag(answer.body)) is not None:
            found["etag"] = tag
        if headers.REPLAYED in answer.headers:
            found["idempotency-replayed"] = "true"
        response = Response(answer.body, headers=found, media_type="application/json")
    request_id = answer.headers.get(headers.REQUEST_ID)
    if request_id:
        response.headers["x-request-id"] = request_id
        response.headers["x-correlation-id"] = sent.get(headers.CORRELATION, request_id)
    return response
