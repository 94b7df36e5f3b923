"""From an issuer's token to a user, and to a context token (spec 6.4, cross_cutting 6.3)."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select, update

from actors.identity.members import membership_of_user
from actors.identity.oidc.tokens import IssuerClaims, issuer
from actors.identity.organisations import organisation_fields, organisation_row
from actors.identity.partners import rights_of
from actors.identity.people import (
    address_index,
    change_user,
    is_platform_staff,
    register,
    seal,
    search_name,
    user_of,
)
from actors.identity.roles import data_scopes_of, patterns_of, roles_by_code
from actors.identity.rules.granting import effective_data_scope
from actors.identity.rules.life import USER
from actors.identity.rules.members import is_over
from actors.identity.rules.names import names_of
from actors.identity.rules.platform import PLATFORM_PERMISSIONS
from actors.identity.sessions import enter
from actors.identity.signing_keys import sign
from messages.errors import (
    ACCOUNT_DISABLED,
    EMAIL_NOT_VERIFIED,
    MEMBERSHIP_INACTIVE,
    ORGANISATION_SUSPENDED,
    SSO_ASSERTION_INVALID,
    UNAUTHORIZED,
)
from messages.identity import (
    IDENTITY_CONFLICT,
    AccessContext,
    BuildAccessContext,
    CompanyScope,
    ContextTokenBuilt,
    DataScope,
    MembershipStatus,
    OrganisationStatus,
    ProfileSource,
    SyncUser,
    UserKind,
    UserStatus,
    UserSynced,
)
from messages.problem import Refused
from messages.values.contact import normalise_email
from messages.values.identifiers import new_id
from messages.values.instants import local_date
from runtime import clock
from runtime.unit_of_work import Row, UnitOfWork
from storage.identity.tables import user_account

_PERSON_SECONDS = 90
_LONGEST_EMAIL = 254
_SEEN_EVERY = timedelta(minutes=5)
_CLOSED = (UserStatus.DISABLED, UserStatus.ANONYMISED)
_LOCK = "select pg_advisory_xact_lock(hashtextextended($1, 0))"


async def sync_user(request: SyncUser, work: UnitOfWork) -> UserSynced:
    """The user whom the token names: found by subject, else by address, else made. Two sign-ins at a time make one user."""
    claims = await issuer().claims_of(request.idp_token)
    email = _email_of(claims)
    index = await address_index(email, work)
    await work.connection.execute(_LOCK, f"{claims.iss}|{claims.sub}")
    await work.connection.execute(_LOCK, index.hex())
    row = await user_by_subject(claims, work, lock=True)
    if row is not None:
        return UserSynced(user=await user_of(await _signed_in(row, claims, email, index, work), work), created=False)
    known = await work.fetch_one(select(user_account).where(user_account.c.email_index == index).with_for_update())
    if known is not None:
        row = await _attached(known, claims, email, index, work)
        return UserSynced(user=await user_of(row, work), created=False)
    row = await _created(claims, email, index, work)
    return UserSynced(user=await user_of(row, work), created=True)


async def build_access_context(request: BuildAccessContext, work: UnitOfWork) -> ContextTokenBuilt:
    """A context token of ninety seconds, in the organisation asked for or in none. Its life follows the real clock."""
    claims = await issuer().claims_of(request.idp_token)
    user = await user_by_subject(claims, work)
    if user is None:
        raise Refused(UNAUTHORIZED, "this person never signed in here; call sync_user first")
    check_is_open(user)
    if user["last_seen_at"] is None or work.now - user["last_seen_at"] >= _SEEN_EVERY:
        await work.execute(update(user_account).where(user_account.c.id == user["id"]).values(last_seen_at=work.now))
    if request.organisation_id is None:
        await enter(claims.sid, None, work)
        staff = await is_platform_staff(user, work)
        rights = PLATFORM_PERMISSIONS if staff else await rights_of(user["id"], work)
        context = AccessContext(user_id=user["id"], data_scope=DataScope.OWN, permissions=rights)
        return await signed(context, claims.sid, _PERSON_SECONDS, work)
    await work.for_organisation(request.organisation_id)
    context = await context_of_member(user["id"], work)
    organisation = await organisation_row(work)
    await enter(claims.sid, organisation_fields(organisation)["security"], work)
    return await signed(context, claims.sid, _PERSON_SECONDS, work)


async def context_of_member(user_id: UUID, work: UnitOfWork) -> AccessContext:
    """What a user may do in the organisation now. MEMBERSHIP_INACTIVE also for organisations he does not belong to."""
    row = await membership_of_user(user_id, work)
    inactive = Refused(MEMBERSHIP_INACTIVE, "you are no active member of this organisation; ask its administrator")
    if row is None or row["status"] != MembershipStatus.ACTIVE:
        raise inactive
    organisation = await organisation_row(work)
    if organisation["status"] in (OrganisationStatus.SUSPENDED, OrganisationStatus.CLOSED):
        raise Refused(ORGANISATION_SUSPENDED, "the organisation is suspended; its owner must settle that first")
    if is_over(row["valid_until"], local_date(work.now, ZoneInfo(organisation["timezone"]))):
        raise inactive
    roles = await roles_by_code(row["role_codes"], work)
    narrowed = DataScope(row["data_scope"]) if row["data_scope"] else None
    return AccessContext(
        user_id=user_id,
        organisation_id=work.organisation_id,
        membership_id=row["id"],
        role_codes=tuple(role["code"] for role in roles),
        permissions=tuple(sorted(patterns_of(roles))),
        company_ids=None if row["company_scope"] == CompanyScope.ALL else tuple(row["company_ids"]),
        data_scope=effective_data_scope(data_scopes_of(roles), narrowed),
        team_id=row["team_id"],
        policy_version=organisation["policy_version"],
    )


async def signed(
    context: AccessContext, session_id: str, seconds: int, work: UnitOfWork, networks: Sequence[str] = ()
) -> ContextTokenBuilt:
    """The token of a context; over HTTP it is good in these networks only, if any are named."""
    issued_at = int(clock.unix_now())
    claims: dict[str, Any] = {
        "sub": str(context.user_id),
        "sid": session_id,
        "org": str(context.organisation_id) if context.organisation_id else None,
        "mem": str(context.membership_id) if context.membership_id else None,
        "rol": list(context.role_codes),
        "prm": list(context.permissions),
        "cmp": "ALL" if context.company_ids is None else sorted(str(found) for found in context.company_ids),
        "dsc": context.data_scope,
        "iat": issued_at,
        "exp": issued_at + seconds,
        "jti": str(new_id()),
    }
    if networks:
        claims["net"] = list(networks)
    if context.team_id is not None:
        claims["team"] = str(context.team_id)
    if context.policy_version is not None:
        claims["pol"] = context.policy_version
    token = await sign(claims, work)
    return ContextTokenBuilt(token=token, expires_at=datetime.fromtimestamp(issued_at + seconds, UTC), context=context)


def check_is_open(user: Row) -> None:
    """Refuse a closed login, and one whose address was never verified."""
    if user["status"] in _CLOSED:
        raise Refused(ACCOUNT_DISABLED, "this login is closed; ask an administrator")
    if user["status"] == UserStatus.PROVISIONED:
        raise _not_verified()


async def user_by_subject(claims: IssuerClaims, work: UnitOfWork, *, lock: bool = False) -> Row | None:
    """The user behind verified claims, if he ever signed in here."""
    statement = select(user_account).where(
        user_account.c.idp_issuer == claims.iss, user_account.c.idp_subject == claims.sub
    )
    return await work.fetch_one(statement.with_for_update() if lock else statement)


async def _signed_in(row: Row, claims: IssuerClaims, email: str, index: bytes, work: UnitOfWork) -> Row:
    """Take over what the issuer says now. The first sign-in with a verified address makes the login active."""
    if row["status"] in _CLOSED:
        check_is_open(row)
    changed, shown = await _differences(row, claims, email, index, work)
    first = row["status"] == UserStatus.PROVISIONED
    if first and not claims.email_verified:
        raise _not_verified()
    changed |= {"status": USER.after("sign_in", UserStatus(row["status"]))}
    times = {"last_login_at": work.now, "last_seen_at": work.now}
    if first:
        after = {**row, **changed, **times, "version": row["version"] + 1}
        names = search_name(after["first_name"], after["last_name"])
        values = changed | times | {"search_name": names, "version": after["version"]}
        await work.execute(update(user_account).where(user_account.c.id == row["id"]).values(**values))
        await register(after, work)
        return after
    await work.execute(update(user_account).where(user_account.c.id == row["id"]).values(**times))
    row = {**row, **times}
    return await change_user(row, changed, shown, work) if shown else row


async def _differences(
    row: Row, claims: IssuerClaims, email: str, index: bytes, work: UnitOfWork
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The columns that differ from what the issuer says, and their names as others know them."""
    changed: dict[str, Any] = {}
    shown: list[str] = []
    if index != row["email_index"]:
        taken = select(user_account.c.id).where(user_account.c.email_index == index)
        if await work.fetch_value(taken) is not None:
            raise _conflict()
        changed |= {"email": await seal(email, "email", row["id"], work), "email_index": index}
        shown.append("email")
    if claims.email_verified != row["email_verified"]:
        changed["email_verified"] = claims.email_verified
    if row["profile_source"] == ProfileSource.IDP:
        names = names_of(claims.given_name, claims.family_name, claims.name, email)
        for column, name in (("first_name", names.first), ("last_name", names.last)):
            if row[column] != name:
                changed[column] = name
                shown.append(column)
    if "email_verified" in changed and not shown:
        shown.append("email_verified")
    return changed, tuple(shown)


