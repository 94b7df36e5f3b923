"""White-label partners: taken up by platform staff, worked for by people, seen by nobody else."""

import pytest
from hypothesis import settings
from hypothesis import strategies as some
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from actors.identity.rules.partners import PARTNER
from messages.base import NIL_ORGANISATION
from messages.identity import (
    AddPartnerMember,
    CreatePartner,
    GetPartner,
    ListMyPartnerMemberships,
    ListPartnerMembers,
    ListPartners,
    Partner,
    PartnerStatus,
    RemovePartnerMember,
    SetPartnerStatus,
    UpdatePartner,
    UpdatePartnerMember,
)
from messages.problem import Refused
from messages.values.identifiers import new_id
from tests.actors.identity.people import IssuerServer, Person, person
from tests.actors.identity.test_sign_in import code_of
from tests.harness import Running, Tenant

_free = iter(
    f"{number:08d}{digit}"
    for number in range(80000000, 80000100)
    for digit in range(10)
    if sum(
        int(c) if place % 2 == 0 else sum(divmod(2 * int(c), 10))
        for place, c in enumerate(reversed(f"{number:08d}{digit}"))
    )
    % 10
    == 0
)


async def taken_up(staff: Person, **fields: str) -> Partner:
    """A partner with an owner-to-be still missing."""
    siren = next(_free)
    return await staff.call(CreatePartner(legal_name=f"Réseau {siren}", siren=siren, **fields))


async def owned_by(staff: Person, issuer: IssuerServer, **fields: str) -> tuple[Partner, Person]:
    """An active partner and its owner."""
    partner = await taken_up(staff, **fields)
    owner = await person(staff.running, issuer)
    await staff.call(AddPartnerMember(partner_id=partner.partner_id, user_id=owner.user.user_id, role="OWNER"))
    return await turned(staff, partner, "ACTIVE"), owner


async def turned(staff: Person, partner: Partner, status: str) -> Partner:
    """The partner in its next state."""
    now = await staff.call(GetPartner(partner_id=partner.partner_id))
    order = SetPartnerStatus(partner_id=now.partner_id, status=status, reason="contrat", expected_version=now.version)
    return await staff.call(order)


async def test_platform_staff_take_partners_up_and_nobody_else_sees_them(
    running: Running, issuer: IssuerServer, staff: Person, owned: tuple[Person, Tenant]
) -> None:
    owner, _ = owned
    partner = await taken_up(staff)
    assert partner.status == "ONBOARDING"
    again = CreatePartner(legal_name="Autre", siren=partner.siren)
    assert await code_of(staff.call(again)) == "PARTNER_ALREADY_EXISTS"
    with pytest.raises(ValueError, match="SIREN"):
        CreatePartner(legal_name="Autre", siren="123456789")
    for request in (ListPartners(), GetPartner(partner_id=partner.partner_id), again):
        assert await code_of(owner.call(request)) == "PERMISSION_MISSING"
    named = UpdatePartner(partner_id=partner.partner_id, expected_version=1, phone="+33145678900")
    changed = await staff.call(named)
    assert (changed.phone, changed.legal_name, changed.version) == ("+33145678900", partner.legal_name, 2)
    assert await code_of(staff.call(named)) == "VERSION_CONFLICT"
    for search in (partner.siren, partner.legal_name[:12].upper()):
        found = (await staff.call(ListPartners(search=search, limit=100))).items
        assert partner.partner_id in {item.partner_id for item in found}
    first = await staff.call(ListPartners(limit=1))
    assert len(first.items) == 1
    facts = [
        body
        for fact in ("created", "updated")
        for _, body in await running.events(f"partner.{fact}", NIL_ORGANISATION)
        if body["partner_id"] == str(partner.partner_id)
    ]
    assert [body.get("changed_fields") for body in facts] == [None, ["phone"]]


