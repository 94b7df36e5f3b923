"""products: promotions, the temporary advantages."""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field, model_validator

from messages.base import Part, Reply, Request
from messages.clients import ClientKind
from messages.errors import ALREADY_EXISTS, BUSINESS_RULE_VIOLATION, NOT_FOUND, PRECONDITION_FAILED, VALIDATION_FAILED
from messages.paging import Page, PageRequest
from messages.products.publications import Channel
from messages.values.numbers import Quantity, Rate
from messages.values.refusal import refusal
from messages.values.text import Code, Label

PROMOTION_NOT_FOUND = NOT_FOUND.specific("PROMOTION_NOT_FOUND", "Promotion introuvable", "Promotion not found")
PROMO_CODE_EXISTS = ALREADY_EXISTS.specific(
    "PROMO_CODE_EXISTS", "Code de promotion déjà utilisé", "Promotion code in use"
)
PROMO_DATES = VALIDATION_FAILED.specific("PROMO_DATES", "Dates de promotion invalides", "Promotion dates invalid")
PROMO_VALUE = VALIDATION_FAILED.specific("PROMO_VALUE", "Valeur de promotion invalide", "Promotion value invalid")
PROMO_NOT_LOWER = BUSINESS_RULE_VIOLATION.specific(
    "PROMO_NOT_LOWER", "Prix promotionnel non inférieur", "Promotional price not lower"
)
PROMO_RUNNING = PRECONDITION_FAILED.specific("PROMO_RUNNING", "Promotion en cours", "Promotion is running")


class PromotionKind(StrEnum):
    """A percentage off, an amount off, or a unit price."""

    PERCENT = "PERCENT"
    AMOUNT = "AMOUNT"
    FIXED_PRICE = "FIXED_PRICE"


class PromotionStatus(StrEnum):
    """DRAFT and SCHEDULED before its first day, RUNNING to its last; CANCELLED by hand."""

    DRAFT = "DRAFT"
    SCHEDULED = "SCHEDULED"
    RUNNING = "RUNNING"
    ENDED = "ENDED"
    CANCELLED = "CANCELLED"


class PromotionTargets(Part):
    """What is cheaper: products, everything below ranges; if plan codes are given, only those plans."""

    product_ids: Annotated[tuple[UUID, ...], Field(max_length=500)] = ()
    range_ids: Annotated[tuple[UUID, ...], Field(max_length=100)] = ()
    plan_codes: Annotated[tuple[Code, ...], Field(max_length=100)] = ()

    @model_validator(mode="after")
    def _some(self) -> "PromotionTargets":
        if not (self.product_ids or self.range_ids or self.plan_codes):
            raise refusal("PROMO_TARGETS", "name at least one product, range or plan code")
        return self


class PromotionConditions(Part):
    """For whom: whatever is given must be met."""

    company_ids: Annotated[tuple[UUID, ...], Field(max_length=100)] = ()
    channels: tuple[Channel, ...] = ()
    client_types: tuple[ClientKind, ...] = ()
    new_client_only: bool = False
    quantity_min: Quantity | None = None
    coupon_code: Code | None = None
    max_redemptions: Annotated[int, Field(ge=1)] | None = None
    per_client_max: Annotated[int, Field(ge=1)] | None = None


class Promotion(Reply):
    """A promotion; `ends_on` is its last day. `redemptions` counts signed contracts that used it."""

    promotion_id: UUID
    code: str
    name: str
    kind: PromotionKind
    value: Rate
    targets: PromotionTargets
    conditions: PromotionConditions
    starts_on: date
    ends_on: date
    duration_periods: int | None
    stackable: bool
    applies_to_negotiated: bool
    priority: int
    status: PromotionStatus
    redemptions: int
    version: int


class PromotionPage(Page[Promotion]):
    """Promotions, latest start first."""


class CreatePromotion(Request[Promotion], permission="products:promotion:write"):
    """Plan a promotion; it runs by itself from its first to its last day. A draft waits for update_promotion."""

    code: Code
    name: Label
    kind: PromotionKind
    value: Rate
    targets: PromotionTargets
    conditions: PromotionConditions = PromotionConditions()
    starts_on: date
    ends_on: date
    duration_periods: Annotated[int, Field(ge=1, le=1200)] | None = Field(
        default=None, description="only the first so many billing periods are cheaper; left out: all of them"
    )
    stackable: bool = Field(default=False, description="comes on top of the best discount instead of competing")
    applies_to_negotiated: bool = False
    priority: int = 0
    draft: bool = False

    @model_validator(mode="after")
    def _is_sound(self) -> "CreatePromotion":
        if self.ends_on < self.starts_on:
            raise refusal("PROMO_DATES", "ends_on lies before starts_on; exchange them")
        if self.value <= 0 or (self.kind is PromotionKind.PERCENT and self.value > Decimal(100)):
            raise refusal("PROMO_VALUE", "value must be above zero, a percentage at most 100; correct it")
        return self


class UpdatePromotion(Request[Promotion], permission="products:promotion:write"):
    """Change a promotion before it runs; of a running one only ends_on may change."""

    promotion_id: UUID
    expected_version: int
    name: Label | None = None
    value: Rate | None = None
    targets: PromotionTargets | None = None
    conditions: PromotionConditions | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    priority: int | None = None
    schedule: bool = Field(default=False, description="let a draft run on its dates")


class CancelPromotion(Request[Promotion], permission="products:promotion:write"):
    """Stop a promotion now; quotes already made keep their prices."""

    promotion_id: UUID
    reason: Label


class GetPromotion(Request[Promotion], query=True):
    """One promotion by id or code."""

    promotion_id: UUID | None = None
    code: Code | None = None

    @model_validator(mode="after")
    def _one_key(self) -> "GetPromotion":
        if (self.promotion_id is None) == (self.code is None):
            raise refusal("ONE_KEY", "give either promotion_id or code")
        return self


class ListPromotions(PageRequest, Request[PromotionPage], query=True, resource="promotion"):
    """The promotions of the organisation."""

    status: PromotionStatus | None = None
    product_id: UUID | None = Field(default=None, description="those that name the product itself")
    on_date: date | None = None
