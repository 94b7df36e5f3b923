"""payments: the file of a year begins with what the years before left, balanced and without their revenue."""

import base64
from datetime import date
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from actors.payments.rules.ledger import Balance, FecLine, opening_lines
from messages.payments import CreateExportJob, DownloadExport, GetExportJob
from tests.actors.payments.builders import at, creditor_account, invoice_issued
from tests.actors.payments.fec_checker import findings, lines_of
from tests.actors.payments.steps import STARTS, subscriber
from tests.actors.payments.test_recovery import paid
from tests.harness import Running, Tenant, eventually

NEW_YEAR = date(2027, 1, 1)
ACCOUNTS = st.sampled_from(("411000", "419100", "445710", "512000", "627800", "654000", "706100"))
AMOUNTS = st.integers(-1_000_000, 1_000_000).map(lambda cents: Decimal(cents).scaleb(-2))


def sides(lines: list[FecLine], account: str) -> Decimal:
    return sum((line.debit - line.credit for line in lines if line.account == account), Decimal("0.00"))


@given(st.lists(st.builds(Balance, ACCOUNTS, AMOUNTS), max_size=12))
def test_books_that_balance_open_a_year_that_balances(balances: list[Balance]) -> None:
    rest = -sum((found.amount for found in balances), Decimal("0.00"))
    lines = opening_lines([*balances, Balance("471000", rest)], NEW_YEAR)
    assert sum((line.debit - line.credit for line in lines), Decimal("0.00")) == 0
    assert all((line.debit > 0) != (line.credit > 0) for line in lines)
    assert not [line for line in lines if line.account[0] in "67"]
    result = sum((found.amount for found in balances if found.account[0] in "67"), Decimal("0.00"))
    assert sides(lines, "120000") == min(result, Decimal("0.00"))
    assert sides(lines, "129000") == max(result, Decimal("0.00"))


async def exported(tenant: Tenant, year: int) -> bytes:
    order = CreateExportJob(company_id=tenant.company_id, period_from=date(year, 1, 1), period_to=date(year, 12, 31))
    job = await tenant.client.call(order)

    async def done() -> Any:
        return (await tenant.client.call(GetExportJob(job_id=job.id))).status == "DONE"

    await eventually(done)
    return base64.b64decode((await tenant.client.call(DownloadExport(job_id=job.id))).content)


async def test_the_second_year_opens_with_the_balances_of_the_first(
    running: Running, tenant: Tenant, other_tenant: Tenant
) -> None:
    await creditor_account(tenant)
    found = await subscriber(running, tenant)
    await running.state(invoice_issued(found, "24.90", STARTS), tenant.id, now=at(STARTS))
    await running.settled()
    await paid(tenant, found, "10.00", date(2026, 5, 11))
    for hour in (1, 2):
        await running.tick("hour", at(date(2026, 5, 12), hour))
    tenant.client.now = other_tenant.client.now = at(date(2027, 1, 4))
    first = lines_of(await exported(tenant, 2026))
    assert {line["JournalCode"] for line in first} == {"VT", "BAN"}
    content = await exported(tenant, 2027)
    assert findings(content) == []
    opening = {
        line["CompteNum"]: (line["Debit"], line["Credit"], line["CompAuxLib"], line["EcritureNum"])
        for line in lines_of(content)
        if line["JournalCode"] == "AN"
    }
    assert opening == {
        "120000": ("0,00", "20,75", "", "000001"),
        "411000": ("14,90", "0,00", found.name, "000001"),
        "445710": ("0,00", "4,15", "", "000001"),
        "512000": ("10,00", "0,00", "", "000001"),
    }
    assert len(lines_of(await exported(other_tenant, 2027))) == 0
