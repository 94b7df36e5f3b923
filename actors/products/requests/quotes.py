"""Requests about price quotes, and how a quote ends."""

import hashlib
from datetime import date
from typing import Any
from uuid import UUID

import rfc8785
from sqlalchemy import select, update

from actors.products import views
from actors.products.requests.prices import priced
from actors.products.requests.promotions import redeem
from actors.products.rows import changed_row, new_row
from actors.products.rules.quotes import last_valid_day
from actors.products.settings import settings_of
from messages.problem import Refused
from messages.products.events import PriceQuoteAccepted, PriceQuoteCreated, PriceQuoteExpired
from messages.products.pricing import PricePurpose, PriceResult
from messages.products.quotes import (
    QUOTE_NOT_FOUND,
    CreatePriceQuote,
    GetPriceQuote,
    ListPriceQuotes,
    PriceQuote,
    PriceQuotePage,
    QuoteStatus,
)
from messages.values.identifiers import new_id
from runtime.pagination import page
from runtime.unit_of_work import Row, UnitOfWork
from storage.products.queries import among
from storage.products.tables import price_item, price_quote, product_version


async def create_price_quote(request: CreatePriceQuote, work: UnitOfWork) -> PriceQuote:
    """Offer the prices of now, unchangeable for their time."""
    if request.id is not None:
        known = await work.fetch_one(_all(work).where(price_quote.c.id == request.id))
        if known is not None:
            return views.quote_of(known)
    if request.context.purpose is PricePurpose.SIMULATION:
        raise Refused.field("context.purpose", "purpose", "a simulation binds nobody; use calculate_prices instead")
    result = await priced(work, request.lines, request.context, work.now)
    settings = await settings_of(work)
    context = request.model_dump(mode="json", include={"context", "lines"})
    stored_result = result.model_dump(mode="json")
    row = {
        **new_row(request.id or new_id(), work),
        "client_id": request.context.client_id,
        "company_id": result.company_id,
        "status": QuoteStatus.OPEN,
        "valid_until": last_valid_day(work.today(), result.price_valid_until, settings.quote_validity_days),
        "currency": result.currency,
        "net": result.net.amount,
        "vat": result.vat.amount,
        "gross": result.gross.amount,
        "product_ids": sorted({line.product_id for line in result.lines}),
        "promotion_ids": sorted({promotion.id for line in result.lines for promotion in line.promotions}),
        "price_list_ids": await _lists_of(result, work),
        "context": context,
        "result": stored_result,
        "content_hash": hashlib.sha256(rfc8785.dumps({"context": context, "result": stored_result})).hexdigest(),
        "accepted_contract_id": None,
    }
    await work.insert(price_quote, **row)
    event = PriceQuoteCreated(
        quote_id=row["id"],
        client_id=row["client_id"],
        company_id=row["company_id"],
        content_hash=row["content_hash"],
        valid_until=row["valid_until"],
        net=result.net,
        vat=result.vat,
        gross=result.gross,
    )
    work.emit(event, version=1)
    return views.quote_of(row)


async def get_price_quote(request: GetPriceQuote, work: UnitOfWork) -> PriceQuote:
    """One quote inside the caller's scope."""
    row = await work.fetch_one(_all(work).where(price_quote.c.id == request.quote_id))
    if row is None or not work.caller.sees_company(row["company_id"]):
        raise Refused(
            QUOTE_NOT_FOUND,
            f"quote {request.quote_id} does not exist; check the id",
            details={"resource": "price_quote", "id": str(request.quote_id)},
        )
    return views.quote_of(row, is_past=row["valid_until"] < work.today())


async def list_price_quotes(request: ListPriceQuotes, work: UnitOfWork) -> PriceQuotePage:
    """A page of quotes, newest first."""
    statement = _all(work)
    if request.client_id is not None:
        statement = statement.where(price_quote.c.client_id == request.client_id)
    if request.status is not None:
        statement = statement.where(price_quote.c.status == request.status)
    if work.caller.company_ids is not None:
        statement = statement.where(among(price_quote.c.company_id, work.caller.company_ids))
    today = work.today()
    return await page(
        work,
        request,
        statement,
        order=(price_quote.c.created_at, price_quote.c.id),
        descending=True,
        reply=PriceQuotePage,
        item=lambda row: views.quote_summary_of(row, is_past=row["valid_until"] < today),
    )


async def accept_quote(
    quote_id: UUID, contract_id: UUID, client_id: UUID, concluded_on: date, work: UnitOfWork
) -> None:
    """A contract was signed on the quote. One that ended, or ended before that day, stays as it is."""
    row = await work.fetch_one(_all(work).where(price_quote.c.id == quote_id).with_for_update())
    if row is None or row["status"] != QuoteStatus.OPEN or concluded_on > row["valid_until"]:
        return
    await redeem(row["promotion_ids"], contract_id, client_id, work)
    await _count_sale(row, work)
    version = await _end(row, {"status": QuoteStatus.ACCEPTED, "accepted_contract_id": contract_id}, work)
    work.emit(PriceQuoteAccepted(quote_id=quote_id, contract_id=contract_id), version=version)


async def expire_quote(row: Row, work: UnitOfWork) -> None:
    """The quote binds nobody any more."""
    version = await _end(row, {"status": QuoteStatus.EXPIRED}, work)
    work.emit(PriceQuoteExpired(quote_id=row["id"]), version=version)


async def _count_sale(row: Row, work: UnitOfWork) -> None:
    versions = sorted({UUID(line["version_id"]) for line in row["result"]["lines"]})
    await work.execute(
        update(product_version)
        .where(product_version.c.organisation_id == work.organisation_id, among(product_version.c.id, versions))
        .values(sold_count=product_version.c.sold_count + 1, last_sold_at=work.now)
    )


async def _lists_of(result: PriceResult, work: UnitOfWork) -> list[UUID]:
    """The price lists that the lines were priced by."""
    rules = {step.rule_id for line in result.lines for step in line.trace if step.rule_id is not None}
    rows = await work.fetch(
        select(price_item.c.list_id)
        .where(price_item.c.organisation_id == work.organisation_id, among(price_item.c.id, rules))
        .distinct()
    )
    return sorted(row["list_id"] for row in rows)


async def _end(row: Row, columns: dict[str, Any], work: UnitOfWork) -> int:
    version: int = row["version"] + 1
    await work.execute(
        update(price_quote).where(price_quote.c.id == row["id"]).values(**columns, **changed_row(version, work))
    )
    return version


def _all(work: UnitOfWork) -> Any:
    return select(price_quote).where(price_quote.c.organisation_id == work.organisation_id)
