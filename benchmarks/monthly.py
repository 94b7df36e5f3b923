"""A month of business for many contracts: signed and planned, billed and invoiced, debited with a file for the bank.

The contracts' own facts are stated, as contrats would; what follows from them runs on the real actors in simulated time.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from time import perf_counter
from typing import Any
from uuid import UUID

import asyncpg
from rich.console import Console
from rich.table import Table

from benchmarks.processors import memory, processor_seconds, used_since
from benchmarks.setting import system_of
from benchmarks.stating import Voices, voices_of
from messages.clients import ClientCreated
from messages.contrats import (
    ContractActivated,
    ContractBillingDue,
    ContractCollectionUnlocked,
    ContractQualityApproved,
    ContractSigned,
)
from messages.factures import UpdateInvoicingSettings
from messages.identity import ListCompanies
from messages.payments import BankProfile, CreateBankDetails, CreateCreditorAccount, Transport
from messages.values.addresses import Address
from messages.values.identifiers import new_id
from messages.values.money import Money
from runtime.client import Client
from runtime.running_system import RunningSystem
from tests.actors.factures.builders import instalment, instalment_line

_ACTORS = ("identity", "documents", "factures", "payments")
_SIGNED, _STARTS, _PRESENTED = date(2026, 4, 2), date(2026, 4, 10), date(2026, 4, 30)
_IBAN, _CREDITOR_IBAN, _CREDITOR = "FR7630006000011234567890189", "FR1420041010050500013M02606", "FR72ZZZ123456"
_REQUESTS_AT_ONCE, _LONGEST_SECONDS = 64, 7200
_INVOICED = "select count(*) from invoice where announced_at is not null"
_PLANNED = "select count(distinct contract_id) from instalment"
_IN_FILES = "select coalesce(sum(tx_count), 0), coalesce(sum(file_size), 0) from collection_batch where file_size > 0"


@dataclass(frozen=True, slots=True)
class Contract:
    """One client with one contract."""

    client_id: UUID = field(default_factory=new_id)
    contract_id: UUID = field(default_factory=new_id)


@dataclass(slots=True)
class Step:
    """What one step of the month took."""

    name: str
    seconds: float = 0.0
    processors: dict[str, float] = field(default_factory=dict)
    peaks: dict[str, float] = field(default_factory=dict)


class Month:
    """The system, those who speak in it, and the contracts."""

    def __init__(
        self, system: RunningSystem, operator: Client, voices: Voices, company_id: UUID, contracts: int
    ) -> None:
        self.system, self.operator, self.voices, self.company_id = system, operator, voices, company_id
        self.contracts = [Contract() for _ in range(contracts)]
        self.steps: list[Step] = []

    async def settle(self) -> None:
        """Wait until all that follows has happened."""
        await self.operator.settle(_ACTORS, _LONGEST_SECONDS)

    def at(self, day: date, hour: int = 8) -> None:
        """It is now that hour."""
        self.voices.now = self.operator.now = datetime(day.year, day.month, day.day, hour, tzinfo=UTC)

    async def timed(self, name: str, doing: Awaitable[None]) -> None:
        """Do it, wait for what follows, and keep what it took."""
        step = Step(name)
        before, started = processor_seconds(self.system), perf_counter()
        watching = asyncio.create_task(_watch(self.system, step))
        try:
            await doing
            await self.settle()
        finally:
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching
        step.seconds, step.processors = perf_counter() - started, used_since(before, self.system)
        self.steps.append(step)

    async def count(self, actor: str, query: str) -> Any:
        """The answer of a query in an actor's database."""
        connection = await asyncpg.connect(self.system.installation.owner_url(actor))
        try:
            await connection.execute(f"set app.organisation_id = '{self.system.organisation_id}'")
            return await connection.fetchrow(query)
        finally:
            await connection.close()


