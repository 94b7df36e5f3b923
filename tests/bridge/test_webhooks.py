"""Webhooks: only a signature that fits, only for a while, and never lost because an actor is down."""

import asyncio
import json

import httpx
import nats
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from starlette.requests import Request

from messages import registry
from messages.base import NIL_ORGANISATION
from messages.problem import Refused
from runtime import clock
from runtime.bridge.routes import load_messages
from runtime.bridge.settings import BridgeSettings, WebhookRoute
from runtime.bridge.webhooks import TOLERANCE_SECONDS, Webhook, check_signature, configured, signature_of
from tests.bridge.feed import WEBHOOK_SECRET
from tests.harness import Running

PATH = "/webhooks/identity/get_signing_keys"


@given(body=st.binary(max_size=200), sent=st.integers(0, 10**10), late=st.integers(-400, 400))
def test_a_signature_holds_for_its_body_and_for_five_minutes(body: bytes, sent: int, late: int) -> None:
    signature = signature_of(WEBHOOK_SECRET, sent, body)
    if abs(late) <= TOLERANCE_SECONDS:
        check_signature(signature, WEBHOOK_SECRET, body, sent + late)
    else:
        with pytest.raises(Refused, match="away"):
            check_signature(signature, WEBHOOK_SECRET, body, sent + late)


@given(body=st.binary(max_size=50), other=st.binary(max_size=50), junk=st.text(max_size=40))
def test_nothing_else_passes(body: bytes, other: bytes, junk: str) -> None:
    wrong = [None, junk, signature_of("another secret, long enough", 1000, body)]
    wrong += [signature_of(WEBHOOK_SECRET, 1000, other)] if other != body else []
    for signature in wrong:
        with pytest.raises(Refused):
            check_signature(signature, WEBHOOK_SECRET, body, 1000)


def test_the_signature_is_hmac_sha_256_over_time_dot_body() -> None:
    """Golden value computed with OpenSSL: printf '1700000000.{}' | openssl dgst -sha256 -hmac secret."""
    expected = "b8569b78799ff9e3cbff0fc2d63a33a2b57f3282abd07c37ae5e8e7d79a5f163"
    assert signature_of("secret", 1700000000, b"{}") == f"t=1700000000,v1={expected}"


def test_a_route_is_refused_at_start_unless_the_request_names_the_bridge() -> None:
    load_messages(("identity",))
    route = WebhookRoute.model_validate({"secret": WEBHOOK_SECRET})
    assert registry.request_for("crm.identity.get_signing_keys") is not None
    assert list(configured({"identity/get_signing_keys/acme": route})) == ["identity/get_signing_keys/acme"]
    for path in ("identity/get_organisation", "identity/paint", "nobody/get_signing_keys"):
        with pytest.raises(ValueError, match="names the bridge"):
            configured({path: route})
    with pytest.raises(ValueError, match="raw body"):
        configured({"identity/get_signing_keys": WebhookRoute(verified_by_actor=True)})


def test_a_route_says_who_verifies_it() -> None:
    with pytest.raises(ValidationError, match="verified_by_actor"):
        BridgeSettings.model_validate({"webhooks": {"a/b": {}}})
    with pytest.raises(ValidationError, match="16"):
        BridgeSettings.model_validate({"webhooks": {"a/b": {"secret": "short"}}})


def signed(body: bytes, age: float = 0.0) -> dict[str, str]:
    return {"x-signature": signature_of(WEBHOOK_SECRET, int(clock.unix_now() - age), body)}


async def test_a_signed_call_reaches_the_actor(web: httpx.AsyncClient) -> None:
    accepted = await web.post(PATH, content=b"{}", headers=signed(b"{}"))
    assert (accepted.status_code, accepted.json()) == (200, {"accepted": True})
    refused = await web.post(PATH, content=b'{"unknown":1}', headers=signed(b'{"unknown":1}'))
    assert (refused.status_code, refused.json()["code"]) == (422, "VALIDATION_FAILED")


