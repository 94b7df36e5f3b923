"""Bundles: how one price is shared among components, or taken off them."""

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from actors.products.rules import pricing
from actors.products.rules.pricing import Taxed, TotalledLine
from actors.products.rules.vat import Decision
from messages.problem import Refused
from messages.products.bundles import BUNDLE_INVALID, BundlePrice, BundlePricing, BundleVat
from messages.values.money import allocate, prorata, round_cents


@dataclass(frozen=True, slots=True)
class Component:
    """A component with what it costs alone, in cents."""

    product_id: UUID
    amount: Decimal
    tax_included: bool
    vat: Decision


@dataclass(frozen=True, slots=True)
class Share:
    """What a component costs within the bundle."""

    component: Component
    amount: Decimal
    vat: Decision
    taxed: Taxed

    @property
    def total(self) -> TotalledLine:
        """What totals need of it."""
        return TotalledLine(self.amount, self.component.tax_included, self.vat)


def shares(components: Sequence[Component], price: BundlePrice, treatment: BundleVat) -> list[Share]:
    """The components with their prices in the bundle; they add up to it exactly."""
    if len({component.tax_included for component in components}) > 1:
        raise Refused(
            BUNDLE_INVALID,
            "some components are priced with VAT and some without; state their prices in one way",
        )
    single = _highest([component.vat for component in components]) if treatment is BundleVat.SINGLE_HIGHEST else None
    found = []
    for component, amount in zip(components, amounts(components, price), strict=True):
        vat = single or component.vat
        taxed = pricing.tax(amount, vat, tax_included=component.tax_included)
        found.append(Share(component, amount, vat, taxed))
    return found


def amounts(components: Sequence[Component], price: BundlePrice) -> list[Decimal]:
    """Each component's amount in cents."""
    alone = [component.amount for component in components]
    match price.kind:
        case BundlePricing.FIXED_TOTAL:
            assert price.amount is not None
            if not sum(alone):
                raise Refused(BUNDLE_INVALID, "the components cost nothing alone; a total cannot be shared by price")
            return allocate(price.amount.amount, alone)
        case BundlePricing.DISCOUNT_PERCENT:
            factor = 1 - (price.percent or Decimal(0)) / 100
            return [round_cents(amount * factor) for amount in alone]
        case BundlePricing.CONDITIONAL:
            return [amount - off for amount, off in zip(alone, _conditional_discounts(components, price), strict=True)]


def rest_of_month(amount: Decimal, day: date) -> Decimal:
    """What is due of a monthly amount from that day to the end of its calendar month, both included."""
    days = monthrange(day.year, day.month)[1]
    return prorata(amount, days - day.day + 1, days)


def _conditional_discounts(components: Sequence[Component], price: BundlePrice) -> list[Decimal]:
    """The greatest discount that a rule gives each component, cut to its price, all of them cut to the cap."""
    present = {component.product_id for component in components}
    found = []
    for component in components:
        offered = [
            rule.discount.amount
            for rule in price.rules
            if rule.then_product == component.product_id and present.issuperset(rule.if_has)
        ]
        found.append(min(max(offered, default=Decimal("0.00")), component.amount))
    cap = price.combined_cap.amount if price.combined_cap is not None else None
    return allocate(cap, found) if cap is not None and sum(found) > cap else found


def _highest(decisions: Sequence[Decision]) -> Decision:
    return max(decisions, key=lambda decision: decision.rate)
