"""The price of a quantity: source, discounts, bounds, rounding, VAT and totals. One implementation for every request.

Calculated in exact fractions; rounded half up once, where the rule says.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

from actors.products.rules.promotions import Campaign, reductions
from actors.products.rules.vat import Decision
from messages.problem import Refused
from messages.products.pricing import (
    DISCOUNT_NOT_ALLOWED,
    PRICE_BELOW_FLOOR,
    QUANTITY_INVALID,
    AppliedPromotion,
    Discount,
    DiscountKind,
    PriceSource,
    TraceStep,
)
from messages.products.versions import TieredPrice, TierMode, UsagePrice
from messages.shared import VatTotal
from messages.values.money import CENT, Money, round_cents

MANUAL_DISCOUNT_LIMIT = Decimal(20)
APPROVER_DISCOUNT_LIMIT = Decimal(100)
_TRACE_DECIMALS = 6


@dataclass(frozen=True, slots=True)
class Source:
    """A unit price, bands or a usage price, with the discounts and the bounds that came with it."""

    kind: PriceSource
    id: UUID
    tax_included: bool
    unit_price: Decimal | None = None
    tiered: TieredPrice | None = None
    usage: UsagePrice | None = None
    discount_percent: Decimal = Decimal(0)
    client_discount_percent: Decimal = Decimal(0)
    negotiated_by: UUID | None = None
    min_price: Decimal | None = None
    max_price: Decimal | None = None
    max_manual_discount_percent: Decimal | None = None


@dataclass(slots=True)
class Priced:
    """The price of a quantity before VAT is looked at."""

    list_unit: Decimal
    unit: Decimal
    line: Decimal
    discounts: tuple[Discount, ...] = ()
    promotions: tuple[Campaign, ...] = ()
    floor_applied: bool = False
    ceiling_applied: bool = False
    trace: list[TraceStep] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Taxed:
    """A line before and after VAT, in cents."""

    net: Decimal
    vat: Decimal
    gross: Decimal


@dataclass(frozen=True, slots=True)
class TotalledLine:
    """What totals need of a line: its amount as priced, with or without VAT, and its VAT."""

    amount: Decimal
    tax_included: bool
    vat: Decision


def check_quantity(quantity: Decimal, minimum: Decimal, maximum: Decimal | None, step: Decimal) -> None:
    """QUANTITY_INVALID unless the quantity lies within the bounds and on a step."""
    if quantity < minimum or (maximum is not None and quantity > maximum):
        bounds = f"{minimum.normalize():f} or more" + (f", at most {maximum.normalize():f}" if maximum else "")
        raise Refused.field("quantity", "range", f"the quantity must be {bounds}; change it", QUANTITY_INVALID)
    if (quantity - minimum) % step:
        text = f"the quantity must rise from {minimum.normalize():f} in steps of {step.normalize():f}; change it"
        raise Refused.field("quantity", "step", text, QUANTITY_INVALID)


def price(
    source: Source,
    quantity: Decimal,
    *,
    scale: int,
    manual_percent: Decimal,
    role_limit: Decimal,
    strict: bool,
    campaigns: Sequence[Campaign] = (),
) -> Priced:
    """The price of a quantity: base, list and client discount, promotions, manual discount, bounds, rounding.

    The order is part of the promise: discounts are chained, the bounds of the list come last. `campaigns` are the
    promotions that apply to this plan, quantity and period.
    """
    check_manual_discount(manual_percent, source.max_manual_discount_percent, role_limit)
    base = base_unit(source, quantity)
    priced = Priced(_shown(base), Decimal(0), Decimal(0))
    priced.trace.append(TraceStep(step="base", before=None, after=_shown(base), rule_id=source.id))
    unit = _discounted(priced, base, DiscountKind.LIST, source.discount_percent, source.id)
    unit = _discounted(priced, unit, DiscountKind.CLIENT, source.client_discount_percent, source.negotiated_by)
    unit = _promoted(priced, base, unit, campaigns)
    unit = _discounted(priced, unit, DiscountKind.MANUAL, manual_percent, None)
    unit = _clamped(priced, unit, source, strict)
    _round(priced, unit, quantity, scale, line_decides=_line_decides(source))
    return priced


def check_manual_discount(percent: Decimal, item_limit: Decimal | None, role_limit: Decimal) -> None:
    """DISCOUNT_NOT_ALLOWED above what the price and the seller's role allow."""
    limit = role_limit if item_limit is None else min(item_limit, role_limit)
    if percent > limit:
        raise Refused(
            DISCOUNT_NOT_ALLOWED,
            f"additional_discount_percent is {percent:f}, at most {limit.normalize():f} is allowed here; "
            "lower it or ask somebody with the right products:price:approve",
            details={"limit_percent": f"{limit:f}"},
        )


