"""Requests of those who sell and buy: the catalogue, search and who may buy."""

from typing import Any

from sqlalchemy import and_, func, literal, or_, select
from sqlalchemy.dialects.postgresql import distinct_on

from actors.products import searching, views
from actors.products.offering import Offering, load_offering
from actors.products.requests.ranges import below
from actors.products.rows import selling_company
from actors.products.rules.eligibility import reasons_against
from actors.products.rules.search import score
from messages.problem import Refused
from messages.products.browsing import (
    CatalogItem,
    CatalogPage,
    CatalogPrice,
    GetCatalog,
    SearchHit,
    SearchHits,
    SearchProducts,
)
from messages.products.catalogue import PRODUCT_NOT_FOUND, Lifecycle
from messages.products.eligibility import CheckEligibility, Eligibility, EligibilityRule
from messages.products.pricing import PRICE_ON_REQUEST, LineDraft, PriceContext, PricePurpose
from messages.products.publications import Visibility
from messages.values.instants import local_date
from messages.values.text import search_form
from runtime.pagination import page
from runtime.unit_of_work import Row, UnitOfWork
from storage.products import queries
from storage.products.queries import among
from storage.products.tables import external_mapping, product, product_range, product_version, publication

_SHOWN_TO = {
    Visibility.PUBLIC: (Visibility.PUBLIC,),
    Visibility.INTERNAL: (Visibility.PUBLIC, Visibility.INTERNAL),
    Visibility.HIDDEN: (Visibility.PUBLIC, Visibility.INTERNAL),
}
_CANDIDATES = 500


async def get_catalog(request: GetCatalog, work: UnitOfWork) -> CatalogPage:
    """A page of what is sold there, each with the price that calculate_price gives."""
    company = await selling_company(request.company_id, work)
    as_of = request.as_of or work.now
    statement = await _sold(request, company["company_id"], work)
    shown = select(statement.subquery())
    columns = shown.selected_columns
    found = await page(
        work,
        request,
        shown,
        order=(columns.display_order, columns.unpopular, columns.name, columns.id),
        reply=CatalogPage,
        item=_item_of,
    )
    context = PriceContext(
        client_id=request.client_id,
        company_id=company["company_id"],
        channel=request.channel,
        price_list_id=request.price_list_id,
        purpose=PricePurpose.SIMULATION if request.include_unpublished else PricePurpose.SALE,
    )
    drafts = [LineDraft(product_id=item.product_id) for item in found.items]
    offering = await load_offering(work, drafts, context, as_of)
    items = tuple(_priced(item, draft, offering) for item, draft in zip(found.items, drafts, strict=True))
    return found.model_copy(update={"items": items})


async def search_products(request: SearchProducts, work: UnitOfWork) -> SearchHits:
    """Candidates have every word somewhere; the rules say how well each fits."""
    words = search_form(request.q).split()
    if max(map(len, words), default=0) < 2:
        raise Refused.field("q", "too_short", "search for at least two letters or digits")
    codes = (
        select(func.coalesce(func.string_agg(external_mapping.c.external_code, literal(" ")), ""))
        .where(
            external_mapping.c.organisation_id == product.c.organisation_id,
            external_mapping.c.product_id == product.c.id,
        )
        .scalar_subquery()
    )
    statement = select(product, product_range.c.name.label("range_name"), codes.label("codes")).join(
        product_range, product_range.c.id == product.c.range_id
    )
    statement = statement.where(product.c.organisation_id == work.organisation_id, searching.found_by(words, work))
    if request.lifecycle:
        statement = statement.where(among(product.c.lifecycle, request.lifecycle))
    if request.sector is not None:
        statement = statement.where(product.c.sector == request.sector)
    if request.range_id is not None:
        statement = statement.where(product.c.range_id.in_(await below(request.range_id, work)))
    rows = await work.fetch(statement.order_by(product.c.sku).limit(_CANDIDATES))
    hits = [SearchHit(product=views.product_of(row), score=_score(words, row)) for row in rows]
    hits.sort(key=lambda hit: (-hit.score, hit.product.sku))
    return SearchHits(hits=tuple(hits[: request.limit]))


