"""Sign-in without a browser: code and PKCE at the local issuer that the bridge serves, then requests with its tokens."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio

from actors.identity.oidc import tokens
from messages.values.identifiers import new_id
from runtime import clock
from runtime.bridge.server import create_server
from runtime.bridge.settings import BridgeSettings
from runtime.local_issuer import Accounts, LocalIssuerSettings
from runtime.local_issuer.accounts import FIRST_ACCOUNT
from runtime.local_issuer.grants import challenge_of
from runtime.local_issuer.tokens import Signer
from runtime.settings import Environment
from tests.bridge.conftest import free_socket, started
from tests.bridge.test_requests import problem
from tests.harness import Running, eventually

REDIRECT = "http://127.0.0.1:9/callback"
PASSWORD = "correct horse battery"
LOGOUT = "http://schemas.openid.net/event/backchannel-logout"


class Door:
    """A bridge with a local issuer of its own, and the ways in."""

    def __init__(self, url: str, accounts: Accounts, first_password: str, redirect: str = REDIRECT) -> None:
        self.url = url
        self.accounts = accounts
        self.first_password = first_password
        self.redirect = redirect
        self.issuer = f"{url}/local-issuer"
        self.http = httpx.AsyncClient(base_url=url, timeout=10, trust_env=False)

    async def code(self, email: str, password: str, verifier: str) -> httpx.Response:
        """The form, filled in."""
        found = (await self.http.get("/local-issuer/.well-known/openid-configuration")).json()
        form = {
            "response_type": "code",
            "client_id": "crm-web",
            "redirect_uri": self.redirect,
            "state": "s-1",
            "code_challenge": challenge_of(verifier),
            "code_challenge_method": "S256",
        }
        page = await self.http.get(found["authorization_endpoint"], params=form)
        assert page.status_code == 200 and "style-src" in page.headers["content-security-policy"]
        return await self.http.post(found["authorization_endpoint"], data=form | {"email": email, "password": password})

    async def sign_in(self, email: str, password: str = PASSWORD) -> dict[str, str]:
        """The issuer's tokens."""
        verifier = uuid4().hex * 2
        answer = await self.code(email, password, verifier)
        assert answer.status_code == 303, answer.text
        code = parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]
        form = {"grant_type": "authorization_code", "client_id": "crm-web", "redirect_uri": self.redirect}
        answer = await self.http.post("/local-issuer/token", data=form | {"code": code, "code_verifier": verifier})
        assert answer.status_code == 200, answer.text
        found: dict[str, str] = answer.json()
        return found

    async def person(self) -> dict[str, str]:
        """A new account, signed in: the header Authorization of his requests."""
        email = f"{uuid4().hex[:8]}@x.fr"
        await asyncio.to_thread(self.accounts.add, email, "Ana", "Martin", PASSWORD)
        return {"authorization": f"Bearer {(await self.sign_in(email))['access_token']}"}

    async def ask(self, name: str, body: dict[str, object], headers: dict[str, str]) -> httpx.Response:
        """A request of identity over HTTP."""
        return await self.http.post(
            f"/v1/identity/{name}", json=body, headers={"idempotency-key": str(new_id())} | headers
        )

    async def founded(self, headers: dict[str, str], name: str = "Maison") -> str:
        """The id of a new organisation of the caller."""
        answer = await self.ask("create_organisation", {"name": f"{name} {uuid4().hex[:6]}"}, headers)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["organisation"]["organisation_id"])


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def door(running: Running, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Door]:
    """A bridge that serves the local issuer; identity believes that issuer meanwhile."""
    listener = free_socket()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    folder: Path = tmp_path_factory.mktemp("issuer")
    accounts, password = Accounts.open(folder)
    local = LocalIssuerSettings(url=f"{url}/local-issuer", folder=folder, clients={"crm-web": (REDIRECT,)})
    settings = BridgeSettings(actors=tuple(running.installation.system.actors))
    server = create_server(running.settings("bridge"), settings, "127.0.0.1", 0, local)
    task = await started(server, listener)
    os.environ["CRM_IDENTITY_ISSUER_URL"] = f"{url}/local-issuer"
    tokens.issuer.cache_clear()
    opened = Door(url, accounts, str(password))
    yield opened
    await opened.http.aclose()
    del os.environ["CRM_IDENTITY_ISSUER_URL"]
    tokens.issuer.cache_clear()
    server.should_exit = True
    async with asyncio.timeout(15):
        await task


