"""clients: the accounts of an imported file reach payments, once each, and are kept nowhere else."""

import logging
from uuid import UUID

import asyncpg
import pytest

from messages.clients import GetImport, ImportJob, ListBankRefs
from messages.payments import BankDetails, ListBankDetails
from tests.actors.clients.test_imports import committed, created, rows_of, validated
from tests.harness import Running, Tenant, eventually

IBANS = ("FR7630006000011234567890189", "DE89370400440532013000")
SPACED = "FR14 2004 1010 0505 0001 3M02 606"
FILE = f"""Nom;Prenom;Email;IBAN;BIC
Martin;Luc;l@x.fr;{IBANS[0]};
Braun;Eva;e@x.fr;{IBANS[1]};COBADEFF
Roux;Ana;nobody;{SPACED};
Petit;Zoe;z@x.fr;FR7630006000011234567890188;
"""


async def account_of(tenant: Tenant, job: ImportJob, line: int) -> list[BankDetails]:
    """What payments has of a row."""
    found = await tenant.client.call(ListBankDetails(external_id=f"import:{job.id}:{line}"))
    return list(found.items)


async def outcomes(tenant: Tenant, job: ImportJob) -> dict[int, str]:
    """What became of every row."""
    return {line: row.outcome for line, row in (await rows_of(tenant, job)).items()}


async def test_case_25_accounts_wait_for_payments_and_are_kept_nowhere_else(
    running: Running, tenant: Tenant, other_tenant: Tenant, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    job = await validated(tenant, await created(tenant, FILE))
    assert await outcomes(tenant, job) == {2: "PENDING", 3: "PENDING", 4: "INVALID", 5: "INVALID"}
    assert [(await rows_of(tenant, job))[5].errors[0].code] == ["IBAN_INVALID"]
    await running.stop_actor("payments")
    try:
        done = await committed(tenant, job)
        assert (done.counters.created, done.counters.invalid, done.counters.pending_bank) == (2, 2, 2)
        assert (await outcomes(tenant, job))[2] == "PENDING_BANK"
    finally:
        await running.start_actor("payments")

    async def taken() -> bool:
        return (await tenant.client.call(GetImport(job_id=job.id))).counters.pending_bank == 0

    assert await eventually(taken, 30)
    assert await outcomes(tenant, job) == {2: "CREATED", 3: "CREATED", 4: "INVALID", 5: "INVALID"}
    await running.settled()
    for line, masked in ((2, "FR76 **** **** 0189"), (3, "DE89 **** **** 3000")):
        (found,) = await account_of(tenant, job, line)
        client_id = (await rows_of(tenant, job))[line].client_id
        assert (found.client_id, found.iban_masked) == (client_id, masked)
        assert isinstance(client_id, UUID)
        (known,) = (await tenant.client.call(ListBankRefs(client_id=client_id))).items
        assert known.iban_masked == masked
    assert await account_of(other_tenant, job, 2) == []
    await _is_nowhere(running, tenant, IBANS[0], caplog)
    await _is_nowhere(running, tenant, SPACED.replace(" ", ""), caplog)


async def _is_nowhere(running: Running, tenant: Tenant, iban: str, caplog: pytest.LogCaptureFixture) -> None:
    """Neither in this actor's tables, nor in a log, nor in a fact."""
    connection = await asyncpg.connect(running.database("clients"))
    try:
        for row in await connection.fetch("select tablename from pg_tables where schemaname = 'public'"):
            dump = f"select count(*) from {row['tablename']} as kept where replace(kept::text, ' ', '') like '%' || $1 || '%'"
            assert await connection.fetchval(dump, iban[4:20]) == 0, row["tablename"]
    finally:
        await connection.close()
    assert iban[4:20] not in caplog.text.replace(" ", "")
    for _, body in await running.events("*.*", tenant.id):
        assert iban[4:20] not in str(body).replace(" ", "")
