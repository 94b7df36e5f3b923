"""How the product looks: the theme of a partner or of an organisation, and which one a host name shows."""

import re
from enum import StrEnum
from typing import Annotated, Final
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from messages.base import Access, Event, Reply, Request
from messages.identity.partners import HostName
from messages.paging import Page, PageRequest
from messages.values.contact import EmailAddress
from messages.values.instants import Instant
from messages.values.refusal import refusal
from messages.values.text import Label, Paragraph

_COLOUR: Final = re.compile(r"#[0-9A-F]{6}")


def _colour(text: str) -> str:
    found = text.strip().upper()
    if _COLOUR.fullmatch(found) is None:
        raise refusal("COLOR_INVALID", "this is no colour; write six hexadecimal digits like #1D4ED8")
    return found


def _https(text: str) -> str:
    if not text.startswith("https://"):
        raise refusal("URL_NOT_HTTPS", "the address must begin with https://; or store the image and give its document")
    return text


Colour = Annotated[str, Field(max_length=20), AfterValidator(_colour)]
"""A colour as `#RRGGBB`."""
ImageUrl = Annotated[str, Field(max_length=500, pattern=r"^[\x21-\x7e]+$"), AfterValidator(_https)]
SenderName = Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[^\r\n<>\"]+$")]


class ThemeOwner(StrEnum):
    """Whose theme it is."""

    PARTNER = "PARTNER"
    ORGANISATION = "ORGANISATION"


class BrandLook(Reply):
    """What is seen. `on_primary_color` is white or black: what can be read on the primary colour (WCAG 2, 4.5 to 1)."""

    name: str
    logo_document_id: UUID | None = None
    logo_url: str | None = None
    favicon_document_id: UUID | None = None
    favicon_url: str | None = None
    primary_color: str
    secondary_color: str
    on_primary_color: str
    sender_name: str | None = None
    sender_email: str | None = None
    legal_footer: str | None = None


class BrandTheme(BrandLook):
    """A theme in full; one theme of an owner is active."""

    theme_id: UUID
    owner_type: ThemeOwner
    owner_id: UUID
    is_active: bool
    archived_at: Instant | None = None
    created_at: Instant
    version: int


class BrandThemePage(Page[BrandTheme]):
    """Themes, the newest first."""


class Brand(Reply):
    """What a host name shows; without a partner it is the product's own look."""

    partner_id: UUID | None = None
    look: BrandLook
    support_email: str | None = None


class _Look(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    logo_document_id: UUID | None = None
    logo_url: ImageUrl | None = None
    favicon_document_id: UUID | None = None
    favicon_url: ImageUrl | None = None
    sender_name: SenderName | None = None
    sender_email: EmailAddress | None = None
    legal_footer: Paragraph | None = None


class CreateBrandTheme(_Look, Request[BrandTheme], tenant_scoped=False):
    """A theme of the caller's organisation, or of a partner he works for; it is shown once it is activated."""

    partner_id: UUID | None = None
    name: Label
    primary_color: Colour
    secondary_color: Colour


class UpdateBrandTheme(_Look, Request[BrandTheme], tenant_scoped=False):
    """Change a theme: what is not sent stays, null clears."""

    theme_id: UUID
    expected_version: int
    name: Label | None = None
    primary_color: Colour | None = None
    secondary_color: Colour | None = None


class GetBrandTheme(Request[BrandTheme], query=True, tenant_scoped=False):
    """One theme."""

    theme_id: UUID


class ListBrandThemes(PageRequest, Request[BrandThemePage], query=True, tenant_scoped=False):
    """The themes of the organisation, or of a partner; archived ones on demand."""

    partner_id: UUID | None = None
    include_archived: bool = False


class ActivateBrandTheme(Request[BrandTheme], permission="identity:brand_theme:write", tenant_scoped=False):
    """Show this theme instead of the owner's active one."""

    theme_id: UUID


class ArchiveBrandTheme(Request[BrandTheme], tenant_scoped=False):
    """Put a theme away; the active one stays until another is activated (BRAND_THEME_ACTIVE)."""

    theme_id: UUID


class ResolveBrand(Request[Brand], access=Access.PUBLIC, query=True, tenant_scoped=False):
    """The look of a host name: the active theme of the active partner whose portal it is, else the product's own."""

    host: HostName


class BrandThemeActivated(BrandLook, Event, aggregate="brand_theme", aggregate_id="theme_id"):
    """This is how the owner's pages, mails and letters look from now on."""

    theme_id: UUID
    owner_type: ThemeOwner
    owner_id: UUID
