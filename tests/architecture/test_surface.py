"""The published language holds together: permissions, owners, readers, documentation."""

import re
from pathlib import Path

import pytest

from messages import registry
from messages.base import Access
from runtime.system import System, discover
from tests.architecture.rules import ROOT


@pytest.fixture(scope="module")
def system() -> System:
    return discover()


def test_all_twelve_actors_are_built(system: System) -> None:
    assert sorted(system.actors) == sorted(registry.ACTORS)


def test_the_pages_of_contents_agree_with_one_another(system: System) -> None:
    system.check()


def test_every_request_is_permitted_public_self_or_internal(system: System) -> None:
    for request in registry.all_requests():
        contract = request.contract
        if contract.access is Access.PERMISSION:
            assert re.fullmatch(r"[a-z0-9_]+:[a-z0-9_]+:[a-z0-9_]+", contract.permission or ""), request
        if contract.access is Access.INTERNAL:
            assert contract.internal_callers, request


def test_every_event_is_emitted_by_its_owner(system: System) -> None:
    """A published event that nobody emits would be a promise without a keeper."""
    missing = []
    for event in registry.all_events():
        folder = ROOT / "actors" / event.contract.actor
        sources = [path.read_text() for path in folder.rglob("*.py")]
        if not any(re.search(rf"\b{event.__name__}\b", source) for source in sources):
            missing.append(f"{event.contract.actor} never emits {event.__name__}")
    assert missing == []


def test_every_caller_that_a_request_names_asks_it_or_may(system: System) -> None:
    known = {*registry.ACTORS, "bridge", "operator"}
    for request in registry.all_requests():
        assert request.contract.internal_callers <= known, request


def test_each_actor_has_the_same_rooms() -> None:
    for actor in registry.ACTORS:
        folder = ROOT / "actors" / actor
        assert (folder / "app.py").exists(), actor
        assert (folder / "requests.py").exists() or (folder / "requests").is_dir(), actor
        assert (ROOT / "storage" / actor / "tables.py").exists() or (ROOT / "storage" / actor / "tables").is_dir(), (
            actor
        )
        assert list(Path(ROOT / "storage" / actor / "versions").glob("*.py")), actor
