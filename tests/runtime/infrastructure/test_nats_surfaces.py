"""What the surfaces together must obey, and what the table of permissions never grants."""

import dataclasses
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.nats_configuration import (
    ActorSurface,
    SurfaceError,
    UpstreamGrant,
    create_user_keys,
    generate_configuration,
    permissions,
    user_names,
)
from tests.runtime.infrastructure.conftest import BRIDGE_REQUESTS, ORGANISATION, SURFACES, UPSTREAM


def overlap(left: str, right: str) -> bool:
    """Whether some subject matches both patterns."""
    first, second = left.split("."), right.split(".")
    for a, b in zip(first, second, strict=False):
        if ">" in (a, b):
            return True
        if "*" not in (a, b) and a != b:
            return False
    return len(first) == len(second)


names = st.sampled_from(["activites", "calendar", "clients", "contrats", "payments", "products"])
words = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True).filter(lambda word: word != "command")


@st.composite
def lawful_surfaces(draw: st.DrawFn) -> tuple[ActorSurface, ...]:
    """Any actors that share the aggregates out among them, hear one another and ask one another."""
    actors = draw(st.lists(names, min_size=2, unique=True))
    owners = draw(st.dictionaries(words, st.sampled_from(actors), min_size=1, max_size=8))
    surfaces = []
    for actor in actors:
        hears = draw(st.lists(st.tuples(st.sampled_from(sorted(owners)), words), max_size=4))
        others = st.sampled_from([other for other in actors if other != actor])
        space = st.sampled_from(["crm", "crm.internal"])
        asks = draw(st.lists(st.builds(lambda a, b, c: f"{a}.{b}.{c}", space, others, words), max_size=4))
        owned = tuple(aggregate for aggregate, owner in owners.items() if owner == actor)
        surfaces.append(ActorSurface(actor, owned, tuple(f"{a}.{fact}" for a, fact in hears), tuple(asks)))
    return tuple(surfaces)


@given(lawful_surfaces())
def test_no_actor_may_publish_to_a_subject_that_it_serves(surfaces: tuple[ActorSurface, ...]) -> None:
    table = permissions(surfaces, bridge_requests=())
    for surface in surfaces:
        allowed = table[surface.name]
        served = [heard.partition(" ")[0] for heard in allowed.subscribe]
        assert not [(p, s) for p in allowed.publish for s in served if overlap(p, s)]


@given(lawful_surfaces())
def test_every_aggregate_has_one_user_who_may_state_its_facts(surfaces: tuple[ActorSurface, ...]) -> None:
    table = permissions(surfaces, bridge_requests=(), simulated_time=True, spy=True)
    for surface in surfaces:
        for aggregate in surface.aggregates:
            fact = f"crm.events.{aggregate}.happened.{ORGANISATION}"
            assert [user for user, allowed in table.items() if any(overlap(p, fact) for p in allowed.publish)] == [
                surface.name
            ]


@given(lawful_surfaces())
def test_nobody_hears_anothers_inbox_and_only_bridge_and_provisioner_create_consumers(
    surfaces: tuple[ActorSurface, ...],
) -> None:
    table = permissions(surfaces, bridge_requests=(), upstream=(), simulated_time=True, spy=True)
    create = "$JS.API.CONSUMER.CREATE.CRM_EVENTS"
    for user in table:
        assert [other for other in table if any(overlap(s, f"_INBOX_{user}.x") for s in table[other].subscribe)] == [
            user
        ]
    assert {user for user in table if any(overlap(p, create) for p in table[user].publish)} == {"bridge", "provisioner"}


@given(lawful_surfaces(), st.booleans())
def test_only_the_operator_of_simulated_time_may_publish_ticks(
    surfaces: tuple[ActorSurface, ...], simulated: bool
) -> None:
    table = permissions(surfaces, bridge_requests=(), simulated_time=simulated)
    ticking = {user for user in table if any(overlap(p, "crm.clock.day") for p in table[user].publish)}
    assert ticking == ({"operator"} if simulated else set())


def changed(actor: str, **changes: Any) -> tuple[ActorSurface, ...]:
    """The example surfaces with one of them altered."""
    return tuple(dataclasses.replace(s, **changes) if s.name == actor else s for s in SURFACES)


@pytest.mark.parametrize(
    ("surfaces", "said"),
    [
        (changed("clients", aggregates=("client", "payment")), "aggregate 'payment' belongs to clients and payments"),
        (changed("clients", aggregates=("command",)), "no free aggregate name"),
        (changed("clients", hears=("contract.signed",)), "clients hears 'contract.signed', which nobody publishes"),
        (changed("clients", hears=("command.accepted",)), "which nobody publishes"),
        (changed("clients", hears=("payment",)), "which nobody publishes"),
        (changed("clients", hears=("payment.>",)), "which nobody publishes"),
        (changed("clients", asks=("crm.clients.get_client",)), "which it serves itself"),
        (changed("clients", asks=("crm.internal.clients.get_client",)), "which it serves itself"),
        (changed("clients", asks=("crm.kitchen.get_meal",)), "there is no actor 'kitchen'"),
        (changed("clients", asks=("crm.payments.*",)), "write crm.<actor>.<request>"),
        (changed("clients", asks=("crm.clock.day",)), "there is no actor 'clock'"),
        ((*SURFACES, ActorSurface("events", (), (), ())), "cannot name a NATS user"),
        ((*SURFACES, ActorSurface("bridge", (), (), ())), "two NATS users are named 'bridge'"),
    ],
)
def test_a_surface_that_contradicts_the_others_is_refused_by_name(
    surfaces: tuple[ActorSurface, ...], said: str
) -> None:
    with pytest.raises(SurfaceError, match=said.replace(".", r"\.").replace("*", r"\*")):
        permissions(surfaces, bridge_requests=())


@pytest.mark.parametrize(
    "subject",
    [
        "crm.>",
        "crm.*.*",
        "crm.internal.clients.get_client",
        "crm.clock.day",
        "crm.clients.>",
        "crm.commands.*.*",
        "crm.webhooks.clients.get_client",
        "x.y",
    ],
)
def test_an_upstream_system_is_granted_requests_and_commands_of_named_actors_only(subject: str) -> None:
    with pytest.raises(SurfaceError, match="webshop may not be granted"):
        permissions(SURFACES, bridge_requests=(), upstream=(UpstreamGrant("webshop", (subject,), UUID(int=1)),))


def test_every_user_needs_a_key_and_every_key_a_user(tmp_path: Path) -> None:
    keys = {user: create_user_keys()[1] for user in user_names(SURFACES)}
    del keys["payments"]
    keys["stranger"] = create_user_keys()[1]
    with pytest.raises(SurfaceError, match=r"without key: \['payments'\], without user: \['stranger'\]"):
        generate_configuration(SURFACES, keys, jetstream_folder=tmp_path, port=4222, bridge_requests=())


def test_the_same_surfaces_give_the_same_text(tmp_path: Path) -> None:
    keys = {user: create_user_keys()[1] for user in user_names(SURFACES, UPSTREAM)}

    def generated() -> str:
        return generate_configuration(
            SURFACES, keys, jetstream_folder=tmp_path, port=4222, bridge_requests=BRIDGE_REQUESTS, upstream=UPSTREAM
        )

    assert generated() == generated()
    assert "spy" not in generated()