async def run(contracts: int = 10_000) -> None:
    """Measure and print; raises when a contract was not planned, invoiced or debited."""
    async with _month(contracts) as month:
        bank_details = await _prepare(month)
        await month.timed("signed: mandate, schedule, instalments", _sign(month, bank_details))
        await _open(month)
        month.at(_STARTS, 9)
        await month.timed("billed: invoice, Factur-X, archive", _bill(month))
        month.at(_PRESENTED, 5)
        await month.timed("debited: payments, batch, pain.008", month.operator.tick("hour", month.operator.now))
        (planned,) = await month.count("payments", _PLANNED)
        (invoiced,) = await month.count("factures", _INVOICED)
        debited, size = await month.count("payments", _IN_FILES)
        if (planned, invoiced, debited) != (contracts,) * 3:
            raise RuntimeError(
                f"of {contracts} contracts {planned} are planned, {invoiced} invoiced, {debited} debited"
            )
        _show(month, size)


@asynccontextmanager
async def _month(contracts: int) -> AsyncIterator[Month]:
    async with (
        system_of(_ACTORS, voices=["clients", "contrats"], simulated_time=True) as system,
        voices_of(system, ["clients", "contrats"]) as voices,
    ):
        operator = await system.client()
        try:
            company_id = (await operator.call(ListCompanies())).items[0].company_id
            yield Month(system, operator, voices, company_id, contracts)
        finally:
            await operator.close()


async def _watch(system: RunningSystem, step: Step) -> None:
    """The most memory that each actor and its workers held at once."""
    while True:
        for part, held in memory(system).items():
            step.peaks[part] = max(step.peaks.get(part, 0.0), held)
        await asyncio.sleep(1)


# -- what happens ----------------------------------------------------------------------------------------------------


async def _prepare(month: Month) -> dict[UUID, UUID]:
    """The company's account, the clients and their accounts; the ids of these by client."""
    month.at(_SIGNED)
    profile = BankProfile(transport=Transport.SIMULATOR)
    account = {"iban": _CREDITOR_IBAN, "bic": "PSSTFRPPPAR", "holder_name": "Bench", "creditor_identifier": _CREDITOR}
    await month.operator.call(
        CreateCreditorAccount.model_validate(account | {"company_id": month.company_id, "bank_profile": profile})
    )
    await month.operator.call(
        UpdateInvoicingSettings(company_id=month.company_id, iban=_IBAN, account_name="Bench SARL")
    )
    await month.voices.state(_client(month, contract) for contract in month.contracts)
    await month.settle()
    found: dict[UUID, UUID] = {}
    waiting = iter(month.contracts)

    async def ask() -> None:
        for contract in waiting:
            order = CreateBankDetails(client_id=contract.client_id, iban=_IBAN, holder_name="Zoé Martin")
            found[contract.client_id] = (await month.operator.call(order)).bank_details_id

    await asyncio.gather(*(ask() for _ in range(_REQUESTS_AT_ONCE)))
    await month.settle()
    return found


async def _sign(month: Month, bank_details: dict[UUID, UUID]) -> None:
    await month.voices.state(
        (_signed(month, contract, bank_details[contract.client_id]) for contract in month.contracts), version=1
    )


async def _open(month: Month) -> None:
    """Quality approved, collection unlocked, contract active."""
    review = {"review_id": new_id(), "reviewer_id": new_id(), "approved_on": _STARTS}
    steps: tuple[Any, ...] = (
        lambda found: ContractQualityApproved.model_validate(_snapshot(month, found, "SIGNED") | review),
        lambda found: ContractCollectionUnlocked(contract_id=found.contract_id, not_before=_STARTS),
        lambda found: ContractActivated.model_validate(_snapshot(month, found, "ACTIVE") | {"operation_id": new_id()}),
    )
    for version, step in enumerate(steps, 2):
        await month.voices.state((step(contract) for contract in month.contracts), version=version)
    await month.settle()


async def _bill(month: Month) -> None:
    await month.voices.state((_order(month, contract) for contract in month.contracts), version=5)


# -- facts -----------------------------------------------------------------------------------------------------------


