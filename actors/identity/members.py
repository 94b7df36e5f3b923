"""Memberships as rows, who may change them, and what follows from a change: events, refused tokens, a new policy version."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update

from actors.identity.organisations import raise_policy_version
from actors.identity.people import opened
from actors.identity.roles import rights_of, roles_by_code, summaries
from actors.identity.rules.granting import OWNER, Grantor, Rights
from messages.errors import MEMBERSHIP_INACTIVE
from messages.identity import (
    MEMBERSHIP_NOT_FOUND,
    CompanyScope,
    Membership,
    MembershipStatus,
    UserStatus,
    UserSummary,
)
from messages.problem import Refused
from runtime.access import note_denial
from runtime.unit_of_work import Row, UnitOfWork
from storage.identity.tables import membership, user_account, user_membership
from storage.shared.outgoing import ACCESS_CHANGED


async def membership_row(membership_id: UUID, work: UnitOfWork, *, lock: bool = False) -> Row:
    """A membership of the organisation, or MEMBERSHIP_NOT_FOUND."""
    statement = select(membership).where(
        membership.c.organisation_id == work.organisation_id, membership.c.id == membership_id
    )
    row = await work.fetch_one(statement.with_for_update() if lock else statement)
    if row is None:
        raise Refused(
            MEMBERSHIP_NOT_FOUND,
            f"membership {membership_id} does not exist; check the id",
            details={"resource": "membership", "id": str(membership_id)},
        )
    return row


async def membership_of_user(user_id: UUID, work: UnitOfWork, *, lock: bool = False) -> Row | None:
    """The membership of a user in the organisation, whatever its status."""
    statement = select(membership).where(
        membership.c.organisation_id == work.organisation_id, membership.c.user_id == user_id
    )
    return await work.fetch_one(statement.with_for_update() if lock else statement)


async def grantor_of(work: UnitOfWork) -> Grantor:
    """The caller as a member, with the rights he has now (not those of his token)."""
    membership_id = work.caller.membership_id
    row = await membership_row(membership_id, work) if membership_id is not None else None
    if row is None or row["status"] != MembershipStatus.ACTIVE:
        raise Refused(MEMBERSHIP_INACTIVE, "only an active member may give or take rights; sign in to the organisation")
    everything = row["company_scope"] == CompanyScope.ALL
    return Grantor(
        membership_id=row["id"],
        rights=rights_of(await roles_by_code(row["role_codes"], work)),
        company_ids=None if everything else frozenset(row["company_ids"]),
        is_owner=OWNER in row["role_codes"],
    )


async def member_rights(row: Row, work: UnitOfWork) -> Rights:
    """What a member may do now."""
    return rights_of(await roles_by_code(row["role_codes"], work))


async def other_active_owners(membership_id: UUID, work: UnitOfWork) -> int:
    """How many owners with an open login would remain without this member. The organisation's row must be locked."""
    closed = (
        select(user_account.c.id)
        .where(user_account.c.id == membership.c.user_id, user_account.c.status != UserStatus.ACTIVE)
        .exists()
    )
    owners = select(func.count()).where(
        membership.c.organisation_id == work.organisation_id,
        membership.c.status == MembershipStatus.ACTIVE,
        membership.c.role_codes.contains([OWNER]),
        membership.c.id != membership_id,
        ~closed,
    )
    return int(await work.fetch_value(owners))


async def add_member(row: dict[str, Any], work: UnitOfWork) -> Row:
    """Insert a membership and what finds it across tenants."""
    await work.insert(membership, **row)
    await work.insert(
        user_membership,
        membership_id=row["id"],
        user_id=row["user_id"],
        organisation_id=work.organisation_id,
        is_owner=OWNER in row["role_codes"],
        status=row["status"],
    )
    return await membership_row(row["id"], work)


async def change_member(organisation: Row, row: Row, changed: dict[str, Any], work: UnitOfWork) -> tuple[Row, int]:
    """Store changes of a membership; the row after them and the new policy version. The caller states the fact."""
    after = {**row, **changed, "version": row["version"] + 1}
    await work.execute(
        update(membership)
        .where(membership.c.id == row["id"])
        .values(**changed, version=after["version"], updated_at=work.now, updated_by=work.caller.principal)
    )
    await work.execute(
        update(user_membership)
        .where(user_membership.c.membership_id == row["id"])
        .values(status=after["status"], is_owner=OWNER in after["role_codes"])
    )
    denied = after["status"] != MembershipStatus.ACTIVE
    await note_denial(work.connection, "membership", row["id"], after["version"], denied=denied)
    policy_version = await raise_policy_version(organisation, work)
    work.record(
        "membership",
        row["id"],
        before={name: _plain(row[name]) for name in changed if name in _AUDITED},
        after={name: _plain(after[name]) for name in changed if name in _AUDITED},
    )
    return after, policy_version


_AUDITED = frozenset(
    {"status", "role_codes", "company_scope", "company_ids", "data_scope", "team_id", "manager_user_id", "valid_until"}
)


def _plain(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value if value is None or isinstance(value, str) else str(value)


def snapshot(row: Row, policy_version: int, **more: Any) -> dict[str, Any]:
    """The fields of the events about a membership."""
    return dict(row) | {"membership_id": row["id"], "policy_version": policy_version} | more


def membership_of(row: Row, policy_version: int) -> Membership:
    """The reply, without user and roles."""
    return Membership.model_validate(snapshot(row, policy_version))


async def described(rows: Sequence[Membership], work: UnitOfWork) -> tuple[Membership, ...]:
    """The same memberships with their users and roles, read in two questions."""
    users = await work.fetch(select(user_account).where(user_account.c.id.in_([row.user_id for row in rows])))
    people = {user["id"]: await _summary(user, work) for user in users}
    roles = await summaries((code for row in rows for code in row.role_codes), work)
    return tuple(
        row.model_copy(
            update={
                "user": people.get(row.user_id),
                "roles": tuple(roles[code] for code in row.role_codes if code in roles),
            }
        )
        for row in rows
    )


async def _summary(user: Row, work: UnitOfWork) -> UserSummary:
    return UserSummary.model_validate(dict(user) | {"email": await opened(user["email"], "email", user["id"], work)})


async def access_changed(work: UnitOfWork) -> None:
    """Every replica of this actor reads its table of refused tokens again, once this is committed."""
    await work.connection.execute(f"notify {ACCESS_CHANGED}")
