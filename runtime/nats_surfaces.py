"""What each actor shows the others on NATS, and what the surfaces together must obey (cross_cutting 3 and 6.12)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

_RESERVED_NAMES = frozenset(
    {"audit", "clock", "commands", "dead", "events", "heartbeat", "internal", "ops", "webhooks"}
)
SPY = "spy"
BRIDGE = "bridge"
_ROLES = (BRIDGE, "operator", "monitor", "provisioner")
_NAME = re.compile(r"[a-z][a-z0-9_]*")


class SurfaceError(ValueError):
    """The surfaces contradict one another or reach too far; the text names the actor, the subject and the cure."""


@dataclass(frozen=True)
class ActorSurface:
    """What one actor shows the others: aggregate tokens it owns, event types it hears, full subjects it asks.

    Every actor hears the three ticks. `reads_audit` gives it the durable on the audit feed (the central copy).
    """

    name: str
    aggregates: tuple[str, ...]
    hears: tuple[str, ...]
    asks: tuple[str, ...]
    reads_audit: bool = False


@dataclass(frozen=True)
class UpstreamGrant:
    """What an upstream system may send, `crm.<actor>.*` or `crm.commands.<actor>.*` or parts; it hears its own tenant."""

    name: str
    publish: tuple[str, ...]
    organisation_id: UUID


def user_names(
    surfaces: Sequence[ActorSurface], upstream: Sequence[UpstreamGrant] = (), spy: bool = False
) -> list[str]:
    """Every NATS user that needs a key; `spy` (tests only) hears everything."""
    names = [surface.name for surface in surfaces] + list(_ROLES) + [grant.name for grant in upstream]
    return [*names, SPY] if spy else names


def check_surfaces(
    surfaces: Sequence[ActorSurface], bridge_requests: tuple[str, ...] = (), upstream: Sequence[UpstreamGrant] = ()
) -> None:
    """Raises SurfaceError when two actors own an aggregate, an actor hears or asks what nobody offers or asks itself."""
    _check_names([surface.name for surface in surfaces], [grant.name for grant in upstream])
    actors = {surface.name for surface in surfaces}
    owners: dict[str, str] = {}
    for surface in surfaces:
        for aggregate in surface.aggregates:
            if aggregate == "command" or not _NAME.fullmatch(aggregate):
                raise SurfaceError(
                    f"{surface.name} owns '{aggregate}', which is no free aggregate name; choose another"
                )
            if (owner := owners.setdefault(aggregate, surface.name)) != surface.name:
                raise SurfaceError(f"aggregate '{aggregate}' belongs to {owner} and {surface.name}; give it to one")
    for surface in surfaces:
        for heard in surface.hears:
            aggregate, _, fact = heard.partition(".")
            if aggregate not in owners or not _NAME.fullmatch(fact):
                raise SurfaceError(f"{surface.name} hears '{heard}', which nobody publishes; correct or remove it")
        for asked in surface.asks:
            _check_request(surface.name, asked, actors - {surface.name})
    for asked in bridge_requests:
        _check_request("bridge", asked, actors)
    for grant in upstream:
        for subject in grant.publish:
            _check_grant(grant.name, subject, actors)


def _check_names(actors: Sequence[str], upstream: Sequence[str]) -> None:
    taken = set(_ROLES) | {SPY}
    for name in (*actors, *upstream):
        if not _NAME.fullmatch(name) or name in _RESERVED_NAMES:
            raise SurfaceError(
                f"'{name}' cannot name a NATS user; use lower-case letters, digits, _ and no reserved word"
            )
        if name in taken:
            raise SurfaceError(f"two NATS users are named '{name}'; rename one")
        taken.add(name)


def _check_request(user: str, subject: str, served_by: set[str]) -> None:
    tokens = subject.removeprefix("crm.internal.").removeprefix("crm.").split(".")
    if not subject.startswith("crm.") or len(tokens) != 2 or not _NAME.fullmatch(tokens[1]):
        raise SurfaceError(f"{user} asks '{subject}'; write crm.<actor>.<request> or crm.internal.<actor>.<request>")
    if tokens[0] == user:
        raise SurfaceError(f"{user} asks '{subject}', which it serves itself; call the function instead")
    if tokens[0] not in served_by:
        raise SurfaceError(f"{user} asks '{subject}', but there is no actor '{tokens[0]}'; correct the subject")


def _check_grant(user: str, subject: str, actors: set[str]) -> None:
    actor, _, request = subject.removeprefix("crm.commands.").removeprefix("crm.").partition(".")
    if not subject.startswith("crm.") or actor not in actors or not (request == "*" or _NAME.fullmatch(request)):
        raise SurfaceError(
            f"upstream system {user} may not be granted '{subject}'; grant crm.<actor>.* or crm.commands.<actor>.*"
        )
