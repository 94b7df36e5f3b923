"""How many invoices are finished in a second: checked by the official rules, numbered, sealed, filed and announced."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import count
from time import perf_counter
from typing import Any
from uuid import UUID

import asyncpg
import psutil
from rich.console import Console
from rich.table import Table

from actors.factures.facturx.pool import RenderingPool
from actors.factures.facturx.sheet import Sheet
from benchmarks.processors import processor_seconds, used_since
from benchmarks.setting import system_of
from benchmarks.stating import Voices, voices_of
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
from messages.values.money import Money
from runtime import clock
from runtime.running_system import RunningSystem
from tests.actors.factures.builders import IBAN, instalment, instalment_line, sheet

_BILLED = 300
_WARM = 50
_FILES = 200
_DONE = "select count(*) from invoice where announced_at is not null"


@dataclass(frozen=True, slots=True)
class Figures:
    """Documents per second by the clock, and what each costs: the processors of the machine may be shared."""

    per_second: float
    processor_milliseconds: float

    @property
    def shown(self) -> tuple[str, str, str]:
        """Per second, cost, and how many one core makes of that in a second."""
        each = self.processor_milliseconds
        return f"{self.per_second:.0f}/s", f"{each:.1f} ms", f"{1000 / each:.0f}/s"


async def run() -> None:
    """Measure and print; two processors are what the aims are for."""
    plain, checked = await _files(rules=False), await _files(rules=True)
    rules = checked.processor_milliseconds - plain.processor_milliseconds
    async with (
        system_of(["identity", "documents", "factures"], voices=["clients", "contrats"]) as system,
        voices_of(system, ["clients", "contrats"]) as voices,
    ):
        billed = {kind: await _billed(system, voices, kind) for kind in (ClientKind.CONSUMER, ClientKind.BUSINESS)}
    whole = billed[ClientKind.BUSINESS].processor_milliseconds
    table = Table("invoices of four lines, on two cores", "measured", "processor each", "of a core", "aim")
    table.add_row("files only: XML, schema, PDF/A-3b, no rules", *plain.shown, "")
    table.add_row("files, and EN 16931 and French rules", *checked.shown, "")
    table.add_row("to consumers, database and events included: EN 16931", *billed[ClientKind.CONSUMER].shown, "")
    table.add_row("to businesses: EN 16931 and French rules", *billed[ClientKind.BUSINESS].shown, ">= 30/s")
    table.add_row("the same without the rules, by difference", "", *Figures(0, whole - rules).shown[1:], ">= 60/s")
    Console(width=120).print(table)


async def _files(*, rules: bool) -> Figures:
    """Documents of the pool alone, each with a number of its own, so that nothing is remembered from the last."""
    pool, at = RenderingPool(), datetime(2026, 3, 1, 8, tzinfo=UTC)
    numbers = count(1)

    def some(many: int) -> list[Sheet]:
        return [sheet(number=f"FA2026-{next(numbers):06d}") for _ in range(many)]

    await pool.render(some(_WARM), at, rules=rules)
    before, started = _processors_of_children(), perf_counter()
    await pool.render(some(_FILES), at, rules=rules)
    seconds = perf_counter() - started
    return Figures(_FILES / seconds, (_processors_of_children() - before) / _FILES * 1000)


def _processors_of_children() -> float:
    return sum(sum(child.cpu_times()[:2]) for child in psutil.Process().children(recursive=True))


async def _billed(system: RunningSystem, voices: Voices, kind: ClientKind) -> Figures:
    """Announced invoices, from the first order to bill to the last announcement."""
    operator = await system.client()
    database = await asyncpg.connect(system.installation.owner_url("factures"))
    try:
        await database.execute(f"set app.organisation_id = '{system.organisation_id}'")
        company_id = (await operator.call(ListCompanies())).items[0].company_id
        await operator.call(UpdateInvoicingSettings(company_id=company_id, iban=IBAN, account_name="Bench SARL"))
        client = _client(company_id, kind)
        await voices.state([client])
        await operator.settle(system.installation.system.actors)
        await _bill(voices, database, company_id, client.client_id, _WARM)
        await operator.settle(system.installation.system.actors)
        before, started = processor_seconds(system), perf_counter()
        await _bill(voices, database, company_id, client.client_id, _BILLED)
        seconds = perf_counter() - started
        await operator.settle(system.installation.system.actors)
        used = sum(used_since(before, system).values())
        return Figures(_BILLED / seconds, used / _BILLED * 1000)
    finally:
        await database.close()
        await operator.close()


async def _bill(voices: Voices, database: Any, company_id: UUID, client_id: UUID, many: int) -> None:
    wanted = await database.fetchval(_DONE) + many
    await voices.state(_order(company_id, client_id) for _ in range(many))
    while await database.fetchval(_DONE) < wanted:
        await asyncio.sleep(0.1)


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
