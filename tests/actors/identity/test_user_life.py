"""Logins made, closed, opened and erased; the issuer's directory kept in step; what strangers learn: nothing."""

from datetime import UTC, datetime
from time import perf_counter
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from actors.identity.keycloak.simulator import KeycloakSimulator
from messages.base import NIL_ORGANISATION
from messages.identity import (
    AcceptInvitation,
    AddMember,
    AssessPrivacyRequest,
    CreateUser,
    DeactivateUser,
    DeleteUser,
    ExecutePrivacyRequest,
    GetMembership,
    GetOrganisation,
    GetPrivacyRequest,
    GetUser,
    Membership,
    ReactivateMembership,
    ReactivateUser,
    RequestEmailVerification,
    RequestPasswordReset,
    UpdateSecuritySettings,
    VerifyRequesterIdentity,
)
from messages.problem import Refused
from runtime import headers
from tests.actors.identity.people import IssuerServer, Person, invite, link_token, member, person, role_id, seen
from tests.actors.identity.test_privacy import OTHERS, report
from tests.actors.identity.test_sign_in import code_of
from tests.harness import Running, Tenant, eventually


def new_user(email: str | None = None, **fields: Any) -> CreateUser:
    return CreateUser(email=email or f"{uuid4().hex}@x.fr", first_name="Ana", last_name="Martin", **fields)


async def also_member(other: Person, someone: Person) -> Membership:
    """The person joins a second organisation."""
    token = await link_token(other, await invite(other, someone.email, "viewer"))
    await someone.enter(None)
    return (await someone.call(AcceptInvitation(token=token))).membership


async def facts(running: Running, type_: str, user_id: UUID) -> list[dict[str, Any]]:
    """What was stated about a user."""
    found = await running.events(type_, NIL_ORGANISATION)
    return [body for _, body in found if body["user_id"] == str(user_id)]


async def notices(running: Running, organisation_id: UUID, user_id: UUID) -> list[dict[str, Any]]:
    """What an organisation said of a member's unused login."""
    found = await running.events("user.inactivity_noticed", organisation_id)
    return [body for _, body in found if body["user_id"] == str(user_id)]


async def test_case_28_the_directory_is_told_once_it_is_back(
    running: Running, owned: tuple[Person, Tenant], keycloak: KeycloakSimulator
) -> None:
    owner, _ = owned
    adopted = keycloak.add("known@x.fr")
    await keycloak.stop()
    made = await owner.call(new_user("new@x.fr"))
    twin = await owner.call(new_user("known@x.fr", send_activation=False))
    assert (made.status, made.email) == ("PROVISIONED", "new@x.fr")
    assert keycloak.of("new@x.fr") == []
    await keycloak.start()
    keycloak.fail(503)
    keycloak.expire_tokens()
    await running.settled()
    (account,) = keycloak.of("new@x.fr")
    assert account.actions == [["VERIFY_EMAIL", "UPDATE_PASSWORD"]]
    assert (keycloak.of("known@x.fr"), adopted.actions) == ([adopted], [])
    assert await code_of(owner.call(new_user("new@x.fr"))) == "EMAIL_ALREADY_USED"
    roles = (await role_id(owner, "viewer"),)
    await owner.call(AddMember(user_id=made.user_id, role_ids=roles))
    someone = await person(running, owner.issuer, "new@x.fr", sub=account.id)
    assert (someone.user.user_id, someone.user.status) == (made.user_id, "ACTIVE")
    assert await code_of(person(running, owner.issuer, "known@x.fr", sub="another")) == "IDENTITY_CONFLICT"
    assert twin.user_id != made.user_id


async def test_a_refused_service_account_is_left_to_an_operator(
    running: Running, owned: tuple[Person, Tenant], keycloak: KeycloakSimulator
) -> None:
    keycloak.fail(403)
    await owned[0].call(new_user("refused@x.fr"))
    await running.settled()
    connection = await asyncpg.connect(running.database("identity"))
    try:
        failed = await connection.fetchval(
            "select last_error from work_item where kind = 'tell_issuer' and status = 'FAILED' and organisation_id = $1",
            owned[1].id,
        )
    finally:
        await connection.close()
    assert "manage-users" in failed and "refused@x.fr" not in failed