async def test_a_partner_is_active_with_an_owner_and_keeps_one(
    running: Running, issuer: IssuerServer, staff: Person
) -> None:
    partner = await taken_up(staff)
    assert await code_of(turned(staff, partner, "ACTIVE")) == "PARTNER_WITHOUT_OWNER"
    owner, second = [await person(running, issuer) for _ in range(2)]
    join = AddPartnerMember(partner_id=partner.partner_id, user_id=owner.user.user_id, role="OWNER")
    await staff.call(join)
    assert await code_of(staff.call(join)) == "ALREADY_MEMBER"
    unknown = AddPartnerMember(partner_id=partner.partner_id, user_id=new_id(), role="VIEWER")
    assert await code_of(staff.call(unknown)) == "USER_NOT_FOUND"
    assert (await turned(staff, partner, "ACTIVE")).status == "ACTIVE"
    leave = RemovePartnerMember(partner_id=partner.partner_id, user_id=owner.user.user_id)
    assert await code_of(owner.call(leave)) == "LAST_PARTNER_OWNER"
    lesser = UpdatePartnerMember(
        partner_id=partner.partner_id, user_id=owner.user.user_id, role="ADMIN", expected_version=1
    )
    assert await code_of(owner.call(lesser)) == "LAST_PARTNER_OWNER"
    await owner.call(AddPartnerMember(partner_id=partner.partner_id, user_id=second.user.user_id, role="OWNER"))
    assert (await second.call(lesser)).role == "ADMIN"
    assert await code_of(owner.call(unknown)) == "PERMISSION_MISSING"
    page = await owner.call(ListPartnerMembers(partner_id=partner.partner_id))
    assert [(item.user_id, item.role) for item in page.items] == [
        (owner.user.user_id, "ADMIN"),
        (second.user.user_id, "OWNER"),
    ]


async def test_a_partners_people_see_their_own_partner_while_it_is_not_suspended(
    running: Running, issuer: IssuerServer, staff: Person
) -> None:
    mine, owner = await owned_by(staff, issuer)
    theirs, stranger = await owned_by(staff, issuer)
    ask = GetPartner(partner_id=mine.partner_id)
    assert (await owner.call(ask)).status == "ACTIVE"
    for request in (ask, ListPartnerMembers(partner_id=mine.partner_id)):
        assert await code_of(stranger.call(request)) == "PARTNER_NOT_FOUND"
    assert await code_of(owner.call(ListPartners())) == "PERMISSION_MISSING"
    (membership,) = (await owner.call(ListMyPartnerMemberships())).items
    assert (membership.partner_id, membership.role) == (mine.partner_id, "OWNER")
    await turned(staff, mine, "SUSPENDED")
    assert await code_of(owner.call(ask)) == "PERMISSION_MISSING"
    await turned(staff, mine, "ACTIVE")
    await owner.call(ask)
    ended = await turned(staff, mine, "TERMINATED")
    assert ended.terminated_at is not None
    assert (await owner.call(ListMyPartnerMemberships())).items == ()
    assert await code_of(turned(staff, mine, "ACTIVE")) == "INVALID_TRANSITION"
    late = AddPartnerMember(partner_id=mine.partner_id, user_id=owner.user.user_id, role="OWNER")
    assert await code_of(staff.call(late)) == "PARTNER_INACTIVE"
    steps = [
        (body["from_status"], body["to_status"])
        for _, body in await running.events("partner.status_changed", NIL_ORGANISATION)
        if body["partner_id"] == str(mine.partner_id)
    ]
    assert steps == [
        ("ONBOARDING", "ACTIVE"),
        ("ACTIVE", "SUSPENDED"),
        ("SUSPENDED", "ACTIVE"),
        ("ACTIVE", "TERMINATED"),
    ]
    removed = await running.events("partner_membership.removed", NIL_ORGANISATION)
    assert str(owner.user.user_id) in {body["user_id"] for _, body in removed}
    assert (await stranger.call(GetPartner(partner_id=theirs.partner_id))).status == "ACTIVE"


class PartnershipLife(RuleBasedStateMachine):
    """A terminated partnership never begins again, and only an active one is suspended."""

    def __init__(self) -> None:
        super().__init__()
        self.path = [PartnerStatus.ONBOARDING]

    @rule(trigger=some.sampled_from(["activate", "suspend", "terminate", "onboard"]))
    def happens(self, trigger: str) -> None:
        if PARTNER.allows(trigger, self.path[-1]):
            self.path.append(PARTNER.after(trigger, self.path[-1]))
        else:
            with pytest.raises(Refused):
                PARTNER.after(trigger, self.path[-1])

    @invariant()
    def nothing_follows_the_end_and_suspension_follows_activity(self) -> None:
        assert PartnerStatus.TERMINATED not in self.path[:-1]
        for before, after in zip(self.path, self.path[1:], strict=False):
            assert after is not PartnerStatus.SUSPENDED or before is PartnerStatus.ACTIVE


PartnershipLife.TestCase.settings = settings(max_examples=20, stateful_step_count=8)
test_a_partnership_ends_for_good = PartnershipLife.TestCase
