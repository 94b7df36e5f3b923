"""Two clients become one: agreed prices, quotes and contracts follow the survivor, and find their way back."""

from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import func, select, update

from messages.products.client_prices import ClientPriceMode
from runtime.unit_of_work import Row, UnitOfWork
from storage.products.tables import client_contract, client_price, price_quote

log = structlog.get_logger()


async def take_over(merged_id: UUID, survivor_id: UUID, operation_id: UUID, work: UnitOfWork) -> None:
    """Of two agreements for the same product, plan, quantity and days the lower price holds; the other one rests."""
    known = await work.fetch(_prices(survivor_id, work))
    for price in await work.fetch(_prices(merged_id, work)):
        rival = next((other for other in known if _overlap(price, other)), None)
        if rival is None:
            await _give(price["id"], survivor_id, work)
            continue
        loser = rival if _is_lower(price, rival) else price
        log.info("client_price.rests", price=str(loser["id"]), operation=str(operation_id))
        await _give(loser["id"], operation_id, work)
        if loser is rival:
            await _give(price["id"], survivor_id, work)
    for table in (price_quote, client_contract):
        await work.execute(
            update(table)
            .where(table.c.organisation_id == work.organisation_id, table.c.client_id == merged_id)
            .values(client_id=survivor_id, original_client_id=func.coalesce(table.c.original_client_id, merged_id))
        )


async def give_back(restored_id: UUID, survivor_id: UUID, operation_id: UUID, work: UnitOfWork) -> None:
    """What was the restored client's is his again, and what rested because of it holds again."""
    own = client_price.c.organisation_id == work.organisation_id
    for client_id in (restored_id, survivor_id):
        await work.execute(
            update(client_price)
            .where(
                own,
                client_price.c.original_client_id == client_id,
                client_price.c.client_id.in_((survivor_id, operation_id)),
            )
            .values(client_id=client_id)
        )
    for table in (price_quote, client_contract):
        await work.execute(
            update(table)
            .where(
                table.c.organisation_id == work.organisation_id,
                table.c.client_id == survivor_id,
                table.c.original_client_id == restored_id,
            )
            .values(client_id=restored_id)
        )


def _prices(client_id: UUID, work: UnitOfWork) -> Any:
    return (
        select(client_price)
        .where(client_price.c.organisation_id == work.organisation_id, client_price.c.client_id == client_id)
        .order_by(client_price.c.id)
        .with_for_update()
    )


def _overlap(left: Row, right: Row) -> bool:
    same = all(left[name] == right[name] for name in ("product_id", "plan_code", "quantity_from"))
    starts_in_time = right["valid_to"] is None or left["valid_from"] <= right["valid_to"]
    return same and starts_in_time and (left["valid_to"] is None or right["valid_from"] <= left["valid_to"])


def _is_lower(price: Row, rival: Row) -> bool:
    """A lower fixed price, or a greater discount; of two kinds the fixed one, which is a price and no hope of one."""
    if price["mode"] != rival["mode"]:
        return bool(price["mode"] == ClientPriceMode.FIXED_PRICE)
    if price["mode"] == ClientPriceMode.FIXED_PRICE:
        return bool(price["value"] < rival["value"])
    return bool(price["value"] > rival["value"])


async def _give(price_id: UUID, client_id: UUID, work: UnitOfWork) -> None:
    await work.execute(update(client_price).where(client_price.c.id == price_id).values(client_id=client_id))
