"""How clients answers with 200,000 of them: search, every list, and the import of a large file."""

import asyncio
import contextlib
from statistics import median
from time import perf_counter
from typing import Any
from uuid import UUID

import asyncpg
import psutil
from rich.console import Console
from rich.table import Table

from benchmarks.setting import system_of
from messages.base import Request
from messages.clients import (
    ClientSort,
    ClientType,
    DictionaryKind,
    ListAddresses,
    ListBankRefs,
    ListClients,
    ListClientTimeline,
    ListConsents,
    ListContactPersons,
    ListDictionary,
    ListDuplicateCandidates,
    ListImportRows,
    ListImports,
    ListMergeOperations,
    ListPaymentTerms,
    ListStatusHistory,
    SearchClients,
    StatusCategory,
)
from runtime.client import Client
from runtime.running_system import RunningSystem
from tests.actors.clients.import_speed import import_seconds

_CLIENTS = 200_000
_IMPORTED = 50_000
_ROUNDS = 15
_QUERIES = (
    *("jean martin", "marie", "lefevre", "martin 0612", "bernard sophie"),
    *("durand marie", "0612007919", "CLI-FILL-77777"),
)
"""Two very common names, one alone, one misspelt, a name with the beginning of a number, a whole number, a code."""
_MEBIBYTE = 1024 * 1024

# The k-th most common of forty given and sixty family names has a share of 1/(k + 3), as names are spread in France; four
# families of five have a name that few others share.
_FILL = """
with chance as (
    select n, (hashint8extended(n, 1) & 2147483647) / 2147483648.0 as given, n % 5 = 0 as common,
        (hashint8extended(n, 2) & 2147483647) / 2147483648.0 as family, (hashint8extended(n, 3) & 2147483647) as any_number
    from generate_series($2::int, $3::int) as n
), who as (
    select n, any_number, ($4::text[])[1 + width_bucket(given, $5::float8[])] as given,
        case when common then ($6::text[])[1 + width_bucket(family, $7::float8[])]
             else upper(translate(md5((n / 3)::text), '0123456789', 'aeiouyrstl')) end as family
    from chance
), made as (
    insert into client (id, organisation_id, created_at, created_by, updated_at, updated_by, client_code, type, given_name,
        family_name, display_name, search_name, language, status_code, status_category, record_state, company_id, source,
        vat_status, primary_email, primary_phone, city)
    select gen_random_uuid(), $1, now() - n * interval '1 second', 'benchmark', now(), 'benchmark', 'CLI-FILL-' || n,
        'INDIVIDUAL', given, family, given || ' ' || left(family, 12), given || ' ' || left(family, 12), 'fr', 'PROSPECT',
        case when n % 4 = 0 then 'ACTIVE' else 'PROSPECT' end, 'LIVE', $8, 'IMPORT', 'CONSUMER', 'c' || n || '@example.fr',
        '+336' || lpad((n::bigint * 7919 % 100000000)::text, 8, '0'), 'Ville ' || any_number % 500
    from who returning id, primary_phone, primary_email
)
insert into contact_point (id, organisation_id, client_id, kind, value, normalized, hash, is_primary, created_at)
select gen_random_uuid(), $1, id, 'PHONE', primary_phone, primary_phone, md5(primary_phone), true, now() from made
union all
select gen_random_uuid(), $1, id, 'EMAIL', primary_email, primary_email, md5(primary_email), true, now() from made
"""
# Every client has a bill; one of sixty is late.
_BILLS = """
insert into invoice_ref (organisation_id, invoice_id, client_id, gross, credited, currency, issued_on, due_on, late_from,
    settled, rejected)
select $1, gen_random_uuid(), id, 59.88, 0, 'EUR', current_date - 60, current_date - 30, current_date - 29,
    row_number() over (order by id) % 60 > 0, false from client where organisation_id = $1
"""
_GIVEN = (
    *("MARIE", "JEAN", "PIERRE", "NATHALIE", "ISABELLE", "MICHEL", "SYLVIE", "ANDRE", "CATHERINE", "PHILIPPE"),
    *("ALAIN", "CHRISTINE", "SOPHIE", "NICOLAS", "VALERIE", "LAURENT", "SANDRINE", "CHRISTOPHE", "THOMAS", "PATRICK"),
    *("JULIEN", "CLAIRE", "HUGO", "EMMA", "LUCAS", "LEA", "MANON", "CAMILLE", "PAUL", "LOUIS"),
    *("CHLOE", "GABRIEL", "RAPHAEL", "ALICE", "JULES", "JEANNE", "ANNE", "LUC", "DENIS", "HELENE"),
)
_FAMILY = (
    *("MARTIN", "BERNARD", "THOMAS", "PETIT", "ROBERT", "RICHARD", "DURAND", "DUBOIS", "MOREAU", "LAURENT"),
    *("SIMON", "MICHEL", "LEFEBVRE", "LEROY", "ROUX", "DAVID", "BERTRAND", "MOREL", "FOURNIER", "GIRARD"),
    *("BONNET", "DUPONT", "LAMBERT", "FONTAINE", "ROUSSEAU", "VINCENT", "MULLER", "LEFEVRE", "FAURE", "ANDRE"),
    *("MERCIER", "BLANC", "GUERIN", "BOYER", "GARNIER", "CHEVALIER", "FRANCOIS", "LEGRAND", "GAUTHIER", "GARCIA"),
    *("PERRIN", "ROBIN", "CLEMENT", "MORIN", "NICOLAS", "HENRY", "ROUSSEL", "MATHIEU", "GAUTIER", "MASSON"),
    *("MARCHAND", "DUVAL", "DENIS", "DUMONT", "MARIE", "LEMAIRE", "NOEL", "MEYER", "DUFOUR", "MEUNIER"),
)
_AT_ONCE = 20_000


