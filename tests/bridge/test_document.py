"""The OpenAPI document: every request of the registry, typed, and nothing that is not served."""

from typing import Any

import httpx
from jsonschema import Draft202012Validator

from messages import registry
from messages.base import Access, Idempotency, Request
from messages.clients import GetClient, ListClients
from runtime.bridge.routes import Schemas, requests_served, routes_of
from tests.harness import Running, Tenant

_METHODS = {"get", "post"}


async def document(web: httpx.AsyncClient) -> dict[str, Any]:
    response = await web.get("/openapi.json")
    assert response.status_code == 200
    found: dict[str, Any] = response.json()
    return found


def references(node: Any) -> set[str]:
    if isinstance(node, dict):
        own = {node["$ref"]} if isinstance(node.get("$ref"), str) else set()
        return own.union(*(references(value) for value in node.values()))
    return set().union(*(references(value) for value in node)) if isinstance(node, list) else set()


async def test_every_public_request_is_described_and_no_internal_one(web: httpx.AsyncClient, running: Running) -> None:
    found = await document(web)
    assert found["openapi"].startswith("3.1")
    actors = running.installation.system.actors
    requests = [request for request in registry.all_requests() if request.contract.actor in actors]
    public = {
        f"/v1/{r.contract.actor}/{r.contract.name}": r for r in requests if r.contract.access is not Access.INTERNAL
    }
    described = {path for path in found["paths"] if path.startswith("/v1/")} - {"/v1/events"}
    assert described == public.keys()
    for path, request in public.items():
        operation = found["paths"][path]["post"]
        assert operation["tags"] == [request.contract.actor]
        assert operation.get("x-permission") == request.contract.permission
        assert (request.__doc__ or "").split("\n")[0] in operation["description"]
        if request.contract.permission:
            assert request.contract.permission in operation["description"]
        keyed = "#/components/parameters/RequiredIdempotencyKey" in references(operation)
        assert keyed is (request.contract.idempotency is Idempotency.REQUIRED)


async def test_operation_ids_are_the_request_names_and_unique(web: httpx.AsyncClient) -> None:
    found = await document(web)
    ids = [
        operation["operationId"]
        for path in found["paths"].values()
        for method, operation in path.items()
        if method in _METHODS
    ]
    assert len(ids) == len(set(ids))
    assert {"get_client", "get_client_by_query", "create_client", "follow_events"} <= set(ids)


async def test_every_reference_resolves_and_every_component_is_a_valid_schema(web: httpx.AsyncClient) -> None:
    found = await document(web)
    for reference in references(found):
        node: Any = found
        for part in reference.removeprefix("#/").split("/"):
            node = node[part]
    for schema in found["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


async def test_a_reply_and_a_problem_fit_their_described_schemas(web: httpx.AsyncClient, tenant: Tenant) -> None:
    found = await document(web)

    def check(content: Any, schema: dict[str, Any]) -> None:
        Draft202012Validator({**schema, "components": found["components"]}).validate(content)

    headers = {"authorization": f"Bearer {tenant.token()}"}
    body = {"given_name": "Anne", "family_name": "Martin", "emails": ["a@example.fr"]}
    path = found["paths"]["/v1/clients/create_client"]["post"]
    check(body, path["requestBody"]["content"]["application/json"]["schema"])
    created = await web.post("/v1/clients/create_client", json=body, headers=headers)
    check(created.json(), path["responses"]["200"]["content"]["application/json"]["schema"])
    refused = await web.post("/v1/clients/create_client", json={}, headers=headers)
    problem = found["components"]["responses"]["Problem"]["content"]["application/problem+json"]["schema"]
    check(refused.json(), problem)


async def test_only_queries_of_plain_values_can_be_asked_by_get(web: httpx.AsyncClient) -> None:
    found = await document(web)
    assert "get" not in found["paths"]["/v1/clients/create_client"]
    parameters = {
        parameter["name"]: parameter
        for parameter in found["paths"]["/v1/clients/list_clients"]["get"]["parameters"]
        if "name" in parameter
    }
    assert parameters["status_category"]["schema"]["type"] == "array"
    assert parameters["company_id"]["schema"]["format"] == "uuid"
    assert not parameters["company_id"]["required"]


def test_names_of_two_actors_are_told_apart() -> None:
    requests: list[type[Request[Any]]] = [GetClient, ListClients]
    schemas = Schemas(requests)
    routes = routes_of([*requests, *requests[:1]], schemas)
    assert routes["clients", "get_client"].operation_id == "clients_get_client"
    assert routes["clients", "list_clients"].operation_id == "list_clients"
    assert routes["clients", "list_clients"].parameters is not None
    assert routes["clients", "list_clients"].parameters["type"] == "list"
    assert all(request.contract.access is not Access.INTERNAL for request in requests_served(()))
