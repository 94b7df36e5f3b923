"""Requests over HTTP: what goes through, what comes back, and how a refusal looks."""

import asyncio
from uuid import uuid4

import httpx

from runtime import clock
from tests.harness import Running, Tenant

PERSON = {"given_name": "JEAN-PIERRE", "family_name": "DE LA TOUR", "emails": ["jp@example.fr"]}


def signed(tenant: Tenant, **more: str) -> dict[str, str]:
    return {"authorization": f"Bearer {tenant.token()}"} | {
        name.replace("_", "-"): value for name, value in more.items()
    }


async def created(web: httpx.AsyncClient, tenant: Tenant, **changes: object) -> dict[str, object]:
    response = await web.post("/v1/clients/create_client", json=PERSON | changes, headers=signed(tenant))
    assert response.status_code == 200, response.text
    found: dict[str, object] = response.json()
    return found


def problem(response: httpx.Response, status: int, code: str) -> dict[str, object]:
    assert (response.status_code, response.headers["content-type"]) == (status, "application/problem+json"), (
        response.text
    )
    body: dict[str, object] = response.json()
    assert (body["type"], body["status"], body["code"]) == (f"urn:crm:problem:{code}", status, code)
    assert body["title"] and body["request_id"] == response.headers["x-request-id"]
    return body


async def test_a_client_is_created_read_and_listed_over_http(web: httpx.AsyncClient, tenant: Tenant) -> None:
    client = await created(web, tenant)
    assert client["display_name"] == "Jean-Pierre de La Tour"
    read = await web.post("/v1/clients/get_client", json={"client_id": client["id"]}, headers=signed(tenant))
    assert read.json() == client
    assert (
        await web.get("/v1/clients/get_client", params={"client_id": str(client["id"])}, headers=signed(tenant))
    ).json() == client
    listed = await web.get("/v1/clients/list_clients", headers=signed(tenant))
    assert [item["id"] for item in listed.json()["items"]] == [client["id"]]


async def test_query_parameters_carry_numbers_flags_and_lists(web: httpx.AsyncClient, tenant: Tenant) -> None:
    for name in ("Martin", "Bernard", "Petit"):
        await created(web, tenant, family_name=name)
    asked = {"limit": "2", "descending": "false", "sort_by": "display_name", "company_id": str(tenant.company_id)}
    first = (await web.get("/v1/clients/list_clients", params=asked, headers=signed(tenant))).json()
    more = asked | {"cursor": first["next_cursor"]}
    rest = (await web.get("/v1/clients/list_clients", params=more, headers=signed(tenant))).json()
    names = [item["display_name"].split()[-1] for item in (*first["items"], *rest["items"])]
    assert (names, rest["next_cursor"]) == (["Bernard", "Martin", "Petit"], None)
    repeated = {"status_category": ["PROSPECT", "FRIEND"]}
    refused = await web.get("/v1/clients/list_clients", params=repeated, headers=signed(tenant))
    assert problem(refused, 422, "VALIDATION_FAILED")["fields"][0]["field"] == "status_category.1"  # type: ignore[index]


async def test_wrong_parameters_are_refused_field_by_field(web: httpx.AsyncClient, tenant: Tenant) -> None:
    refused = await web.get(
        "/v1/clients/list_clients", params={"limit": "many", "colour": "red"}, headers=signed(tenant)
    )
    body = problem(refused, 422, "VALIDATION_FAILED")
    assert {field["field"] for field in body["fields"]} == {"limit", "colour"}  # type: ignore[attr-defined]
    twice = await web.get("/v1/clients/list_clients", params=[("limit", "1"), ("limit", "2")], headers=signed(tenant))
    assert problem(twice, 422, "VALIDATION_FAILED")["fields"][0]["rule"] == "repeated"  # type: ignore[index]


async def test_an_actors_own_code_keeps_its_parents_status(web: httpx.AsyncClient, tenant: Tenant) -> None:
    refused = await web.post("/v1/clients/get_client", json={"client_id": str(uuid4())}, headers=signed(tenant))
    assert problem(refused, 404, "CLIENT_NOT_FOUND")["parent"] == "NOT_FOUND"


