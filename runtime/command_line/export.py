"""`crm schema export`: the contracts of the system as files, and the refusal to break them unnoticed."""

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from messages import registry
from messages.base import Access, Event, Request
from runtime import headers
from runtime.actor import Actor
from runtime.command_line.connect import console, errors
from runtime.command_line.contract_changes import SCHEMAS, breaking_changes
from runtime.host import Host, mailbox_filters
from runtime.settings import Settings
from runtime.system import System, discover

ACCEPTED = "accepted_breaks.json"
_DIALECT = "https://json-schema.org/draft/2020-12/schema"


class AcceptedBreak(BaseModel):
    """A breaking change somebody decided on: the sentence of the comparison, the date and the reason."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    broken: str = Field(alias="break")
    on: date
    because: str = Field(min_length=10)


def export(folder: Annotated[Path, typer.Argument(help="where the contracts are kept, normally 'contracts'")]) -> None:
    """Write JSON Schemas, AsyncAPI documents, the bridge's OpenAPI document, the permission catalogue and the list of events.

    A change that breaks what the folder promises is refused: keep the old message, raise the event's version, or accept it.
    """
    written = contracts(discover())
    refused = unaccepted_breaks(folder, written)
    if refused:
        for text in refused:
            errors.print(f"[red]{text}[/red]", highlight=False)
        errors.print(
            f"{len(refused)} breaking changes: keep the old message beside a new one, give the event class a higher version, "
            f'or add {{"break": "<the line above>", "on": "<date>", "because": "<reason>"}} to {folder / ACCEPTED}'
        )
        raise typer.Exit(1)
    write_contracts(folder, written)
    console.print(f"{len(written)} files are in {folder}")


def contracts(system: System) -> dict[str, Any]:
    """Everything the actors of a system promise: JSON documents by their path in the folder."""
    found: dict[str, Any] = {
        "permissions.json": _permissions(system),
        "events.json": _events(system),
        "openapi.json": _openapi(system),
    }
    for name, actor in system.actors.items():
        found[f"{SCHEMAS}{name}.json"] = _schemas(name)
        found[f"asyncapi/{name}.json"] = _asyncapi(actor)
    # Through JSON and back: tuples, enums and dates become what a reader of the files will see.
    return dict(json.loads(json.dumps(found, default=str)))


def read_contracts(folder: Path) -> dict[str, Any]:
    """The committed contracts, as `contracts` makes them; empty when there are none."""
    paths = (path for path in sorted(folder.rglob("*.json")) if path.name != ACCEPTED)
    return {path.relative_to(folder).as_posix(): json.loads(path.read_text(encoding="utf-8")) for path in paths}


def write_contracts(folder: Path, written: dict[str, Any]) -> None:
    """Write the documents, and remove those that are no longer made."""
    for name in read_contracts(folder).keys() - written.keys():
        (folder / name).unlink()
    for name, document in written.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
        path.write_text(text, encoding="utf-8")


def unaccepted_breaks(folder: Path, written: dict[str, Any]) -> list[str]:
    """What the documents would break of the folder's contracts, without what accepted_breaks.json names."""
    accepted = {entry.broken for entry in accepted_breaks(folder)}
    return [text for text in breaking_changes(read_contracts(folder), written) if text not in accepted]


def accepted_breaks(folder: Path) -> list[AcceptedBreak]:
    """The decisions kept beside the contracts. Raises pydantic's error when one lacks date or reason."""
    path = folder / ACCEPTED
    return TypeAdapter(list[AcceptedBreak]).validate_json(path.read_bytes()) if path.exists() else []


def _schemas(name: str) -> dict[str, Any]:
    """Requests as they are read, replies and events as they are written."""
    requests, events = registry.requests_of(name), registry.events_of(name)
    wanted: list[tuple[type[BaseModel], JsonSchemaMode]] = [(request, "validation") for request in requests]
    wanted += [(request.contract.reply, "serialization") for request in requests]
    wanted += [(event, "serialization") for event in events]
    references, definitions = models_json_schema(list(dict.fromkeys(wanted)), ref_template="#/$defs/{model}")
    return {
        "$schema": _DIALECT,
        "title": f"crm.{name}",
        "requests": {
            request.contract.name: {
                **_request_facts(request),
                "request": references[request, "validation"],
                "reply": references[request.contract.reply, "serialization"],
            }
            for request in requests
        },
        "events": {
            event.type: {
                "subject": event.contract.subject("{organisation_id}"),
                "version": event.contract.version,
                "personal": event.contract.personal,
                "aggregate_id": event.contract.aggregate_id_field,
                "payload": references[event, "serialization"],
            }
            for event in events
        },
        "$defs": definitions.get("$defs", {}),
    }