async def test_a_login_is_closed_and_opened_again(
    running: Running, owned: tuple[Person, Tenant], other: tuple[Person, Tenant], keycloak: KeycloakSimulator
) -> None:
    owner, tenant = owned
    someone, membership = await member(owner, "viewer")
    account = keycloak.add(someone.email, f"sub-{someone.email}")
    close = DeactivateUser(user_id=someone.user.user_id, reassign_to_user_id=owner.user.user_id)
    assert await code_of(other[0].call(close)) == "USER_NOT_FOUND"
    closed = await owner.call(close)
    assert (closed.status, closed.disabled_reason) == ("DISABLED", "ADMIN")
    assert await code_of(someone.enter(tenant.id)) == "ACCOUNT_DISABLED"
    assert (await owner.call(GetMembership(membership_id=membership.membership_id))).status == "SUSPENDED"
    assert await code_of(owner.call(close)) == "INVALID_TRANSITION"
    await running.settled()
    assert (account.enabled, account.logouts) == (False, 1)
    opened = await owner.call(ReactivateUser(user_id=someone.user.user_id, reason="retour"))
    assert opened.status == "ACTIVE"
    assert await code_of(someone.enter(tenant.id)) == "MEMBERSHIP_INACTIVE"
    await owner.call(ReactivateMembership(membership_id=membership.membership_id, reason="retour"))
    await someone.enter(tenant.id)
    await running.settled()
    assert account.enabled
    (stated,) = await facts(running, "user.deactivated", someone.user.user_id)
    assert stated["reassign_to_user_id"] == str(owner.user.user_id)
    assert len(await facts(running, "user.reactivated", someone.user.user_id)) == 1


async def test_an_organisation_closes_no_login_that_others_need(
    owned: tuple[Person, Tenant], other: tuple[Person, Tenant], staff: Person
) -> None:
    owner, _ = owned
    someone, _ = await member(owner, "viewer")
    await also_member(other[0], someone)
    close = DeactivateUser(user_id=someone.user.user_id)
    assert await code_of(owner.call(close)) == "FORBIDDEN"
    assert await code_of(owner.call(DeactivateUser(user_id=owner.user.user_id))) == "LAST_OWNER"
    admin, _ = await member(owner, "it_admin")
    assert await code_of(admin.call(DeactivateUser(user_id=owner.user.user_id))) == "FORBIDDEN"
    assert (await staff.call(close)).status == "DISABLED"
    for known in (owner, other[0]):
        shown = await known.call(GetUser(user_id=someone.user.user_id))
        assert (shown.status, shown.disabled_reason) == ("DISABLED", "ADMIN")


async def executed(owner: Person, request_id: UUID) -> None:
    """Identity confirmed, assessed by all, executed."""
    await owner.call(VerifyRequesterIdentity(request_id=request_id, method="carte d'identité"))
    await owner.call(AssessPrivacyRequest(request_id=request_id))
    for actor in OTHERS:
        await report(owner, request_id, actor, "ASSESS")

    async def ready() -> bool:
        return (await owner.call(GetPrivacyRequest(request_id=request_id))).status == "READY"

    await eventually(ready)
    await owner.call(ExecutePrivacyRequest(request_id=request_id))


async def test_case_22_a_deleted_user_leaves_no_address_behind(
    running: Running,
    owned: tuple[Person, Tenant],
    other: tuple[Person, Tenant],
    staff: Person,
    keycloak: KeycloakSimulator,
) -> None:
    owner, tenant = owned
    someone, first = await member(owner, "viewer")
    second = await also_member(other[0], someone)
    keycloak.add(someone.email, f"sub-{someone.email}")
    assert await code_of(other[0].call(DeleteUser(user_id=owner.user.user_id, reason="x"))) == "USER_NOT_FOUND"
    made = await staff.call(DeleteUser(user_id=someone.user.user_id, reason="la personne le demande"))
    assert len(made.request_ids) == 2
    by_owner = {}
    for known in (owner, other[0]):
        for request_id in made.request_ids:
            try:
                await known.call(GetPrivacyRequest(request_id=request_id))
                by_owner[known.email] = request_id
            except Refused:
                continue
    await executed(owner, by_owner[owner.email])
    shown = await other[0].call(GetUser(user_id=someone.user.user_id))
    assert (shown.status, shown.email) == ("ACTIVE", someone.email), "the other organisation still needs the login"
    await executed(other[0], by_owner[other[0].email])
    gone = await owner.call(GetUser(user_id=someone.user.user_id))
    assert (gone.status, gone.first_name, gone.last_name) == ("ANONYMISED", "Utilisateur", "effacé")
    for known, membership in ((owner, first), (other[0], second)):
        found = await known.call(GetMembership(membership_id=membership.membership_id))
        assert (found.status, found.user and found.user.email) == ("REMOVED", f"erased-{someone.user.user_id}@invalid")
    connection = await asyncpg.connect(running.database("identity"))
    try:
        host = running.hosts["identity"].heart
        index = await host.keys.index("EMAIL", someone.email, NIL_ORGANISATION)  # type: ignore[arg-type]
        for organisation_id in (tenant.id, other[1].id):  # row-level security holds for the owner of the tables, too
            await connection.execute("select set_config('app.organisation_id', $1, false)", str(organisation_id))
            assert await connection.fetchval("select count(*) from membership") > 1
            for table in ("user_account", "invitation", "invitation_link"):
                found = f"select count(*) from {table} where email_index = $1"
                assert not await connection.fetchval(found, index), table
        trail = "select count(*) from audit_entry where actor->>'user_id' = $1"
        assert await connection.fetchval(trail, str(someone.user.user_id)) > 0
    finally:
        await connection.close()
    assert len(await facts(running, "user.anonymised", someone.user.user_id)) == 1
    assert await code_of(someone.enter(None)) == "UNAUTHORIZED"


