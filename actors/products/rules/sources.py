"""Where a price comes from: agreed with the client, else the first list that has one, else the rule of the version."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from itertools import groupby
from uuid import UUID

from actors.products.rules.pricing import Source
from messages.problem import Refused
from messages.products.client_prices import ClientPriceMode
from messages.products.pricing import PRICE_ON_REQUEST, PriceSource
from messages.products.versions import Plan, PriceRole, PricingRule


@dataclass(frozen=True, slots=True)
class ListPrice:
    """What a price list says of a product; `until` is the last day on which the list, or its assignment, holds."""

    list_id: UUID
    plan_code: str | None
    source: Source
    until: date | None


@dataclass(frozen=True, slots=True)
class AgreedPrice:
    """What was agreed with the client; the last day is inclusive."""

    id: UUID
    plan_code: str | None
    mode: ClientPriceMode
    value: Decimal
    tax_included: bool
    quantity_from: Decimal
    until: date | None


@dataclass(frozen=True, slots=True)
class Found:
    """A source and the last day on which it is known to hold."""

    source: Source
    until: date | None = None


def source_of(
    agreed: Sequence[AgreedPrice],
    lists: Sequence[ListPrice],
    rules: Sequence[PricingRule],
    plan: Plan,
    quantity: Decimal,
    sku: str,
) -> Found:
    """The source for a plan and quantity; a discount agreed with the client applies to what he would pay otherwise."""
    price = _agreed_price(agreed, plan, quantity)
    if price is None:
        return everybodys_source(lists, rules, plan, sku)
    if price.mode is ClientPriceMode.FIXED_PRICE:
        fixed = Source(PriceSource.CLIENT_PRICE, price.id, price.tax_included, price.value, negotiated_by=price.id)
        return Found(fixed, price.until)
    found = everybodys_source(lists, rules, plan, sku)
    source = replace(
        found.source,
        kind=PriceSource.CLIENT_PRICE,
        client_discount_percent=price.value,
        negotiated_by=price.id,
    )
    return Found(source, _earlier(found.until, price.until))


def everybodys_source(lists: Sequence[ListPrice], rules: Sequence[PricingRule], plan: Plan, sku: str) -> Found:
    """The first of the lists, in their order, with a price for the plan or else the product; then the version's rule."""
    for _, prices in groupby(lists, key=lambda price: price.list_id):
        of_list = list(prices)
        for code in (plan.code, None):
            for price in of_list:
                if price.plan_code == code:
                    return Found(price.source, price.until)
    rule = rule_for(rules, plan, PriceRole.RECURRING_PRICE)
    if rule is None:
        raise Refused(
            PRICE_ON_REQUEST,
            f"product {sku} has no price for plan {plan.code}; set a price rule or a list price",
            details={"sku": sku, "plan_code": plan.code},
        )
    return Found(rule_source(rule))


def rule_for(rules: Iterable[PricingRule], plan: Plan, role: PriceRole) -> PricingRule | None:
    """The rule of the plan, else the one for all plans."""
    known = [rule for rule in rules if rule.role is role]
    for code in (plan.code, None):
        for rule in known:
            if rule.plan_code == code:
                return rule
    return None


def rule_source(rule: PricingRule) -> Source:
    """A price rule as a source; it has no discount and no bounds."""
    return Source(PriceSource.RULE, rule.id, bool(rule.tax_included), rule.amount, rule.tiered, rule.usage)


def _agreed_price(agreed: Sequence[AgreedPrice], plan: Plan, quantity: Decimal) -> AgreedPrice | None:
    """One for the plan before one for all plans; of these the one from the greatest quantity."""
    usable = [price for price in agreed if price.plan_code in (plan.code, None) and price.quantity_from <= quantity]
    return max(usable, key=lambda price: (price.plan_code is not None, price.quantity_from), default=None)


def _earlier(left: date | None, right: date | None) -> date | None:
    return min((day for day in (left, right) if day is not None), default=None)
