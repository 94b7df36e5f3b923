"""From an offer (a product with its version in force) to priced lines."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from actors.products.rules import lifecycle, pricing, sources
from actors.products.rules.pricing import Priced, Source, TotalledLine
from actors.products.rules.promotions import Campaign, starts_of_phases
from actors.products.rules.sources import AgreedPrice, ListPrice
from actors.products.rules.vat import Decision
from messages.problem import Refused
from messages.products.catalogue import Lifecycle, ProductNature
from messages.products.pricing import (
    NO_EFFECTIVE_VERSION,
    OPTION_UNKNOWN,
    PLAN_REQUIRED,
    PLAN_UNKNOWN,
    PRODUCT_NOT_SELLABLE,
    LineComponent,
    LineDraft,
    LineKind,
    PricedLine,
    PricePhase,
    PricePurpose,
    PriceSource,
    TraceStep,
)
from messages.products.publications import Channel
from messages.products.ranges import Sector
from messages.products.versions import Plan, PriceRole, PricingRule, Recurrence, TaxClass
from messages.values.instants import PARIS
from messages.values.money import Money

VatOf = Callable[["Offer", TaxClass], Decision]


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
    documents_block: bool
    is_partners: bool
    partner_companies: frozenset[UUID]
    """The companies that sell for its partner while he is ACTIVE."""
    plans: tuple[Plan, ...]
    rules: tuple[PricingRule, ...]
    publications: tuple[LivePublication, ...] = ()
    agreed_prices: tuple[AgreedPrice, ...] = ()
    list_prices: tuple[ListPrice, ...] = ()
    campaigns: tuple[Campaign, ...] = ()
    upcoming: tuple[date, ...] = ()
    """Days on which another price or promotion begins to hold."""


@dataclass(frozen=True, slots=True)
class Terms:
    """Who sells how, for which billing period, and how far he may go down."""

    company_id: UUID | None
    channel: Channel | None
    purpose: PricePurpose
    role_limit: Decimal
    strict: bool
    period_no: int = 1


@dataclass(frozen=True, slots=True)
class Line:
    """A priced line, what totals need of it, and the first known change of anything it hangs on."""

    priced: PricedLine
    total: TotalledLine
    until: datetime | None


@dataclass(frozen=True, slots=True)
class _Part:
    """What one line of a product is: which component, priced from where, taxed how."""

    component: LineComponent
    name: str
    source: Source
    recurrence: Recurrence
    tax_class: TaxClass
    percent: Decimal = Decimal(0)
    option_code: str | None = None


def lines_of(offer: Offer, draft: LineDraft, terms: Terms, vat_of: VatOf) -> list[Line]:
    """The product's line, its setup fee when it is a sale, and one line per option; numbered by the caller."""
    version_id = check_sellable(offer, terms)
    quantity = offer.quantity_min if draft.quantity is None else draft.quantity
    pricing.check_quantity(quantity, offer.quantity_min, offer.quantity_max, offer.quantity_step)
    plan = plan_of(offer, draft.plan_code)
    found = sources.source_of(offer.agreed_prices, offer.list_prices, offer.rules, plan, quantity, offer.sku)
    maker = _LineMaker(offer, plan, version_id, quantity, terms, vat_of, _ends(offer, terms, found.until))
    percent = draft.additional_discount_percent or Decimal(0)
    main = _Part(LineComponent.PRODUCT, offer.name, found.source, plan.recurrence, offer.tax_class, percent)
    lines = [maker.line(main)]
    fee = sources.rule_for(offer.rules, plan, PriceRole.SETUP_FEE)
    if fee is not None and terms.purpose is not PricePurpose.RENEWAL:
        lines.append(
            maker.line(
                _Part(
                    LineComponent.SETUP_FEE,
                    offer.name,
                    sources.rule_source(fee),
                    Recurrence.ONE_SHOT,
                    offer.tax_class,
                )
            )
        )
    return lines + _option_lines(maker, plan, draft, found.source)


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
    if terms.purpose is PricePurpose.SALE and offer.is_partners and terms.company_id not in offer.partner_companies:
        raise _not_sellable(offer, "its partner is not active for the company; activate him")
    if terms.purpose is PricePurpose.SALE and offer.documents_block:
        raise _not_sellable(offer, "a document that a sale needs is missing or expired; publish it")
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

    def line(self, part: _Part) -> Line:
        offer = self.offer
        quantity = Decimal(1) if part.component is LineComponent.SETUP_FEE else self.quantity
        priced = self._priced(part, quantity, self.terms.period_no)
        vat = self.vat_of(offer, part.tax_class)
        taxed = pricing.tax(priced.line, vat, tax_included=part.source.tax_included)
        net, tax, gross = (
            Money(amount=amount, currency=offer.currency) for amount in (taxed.net, taxed.vat, taxed.gross)
        )
        shown = PricedLine(
            line_no=0,
            component=part.component,
            product_id=offer.product_id,
            sku=offer.sku,
            name=part.name,
            version_id=self.version_id,
            plan_code=self.plan.code,
            option_code=part.option_code,
            kind=LineKind.ONE_OFF if part.recurrence is Recurrence.ONE_SHOT else LineKind.RECURRING,
            billing_period=part.recurrence,
            billing_cycle_days=self.plan.billing_cycle_days if part.recurrence is Recurrence.CUSTOM else None,
            quantity=quantity,
            source=part.source.kind,
            source_id=part.source.negotiated_by or part.source.id,
            tax_included=part.source.tax_included,
            list_unit=priced.list_unit,
            unit=priced.unit,
            unit_net=pricing.net_unit(taxed.net, quantity),
            net=net,
            vat=tax,
            gross=gross,
            vat_rate=vat.rate,
            vat_category=vat.category,
            exemption_code=vat.exemption_code,
            exemption_text=vat.text,
            discounts=priced.discounts,
            promotions=pricing.applied(priced.promotions),
            phases=self._phases(part, quantity, vat),
            floor_applied=priced.floor_applied,
            ceiling_applied=priced.ceiling_applied,
            trace=self._trace(part, priced, quantity, vat, taxed.gross),
        )
        ends = [*self.ends, *(start_of_next_day(campaign.ends_on) for campaign in priced.promotions)]
        if vat.until is not None:
            ends.append(start_of_next_day(vat.until))
        return Line(shown, TotalledLine(priced.line, part.source.tax_included, vat), min(ends, default=None))

    def _trace(
        self, part: _Part, priced: Priced, quantity: Decimal, vat: Decision, gross: Decimal
    ) -> tuple[TraceStep, ...]:
        """All twelve steps, in their order: the choices, the amounts, and what became of them."""
        allowed = f"{self.offer.lifecycle.value} for {self.terms.purpose.value}, quantity {quantity.normalize():f}"
        options = ", ".join(option.code for option in self.plan.options if option.mandatory) or "none mandatory"
        *amounts, rounding = priced.trace
        return (
            _choice("gate", allowed, self.offer.product_id),
            _choice("version", "in force", self.version_id),
            _choice("plan", self.plan.code, self.plan.id),
            _choice("source", part.source.kind.value, part.source.id),
            *amounts,
            _choice("options", part.option_code or options, self.plan.id),
            rounding,
            TraceStep(step="vat", before=priced.line, after=gross, detail=f"{vat.category} {vat.rate:f}"),
            TraceStep(step="result", before=priced.list_unit, after=priced.unit),
        )

    def _priced(self, part: _Part, quantity: Decimal, period_no: int) -> Priced:
        return pricing.price(
            part.source,
            quantity,
            scale=self.offer.price_scale,
            manual_percent=part.percent,
            role_limit=self.terms.role_limit,
            strict=self.terms.strict,
            campaigns=self._campaigns(part, quantity, period_no),
        )

    def _campaigns(self, part: _Part, quantity: Decimal, period_no: int) -> list[Campaign]:
        """Promotions lower the product itself, not its options and fees."""
        if part.component is not LineComponent.PRODUCT:
            return []
        negotiated = part.source.negotiated_by is not None
        return [
            campaign
            for campaign in self.offer.campaigns
            if campaign.applies(self.plan.code, quantity, period_no, negotiated=negotiated)
        ]

    def _phases(self, part: _Part, quantity: Decimal, vat: Decision) -> tuple[PricePhase, ...]:
        """What the billing periods cost one after another, where promotions end with some of them."""
        starts = starts_of_phases(self._campaigns(part, quantity, 1))
        if len(starts) == 1 or part.recurrence is Recurrence.ONE_SHOT:
            return ()
        found: list[PricePhase] = []
        for start, following in zip(starts, [*starts[1:], None], strict=True):
            priced = self._priced(part, quantity, start)
            taxed = pricing.tax(priced.line, vat, tax_included=part.source.tax_included)
            currency = self.offer.currency
            phase = PricePhase(
                from_period=start,
                to_period=following - 1 if following is not None else None,
                unit=priced.unit,
                net=Money(amount=taxed.net, currency=currency),
                vat=Money(amount=taxed.vat, currency=currency),
                gross=Money(amount=taxed.gross, currency=currency),
            )
            if found and (found[-1].unit, found[-1].gross) == (phase.unit, phase.gross):
                phase = phase.model_copy(update={"from_period": found.pop().from_period})
            found.append(phase)
        return tuple(found) if len(found) > 1 else ()


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
            part = _Part(
                LineComponent.OPTION,
                option.name,
                Source(PriceSource.OPTION, plan.id, main.tax_included, option.price.amount),
                option.recurrence or plan.recurrence,
                option.tax_class or maker.offer.tax_class,
                option_code=option.code,
            )
            found.append(maker.line(part))
    return found


def _choice(step: str, detail: str, rule_id: UUID) -> TraceStep:
    return TraceStep(step=step, before=None, after=None, rule_id=rule_id, detail=detail)


def _publications(offer: Offer, terms: Terms) -> list[LivePublication]:
    return [
        found
        for found in offer.publications
        if found.company_id == terms.company_id and (terms.channel is None or terms.channel in found.channels)
    ]


def _ends(offer: Offer, terms: Terms, source_until: date | None) -> tuple[datetime, ...]:
    ends = [offer.version_until, *(start_of_next_day(day - timedelta(days=1)) for day in offer.upcoming)]
    if source_until is not None:
        ends.append(start_of_next_day(source_until))
    if terms.purpose is PricePurpose.SALE:
        publications = [found.end_at for found in _publications(offer, terms)]
        if None not in publications:
            ends.append(max(end for end in publications if end is not None))
    return tuple(end for end in ends if end is not None)


def _not_sellable(offer: Offer, why: str) -> Refused:
    return Refused(PRODUCT_NOT_SELLABLE, f"product {offer.sku} cannot be sold: {why}", details={"sku": offer.sku})
