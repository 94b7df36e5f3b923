"""What the local issuer remembers between two calls: codes and refresh tokens, in memory and each good for one use."""

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from typing import Any

from messages.values.identifiers import new_id
from runtime import clock
from runtime.local_issuer.accounts import Account

_CODE_SECONDS = 60.0
_REFRESH_SECONDS = 12 * 3600.0
_MOST = 10_000


class GrantError(ValueError):
    """The code or refresh token does not count (OAuth: invalid_grant)."""


@dataclass(slots=True)
class SignIn:
    """One sign-in: what tokens of it say. `revoked` ends all of its refresh tokens."""

    account: Account
    client_id: str
    nonce: str | None
    authenticated_at: int
    session_id: str = field(default_factory=lambda: str(new_id()))
    revoked: bool = False


@dataclass(slots=True)
class _Code:
    sign_in: SignIn
    redirect_uri: str
    challenge: str
    expires_at: float
    used: bool = False


@dataclass(slots=True)
class _Refresh:
    sign_in: SignIn
    expires_at: float
    used: bool = False


class Grants:
    """Codes live sixty seconds, refresh tokens twelve hours. Using either twice ends the whole sign-in (RFC 9700 4.14)."""

    def __init__(self) -> None:
        self._codes: dict[str, _Code] = {}
        self._refreshes: dict[str, _Refresh] = {}

    def code(self, sign_in: SignIn, redirect_uri: str, challenge: str) -> str:
        """A new authorisation code, bound to the redirect address and the PKCE challenge."""
        _forget_oldest(self._codes)
        code = secrets.token_urlsafe(32)
        self._codes[code] = _Code(sign_in, redirect_uri, challenge, clock.monotonic() + _CODE_SECONDS)
        return code

    def redeem(self, code: str, client_id: str, redirect_uri: str, verifier: str) -> SignIn:
        """The sign-in behind a code. Raises GrantError."""
        found = self._codes.get(code)
        if found is None or found.expires_at < clock.monotonic():
            raise GrantError("unknown or expired code")
        if found.used:
            found.sign_in.revoked = True
            raise GrantError("this code was used before; all tokens of its sign-in are revoked")
        found.used = True
        same_client = found.sign_in.client_id == client_id and found.redirect_uri == redirect_uri
        if not same_client or not hmac.compare_digest(challenge_of(verifier), found.challenge):
            raise GrantError("the code belongs to another client, redirect address or code_verifier")
        return found.sign_in

    def refresh_token(self, sign_in: SignIn) -> str:
        """A refresh token for one use."""
        _forget_oldest(self._refreshes)
        token = secrets.token_urlsafe(32)
        self._refreshes[token] = _Refresh(sign_in, clock.monotonic() + _REFRESH_SECONDS)
        return token

    def refresh(self, token: str, client_id: str) -> SignIn:
        """The sign-in behind a refresh token. Raises GrantError."""
        found = self._refreshes.get(token)
        if found is None or found.expires_at < clock.monotonic() or found.sign_in.client_id != client_id:
            raise GrantError("unknown or expired refresh token")
        if found.used:
            found.sign_in.revoked = True
        if found.sign_in.revoked:
            raise GrantError("this sign-in has ended; sign in again")
        found.used = True
        return found.sign_in

    def end(self, session_id: str) -> None:
        """Sign out: no refresh token of the sign-in counts any more."""
        remembered = [kept.sign_in for kept in self._codes.values()] + [
            kept.sign_in for kept in self._refreshes.values()
        ]
        for sign_in in remembered:
            if sign_in.session_id == session_id:
                sign_in.revoked = True


def challenge_of(verifier: str) -> str:
    """The S256 challenge of a verifier (RFC 7636 4.2)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def _forget_oldest(kept: dict[str, Any]) -> None:
    while len(kept) >= _MOST:
        del kept[next(iter(kept))]
