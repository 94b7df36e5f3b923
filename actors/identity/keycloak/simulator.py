"""Plays Keycloak's admin side over real HTTP, for development and tests.

`fail(status, times)` answers the next calls with a status instead of doing them; `stop` and `start` keep the port.
"""

import base64
import itertools
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from runtime.simulation import Simulator


@dataclass
class Account:
    """An account of the realm, and the mails it was sent."""

    id: str
    email: str
    enabled: bool = True
    fields: dict[str, Any] = field(default_factory=dict)
    actions: list[list[str]] = field(default_factory=list)
    logouts: int = 0


class KeycloakSimulator(Simulator):
    """`async with KeycloakSimulator() as keycloak:` listens on 127.0.0.1; `keycloak.url` says where."""

    def __init__(self, secret: str = "secret") -> None:
        super().__init__()
        self.accounts: dict[str, Account] = {}
        self.calls: Counter[str] = Counter()
        self.secret = secret
        self._ids = itertools.count(1)
        self._tokens: set[str] = set()
        self._failures: list[int] = []

    def application(self) -> FastAPI:
        """The paths, each one call of this object."""
        return _application(self)

    @property
    def url(self) -> str:
        """The base URL."""
        return self.origin

    def fail(self, status: int, times: int = 1) -> None:
        """Answer the next admin calls with this status."""
        self._failures += [status] * times

    def expire_tokens(self) -> None:
        """Every token given so far is refused from now on."""
        self._tokens.clear()

    def of(self, email: str) -> list[Account]:
        """The accounts of an address; more than one would be a double."""
        return [account for account in self.accounts.values() if account.email == email]

    def add(self, email: str, subject: str | None = None, **fields: Any) -> Account:
        """An account, as somebody else made it."""
        account = Account(subject or f"kc-{next(self._ids)}", email, fields=fields)
        self.accounts[account.id] = account
        return account

    def issue(self) -> Response:
        """A token for the service account."""
        token = f"token-{next(self._ids)}"
        self._tokens.add(token)
        return JSONResponse({"access_token": token, "expires_in": 60})

    def admits(self, request: Request) -> int | None:
        """The status that stops a call, or None."""
        self.calls[f"{request.method} {request.url.path.rpartition('/')[2]}"] += 1
        if self._failures:
            return self._failures.pop(0)
        known = request.headers.get("authorization", "").removeprefix("Bearer ") in self._tokens
        return None if known else 401


def _application(keycloak: KeycloakSimulator) -> FastAPI:
    app = FastAPI()

    @app.post("/realms/{realm}/protocol/openid-connect/token")
    async def token(request: Request) -> Response:

        given = request.headers.get("authorization", "").removeprefix("Basic ")
        right = base64.b64encode(f"crm:{keycloak.secret}".encode()).decode()
        return keycloak.issue() if given == right else JSONResponse({"error": "invalid_client"}, 401)

    @app.middleware("http")
    async def guard(request: Request, call_next: Any) -> Response:
        if request.url.path.startswith("/admin/"):
            status = keycloak.admits(request)
            if status is not None:
                return Response(status_code=status)
        found: Response = await call_next(request)
        return found

    _add_accounts(app, keycloak)
    return app


def _add_accounts(app: FastAPI, keycloak: KeycloakSimulator) -> None:
    @app.post("/admin/realms/{realm}/users")
    async def create(request: Request) -> Response:
        body = await request.json()
        if keycloak.of(body["email"]):
            return JSONResponse({"errorMessage": "User exists with same email"}, 409)
        account = keycloak.add(**body)
        return Response(status_code=201, headers={"location": f"{request.url}/{account.id}"})

    @app.get("/admin/realms/{realm}/users")
    async def find(email: str) -> Response:
        return JSONResponse([{"id": account.id, "email": account.email} for account in keycloak.of(email)])

    @app.put("/admin/realms/{realm}/users/{subject}")
    async def change(subject: str, request: Request) -> Response:
        account = keycloak.accounts.get(subject)
        if account is None:
            return Response(status_code=404)
        account.enabled = (await request.json()).get("enabled", account.enabled)
        return Response(status_code=204)

    @app.delete("/admin/realms/{realm}/users/{subject}")
    async def delete(subject: str) -> Response:
        return Response(status_code=204 if keycloak.accounts.pop(subject, None) else 404)

    @app.post("/admin/realms/{realm}/users/{subject}/logout")
    async def logout(subject: str) -> Response:
        account = keycloak.accounts.get(subject)
        if account is None:
            return Response(status_code=404)
        account.logouts += 1
        return Response(status_code=204)

    @app.put("/admin/realms/{realm}/users/{subject}/execute-actions-email")
    async def actions(subject: str, request: Request) -> Response:
        account = keycloak.accounts.get(subject)
        if account is None:
            return Response(status_code=404)
        account.actions.append(await request.json())
        return Response(status_code=204)
