"""products: permission to sell a version, and the accounts its revenue is booked on."""

from datetime import date
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field

from messages.base import Reply, Request
from messages.errors import ALREADY_EXISTS, NOT_FOUND, PRECONDITION_FAILED, VALIDATION_FAILED
from messages.paging import Page, PageRequest
from messages.values.instants import Instant
from messages.values.text import Label

PUBLICATION_NOT_FOUND = NOT_FOUND.specific("PUBLICATION_NOT_FOUND", "Publication introuvable", "Publication not found")
PUBLICATION_CLOSED = PRECONDITION_FAILED.specific("PUBLICATION_CLOSED", "Publication terminée", "Publication has ended")
PUBLICATION_CONFLICT = ALREADY_EXISTS.specific(
    "PUBLICATION_CONFLICT", "Autre version déjà publiée", "Another version is published"
)
WINDOW_OUTSIDE_VERSION = VALIDATION_FAILED.specific(
    "WINDOW_OUTSIDE_VERSION", "Période hors de la version", "Window outside the version"
)
MAPPING_NOT_FOUND = NOT_FOUND.specific("MAPPING_NOT_FOUND", "Affectation introuvable", "Mapping not found")
MAPPING_OVERLAP = ALREADY_EXISTS.specific("MAPPING_OVERLAP", "Affectations qui se chevauchent", "Mappings overlap")


class Channel(StrEnum):
    """How a product is sold."""

    FIELD = "FIELD"
    TELESALES = "TELESALES"
    WEB = "WEB"
    PARTNER = "PARTNER"
    WHITE_LABEL = "WHITE_LABEL"
    MARKETPLACE = "MARKETPLACE"


class Visibility(StrEnum):
    """Who sees a published product."""

    HIDDEN = "HIDDEN"
    INTERNAL = "INTERNAL"
    PUBLIC = "PUBLIC"


class PublicationState(StrEnum):
    """SCHEDULED until its start, LIVE until its end; WITHDRAWN by hand."""

    SCHEDULED = "SCHEDULED"
    LIVE = "LIVE"
    ENDED = "ENDED"
    WITHDRAWN = "WITHDRAWN"


class AccountNature(StrEnum):
    """What an amount is, for the books."""

    REVENUE = "REVENUE"
    COMMISSION = "COMMISSION"
    FEE = "FEE"
    TAX = "TAX"


class ReadinessCode(StrEnum):
    """What must be in order before a version is sold."""

    VERSION_PRESENT = "version_present"
    VERSION_COVERS_WINDOW = "version_covers_window"
    LIFECYCLE_OK = "lifecycle_ok"
    PRICING_PRESENT = "pricing_present"
    VAT_DETERMINED = "vat_determined"
    DOCUMENTS_COMPLETE = "documents_complete"
    ACCOUNTING_MAPPED = "accounting_mapped"
    COMMISSION_PLAN_PRESENT = "commission_plan_present"
    PARTNER_ACTIVE = "partner_active"
    QUALITY_RULE_PRESENT = "quality_rule_present"
    ELIGIBILITY_VALID = "eligibility_valid"


class MappingStatus(StrEnum):
    """Whether accounting has confirmed a mapping."""

    TO_VALIDATE = "TO_VALIDATE"
    VALIDATED = "VALIDATED"
    ERROR = "ERROR"


class PublicationFacts(Reply):
    """What events and replies say of a publication."""

    publication_id: UUID
    version_id: UUID
    product_id: UUID
    company_id: UUID
    channels: tuple[Channel, ...]
    visibility: Visibility
    start_at: Instant
    end_at: Instant | None = None


class Publication(PublicationFacts):
    """A permission to sell a version, for a company and channels."""

    state: PublicationState
    price_visible: bool
    version: int


class PublicationPage(Page[Publication]):
    """Publications, latest start first."""


class ReadinessCheck(Reply):
    """One condition of selling."""

    code: str
    passed: bool
    blocking: bool = True
    detail: str | None = None


class Readiness(Reply):
    """Whether a version may be sold, and what is missing."""

    ready: bool
    checks: tuple[ReadinessCheck, ...]


