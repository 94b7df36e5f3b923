"""Prices that follow an index: from the base, to the cent, told in time, and once per revision."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from actors.contrats.rules.indexation import index_period, next_revision, ratio_of, revised_price, warnings_of
from messages.contrats.indexation import (
    GetIndexationRun,
    IndexationClause,
    ListIndexValues,
    RunIndexation,
    SetIndexation,
    UpsertIndexValue,
)
from tests.actors.contrats.builders import Sale, at
from tests.actors.contrats.test_drafting import refused
from tests.harness import Running, Tenant

SYNTEC: dict[str, Any] = {
    "index_code": "SYNTEC",
    "base_value": Decimal("300.4"),
    "formula": "FULL",
    "fixed_share": Decimal(0),
}
SIGNED = at(date(2025, 2, 10))


@pytest.mark.parametrize(
    ("value", "changes", "cap", "price"),
    [
        ("313.3", {}, None, "125.15"),
        ("313.3", {"formula": "FIXED_SHARE", "fixed_share": Decimal("0.15")}, None, "124.38"),
        ("313.3", {}, Decimal(3), "123.60"),
        ("295.1", {}, None, "117.88"),
    ],
)
def test_case_15_the_price_follows_its_index(
    value: str, changes: dict[str, Any], cap: Decimal | None, price: str
) -> None:
    base = Decimal("120.00")
    assert revised_price(base, ratio_of(SYNTEC | changes, Decimal(value)), base, cap, None) == Decimal(price)


def test_case_15_the_second_revision_starts_from_the_base_again() -> None:
    base = Decimal("49.99")
    first = revised_price(base, ratio_of(SYNTEC, Decimal("313.3")), base, None, None)
    assert revised_price(base, ratio_of(SYNTEC, Decimal("321.7")), first, None, None) == Decimal("53.53")


def test_a_fixed_percentage_compounds_once_per_revision() -> None:
    clause = {"index_code": "FIXED_PERCENT", "annual_rate": Decimal("0.02"), "revisions": 1}
    assert revised_price(Decimal("100.00"), ratio_of(clause, None), Decimal("102.00"), None, None) == Decimal("104.04")


@given(st.decimals("0.5", "2", places=4), st.decimals(0, 10, places=2), st.decimals(-10, 0, places=2))
def test_a_price_stays_between_floor_and_cap(ratio: Decimal, cap: Decimal, floor: Decimal) -> None:
    previous = Decimal("100.00")
    price = revised_price(previous, ratio, previous, cap, floor)
    assert previous * (1 + floor / 100) - Decimal("0.01") <= price <= previous * (1 + cap / 100) + Decimal("0.01")


def test_which_value_counts_and_when() -> None:
    assert index_period("SYNTEC", date(2026, 3, 1), 2) == "2026-01"
    assert index_period("ILC", date(2026, 2, 1), 3) == "2025-Q4"
    assert next_revision(date(2025, 3, 1), "ANNIVERSARY", 12, date(2026, 3, 1)) == date(2027, 3, 1)
    assert next_revision(date(2025, 3, 15), "JANUARY", 12, date(2025, 4, 1)) == date(2026, 1, 1)
    assert warnings_of(None, Decimal(0)) == ("upward-only clause, unenforceable risk",)
    assert warnings_of(Decimal(3), Decimal(-3)) == ()


@pytest.fixture
async def sale(running: Running, tenant: Tenant) -> Sale:
    """120.00 a month for a consumer since 1 March 2025, and the indices of the clause's base."""
    sale = await Sale(running, tenant, now=SIGNED).prepare()
    terms = {"starts_on": date(2025, 3, 1), "type": "SUBSCRIPTION"}
    await sale.draft(terms=terms, lines=(sale.line("120.00", provider_code=None),))
    await sale.sign(SIGNED)
    await sale.approve(SIGNED + timedelta(hours=1))
    await sale.activate_mandate(SIGNED + timedelta(hours=2))
    await sale.day(date(2025, 2, 25))
    await sale.day(date(2025, 3, 1))
    sale.at(at(date(2025, 3, 1)))
    return sale


async def clause(sale: Sale, **changes: Any) -> IndexationClause:
    """SYNTEC, value of January, revised each March."""
    fields = {"index_code": "SYNTEC", "base_period": "2025-01", "base_value": "300.4", "reference_lag_months": 2}
    version = (await sale.contract()).version
    request = {"contract_id": sale.contract_id, "expected_version": version, "clause": fields | changes}
    return await sale.tenant.client.call(SetIndexation.model_validate(request))


