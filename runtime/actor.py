"""An actor's page of contents: what it answers, hears, does on time and in the background, and whom it asks."""

import inspect
import re
import types
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time
from enum import StrEnum
from typing import Any, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel

from messages import registry
from messages.base import Event, Request, RequestContract
from messages.every_actor import EXPORT_SNAPSHOT, VERIFY_LOCAL_CHAIN
from messages.identity import GetPrivacySubject, ReportPrivacyTask
from runtime.chain_verification import verify_local_chain
from runtime.nats_configuration import ActorSurface
from runtime.privacy import PersonalData
from runtime.privacy_requests import AfterErasure, FulfilPrivacyRequest, PrivacyRequests
from runtime.rebuilding import Reaction, Rebuilding, RebuildProjection
from runtime.snapshots import Export, exporting
from runtime.unit_of_work import Handler, UnitOfWork, WorkItem


class Tick(StrEnum):
    """The three ticks of the clock."""

    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"


@dataclass(frozen=True, slots=True)
class Moment:
    """What a job gets: the tick and its instant. Jobs select "due <= as_of", never "= now"."""

    tick: Tick
    as_of: datetime


MORE = object()
"""A job returns this when it stopped at its batch limit: it is called again in a new transaction."""


@dataclass(frozen=True, slots=True)
class Job:
    """A handler of a tick. With `at`, it runs once per local date at the first hour tick not before that time."""

    run: Handler
    every: Tick
    at: time | None = None

    @property
    def name(self) -> str:
        """The name in job rows and logs."""
        return self.run.__name__


def every(tick: Tick, run: Handler) -> Job:
    """Run at each tick of that kind."""
    return Job(run, tick)


def daily(at: str, run: Handler) -> Job:
    """Run once per local date, at HH:MM of the organisation's time zone."""
    if not re.fullmatch(r"\d\d:\d\d", at):
        raise ValueError(f"daily job {run.__name__}: '{at}' is not HH:MM")
    return Job(run, Tick.HOUR, time.fromisoformat(at))


