"""Founding, reading and changing an organisation."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from actors.identity.members import add_member, membership_of, snapshot
from actors.identity.oidc.tokens import settings
from actors.identity.organisations import (
    change_organisation,
    company_row,
    new_row,
    organisation_fields,
    organisation_of,
    organisation_row,
    tenant_changed,
)
from actors.identity.rules.granting import OWNER
from actors.identity.rules.organisations import changed_fields, slug_of
from messages.errors import UNAUTHORIZED
from messages.identity import (
    ORGANISATION_LIMIT_REACHED,
    CompanyScope,
    CreateOrganisation,
    GetOrganisation,
    MembershipCreated,
    MembershipSource,
    MembershipStatus,
    Organisation,
    OrganisationCreated,
    OrganisationFounded,
    OrganisationStatus,
    SecuritySettings,
    UpdateOrganisation,
    UpdateSecuritySettings,
)
from messages.problem import Refused
from messages.values.identifiers import new_id
from runtime.unit_of_work import UnitOfWork
from storage.identity.tables import tenant_account, tenant_slug, user_membership

_ORGANISATIONS_PER_OWNER = 5
_SLUG_ATTEMPTS = 1000


async def create_organisation(request: CreateOrganisation, work: UnitOfWork) -> OrganisationFounded:
    """Found a tenant with the caller as its owner, in one transaction."""
    user_id = work.caller.user_id
    if user_id is None:
        raise Refused(UNAUTHORIZED, "only a signed-in person can found an organisation")
    await _check_owner_limit(user_id, work)
    organisation_id = request.id or new_id()
    trial_days = settings().trial_days
    await work.for_organisation(organisation_id)
    await work.insert(
        tenant_account,
        **new_row(organisation_id, work),
        **request.model_dump(exclude={"id", "name", "address"}),
        name=request.name,
        address=request.address.model_dump(mode="json") if request.address else None,
        slug=await _free_slug(request.name, work),
        status=OrganisationStatus.TRIAL if trial_days else OrganisationStatus.ACTIVE,
        trial_ends_at=work.now + timedelta(days=trial_days) if trial_days else None,
        currency="EUR",
        timezone="Europe/Paris",
        security={},
        policy_version=1,
    )
    row = await organisation_row(work)
    member = await add_member(
        {
            **new_row(new_id(), work),
            "user_id": user_id,
            "role_codes": [OWNER],
            "status": MembershipStatus.ACTIVE,
            "company_scope": CompanyScope.ALL,
            "source": MembershipSource.OWNER_CREATION,
            "activated_at": work.now,
        },
        work,
    )
    event = OrganisationCreated.model_validate(organisation_fields(row))
    work.emit(event, version=1)
    await tenant_changed(event, work, 1)
    work.emit(MembershipCreated.model_validate(snapshot(member, 1)), version=1)
    return OrganisationFounded(organisation=organisation_of(row), membership=membership_of(member, 1))


async def get_organisation(request: GetOrganisation, work: UnitOfWork) -> Organisation:
    """The caller's organisation."""
    return organisation_of(await organisation_row(work))


async def update_organisation(request: UpdateOrganisation, work: UnitOfWork) -> Organisation:
    """Change what was sent."""
    row = await organisation_row(work, lock=True)
    work.check_version(request.expected_version, row["version"])
    changes = request.model_dump(mode="json", exclude={"expected_version", "default_company_id"}, exclude_unset=True)
    if "default_company_id" in request.model_fields_set:
        changes["default_company_id"] = request.default_company_id
    if request.default_company_id is not None:
        await company_row(request.default_company_id, work)
    changed = changed_fields(changes, row, required=("name",))
    return organisation_of(await change_organisation(row, changed, work) if changed else row)


async def update_security_settings(request: UpdateSecuritySettings, work: UnitOfWork) -> Organisation:
    """Change the tenant's demands; what is left out stays."""
    row = await organisation_row(work, lock=True)
    work.check_version(request.expected_version, row["version"])
    sent = request.model_dump(exclude={"expected_version"}, exclude_none=True)
    security = SecuritySettings.model_validate(row["security"] | sent).model_dump(mode="json")
    if security == SecuritySettings.model_validate(row["security"]).model_dump(mode="json"):
        return organisation_of(row)
    return organisation_of(await change_organisation(row, {"security": security}, work))


async def _check_owner_limit(user_id: UUID, work: UnitOfWork) -> None:
    count = await work.fetch_value(
        select(func.count()).where(
            user_membership.c.user_id == user_id,
            user_membership.c.is_owner,
            user_membership.c.status != MembershipStatus.REMOVED,
        )
    )
    if count >= _ORGANISATIONS_PER_OWNER:
        raise Refused(
            ORGANISATION_LIMIT_REACHED,
            f"you own {count} organisations, the most a person may; close one or ask a partner",
        )


async def _free_slug(name: str, work: UnitOfWork) -> str:
    """Two foundings of one name at a time meet at the primary key: the second waits, then takes the next slug."""
    for attempt in range(1, _SLUG_ATTEMPTS):
        slug = slug_of(name, attempt)
        statement = insert(tenant_slug).values(slug=slug, organisation_id=work.organisation_id)
        if await work.execute(statement.on_conflict_do_nothing()):
            return slug
    raise Refused.field("name", "exhausted", "too many organisations have this name; choose another one")
