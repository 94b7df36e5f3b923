"""products: who may buy a product."""

from datetime import date
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field, model_validator

from messages.base import Part, Reply, Request
from messages.clients import ClientKind
from messages.values.addresses import PostalCode
from messages.values.instants import Instant
from messages.values.refusal import refusal

Department = Annotated[str, Field(pattern=r"^(0[1-9]|[1-8]\d|9[0-5]|2A|2B|9[78]\d)$")]


class Ineligibility(StrEnum):
    """Why somebody may not buy."""

    AGE_TOO_LOW = "AGE_TOO_LOW"
    AGE_TOO_HIGH = "AGE_TOO_HIGH"
    ZONE = "ZONE"
    CLIENT_TYPE = "CLIENT_TYPE"
    MISSING_PRODUCT = "MISSING_PRODUCT"
    EXCLUDED_PRODUCT = "EXCLUDED_PRODUCT"


class EligibilityRule(Part):
    """Who may buy; ages in full years, both bounds included; what is empty does not limit."""

    min_age: Annotated[int, Field(ge=0, le=150)] | None = None
    max_age: Annotated[int, Field(ge=0, le=150)] | None = None
    client_types: tuple[ClientKind, ...] = ()
    departments_in: Annotated[tuple[Department, ...], Field(max_length=120)] = ()
    departments_out: Annotated[tuple[Department, ...], Field(max_length=120)] = ()
    existing_product_ids: Annotated[tuple[UUID, ...], Field(max_length=50)] = ()
    excluded_product_ids: Annotated[tuple[UUID, ...], Field(max_length=50)] = ()

    @model_validator(mode="after")
    def _ages_rise(self) -> "EligibilityRule":
        if self.min_age is not None and self.max_age is not None and self.min_age > self.max_age:
            raise refusal("ELIGIBILITY_INVALID", "min_age is above max_age; exchange them")
        return self


class EligibilityFacts(Part):
    """What is known of the buyer; a rule about a fact that is not known fails."""

    birth_date: date | None = None
    department: Department | None = None
    postal_code: PostalCode | None = Field(default=None, description="gives the department when that is left out")
    client_type: ClientKind = ClientKind.CONSUMER
    owned_product_ids: Annotated[tuple[UUID, ...], Field(max_length=200)] = ()


class Eligibility(Reply):
    """Whether somebody may buy, with every reason why not."""

    eligible: bool
    reasons: tuple[Ineligibility, ...]


class CheckEligibility(Request[Eligibility], query=True, permission="products:product:read"):
    """Whether somebody with these facts may buy a product on the local day of `as_of`. Nothing of it is stored."""

    product_id: UUID
    facts: EligibilityFacts
    as_of: Instant | None = None
