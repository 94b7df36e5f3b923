"""Which requests are reachable over HTTP, and what the bridge must know of their shape."""

import importlib
import pkgutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaWarningKind, models_json_schema

from messages import registry
from messages.base import Access, Request, RequestContract
from messages.problem import Problem

_Mode = Literal["validation", "serialization"]
_SCALARS = {"string", "integer", "number", "boolean"}


class _QuietSchema(GenerateJsonSchema):
    """Defaults that only Python can write (Decimal) are left out of the schema, without a warning each."""

    ignored_warning_kinds: set[JsonSchemaWarningKind] = {"skipped-choice", "non-serializable-default"}  # noqa: RUF012


class Schemas:
    """The JSON Schemas of all requests (as sent) and replies (as received), sharing their definitions."""

    def __init__(self, requests: Sequence[type[Request[Any]]]) -> None:
        wanted: dict[tuple[type[BaseModel], _Mode], None] = {(Problem, "serialization"): None}
        for request in requests:
            wanted[request, "validation"] = None
            wanted[request.contract.reply, "serialization"] = None
        self._references, found = models_json_schema(
            list(wanted), ref_template="#/components/schemas/{model}", schema_generator=_QuietSchema
        )
        self.definitions: dict[str, Any] = found["$defs"]

    def reference(self, model: type[BaseModel], mode: _Mode) -> dict[str, Any]:
        """`{"$ref": ...}` of one model."""
        return self._references[model, mode]

    def resolved(self, schema: dict[str, Any]) -> dict[str, Any]:
        """The schema behind a reference, or the schema itself."""
        reference = schema.get("$ref")
        return self.definitions[reference.rpartition("/")[2]] if reference else schema

    def query_kind(self, schema: dict[str, Any]) -> str | None:
        """`scalar` or `list` when a query parameter can carry the value; None when only a JSON body can."""
        schema = self.resolved(schema)
        kinds = {
            self.query_kind(choice)
            for choice in schema.get("anyOf", schema.get("oneOf", ()))
            if choice.get("type") != "null"
        }
        if kinds:
            return kinds.pop() if len(kinds) == 1 else None
        if schema.get("type") == "array":
            return "list" if self.query_kind(schema.get("items", {})) == "scalar" else None
        return "scalar" if schema.get("type") in _SCALARS or "enum" in schema or "const" in schema else None


@dataclass(frozen=True, slots=True)
class Route:
    """One request over HTTP. `parameters` is None where the request cannot be written as query parameters."""

    request: type[Request[Any]]
    operation_id: str
    parameters: dict[str, str] | None
    takes_version: bool
    gives_version: bool

    @property
    def contract(self) -> RequestContract:
        """What the request class declares."""
        return self.request.contract

    @property
    def path(self) -> str:
        """`/v1/<actor>/<request>`."""
        return f"/v1/{self.contract.actor}/{self.contract.name}"

    @property
    def by_get(self) -> bool:
        """Whether GET is offered beside POST."""
        return self.parameters is not None


def load_messages(actors: Sequence[str]) -> None:
    """Import the messages of all actors, or of those named."""
    if not actors:
        registry.load_all()
    for actor in actors:
        package = importlib.import_module(f"messages.{actor}")
        for module in pkgutil.iter_modules(getattr(package, "__path__", ())):
            importlib.import_module(f"messages.{actor}.{module.name}")


def requests_served(actors: Sequence[str]) -> list[type[Request[Any]]]:
    """Every request a user or upstream system may send, of all actors or of those named."""
    return [
        request
        for request in registry.all_requests()
        if request.contract.access is not Access.INTERNAL and (not actors or request.contract.actor in actors)
    ]


def routes_of(requests: Sequence[type[Request[Any]]], schemas: Schemas) -> dict[tuple[str, str], Route]:
    """The routes by actor and request name."""
    shared = _names_of_several_actors(requests)
    return {
        (request.contract.actor, request.contract.name): Route(
            request,
            operation_id=_operation_id(request.contract, shared),
            parameters=_parameters(request, schemas),
            takes_version="expected_version" in request.model_fields,
            gives_version="version" in request.contract.reply.model_fields,
        )
        for request in requests
    }


def _operation_id(contract: RequestContract, shared: set[str]) -> str:
    return f"{contract.actor}_{contract.name}" if contract.name in shared else contract.name


def _names_of_several_actors(requests: Iterable[type[Request[Any]]]) -> set[str]:
    seen: set[str] = set()
    return {name for name in (request.contract.name for request in requests) if name in seen or seen.add(name)}  # type: ignore[func-returns-value]


def _parameters(request: type[Request[Any]], schemas: Schemas) -> dict[str, str] | None:
    """Field by field how a query parameter carries it; None unless the request is a query of plain values."""
    if not request.contract.query:
        return None
    properties = schemas.resolved(schemas.reference(request, "validation")).get("properties", {})
    kinds = {name: schemas.query_kind(schema) for name, schema in properties.items()}
    plain = {name: kind for name, kind in kinds.items() if kind is not None}
    return plain if len(plain) == len(kinds) else None
