"""How many invoices are finished in a second: checked by the official rules, numbered, sealed, filed and announced."""

import asyncio
from datetime import UTC, date, datetime
from decimal import Decimal
from time import perf_counter
from typing import Any
from uuid import UUID

import asyncpg
from nats.js import JetStreamContext
from rich.console import Console
from rich.table import Table

from actors.factures.facturx.pool import RenderingPool
from benchmarks.setting import system_of
from messages.base import Event
from messages.clients import (
    ClientCreated,
    ClientKind,
    ClientSource,
    ClientType,
    RecordState,
    StatusCategory,
    VatStatus,
)
from messages.contrats import ContractBillingDue
from messages.factures import UpdateInvoicingSettings
from messages.identity import ListCompanies
from messages.values.addresses import Address
from messages.values.identifiers import new_id
from messages.values.instants import format_instant
from messages.values.money import Money
from runtime import clock, headers
from runtime.client import Client
from runtime.running_system import RunningSystem
from tests.actors.factures.builders import IBAN, instalment, instalment_line, sheet

_BILLED = 300
_WARM = 50
_FILES = 400
_DONE = "select count(*) from invoice where announced_at is not null"


async def run() -> None:
    """Measure and print; two processors are what the aims are for."""
    files = await _files_only()
    async with system_of(["identity", "documents", "factures"], voices=["clients", "contrats"]) as system:
        rates = {kind: await _billed(system, kind) for kind in (ClientKind.CONSUMER, ClientKind.BUSINESS)}
    table = Table("invoices, database and events included where not said otherwise", "measured", "aim")
    table.add_row("files only: XML, schema, PDF/A-3b, no rules", f"{files:.0f}/s", ">= 60/s")
    table.add_row("to consumers: EN 16931 rules", f"{rates[ClientKind.CONSUMER]:.0f}/s", "")
    table.add_row("to businesses: EN 16931 and French rules", f"{rates[ClientKind.BUSINESS]:.0f}/s", ">= 30/s")
    Console(width=120).print(table)


async def _files_only() -> float:
    """Documents per second of the pool alone, of four lines each."""
    pool, at = RenderingPool(), datetime(2026, 3, 1, 8, tzinfo=UTC)
    await pool.render([sheet()] * 16, at, rules=False)
    started = perf_counter()
    await pool.render([sheet()] * _FILES, at, rules=False)
    return _FILES / (perf_counter() - started)


async def _billed(system: RunningSystem, kind: ClientKind) -> float:
    """Announced invoices per second, from the first order to bill to the last announcement."""
    operator = await system.client()
    database = await asyncpg.connect(system.installation.owner_url("factures"))
    voices = [await _voice(system, actor) for actor in ("clients", "contrats")]
    try:
        await database.execute(f"set app.organisation_id = '{system.organisation_id}'")
        company_id = (await operator.call(ListCompanies())).items[0].company_id
        await operator.call(UpdateInvoicingSettings(company_id=company_id, iban=IBAN, account_name="Bench SARL"))
        client = _client(company_id, kind)
        await _state(system, voices[0].connection.jetstream(), client)
        await operator.settle(system.installation.system.actors)
        stream = voices[1].connection.jetstream()
        await _bill(system, stream, database, company_id, client.client_id, _WARM)
        started = perf_counter()
        await _bill(system, stream, database, company_id, client.client_id, _BILLED)
        return _BILLED / (perf_counter() - started)
    finally:
        await database.close()
        for client_connection in (operator, *voices):
            await client_connection.close()


async def _bill(
    system: RunningSystem, stream: JetStreamContext, database: Any, company_id: UUID, client_id: UUID, count: int
) -> None:
    wanted = await database.fetchval(_DONE) + count
    for _ in range(count):
        await _state(system, stream, _order(company_id, client_id))
    while await database.fetchval(_DONE) < wanted:
        await asyncio.sleep(0.02)


async def _voice(system: RunningSystem, actor: str) -> Client:
    return await Client.connect(system.installation.nats.url, system.installation.nats_keys[actor][0], actor)


def _client(company_id: UUID, kind: ClientKind) -> ClientCreated:
    is_business = kind is ClientKind.BUSINESS
    return ClientCreated(
        client_id=new_id(),
        client_code="CLI-000001",
        kind=kind,
        type=ClientType.BUSINESS if is_business else ClientType.INDIVIDUAL,
        display_name="Dupont",
        legal_name="Dupont SARL" if is_business else None,
        siren="552100554" if is_business else None,
        vat_status=VatStatus.TAXABLE_FR if is_business else VatStatus.CONSUMER,
        primary_email="compta@dupont.example",
        billing_address=Address(street="2 rue Y", postal_code="69001", city="Lyon"),
        language="fr",
        status_code="ACTIVE",
        status_category=StatusCategory.ACTIVE,
        record_state=RecordState.LIVE,
        company_id=company_id,
        source=ClientSource.MANUAL,
    )


def _order(company_id: UUID, client_id: UUID) -> ContractBillingDue:
    """An order to bill a month of four lines."""
    today = clock.now().date()
    billed = instalment(*(instalment_line(price) for price in ("24.99", "5.99", "7.05", "39.90")), due_on=today)
    return ContractBillingDue.model_validate(
        {
            "contract_id": new_id(), "reference": "CTR-2026-000001", "client_id": client_id, "company_id": company_id,
            "sales_rep_id": new_id(), "instalments": (billed,), "adjustments": (), "net_total": billed.net_total,
            "vat_total": Money(amount=Decimal("0.00")), "gross_total": billed.net_total, "due_on": date(2099, 1, 1),
            "billing_address_id": new_id(), "payment_method": "TRANSFER", "payment_terms_days": 30,
        }
    )  # fmt: skip


async def _state(system: RunningSystem, stream: JetStreamContext, event: Event) -> None:
    organisation_id, event_id = UUID(str(system.organisation_id)), str(new_id())
    found = {
        headers.CE_SPEC_VERSION: "1.0",
        headers.CE_ID: event_id,
        headers.CE_TYPE: event.contract.type,
        headers.CE_SOURCE: event.contract.actor,
        headers.CE_TIME: format_instant(clock.now()),
        headers.CE_SUBJECT: str(event.aggregate_id),
        headers.CE_ORGANISATION: str(organisation_id),
        headers.CE_VERSION: "1",
        headers.CE_CORRELATION: event_id,
        headers.CE_CAUSATION: event_id,
        headers.MESSAGE_ID: event_id,
    }
    await stream.publish(event.contract.subject(organisation_id), event.model_dump_json().encode(), headers=found)
