"""People's side of the door: a token of the OpenID issuer is exchanged with identity for context tokens (cross_cutting 6.3).

Identity verifies the issuer's token; here its hash finds what was exchanged before, so that identity is asked once a minute.
"""

import asyncio
import base64
import binascii
import hashlib
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson
from starlette.requests import Request as HttpRequest

from messages.base import NIL_ORGANISATION
from messages.errors import MEMBERSHIP_INACTIVE, ORGANISATION_SUSPENDED
from messages.identity import BuildAccessContext, SessionStatus, SyncUser, TouchSession, TrackSession
from messages.problem import Refused
from messages.values.identifiers import new_id
from runtime import clock
from runtime.bridge.networks import address_of, check_network
from runtime.context_tokens import TOKEN_TYPE
from runtime.headers import Cause
from runtime.port import Asking

_SPARE_SECONDS = 30.0
"""A context token is used until so long before its end: it must last for what the request causes."""
_TOUCH_SECONDS = 120.0
"""How often identity hears of a session in use; well below the shortest idle time, five minutes."""
_MOST_SIGN_INS = 10_000


@dataclass(frozen=True, slots=True)
class _Context:
    token: str
    use_until: float


@dataclass(slots=True)
class _SignIn:
    """What was exchanged for one issuer token; instants are Unix seconds. Without session it was not accepted yet."""

    token: str = field(repr=False)
    ends_at: float
    session_id: str | None = None
    organisation_id: UUID | None = None
    seen: tuple[str, str] = ("", "")
    touched_at: float = 0.0
    contexts: dict[UUID | None, _Context] = field(default_factory=dict)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class SignIns:
    """The sign-ins this process serves now, the least recently used forgotten first."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking
        self._known: OrderedDict[bytes, _SignIn] = OrderedDict()

    async def authorization(self, request: HttpRequest, *, renew: bool = False) -> str | None:
        """The Authorization header to go on with: a context token in place of the issuer's, any other header as it came.

        The organisation is X-Organisation-Id's, by default the one last entered, else none. `renew` builds the context
        again. Raises Refused with identity's code: SSO_ASSERTION_INVALID, ACCOUNT_DISABLED, MEMBERSHIP_INACTIVE,
        SESSION_REVOKED and their like; IP_NOT_ALLOWED for a machine's token away from its networks.
        """
        given = request.headers.get("authorization")
        token = issuer_token_of(given)
        if token is None:
            check_network(given, address_of(request))
            return given
        wanted = _wanted_organisation(request)
        sign_in = self._sign_in(token)
        async with sign_in.lock:
            if sign_in.session_id is None:
                await self._enter(sign_in, request)
            else:
                await self._touch(sign_in, request)
            if renew:
                sign_in.contexts.clear()
            return f"Bearer {await self._context(sign_in, wanted, request)}"

    def exchanges(self, request: HttpRequest) -> bool:
        """Whether the request carries an issuer's token, so that its context may be built again."""
        return issuer_token_of(request.headers.get("authorization")) is not None

    def _sign_in(self, token: str) -> _SignIn:
        digest = hashlib.sha256(token.encode()).digest()
        found = self._known.get(digest)
        if found is None or found.ends_at <= clock.unix_now():
            found = self._known[digest] = _SignIn(token, _end_of(token))
            if len(self._known) > _MOST_SIGN_INS:
                self._known.popitem(last=False)
        self._known.move_to_end(digest)
        return found

    async def _enter(self, sign_in: _SignIn, request: HttpRequest) -> None:
        """A token seen for the first time: the person is made known, the session noted."""
        ip, user_agent = seen = _seen(request)
        await self._asking.ask(
            SyncUser(idp_token=sign_in.token), organisation_id=NIL_ORGANISATION, cause=_cause(request)
        )
        session = await self._asking.ask(
            TrackSession(idp_token=sign_in.token, ip=ip, user_agent=user_agent),
            organisation_id=NIL_ORGANISATION,
            cause=_cause(request),
        )
        sign_in.session_id, sign_in.organisation_id = session.session_id, session.organisation_id
        sign_in.seen, sign_in.touched_at = seen, clock.unix_now()

    async def _touch(self, sign_in: _SignIn, request: HttpRequest) -> None:
        """Every two minutes a sign of life, and at once when the browser or its address is another one."""
        seen = _seen(request)
        if sign_in.seen == seen and clock.unix_now() - sign_in.touched_at < _TOUCH_SECONDS:
            return
        assert sign_in.session_id is not None
        try:
            touched = await self._asking.ask(
                TouchSession(session_id=sign_in.session_id, ip=seen[0], user_agent=seen[1]),
                organisation_id=NIL_ORGANISATION,
                cause=_cause(request),
            )
        except Refused as refused:
            if refused.code.retriable:
                return  # identity is away: what it granted goes on until it ends
            sign_in.contexts.clear()
            raise
        if touched.session.status is not SessionStatus.ACTIVE:
            sign_in.contexts.clear()
        sign_in.seen, sign_in.touched_at = seen, clock.unix_now()

    async def _context(self, sign_in: _SignIn, wanted: UUID | None, request: HttpRequest) -> str:
        try:
            found = await self._built(sign_in, wanted or sign_in.organisation_id, request)
        except Refused as refused:
            if wanted is not None or refused.code not in (MEMBERSHIP_INACTIVE, ORGANISATION_SUSPENDED):
                raise
            sign_in.organisation_id = None  # the organisation last entered is closed to him: he may choose another
            return await self._built(sign_in, None, request)
        sign_in.organisation_id = wanted or sign_in.organisation_id
        return found

    async def _built(self, sign_in: _SignIn, organisation_id: UUID | None, request: HttpRequest) -> str:
        context = sign_in.contexts.get(organisation_id)
        if context is None or context.use_until <= clock.unix_now():
            built = await self._asking.ask(
                BuildAccessContext(idp_token=sign_in.token, organisation_id=organisation_id),
                organisation_id=NIL_ORGANISATION,
                cause=_cause(request),
            )
            use_until = min(built.expires_at.timestamp() - _SPARE_SECONDS, sign_in.ends_at)
            context = sign_in.contexts[organisation_id] = _Context(built.token, use_until)
        return context.token


