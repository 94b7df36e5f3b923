"""contrats: a right of withdrawal that waits for the goods."""

from datetime import UTC, date, datetime
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from actors.contrats.rules.legal_delays import delays_of
from messages.contrats import ContractClientKind, SalesChannel, WithdrawContract
from messages.contrats.terms import WithdrawalTrigger
from messages.logistics import ShipmentDelivered
from messages.values.instants import PARIS
from tests.actors.contrats.builders import Sale, at
from tests.actors.contrats.test_drafting import refused
from tests.harness import Running, Tenant


@pytest_asyncio.fixture(loop_scope="session")
async def sale(running: Running, tenant: Tenant) -> Sale:
    return await Sale(running, tenant).prepare()


def delivered(contract_id: UUID, day: date) -> ShipmentDelivered:
    """The parcel of a contract is there, at nine in Paris."""
    return ShipmentDelivered.model_validate(
        {
            "shipment_id": uuid4(), "client_id": uuid4(), "contract_id": contract_id, "carrier": "COLISSIMO",
            "status": "DELIVERED", "delivered_at": at(day),
        }
    )  # fmt: skip


async def test_the_right_runs_from_the_last_parcel_and_bills_wait_for_its_end(
    sale: Sale, running: Running, tenant: Tenant, other_tenant: Tenant
) -> None:
    await sale.draft(terms={"withdrawal_trigger": "DELIVERY"})
    signed = await sale.sign()
    assert (signed.withdrawal_applicable, signed.withdrawal_ends_on, signed.delivered_on) == (True, None, None)
    await sale.approve()
    await sale.activate_mandate()
    await sale.day(date(2026, 4, 1))
    assert await sale.stated("contract.collection_unlocked") == []
    await running.state(delivered(sale.contract_id, date(2026, 4, 1)), other_tenant.id, now=at(date(2026, 4, 1)))
    assert (await sale.contract()).delivered_on is None
    for day in (date(2026, 4, 2), date(2026, 4, 7), date(2026, 4, 2)):
        await sale.hears(delivered(sale.contract_id, day), now=at(day), times=2)
    found = await sale.contract()
    # 14 days after the 7th of April
    assert (found.delivered_on, found.withdrawal_ends_on) == (date(2026, 4, 7), date(2026, 4, 21))
    assert (
        len([body for _, body in await sale.stated("contract.updated") if "delivered_on" in body["changed_fields"]])
        == 2
    )
    await sale.day(date(2026, 4, 21))
    assert await sale.stated("contract.collection_unlocked") == []
    await sale.day(date(2026, 4, 22))
    assert len(await sale.stated("contract.withdrawal_period_ended")) == 1
    assert len(await sale.stated("contract.collection_unlocked")) == 1


async def test_a_client_may_withdraw_before_the_goods_are_there(sale: Sale, tenant: Tenant) -> None:
    await sale.draft(terms={"withdrawal_trigger": "DELIVERY"})
    signed = await sale.sign()
    sale.at(at(date(2026, 4, 20)))
    sent = {"sent_on": date(2026, 4, 20), "received_on": date(2026, 4, 20)}
    withdraw = WithdrawContract(contract_id=sale.contract_id, expected_version=signed.version, **sent)
    assert (await tenant.client.call(withdraw)).contract.status == "WITHDRAWN"
    await sale.hears(delivered(sale.contract_id, date(2026, 4, 21)), now=at(date(2026, 4, 21)))
    assert len(await sale.stated("contract.updated")) == 0


async def test_a_contract_that_waits_for_nothing_keeps_its_delay(sale: Sale, tenant: Tenant) -> None:
    await sale.draft()
    signed = await sale.sign()
    await sale.hears(delivered(sale.contract_id, date(2026, 3, 9)), now=at(date(2026, 3, 9)))
    found = await sale.contract()
    assert (found.withdrawal_ends_on, found.version) == (signed.withdrawal_ends_on, signed.version)
    sale.at(at(date(2026, 3, 20)))
    sent = {"sent_on": date(2026, 3, 20), "received_on": date(2026, 3, 20)}
    withdraw = WithdrawContract(contract_id=sale.contract_id, expected_version=found.version, **sent)
    assert await refused(tenant.client.call(withdraw)) == "WITHDRAWAL_PERIOD_OVER"


@pytest.mark.parametrize(
    ("delivered_on", "ends_on"),
    [
        (date(2026, 2, 27), date(2026, 3, 16)),
        (date(2026, 3, 2), date(2026, 3, 16)),
        (date(2026, 3, 7), date(2026, 3, 23)),  # 21 March is a Saturday
    ],
)
def test_the_delay_never_begins_before_the_conclusion(delivered_on: date, ends_on: date) -> None:
    delays = delays_of(
        datetime(2026, 3, 2, 9, tzinfo=UTC), PARIS, ContractClientKind.CONSUMER, SalesChannel.DISTANCE, None,
        trigger=WithdrawalTrigger.DELIVERY, delivered_on=delivered_on,
    )  # fmt: skip
    assert delays.withdrawal_ends_on == ends_on
