"""Memberships, invitations and sessions walked at random through the real requests, and compared with their tables."""

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actors.identity.rules.life import AUTH_SESSION, INVITATION, MEMBERSHIP
from messages.base import NIL_ORGANISATION
from messages.identity import (
    AcceptInvitation,
    AddMember,
    CancelInvitation,
    CheckSession,
    DataScope,
    DeclineInvitation,
    GetInvitation,
    GetMembership,
    InvitationStatus,
    MembershipStatus,
    ReactivateMembership,
    RemoveMember,
    ResendInvitation,
    RevokeSession,
    SessionStatus,
    SuspendMembership,
    TouchSession,
    UpdateInvitation,
    UpdateMembership,
)
from messages.problem import Refused
from messages.transitions import StateMachine
from runtime import clock
from runtime.access import session_key
from tests.actors.identity.people import IssuerServer, Person, as_bridge, founder, invite, member, person, role_id
from tests.actors.identity.test_sessions import CHROME, FIREFOX, PARIS, tracked
from tests.harness import Running

pytestmark = pytest.mark.chaos

WALKS = settings(max_examples=2, deadline=None, suppress_health_check=list(HealthCheck), database=None)
MARCH_2 = datetime(2026, 3, 2, 9, tzinfo=UTC)
_SECONDS = itertools.count()


def triggers_of(machine: StateMachine[Any]) -> st.SearchStrategy[list[str]]:
    """Walks long enough to come back to where they were."""
    return st.lists(st.sampled_from(sorted({trigger for trigger, _ in machine.table})), min_size=3, max_size=6)


class Walk:
    """One aggregate, the state that its table gives it, and the facts that must have been stated."""

    def __init__(self, machine: StateMachine[Any], state: Any, facts: dict[str, str]) -> None:
        self.machine = machine
        self.state = state
        self.facts = dict.fromkeys(facts.values(), 0)
        self._of = facts

    async def fire(self, trigger: str, request: Any) -> None:
        """Exactly what the table allows is done; everything else is refused."""
        allowed = self.machine.allows(trigger, self.state)
        try:
            await request
        except Refused as refusal:
            assert not allowed, f"{trigger} of {self.state} was refused: {refusal}"
            return
        assert allowed, f"{trigger} of {self.state} was done"
        self.went(trigger)

    def went(self, trigger: str) -> None:
        """The table's next state, and one fact more."""
        self.state = self.machine.after(trigger, self.state)
        if trigger in self._of:
            self.facts[self._of[trigger]] += 1

    async def check_facts(self, running: Running, organisation_id: UUID, subject: object) -> None:
        """As many facts as transitions, each with a version of its own."""
        await running.settled()
        for type_, expected in self.facts.items():
            found = [
                found
                for found, _ in await running.events(type_, organisation_id)
                if found["ce-subject"] == str(subject)
            ]
            assert len(found) == expected, type_
            assert len({headers["ce-crmversion"] for headers in found}) == expected


@WALKS
@given(triggers=triggers_of(MEMBERSHIP))
async def test_a_membership_lives_as_its_table_says(
    running: Running, issuer: IssuerServer, triggers: list[str]
) -> None:
    owner, tenant = await founder(running, issuer)
    someone, membership = await member(owner, "viewer")
    number, viewer = membership.membership_id, (await role_id(owner, "viewer"),)
    facts = {
        "update": "membership.updated", "suspend": "membership.suspended", "reactivate": "membership.reactivated",
        "remove": "membership.removed", "rejoin": "membership.created",
    }  # fmt: skip
    walk = Walk(MEMBERSHIP, MembershipStatus.ACTIVE, facts)
    walk.facts["membership.created"] = 1
    scopes = itertools.cycle((DataScope.OWN, DataScope.TEAM))
    for trigger in triggers:
        now = await owner.call(GetMembership(membership_id=number))
        assert now.status == walk.state
        requests: dict[str, Any] = {
            "update": UpdateMembership(membership_id=number, data_scope=next(scopes), expected_version=now.version),
            "suspend": SuspendMembership(membership_id=number, reason="test"),
            "reactivate": ReactivateMembership(membership_id=number, reason="test"),
            "remove": RemoveMember(membership_id=number),
            "rejoin": AddMember(user_id=someone.user.user_id, role_ids=viewer),
        }
        await walk.fire(trigger, owner.call(requests[trigger]))
    await walk.check_facts(running, tenant.id, number)
    if walk.state is MembershipStatus.ACTIVE:
        await someone.enter(tenant.id)


