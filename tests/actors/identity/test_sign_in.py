"""Signing in: one user per person whatever happens at once, names, addresses, and tokens that do not verify."""

import asyncio
import base64
from uuid import uuid4

import pytest
from joserfc import jws
from joserfc.jwk import OctKey

from messages.base import NIL_ORGANISATION as NIL
from messages.identity import BuildAccessContext, GetMyProfile, SyncUser, UpdateMyProfile
from messages.problem import Refused
from runtime import clock
from tests.actors.identity.people import IssuerServer, Person, as_bridge, person
from tests.harness import Running, Tenant


async def code_of(awaitable: object) -> str:
    """The code of the refusal."""
    with pytest.raises(Refused) as refusal:
        await awaitable  # type: ignore[misc]
    return str(refusal.value.details.get("code"))


async def test_case_05_two_sign_ins_at_once_make_one_user(running: Running, issuer: IssuerServer) -> None:
    email = f"{uuid4().hex}@x.fr"
    request = SyncUser(idp_token=issuer.token(email))
    now = {"crm-time": "2026-03-02T09:15:00.000000Z"}
    first, second = await asyncio.gather(as_bridge(running, request, **now), as_bridge(running, request, **now))
    assert first.user == second.user
    assert {first.created, second.created} == {True, False}


@pytest.mark.parametrize(
    ("claims", "names"),
    [
        ({"name": "Jean Pierre Dupont", "given_name": None, "family_name": None}, ("Jean", "Pierre Dupont")),
        ({"name": "Madonna", "given_name": None, "family_name": None}, ("", "Madonna")),
        ({"given_name": "Ana", "family_name": ""}, ("Ana", "ana")),
    ],
)
async def test_case_06_names(
    running: Running, issuer: IssuerServer, claims: dict[str, str | None], names: tuple[str, str]
) -> None:
    email = f"ana@{uuid4().hex}.fr"
    synced = await as_bridge(running, SyncUser(idp_token=issuer.token(email, **claims)))
    assert (synced.user.first_name, synced.user.last_name) == names


async def test_case_06_an_address_is_required(running: Running, issuer: IssuerServer) -> None:
    token = issuer.token("nobody@x.fr", email=None)
    assert await code_of(as_bridge(running, SyncUser(idp_token=token))) == "SSO_ASSERTION_INVALID"


async def test_case_07_the_address_follows_the_issuer(running: Running, issuer: IssuerServer) -> None:
    someone = await person(running, issuer)
    new = f"new-{uuid4().hex[:8]}@x.fr"
    token = issuer.token(new, sub=f"sub-{someone.email}")
    synced = await as_bridge(running, SyncUser(idp_token=token))
    assert (synced.user.user_id, synced.user.email, synced.created) == (someone.user.user_id, new, False)
    await running.settled()
    updates = [
        body for _, body in await running.events("user.updated", NIL) if body["user_id"] == str(someone.user.user_id)
    ]
    assert [body["changed_fields"] for body in updates] == [["email"]]


async def test_case_07_another_subject_with_a_known_address_is_a_conflict(
    running: Running, issuer: IssuerServer
) -> None:
    someone = await person(running, issuer)
    token = issuer.token(someone.email, sub=f"again-{someone.email}")
    assert await code_of(as_bridge(running, SyncUser(idp_token=token))) == "IDENTITY_CONFLICT"


async def test_an_unverified_address_makes_no_user(running: Running, issuer: IssuerServer) -> None:
    token = issuer.token(f"{uuid4().hex}@x.fr", email_verified=False)
    assert await code_of(as_bridge(running, SyncUser(idp_token=token))) == "EMAIL_NOT_VERIFIED"
    assert await code_of(as_bridge(running, BuildAccessContext(idp_token=token))) == "UNAUTHORIZED"


async def test_tokens_that_do_not_verify_are_refused(running: Running, issuer: IssuerServer) -> None:
    now = int(clock.unix_now())
    good = issuer.token("forged@x.fr")
    header, payload, _ = good.split(".")
    none = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').decode().rstrip("=")
    public = OctKey.import_key(str(issuer.signer.public_keys()))
    symmetric = jws.serialize_compact({"alg": "HS256"}, base64.urlsafe_b64decode(payload + "=="), public)
    forged = {
        "another audience": issuer.token("forged@x.fr", aud="somebody-else"),
        "another issuer": issuer.token("forged@x.fr", iss="https://evil.example"),
        "another client": issuer.token("forged@x.fr", azp="unknown"),
        "expired": issuer.token("forged@x.fr", iat=now - 400, exp=now - 31),
        "not yet valid": issuer.token("forged@x.fr", nbf=now + 60),
        "from the future": issuer.token("forged@x.fr", iat=now + 60),
        "no signature": f"{none}.{payload}.",
        "the public key as a secret": symmetric,
        "a changed payload": f"{header}.{payload[:-2]}AA.{good.rpartition('.')[2]}",
        "nonsense": "nonsense",
    }
    for what, token in forged.items():
        assert await code_of(as_bridge(running, SyncUser(idp_token=token))) == "SSO_ASSERTION_INVALID", what
        assert await code_of(as_bridge(running, BuildAccessContext(idp_token=token))) == "SSO_ASSERTION_INVALID", what


async def test_a_key_that_the_issuer_rotated_in_verifies(running: Running, issuer: IssuerServer) -> None:
    from actors.identity.oidc import tokens

    await person(running, issuer)
    issuer.signer.rotate()
    tokens.issuer()._keys._fetched_at -= 31  # the bound on looking again is thirty seconds
    someone = await person(running, issuer)
    assert someone.user.status == "ACTIVE"


async def test_a_profile_shows_the_organisations_of_the_person_only(
    running: Running, owned: tuple[Person, Tenant], other: tuple[Person, Tenant]
) -> None:
    owner, tenant = owned
    profile = await owner.call(GetMyProfile())
    assert profile.user.email == owner.email
    assert [(found.organisation_id, [role.code for role in found.roles]) for found in profile.organisations] == [
        (tenant.id, ["owner"])
    ]


async def test_own_names_are_no_longer_overwritten(running: Running, issuer: IssuerServer) -> None:
    someone = await person(running, issuer)
    changed = await someone.call(UpdateMyProfile(first_name="Zoé", phone="06 12 34 56 78", locale="en-GB"))
    assert (changed.first_name, changed.phone, changed.profile_source) == ("Zoé", "+33612345678", "LOCAL")
    synced = await as_bridge(running, SyncUser(idp_token=someone.idp_token))
    assert synced.user.first_name == "Zoé"
    cleared = await someone.call(UpdateMyProfile(phone=None))
    assert cleared.phone is None
    assert await code_of(someone.call(UpdateMyProfile(last_name=None))) == "VALIDATION_FAILED"