async def test_case_27_a_stranger_learns_nothing_of_accounts(
    running: Running, owned: tuple[Person, Tenant], keycloak: KeycloakSimulator
) -> None:
    someone, _ = await member(owned[0], "viewer")
    account = keycloak.add(someone.email, f"sub-{someone.email}")
    client = await running.client(token="")
    times: dict[bool, list[float]] = {True: [], False: []}
    for round_ in range(3):
        for known in (True, False):
            email = someone.email if known else f"nobody-{someone.email}"
            started = perf_counter()
            answer = await client.call(RequestPasswordReset(email=email))
            times[known].append(perf_counter() - started)
            assert answer.accepted, round_
    fastest = {known: min(found) for known, found in times.items()}  # what a busy machine adds is no difference
    assert abs(fastest[True] - fastest[False]) < 0.05, times
    for email in (someone.email.upper(), f"nobody-{someone.email}"):
        assert await code_of(client.call(RequestPasswordReset(email=email))) == "RATE_LIMITED"
    await running.settled()
    assert account.actions == [["UPDATE_PASSWORD"]] * 3


async def test_mails_are_counted_by_address_and_by_network(
    running: Running, owned: tuple[Person, Tenant], keycloak: KeycloakSimulator
) -> None:
    someone, _ = await member(owned[0], "viewer")
    account = keycloak.add(someone.email, f"sub-{someone.email}")
    found = {headers.REMOTE_ADDRESS: f"203.0.113.{uuid4().int % 250}-{uuid4().hex[:4]}"}
    client = await running.client(token="")
    answers = []
    for number in range(11):
        body = RequestPasswordReset(email=f"{uuid4().hex}{number}@x.fr").model_dump_json().encode()
        problem = (await client.send(RequestPasswordReset.subject, body, found)).problem
        answers.append(problem.code if problem else "OK")
    assert answers == ["OK"] * 10 + ["RATE_LIMITED"]
    for _ in range(3):
        await someone.call(RequestEmailVerification())
    assert await code_of(someone.call(RequestEmailVerification())) == "RATE_LIMITED"
    await running.settled()
    assert account.actions == [["VERIFY_EMAIL"]] * 3


@pytest.mark.chaos
async def test_case_21_an_unused_login_is_noticed_twice_and_closed(
    running: Running, issuer: IssuerServer, owned: tuple[Person, Tenant]
) -> None:
    owner, tenant = owned
    someone, _ = await member(owner, "viewer")
    january_10 = datetime(2026, 1, 10, 15, tzinfo=UTC)
    for user_id in (someone.user.user_id, owner.user.user_id):
        await seen(running, user_id, january_10)
    noticed = {}
    for day in ((3, 26), (3, 27), (3, 28), (4, 2), (4, 3), (4, 9), (4, 10), (4, 10)):
        await running.tick("hour", datetime(2026, day[0], day[1], 1, 30, tzinfo=UTC))
        noticed[day] = [body["closes_in_days"] for body in await notices(running, tenant.id, someone.user.user_id)]
    assert [noticed[day] for day in ((3, 26), (3, 27), (3, 28))] == [[], [14], [14]]
    assert [noticed[day] for day in ((4, 2), (4, 3), (4, 10))] == [[14], [14, 7], [14, 7]]
    (closed,) = await facts(running, "user.deactivated", someone.user.user_id)
    assert closed["reason"] == "INACTIVITY"
    await running.tick("hour", datetime(2026, 4, 11, 1, 30, tzinfo=UTC))
    assert len(await facts(running, "user.deactivated", someone.user.user_id)) == 1
    assert await facts(running, "user.deactivated", owner.user.user_id) == [], "a sole owner is only reported"
    assert await code_of(someone.enter(tenant.id)) == "ACCOUNT_DISABLED"
    await owner.enter(tenant.id)


@pytest.mark.chaos
async def test_a_user_of_two_organisations_has_the_longer_time(
    running: Running, owned: tuple[Person, Tenant], other: tuple[Person, Tenant]
) -> None:
    someone, _ = await member(owned[0], "viewer")
    await also_member(other[0], someone)
    organisation = await other[0].call(GetOrganisation())
    await other[0].call(UpdateSecuritySettings(inactivity_disable_days=200, expected_version=organisation.version))
    await seen(running, someone.user.user_id, datetime(2026, 1, 10, 15, tzinfo=UTC))
    for month, day in ((4, 20), (7, 15), (7, 29)):
        await running.tick("hour", datetime(2026, month, day, 1, 30, tzinfo=UTC))
        found = await facts(running, "user.deactivated", someone.user.user_id)
        assert [body["reason"] for body in found] == (["INACTIVITY"] if day == 29 else [])
    said = [
        await notices(running, organisation_id, someone.user.user_id) for organisation_id in (owned[1].id, other[1].id)
    ]
    (notice,) = [*said[0], *said[1]]
    assert notice["closes_in_days"] == 14
