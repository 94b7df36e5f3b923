"""The local issuer: code and PKCE end to end, and what it refuses."""

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from messages.identity import CreateOrganisation, GetMyProfile, SyncUser
from runtime.local_issuer import Accounts, LocalIssuerSettings
from runtime.local_issuer.accounts import FIRST_ACCOUNT
from runtime.settings import Environment, Settings
from tests.actors.identity.people import PASSWORD, REDIRECT, IssuerServer, Person, as_bridge
from tests.actors.identity.test_machines import machine, token_for
from tests.harness import Running, company_request

VERIFIER = "v" * 64


async def code_for(issuer: IssuerServer, email: str, password: str) -> str:
    """An authorisation code."""
    answer = await issuer.authorize(email, password, verifier=VERIFIER)
    query = parse_qs(urlsplit(answer.headers["location"]).query)
    assert (query["state"], query["iss"]) == (["s-1"], [issuer.url])
    return query["code"][0]


async def test_case_34_from_a_bare_machine_to_a_machine_account(running: Running, issuer: IssuerServer) -> None:
    assert issuer.first_password is not None
    token = await issuer.sign_in(FIRST_ACCOUNT, issuer.first_password)
    synced = await as_bridge(running, SyncUser(idp_token=token))
    assert (synced.user.email, synced.user.status) == (FIRST_ACCOUNT, "ACTIVE")
    someone = Person(running, issuer, FIRST_ACCOUNT, synced.user, token, await running.client(token=""))
    await someone.enter(None)
    assert (await someone.call(GetMyProfile())).organisations == ()
    founded = await someone.call(CreateOrganisation(name="Première maison"))
    await someone.enter(founded.organisation.organisation_id)
    await someone.call(company_request("DUP", "732829320"))
    made = await machine(someone)
    assert await token_for(someone, made.client_id, made.secret)


async def test_case_34_codes_count_once_and_for_their_client_only(issuer: IssuerServer) -> None:
    issuer.accounts.add("code@x.fr", "Ana", "Martin", PASSWORD)
    code = await code_for(issuer, "code@x.fr", PASSWORD)
    wrong = await issuer.tokens(grant_type="authorization_code", code=code, code_verifier="w" * 64)
    assert (wrong.status_code, wrong.json()["error"]) == (400, "invalid_grant")
    code = await code_for(issuer, "code@x.fr", PASSWORD)
    good = await issuer.tokens(grant_type="authorization_code", code=code, code_verifier=VERIFIER)
    assert good.status_code == 200
    replayed = await issuer.tokens(grant_type="authorization_code", code=code, code_verifier=VERIFIER)
    assert replayed.json()["error"] == "invalid_grant"
    revoked = await issuer.tokens(grant_type="refresh_token", refresh_token=good.json()["refresh_token"])
    assert revoked.json()["error"] == "invalid_grant"


async def test_case_34_a_foreign_redirect_address_never_gets_a_code(issuer: IssuerServer) -> None:
    answer = await issuer.authorize("code@x.fr", PASSWORD, verifier=VERIFIER, redirect="https://evil.example/callback")
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


async def test_case_34_a_wrong_password_shows_the_form_again_and_five_lock(issuer: IssuerServer) -> None:
    issuer.accounts.add("locked@x.fr", "Ana", "Martin", PASSWORD)
    for _ in range(5):
        assert (await issuer.authorize("locked@x.fr", "wrong password", verifier=VERIFIER)).status_code == 401
    assert (await issuer.authorize("locked@x.fr", PASSWORD, verifier=VERIFIER)).status_code == 401
    issuer.accounts.set_password("locked@x.fr", PASSWORD)
    assert (await issuer.authorize("locked@x.fr", PASSWORD, verifier=VERIFIER)).status_code == 303


def test_case_34_production_does_not_start(tmp_path: Path) -> None:
    local = LocalIssuerSettings(url="http://127.0.0.1:8080/local-issuer", folder=tmp_path)
    local.check(Settings(environment=Environment.DEVELOPMENT))
    with pytest.raises(SystemExit, match="CRM_LOCAL_ISSUER_URL"):
        local.check(Settings(environment=Environment.PRODUCTION))


async def test_refresh_tokens_rotate_and_a_stolen_one_ends_the_sign_in(issuer: IssuerServer) -> None:
    issuer.accounts.add("refresh@x.fr", "Ana", "Martin", PASSWORD)
    code = await code_for(issuer, "refresh@x.fr", PASSWORD)
    first = (await issuer.tokens(grant_type="authorization_code", code=code, code_verifier=VERIFIER)).json()
    second = await issuer.tokens(grant_type="refresh_token", refresh_token=first["refresh_token"])
    assert second.status_code == 200
    reused = await issuer.tokens(grant_type="refresh_token", refresh_token=first["refresh_token"])
    assert reused.json()["error"] == "invalid_grant"
    after = await issuer.tokens(grant_type="refresh_token", refresh_token=second.json()["refresh_token"])
    assert after.json()["error"] == "invalid_grant"


async def test_only_pkce_with_s256_and_a_post_of_the_form_give_a_code(issuer: IssuerServer) -> None:
    query = {"response_type": "code", "client_id": "crm-web", "redirect_uri": REDIRECT, "state": "s-1"}
    async with httpx.AsyncClient(trust_env=False) as http:
        plain = await http.get(
            f"{issuer.url}/authorize", params=query | {"code_challenge": "x", "code_challenge_method": "plain"}
        )
        assert parse_qs(urlsplit(plain.headers["location"]).query)["error"] == ["invalid_request"]
        challenge = {"code_challenge": "x", "code_challenge_method": "S256", "login_hint": FIRST_ACCOUNT}
        form = await http.get(f"{issuer.url}/authorize", params=query | challenge)
        assert (form.status_code, "password" in form.text, "<script" in form.text) == (200, True, False)
        assert "frame-ancestors 'none'" in form.headers["content-security-policy"]


async def test_user_info_and_logout(issuer: IssuerServer) -> None:
    issuer.accounts.add("info@x.fr", "Ana", "Martin", PASSWORD)
    code = await code_for(issuer, "info@x.fr", PASSWORD)
    tokens = (await issuer.tokens(grant_type="authorization_code", code=code, code_verifier=VERIFIER)).json()
    async with httpx.AsyncClient(trust_env=False) as http:
        bearer = {"authorization": f"Bearer {tokens['access_token']}"}
        assert (await http.get(f"{issuer.url}/userinfo", headers=bearer)).json()["email"] == "info@x.fr"
        assert (await http.get(f"{issuer.url}/userinfo")).status_code == 401
        await http.get(f"{issuer.url}/logout", params={"id_token_hint": tokens["id_token"]})
    ended = await issuer.tokens(grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    assert ended.json()["error"] == "invalid_grant"


def test_the_accounts_file_is_its_owners_and_holds_no_password(tmp_path: Path) -> None:
    accounts, password = Accounts.open(tmp_path)
    assert password is not None and len(password) >= 12
    assert Accounts.open(tmp_path)[1] is None
    assert accounts.path.stat().st_mode & 0o777 == 0o600
    assert password not in accounts.path.read_text()
    with pytest.raises(ValueError, match="12 characters"):
        accounts.add("short@x.fr", "Ana", "Martin", "short")
    with pytest.raises(ValueError, match="exists already"):
        accounts.add("a@x.fr", "Ana", "Martin", PASSWORD)
        accounts.add("a@x.fr", "Ana", "Martin", PASSWORD)
