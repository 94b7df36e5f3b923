"""products: changing many prices of a list at once."""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field, model_validator

from messages.base import Part, Reply, Request
from messages.products.versions import TieredPrice, UnitPrice
from messages.values.numbers import Percent, Rate
from messages.values.refusal import refusal
from messages.values.text import Code

MOST_ITEMS = 5000


class PriceRounding(StrEnum):
    """How a new price is rounded; ENDING_90 and ENDING_99: the nearest price with those cents, a tie goes up."""

    NONE = "NONE"
    CENT = "CENT"
    ENDING_90 = "ENDING_90"
    ENDING_99 = "ENDING_99"


class PriceItemDraft(Part):
    """A price to be in a list."""

    product_id: UUID
    plan_code: Code | None = None
    unit_price: UnitPrice | None = None
    tiered: TieredPrice | None = None
    discount_percent: Percent = Decimal("0.00")
    min_price: UnitPrice | None = None
    max_price: UnitPrice | None = None
    max_manual_discount_percent: Percent | None = None
    free: bool = False


class RowError(Reply):
    """Why one row was refused; `index` counts from 0."""

    index: int
    code: str
    message: str


class BulkPrices(Reply):
    """What became of the rows. With `atomic` one error means that nothing was written."""

    created: int
    updated: int
    errors: tuple[RowError, ...]


class BulkUpsertPriceItems(Request[BulkPrices], permission="products:price:write", timeout_seconds=30.0):
    """Put many prices into a list; the price of the same product and plan is replaced."""

    list_id: UUID
    items: Annotated[tuple[PriceItemDraft, ...], Field(min_length=1, max_length=MOST_ITEMS)]
    atomic: bool = True


class PriceFilter(Part):
    """Which prices of the list; all of them when nothing is given. A range stands for what is below it, too."""

    range_id: UUID | None = None
    product_ids: Annotated[tuple[UUID, ...], Field(max_length=1000)] = ()


class AdjustedPrice(Reply):
    """A unit price before and after."""

    item_id: UUID
    product_id: UUID
    plan_code: str | None
    old: UnitPrice
    new: UnitPrice


class AdjustedPrices(Reply):
    """The changes, made or (with dry_run) only computed; prices in tiers are counted in `skipped` and stay."""

    dry_run: bool
    items: tuple[AdjustedPrice, ...]
    skipped: int


class AdjustPrices(Request[AdjustedPrices], permission="products:price:write", timeout_seconds=30.0):
    """Raise or lower unit prices of a list by a percentage or an amount; quotes already made keep their prices."""

    list_id: UUID
    filter: PriceFilter = PriceFilter()
    percent: Rate | None = None
    amount: Rate | None = None
    rounding: PriceRounding = PriceRounding.CENT
    dry_run: bool = True

    @model_validator(mode="after")
    def _one_change(self) -> "AdjustPrices":
        if (self.percent is None) == (self.amount is None):
            raise refusal("ONE_KEY", "give either percent or amount")
        return self
