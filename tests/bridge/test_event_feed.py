"""The live feed: complete, in order, resumable, and never another organisation's."""

import asyncio
import socket
from uuid import uuid4

import httpx
import pytest

from messages.clients import CreateClient
from runtime import clock
from runtime.bridge.server import create_server
from runtime.bridge.settings import BridgeSettings
from tests.bridge.conftest import free_socket, started
from tests.bridge.feed import listening
from tests.harness import Running, Tenant, eventually


def person(name: str) -> CreateClient:
    return CreateClient.model_validate(
        {"given_name": "Anne", "family_name": name, "emails": (f"{uuid4().hex}@example.fr",)}
    )


async def create(tenant: Tenant, *names: str) -> list[str]:
    return [str((await tenant.client.call(person(name))).id) for name in names]


async def test_events_arrive_live_as_cloud_events(web: httpx.AsyncClient, tenant: Tenant) -> None:
    async with listening(web, tenant.token()) as feed:
        assert feed.response.headers["content-type"].startswith("text/event-stream")
        (client_id,) = await create(tenant, "Martin")
        frame = await feed.next()
    assert (frame.event, frame.data["type"], frame.data["subject"]) == ("client.created", "client.created", client_id)
    assert (frame.data["source"], frame.data["crmversion"]) == ("clients", "1")
    assert frame.data["data"]["display_name"] == "Anne Martin"
    assert int(frame.id) > 0


async def test_a_feed_resumes_after_the_last_event_without_loss_or_repetition(
    web: httpx.AsyncClient, tenant: Tenant
) -> None:
    async with listening(web, tenant.token(), "client.*") as feed:
        expected = await create(tenant, "Un", "Deux", "Trois")
        seen = [(await feed.next()).data["subject"] for _ in range(2)]
        position = feed.last_id
    expected += await create(tenant, "Quatre", "Cinq")
    async with listening(web, tenant.token(), "client.*", after=position) as feed:
        seen += [(await feed.next()).data["subject"] for _ in range(3)]
        expected += await create(tenant, "Six")
        seen.append((await feed.next()).data["subject"])
    assert seen == expected


async def test_a_feed_that_saw_nothing_yet_resumes_from_its_beginning(web: httpx.AsyncClient, tenant: Tenant) -> None:
    async with listening(web, tenant.token()) as feed:
        position = feed.last_id
    (client_id,) = await create(tenant, "Martin")
    async with listening(web, tenant.token(), after=position) as feed:
        assert (await feed.next()).data["subject"] == client_id


async def test_a_long_absence_is_caught_up_in_order(web: httpx.AsyncClient, running: Running, tenant: Tenant) -> None:
    async with listening(web, tenant.token(), "client.created") as feed:
        position = feed.last_id
    expected: set[str] = set()
    for _ in range(15):
        expected.update(*await asyncio.gather(*(create(tenant, f"Nom {letter}") for letter in "abcdefghijklmnopqrst")))
    await running.settled()
    async with listening(web, tenant.token(), "client.created", after=position) as feed:
        frames = [await feed.next() for _ in range(300)]
    assert {frame.data["subject"] for frame in frames} == expected
    ids = [int(frame.id) for frame in frames]
    assert ids == sorted(set(ids))


async def test_another_organisations_events_are_never_seen(
    web: httpx.AsyncClient, tenant: Tenant, other_tenant: Tenant
) -> None:
    async with listening(web, tenant.token()) as feed:
        await create(other_tenant, "Autre")
        (own,) = await create(tenant, "Martin")
        await create(other_tenant, "Autre")
        frames = [await feed.next()]
        (later,) = await create(tenant, "Durand")
        frames.append(await feed.next())
    assert [frame.data["subject"] for frame in frames] == [own, later]
    assert {frame.data["crmorganisation"] for frame in frames} == {str(tenant.id)}
    refused = await web.get(
        "/v1/events",
        headers={"authorization": f"Bearer {tenant.token()}", "x-organisation-id": str(other_tenant.id)},
    )
    assert (refused.status_code, refused.json()["code"]) == (403, "TENANT_SCOPE_VIOLATION")


async def test_a_filter_gives_only_the_types_asked_for(
    web: httpx.AsyncClient, running: Running, tenant: Tenant
) -> None:
    async with listening(
        web, tenant.token(), "client.archived", "client.created", "client.*", "organisation.*"
    ) as feed:
        await create(tenant, "Martin")
        assert (await feed.next()).event == "client.created"
    await running.settled()
    for wrong in ("client", "client.painted", "*.*", ">", "client.created.x"):
        found = {"authorization": f"Bearer {tenant.token()}"}
        refused = await web.get("/v1/events", params={"types": wrong}, headers=found)
        assert refused.json()["code"] == "VALIDATION_FAILED", wrong


async def test_personal_data_needs_the_right_to_read_the_aggregate(web: httpx.AsyncClient, tenant: Tenant) -> None:
    stranger, reader = tenant.token("calendar:event:read"), tenant.token("clients:client:read")
    async with listening(web, stranger) as blind, listening(web, reader) as seeing:
        (client_id,) = await create(tenant, "Martin")
        hidden, shown = await blind.next(), await seeing.next()
    assert hidden.data["subject"] == shown.data["subject"] == client_id
    assert "data" not in hidden.data
    assert shown.data["data"]["family_name"] == "Martin"