async def published(sale: Sale, *, provisional: bool = False) -> None:
    value = UpsertIndexValue(
        code="SYNTEC", period="2026-01", value="313.3", published_on=date(2026, 1, 20), provisional=provisional
    )
    await sale.tenant.client.call(value)


async def test_a_revision_is_proposed_confirmed_and_made_once(sale: Sale, tenant: Tenant, other_tenant: Tenant) -> None:
    agreed = await clause(sale)
    assert (agreed.next_revision_on, agreed.warnings) == (date(2026, 3, 1), ())
    await published(sale)
    ((_, saved),) = await sale.running.events("price_index.saved", tenant.id)
    assert (saved["code"], saved["period"], saved["value"]) == ("SYNTEC", "2026-01", "313.3")
    sale.at(at(date(2026, 1, 30)))
    run = await tenant.client.call(RunIndexation(revision_date=date(2026, 3, 1)))
    (item,) = run.items
    assert (str(item.new_price), item.index_period, item.status) == ("125.15 EUR", "2026-01", "PROPOSED")
    assert str((await sale.contract()).mrr) == "120.00 EUR"
    assert await refused(other_tenant.client.call(GetIndexationRun(run_id=run.id))) == "INDEXATION_RUN_NOT_FOUND"
    for _ in range(2):
        assert (await tenant.client.call(RunIndexation(run_id=run.id))).status == "CONFIRMED"
    await sale.running.settled()
    assert str((await sale.contract()).mrr) == "125.15 EUR"
    ((_, indexed),) = await sale.stated("contract.price_indexed")
    assert (indexed["items"][0]["new"]["amount"], indexed["exit_right_until"]) == ("125.15", "2026-03-01")
    assert (indexed["notified_on"], indexed["version_no"]) == ("2026-01-30", 2)
    done = await tenant.client.call(GetIndexationRun(run_id=run.id))
    assert [row.status for row in done.items] == ["APPLIED"]
    rival = await tenant.client.call(RunIndexation(revision_date=date(2026, 3, 1)))
    assert rival.items == ()  # the clause has moved on to 2027


async def test_a_provisional_value_is_not_used(sale: Sale, tenant: Tenant) -> None:
    await clause(sale)
    await published(sale, provisional=True)
    sale.at(at(date(2026, 1, 30)))
    run = await tenant.client.call(RunIndexation(revision_date=date(2026, 3, 1)))
    assert [(row.status, row.skipped_reason) for row in run.items] == [("SKIPPED", "INDEX_PROVISIONAL")]
    assert await refused(tenant.client.call(RunIndexation(run_id=run.id))) == "INDEX_PROVISIONAL"
    await published(sale)
    again = await tenant.client.call(RunIndexation(revision_date=date(2026, 3, 1)))
    assert [row.status for row in again.items] == ["PROPOSED"]
    values = (await tenant.client.call(ListIndexValues(code="SYNTEC"))).items
    assert [(value.period, value.provisional) for value in values] == [("2026-01", False)]


async def test_a_consumer_told_too_late_keeps_his_price(sale: Sale, tenant: Tenant) -> None:
    await clause(sale)
    await published(sale)
    sale.at(at(date(2026, 2, 2)))
    run = await tenant.client.call(RunIndexation(revision_date=date(2026, 3, 1)))
    assert [row.skipped_reason for row in run.items] == ["NOTICE_TOO_SHORT"]


async def test_the_clock_proposes_once_ahead_of_the_notice(sale: Sale, tenant: Tenant) -> None:
    await clause(sale, notice_days=45)
    await published(sale)
    await sale.day(date(2026, 1, 15))
    await sale.day(date(2026, 1, 16))
    connection = await asyncpg.connect(sale.running.database("contrats"))
    try:
        await connection.execute(f"set app.organisation_id = '{tenant.id}'")
        runs = await connection.fetch("select id from indexation_run where organisation_id = $1", tenant.id)
    finally:
        await connection.close()
    (run,) = [await tenant.client.call(GetIndexationRun(run_id=row["id"])) for row in runs]
    assert (run.revision_date, run.status, [str(item.new_price) for item in run.items]) == (
        date(2026, 3, 1), "PROPOSED", ["125.15 EUR"],
    )  # fmt: skip
    assert str((await sale.contract()).mrr) == "120.00 EUR"
    assert await sale.stated("contract.price_indexed") == []


async def test_a_general_index_is_forbidden(sale: Sale, tenant: Tenant) -> None:
    assert await refused(clause(sale, index_code="CONSUMER_PRICES")) == "GENERAL_INDEX_FORBIDDEN"
    with pytest.raises(ValidationError, match="annual_rate goes with FIXED_PERCENT"):
        await clause(sale, annual_rate="0.02")