async def test_case_34_from_the_first_password_to_a_machine_account_over_http(door: Door) -> None:
    signed_in = await door.sign_in(FIRST_ACCOUNT, door.first_password)
    me = {"authorization": f"Bearer {signed_in['access_token']}"}
    profile = (await door.http.get("/v1/identity/get_my_profile", headers=me)).json()
    assert (profile["user"]["email"], profile["organisations"]) == (FIRST_ACCOUNT, [])
    organisation_id = await door.founded(me)
    inside = me | {"x-organisation-id": organisation_id}
    company = {
        "code": "DUP",
        "legal_name": "Dupont",
        "siren": "732829320",
        "address": {"street": "1 rue de la Paix", "postal_code": "75002", "city": "Paris"},
    }
    assert (await door.ask("create_company", company, inside)).status_code == 200
    roles = (await door.http.get("/v1/identity/list_roles", headers=inside)).json()["items"]
    member = next(role["role_id"] for role in roles if role["code"] == "member")
    made = await door.ask("create_machine_account", {"name": "website", "role_ids": [member]}, inside)
    assert made.status_code == 200, made.text
    credentials = {"client_id": made.json()["client_id"], "client_secret": made.json()["secret"]}
    answer = await door.http.post("/oauth/token", data={"grant_type": "client_credentials"} | credentials)
    assert (answer.status_code, answer.json()["expires_in"]) == (200, 900)
    machine = {"authorization": f"Bearer {answer.json()['access_token']}"}
    listed = await door.http.get("/v1/clients/list_clients", headers=machine)
    assert (listed.status_code, listed.json()["items"]) == (200, [])


async def test_case_34_a_wrong_password_shows_the_form_again(door: Door) -> None:
    refused = await door.code(FIRST_ACCOUNT, "wrong password", "v" * 64)
    assert (refused.status_code, "Mot de passe" in refused.text) == (401, True)


async def test_the_organisation_last_entered_is_the_default_and_another_is_chosen_by_header(door: Door) -> None:
    me = await door.person()
    first, second = await door.founded(me), await door.founded(me)
    for wanted in (first, second):
        chosen = me | {"x-organisation-id": wanted}
        found = await door.ask("get_organisation", {}, chosen)
        assert (found.status_code, found.json()["organisation_id"]) == (200, wanted)
    assert (await door.ask("get_organisation", {}, me)).json()["organisation_id"] == second
    malformed = await door.ask("get_organisation", {}, me | {"x-organisation-id": "mine"})
    problem(malformed, 422, "VALIDATION_FAILED")


async def test_an_organisation_of_others_is_closed_and_nobody_enters_it_by_header(door: Door) -> None:
    me, stranger = await door.person(), await door.person()
    mine = await door.founded(me)
    refused = await door.ask("get_organisation", {}, stranger | {"x-organisation-id": mine})
    assert (refused.status_code, refused.json()["code"]) == (403, "MEMBERSHIP_INACTIVE")


async def test_forged_and_foreign_tokens_are_refused(door: Door) -> None:
    signer = Signer(door.accounts.path.parent, door.issuer)
    claims = {"sub": str(uuid4()), "sid": "s", "azp": "crm-web", "email": "a@x.fr", "email_verified": True}
    for wrong in ({"aud": "other"}, {"aud": "crm-api", "iss": "https://evil.example"}, {"aud": "crm-api", "exp": 1}):
        bearer = {"authorization": f"Bearer {signer.sign(claims | wrong)}"}
        problem(await door.ask("get_my_profile", {}, bearer), 401, "SSO_ASSERTION_INVALID")
    good = signer.sign(claims | {"aud": "crm-api"})
    header, payload, signature = good.split(".")
    forged = {"authorization": f"Bearer {header}.{payload}.{signature[::-1]}"}
    problem(await door.ask("get_my_profile", {}, forged), 401, "SSO_ASSERTION_INVALID")
    problem(await door.ask("get_my_profile", {}, {"authorization": "Bearer nonsense"}), 401, "UNAUTHORIZED")


