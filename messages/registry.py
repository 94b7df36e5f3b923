"""Which messages exist. Filled by the classes themselves when their module is imported."""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from messages.base import Event, Request

ACTORS = (
    "activites",
    "calendar",
    "clients",
    "commercial",
    "contrats",
    "documents",
    "engagement",
    "factures",
    "identity",
    "logistics",
    "payments",
    "products",
)

_requests: dict[str, type[Request[Any]]] = {}
_events: dict[str, type[Event]] = {}


def add_request(request: type[Request[Any]]) -> None:
    """Record a request class; two classes for one subject are a mistake."""
    known = _requests.setdefault(request.contract.subject, request)
    if known.__qualname__ != request.__qualname__:
        raise TypeError(f"{request.contract.subject} is defined by {known.__qualname__} and {request.__qualname__}")


def add_event(event: type[Event]) -> None:
    """Record an event class; an aggregate belongs to one actor only, its sole publisher."""
    contract = event.contract
    for other in _events.values():
        if other.contract.aggregate == contract.aggregate and other.contract.actor != contract.actor:
            raise TypeError(
                f"aggregate '{contract.aggregate}' is published by {other.contract.actor} and {contract.actor}"
            )
    known = _events.setdefault(contract.type, event)
    if known.__qualname__ != event.__qualname__:
        raise TypeError(f"{contract.type} is defined by {known.__qualname__} and {event.__qualname__}")


def load_all() -> None:
    """Import the messages of all twelve actors."""
    importlib.import_module("messages.every_actor")
    found = {module.name for module in pkgutil.iter_modules(importlib.import_module("messages").__path__)}
    for actor in (actor for actor in ACTORS if actor in found):
        package = importlib.import_module(f"messages.{actor}")
        for module in pkgutil.iter_modules(getattr(package, "__path__", ())):
            importlib.import_module(f"messages.{actor}.{module.name}")


def requests_of(actor: str) -> list[type[Request[Any]]]:
    """The requests an actor answers, by name."""
    found = [request for request in _requests.values() if request.contract.actor == actor]
    return sorted(found, key=lambda request: request.contract.name)


def events_of(actor: str) -> list[type[Event]]:
    """The events an actor publishes, by type."""
    return sorted((event for event in _events.values() if event.contract.actor == actor), key=lambda event: event.type)


def all_requests() -> list[type[Request[Any]]]:
    """Every request, by subject."""
    return [_requests[subject] for subject in sorted(_requests)]


def all_events() -> list[type[Event]]:
    """Every event, by type."""
    return [_events[type_] for type_ in sorted(_events)]


def aggregates_of(actor: str) -> list[str]:
    """The aggregate tokens an actor owns: the first part of the event subjects it may publish."""
    return sorted({event.contract.aggregate for event in _events.values() if event.contract.actor == actor})


def request_for(subject: str) -> type[Request[Any]] | None:
    """The request class behind `crm.<actor>.<request>`."""
    return _requests.get(subject)


def event_for(type_: str) -> type[Event] | None:
    """The event class of that type."""
    return _events.get(type_)