async def _attached(row: Row, claims: IssuerClaims, email: str, index: bytes, work: UnitOfWork) -> Row:
    """A known address meets a new subject: attached if nobody had it yet, otherwise a conflict for a person to solve."""
    if row["idp_subject"] is not None:
        raise _conflict()
    if row["status"] in _CLOSED:
        check_is_open(row)
    if not claims.email_verified:
        raise _not_verified()
    subject = {"idp_issuer": claims.iss, "idp_subject": claims.sub}
    await work.execute(update(user_account).where(user_account.c.id == row["id"]).values(**subject))
    return await _signed_in({**row, **subject}, claims, email, index, work)


async def _created(claims: IssuerClaims, email: str, index: bytes, work: UnitOfWork) -> Row:
    if not claims.email_verified:
        raise _not_verified()
    user_id = new_id()
    names = names_of(claims.given_name, claims.family_name, claims.name, email)
    row: dict[str, Any] = {
        "id": user_id,
        "kind": UserKind.PERSON,
        "idp_issuer": claims.iss,
        "idp_subject": claims.sub,
        "first_name": names.first,
        "last_name": names.last,
        "search_name": search_name(names.first, names.last),
        "email": await seal(email, "email", user_id, work),
        "email_index": index,
        "email_verified": True,
        "status": UserStatus.ACTIVE,
        "locale": "fr-FR",
        "timezone": "Europe/Paris",
        "created_at": work.now,
        "last_login_at": work.now,
        "last_seen_at": work.now,
    }
    await work.insert(user_account, **row)
    created = await work.fetch_one(select(user_account).where(user_account.c.id == user_id))
    assert created is not None
    await register(created, work)
    return created


def _email_of(claims: IssuerClaims) -> str:
    """The address as the issuer has it: it is believed, even one that no mail could reach (admin@localhost)."""
    email = normalise_email(claims.email or "")
    if "@" not in email or len(email) > _LONGEST_EMAIL:
        raise Refused(SSO_ASSERTION_INVALID, "idp_token has no e-mail address; let the issuer give the scope email")
    return email


def _not_verified() -> Refused:
    return Refused(
        EMAIL_NOT_VERIFIED, "the issuer has not verified this e-mail address; confirm it there, sign in again"
    )


def _conflict() -> Refused:
    return Refused(
        IDENTITY_CONFLICT,
        "this e-mail address belongs to another login of the issuer; ask an administrator to settle it",
        details={"needs": "one subject per address"},
    )