async def check_eligibility(request: CheckEligibility, work: UnitOfWork) -> Eligibility:
    """Whether somebody may buy, with all reasons why not."""
    sought = select(product.c.id, product.c.eligibility).where(
        product.c.organisation_id == work.organisation_id, product.c.id == request.product_id
    )
    row = await work.load(sought, "product", code=PRODUCT_NOT_FOUND)
    rule = EligibilityRule.model_validate(row["eligibility"] or {})
    reasons = reasons_against(rule, request.facts, local_date(request.as_of or work.now))
    return Eligibility(eligible=not reasons, reasons=reasons)


# -- steps of the handlers ---------------------------------------------------------------------------------------


async def _sold(request: GetCatalog, company_id: Any, work: UnitOfWork) -> Any:
    """Active products with their version in force and, unless all are wanted, a publication there and then."""
    as_of = request.as_of or work.now
    published = and_(
        publication.c.organisation_id == product.c.organisation_id,
        publication.c.version_id == product_version.c.id,
        publication.c.company_id == company_id,
        publication.c.channels.contains([request.channel]),
        among(publication.c.state, ("SCHEDULED", "LIVE")),
        publication.c.start_at <= as_of,
        or_(publication.c.end_at.is_(None), publication.c.end_at > as_of),
        among(publication.c.visibility, _SHOWN_TO[request.visibility]),
    )
    source = (
        product.join(product_range, product_range.c.id == product.c.range_id)
        .join(product_version, and_(product_version.c.product_id == product.c.id, queries.in_force(as_of)))
        .join(publication, published, isouter=request.include_unpublished)
    )
    statement = (
        select(
            product,
            queries.PLANS_OF_VERSION,
            product_version.c.id.label("version_id"),
            publication.c.visibility,
            publication.c.price_visible,
            product_range.c.display_order,
            (~product.c.popular).label("unpopular"),
        )
        .select_from(source)
        .where(product.c.organisation_id == work.organisation_id, product.c.lifecycle == Lifecycle.ACTIVE)
        .ext(distinct_on(product.c.id))
        .order_by(product.c.id, publication.c.start_at.desc())
    )
    if request.range_id is not None:
        statement = statement.where(product.c.range_id.in_(await below(request.range_id, work)))
    return statement


def _score(words: list[str], row: Row) -> int:
    """By the words as typed; by their parts where a hyphen stands elsewhere."""
    fields = _fields_of(row)
    parts = [part for word in words for part in searching.parts_of(word)]
    return score(words, fields) or score(parts, fields)


def _item_of(row: Row) -> CatalogItem:
    return CatalogItem.model_validate(
        {
            **row,
            "product_id": row["id"],
            "plans": tuple(views.plan_of(plan) for plan in row["plans"] or () if plan["active"]),
            "price": None,
            "on_quote": row["price_visible"] is False,
            "promotions": (),
        }
    )


def _priced(item: CatalogItem, draft: LineDraft, offering: Offering) -> CatalogItem:
    """With its price; on quote when it has none or its publication hides it."""
    try:
        line = offering.lines(draft)[0].priced
    except Refused as refused:
        if refused.code is not PRICE_ON_REQUEST:
            raise
        return item.model_copy(update={"on_quote": True})
    if item.on_quote:
        return item
    price = CatalogPrice.model_validate(dict(line))
    return item.model_copy(update={"price": price, "promotions": line.promotions})


def _fields_of(row: Row) -> dict[str, str]:
    return {
        "sku": search_form(row["sku"]),
        "names": row["search_name"],
        "codes": search_form(f"{row['codes']} {row['range_name']}"),
        "said": row["search_text"],
    }