def _request_facts(request: type[Request[Any]]) -> dict[str, Any]:
    contract = request.contract
    found: dict[str, Any] = {
        "access": contract.access,
        "permission": contract.permission,
        "query": contract.query,
        "idempotency": contract.idempotency,
        "timeout_seconds": contract.timeout_seconds,
    }
    if contract.access is not Access.INTERNAL:
        found["subject"] = contract.subject
    if contract.internal_callers:
        found["internal_subject"] = contract.internal_subject
    return found


def _openapi(system: System) -> dict[str, Any]:
    """What the bridge serves as /openapi.json, whatever its settings are here."""
    from runtime.bridge.app import create_app  # only here: `crm actor` shares this command line and stays small
    from runtime.bridge.settings import BridgeSettings

    bridge = BridgeSettings(actors=tuple(system.actors), cors_origins=(), webhooks={})
    return create_app(_unconnected(), bridge).openapi()


def _unconnected() -> Settings:
    return Settings(nats_url="nats://127.0.0.1:4222", nats_seed=None)


def _asyncapi(actor: Actor) -> dict[str, Any]:
    """What `faststream docs gen` writes, completed by the events it cannot see."""
    host = Host(actor, _unconnected())
    document: dict[str, Any] = host.application.schema.to_specification().to_jsonable()
    events = registry.events_of(actor.name)
    if events:
        references, definitions = models_json_schema(
            [(event, "serialization") for event in events], ref_template="#/components/schemas/events.{model}"
        )
        schemas = document["components"].setdefault("schemas", {})
        schemas |= {f"events.{name}": schema for name, schema in definitions["$defs"].items()}
        schemas["events.headers"] = _event_headers()
        for event in events:
            _add_event(document, event, references[event, "serialization"])
    return document


def _add_event(document: dict[str, Any], event: type[Event], payload: dict[str, Any]) -> None:
    contract, name = event.contract, event.__name__
    document["channels"][event.type] = {
        "address": contract.subject("{organisation_id}"),
        "description": event.__doc__ or "",
        "servers": [{"$ref": f"#/servers/{server}"} for server in document["servers"]],
        "parameters": {"organisation_id": {"description": "the organisation's UUID; all zeros when there is none"}},
        "messages": {name: {"$ref": f"#/components/messages/{name}"}},
    }
    document["operations"][event.type] = {
        "action": "send",
        "channel": {"$ref": f"#/channels/{event.type}"},
        "messages": [{"$ref": f"#/channels/{event.type}/messages/{name}"}],
    }
    document["components"].setdefault("messages", {})[name] = {
        "name": event.type,
        "title": name,
        "contentType": "application/json",
        "headers": {"$ref": "#/components/schemas/events.headers"},
        "payload": payload,
    }


def _event_headers() -> dict[str, Any]:
    """CloudEvents 1.0 in the binary mode of its NATS binding."""
    always = (
        headers.CE_SPEC_VERSION,
        headers.CE_ID,
        headers.CE_TYPE,
        headers.CE_SOURCE,
        headers.CE_TIME,
        headers.CE_SUBJECT,
        headers.CE_ORGANISATION,
        headers.CE_VERSION,
        headers.CE_CORRELATION,
        headers.CE_CAUSATION,
        headers.MESSAGE_ID,
    )
    return {"type": "object", "properties": {name: {"type": "string"} for name in always}, "required": list(always)}


def _permissions(system: System) -> list[dict[str, Any]]:
    def rows() -> Iterator[dict[str, Any]]:
        for name in system.actors:
            for request in registry.requests_of(name):
                contract = request.contract
                parts = contract.permission.split(":") if contract.permission else (None, None, None)
                yield {
                    "code": contract.permission,
                    "actor": name,
                    "resource": parts[1],
                    "action": parts[2],
                    "access": contract.access,
                    "request": contract.name,
                    "query": contract.query,
                    "internal_callers": sorted(contract.internal_callers),
                }

    return sorted(rows(), key=lambda row: (row["actor"], row["code"] or "", row["request"]))


def _events(system: System) -> list[dict[str, Any]]:
    heard = {name: mailbox_filters(actor) for name, actor in system.actors.items()}
    return [
        {
            "type": event.type,
            "owner": event.contract.actor,
            "version": event.contract.version,
            "consumers": sorted(name for name, types in heard.items() if event.type in types),
        }
        for event in registry.all_events()
        if event.contract.actor in system.actors
    ]
