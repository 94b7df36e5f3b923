"""Failures over HTTP: the same Problem as on NATS, as application/problem+json with the status of its code."""

from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from messages.errors import INTERNAL, NOT_FOUND, ErrorCode, find
from messages.problem import Problem, Refused
from messages.values.identifiers import new_id

MEDIA_TYPE = "application/problem+json"
_MUST_SAY_WHEN_AGAIN = (429, 503)


class HttpRefused(Refused):
    """A refusal that HTTP has a better status for than its code has."""

    def __init__(self, status: int, code: ErrorCode, detail: str, allow: str | None = None) -> None:
        super().__init__(code, detail)
        self.status = status
        self.allow = allow


def locale_of(accept_language: str | None) -> str:
    """The first language the caller names, without region; French when he names none."""
    first = (accept_language or "").partition(",")[0].partition(";")[0].strip().partition("-")[0].lower()
    return first if first.isascii() and first.isalpha() else "fr"


def status_of(problem: Problem) -> int:
    """The HTTP status of a Problem's code, of its parent where the code is not known here."""
    code = find(problem.code)
    return code.http_status if code.code == problem.code else find(problem.parent or INTERNAL.code).http_status


def problem_response(problem: Problem, status: int | None = None, allow: str | None = None) -> Response:
    """A Problem as HTTP says it (RFC 9457)."""
    status = status or status_of(problem)
    body: dict[str, Any] = {"type": f"urn:crm:problem:{problem.code}", "status": status}
    found = {"cache-control": "no-store"}
    if problem.request_id:
        found["x-request-id"] = problem.request_id
    if status == 401:
        found["www-authenticate"] = "Bearer"
    if status in _MUST_SAY_WHEN_AGAIN:
        found["retry-after"] = str(problem.retry_after_seconds or 1)
    if allow:
        found["allow"] = allow
    return Response(orjson.dumps(body | problem.model_dump(mode="json")), status, found, MEDIA_TYPE)


def refusal_response(request: Request, refused: Refused) -> Response:
    """What the bridge itself refuses, in the caller's language."""
    problem = refused.problem(str(new_id()), locale_of(request.headers.get("accept-language")))
    if isinstance(refused, HttpRefused):
        return problem_response(problem, refused.status, refused.allow)
    return problem_response(problem)


def no_such_route(path: str) -> Refused:
    """NOT_FOUND for an address the bridge does not have."""
    return Refused(
        NOT_FOUND, f"there is nothing at {path}; /openapi.json lists all routes", details={"resource": "route"}
    )
