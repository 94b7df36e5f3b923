"""Services follow the lines that pay for them: through amendments, indexation, suspension and the end."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from messages.contrats import (
    Contract,
    ListOperations,
    ProviderOutcome,
    ResumeContract,
    RetryOperation,
    SuspendContract,
    TerminateContract,
)
from messages.contrats.amendments import (
    AcceptAmendment,
    AddLine,
    ApplyAmendment,
    ChangeLine,
    EndLine,
    Operation,
    ProposeAmendment,
    SendAmendment,
)
from messages.contrats.indexation import RunIndexation, SetIndexation, UpsertIndexValue
from messages.payments.suspensions import SuspensionRequested
from messages.values.money import Money
from tests.actors.contrats.builders import Sale, at, fact
from tests.harness import Running, Tenant

APRIL_10, APRIL_20 = date(2026, 4, 10), date(2026, 4, 20)


@pytest.fixture
async def sale(running: Running, tenant: Tenant) -> Sale:
    """One fibre line in force since 1 April 2026, delivered by TELCO."""
    sale = await Sale(running, tenant).prepare()
    await sale.in_force()
    return sale


async def amend(sale: Sale, *operations: Operation, effective: date, kind: str = "LINE_ADD", **changes: Any) -> None:
    """The client agrees to a change, and it is applied the same day."""
    call, today = sale.tenant.client.call, sale.tenant.client.now
    fields = {"contract_id": sale.contract_id, "kind": kind, "operations": operations, "effective_from": effective}
    made = await call(ProposeAmendment.model_validate(fields | changes))
    await call(SendAmendment(amendment_id=made.id))
    consent = {"amendment_id": made.id, "consent_kind": "DURABLE_MEDIUM", "given_on": today, "document_id": uuid4()}
    await call(AcceptAmendment.model_validate(consent | {"given_on": today.date() if today else effective}))
    await call(ApplyAmendment(amendment_id=made.id))
    await sale.running.settled()


async def suspend(sale: Sale) -> None:
    version = await sale.version()
    await sale.tenant.client.call(
        SuspendContract(contract_id=sale.contract_id, expected_version=version, reason="TECHNICAL")
    )


async def resume(sale: Sale) -> None:
    await sale.tenant.client.call(ResumeContract(contract_id=sale.contract_id, expected_version=await sale.version()))


async def orders(sale: Sale) -> list[tuple[str, int]]:
    """What the provider was asked for so far: the action and how many services."""
    found = await sale.stated("contract.provisioning_requested")
    return [(body["action"], len(body["service_links"])) for _, body in found]


def services(contract: Contract) -> list[tuple[UUID, str]]:
    """The services: the line each one follows, and its state."""
    return [(link.line_id, str(link.status)) for link in contract.service_links]


def in_force(contract: Contract) -> list[UUID]:
    return [line.line_id for line in contract.lines if line.valid_to is None]


async def test_a_line_added_from_a_later_day_is_ordered_on_that_day_even_if_the_clock_missed_it(sale: Sale) -> None:
    sale.at(at(date(2026, 4, 5)))
    second = AddLine(operation="add_line", line=sale.line("10.00"))
    await amend(sale, second, effective=APRIL_10)
    assert [state for _, state in services(await sale.contract(with_details=True))] == ["ACTIVE", "PLANNED"]
    await sale.day(date(2026, 4, 9))
    assert await orders(sale) == [("ACTIVATE", 1)]
    await sale.day(date(2026, 4, 12))
    await sale.day(date(2026, 4, 12))
    assert await orders(sale) == [("ACTIVATE", 1), ("ACTIVATE", 1)]
    sale.at(at(date(2026, 4, 12)))
    await sale.provider(external_service_id="L-2", times=2)
    contract = await sale.contract(with_details=True)
    assert services(contract) == [(line, "ACTIVE") for line in in_force(contract)]
    assert len(await sale.stated("contract.activated")) == 1
    done = (await sale.tenant.client.call(ListOperations(contract_id=sale.contract_id))).items[0]
    assert (done.operation, done.status) == ("AMEND", "SUCCEEDED")


async def test_a_line_that_ends_has_its_service_cut_the_day_after(sale: Sale) -> None:
    sale.at(at(date(2026, 4, 5)))
    second = AddLine(operation="add_line", line=sale.line("10.00"))
    await amend(sale, second, effective=date(2026, 4, 5))
    await sale.provider()
    first, added = in_force(await sale.contract())
    ending = EndLine(operation="end_line", line_id=first)
    await amend(sale, ending, effective=date(2026, 4, 11), kind="LINE_REMOVE")
    await sale.day(APRIL_10)
    assert (await orders(sale))[-1] == ("ACTIVATE", 1)
    await sale.day(date(2026, 4, 11))
    sale.at(at(date(2026, 4, 11)))
    assert (await orders(sale))[-1] == ("TERMINATE", 1)
    await sale.provider()
    assert services(await sale.contract(with_details=True)) == [(first, "TERMINATED"), (added, "ACTIVE")]
    await suspend(sale)
    assert (await orders(sale))[-1] == ("SUSPEND", 1)
    ((_, asked),) = [
        found for found in await sale.stated("contract.provisioning_requested") if found[1]["action"] == "SUSPEND"
    ]
    await sale.provider()
    assert (await sale.contract()).status == "SUSPENDED"
    assert asked["service_links"][0]["id"] == str((await sale.contract(with_details=True)).service_links[1].id)


async def test_a_dearer_line_keeps_its_service_through_suspension_and_the_end(sale: Sale) -> None:
    sale.at(at(date(2026, 4, 5)))
    (old,) = in_force(await sale.contract())
    dearer = ChangeLine(operation="change_line", line_id=old, unit_price_net=Money.of("39.90"))
    await amend(sale, dearer, effective=APRIL_10, kind="PRICE_CHANGE", proration="PRORATE")
    (new,) = in_force(await sale.contract())
    assert new != old
    assert services(await sale.contract(with_details=True)) == [(new, "ACTIVE")]
    await sale.day(APRIL_10)
    assert await orders(sale) == [("ACTIVATE", 1)]  # no second order for a service that goes on
    cut = fact(
        SuspensionRequested, contract_id=sale.contract_id, effective_at=at(APRIL_10),
        scope="SERVICE_LINES", service_line_ids=(old,),
    )  # fmt: skip
    await sale.hears(cut, now=at(APRIL_10))
    assert (await orders(sale))[-1] == ("SUSPEND", 1)  # ordered by the id the line had before
    sale.at(at(APRIL_10))
    await sale.provider()
    assert services(await sale.contract(with_details=True)) == [(new, "SUSPENDED")]
    ending = TerminateContract(
        contract_id=sale.contract_id, expected_version=await sale.version(), received_on=APRIL_10,
        reason_code="MOVING", channel="ONLINE",
    )  # fmt: skip
    ends_on = (await sale.tenant.client.call(ending)).ends_on
    await sale.day(ends_on + timedelta(days=1))
    assert (await orders(sale))[-1] == ("TERMINATE", 1)
    sale.at(at(ends_on + timedelta(days=1)))
    await sale.provider()
    contract = await sale.contract(with_details=True)
    assert (contract.status, services(contract)) == ("TERMINATED", [(new, "TERMINATED")])


async def test_a_service_that_has_not_begun_is_neither_cut_nor_restored(sale: Sale) -> None:
    sale.at(at(date(2026, 4, 5)))
    await amend(sale, AddLine(operation="add_line", line=sale.line("10.00")), effective=APRIL_20)
    await suspend(sale)
    assert (await orders(sale))[-1] == ("SUSPEND", 1)
    await sale.provider()
    await sale.day(APRIL_20)
    assert (await orders(sale))[-1] == ("SUSPEND", 1)  # a suspended contract starts nothing
    sale.at(at(APRIL_20))
    await resume(sale)
    assert (await orders(sale))[-1] == ("RESUME", 1)
    await sale.provider()
    assert (await orders(sale))[-1] == ("ACTIVATE", 1)  # and now it begins
    await sale.provider()
    assert [state for _, state in services(await sale.contract(with_details=True))] == ["ACTIVE", "ACTIVE"]


async def test_an_indexed_line_keeps_its_service(sale: Sale, tenant: Tenant) -> None:
    sale.at(at(date(2026, 4, 5)))
    clause = {"index_code": "SYNTEC", "base_period": "2026-02", "base_value": "300.4", "reference_lag_months": 2}
    request = {"contract_id": sale.contract_id, "expected_version": await sale.version(), "clause": clause}
    agreed = await tenant.client.call(SetIndexation.model_validate(request))
    revision = agreed.next_revision_on
    value = {"code": "SYNTEC", "period": f"{revision.year}-{revision.month - 2:02d}", "value": "313.3"}
    await tenant.client.call(UpsertIndexValue.model_validate(value | {"published_on": "2027-01-20"}))
    sale.at(at(revision - timedelta(days=45)))
    (old,) = in_force(await sale.contract())
    run = await tenant.client.call(RunIndexation(revision_date=revision))
    await tenant.client.call(RunIndexation(run_id=run.id))
    await sale.running.settled()
    (new,) = in_force(await sale.contract())
    assert new != old
    assert services(await sale.contract(with_details=True)) == [(new, "ACTIVE")]
    await suspend(sale)
    assert (await orders(sale))[-1] == ("SUSPEND", 1)


async def test_a_refused_service_is_told_and_ordered_again_by_hand_only(sale: Sale, other_tenant: Tenant) -> None:
    sale.at(at(date(2026, 4, 5)))
    await amend(sale, AddLine(operation="add_line", line=sale.line("10.00")), effective=date(2026, 4, 5))
    await sale.provider(ProviderOutcome.REFUSED, error_code="NO_COVERAGE")
    ((_, failed),) = await sale.stated("contract.operation_failed")
    assert (failed["operation"], failed["error_code"], len(failed["service_links"])) == ("AMEND", "NO_COVERAGE", 1)
    await sale.day(date(2026, 4, 6))
    assert len(await orders(sale)) == 2
    assert (await sale.contract()).status == "ACTIVE"
    retry = RetryOperation(operation_id=failed["operation_id"])
    sale.at(at(date(2026, 4, 6)))
    assert (await sale.tenant.client.call(retry)).status == "RUNNING"
    await sale.provider()
    assert [state for _, state in services(await sale.contract(with_details=True))] == ["ACTIVE", "ACTIVE"]


async def test_recovery_learns_that_a_line_has_no_running_service(sale: Sale) -> None:
    cut = fact(
        SuspensionRequested, contract_id=sale.contract_id, effective_at=at(APRIL_10),
        scope="SERVICE_LINES", service_line_ids=(uuid4(),),
    )  # fmt: skip
    await sale.hears(cut, now=at(APRIL_10), times=2)
    ((_, failed),) = await sale.stated("contract.operation_failed")
    assert (failed["error_code"], failed["request_id"]) == ("NO_RUNNING_SERVICE", str(cut.request_id))
    assert await sale.stated("contract.suspended") == []
