"""Requests of identity."""

from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update

from actors.identity import rules
from messages.errors import UNAUTHORIZED
from messages.identity import (
    COMPANY_ALREADY_EXISTS,
    COMPANY_NOT_FOUND,
    LAST_OWNER,
    MEMBERSHIP_NOT_FOUND,
    ORGANISATION_LIMIT_REACHED,
    ORGANISATION_NOT_FOUND,
    Company,
    CompanyCreated,
    CompanyPage,
    CompanyScope,
    CreateCompany,
    CreateOrganisation,
    GetCompany,
    GetOrganisation,
    ListCompanies,
    ListMembers,
    Membership,
    MembershipCreated,
    MembershipPage,
    MembershipReactivated,
    MembershipStatus,
    MembershipSuspended,
    Organisation,
    OrganisationCreated,
    OrganisationFounded,
    OrganisationStatus,
    OrganisationUpdated,
    ReactivateMembership,
    SuspendMembership,
    UpdateOrganisation,
)
from messages.problem import Refused
from messages.values.identifiers import new_id
from messages.values.money import Money
from runtime.access import note_denial
from runtime.pagination import page
from runtime.runtime_reactions import remember_tenant
from runtime.unit_of_work import Row, UnitOfWork
from storage.identity.tables import company, membership, tenant_account, tenant_slug, user_membership
from storage.shared.outgoing import ACCESS_CHANGED

_ORGANISATIONS_PER_OWNER = 5


async def create_organisation(request: CreateOrganisation, work: UnitOfWork) -> OrganisationFounded:
    """Found a tenant with the caller as its owner, in one transaction."""
    user_id = work.caller.user_id
    if user_id is None:
        raise Refused(UNAUTHORIZED, "only a signed-in person can found an organisation")
    await _check_owner_limit(user_id, work)
    organisation_id = request.id or new_id()
    await work.for_organisation(organisation_id)
    row = {
        **_new_row(organisation_id, work),
        "name": request.name,
        "slug": await _free_slug(request.name, organisation_id, work),
        "description": request.description,
        "status": OrganisationStatus.ACTIVE,
        "default_company_id": None,
        "currency": "EUR",
        "timezone": "Europe/Paris",
        "policy_version": 1,
    }
    await work.insert(tenant_account, **row)
    member = {
        **_new_row(new_id(), work),
        "user_id": user_id,
        "role_codes": ["owner"],
        "status": MembershipStatus.ACTIVE,
        "company_scope": CompanyScope.ALL,
        "source": "OWNER_CREATION",
        "activated_at": work.now,
    }
    await work.insert(membership, **member)
    await work.insert(
        user_membership,
        membership_id=member["id"],
        user_id=user_id,
        organisation_id=organisation_id,
        is_owner=True,
        status=MembershipStatus.ACTIVE,
    )
    event = OrganisationCreated.model_validate(_organisation_fields({**row, "version": 1}))
    work.emit(event, version=1)
    await _tenant_changed(event, work, 1)
    founder = _membership_of({**_NO_SCOPE, **member, "version": 1}, policy_version=1)
    work.emit(MembershipCreated.model_construct(**dict(founder)), version=1)
    return OrganisationFounded(organisation=_organisation_of({**row, "version": 1}), membership=founder)


async def get_organisation(request: GetOrganisation, work: UnitOfWork) -> Organisation:
    """The caller's organisation."""
    return _organisation_of(await _organisation(work))


async def update_organisation(request: UpdateOrganisation, work: UnitOfWork) -> Organisation:
    """Change what was sent."""
    row = await _organisation(work, lock=True)
    work.check_version(request.expected_version, row["version"])
    changes = request.model_dump(exclude={"expected_version"}, exclude_unset=True)
    if changes.get("default_company_id") is not None:
        await _company_row(changes["default_company_id"], work)
    changed = {name: value for name, value in changes.items() if row[name] != value}
    if not changed:
        return _organisation_of(row)
    after = await _change_organisation(row, changed, work)
    return _organisation_of(after)


