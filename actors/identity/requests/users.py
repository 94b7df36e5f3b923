"""Users: one's own profile, and the people of the organisation."""

from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from actors.identity.people import (
    address_index,
    change_user,
    found_by,
    opened,
    seal,
    user_not_found,
    user_of,
    user_row,
)
from actors.identity.reading import inside
from actors.identity.roles import summaries
from messages.errors import FORBIDDEN, UNAUTHORIZED
from messages.identity import (
    FindUser,
    GetMyProfile,
    GetUser,
    InvitationStatus,
    ListUsers,
    MembershipStatus,
    Profile,
    ProfileOrganisation,
    ProfileSource,
    UpdateMyProfile,
    UpdateUser,
    User,
    UserFound,
    UserPage,
)
from messages.problem import Refused
from runtime.pagination import page
from runtime.unit_of_work import Row, UnitOfWork
from storage.identity.tables import (
    invitation_link,
    membership,
    tenant_account,
    user_account,
    user_membership,
    user_sales_rep,
)

_USER_COLUMNS = [column.label(f"user_{column.key}") for column in user_account.c]
_ORGANISATIONS_SHOWN = 100


async def get_my_profile(request: GetMyProfile, work: UnitOfWork) -> Profile:
    """The caller, his organisations one by one, and how many invitations wait for his address."""
    row = await user_row(signed_in_user(work), work)
    found = await work.fetch(
        select(user_membership)
        .where(user_membership.c.user_id == row["id"], user_membership.c.status != MembershipStatus.REMOVED)
        .order_by(user_membership.c.membership_id)
        .limit(_ORGANISATIONS_SHOWN)
    )
    organisations = []
    for belonging in found:
        async with inside(belonging["organisation_id"], work):
            organisations.append(await _belonging(belonging["membership_id"], work))
    waiting = await work.fetch_value(
        select(func.count()).where(
            invitation_link.c.email_index == row["email_index"],
            invitation_link.c.status == InvitationStatus.PENDING,
            invitation_link.c.expires_at > work.now,
        )
    )
    return Profile(user=await user_of(row, work), organisations=tuple(organisations), pending_invitations=waiting)


async def update_my_profile(request: UpdateMyProfile, work: UnitOfWork) -> User:
    """Change one's own data; own names stay from now on, whatever the issuer says."""
    row = await user_row(signed_in_user(work), work, lock=True)
    return await _with_profile(row, request.model_dump(exclude_unset=True), work)


async def _with_profile(row: Row, sent: dict[str, Any], work: UnitOfWork) -> User:
    for name in sent.keys() - {"phone"}:
        if sent[name] is None:
            raise Refused.field(name, "required", f"{name} cannot be cleared; leave it out or give a value")
    changed = {name: value for name, value in sent.items() if name != "phone" and row[name] != value}
    if "phone" in sent and sent["phone"] != await opened(row["phone"], "phone", row["id"], work):
        changed["phone"] = await seal(sent["phone"], "phone", row["id"], work) if sent["phone"] else None
    if not changed:
        return await user_of(row, work)
    shown = tuple(changed)
    if {"first_name", "last_name"} & changed.keys():
        changed["profile_source"] = ProfileSource.LOCAL
    return await user_of(await change_user(row, changed, shown, work), work)


async def get_user(request: GetUser, work: UnitOfWork) -> User:
    """A user who is or was a member; anybody else does not exist for this organisation."""
    belongs = select(membership.c.id).where(
        membership.c.organisation_id == work.organisation_id, membership.c.user_id == request.user_id
    )
    if await work.fetch_value(belongs) is None:
        raise user_not_found(request.user_id)
    return await user_of(await user_row(request.user_id, work), work)


async def find_user(request: FindUser, work: UnitOfWork) -> UserFound:
    """A member by address or subject; people of other organisations are nobody."""
    statement = select(user_account).where(_is_member(user_account.c.id, work))
    if request.email is not None:
        statement = statement.where(user_account.c.email_index == await address_index(request.email, work))
    else:
        statement = statement.where(user_account.c.idp_subject == request.idp_subject)
    row = await work.fetch_one(statement.limit(1))
    return UserFound(user=None if row is None else await user_of(row, work))


