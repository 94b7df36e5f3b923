"""Big bank files: a pain.008 of 50,000 debits built and checked, a camt.053 of 50,000 entries imported whole."""

import asyncio
import multiprocessing
import resource
import tempfile
from collections.abc import AsyncIterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from time import perf_counter, process_time
from typing import Any
from uuid import UUID

import asyncpg
import psutil
from rich.console import Console
from rich.table import Table

from actors.payments.bank.answers import Account, Booked, statement
from actors.payments.bank.pain008 import Debit, DebitFile, build
from actors.payments.bank.transport import EXCHANGE_FOLDER_VARIABLE, FROM_BANK
from benchmarks.measure import processor_seconds
from benchmarks.setting import system_of
from messages.payments import BankProfile, CreateCreditorAccount, Transport
from runtime.client import Client
from runtime.running_system import RunningSystem

_MANY = 50_000
_AMOUNT = Decimal("24.90")
_DAY = date(2026, 12, 8)
_IBAN, _CREDITOR_IBAN, _CREDITOR = "FR7630006000011234567890189", "FR1420041010050500013M02606", "FR72ZZZ123456"
_MIB = 2**20

_INSTALMENTS = """
insert into instalment (id, organisation_id, created_at, created_by, updated_at, updated_by, company_id, client_id,
    period_index, period_start, period_end, due_date, original_target_date, planned_debit_date, planned_by, rail, amount,
    paid_amount, currency, status)
select md5('i' || n)::uuid, $1, now(), 'bench', now(), 'bench', $2, md5('c' || n)::uuid, 0, $3, $3, $3, $3, $3, 'CALENDAR',
    'SEPA_CORE', $4, 0, 'EUR', 'IN_COLLECTION' from generate_series(1, $5) n
"""
_PAYMENTS = """
insert into payment (id, organisation_id, created_at, created_by, updated_at, updated_by, reference, company_id, client_id,
    instalment_id, creditor_account_id, type, method, provider, attempt_no, amount, currency, refunded_amount,
    charged_back_amount, allocated_amount, instalment_amount, status, business_date, requested_collection_date,
    idempotency_key, end_to_end_id)
select md5('p' || n)::uuid, $1, now(), 'bench', now(), 'bench', 'PAY-' || n, $2, md5('c' || n)::uuid, md5('i' || n)::uuid, $6,
    'EMISSION', 'SEPA_CORE', 'BANK_SEPA', 1, $4, 'EUR', 0, 0, 0, 0, 'SUBMITTED', $3, $3, 'bench ' || n,
    upper(replace(md5('e' || n)::uuid::text, '-', '')) from generate_series(1, $5) n
"""
_REFERENCES = "select end_to_end_id from payment where organisation_id = $1 order by id"
_PROGRESS = """
select m.status, m.matched, m.unmatched,
    exists (select from work_item where status not in ('DONE', 'FAILED')) or exists (select from outbox_message
    where sent_at is null) as busy
from bank_message m where m.organisation_id = $1
"""


@dataclass(frozen=True, slots=True)
class Spent:
    """Wall time, processor time of everything that took part, and the most memory that was held at once."""

    seconds: float
    processor_seconds: float
    mebibytes: float


async def run() -> None:
    """Measure and print."""
    table = Table(f"bank files of {_MANY:,} debits", "wall time", "processor time", "peak memory", "aim")
    built = await asyncio.to_thread(_built)
    table.add_row("pain.008 built and checked against the ISO schema", *_shown(built), "< 20 s")
    imported = await _imported()
    table.add_row("camt.053 imported: read, matched, booked, told", *_shown(imported), "< 60 s")
    Console(width=120).print(table)


def _shown(spent: Spent) -> tuple[str, str, str]:
    return f"{spent.seconds:.1f} s", f"{spent.processor_seconds:.1f} s", f"{spent.mebibytes:,.0f} MiB"