async def create_company(request: CreateCompany, work: UnitOfWork) -> Company:
    """Add a legal entity; the first one becomes the default company."""
    rules.check_legal_identity(request)
    clash = select(company.c.code).where(
        company.c.organisation_id == work.organisation_id,
        (company.c.code == request.code) | (company.c.siren == request.siren),
    )
    known = await work.fetch_value(clash)
    if known is not None:
        raise Refused(
            COMPANY_ALREADY_EXISTS,
            f"company {known} has this code or SIREN already; use another code",
            details={"company_code": known},
        )
    company_id = new_id()
    fields = request.model_dump(exclude={"address", "share_capital"})
    row = {
        **_new_row(company_id, work),
        **fields,
        "share_capital": request.share_capital.amount if request.share_capital else None,
        "address": request.address.model_dump(mode="json"),
        "currency": "EUR",
        "timezone": "Europe/Paris",
        "status": "ACTIVE",
    }
    await work.insert(company, **row)
    work.emit(CompanyCreated.model_validate(_company_fields({**row, "version": 1})), version=1)
    organisation = await _organisation(work, lock=True)
    if organisation["default_company_id"] is None:
        await _change_organisation(organisation, {"default_company_id": company_id}, work)
    return _company_of({**row, "version": 1})


async def get_company(request: GetCompany, work: UnitOfWork) -> Company:
    """One company inside the caller's scope."""
    row = await _company_row(request.company_id, work)
    if not work.caller.sees_company(row["id"]):
        raise Refused(
            COMPANY_NOT_FOUND,
            "no such company in your scope",
            details={"resource": "company", "id": str(request.company_id)},
        )
    return _company_of(row)


async def list_companies(request: ListCompanies, work: UnitOfWork) -> CompanyPage:
    """A page of companies by code."""
    statement = select(company).where(company.c.organisation_id == work.organisation_id)
    if work.caller.company_ids is not None:
        statement = statement.where(company.c.id.in_(work.caller.company_ids))
    return await page(
        work, request, statement, order=(company.c.code, company.c.id), reply=CompanyPage, item=_company_of
    )


async def list_members(request: ListMembers, work: UnitOfWork) -> MembershipPage:
    """A page of members by creation."""
    organisation = await _organisation(work)
    statement = select(membership).where(membership.c.organisation_id == work.organisation_id)
    return await page(
        work,
        request,
        statement,
        order=(membership.c.created_at, membership.c.id),
        reply=MembershipPage,
        item=lambda row: _membership_of(row, organisation["policy_version"]),
    )


async def suspend_membership(request: SuspendMembership, work: UnitOfWork) -> Membership:
    """Suspend a member, unless he is the last owner."""
    organisation = await _organisation(work, lock=True)  # so that two removals cannot both see another owner
    row = await _membership_row(request.membership_id, work)
    status = rules.MEMBERSHIP.after("suspend", MembershipStatus(row["status"]))
    if "owner" in row["role_codes"] and await _active_owners(work) <= 1:
        raise Refused(LAST_OWNER, "an organisation keeps at least one active owner; transfer the ownership first")
    after = await _set_membership_status(row, status, work)
    await note_denial(work.connection, "membership", row["id"], after["version"], denied=True)
    await work.connection.execute(f"notify {ACCESS_CHANGED}")
    snapshot = _membership_of(after, organisation["policy_version"])
    work.emit(MembershipSuspended.model_construct(**dict(snapshot), reason=request.reason), version=after["version"])
    return snapshot


async def reactivate_membership(request: ReactivateMembership, work: UnitOfWork) -> Membership:
    """Give a suspended member his access back."""
    organisation = await _organisation(work, lock=True)
    row = await _membership_row(request.membership_id, work)
    after = await _set_membership_status(
        row, rules.MEMBERSHIP.after("reactivate", MembershipStatus(row["status"])), work
    )
    await note_denial(work.connection, "membership", row["id"], after["version"], denied=False)
    await work.connection.execute(f"notify {ACCESS_CHANGED}")
    snapshot = _membership_of(after, organisation["policy_version"])
    work.emit(MembershipReactivated.model_construct(**dict(snapshot)), version=after["version"])
    return snapshot


# -- steps of the handlers ---------------------------------------------------------------------------------------

_NO_SCOPE: dict[str, Any] = {"company_ids": [], "data_scope": None, "valid_until": None}


def _new_row(id_: UUID, work: UnitOfWork) -> dict[str, Any]:
    return {
        "id": id_,
        "organisation_id": work.organisation_id,
        "created_at": work.now,
        "created_by": work.caller.principal,
        "updated_at": work.now,
        "updated_by": work.caller.principal,
    }


async def _check_owner_limit(user_id: UUID, work: UnitOfWork) -> None:
    count = await work.fetch_value(
        select(func.count()).where(user_membership.c.user_id == user_id, user_membership.c.is_owner)
    )
    if count >= _ORGANISATIONS_PER_OWNER:
        raise Refused(
            ORGANISATION_LIMIT_REACHED,
            f"you own {count} organisations, the most a person may; close one or ask a partner",
        )