@WALKS
@given(triggers=triggers_of(INVITATION))
async def test_an_invitation_lives_as_its_table_says(
    running: Running, issuer: IssuerServer, triggers: list[str]
) -> None:
    owner, tenant = await founder(running, issuer)
    someone = await person(running, issuer)
    now = owner.client.now = MARCH_2
    number = (await invite(owner, someone.email, "viewer")).invitation_id
    facts = {
        "accept": "invitation.accepted", "decline": "invitation.declined", "cancel": "invitation.cancelled",
        "expire": "invitation.expired", "resend": "invitation.resent",
    }  # fmt: skip
    walk = Walk(INVITATION, InvitationStatus.PENDING, facts)
    scopes = itertools.cycle((DataScope.OWN, DataScope.TEAM))
    for trigger in triggers:
        now += timedelta(minutes=11)
        owner.client.now = someone.client.now = now
        offer = await owner.call(GetInvitation(invitation_id=number))
        assert offer.status == walk.state
        if trigger == "expire":  # nobody asks for it: its time comes, and what was answered stays answered
            now = max(now, offer.expires_at) + timedelta(seconds=next(_SECONDS))
            await running.tick("hour", now)
            if walk.machine.allows(trigger, walk.state):
                walk.went(trigger)
            continue
        if trigger == "accept" and walk.state is InvitationStatus.ACCEPTED:
            again = await someone.call(AcceptInvitation(invitation_id=number))
            assert again.membership.user_id == someone.user.user_id, "accepting twice answers the same"
            continue
        asked: dict[str, tuple[Person, Any]] = {
            "accept": (someone, AcceptInvitation(invitation_id=number)),
            "decline": (someone, DeclineInvitation(invitation_id=number)),
            "cancel": (owner, CancelInvitation(invitation_id=number)),
            "resend": (owner, ResendInvitation(invitation_id=number)),
            "update": (
                owner,
                UpdateInvitation(invitation_id=number, data_scope=next(scopes), expected_version=offer.version),
            ),
        }
        who, request = asked[trigger]
        await walk.fire(trigger, who.call(request))
    owner.client.now = now
    resent = walk.facts.pop("invitation.resent")
    await walk.check_facts(running, tenant.id, number)
    repeated = await running.events("invitation.resent", tenant.id)
    assert len(repeated) >= resent, "a reminder may have come beside the repetitions that were asked for"


@WALKS
@given(triggers=st.lists(st.sampled_from(["touch", "suspect", "sign_in", "revoke"]), min_size=3, max_size=6))
async def test_a_session_lives_as_its_table_says(running: Running, issuer: IssuerServer, triggers: list[str]) -> None:
    owner, _ = await founder(running, issuer)
    someone, _ = await member(owner, "viewer")
    sid, signed_in = f"S-{uuid4()}", itertools.count(int(clock.unix_now()))
    first = await tracked(someone, sid=sid, auth_time=next(signed_in))
    walk = Walk(
        AUTH_SESSION,
        SessionStatus.ACTIVE,
        {"suspect": "auth_session.marked_suspicious", "revoke": "auth_session.revoked"},
    )
    assert first.status == walk.state
    for trigger in triggers:
        match trigger:  # a session that has ended answers as it is, and nothing happens
            case "sign_in":
                await tracked(someone, sid=sid, auth_time=next(signed_in))
            case "revoke":
                await owner.call(RevokeSession(session_id=sid, reason="ADMIN"))
            case _:
                agent = CHROME if trigger == "suspect" else FIREFOX
                await as_bridge(running, TouchSession(session_id=sid, ip=PARIS, user_agent=agent))
        if walk.machine.allows(trigger, walk.state):
            walk.went(trigger)
        checked = await as_bridge(running, CheckSession(session_id=sid))
        assert checked.session is not None and checked.session.status == walk.state
        assert checked.valid is (walk.state is SessionStatus.ACTIVE)
    await walk.check_facts(running, NIL_ORGANISATION, session_key(sid))
