"""The state machines against models, and the pure rules of granting."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from actors.identity.catalogue import expand
from actors.identity.rules.granting import Grantor, Rights, check_grant, effective_data_scope
from actors.identity.rules.invitations import expiry, status_at
from actors.identity.rules.life import (
    AUTH_SESSION,
    COMPANY,
    INVITATION,
    MACHINE_ACCOUNT,
    MEMBERSHIP,
    ORGANISATION,
    SIGNING_KEY,
    USER,
)
from actors.identity.rules.privacy import ENDED, PRIVACY_REQUEST
from actors.identity.rules.system_roles import SYSTEM_ROLES
from messages.identity import (
    CompanyStatus,
    DataScope,
    InvitationStatus,
    MachineAccountStatus,
    MembershipStatus,
    OrganisationStatus,
    PrivacyStatus,
    SessionStatus,
    SigningKeyStatus,
    UserStatus,
)
from messages.problem import Refused
from messages.transitions import StateMachine


class Walk(RuleBasedStateMachine):
    """Fires triggers at random; each either follows the table or is refused with from and trigger."""

    machine: StateMachine
    first: object
    finals: frozenset[object] = frozenset()

    def __init__(self) -> None:
        super().__init__()
        self.status = self.first
        self.ended = False

    @rule(number=st.integers(0, 50))
    def something_happens(self, number: int) -> None:
        triggers = sorted({trigger for trigger, _ in self.machine.table})
        trigger = triggers[number % len(triggers)]
        if self.machine.allows(trigger, self.status):
            assert not self.ended, "nothing happens after the end"
            self.status = self.machine.after(trigger, self.status)
            self.ended = self.status in self.finals
            return
        with pytest.raises(Refused) as refusal:
            self.machine.after(trigger, self.status)
        assert refusal.value.code.code == "INVALID_TRANSITION"
        assert refusal.value.details["trigger"] == trigger

    @invariant()
    def the_end_is_the_end(self) -> None:
        if self.status in self.finals:
            assert not any(self.machine.allows(trigger, self.status) for trigger, _ in self.machine.table)


class LifeOfAMembership(Walk):
    """Removed members come back by invitation only."""

    machine, first = MEMBERSHIP, MembershipStatus.ACTIVE

    @invariant()
    def a_removed_member_only_rejoins(self) -> None:
        if self.status is MembershipStatus.REMOVED:
            assert [t for t, origin in MEMBERSHIP.table if origin is MembershipStatus.REMOVED] == ["rejoin"]


class LifeOfAnInvitation(Walk):
    """One answer, once."""

    machine, first = INVITATION, InvitationStatus.PENDING
    finals = frozenset(set(InvitationStatus) - {InvitationStatus.PENDING})


class LifeOfAMachineAccount(Walk):
    """Deactivation is final."""

    machine, first = MACHINE_ACCOUNT, MachineAccountStatus.ACTIVE
    finals = frozenset({MachineAccountStatus.DISABLED})


class LifeOfAUser(Walk):
    """A closed login may be opened again; an erased one is nobody."""

    machine, first = USER, UserStatus.PROVISIONED
    finals = frozenset({UserStatus.ANONYMISED})


class LifeOfAnOrganisation(Walk):
    """A closure can be taken back until its day; what was closed stays closed."""

    machine, first = ORGANISATION, OrganisationStatus.ACTIVE
    finals = frozenset({OrganisationStatus.CLOSED})


class LifeOfACompany(Walk):
    """Archived for good."""

    machine, first = COMPANY, CompanyStatus.ACTIVE
    finals = frozenset({CompanyStatus.ARCHIVED})


class LifeOfASigningKey(Walk):
    """A revoked key never proves anything again."""

    machine, first = SIGNING_KEY, SigningKeyStatus.CURRENT
    finals = frozenset({SigningKeyStatus.REVOKED})


class LifeOfASession(Walk):
    """What ended stays ended; a suspicion ends by a new sign-in."""

    machine, first = AUTH_SESSION, SessionStatus.ACTIVE
    finals = frozenset({SessionStatus.REVOKED, SessionStatus.EXPIRED})


class LifeOfAPrivacyRequest(Walk):
    """A person gets one answer; only a failed execution may be tried again."""

    machine, first = PRIVACY_REQUEST, PrivacyStatus.RECEIVED
    finals = ENDED


for walk in (
    LifeOfAMembership,
    LifeOfAnInvitation,
    LifeOfAMachineAccount,
    LifeOfAUser,
    LifeOfAnOrganisation,
    LifeOfACompany,
    LifeOfASigningKey,
    LifeOfASession,
    LifeOfAPrivacyRequest,
):
    walk.TestCase.settings = settings(max_examples=30, stateful_step_count=20, deadline=None, database=None)

TestMembership = LifeOfAMembership.TestCase
TestInvitation = LifeOfAnInvitation.TestCase
TestMachineAccount = LifeOfAMachineAccount.TestCase
TestUser = LifeOfAUser.TestCase
TestOrganisation = LifeOfAnOrganisation.TestCase
TestCompany = LifeOfACompany.TestCase
TestSigningKey = LifeOfASigningKey.TestCase
TestSession = LifeOfASession.TestCase
TestPrivacyRequest = LifeOfAPrivacyRequest.TestCase


def rights(code: str) -> Rights:
    """What a system role allows."""
    found = next(role for role in SYSTEM_ROLES if role.code == code)
    return Rights(expand(frozenset(found.permissions)), found.rank)


@given(st.sampled_from(SYSTEM_ROLES), st.sampled_from(SYSTEM_ROLES))
@settings(max_examples=200, deadline=None, database=None)
def test_nobody_grants_a_right_that_he_lacks(grantor_role: object, granted_role: object) -> None:
    grantor = Grantor(uuid4(), rights(grantor_role.code), None, grantor_role.code == "owner")  # type: ignore[attr-defined]
    granted = rights(granted_role.code)  # type: ignore[attr-defined]
    try:
        check_grant(grantor, [(granted_role.code, granted)])  # type: ignore[attr-defined]
    except Refused as refused:
        assert refused.code.code in ("PRIVILEGE_ESCALATION", "OWNER_NOT_INVITABLE")
        return
    assert granted.codes <= grantor.rights.codes
    assert granted.rank < grantor.rights.rank


def test_an_owner_gives_every_role_but_his_own_today() -> None:
    owner = Grantor(uuid4(), rights("owner"), None, True)
    for role in SYSTEM_ROLES[1:]:
        check_grant(owner, [(role.code, rights(role.code))])


@given(st.lists(st.sampled_from(DataScope), min_size=1), st.sampled_from(DataScope))
def test_a_membership_narrows_sight_and_never_widens_it(roles: list[DataScope], narrowed: DataScope) -> None:
    order = list(DataScope)
    widest = effective_data_scope(roles, None)
    assert order.index(widest) == max(order.index(role) for role in roles)
    assert order.index(effective_data_scope(roles, narrowed)) == min(order.index(widest), order.index(narrowed))


@given(st.integers(1, 30))
def test_an_invitation_ends_at_its_very_instant(days: int) -> None:
    start = datetime(2026, 3, 25, 10, tzinfo=UTC)
    end = expiry(start, days)
    assert end - start == timedelta(hours=24 * days)
    assert status_at(InvitationStatus.PENDING, end, end - timedelta(microseconds=1)) is InvitationStatus.PENDING
    assert status_at(InvitationStatus.PENDING, end, end) is InvitationStatus.EXPIRED
    assert status_at(InvitationStatus.ACCEPTED, end, end) is InvitationStatus.ACCEPTED
