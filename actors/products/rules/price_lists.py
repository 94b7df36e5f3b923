"""Prices of a list: what may stand in one."""

from decimal import Decimal

from messages.problem import Refused
from messages.products.pricing import MIN_GT_MAX, NEGATIVE_PRICE, ZERO_MAX
from messages.products.versions import PRICING_INVALID, TieredPrice


def check_item(
    unit_price: Decimal | None,
    tiered: TieredPrice | None,
    min_price: Decimal | None,
    max_price: Decimal | None,
    *,
    free: bool,
) -> None:
    """A price or tiers, no negative amount, bounds in order. A maximum of 0 gives the product away: only if free."""
    if (unit_price is None) == (tiered is None):
        raise Refused.field("unit_price", "one_of", "give either unit_price or tiered", PRICING_INVALID)
    for name, value in (("unit_price", unit_price), ("min_price", min_price), ("max_price", max_price)):
        if value is not None and value < 0:
            raise Refused.field(name, "negative", f"{name} is negative; give zero or more", NEGATIVE_PRICE)
    if max_price is not None and max_price == 0 and not free:
        raise Refused.field(
            "max_price", "zero", "max_price 0 gives the product away; leave it out, or say free=true", ZERO_MAX
        )
    if min_price is not None and max_price is not None and min_price > max_price:
        raise Refused.field("min_price", "range", "min_price is above max_price; exchange them", MIN_GT_MAX)