async def test_an_unsigned_old_or_altered_call_is_refused(web: httpx.AsyncClient) -> None:
    for headers in ({}, signed(b"{}", age=301), signed(b"{} ")):
        refused = await web.post(PATH, content=b"{}", headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (401, "UNAUTHORIZED")
    unknown = await web.post(f"{PATH}/more", content=b"{}", headers=signed(b"{}"))
    assert unknown.json()["code"] == "NOT_FOUND"


async def outcomes_of(running: Running, command_id: str) -> list[str]:
    """What was said of a command, once anything was."""
    async with asyncio.timeout(10):
        while True:
            found = [
                fact
                for fact in ("command.accepted", "command.refused")
                for headers, _ in await running.events(fact, NIL_ORGANISATION)
                if headers["ce-subject"] == command_id
            ]
            if found:
                return found
            await asyncio.sleep(0.05)


async def test_a_call_for_a_stopped_actor_is_kept_as_a_durable_command(
    web: httpx.AsyncClient, running: Running
) -> None:
    provisioner = await nats.connect(
        running.installation.nats.url,
        nkeys_seed_str=running.installation.nats_keys["provisioner"][0],
        inbox_prefix=b"_INBOX_provisioner",
    )
    await running.stop_actor("identity")
    try:
        before = (await provisioner.jsm().stream_info("CRM_COMMANDS")).state.last_seq
        kept = await web.post(PATH, content=b"{}", headers=signed(b"{}"))
        again = await web.post(PATH, content=b"{}", headers=signed(b"{}"))
        assert (kept.status_code, kept.json(), again.status_code) == (202, {"accepted": True}, 202)
        stored = await provisioner.jsm().get_msg("CRM_COMMANDS", before + 1)
        assert (stored.subject, json.loads(stored.data or b"")) == ("crm.webhooks.identity.get_signing_keys", {})
        assert (await provisioner.jsm().stream_info("CRM_COMMANDS")).state.last_seq == before + 1
        command_id = (stored.headers or {})["Nats-Msg-Id"]
    finally:
        await running.start_actor("identity")
    try:
        outcomes = await outcomes_of(running, command_id)
        assert outcomes == ["command.accepted"], "the actor runs it with the bridge's right once it is back"
    finally:
        await provisioner.close()


def test_a_raw_body_is_wrapped_with_the_headers_its_signature_needs() -> None:
    scope = {
        "type": "http",
        "headers": [(b"stripe-signature", b"v1=abc"), (b"authorization", b"Bearer x"), (b"content-type", b"text/xml")],
        "client": ("203.0.113.7", 1),
    }
    contract = registry.all_requests()[0].contract
    fields = frozenset({"provider", "headers", "raw_body", "path_token"})
    webhook = Webhook(WebhookRoute(verified_by_actor=True), contract, fields, ("stripe", "account"))
    assert json.loads(webhook.body(b"<a/>", Request(scope))) == {
        "provider": "stripe",
        "raw_body": "PGEvPg==",
        "headers": {"stripe-signature": "v1=abc", "content-type": "text/xml"},
    }
    assert Webhook(webhook.route, contract, frozenset({"outcome"}), ()).body(b"{}", Request(scope)) == b"{}"
    of_all = Webhook(webhook.route, contract, frozenset({"provider", "raw_body"}), ())
    assert json.loads(of_all.body(b"<a/>", Request(scope), ("SIM",)))["provider"] == "SIM"


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRM_BRIDGE_CORS_ORIGINS", "https://a.example, https://b.example")
    monkeypatch.setenv("CRM_BRIDGE_WEBHOOKS", json.dumps({"a/b/c": {"secret": WEBHOOK_SECRET}}))
    monkeypatch.setenv("CRM_BRIDGE_PORT", "9090")
    settings = BridgeSettings()
    assert (settings.cors_origins, settings.port) == (("https://a.example", "https://b.example"), 9090)
    assert WEBHOOK_SECRET not in repr(settings)
    for name, value in {"CORS_ORIGINS": "*", "ACTORS": "clients,nobody"}.items():
        monkeypatch.setenv(f"CRM_BRIDGE_{name}", value)
        with pytest.raises(ValidationError):
            BridgeSettings()
        monkeypatch.delenv(f"CRM_BRIDGE_{name}")


async def test_machine_tokens_are_offered_only_where_identity_issues_them(web: httpx.AsyncClient) -> None:
    form = {"grant_type": "client_credentials", "client_id": "erp", "client_secret": "wrong"}
    answer = await web.post("/oauth/token", data=form)
    known = registry.request_for("crm.identity.issue_machine_token") is not None
    assert answer.status_code == (401 if known else 404)
