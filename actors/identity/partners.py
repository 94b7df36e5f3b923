"""Partners as rows, and who may see and change them."""

from typing import Any
from uuid import UUID

from asyncpg import UniqueViolationError
from sqlalchemy import func, select, update

from actors.identity.rules.partners import LETS_ITS_PEOPLE_IN, RIGHTS
from messages.errors import PERMISSION_MISSING
from messages.identity import (
    LAST_PARTNER_OWNER,
    PARTNER_ALREADY_EXISTS,
    PARTNER_NOT_FOUND,
    Partner,
    PartnerMembership,
    PartnerMembershipRemoved,
    PartnerRole,
    PartnerSnapshot,
    PartnerStatus,
)
from messages.problem import Refused
from runtime.unit_of_work import Row, UnitOfWork
from storage.identity.tables import partner, partner_membership

_OF_THE_PLATFORM = "identity:partner:list_all"


async def partner_row(partner_id: UUID, right: str, work: UnitOfWork, *, lock: bool = False) -> Row:
    """A partner in which the caller has that right; for everybody else it does not exist."""
    unknown = Refused(
        PARTNER_NOT_FOUND,
        f"partner {partner_id} does not exist; check the id",
        details={"resource": "partner", "id": str(partner_id)},
    )
    statement = select(partner).where(partner.c.organisation_id == work.organisation_id, partner.c.id == partner_id)
    row = await work.fetch_one(statement.with_for_update() if lock else statement)
    if row is None:
        raise unknown
    if is_of_the_platform(work):
        return row
    role = await _role_of_caller(partner_id, work)
    if role is None or row["status"] not in LETS_ITS_PEOPLE_IN:
        raise unknown
    if right not in RIGHTS[role]:
        raise Refused(PERMISSION_MISSING, f"this needs the permission {right}", required_permission=right)
    return row


def is_of_the_platform(work: UnitOfWork) -> bool:
    """Whether the caller administers all partners."""
    return work.caller.permissions is None or work.caller.permissions.allows(_OF_THE_PLATFORM)


async def rights_of(user_id: UUID, work: UnitOfWork) -> tuple[str, ...]:
    """What a person may do for some partner; each request checks for which."""
    own = partner_membership.c
    statement = (
        select(own.role)
        .join(partner, partner.c.id == own.partner_id)
        .where(
            own.organisation_id == work.organisation_id,
            own.user_id == user_id,
            partner.c.status.in_(LETS_ITS_PEOPLE_IN),
        )
    )
    held = {right for row in await work.fetch(statement) for right in RIGHTS[PartnerRole(row["role"])]}
    return tuple(sorted(held))


async def change_partner(row: Row, changed: dict[str, Any], work: UnitOfWork) -> Row:
    """Store changes of a partner and note them in the audit trail."""
    after = {**row, **changed, "version": row["version"] + 1}
    try:
        await work.execute(
            update(partner)
            .where(partner.c.id == row["id"])
            .values(**changed, version=after["version"], updated_at=work.now, updated_by=work.caller.principal)
        )
    except UniqueViolationError as error:
        raise already_exists() from error
    before = {name: row[name] for name in changed}
    work.record("partner", row["id"], before=before, after={name: after[name] for name in changed})
    return after


def already_exists() -> Refused:
    """SIREN or domain are taken."""
    return Refused(PARTNER_ALREADY_EXISTS, "the SIREN or the portal domain belongs to another partner; look it up")


async def keep_an_owner(row: Row, work: UnitOfWork) -> None:
    """Refused LAST_PARTNER_OWNER when this membership is the only one of an owner; the partner's row is locked."""
    own = partner_membership.c
    others = select(func.count()).where(
        own.organisation_id == work.organisation_id,
        own.partner_id == row["partner_id"],
        own.role == PartnerRole.OWNER,
        own.id != row["id"],
    )
    if row["role"] == PartnerRole.OWNER and await work.fetch_value(others) == 0:
        raise Refused(LAST_PARTNER_OWNER, "a partner keeps one owner; make somebody else owner first")


def say_removed(row: Row, work: UnitOfWork) -> None:
    """Somebody no longer works for a partner."""
    event = PartnerMembershipRemoved(
        partner_membership_id=row["id"], partner_id=row["partner_id"], user_id=row["user_id"]
    )
    work.emit(event, version=row["version"] + 1)


def partner_of(row: Row) -> Partner:
    """The reply."""
    return Partner.model_validate(dict(row) | {"partner_id": row["id"]})


def snapshot_of(row: Row) -> dict[str, Any]:
    """What every actor knows of a partner."""
    return PartnerSnapshot.model_validate(dict(row) | {"partner_id": row["id"]}).model_dump()


def membership_of(row: Row) -> PartnerMembership:
    """The reply."""
    return PartnerMembership.model_validate(dict(row))


def status_of(row: Row) -> PartnerStatus:
    """Where the partnership stands."""
    return PartnerStatus(row["status"])


async def _role_of_caller(partner_id: UUID, work: UnitOfWork) -> PartnerRole | None:
    own = partner_membership.c
    role = await work.fetch_value(
        select(own.role).where(
            own.organisation_id == work.organisation_id,
            own.partner_id == partner_id,
            own.user_id == work.caller.user_id,
        )
    )
    return PartnerRole(role) if role is not None else None
