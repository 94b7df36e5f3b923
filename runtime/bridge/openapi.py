"""OpenAPI 3.1 of the bridge: every public request with its types, made from the same registry as the routes."""

from collections.abc import Iterable
from typing import Any

from messages.base import Access, Idempotency, RequestContract
from messages.problem import Problem
from runtime.bridge.problems import MEDIA_TYPE
from runtime.bridge.routes import Route, Schemas

_PROBLEM = {"$ref": "#/components/responses/Problem"}
_TOKEN = "contextToken"


def _header(name: str, description: str, *, required: bool = False, schema: dict[str, Any] | None = None) -> Any:
    return {
        "name": name,
        "in": "header",
        "required": required,
        "description": description,
        "schema": schema or {"type": "string"},
    }


_HEADERS: dict[str, Any] = {
    "IdempotencyKey": _header(
        "Idempotency-Key", "One per intent of the user; the same key and body return the first reply again."
    ),
    "RequiredIdempotencyKey": _header(
        "Idempotency-Key",
        "Required here: one per intent of the user; the same key and body return the first reply again.",
        required=True,
    ),
    "IfMatch": _header("If-Match", 'The ETag last read, such as "3"; fills expected_version when the body has none.'),
    "CorrelationId": _header(
        "X-Correlation-Id",
        "Carried by everything that follows from this request.",
        schema={"type": "string", "maxLength": 128},
    ),
    "OrganisationId": _header(
        "X-Organisation-Id", "Must be the token's organisation.", schema={"type": "string", "format": "uuid"}
    ),
    "AcceptLanguage": _header("Accept-Language", "Language of problem titles: fr (default) or en."),
}
_COMMON = ("CorrelationId", "OrganisationId", "AcceptLanguage")


def add_requests(document: dict[str, Any], routes: Iterable[Route], schemas: Schemas) -> dict[str, Any]:
    """The document with paths and components of all routes added."""
    components = document.setdefault("components", {})
    components.setdefault("schemas", {}).update(schemas.definitions)
    components["parameters"] = _HEADERS
    components["responses"] = {"Problem": _problem_response(schemas)}
    components["securitySchemes"] = {
        _TOKEN: {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "A context token of identity.",
        }
    }
    actors = set()
    for route in routes:
        actors.add(route.contract.actor)
        path = {"post": _post(route, schemas)}
        if route.parameters is not None:
            path["get"] = _get(route, schemas)
        document["paths"][route.path] = path
    document["paths"]["/v1/events"] = {"get": _feed()}
    document["tags"] = [{"name": actor, "description": f"Requests of the actor {actor}."} for actor in sorted(actors)]
    return document


def _feed() -> dict[str, Any]:
    """The live feed; its frames are CloudEvents, described by the AsyncAPI documents of the actors."""
    types = {"type": "array", "items": {"type": "string"}, "maxItems": 50}
    return {
        "operationId": "follow_events",
        "summary": "The organisation's events as they happen.",
        "description": (
            "Server-Sent Events: `id` is the stream sequence, `event` the type, `data` a CloudEvent whose `data` is left "
            "out where the token may not read it. Resumes after `Last-Event-ID`; `feed.gap` says that older events are "
            "gone. The stream ends with the token."
        ),
        "tags": ["events"],
        "security": [{_TOKEN: []}],
        "parameters": [
            {
                "name": "types",
                "in": "query",
                "description": "`client.created` or `client.*`; repeated",
                "schema": types,
            },
            _header("Last-Event-ID", "The id of the last event received.", schema={"type": "string"}),
            _parameter("OrganisationId"),
        ],
        "responses": {
            "200": {
                "description": "The stream.",
                "content": {"text/event-stream": {"schema": {"type": "string"}}},
            },
            "4XX": _PROBLEM,
            "5XX": _PROBLEM,
        },
    }


