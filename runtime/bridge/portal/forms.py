"""Forms that only the page they stand on can send, once: the same secret in a hidden field and in a strict cookie.

A link's address is a secret itself, so a forged form would have to know it; this holds where somebody does.
"""

import hmac
import secrets
from typing import Final
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import Response

_LARGEST_FORM: Final = 4096
_SECONDS: Final = 3600
_FOREIGN: Final = ("cross-site", "same-site")


class FormTokens:
    """In production the cookie is Secure and bound to the host by its name (`__Host-`)."""

    def __init__(self, *, secure: bool) -> None:
        self._secure = secure
        self._cookie = "__Host-portal_form" if secure else "portal_form"

    def new(self) -> str:
        """The secret of one page."""
        return secrets.token_urlsafe(32)

    def keep(self, response: Response, token: str) -> None:
        """Give the browser the other half."""
        response.set_cookie(
            self._cookie, token, _SECONDS, path="/", secure=self._secure, httponly=True, samesite="strict"
        )

    def forget(self, response: Response) -> None:
        """The form was sent: it cannot be sent again."""
        response.delete_cookie(self._cookie, path="/", secure=self._secure, httponly=True, samesite="strict")

    async def is_genuine(self, request: Request) -> bool:
        """Whether the form came from the page this browser was given last."""
        kept = request.cookies.get(self._cookie, "")
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > _LARGEST_FORM:
                return False
        given = parse_qs(body.decode("utf-8", "replace")).get("form", [""])[-1]
        same = bool(kept) and hmac.compare_digest(kept.encode(), given.encode())
        return same and request.headers.get("sec-fetch-site") not in _FOREIGN
