"""What products does when time passes."""

from collections.abc import Awaitable, Callable
from typing import Any

from sqlalchemy import Select, select, update

from actors.products.requests.client_prices import close_client_price
from actors.products.requests.price_lists import expire_price_list
from actors.products.requests.products import refresh_indicative
from actors.products.requests.promotions import end_promotion, start_promotion
from actors.products.requests.publications import end_publication, start_publication
from actors.products.requests.quotes import expire_quote
from actors.products.version_documents import watch_version
from actors.products.versioning import end_version, start_version
from messages.products.promotions import PromotionStatus
from messages.products.publications import PublicationState
from messages.products.quotes import QuoteStatus
from messages.products.versions import VersionState
from messages.values.instants import local_date
from runtime.actor import MORE, Moment
from runtime.unit_of_work import Row, UnitOfWork
from storage.products.tables import (
    client_price,
    price_list,
    price_quote,
    product,
    product_version,
    promotion,
    publication,
)

_BATCH = 200


async def _each(due: Select[Any], act: Callable[[Row, UnitOfWork], Awaitable[object]], work: UnitOfWork) -> object:
    """Lock a batch of what is due in the organisation and deal with each row; MORE when the batch was full."""
    (table,) = due.get_final_froms()
    mine = due.where(table.c.organisation_id == work.organisation_id)
    rows = await work.fetch(mine.limit(_BATCH).with_for_update())
    for row in rows:
        await act(row, work)
    return MORE if len(rows) == _BATCH else None


async def start_versions(moment: Moment, work: UnitOfWork) -> object:
    """Scheduled versions whose instant has come take effect; the ones before them are superseded."""
    due = (
        select(product_version)
        .where(product_version.c.state == VersionState.SCHEDULED, product_version.c.effective_from <= moment.as_of)
        .order_by(product_version.c.effective_from)
    )
    return await _each(due, start_version, work)


async def end_versions(moment: Moment, work: UnitOfWork) -> object:
    """Versions whose end has come with no other to follow them are over."""
    due = select(product_version).where(
        product_version.c.state == VersionState.EFFECTIVE, product_version.c.effective_to <= moment.as_of
    )
    return await _each(due, end_version, work)


async def start_publications(moment: Moment, work: UnitOfWork) -> object:
    """Publications whose start has come go live."""
    due = select(publication).where(
        publication.c.state == PublicationState.SCHEDULED, publication.c.start_at <= moment.as_of
    )
    return await _each(due, start_publication, work)


async def end_publications(moment: Moment, work: UnitOfWork) -> object:
    """Publications whose end has come are over."""
    due = select(publication).where(publication.c.state == PublicationState.LIVE, publication.c.end_at <= moment.as_of)
    return await _each(due, end_publication, work)


async def expire_quotes(moment: Moment, work: UnitOfWork) -> object:
    """Open quotes whose last day has passed bind nobody any more."""
    due = select(price_quote.c.id, price_quote.c.version).where(
        price_quote.c.status == QuoteStatus.OPEN, price_quote.c.valid_until < local_date(moment.as_of)
    )
    return await _each(due, expire_quote, work)


async def expire_quotes_of_stopped_products(moment: Moment, work: UnitOfWork) -> object:
    """A product that left the sale takes its open quotes with it."""
    stopped = await work.fetch_value(
        select(product.c.id)
        .where(product.c.organisation_id == work.organisation_id, product.c.quotes_to_expire)
        .limit(1)
    )
    if stopped is None:
        return None
    due = select(price_quote.c.id, price_quote.c.version).where(
        price_quote.c.status == QuoteStatus.OPEN, price_quote.c.product_ids.contains([stopped])
    )
    if await _each(due, expire_quote, work) is not MORE:
        await work.execute(update(product).where(product.c.id == stopped).values(quotes_to_expire=False))
    return MORE


async def expire_price_lists(moment: Moment, work: UnitOfWork) -> object:
    """Lists whose last day has passed no longer apply."""
    due = select(price_list).where(price_list.c.active, price_list.c.valid_to < local_date(moment.as_of))
    return await _each(due, expire_price_list, work)


async def end_client_prices(moment: Moment, work: UnitOfWork) -> object:
    """Agreed prices whose last day has passed hold no more."""
    due = select(client_price).where(~client_price.c.ended, client_price.c.valid_to < local_date(moment.as_of))

    async def close(row: Row, work: UnitOfWork) -> None:
        await close_client_price(row, row["valid_to"], work)

    return await _each(due, close, work)


async def start_promotions(moment: Moment, work: UnitOfWork) -> object:
    """Promotions whose first day has come run."""
    due = select(promotion).where(
        promotion.c.status == PromotionStatus.SCHEDULED, promotion.c.starts_on <= local_date(moment.as_of)
    )
    return await _each(due, start_promotion, work)


async def end_promotions(moment: Moment, work: UnitOfWork) -> object:
    """Promotions whose last day has passed are over."""
    due = select(promotion).where(
        promotion.c.status == PromotionStatus.RUNNING, promotion.c.ends_on < local_date(moment.as_of)
    )
    return await _each(due, end_promotion, work)


async def refresh_indicative_prices(moment: Moment, work: UnitOfWork) -> object:
    """After many prices moved at once the others are told what each product costs now."""
    rows = await work.fetch(
        select(product.c.id)
        .where(product.c.organisation_id == work.organisation_id, product.c.indicative_is_stale)
        .order_by(product.c.id)
        .limit(_BATCH)
    )
    for row in rows:
        await refresh_indicative(row["id"], work)
    return MORE if len(rows) == _BATCH else None


async def watch_documents(moment: Moment, work: UnitOfWork) -> None:
    """Documents of versions on sale: what is missing, expired or will soon be is told, and may stop the sale."""
    rows = await work.fetch(
        select(publication.c.version_id)
        .where(publication.c.organisation_id == work.organisation_id, publication.c.state == PublicationState.LIVE)
        .distinct()
        .order_by(publication.c.version_id)
    )
    for row in rows:
        await watch_version(row["version_id"], work, local_date(moment.as_of))