async def test_a_token_limited_to_companies_sees_the_data_of_these_only(web: httpx.AsyncClient, tenant: Tenant) -> None:
    elsewhere = tenant.token(company_ids=(uuid4(),))
    here = tenant.token(company_ids=(tenant.company_id,))
    async with listening(web, elsewhere) as limited, listening(web, here) as at_home:
        await create(tenant, "Martin")
        assert "data" not in (await limited.next()).data
        assert "data" in (await at_home.next()).data


async def test_a_feed_needs_a_token_and_a_position_that_exists(web: httpx.AsyncClient, tenant: Tenant) -> None:
    assert (await web.get("/v1/events")).json()["code"] == "UNAUTHORIZED"
    found = {"authorization": f"Bearer {tenant.token()}"}
    for wrong in ("yesterday", "-1", "999999999999"):
        refused = await web.get("/v1/events", headers=found | {"last-event-id": wrong})
        assert (refused.status_code, refused.json()["code"]) == (422, "VALIDATION_FAILED")
    homeless = {"authorization": f"Bearer {tenant.running.token(None)}"}
    assert (await web.get("/v1/events", headers=homeless)).json()["code"] == "TENANT_SCOPE_VIOLATION"


async def test_a_feed_ends_with_its_token(web: httpx.AsyncClient, tenant: Tenant) -> None:
    started_at = clock.monotonic()
    async with listening(web, tenant.token(life_seconds=-4)) as feed:
        with pytest.raises(EOFError):
            await feed.next()
    assert clock.monotonic() - started_at < 3
    expired = await web.get("/v1/events", headers={"authorization": f"Bearer {tenant.token(life_seconds=-6)}"})
    assert expired.json()["code"] == "SESSION_EXPIRED"


async def test_one_user_may_open_so_many_feeds_and_no_more(web: httpx.AsyncClient, tenant: Tenant) -> None:
    token = tenant.token(user_id=uuid4())
    found = {"authorization": f"Bearer {token}"}
    async with listening(web, token), listening(web, token):
        refused = await web.get("/v1/events", headers=found)
        assert (refused.status_code, refused.json()["code"]) == (429, "RATE_LIMITED")
        assert int(refused.headers["retry-after"]) > 0

    async def may_open() -> bool:
        async with web.stream("GET", "/v1/events", headers=found) as response:
            return response.status_code == 200

    await eventually(may_open)


async def test_a_listener_that_stops_reading_is_cut_off_while_others_go_on(
    running: Running, tenant: Tenant, web: httpx.AsyncClient
) -> None:
    settings = BridgeSettings(actors=tuple(running.installation.system.actors), stalled_seconds=0.3)
    server = create_server(running.settings("bridge"), settings, "127.0.0.1", 0)
    listener = free_socket()
    # Small buffers on both sides: otherwise the kernel reads megabytes on behalf of a client that sleeps.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    task = await started(server, listener)
    slow = socket.socket()
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    slow.setblocking(False)
    loop = asyncio.get_running_loop()
    try:
        await loop.sock_connect(slow, listener.getsockname())
        asked = f"GET /v1/events HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {tenant.token()}\r\n\r\n"
        await loop.sock_sendall(slow, asked.encode())
        assert b"200 OK" in await loop.sock_recv(slow, 64)
        feed = server.config.app.state.feed  # type: ignore[union-attr]
        async with listening(web, tenant.token(), "client.created") as quick:
            while feed.open_streams:
                await asyncio.gather(*(create(tenant, f"Nom {letter}" * 20) for letter in "abcdefghij"))
                assert (await quick.next()).event == "client.created"
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        async with httpx.AsyncClient(base_url=address, trust_env=False) as observer:
            assert 'crm_bridge_streams_cut_total{reason="stalled"} 1.0' in (await observer.get("/metrics")).text
    finally:
        slow.close()
        server.should_exit = True
        await task


async def test_a_bridge_that_stops_ends_its_feeds_in_good_order(running: Running, tenant: Tenant) -> None:
    settings = BridgeSettings(actors=tuple(running.installation.system.actors))
    server = create_server(running.settings("bridge"), settings, "127.0.0.1", 0)
    listener = free_socket()
    task = await started(server, listener)
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    async with httpx.AsyncClient(base_url=address, trust_env=False) as web, listening(web, tenant.token()) as feed:
        server.should_exit = True
        with pytest.raises(EOFError):
            await feed.next()
    async with asyncio.timeout(5):
        await task


@pytest.mark.restarts_servers
async def test_a_restart_of_nats_costs_no_event_and_doubles_none(
    web: httpx.AsyncClient, running: Running, tenant: Tenant
) -> None:
    async with listening(web, tenant.token(), "client.created") as feed:
        expected = await create(tenant, "Avant")
        seen = [(await feed.next()).data["subject"]]
        await asyncio.to_thread(running.installation.nats.restart)

        async def connected() -> bool:
            return bool(tenant.client.connection.is_connected) and (await web.get("/readyz")).status_code == 200

        await eventually(connected, 20)
        expected += await create(tenant, "Après")
        with pytest.raises(EOFError):
            await feed.next()
    async with listening(web, tenant.token(), "client.created", after=feed.last_id) as resumed:
        seen.append((await resumed.next()).data["subject"])
    assert seen == expected