def issuer_token_of(authorization: str | None) -> str | None:
    """The bearer token when it is a JWT but no context token; None for anything that is passed on as it came."""
    scheme, _, token = (authorization or "").partition(" ")
    header = _part(token, 0) if scheme.lower() == "bearer" else None
    return token if header is not None and header.get("typ") != TOKEN_TYPE else None


def _end_of(token: str) -> float:
    """When the token says it ends. Believed only to forget it sooner: identity verifies it before anything is granted."""
    end = (_part(token, 1) or {}).get("exp")
    return float(end) if isinstance(end, int | float) else clock.unix_now() + _SPARE_SECONDS


def _part(token: str, index: int) -> dict[str, Any] | None:
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        found = orjson.loads(base64.urlsafe_b64decode(parts[index] + "=" * (-len(parts[index]) % 4)))
    except (binascii.Error, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _wanted_organisation(request: HttpRequest) -> UUID | None:
    given = request.headers.get("x-organisation-id")
    try:
        return UUID(given) if given is not None else None
    except ValueError:
        raise Refused.field(
            "X-Organisation-Id", "uuid", "X-Organisation-Id must be the id of one of your organisations"
        ) from None


def _seen(request: HttpRequest) -> tuple[str, str]:
    """Network address and browser; identity keeps keyed hashes of them only."""
    return address_of(request), request.headers.get("user-agent", "")[:1000]


def _cause(request: HttpRequest) -> Cause:
    own = str(new_id())
    return Cause(request.headers.get("x-correlation-id", own), own)