def _built() -> Spent:
    """A process of its own, as the actor has for big files: its peak is the file's."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_build).result()


def _build() -> Spent:
    debits = tuple(
        Debit(
            f"P{n:031}",
            _AMOUNT,
            "RCUR",
            _DAY,
            f"RUM{n}",
            date(2026, 11, 1),
            "Elodie Martin",
            _IBAN,
            None,
            f"Facture {n}",
        )
        for n in range(_MANY)
    )
    created = datetime(2026, 12, 4, 5, tzinfo=UTC)
    file = DebitFile("B" * 32, created, "CORE", "Bench", _CREDITOR, _CREDITOR_IBAN, "PSSTFRPPPAR", True, debits)
    started, used = perf_counter(), process_time()
    build(file)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Spent(perf_counter() - started, process_time() - used, peak)


# -- import --------------------------------------------------------------------------------------------------------


async def _imported() -> Spent:
    """From the file's arrival in the exchange folder to the last fact published; what waits for the minute is left out."""
    with tempfile.TemporaryDirectory(prefix="crm-bench-") as folder:
        exchange = {"payments": {EXCHANGE_FOLDER_VARIABLE: folder}}
        async with system_of(["identity", "payments"], environment=exchange) as system, _database(system) as database:
            await _fill(system, database)
            await _hand_over(system, database, Path(folder))
            return await _followed(system, database)


@asynccontextmanager
async def _database(system: RunningSystem) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(system.installation.owner_url("payments"))
    try:
        await connection.execute(f"set app.organisation_id = '{system.organisation_id}'")
        yield connection
    finally:
        await connection.close()


async def _fill(system: RunningSystem, database: Any) -> None:
    """Submitted debits, as a day's emission leaves them."""
    client = await system.client()
    try:
        company_id = await database.fetchval("select company_id from company_view limit 1")
        account_id = await _account(client, company_id)
    finally:
        await client.close()
    facts = (system.organisation_id, company_id, _DAY, _AMOUNT, _MANY)
    await database.execute(_INSTALMENTS, *facts)
    await database.execute(_PAYMENTS, *facts, account_id)
    await database.execute("analyze instalment")
    await database.execute("analyze payment")


async def _account(client: Client, company_id: UUID) -> UUID:
    profile = BankProfile(transport=Transport.SIMULATOR)
    order = CreateCreditorAccount(
        company_id=company_id,
        iban=_CREDITOR_IBAN,
        bic="PSSTFRPPPAR",
        holder_name="Bench",
        creditor_identifier=_CREDITOR,
        bank_profile=profile,
    )
    return (await client.call(order)).id


async def _hand_over(system: RunningSystem, database: Any, folder: Path) -> None:
    """The bank's statement, one entry per debit, into the exchange folder."""
    rows = await database.fetch(_REFERENCES, system.organisation_id)
    booked = [Booked(row[0], "", "RUM", "Elodie Martin", _AMOUNT, "CORE") for row in rows]
    content, _ = statement(Account(_CREDITOR_IBAN), _DAY, 1, Decimal(0), {"": booked}, [], single_entries=True)
    target = folder / str(system.organisation_id) / FROM_BANK
    target.mkdir(parents=True, exist_ok=True)
    (target / "statement.part").write_bytes(content)
    (target / "statement.part").replace(target / "statement.xml")


async def _followed(system: RunningSystem, database: Any) -> Spent:
    pid = system.supervisor.children["payments"].pid
    started, used, peak = None, 0.0, 0.0
    async with asyncio.timeout(900):
        while True:
            row = await database.fetchrow(_PROGRESS, system.organisation_id)
            if row is not None and started is None:
                started, used = perf_counter(), processor_seconds(_processes(system, pid))
            if started is not None:
                peak = max(peak, _memory(pid))
                if row["status"] != "RECEIVED" and not row["busy"]:
                    break
            await asyncio.sleep(0.1)
    if row["matched"] != _MANY:
        raise RuntimeError(f"{row['matched']} of {_MANY} entries were matched")
    return Spent(perf_counter() - started, processor_seconds(_processes(system, pid)) - used, peak)


def _processes(system: RunningSystem, pid: int | None) -> list[psutil.Process]:
    """The actor, the process it reads big files in, PostgreSQL and NATS."""
    roots = (psutil.Process(pid), system.installation.postgres.process(), system.installation.nats.process())
    return [process for root in roots if root is not None for process in (root, *root.children(recursive=True))]


def _memory(pid: int | None) -> float:
    """Resident memory of the actor and of the process it reads big files in."""
    actor = psutil.Process(pid)
    return float(sum(process.memory_info().rss for process in (actor, *actor.children(recursive=True)))) / _MIB


def main() -> None:
    """Measure this part alone."""
    asyncio.run(run())


if __name__ == "__main__":
    main()