def _client(month: Month, contract: Contract) -> ClientCreated:
    return ClientCreated.model_validate(
        {
            "client_id": contract.client_id, "client_code": "CLI-000001", "kind": "CONSUMER", "type": "INDIVIDUAL",
            "display_name": "Zoé Martin", "language": "fr", "status_code": "ACTIVE", "status_category": "ACTIVE",
            "record_state": "LIVE", "company_id": month.company_id, "source": "WEB", "vat_status": "CONSUMER",
            "primary_email": "zoe@bench.example",
            "billing_address": Address(street="2 rue Y", postal_code="69001", city="Lyon"),
        }
    )  # fmt: skip


def _snapshot(month: Month, contract: Contract, status: str) -> dict[str, Any]:
    return {
        "contract_id": contract.contract_id, "reference": "CTR-1", "version_no": 1, "type": "SUBSCRIPTION",
        "legal_regime": "CONSUMER_STANDARD", "status": status, "quality_status": "PENDING", "client_id": contract.client_id,
        "client_kind": "CONSUMER", "company_id": month.company_id, "sales_rep_id": new_id(), "sales_channel": "IN_STORE",
        "starts_on": _STARTS, "effective_on": _STARTS, "term_kind": "OPEN_ENDED", "currency": "EUR",
        "billing_frequency": "MONTHLY", "billing_mode": "ADVANCE", "payment_method": "SEPA_DIRECT_DEBIT",
        "payment_terms_days": 0, "recurring_net": Money.of("20.75"), "recurring_gross": Money.of("24.90"),
        "mrr": Money.of("20.75"), "arr": Money.of("249.00"),
    }  # fmt: skip


def _signed(month: Month, contract: Contract, bank_details_id: UUID) -> ContractSigned:
    proof = {"document_id": new_id(), "signed_at": month.voices.now, "evidence_id": new_id()}
    signature = {
        "signed_at": month.voices.now, "concluded_on": _SIGNED, "evidence_id": new_id(),
        "signature_evidence_document_id": new_id(), "total_contract_value": Money.of("300.00"),
        "withdrawal_applicable": False, "early_performance_requested": False, "mandate_scheme": "SEPA_CORE",
        "bank_details_id": bank_details_id, "mandate_consent": proof, "preferred_debit_day": 5,
    }  # fmt: skip
    return ContractSigned.model_validate(_snapshot(month, contract, "SIGNED") | signature)


def _order(month: Month, contract: Contract) -> ContractBillingDue:
    billed = instalment(
        instalment_line("20.75"), period_start=_STARTS, period_end=date(2026, 5, 9), bill_on=_STARTS, due_on=_STARTS
    )
    return ContractBillingDue.model_validate(
        {
            "contract_id": contract.contract_id, "reference": "CTR-1", "client_id": contract.client_id,
            "company_id": month.company_id, "sales_rep_id": new_id(), "instalments": (billed,), "adjustments": (),
            "net_total": billed.net_total, "vat_total": Money.of("4.15"), "gross_total": Money.of("24.90"),
            "due_on": _STARTS, "billing_address_id": new_id(), "payment_method": "SEPA_DIRECT_DEBIT", "payment_terms_days": 0,
        }
    )  # fmt: skip


def _show(month: Month, size: int) -> None:
    many = len(month.contracts)
    table = Table(f"a month of {many:,} contracts", "wall time", "processor time", "of each", "most memory, MiB")
    for step in month.steps:
        used = sum(step.processors.values())
        largest = sorted(((held, part) for part, held in step.peaks.items() if part not in ("PostgreSQL", "NATS")))[-3:]
        peaks = ", ".join(f"{part} {held:.0f}" for held, part in reversed(largest))
        table.add_row(step.name, f"{step.seconds:.0f} s", f"{used:.0f} s", f"{used / many * 1000:.1f} ms", peaks)
    total = sum(step.seconds for step in month.steps)
    table.add_row("together", f"{total:.0f} s", "", "", f"pain.008: {size / 2**20:.1f} MiB")
    Console(width=150).print(table)
