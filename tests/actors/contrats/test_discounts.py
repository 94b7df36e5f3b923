"""contrats: a discount for the first periods of a contract."""

from datetime import date
from decimal import Decimal

import pytest
from pydantic import ValidationError

from actors.contrats.rules.amounts import amounts_of
from actors.contrats.rules.billing_periods import plan, price_between
from actors.contrats.rules.termination import remaining
from messages.contrats import GetBillingSchedule
from messages.contrats.amendments import AddLine, PreviewAmendment
from messages.contrats.drafts import LineDraft
from messages.problem import Refused
from tests.actors.contrats.builders import Sale
from tests.actors.contrats.test_amounts import NIL, agreement, line
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
    added = AddLine(operation="add_line", line=sale.line(**HALF_FOR_TWO))
    with pytest.raises(Refused, match="discount_periods"):
        await tenant.client.call(
            PreviewAmendment(contract_id=sale.contract_id, kind="LINE_ADD", operations=(added,), effective_from=START)
        )
