"""The local issuer over HTTP: discovery, keys, authorize (code and PKCE S256 only), token, userinfo, logout.

OpenID Connect Core 1.0, OAuth 2.0 (RFC 6749) with PKCE (RFC 7636). The bridge mounts it; tests serve it on a socket.
"""

import asyncio
import html
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from runtime import clock
from runtime.local_issuer.accounts import Account, Accounts
from runtime.local_issuer.grants import GrantError, Grants, SignIn
from runtime.local_issuer.settings import LocalIssuerSettings
from runtime.local_issuer.tokens import ACCESS_SECONDS, Signer

_NOT_CACHED = {"cache-control": "no-store"}
_PAGE_HEADERS = _NOT_CACHED | {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
}
_LARGEST_FORM = 64 * 1024
_KEPT = (
    "response_type",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "nonce",
    "code_challenge",
    "code_challenge_method",
)
_FORM = """<!doctype html><html lang="fr"><meta charset="utf-8"><title>Connexion</title>
<style>body{{font:16px system-ui;max-width:22rem;margin:15vh auto}}input,button{{width:100%;padding:.6rem;margin:.3rem 0}}</style>
<h1>Connexion</h1><p role="alert">{message}</p><form method="post">{kept}
<label>E-mail<input name="email" type="text" value="{email}" autocomplete="username" required></label>
<label>Mot de passe<input name="password" type="password" autocomplete="current-password" required></label>
<button>Se connecter</button></form></html>"""


def create_local_issuer(settings: LocalIssuerSettings, accounts: Accounts) -> Starlette:
    """The application; its routes lie below the path of the issuer's URL, so that discovery works as for any issuer."""
    return _LocalIssuer(settings, accounts).application()