async def test_without_a_valid_token_nothing_is_answered(web: httpx.AsyncClient, tenant: Tenant) -> None:
    anonymous = await web.post("/v1/clients/list_clients", json={})
    problem(anonymous, 401, "UNAUTHORIZED")
    assert anonymous.headers["www-authenticate"] == "Bearer"
    forged = await web.get("/v1/clients/list_clients", headers={"authorization": "Bearer eyJ.nonsense.x"})
    problem(forged, 401, "UNAUTHORIZED")
    reader = {"authorization": f"Bearer {tenant.token('clients:client:read')}"}
    refused = await web.post("/v1/clients/create_client", json=PERSON, headers=reader)
    assert problem(refused, 403, "PERMISSION_MISSING")["required_permission"] == "clients:client:write"


async def test_another_organisation_cannot_be_chosen(
    web: httpx.AsyncClient, tenant: Tenant, other_tenant: Tenant
) -> None:
    found = signed(tenant, x_organisation_id=str(other_tenant.id))
    problem(await web.get("/v1/clients/list_clients", headers=found), 403, "TENANT_SCOPE_VIOLATION")
    own = await web.get("/v1/clients/list_clients", headers=signed(tenant, x_organisation_id=str(tenant.id)))
    assert own.status_code == 200


async def test_the_same_key_returns_the_first_reply_and_says_so(web: httpx.AsyncClient, tenant: Tenant) -> None:
    found = signed(tenant, idempotency_key=str(uuid4()))
    first = await web.post("/v1/clients/create_client", json=PERSON, headers=found)
    again = await web.post("/v1/clients/create_client", json=PERSON, headers=found)
    assert "idempotency-replayed" not in first.headers
    assert (again.headers["idempotency-replayed"], again.content) == ("true", first.content)
    other = await web.post("/v1/clients/create_client", json=PERSON | {"given_name": "Paul"}, headers=found)
    problem(other, 422, "IDEMPOTENCY_CONFLICT")
    keyless = await web.post("/v1/identity/create_organisation", json={"name": "Sans clé"}, headers=signed(tenant))
    problem(keyless, 400, "IDEMPOTENCY_KEY_REQUIRED")


async def test_an_etag_guards_the_next_change(web: httpx.AsyncClient, tenant: Tenant) -> None:
    client = await created(web, tenant)
    read = await web.get("/v1/clients/get_client", params={"client_id": str(client["id"])}, headers=signed(tenant))
    assert read.headers["etag"] == '"1"'
    change = {"client_id": client["id"], "family_name": "Martin"}
    guarded = signed(tenant, if_match=read.headers["etag"])
    changed = await web.post("/v1/clients/update_client", json=change, headers=guarded)
    assert (changed.headers["etag"], changed.json()["version"]) == ('"2"', 2)
    stale = await web.post("/v1/clients/update_client", json=change, headers=guarded)
    assert problem(stale, 409, "VERSION_CONFLICT")["details"]["actual"] == 2  # type: ignore[index]
    contradiction = await web.post("/v1/clients/update_client", json=change | {"expected_version": 2}, headers=guarded)
    assert problem(contradiction, 422, "VALIDATION_FAILED")["fields"][0]["rule"] == "contradiction"  # type: ignore[index]
    vague = await web.post("/v1/clients/update_client", json=change, headers=signed(tenant, if_match="*"))
    problem(vague, 422, "VALIDATION_FAILED")
    useless = await web.post("/v1/clients/create_client", json=PERSON, headers=guarded)
    problem(useless, 422, "VALIDATION_FAILED")


async def test_a_correlation_is_carried_into_the_events(
    web: httpx.AsyncClient, running: Running, tenant: Tenant
) -> None:
    correlation = f"order-{uuid4()}"
    response = await web.post(
        "/v1/clients/create_client", json=PERSON, headers=signed(tenant, x_correlation_id=correlation)
    )
    assert response.headers["x-correlation-id"] == correlation
    await running.settled()
    stated = await running.events("client.created", tenant.id)
    assert [headers["ce-crmcorrelation"] for headers, _ in stated] == [correlation]
    blank = await web.get("/v1/clients/list_clients", headers=signed(tenant, x_correlation_id="two words"))
    problem(blank, 422, "VALIDATION_FAILED")