async def test_rights_that_changed_are_in_the_very_next_request(door: Door, running: Running) -> None:
    me = await door.person()
    inside = me | {"x-organisation-id": await door.founded(me)}
    assert (await door.ask("list_roles", {}, inside)).status_code == 200
    role = {"code": "helper", "name": "Helper", "permissions": ["clients:*:read"], "data_scope": "OWN", "rank": 10}
    role_id = (await door.ask("create_role", role, inside)).json()["role_id"]
    change = {"role_id": role_id, "permissions": ["clients:*"], "expected_version": 1}
    assert (await door.ask("update_role", change, inside)).status_code == 200  # raises the policy version
    await running.settled()
    assert (await door.ask("list_roles", {}, inside)).status_code == 200


async def test_a_hundred_requests_at_once_exchange_the_token_once(door: Door, running: Running) -> None:
    me = await door.person()
    answers = await asyncio.gather(*(door.ask("get_my_profile", {}, me) for _ in range(100)))
    assert {answer.status_code for answer in answers} == {200}
    sessions = (await door.ask("list_my_sessions", {}, me)).json()["items"]
    assert len(sessions) == 1


async def test_another_browser_with_the_same_token_makes_the_session_suspicious(door: Door) -> None:
    me = await door.person()
    assert (await door.ask("get_my_profile", {}, me)).status_code == 200
    stolen = await door.ask("get_my_profile", {}, me | {"user-agent": "Thief/1.0"})
    assert (stolen.status_code, stolen.json()["code"]) == (403, "SESSION_SUSPICIOUS")


async def test_case_29_a_back_channel_logout_ends_the_session_once(door: Door, running: Running) -> None:
    me = await door.person()
    assert (await door.ask("get_my_profile", {}, me)).status_code == 200
    session_id = (await door.ask("list_my_sessions", {}, me)).json()["items"][0]["session_id"]
    signer = Signer(door.accounts.path.parent, door.issuer)
    token = signer.sign({"aud": "crm-web", "sid": session_id, "events": {LOGOUT: {}}, "iat": int(clock.unix_now())})
    for _ in range(2):  # the second changes nothing
        answer = await door.http.post("/oidc/backchannel-logout", data={"logout_token": token})
        assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")

    async def refused() -> bool:
        return (await door.ask("get_my_profile", {}, me)).json().get("code") == "SESSION_REVOKED"

    await eventually(refused, 2)
    broken = await door.http.post("/oidc/backchannel-logout", data={"logout_token": token[:-4]})
    assert (broken.status_code, broken.json()["error"]) == (400, "invalid_request")
    assert (await door.http.post("/oidc/backchannel-logout", data={})).status_code == 400


async def test_the_live_feed_takes_the_issuers_token_too(door: Door) -> None:
    me = await door.person()
    inside = me | {"x-organisation-id": await door.founded(me)}
    async with door.http.stream("GET", "/v1/events", headers=inside) as stream:
        assert stream.status_code == 200
        async for line in stream.aiter_lines():
            assert line.startswith("retry:")
            break


def test_case_34_a_bridge_in_production_refuses_a_local_issuer(running: Running, tmp_path: Path) -> None:
    local = LocalIssuerSettings(url="http://127.0.0.1:1/local-issuer", folder=tmp_path)
    production = {"environment": Environment.PRODUCTION, "simulated_time": False, "development_issuer_seed": None}
    with pytest.raises(SystemExit, match="CRM_LOCAL_ISSUER_URL"):
        create_server(running.settings("bridge", **production), BridgeSettings(), "127.0.0.1", 0, local)
    with pytest.raises(SystemExit, match="crm user list"):
        create_server(running.settings("bridge"), BridgeSettings(), "127.0.0.1", 0, local)
