"""The rights that an invitation or a machine account hands out, checked against what the caller may give."""

from datetime import date
from typing import Any

from actors.identity.members import grantor_of
from actors.identity.organisations import check_companies_exist
from actors.identity.roles import rights_of, roles_by_id
from actors.identity.rules.granting import check_companies, check_grant
from actors.identity.rules.members import check_conditions_of_roles
from messages.identity import Grant
from runtime.unit_of_work import Row, UnitOfWork


async def granted_roles(grant: Grant, valid_until: date | None, work: UnitOfWork) -> list[Row]:
    """The roles of a grant, or the refusal: unknown roles, ownership, more than the caller has, foreign companies."""
    roles = await roles_by_id(grant.role_ids, work)
    grantor = await grantor_of(work)
    check_grant(grantor, [(role["code"], rights_of([role])) for role in roles])
    check_companies(grantor, grant.company_scope, grant.company_ids)
    await check_companies_exist(grant.company_ids, work)
    check_conditions_of_roles((role["code"] for role in roles), grant.company_scope, valid_until)
    return roles


def grant_columns(grant: Grant, roles: list[Row]) -> dict[str, Any]:
    """A grant as memberships and invitations store it."""
    return {
        "role_codes": [role["code"] for role in roles],
        "company_scope": grant.company_scope,
        "company_ids": list(grant.company_ids),
        "data_scope": grant.data_scope,
        "team_id": grant.team_id,
    }
