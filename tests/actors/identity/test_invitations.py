"""Invitations: time, secrets, addresses, and two people with one link."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest

from actors.identity.rules.invitations import invitation_token, token_hash
from messages.identity import (
    AcceptInvitation,
    CancelInvitation,
    DeclineInvitation,
    GetMyProfile,
    GetOrganisation,
    ListInvitations,
    ListMembers,
    PreviewInvitation,
    ResendInvitation,
    SuspendMembership,
    SyncUser,
    UpdateSecuritySettings,
)
from tests.actors.identity.people import IssuerServer, Person, as_bridge, invite, link_token, member, person
from tests.actors.identity.test_sign_in import code_of
from tests.harness import Running, Tenant

MARCH_25 = datetime(2026, 3, 25, 10, tzinfo=UTC)
APRIL_1 = datetime(2026, 4, 1, 10, tzinfo=UTC)


async def test_case_08_an_invitation_lasts_seven_times_24_hours(
    running: Running, issuer: IssuerServer, owned: tuple[Person, Tenant]
) -> None:
    owner, tenant = owned
    early, late = await person(running, issuer), await person(running, issuer)
    owner.client.now = MARCH_25
    offers = [await invite(owner, someone.email, "viewer") for someone in (early, late)]
    assert [offer.expires_at for offer in offers] == [APRIL_1, APRIL_1]
    tokens = [await link_token(owner, offer) for offer in offers]
    early.client.now = APRIL_1 - timedelta(seconds=1)
    joined = await early.call(AcceptInvitation(token=tokens[0]))
    assert joined.membership.status == "ACTIVE"
    late.client.now = APRIL_1
    assert await code_of(late.call(AcceptInvitation(token=tokens[1]))) == "INVITATION_EXPIRED"
    owner.client.now = APRIL_1
    shown = {item.invitation_id: item.status for item in (await owner.call(ListInvitations())).items}
    assert shown == {offers[0].invitation_id: "ACCEPTED", offers[1].invitation_id: "EXPIRED"}
    assert [item.invitation_id for item in (await owner.call(ListInvitations(status="EXPIRED"))).items] == [
        offers[1].invitation_id
    ]
    await running.tick("hour", APRIL_1)
    await running.tick("hour", APRIL_1 + timedelta(hours=1))
    assert [body["invitation_id"] for _, body in await running.events("invitation.expired", tenant.id)] == [
        str(offers[1].invitation_id)
    ]


async def test_case_09_the_duration_is_never_zero(owned: tuple[Person, Tenant]) -> None:
    owner, _ = owned
    owner.client.now = MARCH_25
    assert (await invite(owner, "sept@x.fr", "viewer")).expires_at == APRIL_1
    assert (await invite(owner, "un@x.fr", "viewer", expires_in_days=1)).expires_at == MARCH_25 + timedelta(days=1)
    for days in (0, 31):
        body = f'{{"email": "a@x.fr", "role_ids": ["{uuid4()}"], "expires_in_days": {days}}}'
        answer = await owner.client.send("crm.identity.create_invitation", body.encode())
        assert answer.problem is not None
        assert [field.field for field in answer.problem.fields] == ["expires_in_days"]


def test_case_10_the_token_is_the_golden_one() -> None:
    token = invitation_token(b"\xaa" * 32, UUID("0190a6f0-0000-7000-8000-00000000ab01"), bytes(16))
    assert token == "6NTofTRNKBz2xSZH_Qoq-JNMrZ57LxXpn7htS7qQlmU"
    assert token_hash(token).hex() == "5bdc60f92046f8bbdd2ad1c75477b2e0ec4d09b4de6338df2f224709c09d84b1"


async def test_case_10_no_token_is_stored_listed_or_told(running: Running, owned: tuple[Person, Tenant]) -> None:
    owner, tenant = owned
    email = f"secret-{uuid4().hex[:8]}@x.fr"
    offer = await invite(owner, email, "viewer")
    token = await link_token(owner, offer)
    (_, event) = (await running.events("invitation.created", tenant.id))[-1]
    assert event["email"] == email and event["role_names"] == ["Lecteur"] and token not in str(event)
    assert token not in (await owner.call(ListInvitations())).model_dump_json()
    connection = await asyncpg.connect(running.installation.actor_url("identity"))
    try:
        await connection.execute(f"set app.organisation_id = '{tenant.id}'")
        for table in ("invitation", "invitation_link", "outbox_message", "idempotency_record", "audit_entry"):
            rows = await connection.fetch(f"select to_jsonb(t)::text as text from {table} t")
            dump = "\n".join(row["text"] for row in rows)
            assert token not in dump and token.encode().hex() not in dump, table
            if table in ("invitation", "invitation_link", "audit_entry"):
                assert email not in dump, table
    finally:
        await connection.close()


async def test_case_11_a_forwarded_link_opens_nothing(
    running: Running, issuer: IssuerServer, owned: tuple[Person, Tenant]
) -> None:
    owner, _ = owned
    invited, stranger = await person(running, issuer), await person(running, issuer)
    token = await link_token(owner, await invite(owner, invited.email.upper(), "viewer"))
    assert await code_of(stranger.call(AcceptInvitation(token=token))) == "INVITATION_EMAIL_MISMATCH"
    assert await code_of(stranger.call(DeclineInvitation(token=token))) == "INVITATION_EMAIL_MISMATCH"
    assert (await owner.call(ListInvitations())).items[0].status == "PENDING"
    assert (await invited.call(GetMyProfile())).pending_invitations == 1
    joined = await invited.call(AcceptInvitation(token=token))
    assert (joined.already_member, joined.membership.role_codes) == (False, ("viewer",))
    assert (await invited.call(GetMyProfile())).pending_invitations == 0


async def test_case_12_accepting_twice_answers_the_same(
    running: Running, issuer: IssuerServer, owned: tuple[Person, Tenant]
) -> None:
    owner, tenant = owned
    invited, stranger = await person(running, issuer), await person(running, issuer)
    offer = await invite(owner, invited.email, "viewer")
    token = await link_token(owner, offer)
    first = await invited.call(AcceptInvitation(token=token))
    again = await invited.call(AcceptInvitation(invitation_id=offer.invitation_id))
    assert again == first
    assert await code_of(stranger.call(AcceptInvitation(token=token))) == "INVITATION_ALREADY_USED"
    assert len(await running.events("invitation.accepted", tenant.id)) == 1
    assert len(await running.events("membership.created", tenant.id)) == 2


async def test_case_12_two_people_in_parallel_make_one_membership(
    running: Running, issuer: IssuerServer, owned: tuple[Person, Tenant]
) -> None:
    owner, _ = owned
    invited, stranger = await person(running, issuer), await person(running, issuer)
    token = await link_token(owner, await invite(owner, invited.email, "viewer"))
    outcomes = await asyncio.gather(
        *(someone.client.call(AcceptInvitation(token=token)) for someone in (invited, stranger, invited, stranger)),
        return_exceptions=True,
    )
    assert sum(not isinstance(outcome, Exception) for outcome in outcomes) == 2
    assert len((await owner.call(ListMembers())).items) == 2


async def test_a_member_who_accepts_keeps_the_rights_he_has(
    running: Running, issuer: IssuerServer, owned: tuple[Person, Tenant]
) -> None:
    owner, _ = owned
    someone, membership = await member(owner, "viewer")
    assert await code_of(invite(owner, someone.email, "member")) == "ALREADY_MEMBER"
    second_address = f"{uuid4().hex[:10]}@x.fr"
    token = await link_token(owner, await invite(owner, second_address, "member"))
    await as_bridge(running, SyncUser(idp_token=issuer.token(second_address, sub=f"sub-{someone.email}")))
    joined = await someone.call(AcceptInvitation(token=token))
    assert (joined.already_member, joined.membership.role_codes) == (True, ("viewer",))
    third_address = f"{uuid4().hex[:10]}@x.fr"
    token = await link_token(owner, await invite(owner, third_address, "member"))
    await owner.call(SuspendMembership(membership_id=membership.membership_id, reason="congé"))
    await as_bridge(running, SyncUser(idp_token=issuer.token(third_address, sub=f"sub-{someone.email}")))
    await someone.enter(None)
    assert await code_of(someone.client.call(AcceptInvitation(token=token))) == "MEMBERSHIP_INACTIVE"


async def test_a_link_is_renewed_at_most_five_times_ten_minutes_apart(
    running: Running, owned: tuple[Person, Tenant]
) -> None:
    owner, tenant = owned
    owner.client.now = MARCH_25
    offer = await invite(owner, "lent@x.fr", "viewer")
    old = await link_token(owner, offer)
    assert await code_of(owner.call(ResendInvitation(invitation_id=offer.invitation_id))) == "RESEND_TOO_SOON"
    for number in range(1, 6):
        owner.client.now = MARCH_25 + timedelta(minutes=10 * number)
        resent = await owner.call(ResendInvitation(invitation_id=offer.invitation_id))
        assert (resent.sent_count, resent.expires_at) == (number + 1, owner.client.now + timedelta(days=7))
    owner.client.now = MARCH_25 + timedelta(hours=3)
    assert await code_of(owner.call(ResendInvitation(invitation_id=offer.invitation_id))) == "RESEND_LIMIT"
    new = await link_token(owner, offer)
    assert new != old
    assert await code_of(owner.client.call(PreviewInvitation(token=old))) == "INVITATION_NOT_FOUND"
    assert [body["sent_count"] for _, body in await running.events("invitation.resent", tenant.id)] == [2, 3, 4, 5, 6]


async def test_anybody_with_the_link_sees_the_offer(owned: tuple[Person, Tenant]) -> None:
    owner, _ = owned
    owner.client.now = MARCH_25
    offer = await invite(owner, "jeanne@x.fr", "viewer")
    token = await link_token(owner, offer)
    shown = await owner.client.call(PreviewInvitation(token=token), token="")
    assert (shown.email_masked, shown.role_names, shown.status) == ("j***@x.fr", ("Lecteur",), "PENDING")
    assert shown.inviter_name == "Ana Martin" and shown.organisation_name.startswith("Étoile")
    assert await code_of(owner.client.call(PreviewInvitation(token="x" * 43), token="")) == "INVITATION_NOT_FOUND"
    assert await code_of(owner.client.call(PreviewInvitation(token="é?"), token="")) == "INVITATION_NOT_FOUND"


@pytest.mark.parametrize("answer", ["cancel", "decline"])
async def test_a_withdrawn_or_declined_offer_is_dead(
    running: Running, issuer: IssuerServer, owned: tuple[Person, Tenant], answer: str
) -> None:
    owner, tenant = owned
    invited = await person(running, issuer)
    offer = await invite(owner, invited.email, "viewer")
    assert await code_of(invite(owner, invited.email, "viewer")) == "INVITATION_PENDING_EXISTS"
    token = await link_token(owner, offer)
    if answer == "cancel":
        await owner.call(CancelInvitation(invitation_id=offer.invitation_id))
        expected, fact = "INVITATION_CANCELLED", "invitation.cancelled"
    else:
        await invited.call(DeclineInvitation(token=token))
        expected, fact = "INVITATION_DECLINED", "invitation.declined"
    assert await code_of(invited.call(AcceptInvitation(token=token))) == expected
    assert await code_of(owner.call(CancelInvitation(invitation_id=offer.invitation_id))) == "INVALID_TRANSITION"
    assert len(await running.events(fact, tenant.id)) == 1
    assert (await invite(owner, invited.email, "viewer")).status == "PENDING"


async def test_an_invitation_of_another_organisation_does_not_exist(
    owned: tuple[Person, Tenant], other: tuple[Person, Tenant]
) -> None:
    owner, _ = owned
    theirs = await invite(other[0], "x@x.fr", "viewer")
    for request in (
        CancelInvitation(invitation_id=theirs.invitation_id),
        ResendInvitation(invitation_id=theirs.invitation_id),
    ):
        assert await code_of(owner.call(request)) == "INVITATION_NOT_FOUND"
    assert (await owner.call(ListInvitations())).items == ()


async def test_only_allowed_domains_are_invited(owned: tuple[Person, Tenant]) -> None:
    owner, _ = owned
    version = (await owner.call(GetOrganisation())).version
    await owner.call(UpdateSecuritySettings(allowed_email_domains=("x.fr",), expected_version=version))
    assert await code_of(invite(owner, "a@y.fr", "viewer")) == "EMAIL_DOMAIN_NOT_ALLOWED"
    assert (await invite(owner, "a@x.fr", "viewer")).email == "a@x.fr"
