"""`/p/<token>`, `/p/<token>/card`, `/p/<token>/new-card`, `/p/<token>/debit`, `/p/return`: the pages behind a payment link.

The bridge shows; payments judges the token, says what is owed and how a payment stands. No card number ever passes here.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Any, Final
from urllib.parse import quote

import structlog
from starlette.requests import Request
from starlette.responses import Response

from messages.base import NIL_ORGANISATION
from messages.errors import INTERNAL, RATE_LIMITED
from messages.payments.portal import (
    AccessPortalSession,
    GetPortalPayment,
    HandlePortalReturn,
    PortalPayment,
    StartPortalPayment,
)
from messages.payments.portal_vocabulary import PortalAction, PortalMessage
from messages.problem import Refused
from messages.values.identifiers import new_id
from messages.values.instants import parse_instant
from runtime import clock, headers
from runtime.bridge.portal.answers import checkout_page, link_page, message_page, payment_page, refusal_page
from runtime.bridge.portal.forms import FormTokens
from runtime.bridge.portal.limits import VisitLimit
from runtime.bridge.portal.texts import LANGUAGES, language_of
from runtime.calls import Calls
from runtime.headers import Cause

log = structlog.get_logger()

OPENINGS_A_MINUTE: Final = 10
RETURNS_A_MINUTE: Final = 30
_LANGUAGE_COOKIE: Final = "portal_language"
_LINK_COOKIE: Final = "portal_link"
_LANGUAGE_SECONDS: Final = 24 * 3600
_LINK_SECONDS: Final = 3600
_WAIT_SECONDS: Final = 6.0
_LOOK_SECONDS: Final = 0.2
_ACTIONS: Final = {
    "card": PortalAction.PAY_BY_CARD,
    "new-card": PortalAction.UPDATE_CARD,
    "debit": PortalAction.PAY_BY_SEPA,
}
_TOKEN: Final = re.compile(r"[A-Za-z0-9._-]{1,200}")
_UNDECIDED: Final = (PortalMessage.PREPARING, PortalMessage.PENDING)


class Portal:
    """The pages. Errors never name an address: it holds the token."""

    def __init__(self, calls: Calls, *, simulated_time: bool, secure: bool) -> None:
        self._calls = calls
        self._simulated_time = simulated_time
        self._secure = secure
        self._forms = FormTokens(secure=secure)
        self._openings = VisitLimit(OPENINGS_A_MINUTE)
        self._returns = VisitLimit(RETURNS_A_MINUTE)

    async def open(self, request: Request) -> Response:
        """What the link asks for."""
        return await self._answered(request, self._open)

    async def pay(self, request: Request) -> Response:
        """Begin a payment by card, or the saving of another card, and lead to the provider's page; or order a debit."""
        return await self._answered(request, self._pay)

    async def come_back(self, request: Request) -> Response:
        """What came of the payment, as the provider says it."""
        return await self._answered(request, self._come_back)

    async def _open(self, request: Request, language: str) -> Response:
        _stop_guesser(self._openings, request)
        view = await self._ask(request, AccessPortalSession(**_visit(request)))
        form = self._forms.new()
        response = link_page(view, language, link=f"/p/{request.path_params['token']}", form_token=form)
        self._forms.keep(response, form)
        return response

    async def _pay(self, request: Request, language: str) -> Response:
        _stop_guesser(self._openings, request)
        token = request.path_params["token"]
        link = f"/p/{token}"
        if not await self._forms.is_genuine(request):
            return message_page("form", language, here=f"{link}?", status=403, link=link)
        try:
            action = _ACTIONS.get(request.path_params["action"], PortalAction.VIEW_PAYMENT)
            started = await self._ask(request, StartPortalPayment(action=action, **_visit(request)))
            paid = await self._decided(request, started, GetPortalPayment(token=token))
            response = checkout_page(paid, language, link)
        except Refused as refused:
            response = refusal_page(refused, language, link)
        self._forms.forget(response)
        response.set_cookie(
            _LINK_COOKIE, token, _LINK_SECONDS, path="/p/", secure=self._secure, httponly=True, samesite="lax"
        )
        return response

    async def _come_back(self, request: Request, language: str) -> Response:
        _stop_guesser(self._returns, request)
        state = request.query_params.get("state", "")[:100]
        told = HandlePortalReturn(state=state, cancelled="cancelled" in request.query_params)
        paid = await self._decided(request, await self._ask(request, told), GetPortalPayment(state=state))
        token = request.cookies.get(_LINK_COOKIE)
        link = f"/p/{token}" if token and _TOKEN.fullmatch(token) else None
        return payment_page(paid, language, link=link, here=f"?state={quote(state)}&")

    async def _decided(self, request: Request, paid: PortalPayment, question: GetPortalPayment) -> PortalPayment:
        """The payment once the provider has spoken, or as it stands after a few seconds."""
        until = clock.monotonic() + _WAIT_SECONDS
        while paid.message in _UNDECIDED and clock.monotonic() < until:
            await asyncio.sleep(_LOOK_SECONDS)
            paid = await self._ask(request, question)
        return paid

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
            response.set_cookie(
                _LANGUAGE_COOKIE, chosen, _LANGUAGE_SECONDS, path="/p/", secure=self._secure, httponly=True,
                samesite="lax",
            )  # fmt: skip
        return response


def _stop_guesser(limit: VisitLimit, request: Request) -> None:
    wait = limit.wait_seconds(_address(request))
    if wait:
        raise Refused(RATE_LIMITED, retry_after_seconds=wait)


def _visit(request: Request) -> dict[str, Any]:
    """The link, and where the visitor comes from."""
    return {
        "token": request.path_params["token"][:200],
        "ip": _address(request)[:45],
        "user_agent": request.headers.get("user-agent", "")[:500],
    }


def _address(request: Request) -> str:
    return request.client.host if request.client else ""