def base_unit(source: Source, quantity: Decimal) -> Fraction:
    """The exact unit price of a quantity; of graduated bands and of usage, the average over all units."""
    if source.usage is not None:
        return usage_charge(source.usage, quantity) / Fraction(quantity)
    if source.tiered is None:
        return Fraction(source.unit_price or Decimal(0))
    if source.tiered.mode is TierMode.VOLUME:
        band = next(tier for tier in source.tiered.tiers if tier.up_to is None or quantity <= tier.up_to)
        return Fraction(band.amount)
    total, lower = Fraction(0), Fraction(0)
    for tier in source.tiered.tiers:
        upper = Fraction(quantity) if tier.up_to is None else min(Fraction(quantity), Fraction(tier.up_to))
        total += max(Fraction(0), upper - lower) * Fraction(tier.amount)
        lower = max(lower, upper)
    return total / Fraction(quantity)


def unit_after_list_discount(source: Source, quantity: Decimal) -> Fraction:
    """What everybody pays for one unit, promotions apart."""
    return base_unit(source, quantity) * (1 - Fraction(source.discount_percent) / 100)


def usage_charge(usage: UsagePrice, quantity: Decimal) -> Fraction:
    """What the consumption of a period costs: units beyond the included ones, at least and at most so much."""
    charge = max(Fraction(0), Fraction(quantity) - Fraction(usage.included_units)) * Fraction(usage.unit_price)
    if usage.min_charge is not None:
        charge = max(charge, Fraction(usage.min_charge))
    return charge if usage.max_charge is None else min(charge, Fraction(usage.max_charge))


def tax(amount: Decimal, decision: Decision, *, tax_included: bool) -> Taxed:
    """Net, VAT and gross of an amount that is stated with or without VAT."""
    factor = 1 + decision.rate / 100
    if tax_included:
        net = round_half_up(Fraction(amount) / Fraction(factor), 2)
        return Taxed(net, amount - net, amount)
    vat = round_cents(amount * decision.rate / 100)
    return Taxed(amount, vat, amount + vat)


def totals(lines: Iterable[TotalledLine], currency: str) -> tuple[tuple[VatTotal, ...], Taxed]:
    """VAT once per rate and way of stating prices (EN 16931 BR-CO-17), then summed up by rate."""
    groups: dict[tuple[str, Decimal, str | None, bool], Decimal] = {}
    for line in lines:
        key = (line.vat.category, line.vat.rate, line.vat.exemption_code, line.tax_included)
        groups[key] = groups.get(key, Decimal(0)) + line.amount
    by_rate: dict[tuple[str, Decimal, str | None], Taxed] = {}
    for (category, rate, code, tax_included), total in sorted(groups.items(), key=str):
        taxed = tax(total, Decision(category, rate, code), tax_included=tax_included)
        by_rate[category, rate, code] = _sum(by_rate.get((category, rate, code)), taxed)
    found = tuple(
        VatTotal(
            category=category,
            rate=rate,
            base=Money(amount=taxed.net, currency=currency),
            amount=Money(amount=taxed.vat, currency=currency),
            exemption_code=code,
        )
        for (category, rate, code), taxed in by_rate.items()
    )
    whole = Taxed(Decimal("0.00"), Decimal("0.00"), Decimal("0.00"))
    for taxed in by_rate.values():
        whole = _sum(whole, taxed)
    return found, whole


