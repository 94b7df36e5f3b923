"""`crm schema export`: what it writes, and what it refuses to overwrite."""

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import typer
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from messages import registry
from messages.base import Access
from runtime.command_line import export as export_module
from runtime.command_line.export import (
    ACCEPTED,
    accepted_breaks,
    contracts,
    export,
    read_contracts,
    unaccepted_breaks,
    write_contracts,
)
from runtime.system import System, discover


@pytest.fixture(scope="module")
def system() -> System:
    """Two actors, one hearing the other."""
    return discover(["calendar", "identity"])


@pytest.fixture(scope="module")
def written(system: System) -> dict[str, Any]:
    """What those two promise."""
    return contracts(system)


def test_each_actor_gets_its_schemas_and_its_asyncapi_document(written: dict[str, Any]) -> None:
    assert set(written) == {
        "permissions.json",
        "events.json",
        "openapi.json",
        *(f"{folder}/{actor}.json" for folder in ("schemas", "asyncapi") for actor in ("calendar", "identity")),
    }


def test_every_request_reply_and_event_has_a_valid_json_schema(written: dict[str, Any]) -> None:
    schemas = written["schemas/identity.json"]
    assert set(schemas["requests"]) == {request.contract.name for request in registry.requests_of("identity")}
    assert set(schemas["events"]) == {event.type for event in registry.events_of("identity")}
    for definition in schemas["$defs"].values():
        Draft202012Validator.check_schema(definition)
    create = schemas["requests"]["create_organisation"]
    validator = Draft202012Validator({**create["request"], "$defs": schemas["$defs"]})
    assert validator.is_valid({"name": "Telecom Dupont"})
    assert not validator.is_valid({"name": "Telecom Dupont", "unknown": 1})


def test_asyncapi_lists_requests_with_both_subjects_and_published_events(
    written: dict[str, Any], system: System
) -> None:
    for name, actor in system.actors.items():
        document = written[f"asyncapi/{name}.json"]
        assert document["asyncapi"].startswith("3.")
        addresses = {channel["address"] for channel in document["channels"].values()}
        for endpoint in actor.endpoints.values():
            contract = endpoint.contract
            expected = {contract.subject} if contract.access.value != "INTERNAL" else set()
            expected |= {contract.internal_subject} if contract.internal_callers else set()
            assert expected <= addresses
        for event in registry.events_of(name):
            assert event.contract.subject("{organisation_id}") in addresses
            assert document["operations"][event.type]["action"] == "send"


def test_every_reference_inside_an_asyncapi_document_leads_somewhere(written: dict[str, Any]) -> None:
    for name in ("calendar", "identity"):
        document = written[f"asyncapi/{name}.json"]
        references = list(_references(document))
        assert len(references) > 20
        for reference in references:
            place = document
            for part in reference.removeprefix("#/").split("/"):
                place = place[part.replace("~1", "/")]


def _references(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        return own + [found for inner in value.values() for found in _references(inner)]
    return [found for inner in value for found in _references(inner)] if isinstance(value, list) else []


def test_the_openapi_document_has_the_bridges_paths_of_these_actors(written: dict[str, Any]) -> None:
    document = written["openapi.json"]
    public = {
        f"/v1/{request.contract.actor}/{request.contract.name}"
        for actor in ("calendar", "identity")
        for request in registry.requests_of(actor)
        if request.contract.access is not Access.INTERNAL
    }
    assert document["openapi"].startswith("3.1")
    assert {path for path in document["paths"] if path.startswith("/v1/")} - {"/v1/events"} == public
    assert {"/healthz", "/readyz", "/metrics"} <= document["paths"].keys()


def test_the_permission_catalogue_names_every_request(written: dict[str, Any]) -> None:
    rows = {(row["actor"], row["request"]): row for row in written["permissions.json"]}
    assert len(rows) == sum(len(registry.requests_of(actor)) for actor in ("calendar", "identity"))
    row = rows["identity", "get_company"]
    assert row["code"] == f"{row['actor']}:{row['resource']}:{row['action']}"
    assert (row["query"], row["access"]) == (True, "PERMISSION")


def test_the_list_of_events_says_who_hears_them(written: dict[str, Any], system: System) -> None:
    rows = {row["type"]: row for row in written["events.json"]}
    organisation_created = rows["organisation.created"]
    assert (organisation_created["owner"], organisation_created["version"]) == ("identity", 1)
    assert organisation_created["consumers"] == ["calendar"]


def test_the_export_is_the_same_each_time_and_reads_back(
    written: dict[str, Any], system: System, tmp_path: Path
) -> None:
    assert contracts(system) == written
    write_contracts(tmp_path, written)
    assert read_contracts(tmp_path) == written
    fewer = {name: document for name, document in written.items() if "calendar" not in name}
    write_contracts(tmp_path, fewer)
    assert read_contracts(tmp_path) == fewer


def test_the_environment_of_the_developer_leaves_no_trace(
    written: dict[str, Any], system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CRM_NATS_URL", "nats://secret-host:4222")
    monkeypatch.setenv("CRM_BRIDGE_ACTORS", "products")
    assert contracts(system) == written


def test_it_refuses_to_overwrite_a_promise_until_somebody_accepts_that_with_a_reason(
    written: dict[str, Any], system: System, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    promised = deepcopy(written)
    promised["schemas/identity.json"]["events"]["organisation.vanished"] = promised["schemas/identity.json"]["events"][
        "organisation.created"
    ]
    write_contracts(tmp_path, promised)
    monkeypatch.setattr(export_module, "discover", lambda: system)
    with pytest.raises(typer.Exit) as refused:
        export(tmp_path)
    assert refused.value.exit_code == 1
    assert read_contracts(tmp_path) == promised
    (broken,) = unaccepted_breaks(tmp_path, written)
    assert broken == "identity: event organisation.vanished is gone"
    entry = {"break": broken, "on": "2026-11-24", "because": "never published by any version"}
    (tmp_path / ACCEPTED).write_text(json.dumps([entry]))
    export(tmp_path)
    assert read_contracts(tmp_path) == written
    assert [entry.broken for entry in accepted_breaks(tmp_path)] == [broken]


def test_a_break_cannot_be_accepted_without_a_reason(tmp_path: Path) -> None:
    (tmp_path / ACCEPTED).write_text('[{"break": "identity: event organisation.vanished is gone", "on": "2026-11-24"}]')
    with pytest.raises(ValidationError, match="because"):
        accepted_breaks(tmp_path)
