"""Numbers brought from another operator: the RIO's key, the day, the operator's answers, and the start of the contract."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from actors.contrats.rules.port_in import PORT_IN, checked_number, checked_rio, masked, port_day, rio_key
from messages.contrats import ContractOperation, HandleProviderCallback, ListOperations
from messages.contrats.port_ins import CancelPortIn, ListPortIns, PortInContract
from messages.contrats.states import PortInStatus
from messages.problem import Refused
from tests.actors.contrats.builders import Sale, at
from tests.actors.contrats.test_drafting import refused
from tests.harness import Running, Tenant

NUMBER, RIO = "0612345678", "01P12345636Q"
MARCH_18 = at(date(2026, 3, 18))


def test_case_31_the_key_belongs_to_one_number() -> None:
    assert rio_key("01", "P", "123456", NUMBER) == "36Q"
    assert checked_rio("01 p 123456 36q", NUMBER) == RIO
    assert rio_key("01", "P", "123456", "0612345687") == "37T"
    assert rio_key("02", "E", "A1B2C3", "0698765432") == "L7W"
    with pytest.raises(Refused) as refusal:
        checked_rio(RIO, "0612345687")
    assert refusal.value.code.code == "RIO_MISMATCH"


@pytest.mark.parametrize(
    ("rio", "msisdn", "code"), [("01P123", NUMBER, "INVALID_RIO"), (RIO, "612345678", "INVALID_MSISDN")]
)
def test_what_is_no_number_or_rio_is_named(rio: str, msisdn: str, code: str) -> None:
    with pytest.raises(Refused) as refusal:
        checked_rio(rio, checked_number(msisdn))
    assert refusal.value.code.code == code


def test_a_number_moves_on_a_business_day() -> None:
    friday = date(2026, 3, 20)
    assert port_day(friday, None) == date(2026, 3, 25)
    assert port_day(friday, date(2026, 3, 23)) == date(2026, 3, 23)
    for day in (friday, date(2026, 3, 22), date(2026, 6, 30)):
        with pytest.raises(Refused) as refusal:
            port_day(friday, day)
        assert refusal.value.code.code == "PORT_DATE_TOO_EARLY"


@given(st.from_regex(r"0[1-9][0-9]{8}", fullmatch=True), st.from_regex(r"[A-Z0-9]{6}", fullmatch=True))
def test_every_rio_fits_the_number_it_was_made_for(msisdn: str, reference: str) -> None:
    code = f"01P{reference}{rio_key('01', 'P', reference, msisdn)}"
    assert checked_rio(code.lower(), msisdn) == code
    assert msisdn[2:8] not in masked(msisdn)


class LifeOfAPortIn(RuleBasedStateMachine):
    """A number that arrived, was refused or was kept stays so."""

    def __init__(self) -> None:
        super().__init__()
        self.path = [PortInStatus.REQUESTED]

    @rule(trigger=st.sampled_from(("accept", "refuse", "complete", "cancel")))
    def something_happens(self, trigger: str) -> None:
        if PORT_IN.allows(trigger, self.path[-1]):
            self.path.append(PORT_IN.after(trigger, self.path[-1]))
            return
        with pytest.raises(Refused) as refusal:
            PORT_IN.after(trigger, self.path[-1])
        assert refusal.value.code.code == "INVALID_TRANSITION"

    @invariant()
    def the_end_is_the_end(self) -> None:
        assert set(self.path[:-1]) <= {PortInStatus.REQUESTED, PortInStatus.ACCEPTED}


TestLifeOfAPortIn = LifeOfAPortIn.TestCase
TestLifeOfAPortIn.settings = settings(max_examples=30, stateful_step_count=6, deadline=None)


@pytest.fixture
async def sale(running: Running, tenant: Tenant) -> Sale:
    """A contract that waits for its number: signed on 2 March, approved, with a mandate, withdrawal over."""
    sale = await Sale(running, tenant).prepare()
    await sale.draft(terms={"starts_on": date(2026, 4, 1)})
    await sale.sign()
    await sale.approve()
    await sale.activate_mandate()
    await sale.day(date(2026, 3, 17))
    sale.at(MARCH_18)
    return sale


async def bring(sale: Sale, **changes: Any) -> ContractOperation:
    (line,) = (await sale.contract()).lines
    fields = {"contract_id": sale.contract_id, "line_id": line.line_id, "msisdn": NUMBER, "rio": RIO}
    fields["expected_version"] = await sale.version()
    return await sale.tenant.client.call(PortInContract.model_validate(fields | changes))


async def answer(sale: Sale, operation: ContractOperation, status: str, number: int, **port: Any) -> None:
    callback = HandleProviderCallback.model_validate(
        {
            "provider": "TELCO", "callback_id": f"port-{operation.id}-{number}", "operation_id": operation.id,
            "outcome": "OK", "port": {"status": status} | port,
        }
    )  # fmt: skip
    for _ in range(2):
        await sale.tenant.client.call(callback)
    await sale.running.settled()


async def test_the_contract_starts_on_the_day_its_number_arrives(
    sale: Sale, tenant: Tenant, other_tenant: Tenant
) -> None:
    operation = await bring(sale, wanted_on=date(2026, 4, 7))
    assert (operation.operation, operation.status) == ("PORT_IN", "RUNNING")
    ((_, asked),) = await sale.stated("contract.port_in_requested")
    assert (asked["msisdn_masked"], asked["scheduled_on"]) == ("06******78", "2026-04-07")
    assert await refused(bring(sale)) == "OPERATION_IN_PROGRESS"
    assert await refused(other_tenant.client.call(ListPortIns(contract_id=sale.contract_id))) == "CONTRACT_NOT_FOUND"
    await answer(sale, operation, "ACCEPTED", 1, scheduled_on="2026-04-08")
    await sale.day(date(2026, 4, 1))
    await sale.tick("minute", at(date(2026, 4, 2)))
    assert await sale.stated("contract.provisioning_requested") == []
    sale.at(at(date(2026, 4, 8)))
    await answer(sale, operation, "COMPLETED", 2)
    assert len(await sale.stated("contract.port_in_completed")) == 1
    ((_, activated),) = await sale.stated("contract.activated")
    assert activated["effective_on"] == "2026-04-08"
    active = await sale.contract(with_details=True)
    assert (active.status, active.service_links[0].status) == ("ACTIVE", "ACTIVE")
    (port,) = (await tenant.client.call(ListPortIns(contract_id=sale.contract_id))).items
    assert (port.status, port.scheduled_on) == ("COMPLETED", date(2026, 4, 8))


async def test_a_refused_number_leaves_the_contract_signed(sale: Sale, tenant: Tenant) -> None:
    operation = await bring(sale)
    await answer(sale, operation, "REFUSED", 1, refusal_code="RIO_INACTIVE")
    ((_, body),) = await sale.stated("contract.port_in_refused")
    assert body["refusal_code"] == "RIO_INACTIVE"
    operations = await tenant.client.call(ListOperations(contract_id=sale.contract_id))
    assert [(item.operation, item.status, item.error_code) for item in operations.items] == [
        ("PORT_IN", "FAILED", "RIO_INACTIVE")
    ]
    assert (await sale.contract()).status == "SIGNED"
    assert (await bring(sale)).status == "RUNNING"


async def test_a_number_is_kept_until_the_day_before(sale: Sale, tenant: Tenant, other_tenant: Tenant) -> None:
    await bring(sale, wanted_on=date(2026, 3, 20))
    (port,) = (await tenant.client.call(ListPortIns(contract_id=sale.contract_id))).items
    cancel = CancelPortIn(port_in_id=port.id)
    assert await refused(other_tenant.client.call(cancel)) == "PORT_IN_NOT_FOUND"
    sale.at(at(date(2026, 3, 20)))
    assert await refused(tenant.client.call(cancel)) == "PORT_DATE_TOO_EARLY"
    sale.at(MARCH_18 + timedelta(days=1))
    assert (await tenant.client.call(cancel)).status == "CANCELLED"
    assert await refused(tenant.client.call(cancel)) == "INVALID_TRANSITION"


async def test_a_number_is_brought_once_and_only_when_the_gates_are_open(sale: Sale, tenant: Tenant) -> None:
    await bring(sale)
    second = await sale.draft()
    line = second.lines[0].line_id
    request = PortInContract(
        contract_id=second.contract_id, expected_version=second.version, line_id=line, msisdn=NUMBER, rio=RIO
    )
    assert await refused(tenant.client.call(request)) == "GATE_NOT_MET"
    await sale.sign(at(date(2026, 3, 2)))
    await sale.approve()
    await sale.activate_mandate()
    await sale.day(date(2026, 3, 17))
    sale.at(MARCH_18)
    again = request.model_copy(update={"expected_version": await sale.version()})
    assert await refused(tenant.client.call(again)) == "ALREADY_PORTING"
