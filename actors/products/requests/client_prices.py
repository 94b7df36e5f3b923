"""Requests about prices agreed with clients."""

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import select, update

from actors.products import views
from actors.products.offering import APPROVER, load_offers
from actors.products.rows import changed_row, locked_product, new_row
from actors.products.rules import offers, pricing, sources
from actors.products.rules.client_prices import is_inside_corridor, overlaps
from actors.products.rules.pricing import Source
from actors.products.rules.promotions import Occasion
from actors.products.settings import settings_of
from messages.problem import Refused
from messages.products.client_prices import (
    CLIENT_PRICE_NOT_FOUND,
    OUT_OF_CORRIDOR,
    PRICE_OVERLAP,
    ClientPrice,
    ClientPriceMode,
    ClientPricePage,
    EndClientPrice,
    ListClientPrices,
    SetClientPrice,
)
from messages.products.events import AgreedValue, ClientPriceEnded, ClientPriceSet
from messages.products.price_lists import DATES_INVERTED
from messages.products.pricing import LineDraft
from messages.values.identifiers import new_id
from runtime.pagination import page
from runtime.unit_of_work import Row, UnitOfWork
from storage.products import queries
from storage.products.tables import client_price


async def set_client_price(request: SetClientPrice, work: UnitOfWork) -> ClientPrice:
    """Agree a price; the seller's corridor lies around what the client would pay without it."""
    await _check_client(request, work)
    await locked_product(request.product_id, work)
    valid_from = request.valid_from or work.today()
    if request.valid_to is not None and request.valid_to < valid_from:
        raise Refused.field("valid_to", "range", "valid_to lies before valid_from; exchange them", DATES_INVERTED)
    await _refuse_overlap(request, valid_from, work)
    source = await _price_without(request, work)
    settings = await settings_of(work)
    approved_by = None
    if not _is_inside(request, source, settings.negotiation_min_percent, settings.negotiation_max_percent):
        approved_by = _approver(request, settings.negotiation_min_percent, settings.negotiation_max_percent, work)
    row = {
        **new_row(new_id(), work),
        **request.model_dump(),
        "original_client_id": request.client_id,
        "tax_included": source.tax_included,
        "valid_from": valid_from,
        "approved_by": approved_by,
        "ended": False,
    }
    await work.insert(client_price, **row)
    event = ClientPriceSet(
        client_price_id=row["id"],
        client_id=request.client_id,
        product_id=request.product_id,
        value=AgreedValue(mode=request.mode, value=request.value),
        valid_from=valid_from,
        valid_to=request.valid_to,
    )
    work.emit(event, version=1)
    return views.client_price_of(row)


async def end_client_price(request: EndClientPrice, work: UnitOfWork) -> ClientPrice:
    """Bring the last day forward, never back: another agreement is another price."""
    statement = _all(work).where(client_price.c.id == request.client_price_id).with_for_update()
    row = await work.load(statement, "client price", code=CLIENT_PRICE_NOT_FOUND)
    work.check_version(request.expected_version, row["version"])
    if row["valid_to"] == request.valid_to:
        return views.client_price_of(row)
    if request.valid_to < row["valid_from"] or (row["valid_to"] is not None and request.valid_to > row["valid_to"]):
        raise Refused.field(
            "valid_to",
            "range",
            f"valid_to must lie between {row['valid_from']} and {row['valid_to'] or 'any later day'}; correct it",
            DATES_INVERTED,
        )
    return views.client_price_of(await close_client_price(row, request.valid_to, work))


async def close_client_price(row: Row, last_day: date, work: UnitOfWork) -> dict[str, Any]:
    """Store the last day of an agreed price and say so."""
    version = row["version"] + 1
    columns = {"valid_to": last_day, "ended": True, **changed_row(version, work)}
    await work.execute(update(client_price).where(client_price.c.id == row["id"]).values(**columns))
    event = ClientPriceEnded(
        client_price_id=row["id"], client_id=row["client_id"], product_id=row["product_id"], valid_to=last_day
    )
    work.emit(event, version=version)
    return {**row, **columns}


async def list_client_prices(request: ListClientPrices, work: UnitOfWork) -> ClientPricePage:
    """A page of agreed prices, latest start first."""
    statement = _all(work)
    if request.client_id is not None:
        statement = statement.where(client_price.c.client_id == request.client_id)
    if request.product_id is not None:
        statement = statement.where(client_price.c.product_id == request.product_id)
    if request.valid_on is not None:
        statement = statement.where(queries.holds_on(client_price, request.valid_on))
    order = (client_price.c.valid_from, client_price.c.id)
    return await page(
        work, request, statement, order=order, descending=True, reply=ClientPricePage, item=views.client_price_of
    )


# -- steps of the handlers ---------------------------------------------------------------------------------------


def _all(work: UnitOfWork) -> Any:
    return select(client_price).where(client_price.c.organisation_id == work.organisation_id)


async def _check_client(request: SetClientPrice, work: UnitOfWork) -> None:
    known = await work.fetch_one(queries.CLIENT, organisation_id=work.organisation_id, client_id=request.client_id)
    if known is None:
        raise Refused.field(
            "client_id", "CLIENT_UNKNOWN", f"client {request.client_id} is not known here; check the id"
        )


async def _refuse_overlap(request: SetClientPrice, valid_from: date, work: UnitOfWork) -> None:
    """Agreements of the same client, product, plan and quantity may not hold on the same day."""
    same = _all(work).where(
        client_price.c.client_id == request.client_id,
        client_price.c.product_id == request.product_id,
        client_price.c.plan_code.is_not_distinct_from(request.plan_code),
        client_price.c.quantity_from == request.quantity_from,
    )
    for row in await work.fetch(same):
        if overlaps(valid_from, request.valid_to, row["valid_from"], row["valid_to"]):
            raise Refused(
                PRICE_OVERLAP,
                f"a price from {row['valid_from']} to {row['valid_to'] or 'now on'} is agreed already; end it first",
                details={"client_price_id": str(row["id"])},
            )


async def _price_without(request: SetClientPrice, work: UnitOfWork) -> Source:
    """What the client would be priced by without the agreement; PRICE_ON_REQUEST when nothing is known."""
    draft = LineDraft(product_id=request.product_id)
    row = await work.fetch_one(queries.CLIENT, organisation_id=work.organisation_id, client_id=request.client_id)
    assert row is not None
    occasion = Occasion(client_id=request.client_id, client_type=row["kind"], company_id=row["company_id"])
    (offer,) = await load_offers([draft], work.now, work, occasion=occasion)
    plan = offers.plan_of(offer, request.plan_code)
    return sources.everybodys_source(offer.list_prices, offer.rules, plan, offer.sku).source


def _is_inside(request: SetClientPrice, source: Source, lowest: Decimal, highest: Decimal) -> bool:
    usual = pricing.unit_after_list_discount(source, request.quantity_from)
    is_discount = request.mode is ClientPriceMode.DISCOUNT_PERCENT
    return is_inside_corridor(usual, request.value, is_discount=is_discount, lowest=lowest, highest=highest)


def _approver(request: SetClientPrice, lowest: Decimal, highest: Decimal, work: UnitOfWork) -> str:
    permissions = work.caller.permissions
    if permissions is not None and not permissions.allows(APPROVER):
        raise Refused.field(
            "value",
            "corridor",
            f"the price may differ by {lowest.normalize():f} to {highest.normalize():f} percent from the usual one; "
            f"come closer or ask somebody with the right {APPROVER}",
            OUT_OF_CORRIDOR,
        )
    return work.caller.principal
