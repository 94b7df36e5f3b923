"""Over the bridge's real HTTP: one route serves the accounts of all organisations."""

from collections.abc import AsyncIterator

import httpx
import pytest
from pydantic import ValidationError

from actors.payments.psp.stripe.simulator import StripeSimulator
from messages.values.identifiers import new_id
from runtime import clock
from runtime.bridge.server import create_server
from runtime.bridge.settings import BridgeSettings, WebhookRoute
from tests.actors.payments.psp.desk import CardDesk
from tests.bridge.conftest import free_socket, started
from tests.harness import Running


@pytest.fixture
async def web(running: Running) -> AsyncIterator[httpx.AsyncClient]:
    route = WebhookRoute(verified_by_actor=True, organisation_in_path=True)
    settings = BridgeSettings(actors=("payments",), webhooks={"payments/receive_psp_webhook": route})
    server = create_server(running.settings("bridge"), settings, "127.0.0.1", 0)
    listener = free_socket()
    serving = await started(server, listener)
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    async with httpx.AsyncClient(base_url=url, timeout=10, trust_env=False) as client:
        yield client
    server.should_exit = True
    await serving


async def test_a_provider_is_answered_as_it_wants(desk: CardDesk, web: httpx.AsyncClient) -> None:
    sent = desk.stripe.report("balance.available", {"object": "balance"}, clock.now())
    path = desk.account.webhook_path
    assert (await web.post(path, content=sent.body, headers=sent.headers)).status_code == 200
    assert (await web.post(path, content=sent.body, headers={"stripe-signature": "t=1,v1=0"})).status_code == 401
    again = desk.stripe.report("balance.available", {"object": "balance"}, clock.now())
    forged = StripeSimulator("whsec_other").report("balance.available", {}, clock.now())
    assert (await web.post(path, content=again.body, headers=forged.headers)).status_code == 401
    genuine = await web.post(path, content=again.body, headers=again.headers)
    assert genuine.status_code == 200, "a forged call before it must not have taken its place"


async def test_an_address_that_leads_nowhere_is_not_found(desk: CardDesk, web: httpx.AsyncClient) -> None:
    sent = desk.stripe.report("balance.available", {"object": "balance"}, clock.now())
    whole = desk.account.webhook_path
    for path in (
        whole[:-1] + "x",
        whole.replace(str(desk.tenant.id), str(new_id())),
        whole.replace(str(desk.tenant.id), "nobody"),
        "/webhooks/payments/receive_psp_webhook",
    ):
        assert (await web.post(path, content=sent.body, headers=sent.headers)).status_code in (400, 404)


def test_one_secret_cannot_serve_all_organisations() -> None:
    with pytest.raises(ValidationError, match="verified_by_actor"):
        WebhookRoute.model_validate({"secret": "s" * 16, "organisation_in_path": True})
