"""Speaks to Keycloak's admin interface as a service account with the roles manage-users and view-users."""

import asyncio
from functools import cache
from typing import Any

import httpx

from actors.identity.oidc.tokens import settings
from actors.identity.settings import IdentitySettings
from messages.errors import EXTERNAL_SERVICE_ERROR, FORBIDDEN
from messages.problem import Refused
from runtime import clock
from runtime.outgoing_http import http_client

_TIMEOUT = httpx.Timeout(10.0)
_RENEW_BEFORE_SECONDS = 30
_ACTIONS_LIFESPAN_SECONDS = 12 * 3600
_LATER = frozenset({408, 425, 429, 500, 502, 503, 504})


class Keycloak:
    """The accounts of one realm. Every call may be repeated; failures that pass are EXTERNAL_SERVICE_ERROR."""

    def __init__(self, settings: IdentitySettings) -> None:
        base, realm = (settings.keycloak_url or "").rstrip("/"), settings.keycloak_realm
        self._users = f"{base}/admin/realms/{realm}/users"
        self._token_url = f"{base}/realms/{realm}/protocol/openid-connect/token"
        self._credentials = (settings.keycloak_client_id, settings.keycloak_client_secret.get_secret_value())
        self._token = ("", 0.0)
        self._signing_in = asyncio.Lock()

    async def create(self, email: str, first_name: str, last_name: str) -> str:
        """The new account's id; an account of this address that is there already is adopted."""
        body = {
            "username": email,
            "email": email,
            "firstName": first_name,
            "lastName": last_name,
            "enabled": True,
            "emailVerified": False,
            "requiredActions": ["VERIFY_EMAIL", "UPDATE_PASSWORD"],
        }
        answer = await self._call("POST", "", expected=(201, 409), json=body)
        if answer.status_code == httpx.codes.CREATED:
            return answer.headers["location"].rpartition("/")[2]
        found = await self.find(email)
        if found is None:
            raise _later(f"the account of a new user was refused as a double, but there is none: {answer.status_code}")
        return found

    async def find(self, email: str) -> str | None:
        """The id of the account with this address."""
        answer = await self._call("GET", "", expected=(200,), params={"email": email, "exact": "true"})
        accounts = answer.json()
        return str(accounts[0]["id"]) if accounts else None

    async def enable(self, subject: str, *, enabled: bool) -> None:
        """Open or close an account; one that is gone is closed."""
        await self._call("PUT", f"/{subject}", expected=(204, 404), json={"enabled": enabled})

    async def end_sessions(self, subject: str) -> None:
        """Sign the account out everywhere."""
        await self._call("POST", f"/{subject}/logout", expected=(204, 404))

    async def delete(self, subject: str) -> None:
        """Delete an account; one that is gone is deleted."""
        await self._call("DELETE", f"/{subject}", expected=(204, 404))

    async def send_actions(self, subject: str, *actions: str) -> None:
        """Mail a link by which the person does what is required; it lasts twelve hours."""
        lifespan = {"lifespan": str(_ACTIONS_LIFESPAN_SECONDS)}
        path = f"/{subject}/execute-actions-email"
        await self._call("PUT", path, expected=(200, 204, 404), params=lifespan, json=list(actions))

    async def _call(self, method: str, path: str, *, expected: tuple[int, ...], **arguments: Any) -> httpx.Response:
        """One call with a valid token, renewed once when it is refused."""
        async with http_client(timeout=_TIMEOUT) as http:
            answer = await self._send(http, method, path, arguments)
            if answer.status_code == httpx.codes.UNAUTHORIZED:
                self._token = ("", 0.0)
                answer = await self._send(http, method, path, arguments)
        if answer.status_code in expected:
            return answer
        if answer.status_code in _LATER:
            raise _later(f"{method} users answered {answer.status_code}")
        raise Refused(
            FORBIDDEN, f"Keycloak answered {answer.status_code}; give the service account manage-users and view-users"
        )

    async def _send(self, http: httpx.AsyncClient, method: str, path: str, arguments: dict[str, Any]) -> httpx.Response:
        authorization = {"Authorization": f"Bearer {await self._access_token(http)}"}
        try:
            return await http.request(method, self._users + path, headers=authorization, **arguments)
        except httpx.HTTPError as error:
            raise _later(f"{method} users: {error!r}") from error

    async def _access_token(self, http: httpx.AsyncClient) -> str:
        async with self._signing_in:
            token, ends_at = self._token
            if token and ends_at > clock.monotonic():
                return token
            try:
                answer = await http.post(
                    self._token_url, data={"grant_type": "client_credentials"}, auth=self._credentials
                )
            except httpx.HTTPError as error:
                raise _later(f"signing in: {error!r}") from error
            if answer.status_code in _LATER:
                raise _later(f"signing in answered {answer.status_code}")
            if answer.is_error:
                raise Refused(FORBIDDEN, "Keycloak refuses the service account; correct its client id and secret")
            found = answer.json()
            seconds = max(int(found["expires_in"]) - _RENEW_BEFORE_SECONDS, 1)
            self._token = (str(found["access_token"]), clock.monotonic() + seconds)
            return self._token[0]


@cache
def directory() -> Keycloak | None:
    """The configured directory; None where accounts are kept by other means (the local issuer)."""
    return None if settings().keycloak_url is None else Keycloak(settings())


def _later(what: str) -> Refused:
    return Refused(EXTERNAL_SERVICE_ERROR, f"Keycloak cannot be used now ({what}); it is tried again")
