"""products: the VAT table and which rate a supply has."""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import Field, model_validator

from messages.base import Reply, Request
from messages.clients import VatStatus
from messages.errors import ALREADY_EXISTS, PRECONDITION_FAILED
from messages.paging import Page, PageRequest
from messages.products.catalogue import ProductNature
from messages.products.versions import TaxClass
from messages.values.addresses import CountryCode, PostalCode
from messages.values.instants import Instant
from messages.values.numbers import Percent
from messages.values.refusal import refusal
from messages.values.text import Code, Line

VAT_UNDETERMINED = PRECONDITION_FAILED.specific("VAT_UNDETERMINED", "TVA indéterminée", "VAT undetermined")
VAT_RATE_OVERLAP = ALREADY_EXISTS.specific("VAT_RATE_OVERLAP", "Taux qui se chevauchent", "VAT rates overlap")


class VatDecision(Reply):
    """The VAT of a supply, with its EN 16931 category; rate in percent."""

    category: str
    rate: Percent
    exemption_code: str | None = None
    text: str | None = None


class VatRate(Reply):
    """A dated rate of a zone and class; `valid_to` is inclusive."""

    vat_rate_id: UUID
    zone: str
    tax_class: TaxClass
    rate: Percent
    category: str
    exemption_code: str | None = None
    exemption_text: str | None = None
    valid_from: date
    valid_to: date | None = None


class VatRatePage(Page[VatRate]):
    """Rates by zone, class and date."""


class ResolveVat(Request[VatDecision], query=True, permission="products:vat:read"):
    """Which VAT applies to a supply on the local date of `as_of`; a product brings its own class and nature."""

    product_id: UUID | None = None
    tax_class: TaxClass | None = None
    nature: ProductNature = ProductNature.SERVICE
    zone: Annotated[str, Field(max_length=14)] | None = Field(
        default=None, description="left out: the zone of country and postal_code"
    )
    country: CountryCode = "FR"
    postal_code: PostalCode = ""
    client_vat_status: VatStatus = VatStatus.CONSUMER
    vat_verified: bool = False
    seller_company_id: UUID | None = None
    as_of: Instant | None = None

    @model_validator(mode="after")
    def _one_subject(self) -> "ResolveVat":
        if (self.product_id is None) == (self.tax_class is None):
            raise refusal("ONE_KEY", "give either product_id or tax_class")
        return self


class UpsertVatRate(Request[VatRate], permission="products:vat:write"):
    """Enter a rate; one of the same zone, class and first day is replaced, any other overlap refused."""

    zone: Annotated[str, Field(max_length=14)]
    tax_class: TaxClass
    rate: Percent
    category: Annotated[str, Field(pattern="^(S|Z|E|AE|K|G|O)$")] = "S"
    exemption_code: Code | None = None
    exemption_text: Line | None = None
    valid_from: date
    valid_to: date | None = None


class ListVatRates(PageRequest, Request[VatRatePage], query=True, permission="products:vat:read"):
    """The rates of the organisation."""

    zone: str | None = None
    tax_class: TaxClass | None = None
    on_date: date | None = None
