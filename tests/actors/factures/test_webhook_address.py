"""factures: over the bridge's real HTTP, one route takes the platforms' reports for all organisations."""

from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import httpx
import pytest

from actors.factures.platform.simulator import PlatformSimulator
from actors.factures.platform.webhooks import SIGNATURE, signature_of
from messages.values.identifiers import new_id
from runtime import clock
from runtime.bridge.server import create_server
from runtime.bridge.settings import BridgeSettings, WebhookRoute
from tests.actors.factures.platform_story import Story
from tests.bridge.conftest import free_socket, started
from tests.harness import Running, Tenant


@pytest.fixture
async def web(running: Running) -> AsyncIterator[httpx.AsyncClient]:
    route = WebhookRoute(verified_by_actor=True, organisation_in_path=True)
    settings = BridgeSettings(actors=("factures",), webhooks={"factures/receive_platform_webhook": route})
    server = create_server(running.settings("bridge"), settings, "127.0.0.1", 0)
    listener = free_socket()
    serving = await started(server, listener)
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    async with httpx.AsyncClient(base_url=url, timeout=10, trust_env=False) as client:
        yield client
    server.should_exit = True
    await serving


async def test_a_report_to_the_subscribed_address_is_a_reason_to_read(
    running: Running, tenant: Tenant, platform: PlatformSimulator, web: httpx.AsyncClient
) -> None:
    story = await Story(running, tenant, platform).connect()
    invoice = await story.issue("normal")
    platform.advance(story.now)
    (report,) = platform.webhooks
    address = urlsplit(platform.subscribed[-1]).path
    signed = {SIGNATURE: signature_of(platform.signing_key, int(clock.unix_now()), report.body)}
    forged = {SIGNATURE: signature_of("another key", int(clock.unix_now()), report.body)}
    nobodys = address.replace(str(tenant.id), str(new_id()))
    assert (await web.post(address, content=report.body, headers=forged)).status_code in (400, 401)
    assert (await web.post(nobodys, content=report.body, headers=signed)).status_code in (400, 401)
    answer = await web.post(address, content=report.body, headers=signed)
    assert (answer.status_code, answer.json()) == (200, {"accepted": True})
    await running.settled()
    assert (await story.read(invoice.invoice_id)).transmission_status == "DEPOSITED"
