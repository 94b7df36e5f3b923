"""products: the insurers, operators and other suppliers of products sold for others."""

from datetime import date
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field, model_validator

from messages.base import Empty, Part, Reply, Request
from messages.errors import ALREADY_EXISTS, NOT_FOUND, PRECONDITION_FAILED
from messages.paging import Page, PageRequest
from messages.values.addresses import Address
from messages.values.companies import Siren
from messages.values.contact import EmailAddress, PhoneNumber
from messages.values.numbers import Percent
from messages.values.refusal import refusal
from messages.values.text import PRINTABLE, Code, Label, Line, text_of

PRODUCT_PARTNER_NOT_FOUND = NOT_FOUND.specific(
    "PRODUCT_PARTNER_NOT_FOUND", "Partenaire produit introuvable", "Product partner not found"
)
PARTNER_NAME_EXISTS = ALREADY_EXISTS.specific("PARTNER_NAME_EXISTS", "Nom de partenaire pris", "Partner name in use")
PARTNER_IN_USE = PRECONDITION_FAILED.specific("PARTNER_IN_USE", "Partenaire utilisé", "Partner in use")


class ProductPartnerType(StrEnum):
    """What the partner supplies."""

    INSURER = "INSURER"
    ENERGY = "ENERGY"
    TELECOM = "TELECOM"
    OTT = "OTT"
    MARKETPLACE = "MARKETPLACE"
    OTHER = "OTHER"


class ProductPartnerStatus(StrEnum):
    """Only the products of an ACTIVE partner are sold; TEST is before, INACTIVE after that."""

    ACTIVE = "ACTIVE"
    INACTIVE = "INACTIVE"
    TEST = "TEST"


PartnerName = Annotated[str, text_of(160), PRINTABLE]


class PartnerContact(Part):
    """Somebody to call at the partner; a function rather than a person where there is one."""

    role: Label
    name: Line
    email: EmailAddress | None = None
    phone: PhoneNumber | None = None


class ServiceLevel(Part):
    """What the partner promised."""

    processing_hours: Annotated[int, Field(ge=1, le=8760)] | None = None
    availability_percent: Percent | None = None
    emergency_contact: Line | None = None


class PartnerActivation(Reply):
    """Whether a company of the organisation sells the partner's products, and since when."""

    company_id: UUID
    active: bool
    since: date
    until: date | None = None


class ProductPartner(Reply):
    """A supplier of products that are sold for him."""

    product_partner_id: UUID
    name: str
    legal_name: str
    type: ProductPartnerType
    siren: Siren | None
    addresses: tuple[Address, ...]
    contacts: tuple[PartnerContact, ...]
    payment_terms: str | None
    extranet_code: str | None
    status: ProductPartnerStatus
    contract_from: date | None
    contract_to: date | None
    sla: ServiceLevel | None
    activations: tuple[PartnerActivation, ...]
    version: int


class ProductPartnerPage(Page[ProductPartner]):
    """Product partners by name."""


class CreateProductPartner(Request[ProductPartner], permission="products:partner:write"):
    """Add a supplier; no company sells his products until it is activated for him."""

    name: PartnerName
    legal_name: PartnerName
    type: ProductPartnerType
    siren: Siren | None = None
    addresses: Annotated[tuple[Address, ...], Field(max_length=10)] = ()
    contacts: Annotated[tuple[PartnerContact, ...], Field(max_length=20)] = ()
    payment_terms: Line | None = None
    extranet_code: Code | None = None
    status: ProductPartnerStatus = ProductPartnerStatus.TEST
    contract_from: date | None = None
    contract_to: date | None = None
    sla: ServiceLevel | None = None

    @model_validator(mode="after")
    def _dates_in_order(self) -> "CreateProductPartner":
        if self.contract_from and self.contract_to and self.contract_from > self.contract_to:
            raise refusal("DATES_INVERTED", "contract_to lies before contract_from; exchange them")
        return self


class UpdateProductPartner(Request[ProductPartner], permission="products:partner:write"):
    """Change what is sent; null takes away what may be empty."""

    product_partner_id: UUID
    expected_version: int
    name: PartnerName | None = None
    legal_name: PartnerName | None = None
    type: ProductPartnerType | None = None
    siren: Siren | None = None
    addresses: Annotated[tuple[Address, ...], Field(max_length=10)] | None = None
    contacts: Annotated[tuple[PartnerContact, ...], Field(max_length=20)] | None = None
    payment_terms: Line | None = None
    extranet_code: Code | None = None
    status: ProductPartnerStatus | None = None
    contract_from: date | None = None
    contract_to: date | None = None
    sla: ServiceLevel | None = None


class GetProductPartner(Request[ProductPartner], query=True, permission="products:partner:read"):
    """One supplier with the companies that sell for him."""

    product_partner_id: UUID


class ListProductPartners(PageRequest, Request[ProductPartnerPage], query=True, permission="products:partner:read"):
    """The suppliers of the organisation."""

    type: ProductPartnerType | None = None
    status: ProductPartnerStatus | None = None
    company_id: UUID | None = Field(default=None, description="a company that sells for them now")
    search: Annotated[str, Field(min_length=2, max_length=100)] | None = Field(
        default=None, description="letters of the name"
    )


class DeleteProductPartner(Request[Empty], permission="products:partner:write"):
    """Remove a supplier without products; one that had some becomes INACTIVE instead."""

    product_partner_id: UUID
    expected_version: int


class SetPartnerCompanyActivation(Request[ProductPartner], permission="products:partner:write"):
    """Let a company sell the partner's products from today on, or no longer."""

    product_partner_id: UUID
    company_id: UUID
    active: bool
