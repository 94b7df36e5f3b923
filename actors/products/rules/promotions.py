"""Promotions: their life, whom they are for, and what they make of a price."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

from messages.clients import ClientKind
from messages.products.promotions import PromotionConditions, PromotionKind, PromotionStatus
from messages.products.publications import Channel
from messages.transitions import StateMachine

PROMOTION = StateMachine(
    "promotion",
    {
        ("schedule", PromotionStatus.DRAFT): PromotionStatus.SCHEDULED,
        ("cancel", PromotionStatus.DRAFT): PromotionStatus.CANCELLED,
        ("start", PromotionStatus.SCHEDULED): PromotionStatus.RUNNING,
        ("cancel", PromotionStatus.SCHEDULED): PromotionStatus.CANCELLED,
        ("end", PromotionStatus.SCHEDULED): PromotionStatus.ENDED,
        ("end", PromotionStatus.RUNNING): PromotionStatus.ENDED,
        ("cancel", PromotionStatus.RUNNING): PromotionStatus.CANCELLED,
    },
)


@dataclass(frozen=True, slots=True)
class Occasion:
    """Who buys from whom: what price lists, client prices and promotions look at."""

    client_id: UUID | None = None
    client_type: ClientKind = ClientKind.CONSUMER
    is_new_client: bool = False
    company_id: UUID | None = None
    partner_id: UUID | None = None
    channel: Channel | None = None
    coupon: str | None = None


@dataclass(frozen=True, slots=True)
class Campaign:
    """A promotion in its time, with what the counters say of it for this client."""

    id: UUID
    code: str
    kind: PromotionKind
    value: Decimal
    product_ids: frozenset[UUID]
    range_ids: frozenset[UUID]
    plan_codes: frozenset[str]
    conditions: PromotionConditions
    ends_on: date
    duration_periods: int | None
    stackable: bool
    applies_to_negotiated: bool
    priority: int
    created_at: datetime
    redemptions: int = 0
    redemptions_of_client: int = 0

    def targets(self, product_id: UUID, ranges: Iterable[UUID]) -> bool:
        """Whether the product, or a range above it, is named; a promotion of plans alone targets all products."""
        if not self.product_ids and not self.range_ids:
            return True
        return product_id in self.product_ids or not self.range_ids.isdisjoint(ranges)

    def is_open_to(self, occasion: Occasion) -> bool:
        """Whether company, channel, client and coupon are as the promotion asks, and redemptions are left."""
        asked = self.conditions
        return (
            (not asked.company_ids or occasion.company_id in asked.company_ids)
            and (not asked.channels or occasion.channel in asked.channels)
            and (not asked.client_types or occasion.client_type in asked.client_types)
            and (not asked.new_client_only or occasion.is_new_client)
            and (asked.coupon_code is None or same_coupon(asked.coupon_code, occasion.coupon))
            and (asked.max_redemptions is None or self.redemptions < asked.max_redemptions)
            and (asked.per_client_max is None or self.redemptions_of_client < asked.per_client_max)
        )

    def applies(self, plan_code: str, quantity: Decimal, period_no: int, *, negotiated: bool) -> bool:
        """Whether the promotion lowers this plan's price of that quantity in that billing period."""
        return (
            (not self.plan_codes or plan_code in self.plan_codes)
            and (self.conditions.quantity_min is None or quantity >= self.conditions.quantity_min)
            and (self.duration_periods is None or period_no <= self.duration_periods)
            and (not negotiated or self.applies_to_negotiated)
        )

    def price_after(self, unit: Fraction) -> Fraction:
        """The unit price with this promotion alone; never more than without it, never below zero."""
        match self.kind:
            case PromotionKind.PERCENT:
                return unit * (1 - Fraction(self.value) / 100)
            case PromotionKind.AMOUNT:
                return max(Fraction(0), unit - Fraction(self.value))
            case PromotionKind.FIXED_PRICE:
                return min(unit, Fraction(self.value))


@dataclass(frozen=True, slots=True)
class Reduction:
    """A step that a promotion made."""

    campaign: Campaign
    before: Fraction
    after: Fraction


def reductions(campaigns: Sequence[Campaign], base: Fraction, discounted: Fraction) -> list[Reduction]:
    """The best single promotion on the base price if it beats the discounted price, then the stackable ones in order.

    Ties go to the greater priority, then to the older promotion.
    """
    ordered = sorted(campaigns, key=lambda campaign: (-campaign.priority, campaign.created_at, campaign.id))
    found: list[Reduction] = []
    unit = discounted
    alone = [campaign for campaign in ordered if not campaign.stackable]
    if alone:
        best = min(alone, key=lambda campaign: campaign.price_after(base))
        if best.price_after(base) < unit:
            found.append(Reduction(best, unit, best.price_after(base)))
            unit = found[-1].after
    for campaign in ordered:
        if campaign.stackable and campaign.price_after(unit) < unit:
            found.append(Reduction(campaign, unit, campaign.price_after(unit)))
            unit = found[-1].after
    return found


def starts_of_phases(campaigns: Sequence[Campaign]) -> list[int]:
    """The billing periods with which a price may change: the first one, and the one after each promotion's last."""
    ends = {campaign.duration_periods for campaign in campaigns if campaign.duration_periods is not None}
    return [1, *(end + 1 for end in sorted(ends))]


def same_coupon(asked: str, given: str | None) -> bool:
    """Coupons are compared without regard to capitals and blanks around them."""
    return given is not None and asked.strip().upper() == given.strip().upper()
