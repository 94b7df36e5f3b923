"""contrats on the real system: each transition of the table leaves the status it promises and states its fact once."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pytest

from actors.contrats.rules.status import CONTRACT
from messages.base import Request
from messages.contrats import (
    ActivateContract,
    CancelContract,
    ResumeContract,
    SuspendContract,
    TerminateContract,
    WithdrawContract,
)
from messages.problem import Refused
from tests.actors.contrats.builders import MARCH_2, Sale, at
from tests.harness import Running, Tenant

APRIL_2 = date(2026, 4, 2)
Act = Callable[[Sale], Awaitable[object]]


async def drafted(sale: Sale) -> None:
    await sale.draft()


async def signed(sale: Sale) -> None:
    await sale.draft()
    await sale.sign()


async def ready(sale: Sale) -> None:
    await signed(sale)
    await sale.approve()
    await sale.activate_mandate()
    await sale.day(date(2026, 3, 17))


async def active(sale: Sale) -> None:
    await sale.in_force()
    sale.at(at(APRIL_2))


async def suspended(sale: Sale) -> None:
    await active(sale)
    await suspend(sale)


async def order(sale: Sale, request: type[Request], **fields: object) -> None:  # type: ignore[type-arg]
    given = {"contract_id": sale.contract_id, "expected_version": await sale.version(), **fields}
    await sale.tenant.client.call(request.model_validate(given))
    await sale.running.settled()


async def start(sale: Sale) -> None:
    await sale.day(date(2026, 4, 1))
    await sale.provider()


async def suspend(sale: Sale) -> None:
    await order(sale, SuspendContract, reason="TECHNICAL")
    await sale.provider()


async def resume(sale: Sale) -> None:
    await order(sale, ResumeContract)
    await sale.provider()


async def cancel(sale: Sale) -> None:
    await order(sale, CancelContract, reason_code="NO")


async def withdraw(sale: Sale) -> None:
    sale.at(MARCH_2 + timedelta(days=2))
    await order(sale, WithdrawContract, sent_on=date(2026, 3, 4), received_on=date(2026, 3, 4), channel="LETTER")


async def terminate(sale: Sale) -> None:
    await order(sale, TerminateContract, received_on=APRIL_2, reason_code="MOVING", channel="ONLINE")
    ends_on = (await sale.stated("contract.termination_scheduled"))[-1][1]["ends_on"]
    await sale.day(date.fromisoformat(ends_on) + timedelta(days=1))
    await sale.provider()


async def expire(sale: Sale) -> None:
    await sale.day(date(2027, 4, 1))
    await sale.provider()


@dataclass(frozen=True)
class Transition:
    """From a beginning, by an act, to a status, stating a fact."""

    trigger: str
    begin: Act
    act: Act
    status: str
    fact: str
    terms: tuple[tuple[str, object], ...] = ()


TRANSITIONS = (
    Transition("record_signature", drafted, Sale.sign, "SIGNED", "contract.signed"),
    Transition("cancel", drafted, cancel, "CANCELLED", "contract.cancelled"),
    Transition("cancel", signed, cancel, "CANCELLED", "contract.cancelled"),
    Transition("withdraw", signed, withdraw, "WITHDRAWN", "contract.withdrawn"),
    Transition("activate", ready, start, "ACTIVE", "contract.activated"),
    Transition("suspend", active, suspend, "SUSPENDED", "contract.suspended"),
    Transition("resume", suspended, resume, "ACTIVE", "contract.resumed"),
    Transition("terminate", active, terminate, "TERMINATED", "contract.terminated"),
    Transition("terminate", suspended, terminate, "TERMINATED", "contract.terminated"),
    Transition("expire", active, expire, "EXPIRED", "contract.expired", (("renewal_mode", "NONE"),)),
)
ELECTRONIC = {
    "send_for_signature", "recall_signature", "decline_signature", "expire_signature", "fail_signature",
    "store_evidence", "give_up_evidence",
}  # fmt: skip
"""Transitions of the electronic signature: test_electronic_signature drives them at the provider's simulator."""


def test_no_transition_is_forgotten() -> None:
    assert {trigger for trigger, _ in CONTRACT.table} - ELECTRONIC == {row.trigger for row in TRANSITIONS}


@pytest.mark.parametrize("row", TRANSITIONS, ids=lambda row: f"{row.trigger}-{row.begin.__name__}")
async def test_a_transition_states_its_fact(running: Running, tenant: Tenant, row: Transition) -> None:
    sale = await Sale(running, tenant).prepare()
    made = sale.draft

    async def draft_with_terms(**changes: object) -> object:
        return await made(terms=dict(row.terms), **changes)

    sale.draft = draft_with_terms  # type: ignore[assignment, method-assign]
    await row.begin(sale)
    assert await sale.stated(row.fact) == []
    await row.act(sale)
    ((_, body),) = await sale.stated(row.fact)
    assert body["status"] == row.status
    contract = await sale.contract(with_details=True)
    assert contract.status == row.status
    changes = [(body["from"], body["to"]) for _, body in await sale.stated("contract.status_changed")]
    assert changes == [(entry.from_status, entry.to_status) for entry in reversed(contract.history)]
    assert (contract.history[0].operation, contract.history[0].to_status) in (
        (row.trigger, row.status), ("store_evidence", row.status),
    )  # fmt: skip


async def test_case_32_what_the_table_does_not_hold_is_refused_and_leaves_no_trace(
    running: Running, tenant: Tenant
) -> None:
    sale = await Sale(running, tenant).prepare()
    await drafted(sale)
    sale.at(datetime(2026, 3, 2, 12, tzinfo=UTC))
    with pytest.raises(Refused, match="INVALID_TRANSITION"):
        await order(sale, TerminateContract, received_on=date(2026, 3, 2), reason_code="OTHER", channel="ONLINE")
    await sale.sign()
    version = await sale.version()
    with pytest.raises(Refused, match="GATE_NOT_MET") as refusal:
        await order(sale, ActivateContract)
    assert "QUALITY" in refusal.value.details["gates"]
    assert await sale.version() == version
    await withdraw(sale)
    events = len(await sale.stated("contract.activated")) + len(await sale.stated("contract.operation_failed"))
    with pytest.raises(Refused, match="INVALID_TRANSITION"):
        await order(sale, ActivateContract)
    assert events == 0


async def test_a_stale_version_is_refused(running: Running, tenant: Tenant, other_tenant: Tenant) -> None:
    sale = await Sale(running, tenant).prepare()
    await signed(sale)
    stale = CancelContract(contract_id=sale.contract_id, expected_version=1, reason_code="NO")
    with pytest.raises(Refused, match="VERSION_CONFLICT"):
        await tenant.client.call(stale)
    with pytest.raises(Refused, match="CONTRACT_NOT_FOUND"):
        await other_tenant.client.call(stale)


async def test_the_facts_of_a_withdrawal_are_kept(running: Running, tenant: Tenant) -> None:
    sale = await Sale(running, tenant).prepare()
    await signed(sale)
    await withdraw(sale)
    contract = await sale.contract()
    assert (contract.withdrawal_sent_on, contract.withdrawal_channel) == (date(2026, 3, 4), "LETTER")
