"""The rights that members, invitations and machine accounts get, checked against what the caller may give."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from actors.identity.members import grantor_of
from actors.identity.organisations import check_companies_exist
from actors.identity.roles import rights_of, roles_by_code, roles_by_id
from actors.identity.rules.granting import Grantor, check_companies, check_grant
from actors.identity.rules.members import check_conditions_of_roles
from messages.identity import CompanyScope, Grant
from messages.identity.vocabulary import check_company_list
from messages.problem import Refused
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


async def changed_rights(
    sent: dict[str, Any], role_ids: Sequence[UUID] | None, row: Row, work: UnitOfWork
) -> dict[str, Any]:
    """The columns of rights that a request really changes; `sent` holds the fields it carries, roles apart."""
    sent = dict(sent)
    for name in ("company_scope", "company_ids"):
        if name in sent and sent[name] is None:
            raise Refused.field(name, "required", f"{name} cannot be cleared; leave it out or give a value")
    if sent.get("company_scope") is CompanyScope.ALL:
        sent.setdefault("company_ids", ())
    if "company_ids" in sent:
        sent["company_ids"] = list(sent["company_ids"])
    if role_ids is not None:
        sent["role_codes"] = [role["code"] for role in await roles_by_id(role_ids, work)]
    return {
        name: value
        for name, value in sent.items()
        if (sorted(value) != sorted(row[name]) if isinstance(value, list) else value != row[name])
    }


async def check_change_of_rights(
    grantor: Grantor, row: Row, changed: dict[str, Any], valid_until: date | None, work: UnitOfWork
) -> None:
    """Refuse roles and companies beyond the grantor's own, foreign companies, and what the roles themselves forbid."""
    after: Row = {**row, **changed}
    if "role_codes" in changed:
        added = await roles_by_code(set(after["role_codes"]) - set(row["role_codes"]), work)
        check_grant(grantor, [(role["code"], rights_of([role])) for role in added])
    if {"company_scope", "company_ids"} & changed.keys():
        check_company_list(CompanyScope(after["company_scope"]), tuple(after["company_ids"]))
        check_companies(grantor, CompanyScope(after["company_scope"]), after["company_ids"])
        await check_companies_exist(tuple(after["company_ids"]), work)
    check_conditions_of_roles(after["role_codes"], CompanyScope(after["company_scope"]), valid_until)
