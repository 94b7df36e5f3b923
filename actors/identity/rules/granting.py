"""Who may give which rights to whom (spec 6.3). Rights are compared on the expanded catalogue, never as pattern texts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from messages.errors import FORBIDDEN
from messages.identity import (
    LAST_OWNER,
    OWNER_NOT_INVITABLE,
    PRIVILEGE_ESCALATION,
    SELF_CHANGE_FORBIDDEN,
    CompanyScope,
    DataScope,
)
from messages.problem import Refused

OWNER = "owner"
_WIDTH = {scope: width for width, scope in enumerate(DataScope)}


@dataclass(frozen=True, slots=True)
class Rights:
    """What a role, or the roles of a member together, allow: permission codes of the catalogue and the highest rank."""

    codes: frozenset[str]
    rank: int


@dataclass(frozen=True, slots=True)
class Grantor:
    """The member who gives or takes rights; `company_ids` None = all companies."""

    membership_id: UUID
    rights: Rights
    company_ids: frozenset[UUID] | None
    is_owner: bool


def check_grant(grantor: Grantor, roles: Sequence[tuple[str, Rights]]) -> None:
    """Refuse ownership, a rank not below the grantor's, and any right he does not have himself."""
    for code, role in roles:
        if code == OWNER:
            raise Refused(OWNER_NOT_INVITABLE, "ownership comes from founding an organisation or from its transfer")
        check_rank(grantor, role.rank, f"role '{code}'")
        missing = sorted(role.codes - grantor.rights.codes)
        if missing:
            raise Refused(
                PRIVILEGE_ESCALATION,
                f"role '{code}' holds rights that you do not have, such as {missing[0]}; choose a narrower role",
                details={"role": code, "missing": missing[:20]},
            )


def check_rank(grantor: Grantor, rank: int, what: str) -> None:
    """Refuse what ranks as high as the grantor himself."""
    if rank >= grantor.rights.rank:
        raise Refused(
            PRIVILEGE_ESCALATION,
            f"{what} has rank {rank}, yours is {grantor.rights.rank}; ask somebody of a higher rank",
            details={"rank": rank, "own_rank": grantor.rights.rank},
        )


def check_companies(grantor: Grantor, scope: CompanyScope, company_ids: Iterable[UUID]) -> None:
    """Refuse a wider choice of companies than the grantor's own."""
    if grantor.company_ids is None:
        return
    if scope is CompanyScope.ALL or not set(company_ids) <= grantor.company_ids:
        raise Refused(
            PRIVILEGE_ESCALATION, "you see a part of the companies only; grant company_scope LIST within that part"
        )


def check_may_change(grantor: Grantor, membership_id: UUID, rank: int, *, target_is_owner: bool) -> None:
    """Refuse to touch a member of the same or a higher rank, except oneself and an owner by an owner."""
    if membership_id == grantor.membership_id or (target_is_owner and grantor.is_owner):
        return
    if rank >= grantor.rights.rank:
        raise Refused(FORBIDDEN, f"this member has rank {rank}, yours is {grantor.rights.rank}; ask an owner")


def check_own_rights_stay(grantor: Grantor, membership_id: UUID, changed: Iterable[str]) -> None:
    """Nobody changes his own roles or scopes."""
    own = {"role_codes", "company_scope", "company_ids", "data_scope", "valid_until"} & set(changed)
    if membership_id == grantor.membership_id and own:
        raise Refused(SELF_CHANGE_FORBIDDEN, f"you cannot change your own {', '.join(sorted(own))}; ask another member")


def check_owner_remains(other_active_owners: int) -> None:
    """An organisation keeps at least one active owner."""
    if other_active_owners == 0:
        raise Refused(LAST_OWNER, "an organisation keeps at least one active owner; make another owner first")


def effective_data_scope(roles: Iterable[DataScope], narrowed_to: DataScope | None) -> DataScope:
    """The widest of the roles, narrowed (never widened) by the membership."""
    widest = max(roles, key=_WIDTH.__getitem__, default=DataScope.OWN)
    return widest if narrowed_to is None else min(widest, narrowed_to, key=_WIDTH.__getitem__)
