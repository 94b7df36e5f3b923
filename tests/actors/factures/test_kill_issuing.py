"""factures is killed while invoices are issued: no number is lost, none is given twice, and the chain holds."""

import asyncio
import os
import random
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from messages.base import Request
from messages.clients import AddressDraft, AddressUsage, CreateClient
from messages.factures import CreateInvoice, InvoiceLineDraft, IssueInvoice, PaymentMethod, VerifySeals
from messages.problem import Refused
from messages.values.identifiers import new_id
from runtime.client import Client
from runtime.running_system import RunningSystem
from runtime.system import discover
from tests.chaos.load import RETRIABLE
from tests.harness import SIRENS, company_request

SEED = int(os.environ.get("CRM_CHAOS_SEED", "20261124"))
WORKERS = 8


@dataclass
class Desk:
    """Who issues for whom, how many are still to be issued, and the numbers that were acknowledged."""

    company_id: UUID
    client_id: UUID
    left: int
    numbers: list[str] = field(default_factory=list)


@asynccontextmanager
async def issuing_system() -> AsyncIterator[tuple[RunningSystem, Client]]:
    """What issuing needs, as real processes."""
    folder = Path(tempfile.mkdtemp(prefix="crm-chaos-"))
    system = RunningSystem(
        folder, discover(["identity", "clients", "documents", "factures"]), durable=False, bridge=False
    )
    await system.start()
    client = await system.client()
    try:
        yield system, client
    finally:
        await client.close()
        await system.stop()
        if "CRM_KEEP" not in os.environ:
            shutil.rmtree(folder, ignore_errors=True)


async def opened_desk(system: RunningSystem, client: Client, count: int) -> Desk:
    company = await client.call(company_request("CHAOS", SIRENS[0]))
    await client.settle(system.installation.system.actors)
    address = AddressDraft(
        usage=frozenset({AddressUsage.HOME, AddressUsage.BILLING}), line1="2 rue Y", postal_code="69001", city="Lyon"
    )
    buyer = await client.call(
        CreateClient(given_name="Zoé", family_name="Gaïté", emails=("zoe@example.fr",), addresses=(address,))
    )
    await client.settle(system.installation.system.actors)
    return Desk(company.company_id, buyer.id, count)


async def answered(client: Client, request: Request[Any]) -> Any:
    """The reply; an unanswered request is repeated with its key until the actor is back."""
    key = str(new_id())
    while True:
        try:
            return await client.call(request, key=key, timeout_seconds=2)
        except Refused as refused:
            assert refused.code.code in RETRIABLE, refused
        await asyncio.sleep(0.05)


async def issue_invoices(client: Client, desk: Desk) -> None:
    line = InvoiceLineDraft(name="Service", quantity=Decimal(1), unit_price=Decimal("9.99"), vat_rate=Decimal(20))
    while desk.left > 0:
        desk.left -= 1
        draft = await answered(
            client,
            CreateInvoice(
                company_id=desk.company_id, client_id=desk.client_id, lines=(line,), payment_method=PaymentMethod.CARD
            ),
        )
        issued = await answered(client, IssueInvoice(invoice_id=draft.invoice_id, expected_version=draft.version))
        desk.numbers.append(issued.number)


async def kill_at_random(system: RunningSystem, desk: Desk, load: "asyncio.Future[Any]") -> int:
    """Kill the actor each time a few more invoices were acknowledged; how often that was."""
    draw, killed, goal = random.Random(SEED), 0, 3
    child = system.supervisor.children["factures"]
    while not load.done():
        if len(desk.numbers) >= goal:
            await asyncio.sleep(draw.uniform(0, 0.05))
            child.pause = 0.05  # the supervisor waits longer after each end; here the ends are ours
            killed += system.supervisor.kill("factures")
            goal = len(desk.numbers) + draw.randint(8, 24)
        await asyncio.wait([load], timeout=0.01)
    return killed


async def stored_numbers(system: RunningSystem) -> list[tuple[int, str]]:
    connection = await asyncpg.connect(system.installation.actor_url("factures"))
    try:
        await connection.execute(f"set app.organisation_id = '{system.organisation_id}'")
        found = await connection.fetch("select series_seq, number from invoice where number is not null order by 1")
        return [(row["series_seq"], row["number"]) for row in found]
    finally:
        await connection.close()


async def run(count: int) -> int:
    """Issue `count` invoices by eight workers while the actor is killed; how often it was killed."""
    async with issuing_system() as (system, client):
        desk = await opened_desk(system, client, count)
        load = asyncio.gather(*(issue_invoices(client, desk) for _ in range(WORKERS)))
        killed = await kill_at_random(system, desk, load)
        await load
        await system.wait_until_serving()
        stored = await stored_numbers(system)
        assert [sequence for sequence, _ in stored] == list(range(1, count + 1))
        assert sorted(desk.numbers) == sorted(number for _, number in stored)
        chain = await client.call(VerifySeals(company_id=desk.company_id), timeout_seconds=60)
        assert (chain.valid, chain.checked) == (True, count)
        return killed


async def test_case_11_kills_while_eight_workers_issue_leave_no_hole_and_no_double() -> None:
    assert await run(40) >= 2


@pytest.mark.chaos
async def test_case_11_kills_during_a_thousand_issues_leave_no_hole_and_no_double() -> None:
    assert await run(1000) >= 10
