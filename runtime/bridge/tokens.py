"""Who a bearer token speaks for; the bridge needs it only for the live feed, actors check the rest themselves."""

import asyncio

from messages.base import NIL_ORGANISATION
from messages.errors import ACTOR_UNAVAILABLE, UNAUTHORIZED
from messages.identity import GetSigningKeys, SigningKeyPurpose
from messages.problem import Refused
from runtime import clock
from runtime.context_tokens import ContextToken, TokenVerifier, UnknownKey
from runtime.headers import Cause
from runtime.port import Asking

_REFRESH_SECONDS = 10.0


class Tokens:
    """Verifies context tokens offline; an unknown key id asks identity for the keys, at most every ten seconds."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking
        self._verifier = TokenVerifier()
        self._refreshed_at = float("-inf")
        self._refreshing = asyncio.Lock()

    async def verified(self, authorization: str | None) -> ContextToken:
        """The token of an Authorization header. Raises Refused: UNAUTHORIZED, SESSION_EXPIRED, ACTOR_UNAVAILABLE."""
        scheme, _, text = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not text:
            raise Refused(UNAUTHORIZED, "send a context token in the header Authorization: Bearer <token>")
        try:
            return self._verifier.verify(text, clock.unix_now())
        except UnknownKey:
            await self._refresh()
            return self._verifier.verify(text, clock.unix_now())

    async def _refresh(self) -> None:
        async with self._refreshing:
            if clock.monotonic() - self._refreshed_at < _REFRESH_SECONDS:
                return
            try:
                answer = await self._asking.ask(
                    GetSigningKeys(), organisation_id=NIL_ORGANISATION, cause=Cause("signing-keys", "signing-keys")
                )
            except Refused as refused:
                raise Refused(
                    ACTOR_UNAVAILABLE, "the token's key is unknown and identity does not answer; try again"
                ) from refused
            self._refreshed_at = clock.monotonic()
        for key in answer.keys:
            if key.purpose is not SigningKeyPurpose.CONTEXT_TOKEN:
                continue
            if key.status == "REVOKED":
                self._verifier.remove_key(key.kid)
            else:
                self._verifier.add_key(key.kid, bytes.fromhex(key.public_key))
