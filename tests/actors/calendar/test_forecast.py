"""calendar: the forecast of volumes."""

from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import uuid4

import pytest

from actors.calendar.rules.forecast import Sample, accuracy, collected, months_billed, rejection_rate
from messages.calendar.forecast import GetVolumeForecast, RebuildVolumeForecast
from messages.contrats import (
    BillingPolicy,
    ContractActivated,
    ContractSigned,
    ContractStatus,
    ContractSuspended,
    PaymentMethod,
)
from messages.contrats.amendments import ContractAmended
from messages.payments import PaymentReceived
from messages.values.money import Money
from tests.actors.calendar.debits import payment, planned
from tests.actors.contrats.builders import fact
from tests.actors.products.contracts import signed_contract
from tests.harness import Running, Tenant


@pytest.mark.parametrize(
    ("of_lot", "of_company", "expected"),
    [
        (Sample(200, 8), Sample(1000, 30), "4790.40"),
        (Sample(15, 1), Sample(1000, 30), "4840.30"),
        (Sample(15, 1), Sample(19, 5), "4990.00"),
    ],
)
def test_case_33_what_the_bank_will_return_is_left_out(of_lot: Sample, of_company: Sample, expected: str) -> None:
    assert collected(Decimal("4990.00"), rejection_rate(of_lot, of_company)) == Decimal(expected)


def test_case_34_the_accuracy_of_a_day() -> None:
    assert accuracy(Decimal(50), Decimal(48)) == Decimal("-4.00")
    assert accuracy(Decimal("2495.00"), Decimal("2395.20")) == Decimal("-4.00")
    assert accuracy(Decimal(0), Decimal(3)) is None


def test_a_quarterly_contract_is_billed_every_third_month_until_it_ends() -> None:
    months = [date(2026, month, 1) for month in range(1, 13)]
    billed = months_billed("QUARTERLY", date(2026, 2, 15), date(2026, 8, 14), months)
    assert [month.month for month in billed] == [2, 5]
    assert list(months_billed("ONE_OFF", date(2026, 2, 15), None, months)) == []


def activated(signed: ContractSigned) -> ContractActivated:
    fields = dict(signed) | {
        "status": ContractStatus.ACTIVE,
        "payment_method": PaymentMethod.SEPA_DIRECT_DEBIT,
        "operation_id": uuid4(),
    }
    return ContractActivated.model_validate(fields)


async def test_running_contracts_are_expected_where_nothing_is_announced(
    running: Running, tenant: Tenant, other_tenant: Tenant
) -> None:
    contract = activated(signed_contract(tenant.company_id, uuid4(), date(2026, 5, 1)))
    await running.state(contract, tenant.id, version=4)
    debit = planned(tenant.company_id, date(2026, 6, 1), "40.00", contract_id=contract.contract_id)
    await running.state(debit, tenant.id, now=datetime(2026, 5, 1, 9, tzinfo=UTC))
    await running.settled()
    tenant.client.now = datetime(2026, 5, 20, 9, tzinfo=UTC)
    rebuilt = await tenant.client.call(RebuildVolumeForecast())
    assert rebuilt.to_date == date(2027, 6, 20)
    again = await tenant.client.call(RebuildVolumeForecast())
    assert (again.expected_count, again.expected_amount) == (rebuilt.expected_count, rebuilt.expected_amount)
    summer = GetVolumeForecast(from_date=date(2026, 5, 20), to_date=date(2026, 8, 31))
    found = await tenant.client.call(summer)
    assert [(row.date, row.lot_code, row.expected_count, row.expected_amount.amount) for row in found.items] == [
        (date(2026, 6, 1), "L1", 1, Decimal("40.00")),
        (date(2026, 7, 1), "L1", 1, Decimal("29.90")),
        (date(2026, 8, 3), "L1", 1, Decimal("29.90")),
    ]
    assert found.items[0].actual_count is None
    assert (await other_tenant.client.call(summer)).items == ()

    await running.state(payment(PaymentReceived, debit), tenant.id, now=datetime(2026, 6, 1, 9, tzinfo=UTC))
    await running.settled()
    tenant.client.now = datetime(2026, 6, 3, 9, tzinfo=UTC)
    (past, *_) = (await tenant.client.call(summer)).items
    assert (past.actual_count, past.amount_accuracy) == (1, Decimal("0.00"))
    bodies = [body for _, body in await running.events("debit_calendar.forecast_rebuilt", tenant.id)]
    assert [body["from"] for body in bodies] == ["2026-05-20", "2026-05-20"]


async def test_the_night_rebuilds_the_forecast(running: Running, tenant: Tenant) -> None:
    await running.tick("day", datetime(2026, 5, 21, 22, 30, tzinfo=UTC))
    assert len(await running.events("debit_calendar.forecast_rebuilt", tenant.id)) == 1


async def test_a_suspended_contract_is_expected_only_while_it_is_billed_on(running: Running, tenant: Tenant) -> None:
    billed = activated(signed_contract(tenant.company_id, uuid4(), date(2026, 5, 1)))
    paused = activated(signed_contract(tenant.company_id, uuid4(), date(2026, 5, 1)))
    for contract, policy in ((billed, BillingPolicy.CONTINUE), (paused, BillingPolicy.PAUSE)):
        await running.state(contract, tenant.id, version=4)
        fields = dict(contract) | {"status": ContractStatus.SUSPENDED, "billing_policy": policy}
        await running.state(fact(ContractSuspended, **fields), tenant.id, version=5)
    amended = dict(billed) | {"status": ContractStatus.SUSPENDED, "recurring_gross": Money.of("31.90")}
    await running.state(fact(ContractAmended, **amended), tenant.id, version=6)
    await running.settled()
    tenant.client.now = datetime(2026, 5, 20, 9, tzinfo=UTC)
    await tenant.client.call(RebuildVolumeForecast())
    june = await tenant.client.call(GetVolumeForecast(from_date=date(2026, 6, 1), to_date=date(2026, 6, 30)))
    assert [(row.expected_count, row.expected_amount.amount) for row in june.items] == [(1, Decimal("31.90"))]
