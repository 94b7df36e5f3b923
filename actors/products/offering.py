"""What is offered to somebody at an instant: products with their prices, loaded once and priced by the rules."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from sqlalchemy import select

from actors.products import views
from actors.products.rows import selling_company
from actors.products.rules import offers, pricing, vat
from actors.products.rules.offers import Line, Offer, Terms
from actors.products.rules.promotions import Campaign, Occasion, same_coupon
from actors.products.settings import settings_of
from messages.clients import ClientKind, GetClient, VatStatus
from messages.identity import VatRegime
from messages.problem import Refused
from messages.products.catalogue import PRODUCT_NOT_FOUND, ProductNature
from messages.products.price_lists import AssignmentCriteria
from messages.products.pricing import COUPON_INVALID, PRICE_LIST_INVALID, LineDraft, PriceContext
from messages.products.versions import TaxClass
from messages.values.instants import local_date
from messages.values.vat_zones import VatZone, vat_zone_of
from runtime.unit_of_work import Row, UnitOfWork
from storage.products import queries
from storage.products.tables import price_list

APPROVER = "products:price:approve"
_LOOK_AHEAD = timedelta(days=366)
"""The longest a quote may bind."""


@dataclass(frozen=True, slots=True)
class Buyer:
    """What VAT and promotions need to know of the client."""

    vat_status: VatStatus
    zone: str
    country: str
    kind: ClientKind
    is_new: bool


@dataclass(frozen=True, slots=True)
class Offering:
    """Offers to one buyer at one instant; every price in the system is made by `lines`."""

    company_id: UUID
    day: date
    offers: Sequence[Offer]
    terms: Terms
    buyer: Buyer
    delivery_zone: str
    rates: Sequence[vat.DatedRate]
    seller_regime: VatRegime

    def lines(self, draft: LineDraft) -> list[Line]:
        """The priced lines of a product, its fee and its options."""
        return offers.lines_of(self.offer_of(draft), draft, self.terms, self.vat_of)

    def offer_of(self, draft: LineDraft) -> Offer:
        """The product of a draft line."""
        for offer in self.offers:
            if offer.product_id == draft.product_id or (draft.sku and offer.sku.upper() == draft.sku.upper()):
                return offer
        wanted = draft.sku or draft.product_id
        raise Refused(
            PRODUCT_NOT_FOUND,
            f"product {wanted} does not exist; check it",
            details={"resource": "product", "id": str(wanted)},
        )

    def vat_of(self, offer: Offer, tax_class: TaxClass) -> vat.Decision:
        """The VAT of a product, by where it is supplied, to whom and by whom."""
        supply = vat.Supply(
            tax_class=tax_class,
            nature=offer.nature,
            sector=offer.sector,
            zone=self.delivery_zone if offer.nature is ProductNature.GOODS else self.buyer.zone,
            country=self.buyer.country,
            client_status=self.buyer.vat_status,
            seller_regime=self.seller_regime,
        )
        return vat.decide(supply, self.rates, self.day)


async def load_offering(
    work: UnitOfWork, drafts: Sequence[LineDraft], context: PriceContext, as_of: datetime
) -> Offering:
    """Everything that decides the prices of these products for that buyer at that instant."""
    company = await selling_company(context.company_id, work)
    buyer = await _buyer(context, work)
    day = local_date(as_of)
    occasion = Occasion(
        client_id=context.client_id,
        client_type=buyer.kind,
        is_new_client=buyer.is_new,
        company_id=company["company_id"],
        partner_id=context.partner_id,
        channel=context.channel,
        coupon=context.coupon,
    )
    list_id = await _named_list(context.price_list_id, day, work)
    campaigns, coming = await _campaigns(occasion, day, work)
    known = await load_offers(
        drafts, as_of, work, occasion=occasion, list_id=list_id, campaigns=campaigns, coming=coming
    )
    _check_coupon(context.coupon, known)
    delivery = vat_zone_of(context.delivery.country, context.delivery.postal_code) if context.delivery else buyer.zone
    return Offering(
        company_id=company["company_id"],
        day=day,
        offers=known,
        terms=Terms(
            company["company_id"],
            context.channel,
            context.purpose,
            await role_limit(work),
            context.strict,
            context.period_no,
        ),
        buyer=buyer,
        delivery_zone=delivery,
        rates=await vat_rates({buyer.zone, delivery}, buyer.country, day, work),
        seller_regime=VatRegime(company["vat_regime"]),
    )


async def load_offers(
    drafts: Sequence[LineDraft],
    as_of: datetime,
    work: UnitOfWork,
    *,
    occasion: Occasion,
    list_id: UUID | None = None,
    campaigns: Sequence[Campaign] = (),
    coming: Sequence[tuple[date, Campaign]] = (),
) -> list[Offer]:
    """The products of the lines as they are offered at that instant."""
    rows = await work.fetch(
        queries.OFFERS,
        organisation_id=work.organisation_id,
        as_of=as_of,
        product_ids=[draft.product_id for draft in drafts if draft.product_id is not None],
        sku_keys=[draft.sku.upper() for draft in drafts if draft.sku is not None],
    )
    ids, day = [row["id"] for row in rows], local_date(as_of)
    items = await work.fetch(
        queries.LIST_PRICES,
        organisation_id=work.organisation_id,
        product_ids=ids,
        day=day,
        list_id=list_id,
        **criteria_of(occasion),
    )
    agreed: Sequence[Row] = ()
    if occasion.client_id is not None:
        agreed = await work.fetch(
            queries.AGREED_PRICES,
            organisation_id=work.organisation_id,
            client_id=occasion.client_id,
            product_ids=ids,
            day=day,
        )

    upcoming = await work.fetch(
        queries.UPCOMING_PRICES,
        organisation_id=work.organisation_id,
        product_ids=ids,
        day=day,
        horizon=day + _LOOK_AHEAD,
        **criteria_of(occasion),
    )

    def of_product(found: Sequence[Row], product_id: UUID) -> list[Row]:
        return [row for row in found if row["product_id"] == product_id]

    return [
        replace(
            views.offer_of(row, of_product(items, row["id"]), of_product(agreed, row["id"]), campaigns),
            upcoming=(
                *(() if list_id is not None else (found["starts_on"] for found in of_product(upcoming, row["id"]))),
                *(starts_on for starts_on, campaign in coming if campaign.targets(row["id"], row["ranges"] or ())),
            ),
        )
        for row in rows
    ]


async def vat_rates(zones: set[str], country: str, day: date, work: UnitOfWork) -> list[vat.DatedRate]:
    """The rates that hold on a day in these zones, in mainland France and in the country of consumption."""
    rows = await work.fetch(
        queries.VAT_RATES,
        organisation_id=work.organisation_id,
        zones=sorted({*zones, VatZone.FR_METRO, f"EU:{country}"}),
        day=day,
    )
    return [views.dated_rate_of(row) for row in rows]


def criteria_of(occasion: Occasion | AssignmentCriteria) -> dict[str, object]:
    """The parameters by which assignments of price lists are matched."""
    names = ("client_id", "partner_id", "company_id", "channel", "client_type")
    return {name: getattr(occasion, name) for name in names}


async def role_limit(work: UnitOfWork) -> Decimal:
    """How many percent the caller may take off by hand."""
    permissions = work.caller.permissions
    if permissions is None or permissions.allows(APPROVER):
        return pricing.APPROVER_DISCOUNT_LIMIT
    return (await settings_of(work)).manual_discount_limit_percent


# -- steps -------------------------------------------------------------------------------------------------------


async def _campaigns(
    occasion: Occasion, day: date, work: UnitOfWork
) -> tuple[list[Campaign], list[tuple[date, Campaign]]]:
    """The promotions that are open to the buyer now, and those that will be, with their first day."""
    rows = await work.fetch(
        queries.PROMOTIONS,
        organisation_id=work.organisation_id,
        day=day,
        horizon=day + _LOOK_AHEAD,
        client_id=occasion.client_id,
    )
    known = [(row["starts_on"], views.campaign_of(row)) for row in rows]
    open_ = [(starts_on, campaign) for starts_on, campaign in known if campaign.is_open_to(occasion)]
    now = [campaign for starts_on, campaign in open_ if starts_on <= day]
    return now, [(starts_on, campaign) for starts_on, campaign in open_ if starts_on > day]


def _check_coupon(coupon: str | None, known: Sequence[Offer]) -> None:
    """A coupon that lowers nothing is refused, so that nobody believes it was counted."""
    if coupon is None:
        return
    asked = (campaign.conditions.coupon_code for offer in known for campaign in offer.campaigns)
    if not any(same_coupon(code, coupon) for code in asked if code is not None):
        raise Refused.field(
            "context.coupon",
            "coupon",
            f"the coupon {coupon} opens no promotion of these products now; correct it or leave it out",
            COUPON_INVALID,
        )


async def _buyer(context: PriceContext, work: UnitOfWork) -> Buyer:
    """The client as projected; one not heard of yet is asked for, one not yet recorded counts as said in the context."""
    if context.client_id is None:
        zone, country = _context_zone(context)
        kind = context.client_type or ClientKind.CONSUMER
        return Buyer(context.client_vat_status, zone, country, kind, context.is_new_client)
    has_contract = await work.fetch_value(
        queries.HAS_CONTRACT, organisation_id=work.organisation_id, client_id=context.client_id
    )
    is_new = has_contract is None
    row = await work.fetch_one(queries.CLIENT, organisation_id=work.organisation_id, client_id=context.client_id)
    if row is not None:
        kind = ClientKind(row["kind"])
        return Buyer(VatStatus(row["vat_status"]), row["vat_zone"], row["country"], kind, is_new)
    found = await work.ask(GetClient(client_id=context.client_id))
    if not found.addresses:
        return Buyer(found.vat_status, VatZone.FR_METRO, "FR", ClientKind.of(found.type), is_new)
    address = next((known for known in found.addresses if "BILLING" in known.usage), found.addresses[0])
    zone = vat_zone_of(address.country, address.postal_code)
    return Buyer(found.vat_status, zone, address.country, ClientKind.of(found.type), is_new)


def _context_zone(context: PriceContext) -> tuple[str, str]:
    delivery = context.delivery
    if delivery is None:
        return VatZone.FR_METRO, "FR"
    return vat_zone_of(delivery.country, delivery.postal_code), delivery.country


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
