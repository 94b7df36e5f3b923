"""`/p/<token>`: the page behind a payment link. The bridge shows; payments judges the token and says what is owed."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

import structlog
from starlette.requests import Request
from starlette.responses import Response

from messages.base import NIL_ORGANISATION
from messages.errors import INTERNAL, RATE_LIMITED, SESSION_EXPIRED, SESSION_REVOKED
from messages.payments.portal import (
    SESSION_NOT_FOUND,
    SESSION_TERMINAL,
    TOKEN_MALFORMED,
    AccessPortalSession,
    PortalSessionStatus,
    PortalView,
)
from messages.problem import Refused
from messages.values.identifiers import new_id
from messages.values.instants import parse_instant
from runtime import headers
from runtime.bridge.portal.limits import VisitLimit
from runtime.bridge.portal.rendering import page
from runtime.bridge.portal.texts import LANGUAGES, language_of
from runtime.calls import Calls
from runtime.headers import Cause

log = structlog.get_logger()

OPENINGS_A_MINUTE: Final = 10
_LANGUAGE_COOKIE: Final = "portal_language"
_LANGUAGE_SECONDS: Final = 24 * 3600
_SHOWN = {
    TOKEN_MALFORMED: ("unknown", 404),
    SESSION_NOT_FOUND: ("unknown", 404),
    SESSION_REVOKED: ("revoked", 410),
    SESSION_EXPIRED: ("expired", 410),
    SESSION_TERMINAL: ("used", 410),
    RATE_LIMITED: ("busy", 429),
}
"""The page and the status of each refusal; anything else is a service that does not answer."""


class Portal:
    """The pages. Errors never name an address: it holds the token."""

    def __init__(self, calls: Calls, *, simulated_time: bool) -> None:
        self._calls = calls
        self._simulated_time = simulated_time
        self._openings = VisitLimit(OPENINGS_A_MINUTE)

    async def open(self, request: Request) -> Response:
        """What the link asks for."""
        return await self._answered(request, self._open)

    async def _open(self, request: Request, language: str) -> Response:
        wait = self._openings.wait_seconds(_address(request))
        if wait:
            raise Refused(RATE_LIMITED, retry_after_seconds=wait)
        return payment_page(await self._ask(request, AccessPortalSession(**_visit(request))), language)

    async def _ask(self, request: Request, question: Any) -> Any:
        own, time = str(new_id()), request.headers.get(headers.TIME) if self._simulated_time else None
        cause = Cause(own, own, simulated_time=parse_instant(time) if time else None)
        return await self._calls.ask(question, organisation_id=NIL_ORGANISATION, cause=cause)

    async def _answered(self, request: Request, serve: Callable[[Request, str], Awaitable[Response]]) -> Response:
        chosen = request.query_params.get("lang")
        known = chosen if chosen in LANGUAGES else request.cookies.get(_LANGUAGE_COOKIE)
        language = language_of(known, request.headers.get("accept-language"))
        try:
            response = await serve(request, language)
        except Refused as refused:
            response = refusal_page(refused, language)
        except Exception as error:
            log.error("portal.failed", error=repr(error))
            response = refusal_page(Refused(INTERNAL), language)
        if chosen is not None and known == chosen:
            response.set_cookie(_LANGUAGE_COOKIE, chosen, _LANGUAGE_SECONDS, path="/p/", httponly=True, samesite="lax")
        return response


def payment_page(view: PortalView, language: str) -> Response:
    """What is owed and how it may be paid; or that it is paid."""
    if view.status is PortalSessionStatus.COMPLETED:
        return page("message", language, company=view.company_name, key="paid")
    return page(
        "pay",
        language,
        company=view.company_name,
        view=view,
        partial=sum(item.open.amount for item in view.items) > view.amount.amount,
        nothing_offered=view.transfer is None,
    )


def refusal_page(refused: Refused, language: str) -> Response:
    """Why the link does not open, with the cure."""
    key, status = _SHOWN.get(refused.code, ("unavailable", 503))
    if refused.details.get("status") == PortalSessionStatus.COMPLETED:
        key, status = "paid", 200
    again = {"retry-after": str(refused.retry_after_seconds or 60)} if status in (429, 503) else {}
    return page("message", language, status=status, headers=again, key=key)


def _visit(request: Request) -> dict[str, Any]:
    """The link, and where the visitor comes from."""
    return {
        "token": request.path_params["token"][:200],
        "ip": _address(request)[:45],
        "user_agent": request.headers.get("user-agent", "")[:500],
    }


def _address(request: Request) -> str:
    return request.client.host if request.client else ""
