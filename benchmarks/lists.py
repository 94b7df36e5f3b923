"""Every list request of six actors over 200,000 rows: how soon it answers, and whether its plan uses an index."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import Any
from uuid import UUID

import asyncpg
from rich.console import Console
from rich.table import Table

from benchmarks.filling import MANY, fill
from benchmarks.list_cases import LISTINGS, Listing
from benchmarks.setting import system_of
from messages.base import Request
from runtime.client import Client
from runtime.heart import Heart
from runtime.running_system import RunningSystem
from runtime.settings import Settings
from tests.plans import nodes, plans_of

AIM_MILLISECONDS = 20.0
_ROUNDS = 15
_LARGE = 10_000
_PAGE = 100
_SEALED = 1000


@dataclass(frozen=True)
class Measured:
    """One list with one set of filters."""

    name: str
    milliseconds: float
    plan: str

    @property
    def is_fine(self) -> bool:
        """Whether it is fast enough and reads no large table from end to end."""
        return self.milliseconds < AIM_MILLISECONDS and not self.plan.startswith("!")


async def run(rows: int = MANY) -> list[Measured]:
    """Fill, measure each list with each of its filters, and print."""
    actors = list(dict.fromkeys(listing.actor for listing in LISTINGS))
    found: list[Measured] = []
    async with system_of(["identity", *(actor for actor in actors if actor != "identity")]) as system:
        client = await system.client(token=system.token(permissions=("*", "identity:audit:read")))
        try:
            for actor in actors:
                found += await _of_actor(system, client, actor, rows)
        finally:
            await client.close()
    _show(found, rows)
    return found


async def _of_actor(system: RunningSystem, client: Client, actor: str, rows: int) -> list[Measured]:
    listings = [listing for listing in LISTINGS if listing.actor == actor]
    assert system.organisation_id is not None
    heart = await _heart(system, actor)
    connection = await asyncpg.connect(system.installation.owner_url(actor))
    try:
        tables = tuple(table for listing in listings for table in listing.fills)
        await fill(connection, system.organisation_id, tables, rows)
        if actor == "identity":
            await _seal_addresses(heart, connection, system.organisation_id)
    finally:
        await connection.close()
    try:
        return [
            await _measured(system, client, heart, listing, fields)
            for listing in listings
            for fields in listing.filters
        ]
    finally:
        await heart.database.close()


async def _heart(system: RunningSystem, actor: str) -> Heart:
    """What a handler needs to be asked for its plans in this process; the answers come from the actor's own."""
    environment = system.installation.environment(actor)
    settings = Settings(**{name.removeprefix("CRM_").lower(): value for name, value in environment.items()})
    heart = Heart(system.installation.system.actors[actor], settings)
    await heart.open()
    return heart


async def _seal_addresses(heart: Heart, connection: Any, organisation_id: UUID) -> None:
    """The addresses of the invitations that the pages show are opened, so they must have been sealed."""
    newest = await connection.fetch("select id from invitation order by created_at desc limit $1", _SEALED)
    for row in newest:
        place = {"organisation_id": organisation_id, "domain": "PII", "table": "invitation", "column": "email"}
        sealed = await heart.keys.encrypt("a@example.fr", row_id=row["id"], **place)
        await connection.execute("update invitation set email = $2 where id = $1", row["id"], sealed)


async def _measured(system: RunningSystem, client: Client, heart: Heart, listing: Listing, fields: Any) -> Measured:
    request = listing.request(**{"limit": _PAGE, **fields})
    contract = request.contract
    few = f"of {listing.rows:,} " if listing.table is not None and listing.rows < MANY else ""
    name = f"{contract.actor}.{contract.name} {few}{_words(fields)}".strip()
    assert system.organisation_id is not None
    found = await plans_of(heart, heart.actor.endpoints[contract.name], request, system.organisation_id)
    plan = "; ".join(dict.fromkeys(_read(plan) for _, plan in found.pages()))
    return Measured(name, await _milliseconds(client, request), plan)


async def _milliseconds(client: Client, request: Request[Any]) -> float:
    """The median of some calls; the first warms up and is not counted."""
    found = []
    for _ in range(_ROUNDS + 1):
        started = perf_counter()
        await client.call(request)
        found.append((perf_counter() - started) * 1000)
    return median(found[1:])


def _read(plan: dict[str, Any]) -> str:
    """What a plan reads its rows by; "!" where it reads or sorts a large number of them."""
    whole = [node["Relation Name"] for node in nodes(plan) if node["Node Type"] == "Seq Scan" and _is_large(node)]
    large_sort = any(node["Node Type"] == "Sort" and _input(node) > _LARGE for node in nodes(plan))
    if whole or large_sort:
        return f"! {'reads all of ' + ', '.join(whole) if whole else 'sorts a large part'}"
    names = [node["Index Name"] for node in nodes(plan) if "Index Name" in node]
    return ", ".join(dict.fromkeys(names)) or "small table"


def _is_large(node: dict[str, Any]) -> bool:
    return float(node["Total Cost"]) > _LARGE / 20


def _input(node: dict[str, Any]) -> float:
    return max((below["Plan Rows"] for below in node.get("Plans", ())), default=0)


def _words(fields: dict[str, Any]) -> str:
    """The filters; of ids and instants only which."""
    shown = {name: value for name, value in fields.items() if isinstance(value, str | bool | int)}
    return ", ".join(f"{name}={shown[name]}" if name in shown else name for name in fields)


def _show(found: Iterable[Measured], rows: int) -> None:
    table = Table(f"lists over {rows:,} rows, pages of {_PAGE}", "p50 ms", "read by")
    for measured in found:
        text = f"{measured.milliseconds:.1f}"
        table.add_row(measured.name, text if measured.is_fine else f"[red]{text}[/red]", measured.plan)
    Console(width=170).print(table)


if __name__ == "__main__":
    asyncio.run(run())