class _LocalIssuer:
    def __init__(self, settings: LocalIssuerSettings, accounts: Accounts) -> None:
        if settings.url is None:
            raise ValueError("the local issuer needs its URL: set CRM_LOCAL_ISSUER_URL")
        self._url = settings.url.rstrip("/")
        self._settings = settings
        self._accounts = accounts
        self._grants = Grants()
        self._signer = Signer(accounts.path.parent, settings.url)

    def application(self) -> Starlette:
        prefix = urlsplit(self._url).path
        routes = [
            Route(f"{prefix}/.well-known/openid-configuration", self._discovery),
            Route(f"{prefix}/jwks", self._jwks),
            Route(f"{prefix}/authorize", self._authorize, methods=["GET", "POST"]),
            Route(f"{prefix}/token", self._token, methods=["POST"]),
            Route(f"{prefix}/userinfo", self._userinfo),
            Route(f"{prefix}/logout", self._logout, methods=["GET", "POST"]),
        ]
        application = Starlette(routes=routes)
        application.state.signer = self._signer  # a hook of tests: rotate the key, sign what no issuer would
        return application

    async def _discovery(self, request: Request) -> Response:
        return JSONResponse(
            {
                "issuer": self._settings.url,
                "authorization_endpoint": f"{self._url}/authorize",
                "token_endpoint": f"{self._url}/token",
                "userinfo_endpoint": f"{self._url}/userinfo",
                "end_session_endpoint": f"{self._url}/logout",
                "jwks_uri": f"{self._url}/jwks",
                "response_types_supported": ["code"],
                "grant_types_supported": ["authorization_code", "refresh_token"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["ES256"],
                "code_challenge_methods_supported": ["S256"],
                "token_endpoint_auth_methods_supported": ["none"],
                "scopes_supported": ["openid", "email", "profile"],
            }
        )

    async def _jwks(self, request: Request) -> Response:
        return JSONResponse(self._signer.public_keys())

    async def _authorize(self, request: Request) -> Response:
        """A form, or the code sent to the client's own address. Errors of client or address never redirect."""
        form = await _form_of(request) if request.method == "POST" else None
        sought: Mapping[str, str] = request.query_params if form is None else form
        client_id, redirect_uri = sought.get("client_id", ""), sought.get("redirect_uri", "")
        if redirect_uri not in self._settings.clients.get(client_id, ()):
            return _failure(400, "invalid_request", "unknown client_id or redirect_uri")
        wanted = {"response_type": "code", "code_challenge_method": "S256"}
        if any(sought.get(name) != value for name, value in wanted.items()) or not sought.get("code_challenge"):
            return self._back(redirect_uri, sought, error="invalid_request")
        account = await self._person(sought, form)
        if account is None:
            return self._form(sought, failed=form is not None)
        sign_in = SignIn(account, client_id, sought.get("nonce"), int(clock.unix_now()))
        code = self._grants.code(sign_in, redirect_uri, sought["code_challenge"])
        return self._back(redirect_uri, sought, code=code, iss=str(self._settings.url))

    async def _person(self, sought: Mapping[str, str], form: Mapping[str, str] | None) -> Account | None:
        if form is not None:
            email, password = form.get("email", ""), form.get("password", "")
            return await asyncio.to_thread(self._accounts.authenticate, email, password)
        hint = sought.get("login_hint")
        if hint is not None and self._settings.auto_login and self._settings.loopback:
            return self._accounts.find(hint)
        return None

    def _form(self, sought: Mapping[str, str], *, failed: bool) -> Response:
        kept = "".join(
            f'<input type="hidden" name="{name}" value="{html.escape(sought[name])}">'
            for name in _KEPT
            if name in sought
        )
        page = _FORM.format(
            message="E-mail ou mot de passe incorrect." if failed else "",
            kept=kept,
            email=html.escape(sought.get("email") or sought.get("login_hint") or ""),
        )
        return HTMLResponse(page, 401 if failed else 200, _PAGE_HEADERS)

    def _back(self, redirect_uri: str, sought: Mapping[str, str], **answer: str) -> Response:
        state = {"state": sought["state"]} if "state" in sought else {}
        separator = "&" if urlsplit(redirect_uri).query else "?"
        return RedirectResponse(f"{redirect_uri}{separator}{urlencode(answer | state)}", 303, _NOT_CACHED)

    async def _token(self, request: Request) -> Response:
        form = await _form_of(request)
        client_id = form.get("client_id", "")
        if client_id not in self._settings.clients:
            return _failure(401, "invalid_client", "unknown client_id")
        try:
            match form.get("grant_type"):
                case "authorization_code":
                    sign_in = self._grants.redeem(
                        form.get("code", ""), client_id, form.get("redirect_uri", ""), form.get("code_verifier", "")
                    )
                case "refresh_token":
                    sign_in = self._grants.refresh(form.get("refresh_token", ""), client_id)
                case _:
                    return _failure(400, "unsupported_grant_type", "send authorization_code or refresh_token")
        except GrantError as error:
            return _failure(400, "invalid_grant", str(error))
        return JSONResponse(
            {
                "access_token": self._signer.access_token(sign_in),
                "id_token": self._signer.id_token(sign_in),
                "refresh_token": self._grants.refresh_token(sign_in),
                "token_type": "Bearer",
                "expires_in": ACCESS_SECONDS,
            },
            headers=_NOT_CACHED,
        )

    async def _userinfo(self, request: Request) -> Response:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        claims = self._signer.verified(token) if scheme.lower() == "bearer" else None
        if claims is None:
            return _failure(401, "invalid_token", "send a valid access token")
        shown = ("sub", "email", "email_verified", "given_name", "family_name")
        return JSONResponse({name: claims[name] for name in shown}, headers=_NOT_CACHED)

    async def _logout(self, request: Request) -> Response:
        """End the sign-in of an id_token_hint (RP-Initiated Logout 1.0); afterwards only a known address is gone to."""
        sent: Mapping[str, str] = await _form_of(request) if request.method == "POST" else request.query_params
        claims = self._signer.verified(sent.get("id_token_hint", ""))
        if claims is not None:
            self._grants.end(claims["sid"])
        target = sent.get("post_logout_redirect_uri")
        known = {address for addresses in self._settings.clients.values() for address in addresses}
        if target is not None and target in known:
            return RedirectResponse(target, 303, _NOT_CACHED)
        return HTMLResponse("<!doctype html><meta charset=utf-8><p>Vous êtes déconnecté.</p>", 200, _PAGE_HEADERS)


def _failure(status: int, error: str, description: str) -> Response:
    return JSONResponse({"error": error, "error_description": description}, status, _NOT_CACHED)


async def _form_of(request: Request) -> dict[str, str]:
    """The fields of a form; a field sent twice counts as its last value."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LARGEST_FORM:
            return {}
    return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