class AccountingMapping(Reply):
    """The accounts of a nature, for a product, a range or (neither) the whole organisation."""

    mapping_id: UUID
    product_id: UUID | None = None
    range_id: UUID | None = None
    company_id: UUID | None = None
    nature: AccountNature
    gl_account: str
    journal: str
    tax_code: str | None = None
    cost_centre: str | None = None
    valid_from: date
    valid_to: date | None = None
    status: MappingStatus = MappingStatus.TO_VALIDATE


class AccountingMappingPage(Page[AccountingMapping]):
    """Mappings by validity."""


class ResolvedAccounts(Reply):
    """Where an amount is booked; `is_default` when nobody mapped the product or its ranges."""

    gl_account: str
    journal: str
    tax_code: str | None
    cost_centre: str | None
    is_default: bool


class CreatePublication(Request[Publication]):
    """Open a version for sale; LIVE at once when the start is not in the future."""

    version_id: UUID | None = Field(default=None, description="left out: the version in force of product_id")
    product_id: UUID | None = None
    company_id: UUID | None = Field(default=None, description="left out where there is only one company")
    channels: Annotated[frozenset[Channel], Field(min_length=1)]
    visibility: Visibility = Visibility.INTERNAL
    price_visible: bool = True
    start_at: Instant | None = None
    end_at: Instant | None = None
    replace: bool = Field(default=False, description="end the publication of another version at the start of this one")


class UpdatePublication(Request[Publication], permission="products:publication:write"):
    """Change who sees an open publication, and when it ends; null in end_at lets it run on."""

    publication_id: UUID
    expected_version: int
    visibility: Visibility | None = None
    price_visible: bool | None = None
    end_at: Instant | None = None


class GetPublication(Request[Publication], query=True, permission="products:publication:read"):
    """One publication."""

    publication_id: UUID


class PublicationLock(Reply):
    """Whether publications fix the product, and which ones are on sale now."""

    locked: bool
    live_publications: tuple[Publication, ...]


class CheckPublicationLock(Request[PublicationLock], query=True, permission="products:publication:read"):
    """Whether what decides price and books of a product may still change, and where it is on sale."""

    product_id: UUID


class WithdrawPublication(Request[Publication], permission="products:publication:write"):
    """End a publication now."""

    publication_id: UUID
    reason: Label


class ValidatePublication(Request[Readiness], query=True, permission="products:publication:read"):
    """What would still stop a publication."""

    version_id: UUID
    company_id: UUID
    channels: frozenset[Channel] = frozenset()
    start_at: Instant | None = None
    end_at: Instant | None = None


class ListPublications(PageRequest, Request[PublicationPage], query=True, resource="publication"):
    """The publications of the organisation."""

    version_id: UUID | None = None
    product_id: UUID | None = None
    company_id: UUID | None = None
    channel: Channel | None = None
    state: PublicationState | None = None


class SetAccountingMapping(Request[AccountingMapping], permission="products:accounting_mapping:write"):
    """Map a nature to accounts from a day on; the open mapping of the same scope ends the day before."""

    product_id: UUID | None = None
    range_id: UUID | None = None
    company_id: UUID | None = None
    nature: AccountNature
    gl_account: Annotated[str, Field(pattern=r"^\d{3,20}$")]
    journal: Annotated[str, Field(max_length=20)]
    tax_code: Annotated[str, Field(max_length=20)] | None = None
    cost_centre: Annotated[str, Field(max_length=50)] | None = None
    valid_from: date | None = None


class ValidateAccountingMapping(Request[AccountingMapping], permission="products:accounting_mapping:validate"):
    """Confirm a mapping, or mark it as wrong."""

    mapping_id: UUID
    correct: bool = True


class ListAccountingMappings(
    PageRequest, Request[AccountingMappingPage], query=True, permission="products:accounting_mapping:read"
):
    """The account mappings of the organisation."""

    product_id: UUID | None = None
    range_id: UUID | None = None
    company_id: UUID | None = None
    status: MappingStatus | None = None


class ResolveAccounts(Request[ResolvedAccounts], query=True, permission="products:accounting_mapping:read"):
    """The accounts of a product and nature: product first, then its ranges upwards, then the default."""

    product_id: UUID
    company_id: UUID | None = None
    nature: AccountNature
    as_of: Instant | None = None
