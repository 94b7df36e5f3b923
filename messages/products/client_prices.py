"""products: prices agreed with one client."""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from pydantic import Field, model_validator

from messages.base import Reply, Request
from messages.errors import ALREADY_EXISTS, BUSINESS_RULE_VIOLATION, NOT_FOUND
from messages.paging import Page, PageRequest
from messages.values.numbers import Quantity, Rate
from messages.values.refusal import refusal
from messages.values.text import Code, Line

CLIENT_PRICE_NOT_FOUND = NOT_FOUND.specific(
    "CLIENT_PRICE_NOT_FOUND", "Prix négocié introuvable", "Client price not found"
)
OUT_OF_CORRIDOR = BUSINESS_RULE_VIOLATION.specific(
    "OUT_OF_CORRIDOR", "Prix hors de la marge de négociation", "Price outside the negotiation corridor"
)
PRICE_OVERLAP = ALREADY_EXISTS.specific("PRICE_OVERLAP", "Prix négociés qui se chevauchent", "Client prices overlap")


class ClientPriceMode(StrEnum):
    """A unit price, or a percentage off the price everybody gets."""

    FIXED_PRICE = "FIXED_PRICE"
    DISCOUNT_PERCENT = "DISCOUNT_PERCENT"


class ClientPrice(Reply):
    """A price agreed with a client, from a quantity on and between two days, both included."""

    client_price_id: UUID
    client_id: UUID
    product_id: UUID
    plan_code: str | None
    mode: ClientPriceMode
    value: Rate
    tax_included: bool = Field(description="of a FIXED_PRICE: stated like the price it replaces")
    quantity_from: Quantity
    valid_from: date
    valid_to: date | None
    reason: str | None
    approved_by: str | None = Field(description="who allowed a price outside the negotiation corridor")
    contract_reference: str | None
    version: int


class ClientPricePage(Page[ClientPrice]):
    """Client prices, latest start first."""


class SetClientPrice(Request[ClientPrice], permission="products:price:write"):
    """Agree a price with a client; outside the negotiation corridor it needs products:price:approve."""

    client_id: UUID
    product_id: UUID
    plan_code: Code | None = None
    mode: ClientPriceMode
    value: Rate
    quantity_from: Quantity = Decimal(1)
    valid_from: date | None = Field(default=None, description="left out: today")
    valid_to: date | None = None
    reason: Line | None = None
    contract_reference: Code | None = None

    @model_validator(mode="after")
    def _value_fits(self) -> "SetClientPrice":
        if self.value < 0 or (self.mode is ClientPriceMode.DISCOUNT_PERCENT and self.value > 100):
            raise refusal("NEGATIVE_PRICE", "value is a price of zero or more, or a percentage of 0 to 100; correct it")
        if self.quantity_from <= 0:
            raise refusal("QUANTITY_INVALID", "quantity_from must be above zero")
        if self.valid_from and self.valid_to and self.valid_to < self.valid_from:
            raise refusal("DATES_INVERTED", "valid_to lies before valid_from; exchange them")
        return self


class EndClientPrice(Request[ClientPrice], permission="products:price:write"):
    """Say on which day an agreed price holds for the last time."""

    client_price_id: UUID
    expected_version: int | None = None
    valid_to: date


class ListClientPrices(PageRequest, Request[ClientPricePage], query=True, permission="products:price:read"):
    """The agreed prices of a client, of a product, or of all."""

    client_id: UUID | None = None
    product_id: UUID | None = None
    valid_on: date | None = None
