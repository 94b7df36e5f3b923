"""Price lists: how one lives, what may stand in it, whom it aims at, and how its prices move."""

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from math import floor
from typing import Any

from actors.products.rules.pricing import round_half_up
from messages.problem import Refused
from messages.products.price_changes import PriceRounding
from messages.products.price_lists import MIN_GT_MAX, NEGATIVE_PRICE, ZERO_MAX, AssignmentCriteria
from messages.products.versions import PRICING_INVALID, TieredPrice
from messages.transitions import StateMachine

_WEIGHTS = {"client_id": 32, "partner_id": 16, "company_id": 8, "channel": 4, "client_type": 2}
_ENDINGS = {PriceRounding.ENDING_90: Fraction(90, 100), PriceRounding.ENDING_99: Fraction(99, 100)}


class PriceListState(StrEnum):
    """INACTIVE applies to nobody, ACTIVE where it is named or assigned, DEFAULT to everybody in its currency."""

    INACTIVE = "INACTIVE"
    ACTIVE = "ACTIVE"
    DEFAULT = "DEFAULT"


PRICE_LIST = StateMachine(
    "price list",
    {
        ("activate", PriceListState.INACTIVE): PriceListState.ACTIVE,
        ("deactivate", PriceListState.ACTIVE): PriceListState.INACTIVE,
        ("expire", PriceListState.ACTIVE): PriceListState.INACTIVE,
        ("make_default", PriceListState.ACTIVE): PriceListState.DEFAULT,
        ("make_default", PriceListState.DEFAULT): PriceListState.DEFAULT,
        ("give_way", PriceListState.DEFAULT): PriceListState.ACTIVE,
    },
)
"""The default gives way to another one and leaves by no other door."""


def state_of(row: Mapping[str, Any]) -> PriceListState:
    """The state that the columns of a list say."""
    if row["is_default"]:
        return PriceListState.DEFAULT
    return PriceListState.ACTIVE if row["active"] else PriceListState.INACTIVE


def columns_of(state: PriceListState) -> dict[str, bool]:
    """What the columns of a list say in a state."""
    return {"active": state is not PriceListState.INACTIVE, "is_default": state is PriceListState.DEFAULT}


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


def specificity_of(criteria: AssignmentCriteria) -> int:
    """How closely an assignment aims: a client outweighs everything else; 0 without criteria."""
    return sum(weight for name, weight in _WEIGHTS.items() if getattr(criteria, name) is not None)


def changed_price(old: Decimal, *, percent: Decimal | None, amount: Decimal | None, rounding: PriceRounding) -> Decimal:
    """A price moved by a percentage or an amount, then rounded; NEGATIVE_PRICE when it falls below zero."""
    exact = Fraction(old) * (1 + Fraction(percent or 0) / 100) + Fraction(amount or 0)
    if exact < 0:
        raise Refused.field(
            "amount" if percent is None else "percent",
            "negative",
            f"the price {old.normalize():f} would become negative; lower the change",
            NEGATIVE_PRICE,
        )
    if rounding is PriceRounding.NONE:
        return round_half_up(exact, 6)
    if rounding is PriceRounding.CENT:
        return round_half_up(exact, 2)
    return round_half_up(_nearest_ending(exact, _ENDINGS[rounding]), 2)


def _nearest_ending(exact: Fraction, cents: Fraction) -> Fraction:
    """The nearest price with these cents; in the middle between two, the higher one."""
    below = floor(exact - cents) + cents
    if below < 0:
        return below + 1
    return below if exact - below < Fraction(1, 2) else below + 1