async def _free_slug(name: str, organisation_id: UUID, work: UnitOfWork) -> str:
    for attempt in range(1, 1000):
        slug = rules.slug_of(name, attempt)
        if await work.fetch_value(select(tenant_slug.c.slug).where(tenant_slug.c.slug == slug)) is None:
            await work.insert(tenant_slug, slug=slug, organisation_id=organisation_id)
            return slug
    raise Refused.field("name", "exhausted", "too many organisations have this name; choose another one")


async def _organisation(work: UnitOfWork, *, lock: bool = False) -> Row:
    statement = select(tenant_account).where(tenant_account.c.organisation_id == work.organisation_id)
    return await work.load(
        statement.with_for_update() if lock else statement, "organisation", code=ORGANISATION_NOT_FOUND
    )


async def _change_organisation(row: Row, changed: dict[str, Any], work: UnitOfWork) -> Row:
    after = {**row, **changed, "version": row["version"] + 1}
    await work.execute(
        update(tenant_account)
        .where(tenant_account.c.id == row["id"])
        .values(**changed, version=after["version"], updated_at=work.now, updated_by=work.caller.principal)
    )
    event = OrganisationUpdated.model_validate(_organisation_fields(after) | {"changed_fields": tuple(sorted(changed))})
    work.emit(event, version=after["version"])
    await _tenant_changed(event, work, after["version"])
    return after


async def _tenant_changed(event: OrganisationCreated | OrganisationUpdated, work: UnitOfWork, version: int) -> None:
    """identity's own runtime learns of its tenants here: no actor hears itself."""
    await remember_tenant(event, work, version)
    await work.connection.execute(f"notify {ACCESS_CHANGED}")


async def _company_row(company_id: UUID, work: UnitOfWork) -> Row:
    statement = select(company).where(company.c.organisation_id == work.organisation_id, company.c.id == company_id)
    row = await work.fetch_one(statement)
    if row is None:
        raise Refused(
            COMPANY_NOT_FOUND,
            f"company {company_id} does not exist; check the id",
            details={"resource": "company", "id": str(company_id)},
        )
    return row


async def _membership_row(membership_id: UUID, work: UnitOfWork) -> Row:
    statement = select(membership).where(
        membership.c.organisation_id == work.organisation_id, membership.c.id == membership_id
    )
    return await work.load(statement.with_for_update(), "membership", code=MEMBERSHIP_NOT_FOUND)


async def _active_owners(work: UnitOfWork) -> int:
    owners = select(func.count()).where(
        membership.c.organisation_id == work.organisation_id,
        membership.c.status == MembershipStatus.ACTIVE,
        membership.c.role_codes.contains(["owner"]),
    )
    return int(await work.fetch_value(owners))


async def _set_membership_status(row: Row, status: MembershipStatus, work: UnitOfWork) -> Row:
    after = {**row, "status": status, "version": row["version"] + 1}
    await work.execute(
        update(membership)
        .where(membership.c.id == row["id"])
        .values(
            status=status,
            version=after["version"],
            updated_at=work.now,
            updated_by=work.caller.principal,
            suspended_at=work.now if status is MembershipStatus.SUSPENDED else row["suspended_at"],
        )
    )
    await work.execute(
        update(user_membership).where(user_membership.c.membership_id == row["id"]).values(status=status)
    )
    work.record("membership", row["id"], before={"status": row["status"]}, after={"status": status})
    return after


def _organisation_fields(row: Row) -> dict[str, Any]:
    fields = {
        name: row[name]
        for name in ("name", "slug", "status", "default_company_id", "currency", "timezone", "policy_version")
    }
    return {"organisation_id": row["organisation_id"], **fields}


def _organisation_of(row: Row) -> Organisation:
    return Organisation(**_organisation_fields(row), version=row["version"])


def _company_fields(row: Row) -> dict[str, Any]:
    fields = dict(row) | {"company_id": row["id"]}
    if row["share_capital"] is not None:
        fields["share_capital"] = Money(amount=row["share_capital"])
    return fields


def _company_of(row: Row) -> Company:
    return Company.model_validate(_company_fields(row))


def _membership_of(row: Row, policy_version: int) -> Membership:
    return Membership(membership_id=row["id"], policy_version=policy_version, **{n: row[n] for n in _MEMBERSHIP_FIELDS})


_MEMBERSHIP_FIELDS = (
    "user_id",
    "status",
    "role_codes",
    "company_scope",
    "company_ids",
    "data_scope",
    "valid_until",
    "version",
)