async def run() -> None:
    """Fill, measure and print."""
    async with system_of(["identity", "clients", "documents"]) as system:
        client = await system.client()
        try:
            imported, memory = await _import(system, client)
            await _fill(system)
            searches = {query: await _milliseconds(client, SearchClients(query=query)) for query in _QUERIES}
            lists = {name: await _milliseconds(client, request) for name, request in (await _lists(client)).items()}
        finally:
            await client.close()
    table = Table(f"clients, {_CLIENTS:,} of them", "measured", "aim")
    for query, found in searches.items():
        table.add_row(f"search '{query}', p50", f"{found:.1f} ms", "< 30 ms")
    for name, found in lists.items():
        table.add_row(f"{name}, p50", f"{found:.1f} ms", "< 20 ms")
    table.add_row(f"import of {_IMPORTED:,} rows", f"{imported:.0f} s", "< 90 s")
    table.add_row("memory of the actor meanwhile, most", f"{memory / _MEBIBYTE:.0f} MiB", "< 300 MiB")
    Console(width=120).print(table)


async def _import(system: RunningSystem, client: Client) -> tuple[float, int]:
    """Seconds to commit the rows, and the most memory the actor had; the file comes in as many parts as a message can carry."""
    process = psutil.Process(system.supervisor.children["clients"].pid)
    most = 0

    async def watch() -> None:
        nonlocal most
        while True:
            most = max(most, process.memory_info().rss)
            await asyncio.sleep(0.1)

    watching = asyncio.create_task(watch())
    try:
        seconds = await import_seconds(client, _IMPORTED)
    finally:
        watching.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watching
    return seconds, most


async def _fill(system: RunningSystem) -> None:
    """The clients, straight into the database; its triggers index their words."""
    assert system.organisation_id is not None
    connection = await asyncpg.connect(system.installation.owner_url("clients"))
    try:
        await connection.execute("select set_config('app.organisation_id', $1, false)", str(system.organisation_id))
        company_id = await connection.fetchval("select company_id from company_ref")
        names = (_GIVEN, _shares(len(_GIVEN)), _FAMILY, _shares(len(_FAMILY)))
        for first in range(1, _CLIENTS + 1, _AT_ONCE):
            last = first + _AT_ONCE - 1
            await connection.execute(_FILL, system.organisation_id, first, last, *names, company_id, timeout=300)
        await connection.execute(_BILLS, system.organisation_id)
        await connection.execute("vacuum (analyze)", timeout=300)  # what the server's own vacuum does within minutes
    finally:
        await connection.close()


def _shares(count: int) -> list[float]:
    """The upper bounds of all but the last share, between 0 and 1."""
    weights = [1 / (rank + 4) for rank in range(count)]
    return [sum(weights[: rank + 1]) / sum(weights) for rank in range(count - 1)]


async def _milliseconds(client: Client, request: Request[Any]) -> float:
    """The median of some calls; the first warms up and is not counted."""
    found = []
    for _ in range(_ROUNDS + 1):
        started = perf_counter()
        await client.call(request)
        found.append((perf_counter() - started) * 1000)
    return median(found[1:])


async def _lists(client: Client) -> dict[str, Request[Any]]:
    """Every list request of the actor; of clients also with what people filter and sort by most."""
    one: UUID = (await client.call(ListClients(limit=1))).items[0].id
    job: UUID = (await client.call(ListImports(limit=1))).items[0].id
    most = 100
    return {
        "list_clients": ListClients(limit=most),
        "list_clients by name": ListClients(limit=most, sort_by=ClientSort.DISPLAY_NAME, descending=False),
        "list_clients of a status": ListClients(limit=most, status_category=(StatusCategory.ACTIVE,)),
        "list_clients of a kind": ListClients(limit=most, type=(ClientType.INDIVIDUAL,)),
        "list_clients of a city": ListClients(limit=most, city="Ville 7"),
        "list_clients searched": ListClients(limit=most, search="mart jea"),
        "list_clients searched by what many have": ListClients(limit=most, search="ma"),
        "list_clients with a family name": ListClients(limit=most, family_name="Lefebvre"),
        "list_clients with an e-mail": ListClients(limit=most, email="c777@example.fr"),
        "list_clients overdue": ListClients(limit=most, has_overdue=True),
        "list_addresses": ListAddresses(client_id=one, limit=most),
        "list_bank_refs": ListBankRefs(client_id=one),
        "list_consents": ListConsents(client_id=one, limit=most),
        "list_contact_persons": ListContactPersons(client_id=one, limit=most),
        "list_client_timeline": ListClientTimeline(client_id=one, limit=most),
        "list_status_history": ListStatusHistory(client_id=one, limit=most),
        "list_merge_operations": ListMergeOperations(client_id=one, limit=most),
        "list_duplicate_candidates": ListDuplicateCandidates(limit=most),
        "list_payment_terms": ListPaymentTerms(limit=most),
        "list_dictionary": ListDictionary(kind=DictionaryKind.BILLING_PERIOD),
        "list_imports": ListImports(limit=most),
        "list_import_rows": ListImportRows(job_id=job, limit=most),
    }
