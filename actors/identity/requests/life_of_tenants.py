"""The life of a tenant: listed and suspended by platform staff, closed by its owner."""

from datetime import timedelta
from typing import Any

from sqlalchemy import select

from actors.identity.members import change_member, snapshot
from actors.identity.organisations import change_organisation, organisation_of, organisation_row
from actors.identity.rules.life import MEMBERSHIP, ORGANISATION
from messages.base import Event
from messages.identity import (
    ActivateOrganisation,
    CancelOrganisationClosure,
    CloseOrganisation,
    ListOrganisations,
    MembershipStatus,
    MembershipSuspended,
    Organisation,
    OrganisationClosed,
    OrganisationClosingScheduled,
    OrganisationClosureCancelled,
    OrganisationReactivated,
    OrganisationStatus,
    OrganisationSuspended,
    ReactivateOrganisation,
    SuspendOrganisation,
    SuspensionReason,
    TenantPage,
    TenantSummary,
)
from messages.problem import Refused
from runtime.pagination import page
from runtime.unit_of_work import Row, UnitOfWork
from storage.identity.tables import membership, tenant_slug
from storage.shared.tables import organisation as tenant

_UNTIL_CLOSED = timedelta(days=30)


async def list_organisations(request: ListOrganisations, work: UnitOfWork) -> TenantPage:
    """A page by slug."""
    statement = select(tenant_slug.c.slug, tenant.c.id.label("organisation_id"), tenant.c.name, tenant.c.status).join(
        tenant, tenant.c.id == tenant_slug.c.organisation_id
    )
    if request.search is not None:
        statement = statement.where(tenant_slug.c.slug.startswith(request.search.lower(), autoescape=True))
    if request.status is not None:
        statement = statement.where(tenant.c.status == request.status)
    return await page(
        work,
        request,
        statement,
        order=(tenant_slug.c.slug,),
        reply=TenantPage,
        item=lambda row: TenantSummary.model_validate(dict(row)),
    )


async def activate_organisation(request: ActivateOrganisation, work: UnitOfWork) -> Organisation:
    """The trial is over because the tenant pays."""
    await work.for_organisation(request.organisation_id)
    row = await organisation_row(work, lock=True)
    status = ORGANISATION.after("activate", OrganisationStatus(row["status"]))
    after = await change_organisation(row, {"status": status, "trial_ends_at": None}, work)
    work.record("organisation", row["id"], before={"status": row["status"]}, after=_shown(after, request.reason))
    return organisation_of(after)


async def end_trial(row: Row, work: UnitOfWork) -> None:
    """The trial's last day has passed and nobody subscribed."""
    reason = SuspensionReason.NON_PAYMENT
    said = OrganisationSuspended(organisation_id=row["id"], reason=reason)
    await _turn(row, "suspend", {"suspended_reason": reason, "trial_ends_at": None}, said, work)


async def suspend_organisation(request: SuspendOrganisation, work: UnitOfWork) -> Organisation:
    """Tokens die with the tenant's state, which every actor's runtime follows."""
    await work.for_organisation(request.organisation_id)
    row = await organisation_row(work, lock=True)
    said = OrganisationSuspended(organisation_id=row["id"], reason=request.reason)
    return organisation_of(
        await _turn(row, "suspend", {"suspended_reason": request.reason, "trial_ends_at": None}, said, work)
    )


async def reactivate_organisation(request: ReactivateOrganisation, work: UnitOfWork) -> Organisation:
    """The reason of the suspension is settled."""
    await work.for_organisation(request.organisation_id)
    row = await organisation_row(work, lock=True)
    said = OrganisationReactivated(organisation_id=row["id"], reason=request.reason)
    return organisation_of(await _turn(row, "reactivate", {"suspended_reason": None}, said, work))


async def close_organisation(request: CloseOrganisation, work: UnitOfWork) -> Organisation:
    """Only who types its short name closes it; thirty days remain to think it over."""
    row = await organisation_row(work, lock=True)
    if request.confirmation != row["slug"]:
        raise Refused.field("confirmation", "slug", f"type the organisation's short name, {row['slug']}, to close it")
    closing_at = work.now + _UNTIL_CLOSED
    said = OrganisationClosingScheduled(organisation_id=row["id"], closing_at=closing_at)
    after = await _turn(row, "close", {"closing_at": closing_at}, said, work)
    work.record("organisation", row["id"], before={"status": row["status"]}, after=_shown(after, request.reason))
    return organisation_of(after)


async def cancel_organisation_closure(request: CancelOrganisationClosure, work: UnitOfWork) -> Organisation:
    """The organisation works again; a trial goes on."""
    row = await organisation_row(work, lock=True)
    trigger = "resume_trial" if row["trial_ends_at"] else "cancel_closure"
    said = OrganisationClosureCancelled(organisation_id=row["id"])
    return organisation_of(await _turn(row, trigger, {"closing_at": None}, said, work))


async def end_organisation(row: Row, work: UnitOfWork) -> None:
    """The day has come: the last members lose their access, owners included."""
    said = OrganisationClosed(organisation_id=row["id"], closed_at=work.now)
    organisation = await _turn(row, "end", {}, said, work)
    members = await work.fetch(
        select(membership)
        .where(membership.c.organisation_id == work.organisation_id, membership.c.status == MembershipStatus.ACTIVE)
        .order_by(membership.c.id)
        .with_for_update()
    )
    for found in members:
        status = MEMBERSHIP.after("suspend", MembershipStatus(found["status"]))
        changed = {"status": status, "suspended_at": work.now}
        after, policy_version = await change_member(organisation, found, changed, work)
        organisation = await organisation_row(work)
        event = MembershipSuspended.model_validate(snapshot(after, policy_version, reason="ORGANISATION_CLOSED"))
        work.emit(event, version=after["version"])


async def _turn(row: Row, trigger: str, changed: dict[str, Any], said: Event, work: UnitOfWork) -> Row:
    """The next state, told to every actor's runtime by the snapshot and to whoever cares why by the fact."""
    status = ORGANISATION.after(trigger, OrganisationStatus(row["status"]))
    after = await change_organisation(row, changed | {"status": status}, work)
    work.emit(said, version=after["version"])
    work.record("organisation", row["id"], before={"status": row["status"]}, after=_shown(after, None))
    return after


def _shown(row: Row, reason: str | None) -> dict[str, Any]:
    closing_at = str(row["closing_at"]) if row["closing_at"] else None
    shown = {"status": row["status"], "suspended_reason": row["suspended_reason"], "closing_at": closing_at}
    return shown | ({"reason": reason} if reason else {})
