"""Partners: taken up, corrected, followed by platform staff."""

from typing import Any

from asyncpg import UniqueViolationError
from sqlalchemy import delete, select

from actors.identity.organisations import new_row
from actors.identity.partners import (
    already_exists,
    change_partner,
    partner_of,
    partner_row,
    say_removed,
    snapshot_of,
    status_of,
)
from actors.identity.rules.partners import PARTNER, TRIGGER_TO
from messages.identity import (
    PARTNER_WITHOUT_OWNER,
    CreatePartner,
    GetPartner,
    ListPartners,
    Partner,
    PartnerCreated,
    PartnerPage,
    PartnerRole,
    PartnerStatus,
    PartnerStatusChanged,
    PartnerUpdated,
    SetPartnerStatus,
    UpdatePartner,
)
from messages.problem import Refused
from messages.values.identifiers import new_id
from messages.values.text import search_form
from runtime.pagination import page
from runtime.unit_of_work import Row, UnitOfWork
from storage.identity.tables import partner, partner_membership

_WRITE = "identity:partner:write"
_READ = "identity:partner:read"


async def create_partner(request: CreatePartner, work: UnitOfWork) -> Partner:
    """A partner that is being taken up."""
    partner_id = new_id()
    row: dict[str, Any] = (
        new_row(partner_id, work)
        | request.model_dump()
        | {"status": PartnerStatus.ONBOARDING, "search_name": search_form(request.legal_name), "version": 1}
    )
    try:
        await work.insert(partner, **row)
    except UniqueViolationError as error:
        raise already_exists() from error
    work.emit(PartnerCreated.model_validate(snapshot_of(row)), version=1)
    work.record("partner", partner_id, after={"siren": request.siren, "status": row["status"]})
    return partner_of(row)


async def update_partner(request: UpdatePartner, work: UnitOfWork) -> Partner:
    """What is not sent stays."""
    row = await partner_row(request.partner_id, _WRITE, work, lock=True)
    work.check_version(request.expected_version, row["version"])
    wanted = request.model_dump(exclude={"partner_id", "expected_version"}, exclude_unset=True)
    if "legal_name" in wanted and wanted["legal_name"] is None:
        raise Refused.field("legal_name", "required", "a partner has a legal name; leave it out to keep it")
    changed = {name: value for name, value in wanted.items() if value != row[name]}
    if not changed:
        return partner_of(row)
    names = tuple(sorted(changed))
    if "legal_name" in changed:
        changed["search_name"] = search_form(changed["legal_name"])
    after = await change_partner(row, changed, work)
    work.emit(PartnerUpdated.model_validate(snapshot_of(after) | {"changed_fields": names}), version=after["version"])
    return partner_of(after)


async def get_partner(request: GetPartner, work: UnitOfWork) -> Partner:
    """One partner."""
    return partner_of(await partner_row(request.partner_id, _READ, work))


async def list_partners(request: ListPartners, work: UnitOfWork) -> PartnerPage:
    """A page by name."""
    statement = select(partner).where(partner.c.organisation_id == work.organisation_id)
    if request.search is not None:
        is_siren = request.search.isdigit() and len(request.search) == 9
        by_name = partner.c.search_name.startswith(search_form(request.search), autoescape=True)
        statement = statement.where(partner.c.siren == request.search if is_siren else by_name)
    if request.status is not None:
        statement = statement.where(partner.c.status == request.status)
    order = (partner.c.search_name, partner.c.id)
    return await page(work, request, statement, order=order, reply=PartnerPage, item=partner_of)


async def set_partner_status(request: SetPartnerStatus, work: UnitOfWork) -> Partner:
    """The next state; the end takes everybody's access."""
    row = await partner_row(request.partner_id, _WRITE, work, lock=True)
    work.check_version(request.expected_version, row["version"])
    before = status_of(row)
    status = PARTNER.after(TRIGGER_TO[request.status], before)
    if status is PartnerStatus.ACTIVE and not await _has_owner(row, work):
        raise Refused(PARTNER_WITHOUT_OWNER, "an active partner has an owner; add one with add_partner_member")
    changed: dict[str, Any] = {"status": status}
    if status is PartnerStatus.TERMINATED:
        changed["terminated_at"] = work.now
        await _end_memberships(row, work)
    after = await change_partner(row, changed, work)
    event = PartnerStatusChanged(partner_id=row["id"], from_status=before, to_status=status, reason=request.reason)
    work.emit(event, version=after["version"])
    return partner_of(after)


async def _has_owner(row: Row, work: UnitOfWork) -> bool:
    own = partner_membership.c
    owner = select(own.id).where(
        own.organisation_id == work.organisation_id, own.partner_id == row["id"], own.role == PartnerRole.OWNER
    )
    return await work.fetch_value(owner.limit(1)) is not None


async def _end_memberships(row: Row, work: UnitOfWork) -> None:
    own = partner_membership.c
    ended = delete(partner_membership).where(own.organisation_id == work.organisation_id, own.partner_id == row["id"])
    for gone in await work.fetch(ended.returning(*own)):
        say_removed(gone, work)
