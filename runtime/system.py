"""The whole system in one place: which actors there are, what they may say, hear and ask, and where their data lies."""

import importlib
import pkgutil
from collections.abc import Sequence
from dataclasses import dataclass, replace

from messages import registry
from runtime.actor import Actor, asked_subject
from runtime.host import mailbox_filters
from runtime.nats_configuration import ActorSurface

_PACKAGE = "actors"


@dataclass(frozen=True)
class System:
    """The actors of one installation, by name: all twelve, or a part of them for tests."""

    actors: dict[str, Actor]
    voices: tuple[str, ...] = ()
    """Actors that do not run here but whose facts a test may state."""

    def surfaces(self) -> list[ActorSurface]:
        """What NATS must allow each actor. In a part of the system, what absent actors would say or answer is left out."""
        present = {aggregate for name in (*self.actors, *self.voices) for aggregate in registry.aggregates_of(name)}
        surfaces = [ActorSurface(name, tuple(registry.aggregates_of(name)), (), ()) for name in self.voices]
        for actor in self.actors.values():
            surface = actor.surface()
            hears = tuple(type_ for type_ in mailbox_filters(actor) if type_.partition(".")[0] in present)
            asks = tuple(subject for subject in surface.asks if subject.split(".")[-2] in self.actors)
            surfaces.append(replace(surface, hears=hears, asks=asks))
        return surfaces

    def bridge_requests(self) -> tuple[str, ...]:
        """The internal requests that name the bridge as a caller."""
        return tuple(
            request.contract.internal_subject
            for request in registry.all_requests()
            if "bridge" in request.contract.internal_callers and request.contract.actor in self.actors
        )

    def check(self) -> None:
        """Refuse a system whose pages of contents contradict one another; the text names the actor and the cure."""
        problems: list[str] = []
        published = {event.type for event in registry.all_events()}
        for name, actor in self.actors.items():
            problems += [f"{name} does not answer {request}" for request in actor.unanswered()]
            problems += [
                f"{name} hears {type_}, which nobody publishes" for type_ in actor.reactions if type_ not in published
            ]
            for request in actor.asks:
                contract = request.contract
                if asked_subject(name, request) == contract.subject and contract.access.value == "INTERNAL":
                    problems.append(f"{name} asks {contract.internal_subject}, which does not name it as a caller")
        if problems:
            raise TypeError("; ".join(problems))


def discover(only: Sequence[str] | None = None, voices: Sequence[str] = ()) -> System:
    """Import the page of contents of every actor, or of some; of voices only the messages."""
    package = importlib.import_module(_PACKAGE)
    names = sorted(only or (module.name for module in pkgutil.iter_modules(package.__path__)))
    registry.load_all()
    actors: dict[str, Actor] = {}
    for name in names:
        actor = importlib.import_module(f"{_PACKAGE}.{name}.app").actor
        assert isinstance(actor, Actor)
        actors[name] = actor
    return System(actors, tuple(voices))
