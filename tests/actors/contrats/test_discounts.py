"""contrats: a discount for the first periods of a contract."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from pydantic import ValidationError

from actors.contrats.rules.amounts import amounts_of
from actors.contrats.rules.billing_periods import discount_is_over, plan, price_between
from actors.contrats.rules.termination import remaining
from messages.contrats import GetBillingSchedule
from messages.contrats.amendments import AddLine
from messages.contrats.drafts import LineDraft
from tests.actors.contrats.builders import Sale, at
from tests.actors.contrats.test_amounts import NIL, agreement, line
from tests.actors.contrats.test_services import amend
from tests.harness import Running, Tenant

START = date(2026, 4, 1)
HALF_FOR_TWO = {"discount_pct": "50.00", "discount_periods": 2}
PROMOTED = line("14.95", unit_price_net=Decimal("29.90"), discount_pct=Decimal(50), discount_periods=2)


def test_only_the_first_periods_are_discounted() -> None:
    rows = plan(agreement(START), [PROMOTED], date(2026, 7, 1), None)
    assert [str(row["net_total"]) for row in rows] == ["14.95", "14.95", "29.90", "29.90"]
    assert [row["lines"][0]["discount_pct"] for row in rows] == ["50", "50", None, None]


def test_what_recurs_is_what_lasts() -> None:
    amounts = amounts_of([PROMOTED], "MONTHLY")
    assert {name: str(amount) for name, amount in amounts.items()} == {
        "mrr": "29.90", "arr": "358.80", "recurring_net": "29.90", "recurring_gross": "35.88",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("terms", "frequency", "last_discounted"),
    [
        ({}, "MONTHLY", date(2026, 3, 30)),
        ({"billing_anchor": "CALENDAR"}, "MONTHLY", date(2026, 2, 28)),
        ({"billing_anchor": "CALENDAR"}, "QUARTERLY", date(2026, 6, 30)),
    ],
)
def test_the_whole_price_begins_with_the_first_period_after_the_discount(
    terms: dict[str, str], frequency: str, last_discounted: date
) -> None:
    contract, promoted = agreement(date(2026, 1, 31), **terms), PROMOTED | {"billing_period": frequency}
    assert not discount_is_over(contract, promoted, last_discounted)
    assert discount_is_over(contract, promoted, last_discounted + timedelta(days=1))


def test_parts_of_periods_and_fees_count_the_price_of_their_period() -> None:
    contract = agreement(START)
    # 16/31 of May at half the price, 15/30 of June at the whole
    assert price_between(contract, PROMOTED, date(2026, 5, 16), date(2026, 5, 31)) == Decimal("7.72")
    assert price_between(contract, PROMOTED, date(2026, 6, 16), date(2026, 6, 30)) == Decimal("14.95")
    assert remaining(contract, [PROMOTED], date(2026, 5, 1), date(2026, 7, 31)) == Decimal("74.75")


def test_a_limit_needs_a_discount_that_recurs() -> None:
    for changes in ({"discount_periods": 2}, HALF_FOR_TWO | {"kind": "ONE_OFF"}):
        with pytest.raises(ValidationError, match="INVALID_DISCOUNT"):
            LineDraft.model_validate({"product_id": NIL, "unit_price_net": {"amount": "29.90"}} | changes)


@pytest.fixture
async def sale(running: Running, tenant: Tenant) -> Sale:
    """A client and a product."""
    return await Sale(running, tenant).prepare()


async def test_a_promotion_is_sold_billed_and_over(sale: Sale, tenant: Tenant) -> None:
    made = await sale.in_force(lines=(sale.line(**HALF_FOR_TWO),))
    assert (str(made.mrr), str(made.total_contract_value)) == ("29.90 EUR", "328.90 EUR")
    assert (str(made.lines[0].net), made.lines[0].discount_periods) == ("14.95 EUR", 2)
    schedule = GetBillingSchedule(contract_id=sale.contract_id, from_day=START, to_day=date(2026, 7, 31))
    periods = (await tenant.client.call(schedule)).instalments
    assert [str(period.net_total) for period in periods] == ["14.95 EUR", "14.95 EUR", "29.90 EUR", "29.90 EUR"]
    ((_, billed), *_) = await sale.stated("contract.billing_due")
    assert billed["net_total"]["amount"] == "14.95"
    assert await changes(sale) == []
    await sale.day(date(2026, 5, 31))
    assert await changes(sale) == []
    for day in (date(2026, 6, 1), date(2026, 6, 2)):
        await sale.day(day)
        assert await changes(sale) == [("DISCOUNT_EXPIRY", "29.90", "29.90")]


async def test_a_line_that_an_amendment_adds_is_discounted_in_its_own_first_periods(sale: Sale, tenant: Tenant) -> None:
    await sale.in_force()
    sale.at(at(date(2026, 5, 4)))
    added = AddLine(operation="add_line", line=sale.line("10.00", **HALF_FOR_TWO))
    await amend(sale, added, effective=date(2026, 6, 1))
    second = (await sale.contract()).lines[-1]
    assert (second.valid_from, second.discount_periods) == (date(2026, 6, 1), 4)  # June and July: the third and fourth
    schedule = GetBillingSchedule(contract_id=sale.contract_id, from_day=date(2026, 5, 1), to_day=date(2026, 8, 31))
    periods = (await tenant.client.call(schedule)).instalments
    assert [str(period.net_total) for period in periods] == ["29.90 EUR", "34.90 EUR", "34.90 EUR", "39.90 EUR"]


async def changes(sale: Sale) -> list[tuple[str, str, str]]:
    """What was said of changed lines: the cause, and what recurred before and after."""
    stated = [body for _, body in await sale.stated("contract.line_changed")]
    return [(body["cause"], body["old_mrr"]["amount"], body["new_mrr"]["amount"]) for body in stated]
