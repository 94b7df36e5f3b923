"""Brand themes of organisations and partners, and which of them a host name shows."""

from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from actors.identity.organisations import new_row
from actors.identity.partners import partner_row
from actors.identity.rules.brands import PRODUCT_LOOK, on
from messages.base import NIL_ORGANISATION
from messages.errors import TENANT_SCOPE_VIOLATION
from messages.identity import (
    BRAND_THEME_ACTIVE,
    BRAND_THEME_NOT_FOUND,
    ActivateBrandTheme,
    ArchiveBrandTheme,
    Brand,
    BrandLook,
    BrandTheme,
    BrandThemeActivated,
    BrandThemePage,
    CreateBrandTheme,
    GetBrandTheme,
    ListBrandThemes,
    PartnerStatus,
    ResolveBrand,
    ThemeOwner,
    UpdateBrandTheme,
)
from messages.problem import Refused
from messages.values.identifiers import new_id
from runtime.pagination import page
from runtime.unit_of_work import Row, UnitOfWork
from storage.identity.tables import brand_theme, partner

_READ = "identity:brand_theme:read"
_WRITE = "identity:brand_theme:write"
_DELETE = "identity:brand_theme:delete"
_REQUIRED = ("name", "primary_color", "secondary_color")


async def create_brand_theme(request: CreateBrandTheme, work: UnitOfWork) -> BrandTheme:
    """A theme that is not shown yet."""
    await _check_owner(request.partner_id, _WRITE, work)
    row: dict[str, Any] = new_row(new_id(), work) | request.model_dump(exclude={"partner_id"})
    row |= {
        "owner_type": ThemeOwner.ORGANISATION if request.partner_id is None else ThemeOwner.PARTNER,
        "owner_id": request.partner_id or work.organisation_id,
    }
    row |= {"on_primary_color": on(request.primary_color), "is_active": False, "archived_at": None, "version": 1}
    await work.insert(brand_theme, **row)
    work.record("brand_theme", row["id"], after={"name": request.name})
    return _theme_of(row)


async def update_brand_theme(request: UpdateBrandTheme, work: UnitOfWork) -> BrandTheme:
    """What is not sent stays; an active theme is told anew."""
    row = await _theme_row(request.theme_id, _WRITE, work, lock=True)
    work.check_version(request.expected_version, row["version"])
    wanted = request.model_dump(exclude={"theme_id", "expected_version"}, exclude_unset=True)
    for name in _REQUIRED:
        if name in wanted and wanted[name] is None:
            raise Refused.field(name, "required", f"a theme has a {name}; leave it out to keep it")
    changed = {name: value for name, value in wanted.items() if value != row[name]}
    if not changed:
        return _theme_of(row)
    if "primary_color" in changed:
        changed["on_primary_color"] = on(changed["primary_color"])
    after = await _change(row, changed, work)
    if after["is_active"]:
        _say_active(after, work)
    return _theme_of(after)


async def get_brand_theme(request: GetBrandTheme, work: UnitOfWork) -> BrandTheme:
    """One theme."""
    return _theme_of(await _theme_row(request.theme_id, _READ, work))


async def list_brand_themes(request: ListBrandThemes, work: UnitOfWork) -> BrandThemePage:
    """A page, the newest first."""
    await _check_owner(request.partner_id, _READ, work)
    own = brand_theme.c
    statement = select(brand_theme).where(
        own.organisation_id == work.organisation_id, own.owner_id == (request.partner_id or work.organisation_id)
    )
    if not request.include_archived:
        statement = statement.where(own.archived_at.is_(None))
    return await page(
        work,
        request,
        statement,
        order=(own.created_at, own.id),
        reply=BrandThemePage,
        item=_theme_of,
        descending=True,
    )


async def activate_brand_theme(request: ActivateBrandTheme, work: UnitOfWork) -> BrandTheme:
    """The owner's other theme is no longer shown; activating twice changes nothing."""
    row = await _theme_row(request.theme_id, _WRITE, work, lock=True)
    if row["archived_at"] is not None:
        raise Refused(BRAND_THEME_NOT_FOUND, "the theme was put away; make a new one")
    if row["is_active"]:
        return _theme_of(row)
    own = brand_theme.c
    shown = (
        own.organisation_id == work.organisation_id,
        own.owner_id == row["owner_id"],
        own.is_active,
    )
    for before in await work.fetch(select(brand_theme).where(*shown).with_for_update()):
        await _change(before, {"is_active": False}, work)
    after = await _change(row, {"is_active": True}, work)
    _say_active(after, work)
    return _theme_of(after)


async def archive_brand_theme(request: ArchiveBrandTheme, work: UnitOfWork) -> BrandTheme:
    """Archiving twice changes nothing."""
    row = await _theme_row(request.theme_id, _DELETE, work, lock=True)
    if row["is_active"]:
        raise Refused(BRAND_THEME_ACTIVE, "the theme is shown; activate another one first")
    if row["archived_at"] is not None:
        return _theme_of(row)
    return _theme_of(await _change(row, {"archived_at": work.now}, work))


async def resolve_brand(request: ResolveBrand, work: UnitOfWork) -> Brand:
    """What a stranger sees at a host name."""
    theme = brand_theme.c
    found = await work.fetch_one(
        select(brand_theme, partner.c.support_email)
        .join(partner, partner.c.id == theme.owner_id)
        .where(
            partner.c.organisation_id == NIL_ORGANISATION,
            partner.c.portal_domain == request.host,
            partner.c.status == PartnerStatus.ACTIVE,
            theme.organisation_id == NIL_ORGANISATION,
            theme.is_active,
        )
    )
    if found is None:
        return Brand(look=PRODUCT_LOOK)
    return Brand(
        partner_id=found["owner_id"],
        look=BrandLook.model_validate(dict(found)),
        support_email=found["support_email"],
    )


async def _check_owner(partner_id: UUID | None, right: str, work: UnitOfWork) -> None:
    """A partner's themes are for its people, an organisation's for whoever its token lets do it."""
    if partner_id is not None:
        await partner_row(partner_id, right, work)
    elif work.organisation_id == NIL_ORGANISATION:
        raise Refused(TENANT_SCOPE_VIOLATION, "choose an organisation, or name the partner whose theme it is")


async def _theme_row(theme_id: UUID, right: str, work: UnitOfWork, *, lock: bool = False) -> Row:
    own = brand_theme.c
    statement = select(brand_theme).where(own.organisation_id == work.organisation_id, own.id == theme_id)
    row = await work.load(
        statement.with_for_update() if lock else statement, "brand theme", code=BRAND_THEME_NOT_FOUND, id=theme_id
    )
    await _check_owner(row["owner_id"] if row["owner_type"] == ThemeOwner.PARTNER else None, right, work)
    return row


async def _change(row: Row, changed: dict[str, Any], work: UnitOfWork) -> Row:
    after = {**row, **changed, "version": row["version"] + 1}
    await work.execute(
        update(brand_theme)
        .where(brand_theme.c.id == row["id"])
        .values(**changed, version=after["version"], updated_at=work.now, updated_by=work.caller.principal)
    )
    before = {name: row[name] for name in changed}
    work.record("brand_theme", row["id"], before=before, after={name: after[name] for name in changed})
    return after


def _say_active(row: Row, work: UnitOfWork) -> None:
    work.emit(BrandThemeActivated.model_validate(dict(row) | {"theme_id": row["id"]}), version=row["version"])


def _theme_of(row: Row) -> BrandTheme:
    return BrandTheme.model_validate(dict(row) | {"theme_id": row["id"]})
