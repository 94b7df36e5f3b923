"""From an offer (a product with its version in force) to priced lines."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from actors.products.rules import lifecycle, pricing
from actors.products.rules.pricing import Source, TotalledLine
from actors.products.rules.vat import Decision
from messages.problem import Refused
from messages.products.catalogue import Lifecycle, ProductNature
from messages.products.pricing import (
    NO_EFFECTIVE_VERSION,
    OPTION_UNKNOWN,
    PLAN_REQUIRED,
    PLAN_UNKNOWN,
    PRICE_ON_REQUEST,
    PRODUCT_NOT_SELLABLE,
    LineComponent,
    LineDraft,
    LineKind,
    PricedLine,
    PricePurpose,
    PriceSource,
)
from messages.products.publications import Channel
from messages.products.ranges import Sector
from messages.products.versions import Plan, PriceRole, PricingRule, Recurrence, TaxClass
from messages.values.instants import PARIS
from messages.values.money import Money

VatOf = Callable[["Offer", TaxClass], Decision]


@dataclass(frozen=True, slots=True)
class ListPrice:
    """What a price list says of a product; the last day of the list is inclusive."""

    plan_code: str | None
    source: Source
    list_until: date | None


@dataclass(frozen=True, slots=True)
class LivePublication:
    """A permission to sell that holds at the instant of the price."""

    company_id: UUID
    channels: frozenset[Channel]
    end_at: datetime | None


@dataclass(frozen=True, slots=True)
class Offer:
    """A product at one instant; `version_id` is None when no version is in force."""

    product_id: UUID
    sku: str
    name: str
    lifecycle: Lifecycle
    sector: Sector
    nature: ProductNature
    tax_class: TaxClass
    currency: str
    price_scale: int
    quantity_min: Decimal
    quantity_max: Decimal | None
    quantity_step: Decimal
    version_id: UUID | None
    version_until: datetime | None
    plans: tuple[Plan, ...]
    rules: tuple[PricingRule, ...]
    publications: tuple[LivePublication, ...] = ()
    list_prices: tuple[ListPrice, ...] = ()


@dataclass(frozen=True, slots=True)
class Terms:
    """Who sells how, and how far he may go down."""

    company_id: UUID | None
    channel: Channel | None
    purpose: PricePurpose
    role_limit: Decimal
    strict: bool


@dataclass(frozen=True, slots=True)
class Line:
    """A priced line, what totals need of it, and the first known change of anything it hangs on."""

    priced: PricedLine
    total: TotalledLine
    until: datetime | None


def lines_of(offer: Offer, draft: LineDraft, terms: Terms, vat_of: VatOf) -> list[Line]:
    """The product's line, its setup fee when it is a sale, and one line per option; numbered by the caller."""
    version_id = check_sellable(offer, terms)
    quantity = offer.quantity_min if draft.quantity is None else draft.quantity
    pricing.check_quantity(quantity, offer.quantity_min, offer.quantity_max, offer.quantity_step)
    plan = plan_of(offer, draft.plan_code)
    source, list_until = source_of(offer, plan)
    maker = _LineMaker(offer, plan, version_id, quantity, terms, vat_of, _ends(offer, terms, list_until))
    percent = draft.additional_discount_percent or Decimal(0)
    main = maker.line(LineComponent.PRODUCT, offer.name, source, plan.recurrence, offer.tax_class, percent)
    found = [main]
    fee = rule_for(offer, plan, PriceRole.SETUP_FEE)
    if fee is not None and terms.purpose is not PricePurpose.RENEWAL:
        fee_source = _rule_source(fee)
        found.append(
            maker.line(
                LineComponent.SETUP_FEE, offer.name, fee_source, Recurrence.ONE_SHOT, offer.tax_class, Decimal(0)
            )
        )
    return found + _option_lines(maker, plan, draft, source)


def check_sellable(offer: Offer, terms: Terms) -> UUID:
    """The version in force; refused when the product is not to be priced for that purpose, company and channel."""
    if not lifecycle.may_be_priced(offer.lifecycle, terms.purpose):
        raise _not_sellable(offer, f"it is {offer.lifecycle.value}, which has no price for a {terms.purpose.value}")
    if offer.version_id is None:
        raise Refused(
            NO_EFFECTIVE_VERSION,
            f"product {offer.sku} has no version in force; schedule one",
            details={"sku": offer.sku},
        )
    if terms.purpose is PricePurpose.SALE and not _publications(offer, terms):
        channel = f" on channel {terms.channel.value}" if terms.channel else ""
        raise _not_sellable(offer, f"it is not published for the company{channel}; create a publication")
    return offer.version_id


def plan_of(offer: Offer, code: str | None) -> Plan:
    """The plan of that code, else the default one, else the only one."""
    active = [plan for plan in offer.plans if plan.active]
    if code is not None:
        found = next((plan for plan in active if plan.code == code), None)
        if found is None:
            known = ", ".join(plan.code for plan in active)
            raise Refused.field(
                "plan_code", "unknown", f"{offer.sku} has no plan {code}; choose one of {known}", PLAN_UNKNOWN
            )
        return found
    default = next((plan for plan in active if plan.is_default), None)
    if default is None and len(active) == 1:
        return active[0]
    if default is None:
        raise Refused.field("plan_code", "required", f"{offer.sku} has several plans; name one", PLAN_REQUIRED)
    return default


