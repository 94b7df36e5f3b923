"""get_catalog, calculate_price and create_price_quote over a catalogue of a thousand products on sale."""

import asyncio
from dataclasses import dataclass
from time import perf_counter
from typing import Any
from uuid import UUID

from rich.console import Console
from rich.table import Table

from benchmarks.setting import system_of
from messages.base import Request
from messages.products.browsing import GetCatalog
from messages.products.catalogue import CreateProduct, Lifecycle, TransitionProduct
from messages.products.pricing import CalculatePrice, LineDraft
from messages.products.publications import Channel, CreatePublication
from messages.products.quotes import CreatePriceQuote
from runtime import headers
from runtime.client import Client
from runtime.running_system import RunningSystem

PRODUCTS = 1000
CONCURRENCY = 8
_FILLING = 16


@dataclass(frozen=True)
class Latencies:
    """What one kind of request took, in milliseconds, in rising order."""

    name: str
    milliseconds: list[float]

    def at(self, share: float) -> float:
        """The time within which that share of the requests was answered."""
        return self.milliseconds[int(len(self.milliseconds) * share)]


async def run(requests: int = 2000) -> list[Latencies]:
    """Put the products on sale, measure each request, and print."""
    async with system_of(["identity", "products"]) as system:
        client = await system.client()
        try:
            ids = await _fill(client)
            await client.settle(system.installation.system.actors)
            found = [await _latencies(system, client, name, make, requests) for name, make in _requests(ids).items()]
        finally:
            await client.close()
    _show(found)
    return found


async def _fill(client: Client) -> list[UUID]:
    numbers, ids = iter(range(PRODUCTS)), list[UUID]()

    async def seller() -> None:
        for number in numbers:
            version = {"pricing": [{"amount": f"{10 + number % 90}.90"}]}
            draft = {
                "sku": f"B-{number:05d}",
                "name": f"Produit {number}",
                "sector": "TELECOM",
                "first_version": version,
            }
            made = await client.call(CreateProduct.model_validate(draft))
            await client.call(TransitionProduct(product_id=made.product_id, to=Lifecycle.ACTIVE))
            await client.call(CreatePublication(product_id=made.product_id, channels=frozenset({Channel.WEB})))
            ids.append(made.product_id)

    await asyncio.gather(*(seller() for _ in range(_FILLING)))
    return ids


def _requests(ids: list[UUID]) -> dict[str, Any]:
    def line(number: int) -> LineDraft:
        return LineDraft(product_id=ids[number % len(ids)])

    return {
        "calculate_price": lambda number: CalculatePrice(line=line(number)),
        "get_catalog, a page of 20": lambda _: GetCatalog(channel=Channel.WEB),
        "create_price_quote": lambda number: CreatePriceQuote(lines=(line(number),)),
    }


async def _latencies(system: RunningSystem, client: Client, name: str, make: Any, requests: int) -> Latencies:
    """Milliseconds of each request, in rising order; the first tenth warms up and is not counted."""
    bearer = {headers.AUTHORIZATION: f"Bearer {system.token()}"}
    found: list[float] = []
    numbers = iter(range(-(requests // 10), requests))

    async def worker() -> None:
        for number in numbers:
            request: Request[Any] = make(number)
            key = {} if request.contract.query else {headers.IDEMPOTENCY_KEY: f"bench-{name}-{number}"}
            body = request.model_dump_json(exclude_unset=True).encode()
            started = perf_counter()
            answer = await client.connection.request(request.subject, body, timeout=10, headers=bearer | key)
            if number >= 0:
                found.append((perf_counter() - started) * 1000)
            if answer.headers and "Nats-Service-Error-Code" in answer.headers:
                raise RuntimeError(f"{request.subject} answered {answer.data.decode()}")

    await asyncio.gather(*(worker() for _ in range(CONCURRENCY)))
    return Latencies(name, sorted(found))


def _show(found: list[Latencies]) -> None:
    title = f"{PRODUCTS} products on sale, {CONCURRENCY} requests at a time"
    table = Table("request", "p50 ms", "p95 ms", "p99 ms", title=title)
    for latencies in found:
        table.add_row(latencies.name, *(f"{latencies.at(share):.1f}" for share in (0.50, 0.95, 0.99)))
    Console().print(table)


if __name__ == "__main__":
    asyncio.run(run())
