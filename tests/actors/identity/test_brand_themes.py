"""Brand themes: readable colours, one active theme of an owner, and what a host name shows."""

from uuid import uuid4

import pytest

from actors.identity.rules.brands import BLACK, WHITE, contrast, on
from messages.base import NIL_ORGANISATION
from messages.identity import (
    ActivateBrandTheme,
    ArchiveBrandTheme,
    CreateBrandTheme,
    GetBrandTheme,
    ListBrandThemes,
    ResolveBrand,
    UpdateBrandTheme,
)
from tests.actors.identity.people import IssuerServer, Person, member
from tests.actors.identity.test_partners import owned_by, turned
from tests.actors.identity.test_sign_in import code_of
from tests.harness import Running, Tenant


def theme(**fields: object) -> CreateBrandTheme:
    """A theme in blue."""
    known = {"name": "Bleu", "primary_color": "#1d4ed8", "secondary_color": "#0F172A"}
    return CreateBrandTheme.model_validate(known | fields)


@pytest.mark.parametrize(
    ("colour", "on_white", "on_black", "readable"),
    [("#1D4ED8", 6.70, 3.13, WHITE), ("#FACC15", 1.53, 13.71, BLACK), ("#777777", 4.48, 4.69, BLACK)],
)
def test_case_23_the_readable_colour_is_white_else_black(
    colour: str, on_white: float, on_black: float, readable: str
) -> None:
    found = [round(contrast(colour, other), 2) for other in (WHITE, BLACK)]
    assert (found, on(colour)) == ([on_white, on_black], readable)


def test_case_23_what_is_no_colour_and_no_safe_address_is_refused() -> None:
    for field, value, code in (
        ("primary_color", "red", "COLOR_INVALID"),
        ("logo_url", "http://x.fr/logo.png", "URL_NOT_HTTPS"),
    ):
        with pytest.raises(ValueError) as refusal:
            theme(**{field: value})
        assert [problem["type"] for problem in refusal.value.errors()] == [code]  # type: ignore[attr-defined]


async def test_an_organisation_shows_one_of_its_themes(
    running: Running, owned: tuple[Person, Tenant], other: tuple[Person, Tenant]
) -> None:
    owner, tenant = owned
    blue, yellow = await owner.call(theme()), await owner.call(theme(name="Jaune", primary_color="#FACC15"))
    assert (blue.primary_color, blue.on_primary_color, yellow.on_primary_color) == ("#1D4ED8", WHITE, BLACK)
    assert (blue.owner_type, blue.owner_id, blue.is_active) == ("ORGANISATION", tenant.id, False)
    for shown in (blue, yellow):
        assert (await owner.call(ActivateBrandTheme(theme_id=shown.theme_id))).is_active
    assert not (await owner.call(GetBrandTheme(theme_id=blue.theme_id))).is_active
    assert await code_of(owner.call(ArchiveBrandTheme(theme_id=yellow.theme_id))) == "BRAND_THEME_ACTIVE"
    grey = UpdateBrandTheme(theme_id=yellow.theme_id, expected_version=2, primary_color="#777777", name="Gris")
    assert (await owner.call(grey)).on_primary_color == BLACK
    assert await code_of(owner.call(grey)) == "VERSION_CONFLICT"
    assert (await owner.call(ArchiveBrandTheme(theme_id=blue.theme_id))).archived_at is not None
    assert [item.name for item in (await owner.call(ListBrandThemes())).items] == ["Gris"]
    everything = (await owner.call(ListBrandThemes(include_archived=True))).items
    assert [item.name for item in everything] == ["Gris", "Bleu"]
    told = [body["name"] for _, body in await running.events("brand_theme.activated", tenant.id)]
    assert told == ["Bleu", "Jaune", "Gris"]
    stranger, _ = other
    for request in (GetBrandTheme(theme_id=yellow.theme_id), ActivateBrandTheme(theme_id=yellow.theme_id)):
        assert await code_of(stranger.call(request)) == "BRAND_THEME_NOT_FOUND"
    assert (await stranger.call(ListBrandThemes())).items == ()
    reader, _ = await member(owner, "viewer")
    assert await code_of(reader.call(theme())) == "PERMISSION_MISSING"


async def test_a_host_name_shows_the_active_partners_theme(
    running: Running, issuer: IssuerServer, staff: Person
) -> None:
    host = f"p-{uuid4().hex[:8]}.example.fr"
    partner, owner = await owned_by(staff, issuer, portal_domain=host, support_email="aide@example.fr")
    _, stranger = await owned_by(staff, issuer)
    anybody = await running.client(token="")
    assert (await anybody.call(ResolveBrand(host=host))).partner_id is None
    made = await owner.call(theme(partner_id=partner.partner_id, sender_name="Réseau"))
    assert await code_of(stranger.call(GetBrandTheme(theme_id=made.theme_id))) == "PARTNER_NOT_FOUND"
    assert await code_of(owner.call(theme())) == "TENANT_SCOPE_VIOLATION"
    await owner.call(ActivateBrandTheme(theme_id=made.theme_id))
    shown = await anybody.call(ResolveBrand(host=host))
    assert (shown.partner_id, shown.look.sender_name, shown.support_email) == (
        partner.partner_id,
        "Réseau",
        "aide@example.fr",
    )
    told = [body["owner_id"] for _, body in await running.events("brand_theme.activated", NIL_ORGANISATION)]
    assert str(partner.partner_id) in told
    await turned(staff, partner, "SUSPENDED")
    assert (await anybody.call(ResolveBrand(host=host))).look.name == "CRM"