@dataclass(frozen=True, slots=True)
class SlowWork:
    """How a kind of work item is done: `perform` runs outside any transaction, `finish` stores its result in a second one.

    `perform(item, outside)` must be repeatable: `outside.key` is the idempotency key of what it does outside.
    `gave_up(item, error, work)` runs when the attempts are used up or the refusal is final.
    """

    item: type[WorkItem]
    perform: Callable[[Any, Any], Awaitable[Any]]
    finish: Callable[[Any, Any, UnitOfWork], Awaitable[None]]
    gave_up: Callable[[Any, Exception, UnitOfWork], Awaitable[None]] | None = None
    at_most: int = 4
    attempts: int = 12
    lease_seconds: int = 120

    @property
    def kind(self) -> str:
        """The kind that rows, logs and `crm ops work` show."""
        return self.item.kind()


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A request and the function that answers it."""

    request: type[Request[Any]]
    handler: Handler

    @property
    def contract(self) -> RequestContract:
        """What the request class declares."""
        return self.request.contract


@dataclass
class Actor:
    """One of the twelve. The constructor checks the page of contents, so a mistake stops the start, not the first message."""

    name: str
    answers: Sequence[Handler] = ()
    hears: Sequence[Handler] = ()
    runs: Sequence[Job] = ()
    slow_work: Sequence[SlowWork] = ()
    asks: Sequence[type[Request[Any]]] = ()
    at_start: Sequence[Callable[[Any], Awaitable[None]]] = ()
    copies_audit: Handler | None = None
    """Keeps every actor's sealed audit entries; one actor has the central copy."""
    exports: Sequence[Export] = ()
    """What others may rebuild their projections from."""
    projections: Sequence[Handler] = ()
    """What does nothing but keep a projection of another actor's aggregate, mostly reactions: `crm ops rebuild` repeats it."""
    privacy: Sequence[PersonalData] = ()
    """The personal data it keeps; rows that are found through others come first."""
    after_erasure: AfterErasure | None = None
    """What is said or done when a person's data is gone here."""
    endpoints: dict[str, Endpoint] = field(init=False, default_factory=dict)
    reactions: dict[str, tuple[type[Event], Handler]] = field(init=False, default_factory=dict)
    rebuilding: Rebuilding = field(init=False)

    def __post_init__(self) -> None:
        if self.name not in registry.ACTORS:
            raise ValueError(f"'{self.name}' is not one of the actors: {', '.join(registry.ACTORS)}")
        for handler in self.answers:
            self._add_endpoint(handler)
        about_itself = VERIFY_LOCAL_CHAIN[self.name]
        self.endpoints[about_itself.contract.name] = Endpoint(about_itself, verify_local_chain)
        for handler in self.hears:
            for event in _message_types(handler, Event):
                self._add_reaction(event, handler)
        export = EXPORT_SNAPSHOT[self.name]
        self.endpoints[export.contract.name] = Endpoint(export, exporting(self.name, self.exports))
        self.rebuilding = Rebuilding(self._projections(), owns_tenants=self.name == "identity")
        if self.name != "identity":
            page = SlowWork(RebuildProjection, self.rebuilding.perform, self.rebuilding.finish)
            requests = PrivacyRequests(self.name, self.privacy, self.after_erasure)
            person = SlowWork(
                FulfilPrivacyRequest, requests.perform, requests.finish, requests.gave_up, at_most=2, attempts=60
            )
            self.slow_work = (*self.slow_work, page, person)
            self.asks = (*self.asks, *self._exports_asked(), GetPrivacySubject, ReportPrivacyTask)
        kinds = [work.kind for work in self.slow_work]
        if len(kinds) != len(set(kinds)):
            raise TypeError(f"{self.name}: two kinds of slow work have the same name")

    def _add_endpoint(self, handler: Handler) -> None:
        (request,) = _message_types(handler, Request)
        if request.contract.actor != self.name:
            raise TypeError(f"{self.name} answers {request.__name__}, which belongs to {request.contract.actor}")
        if request.contract.name in self.endpoints:
            raise TypeError(f"{self.name} answers {request.__name__} twice")
        self.endpoints[request.contract.name] = Endpoint(request, handler)

    def _add_reaction(self, event: type[Event], handler: Handler) -> None:
        if event.contract.actor == self.name:
            raise TypeError(
                f"{self.name} hears its own {event.type}: call the function in the same transaction instead"
            )
        if event.type in self.reactions:
            raise TypeError(f"{self.name} hears {event.type} in {handler.__name__} and in another reaction")
        self.reactions[event.type] = (event, handler)

    def _projections(self) -> dict[str, list[Reaction]]:
        found: dict[str, list[Reaction]] = {}
        for handler in self.projections:
            for event in _message_types(handler, Event):
                found.setdefault(event.contract.aggregate, []).append((event, handler))
        return found

    def _exports_asked(self) -> list[type[Request[Any]]]:
        owners = {reactions[0][0].contract.actor for reactions in self.rebuilding.projections.values()}
        return [EXPORT_SNAPSHOT[owner] for owner in sorted(owners | {"identity"})]

    def unanswered(self) -> list[str]:
        """Requests of this actor's language that no handler answers."""
        return [r.contract.name for r in registry.requests_of(self.name) if r.contract.name not in self.endpoints]

    def surface(self) -> ActorSurface:
        """What NATS must allow this actor, and no more."""
        return ActorSurface(
            name=self.name,
            aggregates=tuple(registry.aggregates_of(self.name)),
            hears=tuple(sorted(self.reactions)),
            asks=tuple(sorted(asked_subject(self.name, request) for request in self.asks)),
            reads_audit=self.copies_audit is not None,
        )


def asked_subject(actor: str, request: type[Request[Any]]) -> str:
    """Where this actor sends that request: the internal subject when it is a declared caller, else with the user's token."""
    contract = request.contract
    return contract.internal_subject if actor in contract.internal_callers else contract.subject


def _message_types(handler: Handler, kind: type[BaseModel]) -> tuple[type[Any], ...]:
    """The message classes a handler is annotated with; a union names several."""
    parameters = list(inspect.signature(handler).parameters)
    annotation = get_type_hints(handler).get(parameters[0]) if parameters else None
    found = get_args(annotation) if get_origin(annotation) in (Union, types.UnionType) else (annotation,)
    for message in found:
        if not (isinstance(message, type) and issubclass(message, kind)):
            raise TypeError(
                f"{handler.__module__}.{handler.__name__}: annotate the first parameter with a {kind.__name__} class"
            )
    return found
