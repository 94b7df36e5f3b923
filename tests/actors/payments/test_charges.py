"""payments: what late payment costs businesses and public buyers, to the cent; consumers pay the principal."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.payments.rules.charges import LEGAL, contract_rate_counts, indemnity, late_interest
from messages.clients import ClientUpdated
from messages.payments import CustomerType, QuoteRecoveryAmount
from messages.values.identifiers import new_id
from tests.actors.payments.builders import client_created
from tests.actors.payments.test_recovery import case_of, paid, rejected, with_policies
from tests.harness import Running, Tenant

B2B, B2C, PUBLIC = CustomerType.B2B, CustomerType.B2C, CustomerType.PUBLIC
DUE, PAID = date(2025, 5, 31), date(2025, 7, 15)


def interest(customer: CustomerType, principal: str, due: date, until: date, **more: object) -> Decimal:
    return late_interest(customer, Decimal(principal), due, until, **more).amount  # type: ignore[arg-type]


def test_case_29_interest_changes_its_rate_at_midyear_and_its_balance_at_a_payment() -> None:
    assert interest(B2B, "1200.00", DUE, PAID) == Decimal("18.96")
    assert interest(B2B, "1200.00", DUE, PAID, payments=[(date(2025, 6, 20), Decimal("500.00"))]) == Decimal("14.66")
    assert interest(B2B, "1200.00", DUE, PAID, contract_rate=Decimal("13.50")) == Decimal("19.97")


def test_case_30_years_of_365_days_and_the_single_rate_of_public_buyers() -> None:
    assert interest(B2B, "850.00", date(2025, 12, 10), date(2026, 1, 20)) == Decimal("11.60")
    assert interest(B2B, "1000.00", date(2024, 2, 15), date(2024, 3, 16)) == Decimal("11.92")
    assert interest(PUBLIC, "1200.00", DUE, PAID) == Decimal("16.50")


@pytest.mark.parametrize(("as_of", "total"), [(date(2026, 4, 30), "2463.97"), (date(2026, 5, 15), "2475.95")])
def test_case_31_a_late_invoice_of_a_business_costs_interest_and_forty_euros(as_of: date, total: str) -> None:
    due = date(2026, 3, 31)
    found = Decimal("2400.00") + indemnity(B2B, due, as_of) + interest(B2B, "2400.00", due, as_of)
    assert found == Decimal(total)


def test_case_32_a_consumer_owes_interest_from_the_formal_notice_only() -> None:
    due = date(2025, 6, 1)
    assert interest(B2C, "180.00", due, date(2025, 11, 10)) == 0
    assert interest(B2C, "180.00", due, date(2025, 11, 10), noticed_on=date(2025, 9, 10)) == Decimal("0.83")
    assert interest(B2C, "349.90", due, date(2026, 2, 16), noticed_on=date(2025, 12, 1)) == Decimal("1.97")
    assert indemnity(B2C, due, date(2026, 1, 1)) == 0


def test_case_33_a_contract_rate_below_three_times_the_legal_rate_is_void() -> None:
    due = date(2026, 2, 1)
    assert 3 * LEGAL[2026, 1] == Decimal("7.86")
    assert not contract_rate_counts(Decimal("7.00"), due)
    assert contract_rate_counts(Decimal("8.00"), due)
    statutory = interest(B2B, "1000.00", due, date(2026, 3, 3))
    assert interest(B2B, "1000.00", due, date(2026, 3, 3), contract_rate=Decimal("7.00")) == statutory


def test_a_rate_that_is_not_published_yet_makes_the_claim_provisional() -> None:
    assert not late_interest(B2B, Decimal("100.00"), date(2026, 5, 1), date(2026, 6, 30)).provisional
    assert late_interest(B2B, Decimal("100.00"), date(2026, 5, 1), date(2026, 7, 1)).provisional


@given(st.integers(1, 10_000_000), st.integers(0, 400), st.integers(0, 400))
def test_interest_never_falls_with_time_and_is_nothing_before_the_due_date(cents: int, days: int, more: int) -> None:
    principal, due = Decimal(cents).scaleb(-2), date(2025, 1, 15)
    early = late_interest(B2B, principal, due, date.fromordinal(due.toordinal() + days)).amount
    later = late_interest(B2B, principal, due, date.fromordinal(due.toordinal() + days + more)).amount
    assert 0 <= early <= later
    assert days > 0 or early == 0


async def in_arrears(running: Running, tenant: Tenant, kind: str) -> None:
    await with_policies(tenant)
    client_id = new_id()
    event = client_created(client_id, tenant.company_id).model_dump() | {"kind": kind}
    known = ClientUpdated.model_validate(event | {"changed_fields": ("kind",)})
    await running.state(known, tenant.id, version=9)
    found = await rejected(running, tenant, client_id=client_id, amount="2400.00")
    await paid(tenant, found, "400.00", date(2026, 5, 5))


async def test_a_business_is_quoted_interest_to_the_day_and_the_indemnity(running: Running, tenant: Tenant) -> None:
    await in_arrears(running, tenant, "BUSINESS")
    case = await case_of(tenant)
    quote = await tenant.client.call(QuoteRecoveryAmount(case_id=case.case_id, as_of=date(2026, 5, 25)))
    (item,) = quote.items
    late = late_interest(
        B2B, Decimal("2400.00"), item.due_date, date(2026, 5, 25), [(date(2026, 5, 5), Decimal("400.00"))]
    )
    assert (quote.principal.amount, quote.interest.amount) == (Decimal("2000.00"), late.amount)
    assert (quote.indemnities.amount, quote.consumer) == (Decimal("40.00"), False)
    assert quote.total.amount == Decimal("2040.00") + late.amount
    early = await tenant.client.call(QuoteRecoveryAmount(case_id=case.case_id, as_of=item.due_date))
    assert early.total.amount == Decimal("2000.00")


async def test_case_24_a_consumer_is_quoted_the_principal_alone(running: Running, tenant: Tenant) -> None:
    await in_arrears(running, tenant, "CONSUMER")
    quote = await tenant.client.call(
        QuoteRecoveryAmount(case_id=(await case_of(tenant)).case_id, as_of=date(2027, 1, 1))
    )
    assert (quote.total.amount, quote.interest.amount, quote.indemnities.amount) == (
        Decimal("2000.00"),
        Decimal("0.00"),
        Decimal("0.00"),
    )
    assert quote.consumer