async def test_titles_follow_the_callers_language(web: httpx.AsyncClient, tenant: Tenant) -> None:
    asked = {"client_id": str(uuid4())}
    french = await web.post("/v1/clients/get_client", json=asked, headers=signed(tenant))
    english = await web.post(
        "/v1/clients/get_client", json=asked, headers=signed(tenant, accept_language="en-GB,fr;q=0.5")
    )
    assert (french.json()["title"], english.json()["title"]) == ("Client introuvable", "Client not found")


async def test_simulated_time_travels_with_the_request(web: httpx.AsyncClient, tenant: Tenant) -> None:
    response = await web.post(
        "/v1/clients/create_client", json=PERSON, headers=signed(tenant, crm_time="2031-05-06T07:08:09.000000Z")
    )
    assert response.json()["created_at"].startswith("2031-05-06T07:08:09")


async def test_unknown_addresses_and_methods_are_problems(web: httpx.AsyncClient, tenant: Tenant) -> None:
    problem(await web.get("/nowhere"), 404, "NOT_FOUND")
    problem(await web.post("/v1/clients/paint_client", json={}), 404, "NOT_FOUND")
    internal = await web.post("/v1/identity/get_signing_keys", json={}, headers=signed(tenant))
    problem(internal, 404, "NOT_FOUND")
    command = await web.get("/v1/clients/create_client", headers=signed(tenant))
    problem(command, 405, "NOT_FOUND")
    assert command.headers["allow"] == "POST"
    problem(await web.delete("/v1/clients/get_client"), 405, "NOT_FOUND")


async def test_a_body_above_the_limit_is_refused_unread(web: httpx.AsyncClient, tenant: Tenant) -> None:
    large = b'{"given_name":"' + b"x" * 512 * 1024 + b'"}'
    problem(
        await web.post("/v1/clients/create_client", content=large, headers=signed(tenant)), 413, "VALIDATION_FAILED"
    )

    async def chunks() -> object:
        for _ in range(9):
            yield b"x" * 64 * 1024

    streamed = await web.post("/v1/clients/create_client", content=chunks(), headers=signed(tenant))  # type: ignore[arg-type]
    problem(streamed, 413, "VALIDATION_FAILED")
    broken = await web.post("/v1/clients/create_client", content=b'{"given_name":', headers=signed(tenant))
    problem(broken, 422, "VALIDATION_FAILED")


async def test_only_listed_origins_may_call_and_every_response_is_protected(
    web: httpx.AsyncClient, tenant: Tenant
) -> None:
    asked = {"access-control-request-method": "POST", "access-control-request-headers": "authorization,if-match"}
    allowed = await web.options("/v1/clients/get_client", headers=asked | {"origin": "https://ui.example"})
    assert allowed.headers["access-control-allow-origin"] == "https://ui.example"
    foreign = await web.options("/v1/clients/get_client", headers=asked | {"origin": "https://evil.example"})
    assert "access-control-allow-origin" not in foreign.headers
    response = await web.get("/v1/clients/list_clients", headers=signed(tenant))
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["cache-control"] == "no-store"
    assert "server" not in response.headers


async def test_a_stopped_actor_is_unavailable_at_once_and_returns(
    web: httpx.AsyncClient, running: Running, tenant: Tenant
) -> None:
    await web.get("/healthz")
    await running.stop_actor("clients")
    try:
        started = clock.monotonic()
        refused = await web.get("/v1/clients/list_clients", headers=signed(tenant))
        elapsed = clock.monotonic() - started
        assert problem(refused, 503, "ACTOR_UNAVAILABLE")["retriable"] is True
        assert refused.headers["retry-after"] == "1"
        assert elapsed < 0.2, elapsed
        assert (await web.get("/v1/identity/get_organisation", headers=signed(tenant))).status_code == 200
    finally:
        await running.start_actor("clients")
    assert (await web.get("/v1/clients/list_clients", headers=signed(tenant))).status_code == 200


async def test_many_requests_at_once_all_get_their_own_reply(web: httpx.AsyncClient, tenant: Tenant) -> None:
    clients = await asyncio.gather(*(created(web, tenant, family_name=f"Nom {letter}") for letter in "abcdefghij"))
    assert [str(client["display_name"])[-1].lower() for client in clients] == list("abcdefghij")
