"""What products cost: offers loaded from the database, priced by the rules."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import select

from actors.products import views
from actors.products.rows import selling_company
from actors.products.rules import offers, pricing, vat
from actors.products.rules.offers import Line, Offer, Terms
from messages.clients import GetClient, VatStatus
from messages.identity import VatRegime
from messages.problem import Refused
from messages.products.catalogue import PRODUCT_NOT_FOUND, IndicativePrice, ProductNature
from messages.products.pricing import (
    PRICE_LIST_INVALID,
    CalculatePrice,
    CalculatePrices,
    LineDraft,
    PriceContext,
    PricePurpose,
    PriceResult,
    ResolveVat,
    VatDecision,
)
from messages.products.ranges import Sector
from messages.products.versions import TaxClass
from messages.values.instants import local_date
from messages.values.money import Money
from messages.values.vat_zones import VatZone, vat_zone_of
from runtime.unit_of_work import Row, UnitOfWork
from storage.products import queries
from storage.products.tables import price_list

APPROVER = "products:price:approve"


@dataclass(frozen=True, slots=True)
class Buyer:
    """What VAT needs to know of the client."""

    vat_status: VatStatus
    zone: str
    country: str


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
    supply = vat.Supply(
        tax_class=request.tax_class,
        nature=request.nature,
        zone=request.zone,
        country=request.country,
        client_status=request.client_vat_status,
        vat_verified=request.vat_verified,
        seller_regime=regime,
    )
    decision = vat.decide(supply, await vat_rates({request.zone}, request.country, day, work), day)
    return VatDecision(
        category=decision.category, rate=decision.rate, exemption_code=decision.exemption_code, text=decision.text
    )


async def priced(work: UnitOfWork, drafts: Sequence[LineDraft], context: PriceContext, as_of: datetime) -> PriceResult:
    """The one way to a price: catalogue, simulator and quotes answer the same for the same question."""
    company = await selling_company(context.company_id, work)
    buyer = await _buyer(context, work)
    day = local_date(as_of)
    known = await load_offers(drafts, as_of, work, list_id=await _named_list(context.price_list_id, day, work))
    delivery = vat_zone_of(context.delivery.country, context.delivery.postal_code) if context.delivery else buyer.zone
    rates = await vat_rates({buyer.zone, delivery}, buyer.country, day, work)

    def vat_of(offer: Offer, tax_class: TaxClass) -> vat.Decision:
        supply = vat.Supply(
            tax_class=tax_class,
            nature=offer.nature,
            sector=offer.sector,
            zone=delivery if offer.nature is ProductNature.GOODS else buyer.zone,
            country=buyer.country,
            client_status=buyer.vat_status,
            seller_regime=VatRegime(company["vat_regime"]),
        )
        return vat.decide(supply, rates, day)

    terms = Terms(company["company_id"], context.channel, context.purpose, _role_limit(work), context.strict)
    lines: list[Line] = []
    for draft in drafts:
        lines += offers.lines_of(_offer_of(draft, known), draft, terms, vat_of)
    return _result(company["company_id"], lines)


async def load_offers(
    drafts: Sequence[LineDraft], as_of: datetime, work: UnitOfWork, *, list_id: UUID | None = None
) -> list[Offer]:
    """The products of the lines as they are offered at that instant."""
    rows = await work.fetch(
        queries.OFFERS,
        organisation_id=work.organisation_id,
        as_of=as_of,
        product_ids=[draft.product_id for draft in drafts if draft.product_id is not None],
        sku_keys=[draft.sku.upper() for draft in drafts if draft.sku is not None],
    )
    items = await work.fetch(
        queries.LIST_PRICES,
        organisation_id=work.organisation_id,
        product_ids=[row["id"] for row in rows],
        day=local_date(as_of),
        list_id=list_id,
    )
    return [views.offer_of(row, [item for item in items if item["product_id"] == row["id"]]) for row in rows]


async def vat_rates(zones: set[str], country: str, day: date, work: UnitOfWork) -> list[vat.DatedRate]:
    """The rates that hold on a day in these zones, in mainland France and in the country of consumption."""
    rows = await work.fetch(
        queries.VAT_RATES,
        organisation_id=work.organisation_id,
        zones=sorted({*zones, VatZone.FR_METRO, f"EU:{country}"}),
        day=day,
    )
    return [views.dated_rate_of(row) for row in rows]


async def indicative_price(product_id: UUID, work: UnitOfWork) -> IndicativePrice | None:
    """What a consumer in mainland France pays today; None while the product has no price."""
    (offer,) = await load_offers([LineDraft(product_id=product_id)], work.now, work)
    day = local_date(work.now)
    rates = await vat_rates(set(), "FR", day, work)
    terms = Terms(None, None, PricePurpose.SIMULATION, pricing.MANUAL_DISCOUNT_LIMIT, False)

    def vat_of(found: Offer, tax_class: TaxClass) -> vat.Decision:
        return vat.decide(vat.Supply(tax_class=tax_class, nature=found.nature, sector=found.sector), rates, day)

    try:
        line = offers.lines_of(offer, LineDraft(product_id=product_id), terms, vat_of)[0].priced
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


def _result(company_id: UUID, lines: Sequence[Line]) -> PriceResult:
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


def _offer_of(draft: LineDraft, known: Sequence[Offer]) -> Offer:
    for offer in known:
        if offer.product_id == draft.product_id or (draft.sku and offer.sku.upper() == draft.sku.upper()):
            return offer
    wanted = draft.sku or draft.product_id
    raise Refused(
        PRODUCT_NOT_FOUND,
        f"product {wanted} does not exist; check it",
        details={"resource": "product", "id": str(wanted)},
    )


def _role_limit(work: UnitOfWork) -> Decimal:
    permissions = work.caller.permissions
    if permissions is None or permissions.allows(APPROVER):
        return pricing.APPROVER_DISCOUNT_LIMIT
    return pricing.MANUAL_DISCOUNT_LIMIT


async def _buyer(context: PriceContext, work: UnitOfWork) -> Buyer:
    """The client as projected; one not heard of yet is asked for, one not yet recorded counts as said in the context."""
    if context.client_id is None:
        return Buyer(context.client_vat_status, _context_zone(context), _context_country(context))
    row = await work.fetch_one(queries.CLIENT, organisation_id=work.organisation_id, client_id=context.client_id)
    if row is not None:
        return Buyer(VatStatus(row["vat_status"]), row["vat_zone"], row["country"])
    found = await work.ask(GetClient(client_id=context.client_id))
    if not found.addresses:
        return Buyer(found.vat_status, VatZone.FR_METRO, "FR")
    address = next((known for known in found.addresses if "BILLING" in known.usage), found.addresses[0])
    return Buyer(found.vat_status, vat_zone_of(address.country, address.postal_code), address.country)


def _context_zone(context: PriceContext) -> str:
    delivery = context.delivery
    return vat_zone_of(delivery.country, delivery.postal_code) if delivery else VatZone.FR_METRO


def _context_country(context: PriceContext) -> str:
    return context.delivery.country if context.delivery else "FR"


async def _named_list(list_id: UUID | None, day: date, work: UnitOfWork) -> UUID | None:
    """The list of the request, if it applies on that day."""
    if list_id is None:
        return None
    row: Row | None = await work.fetch_one(
        select(price_list).where(price_list.c.organisation_id == work.organisation_id, price_list.c.id == list_id)
    )
    applies = (
        row is not None
        and row["active"]
        and (row["valid_from"] is None or row["valid_from"] <= day)
        and (row["valid_to"] is None or day <= row["valid_to"])
    )
    if not applies:
        raise Refused.field(
            "price_list_id",
            "not_valid",
            f"price_list_id names no list that applies on {day}; choose another or leave it out",
            PRICE_LIST_INVALID,
        )
    return list_id