def net_unit(net: Decimal, quantity: Decimal) -> Decimal:
    """What one unit costs before VAT, at most six decimals."""
    return round_half_up(Fraction(net) / Fraction(quantity), _TRACE_DECIMALS)


def round_half_up(value: Fraction, decimals: int) -> Decimal:
    """An exact fraction rounded half away from zero."""
    scaled = abs(value) * 10**decimals
    whole = (scaled.numerator * 2 + scaled.denominator) // (scaled.denominator * 2)
    return Decimal(whole if value >= 0 else -whole).scaleb(-decimals)


def _discounted(priced: Priced, unit: Fraction, kind: DiscountKind, percent: Decimal, rule_id: UUID | None) -> Fraction:
    step = f"{kind.value.lower()}_discount"
    if not percent:
        if kind is not DiscountKind.CLIENT:  # only some clients have agreed on one; the others have no such step
            priced.trace.append(TraceStep(step=step, before=_shown(unit), after=_shown(unit)))
        return unit
    after = unit * (1 - Fraction(percent) / 100)
    priced.discounts += (Discount(kind=kind, percent=percent.quantize(CENT), rule_id=rule_id),)
    priced.trace.append(TraceStep(step=step, before=_shown(unit), after=_shown(after), rule_id=rule_id))
    return after


def _promoted(priced: Priced, base: Fraction, unit: Fraction, campaigns: Sequence[Campaign]) -> Fraction:
    for step in reductions(campaigns, base, unit):
        percent = round_half_up((1 - step.after / step.before) * 100, 2)
        priced.promotions += (step.campaign,)
        priced.discounts += (Discount(kind=DiscountKind.PROMOTION, percent=percent, rule_id=step.campaign.id),)
        priced.trace.append(
            TraceStep(step="promotion", before=_shown(step.before), after=_shown(step.after), rule_id=step.campaign.id)
        )
        unit = step.after
    if not priced.promotions:
        priced.trace.append(TraceStep(step="promotion", before=_shown(unit), after=_shown(unit)))
    return unit


def applied(campaigns: Iterable[Campaign]) -> tuple[AppliedPromotion, ...]:
    """Promotions as a priced line names them."""
    return tuple(AppliedPromotion(id=campaign.id, code=campaign.code) for campaign in campaigns)


def _clamped(priced: Priced, unit: Fraction, source: Source, strict: bool) -> Fraction:
    after = unit
    if source.min_price is not None and after < source.min_price:
        if strict:
            raise Refused(
                PRICE_BELOW_FLOOR,
                f"the price would be {_shown(unit)}, below its floor {source.min_price}; lower the discount",
                details={"floor": f"{source.min_price:f}"},
            )
        after, priced.floor_applied = Fraction(source.min_price), True
    if source.max_price is not None and after > source.max_price:
        after, priced.ceiling_applied = Fraction(source.max_price), True
    moved_by = source.id if after != unit else None
    priced.trace.append(TraceStep(step="bounds", before=_shown(unit), after=_shown(after), rule_id=moved_by))
    return after


def _round(priced: Priced, unit: Fraction, quantity: Decimal, scale: int, *, line_decides: bool) -> None:
    """Graduated bands and usage: the line is exact and the unit only shown; otherwise the rounded unit decides the line."""
    priced.unit = round_half_up(unit, _TRACE_DECIMALS if line_decides else scale)
    exact = unit * Fraction(quantity) if line_decides else Fraction(priced.unit) * Fraction(quantity)
    priced.line = round_half_up(exact, 2)
    priced.trace.append(TraceStep(step="rounding", before=_shown(unit), after=priced.unit))


def _line_decides(source: Source) -> bool:
    return source.usage is not None or (source.tiered is not None and source.tiered.mode is TierMode.GRADUATED)


def _shown(value: Fraction) -> Decimal:
    return round_half_up(value, _TRACE_DECIMALS)


def _sum(left: Taxed | None, right: Taxed) -> Taxed:
    if left is None:
        return right
    return Taxed(left.net + right.net, left.vat + right.vat, left.gross + right.gross)
