"""What products cost."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from actors.products.offering import load_offering, load_offers, vat_rates
from actors.products.rows import selling_company
from actors.products.rules import offers, pricing, vat
from actors.products.rules.offers import Line, Offer, Terms
from actors.products.rules.promotions import Occasion
from messages.clients import VatStatus
from messages.identity import VatRegime
from messages.problem import Refused
from messages.products.catalogue import PRODUCT_NOT_FOUND, IndicativePrice, ProductNature
from messages.products.pricing import (
    CalculatePrice,
    CalculatePrices,
    LineDraft,
    PriceContext,
    PricePurpose,
    PriceResult,
)
from messages.products.ranges import Sector
from messages.products.vat import ResolveVat, VatDecision
from messages.products.versions import TaxClass
from messages.values.instants import local_date
from messages.values.money import Money
from messages.values.vat_zones import vat_zone_of
from runtime.unit_of_work import UnitOfWork
from storage.products.tables import product


async def calculate_price(request: CalculatePrice, work: UnitOfWork) -> PriceResult:
    """The price of one product, with its options."""
    return await priced(work, (request.line,), request.context, request.as_of or work.now)


async def calculate_prices(request: CalculatePrices, work: UnitOfWork) -> PriceResult:
    """The price of several products together."""
    return await priced(work, request.lines, request.context, request.as_of or work.now)


async def resolve_vat(request: ResolveVat, work: UnitOfWork) -> VatDecision:
    """The VAT of a supply, with its reason."""
    regime = VatRegime.NORMAL
    if request.seller_company_id is not None:
        regime = VatRegime((await selling_company(request.seller_company_id, work))["vat_regime"])
    day = local_date(request.as_of or work.now)
    zone = request.zone or vat_zone_of(request.country, request.postal_code)
    tax_class, nature, sector = request.tax_class or TaxClass.STANDARD, request.nature, Sector.SERVICE
    if request.product_id is not None:
        sought = select(product).where(
            product.c.organisation_id == work.organisation_id, product.c.id == request.product_id
        )
        row = await work.load(sought, "product", code=PRODUCT_NOT_FOUND)
        tax_class, nature, sector = TaxClass(row["tax_class"]), ProductNature(row["nature"]), Sector(row["sector"])
    supply = vat.Supply(
        tax_class=tax_class,
        nature=nature,
        sector=sector,
        zone=zone,
        country=request.country,
        client_status=request.client_vat_status,
        vat_verified=request.vat_verified,
        seller_regime=regime,
    )
    decision = vat.decide(supply, await vat_rates({zone}, request.country, day, work), day)
    return VatDecision(
        category=decision.category, rate=decision.rate, exemption_code=decision.exemption_code, text=decision.text
    )


async def priced(work: UnitOfWork, drafts: Sequence[LineDraft], context: PriceContext, as_of: datetime) -> PriceResult:
    """The one way to a price: catalogue, simulator and quotes answer the same for the same question."""
    offering = await load_offering(work, drafts, context, as_of)
    lines = [line for draft in drafts for line in offering.lines(draft)]
    return result_of(offering.company_id, lines)


async def indicative_price(product_id: UUID, work: UnitOfWork) -> IndicativePrice | None:
    """What a consumer in mainland France pays today, promotions apart; None while the product has no price."""
    drafts = [LineDraft(product_id=product_id)]
    (offer,) = await load_offers(drafts, work.now, work, occasion=Occasion())
    day = local_date(work.now)
    rates = await vat_rates(set(), "FR", day, work)
    terms = Terms(None, None, PricePurpose.SIMULATION, pricing.MANUAL_DISCOUNT_LIMIT, False)

    def vat_of(found: Offer, tax_class: TaxClass) -> vat.Decision:
        return vat.decide(vat.Supply(tax_class=tax_class, nature=found.nature, sector=found.sector), rates, day)

    try:
        line = offers.lines_of(offer, drafts[0], terms, vat_of)[0].priced
    except Refused:
        return None
    amount = line.gross if line.tax_included else line.net
    return IndicativePrice(
        price=amount, tax_included=line.tax_included, vat_rate=line.vat_rate, vat_category=line.vat_category
    )


async def is_vat_determined(tax_class: TaxClass, nature: ProductNature, sector: Sector, work: UnitOfWork) -> bool:
    """Whether a consumer and a business in mainland France can be told their VAT today."""
    day = local_date(work.now)
    rates = await vat_rates(set(), "FR", day, work)
    try:
        for status in (VatStatus.CONSUMER, VatStatus.TAXABLE_FR):
            vat.decide(vat.Supply(tax_class=tax_class, nature=nature, sector=sector, client_status=status), rates, day)
    except Refused:
        return False
    return True


def result_of(company_id: UUID, lines: Sequence[Line]) -> PriceResult:
    """Priced lines with their totals; all in one currency."""
    currencies = {line.priced.net.currency for line in lines}
    if len(currencies) > 1:
        raise Refused.field("lines", "currency", "the products are priced in different currencies; ask for each apart")
    (currency,) = currencies
    vat_totals, total = pricing.totals((line.total for line in lines), currency)
    ends = [line.until for line in lines if line.until is not None]
    return PriceResult(
        company_id=company_id,
        currency=currency,
        lines=tuple(line.priced.model_copy(update={"line_no": number}) for number, line in enumerate(lines, 1)),
        vat_totals=vat_totals,
        net=Money(amount=total.net, currency=currency),
        vat=Money(amount=total.vat, currency=currency),
        gross=Money(amount=total.gross, currency=currency),
        price_valid_until=min(ends, default=None),
    )