def _post(route: Route, schemas: Schemas) -> dict[str, Any]:
    contract = route.contract
    names = list(_COMMON)
    if contract.idempotency is not Idempotency.NONE:
        required = contract.idempotency is Idempotency.REQUIRED
        names.insert(0, "RequiredIdempotencyKey" if required else "IdempotencyKey")
    if route.takes_version:
        names.append("IfMatch")
    content = {"application/json": {"schema": schemas.reference(route.request, "validation")}}
    return _operation(route, schemas, route.operation_id) | {
        "parameters": [_parameter(name) for name in names],
        "requestBody": {"required": True, "content": content},
    }


def _get(route: Route, schemas: Schemas) -> dict[str, Any]:
    schema = schemas.resolved(schemas.reference(route.request, "validation"))
    required = set(schema.get("required", ()))
    query = [
        {"name": name, "in": "query", "required": name in required, "schema": _without_null(found)}
        for name, found in schema.get("properties", {}).items()
    ]
    return _operation(route, schemas, f"{route.operation_id}_by_query") | {
        "parameters": [*query, *(_parameter(name) for name in _COMMON)]
    }


def _operation(route: Route, schemas: Schemas, operation_id: str) -> dict[str, Any]:
    contract = route.contract
    text = (route.request.__doc__ or "").strip()
    found: dict[str, Any] = {
        "operationId": operation_id,
        "summary": text.partition("\n")[0],
        "description": f"{text}\n\n{_who_may(contract)}",
        "tags": [contract.actor],
        "x-nats-subject": contract.subject,
        "security": [] if contract.access is Access.PUBLIC else [{_TOKEN: []}],
        "responses": {"200": _success(route, schemas), "4XX": _PROBLEM, "5XX": _PROBLEM},
    }
    if contract.permission is not None:
        found["x-permission"] = contract.permission
    return found


def _who_may(contract: RequestContract) -> str:
    match contract.access:
        case Access.PUBLIC:
            return "Needs no token."
        case Access.SELF:
            return "Any signed-in user may send it, about himself."
        case _:
            return f"Needs the permission `{contract.permission}`."


def _success(route: Route, schemas: Schemas) -> dict[str, Any]:
    reply = route.contract.reply
    given: dict[str, Any] = {"X-Request-Id": {"schema": {"type": "string"}}}
    if route.gives_version:
        given["ETag"] = {"schema": {"type": "string"}, "description": "The version, for If-Match."}
    if route.contract.idempotency is not Idempotency.NONE:
        given["Idempotency-Replayed"] = {
            "schema": {"type": "string", "enum": ["true"]},
            "description": "Present when this is the stored reply of the first request with this key.",
        }
    return {
        "description": ((reply.__doc__ or reply.__name__).strip().partition("\n")[0]),
        "headers": given,
        "content": {"application/json": {"schema": schemas.reference(reply, "serialization")}},
    }


def _problem_response(schemas: Schemas) -> dict[str, Any]:
    shape = {
        "allOf": [
            schemas.reference(Problem, "serialization"),
            {
                "type": "object",
                "required": ["type", "status"],
                "properties": {
                    "type": {"type": "string", "examples": ["urn:crm:problem:VALIDATION_FAILED"]},
                    "status": {"type": "integer"},
                },
            },
        ]
    }
    return {
        "description": "Why the request was refused or failed (RFC 9457).",
        "headers": {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds; on 429 and 503."}},
        "content": {MEDIA_TYPE: {"schema": shape}},
    }


def _parameter(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/parameters/{name}"}


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A parameter is left out instead of being null."""
    choices = [choice for choice in schema.get("anyOf", ()) if choice.get("type") != "null"]
    rest: dict[str, Any] = {
        key: value for key, value in schema.items() if key != "anyOf" and not (key == "default" and value is None)
    }
    if len(choices) == 1:
        only: dict[str, Any] = choices[0]
        return rest | only
    return rest | {"anyOf": choices} if choices else rest
