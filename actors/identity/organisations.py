"""The row of the caller's organisation and what happens whenever it changes."""

from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from messages.identity import (
    COMPANY_NOT_FOUND,
    COMPANY_NOT_IN_ORGANISATION,
    ORGANISATION_NOT_FOUND,
    Company,
    Organisation,
    OrganisationCreated,
    OrganisationUpdated,
    SecuritySettings,
)
from messages.problem import Refused
from messages.values.money import Money
from runtime.runtime_reactions import remember_tenant
from runtime.unit_of_work import Row, UnitOfWork
from storage.identity.tables import company, tenant_account
from storage.shared.outgoing import ACCESS_CHANGED


def new_row(id_: UUID, work: UnitOfWork) -> dict[str, Any]:
    """What every aggregate's row begins with."""
    return {
        "id": id_,
        "organisation_id": work.organisation_id,
        "created_at": work.now,
        "created_by": work.caller.principal,
        "updated_at": work.now,
        "updated_by": work.caller.principal,
    }


async def organisation_row(work: UnitOfWork, *, lock: bool = False) -> Row:
    """The organisation the work is for; with `lock`, changes of its members and rights wait for one another."""
    statement = select(tenant_account).where(tenant_account.c.organisation_id == work.organisation_id)
    return await work.load(
        statement.with_for_update() if lock else statement, "organisation", code=ORGANISATION_NOT_FOUND
    )


async def change_organisation(row: Row, changed: dict[str, Any], work: UnitOfWork) -> Row:
    """Store changes, tell every actor, and this one's own runtime."""
    after = {**row, **changed, "version": row["version"] + 1}
    await work.execute(
        update(tenant_account)
        .where(tenant_account.c.id == row["id"])
        .values(**changed, version=after["version"], updated_at=work.now, updated_by=work.caller.principal)
    )
    event = OrganisationUpdated.model_validate(organisation_fields(after) | {"changed_fields": tuple(sorted(changed))})
    work.emit(event, version=after["version"])
    await tenant_changed(event, work, after["version"])
    return after


async def raise_policy_version(row: Row, work: UnitOfWork) -> int:
    """Rights changed: tokens made before expire within a second, and in any case at their end (spec 6.3, rule 5)."""
    after = await change_organisation(row, {"policy_version": row["policy_version"] + 1}, work)
    return int(after["policy_version"])


async def tenant_changed(event: OrganisationCreated | OrganisationUpdated, work: UnitOfWork, version: int) -> None:
    """identity's own runtime learns of its tenants here: no actor hears itself."""
    await remember_tenant(event, work, version)
    await work.connection.execute(f"notify {ACCESS_CHANGED}")


def organisation_fields(row: Row) -> dict[str, Any]:
    """The fields of snapshot and reply."""
    return dict(row) | {"security": SecuritySettings.model_validate(row["security"])}


def tenant_snapshot(row: Row) -> dict[str, Any]:
    """What every actor must know of an organisation."""
    return {**row, "organisation_id": row["id"]}


def organisation_of(row: Row) -> Organisation:
    """The reply."""
    return Organisation.model_validate(organisation_fields(row))


async def company_row(company_id: UUID, work: UnitOfWork, *, lock: bool = False) -> Row:
    """A company of the organisation inside the caller's scope."""
    statement = select(company).where(company.c.organisation_id == work.organisation_id, company.c.id == company_id)
    row = await work.fetch_one(statement.with_for_update() if lock else statement)
    if row is None or not work.caller.sees_company(company_id):
        raise Refused(
            COMPANY_NOT_FOUND,
            f"company {company_id} does not exist; check the id",
            details={"resource": "company", "id": str(company_id)},
        )
    return row


async def check_companies_exist(company_ids: tuple[UUID, ...], work: UnitOfWork) -> None:
    """Refuse ids that are no companies of the organisation."""
    if not company_ids:
        return
    rows = await work.fetch(
        select(company.c.id).where(company.c.organisation_id == work.organisation_id, company.c.id.in_(company_ids))
    )
    unknown = sorted(str(given) for given in set(company_ids) - {row["id"] for row in rows})
    if unknown:
        raise Refused(
            COMPANY_NOT_IN_ORGANISATION,
            f"company {unknown[0]} is not of this organisation; choose one of its companies",
        )


def company_fields(row: Row) -> dict[str, Any]:
    """The fields of snapshot and reply."""
    fields = dict(row) | {"company_id": row["id"]}
    if isinstance(row["share_capital"], Money) or row["share_capital"] is None:
        return fields
    return fields | {"share_capital": Money(amount=row["share_capital"])}


def company_of(row: Row) -> Company:
    """The reply."""
    return Company.model_validate(company_fields(row))
