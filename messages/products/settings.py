"""products: what the organisation sets for its catalogue."""

from decimal import Decimal
from typing import Annotated

from pydantic import Field, model_validator

from messages.base import Reply, Request
from messages.products.publications import ReadinessCode
from messages.values.numbers import Percent, Rate
from messages.values.refusal import refusal


class CatalogueSettings(Reply):
    """How long quotes bind, how far sellers may go, and what must be in order before a product is sold."""

    quote_validity_days: int = 30
    manual_discount_limit_percent: Percent = Decimal("20.00")
    negotiation_min_percent: Rate = Decimal(-15)
    negotiation_max_percent: Rate = Decimal(5)
    readiness_blocking: tuple[ReadinessCode, ...] = (
        ReadinessCode.VERSION_COVERS_WINDOW,
        ReadinessCode.LIFECYCLE_OK,
        ReadinessCode.PRICING_PRESENT,
        ReadinessCode.VAT_DETERMINED,
        ReadinessCode.COMMISSION_PLAN_PRESENT,
        ReadinessCode.PARTNER_ACTIVE,
        ReadinessCode.ELIGIBILITY_VALID,
    )
    document_warning_days: int = 30
    version: int = 0


class GetCatalogueSettings(Request[CatalogueSettings], query=True, permission="products:settings:read"):
    """The settings; defaults until somebody changes them."""


class UpdateCatalogueSettings(Request[CatalogueSettings], permission="products:settings:write"):
    """Change settings; what is not sent stays. Documents and accounts block a sale only when they are listed."""

    expected_version: int | None = None
    quote_validity_days: Annotated[int, Field(ge=1, le=365)] | None = None
    manual_discount_limit_percent: Percent | None = None
    negotiation_min_percent: Rate | None = None
    negotiation_max_percent: Rate | None = None
    readiness_blocking: tuple[ReadinessCode, ...] | None = None
    document_warning_days: Annotated[int, Field(ge=0, le=365)] | None = None

    @model_validator(mode="after")
    def _corridor_is_open(self) -> "UpdateCatalogueSettings":
        lowest, highest = self.negotiation_min_percent, self.negotiation_max_percent
        if (lowest is not None and not -100 <= lowest <= 0) or (highest is not None and highest < 0):
            raise refusal("CORRIDOR_INVALID", "negotiation_min_percent is -100 to 0, negotiation_max_percent 0 or more")
        return self