def source_of(offer: Offer, plan: Plan) -> tuple[Source, date | None]:
    """The price of the list for the plan, else for the product, else the rule of the version."""
    for code in (plan.code, None):
        for found in offer.list_prices:
            if found.plan_code == code:
                return found.source, found.list_until
    rule = rule_for(offer, plan, PriceRole.RECURRING_PRICE)
    if rule is None:
        raise Refused(
            PRICE_ON_REQUEST,
            f"product {offer.sku} has no price for plan {plan.code}; set a price rule or a list price",
            details={"sku": offer.sku, "plan_code": plan.code},
        )
    return _rule_source(rule), None


def rule_for(offer: Offer, plan: Plan, role: PriceRole) -> PricingRule | None:
    """The rule of the plan, else the one for all plans."""
    for code in (plan.code, None):
        for rule in offer.rules:
            if rule.role is role and rule.plan_code == code:
                return rule
    return None


def start_of_next_day(day: date) -> datetime:
    """The instant at which a date that is valid to the end of `day` stops being valid."""
    return datetime.combine(day + timedelta(days=1), datetime.min.time(), PARIS)


@dataclass(frozen=True, slots=True)
class _LineMaker:
    offer: Offer
    plan: Plan
    version_id: UUID
    quantity: Decimal
    terms: Terms
    vat_of: VatOf
    ends: tuple[datetime, ...]

    def line(
        self,
        component: LineComponent,
        name: str,
        source: Source,
        recurrence: Recurrence,
        tax_class: TaxClass,
        percent: Decimal,
        option_code: str | None = None,
    ) -> Line:
        offer, quantity = self.offer, Decimal(1) if component is LineComponent.SETUP_FEE else self.quantity
        priced = pricing.price(
            source,
            quantity,
            scale=offer.price_scale,
            manual_percent=percent,
            role_limit=self.terms.role_limit,
            strict=self.terms.strict,
        )
        vat = self.vat_of(offer, tax_class)
        taxed = pricing.tax(priced.line, vat, tax_included=source.tax_included)
        ends = self.ends if vat.until is None else (*self.ends, start_of_next_day(vat.until))
        shown = PricedLine(
            line_no=0,
            component=component,
            product_id=offer.product_id,
            sku=offer.sku,
            name=name,
            version_id=self.version_id,
            plan_code=self.plan.code,
            option_code=option_code,
            kind=LineKind.ONE_OFF if recurrence is Recurrence.ONE_SHOT else LineKind.RECURRING,
            billing_period=recurrence,
            billing_cycle_days=self.plan.billing_cycle_days if recurrence is Recurrence.CUSTOM else None,
            quantity=quantity,
            source=source.kind,
            source_id=source.id,
            tax_included=source.tax_included,
            list_unit=priced.list_unit,
            unit=priced.unit,
            unit_net=pricing.net_unit(taxed.net, quantity),
            net=Money(amount=taxed.net, currency=offer.currency),
            vat=Money(amount=taxed.vat, currency=offer.currency),
            gross=Money(amount=taxed.gross, currency=offer.currency),
            vat_rate=vat.rate,
            vat_category=vat.category,
            exemption_code=vat.exemption_code,
            exemption_text=vat.text,
            discounts=priced.discounts,
            floor_applied=priced.floor_applied,
            ceiling_applied=priced.ceiling_applied,
            trace=tuple(priced.trace),
        )
        return Line(shown, TotalledLine(priced.line, source.tax_included, vat), min(ends, default=None))


def _option_lines(maker: _LineMaker, plan: Plan, draft: LineDraft, main: Source) -> list[Line]:
    unknown = set(draft.option_codes) - {option.code for option in plan.options}
    if unknown:
        raise Refused.field(
            "option_codes",
            "unknown",
            f"plan {plan.code} has no option {', '.join(sorted(unknown))}; leave it out",
            OPTION_UNKNOWN,
        )
    found = []
    for option in plan.options:
        if option.mandatory or option.code in draft.option_codes:
            source = Source(PriceSource.OPTION, plan.id, main.tax_included, option.price.amount)
            recurrence, tax_class = option.recurrence or plan.recurrence, option.tax_class or maker.offer.tax_class
            found.append(
                maker.line(LineComponent.OPTION, option.name, source, recurrence, tax_class, Decimal(0), option.code)
            )
    return found


def _rule_source(rule: PricingRule) -> Source:
    return Source(PriceSource.RULE, rule.id, bool(rule.tax_included), rule.amount, rule.tiered)


def _publications(offer: Offer, terms: Terms) -> list[LivePublication]:
    return [
        found
        for found in offer.publications
        if found.company_id == terms.company_id and (terms.channel is None or terms.channel in found.channels)
    ]


def _ends(offer: Offer, terms: Terms, list_until: date | None) -> tuple[datetime, ...]:
    ends = [offer.version_until]
    if list_until is not None:
        ends.append(start_of_next_day(list_until))
    if terms.purpose is PricePurpose.SALE:
        publications = [found.end_at for found in _publications(offer, terms)]
        if None not in publications:
            ends.append(max(end for end in publications if end is not None))
    return tuple(end for end in ends if end is not None)


def _not_sellable(offer: Offer, why: str) -> Refused:
    return Refused(PRODUCT_NOT_SELLABLE, f"product {offer.sku} cannot be sold: {why}", details={"sku": offer.sku})