async def update_user(request: UpdateUser, work: UnitOfWork) -> User:
    """Correct a member's data, unless he belongs to another organisation, too: then it is his own to change."""
    belongs = select(membership.c.id).where(
        membership.c.organisation_id == work.organisation_id, membership.c.user_id == request.user_id
    )
    if await work.fetch_value(belongs) is None:
        raise user_not_found(request.user_id)
    row = await user_row(request.user_id, work, lock=True)
    work.check_version(request.expected_version, row["version"])
    elsewhere = select(user_membership.c.membership_id).where(
        user_membership.c.user_id == row["id"],
        user_membership.c.organisation_id != work.organisation_id,
        user_membership.c.status != MembershipStatus.REMOVED,
    )
    if await work.fetch_value(elsewhere.limit(1)) is not None:
        raise Refused(FORBIDDEN, "this person belongs to other organisations, too; ask him to correct his profile")
    sent = request.model_dump(exclude={"user_id", "expected_version"}, exclude_unset=True)
    return await _with_profile(row, sent, work)


async def list_users(request: ListUsers, work: UnitOfWork) -> UserPage:
    """A page of the members' users, in the order in which they joined."""
    statement = (
        select(membership.c.created_at, membership.c.id, *_USER_COLUMNS)
        .join(user_account, user_account.c.id == membership.c.user_id)
        .where(membership.c.organisation_id == work.organisation_id, membership.c.status != MembershipStatus.REMOVED)
    )
    if request.status is not None:
        statement = statement.where(user_account.c.status == request.status)
    if request.search is not None:
        statement = statement.where(await found_by(request.search, work))
    rows: list[dict[str, Any]] = []

    def plain(row: Row) -> User:
        rows.append({column.key: row[f"user_{column.key}"] for column in user_account.c})
        return User.model_validate(rows[-1] | {"user_id": rows[-1]["id"], "email": None, "phone": None})

    found = await page(
        work,
        request,
        statement,
        order=(membership.c.created_at, membership.c.id),
        reply=UserPage,
        item=plain,
    )
    return found.model_copy(update={"items": tuple([await user_of(row, work) for row in rows])})


def _is_member(user_id: Any, work: UnitOfWork) -> Any:
    return (
        select(membership.c.id)
        .where(
            membership.c.organisation_id == work.organisation_id,
            membership.c.user_id == user_id,
            membership.c.status != MembershipStatus.REMOVED,
        )
        .exists()
    )


def signed_in_user(work: UnitOfWork) -> UUID:
    """The person who asks."""
    if work.caller.user_id is None:
        raise Refused(UNAUTHORIZED, "sign in first: this is about the person who asks")
    return work.caller.user_id


async def _belonging(membership_id: Any, work: UnitOfWork) -> ProfileOrganisation:
    row = await work.load(
        select(
            membership.c.role_codes,
            membership.c.status.label("membership_status"),
            membership.c.company_scope,
            tenant_account.c.organisation_id,
            tenant_account.c.name,
            tenant_account.c.slug,
            tenant_account.c.status,
            user_sales_rep.c.rep_id.label("sales_rep_id"),
        )
        .join(tenant_account, tenant_account.c.organisation_id == membership.c.organisation_id)
        .outerjoin(
            user_sales_rep,
            (user_sales_rep.c.organisation_id == membership.c.organisation_id)
            & (user_sales_rep.c.user_id == membership.c.user_id),
        )
        .where(membership.c.organisation_id == work.organisation_id, membership.c.id == membership_id),
        "membership",
    )
    roles = await summaries(row["role_codes"], work)
    return ProfileOrganisation.model_validate(
        dict(row) | {"membership_id": membership_id, "roles": tuple(roles.values())}
    )
