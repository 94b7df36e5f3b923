"""Suspension: legal bans, single services, reduced prices, and terms that grow by the days lost."""

from datetime import date
from uuid import UUID

import pytest

from actors.contrats.rules.suspension import may_be_cut, reduced_charge
from messages.contrats import SuspendContract
from messages.contrats.settings import (
    ContractSettings,
    GetContractSettings,
    NoCutPeriod,
    UpdateContractSettings,
)
from messages.payments.suspensions import SuspensionLiftRequested, SuspensionRequested
from messages.values.money import Money
from tests.actors.contrats.builders import Sale, at, fact
from tests.actors.contrats.test_amounts import agreement
from tests.actors.contrats.test_drafting import refused
from tests.harness import Running, Tenant

APRIL_10, APRIL_20 = at(date(2026, 4, 10)), at(date(2026, 4, 20))
WINTER = NoCutPeriod(type="ENERGY", first="11-01", last="03-31")


@pytest.mark.parametrize(
    ("day", "regime", "cut"),
    [
        (date(2026, 11, 1), "CONSUMER_STANDARD", False),
        (date(2027, 3, 31), "CONSUMER_STANDARD", False),
        (date(2027, 4, 1), "CONSUMER_STANDARD", True),
        (date(2026, 12, 24), "BUSINESS", True),
    ],
)
def test_energy_of_consumers_is_not_cut_in_winter(day: date, regime: str, cut: bool) -> None:
    assert may_be_cut({"type": "ENERGY", "legal_regime": regime}, day, [WINTER]) is cut
    assert may_be_cut({"type": "TELECOM", "legal_regime": regime}, day, [WINTER])


def test_a_reduced_price_is_owed_by_days() -> None:
    contract = agreement(date(2026, 4, 1), billing_frequency="MONTHLY")
    owed = reduced_charge(contract, Money.of("6.00").amount, date(2026, 4, 10), date(2026, 5, 31))
    assert str(owed) == "10.20"  # 21/30 of April and the whole of May


@pytest.fixture
async def sale(running: Running, tenant: Tenant) -> Sale:
    """A client and a product."""
    return await Sale(running, tenant).prepare()


async def test_an_organisation_decides_for_itself(tenant: Tenant, other_tenant: Tenant) -> None:
    change = UpdateContractSettings(reference_prefix="ABO", no_cut_periods=(WINTER,))
    assert (await tenant.client.call(change)).no_cut_periods == (WINTER,)
    again = await tenant.client.call(UpdateContractSettings(bill_while_suspended=True))
    assert (again.reference_prefix, again.bill_while_suspended) == ("ABO", True)
    assert await other_tenant.client.call(GetContractSettings()) == ContractSettings()
    clerk = tenant.token("contrats:contract:read")
    assert await refused(tenant.client.call(GetContractSettings(), token=clerk)) == "PERMISSION_MISSING"


async def test_recovery_is_told_that_the_law_forbids_the_cut(sale: Sale, tenant: Tenant) -> None:
    protected = NoCutPeriod(type="TELECOM", first="04-01", last="04-30")
    await tenant.client.call(UpdateContractSettings(no_cut_periods=(protected,)))
    await sale.in_force()
    cut = fact(SuspensionRequested, contract_id=sale.contract_id, effective_at=APRIL_10)
    await sale.hears(cut, now=APRIL_10, times=2)
    ((_, failed),) = await sale.stated("contract.operation_failed")
    assert (failed["error_code"], failed["request_id"]) == ("LEGAL_PERIOD", str(cut.request_id))
    assert (await sale.contract()).status == "ACTIVE"


async def test_one_service_is_cut_and_the_contract_goes_on(sale: Sale) -> None:
    lines = (sale.line(), sale.line("10.00"))
    await sale.in_force(lines=lines)
    second = (await sale.contract()).lines[1].line_id
    facts = {"contract_id": sale.contract_id, "effective_at": APRIL_10}
    cut = fact(SuspensionRequested, scope="SERVICE_LINES", service_line_ids=(second,), **facts)
    await sale.hears(cut, now=APRIL_10)
    _, order = (await sale.stated("contract.provisioning_requested"))[-1]
    assert (order["action"], len(order["service_links"])) == ("SUSPEND", 1)
    sale.at(APRIL_10)
    await sale.provider()
    ((_, suspended),) = await sale.stated("contract.suspended")
    assert (suspended["scope"], suspended["service_line_ids"]) == ("SERVICE_LINES", [str(second)])
    assert (await sale.contract()).status == "ACTIVE"
    await sale.hears(fact(SuspensionLiftRequested, request_id=cut.request_id, **facts), now=APRIL_20, version=2)
    sale.at(APRIL_20)
    await sale.provider()
    ((_, resumed),) = await sale.stated("contract.resumed")
    assert (resumed["request_id"], resumed["suspended_from"]) == (str(cut.request_id), "2026-04-10")
    states = {UUID(str(link.id)): link.status for link in (await sale.contract(with_details=True)).service_links}
    assert set(states.values()) == {"ACTIVE"}


async def test_a_planned_pause_at_a_reduced_price_makes_the_term_longer(sale: Sale, tenant: Tenant) -> None:
    await sale.in_force(terms={"commitment_months": 12})
    sale.at(at(date(2026, 4, 2)))
    request = SuspendContract(
        contract_id=sale.contract_id, expected_version=await sale.version(), reason="CLIENT_REQUEST",
        starts_on=date(2026, 4, 10), resume_on=date(2026, 4, 20),
        billing_policy="REDUCED", reduced_amount=Money.of("6.00"), extends_term=True,
    )  # fmt: skip
    assert (await tenant.client.call(request)).status == "PENDING"
    await sale.tick("minute", APRIL_10)
    sale.at(APRIL_10)
    await sale.provider()
    assert (await sale.contract()).status == "SUSPENDED"
    await sale.day(date(2026, 4, 20))
    sale.at(APRIL_20)
    await sale.provider()
    resumed = await sale.contract()
    assert (resumed.status, resumed.ends_on, resumed.commitment_ends_on) == (
        "ACTIVE", date(2027, 4, 10), date(2027, 4, 10),
    )  # fmt: skip
    await sale.day(date(2026, 4, 21))
    _, due = (await sale.stated("contract.billing_due"))[-1]
    # ten of thirty days: 29.90 given back, 6.00 owed
    assert {row["kind"]: row["net"]["amount"] for row in due["adjustments"]} == {"CREDIT": "9.97", "CHARGE": "2.00"}


async def test_a_debt_does_not_stop_the_bills_where_the_organisation_wants_so(sale: Sale, tenant: Tenant) -> None:
    await tenant.client.call(UpdateContractSettings(bill_while_suspended=True))
    await sale.in_force()
    await sale.hears(fact(SuspensionRequested, contract_id=sale.contract_id, effective_at=APRIL_10), now=APRIL_10)
    sale.at(APRIL_10)
    await sale.provider()
    ((_, suspended),) = await sale.stated("contract.suspended")
    assert suspended["billing_policy"] == "CONTINUE"
    await sale.day(date(2026, 4, 17))
    assert len(await sale.stated("contract.billing_due")) == 2
