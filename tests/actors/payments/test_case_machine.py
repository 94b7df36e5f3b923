"""payments: whatever agents, time and money do to a case in any order, its states stay legal and each change is told once."""

from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actors.payments.rules.recovery_machines import RECOVERY_CASE
from messages.payments import (
    AcceptSettlementPlan,
    CancelRetryPlan,
    CaseCloseReason,
    CloseRecoveryCase,
    CreateRefund,
    DisputeCause,
    DisputeOutcome,
    DisputeRecoveryItem,
    ListPayments,
    ListSettlementPlans,
    PauseRecoveryCase,
    ProposeSettlementPlan,
    RecoveryCase,
    RecoveryCaseStatus,
    RefundReason,
    RequestSuspension,
    ResolveDispute,
    ResumeRecoveryCase,
    RetryPlanStatus,
    RunRetries,
    SettlementStatus,
)
from messages.problem import Refused
from messages.values.identifiers import new_id
from tests.actors.payments.builders import Subscriber, at, money
from tests.actors.payments.steps import facts
from tests.actors.payments.test_recovery import case_of, paid, rejected, with_policies
from tests.harness import Running, Tenant

_TOLD = {"pause": "recovery_case.paused", "resume": "recovery_case.resumed", "close": "recovery_case.closed"}
_LIVE = (RetryPlanStatus.ACTIVE, RetryPlanStatus.AWAITING_OUTCOME)


class Agent:
    """Drives one case by real requests and knows what its machine allows."""

    def __init__(self, running: Running, tenant: Tenant, found: Subscriber) -> None:
        self.running, self.tenant, self.found = running, tenant, found
        self.day = date(2026, 5, 4)
        self.status = RecoveryCaseStatus.OPEN
        self.owed = Decimal("24.90")
        self.told = dict.fromkeys(_TOLD, 0)
        self.reason = self.item = ""
        self.plan: UUID | None = None
        self.level = 0

    async def act(self, name: str) -> None:
        """One step, then what must hold after any."""
        steps: dict[str, Callable[[RecoveryCase], Awaitable[None]]] = {
            "pause": self._pause, "resume": self._resume, "close": self._close, "pay": self._pay, "cancel": self._cancel,
            "cut": self._cut, "run": self._run, "wait": self._wait, "dispute": self._dispute, "reject": self._reject,
            "agree": self._agree, "refund": self._refund,
        }  # fmt: skip
        self.tenant.client.now = at(self.day)
        await steps[name](await case_of(self.tenant))
        await self._check()

    async def _ask(self, trigger: str, request: object) -> None:
        asked = trigger != "resume" or self.item != "DISPUTED"
        allowed = asked and RECOVERY_CASE.allows(trigger, self.status)
        try:
            await self.tenant.client.call(request)  # type: ignore[call-overload]
        except Refused as refusal:
            assert not allowed, refusal
            assert refusal.code.code in ("INVALID_TRANSITION", "VALIDATION_FAILED")
            return
        assert allowed
        self._became(trigger)

    def _became(self, trigger: str, reason: str = "MANUAL") -> None:
        self.status = RECOVERY_CASE.after(trigger, self.status)
        self.reason = reason if trigger == "pause" else ""
        self.told[trigger] += 1
        if trigger != "pause":
            self.plan = None

    async def _pause(self, case: RecoveryCase) -> None:
        until = self.day + timedelta(days=30)
        await self._ask("pause", PauseRecoveryCase(case_id=case.case_id, reason="asked", until=until))

    async def _resume(self, case: RecoveryCase) -> None:
        await self._ask("resume", ResumeRecoveryCase(case_id=case.case_id))

    async def _close(self, case: RecoveryCase) -> None:
        await self._ask("close", CloseRecoveryCase(case_id=case.case_id, reason=CaseCloseReason.ERROR))

    async def _pay(self, case: RecoveryCase) -> None:
        if self.owed > 0:
            amount = min(self.owed, Decimal("12.45"))
            await paid(self.tenant, self.found, str(amount), self.day)
            self.owed -= amount
            if self.owed == 0 and self.status is not RecoveryCaseStatus.CLOSED:
                if self.plan is not None:
                    self._became("resume")  # the plan is completed
                self.item = "SETTLED"
                self._became("close")

    async def _cancel(self, case: RecoveryCase) -> None:
        live = case.plans[0].status in _LIVE
        try:
            await self.tenant.client.call(CancelRetryPlan(plan_id=case.plans[0].plan_id, reason="asked"))
        except Refused as refusal:
            assert not live, refusal

    async def _refund(self, case: RecoveryCase) -> None:
        """Money given back is the company's choice: the debtor does not owe it again."""
        receipts = (await self.tenant.client.call(ListPayments(client_id=self.found.client_id))).items
        for receipt in [row for row in receipts if row.type == "MANUAL" and row.status == "PAID"][:1]:
            await self.tenant.client.call(
                CreateRefund(payment_id=receipt.payment_id, amount=money("1.00"), reason=RefundReason.OTHER)
            )

    async def _dispute(self, case: RecoveryCase) -> None:
        allowed = self.status is not RecoveryCaseStatus.CLOSED and self.item != "DISPUTED"
        request = DisputeRecoveryItem(
            case_id=case.case_id, item_id=case.items[0].item_id, cause=DisputeCause.WRONG_AMOUNT
        )
        if not await self._allowed(allowed, request):
            return
        self.item = "DISPUTED"
        if self.plan is not None:
            self._became("resume")
        if self.status is RecoveryCaseStatus.OPEN:
            self._became("pause", "DISPUTE")

    async def _reject(self, case: RecoveryCase) -> None:
        allowed = self.status is not RecoveryCaseStatus.CLOSED and self.item == "DISPUTED"
        request = ResolveDispute(case_id=case.case_id, item_id=case.items[0].item_id, outcome=DisputeOutcome.REJECTED)
        if await self._allowed(allowed, request):
            self.item = ""
            if self.reason == "DISPUTE":
                self._became("resume")

    async def _agree(self, case: RecoveryCase) -> None:
        """A plan whose tranches fall due after the walk."""
        if self.status is not RecoveryCaseStatus.OPEN:
            return
        first = self.day + timedelta(days=60)
        proposal = ProposeSettlementPlan(case_id=case.case_id, count=2, first_due_on=first)
        plan = await self.tenant.client.call(proposal)
        await self.tenant.client.call(AcceptSettlementPlan(plan_id=plan.plan_id, proof_document_id=new_id()))
        self._became("pause", "SETTLEMENT_PLAN")
        self.plan = plan.plan_id

    async def _allowed(self, allowed: bool, request: DisputeRecoveryItem | ResolveDispute) -> bool:
        try:
            await self.tenant.client.call(request)
        except Refused as refusal:
            assert not allowed, refusal
            return False
        assert allowed
        return True

    async def _cut(self, case: RecoveryCase) -> None:
        try:
            await self.tenant.client.call(RequestSuspension(case_id=case.case_id))
        except Refused:
            return
        raise AssertionError("a service was cut although no warning ever left")

    async def _run(self, case: RecoveryCase) -> None:
        await self.tenant.client.call(RunRetries())

    async def _wait(self, case: RecoveryCase) -> None:
        self.day += timedelta(days=1)
        await self.running.tick("hour", at(self.day, 9))

    async def _check(self) -> None:
        case = await case_of(self.tenant)
        assert case.status is self.status
        assert (case.close_reason is not None) == (case.status is RecoveryCaseStatus.CLOSED)
        assert case.level >= self.level
        self.level = case.level
        assert case.outstanding.amount == sum(item.outstanding.amount for item in case.items if item.status == "OPEN")
        assert (case.pause_reason or "") == self.reason
        assert (case.items[0].status == "DISPUTED") == (self.item == "DISPUTED")
        plans = (await self.tenant.client.call(ListSettlementPlans(status=(SettlementStatus.ACTIVE,)))).items
        assert [plan.plan_id for plan in plans] == ([self.plan] if self.plan is not None else [])
        if case.status is RecoveryCaseStatus.PAUSED and self.item == "DISPUTED":
            assert case.outstanding.amount == 0
        if case.status is RecoveryCaseStatus.CLOSED:
            assert all(attempt.status != "SCHEDULED" for plan in case.plans for attempt in plan.attempts)

    async def was_told(self) -> None:
        """Each change was told once."""
        await self.running.settled()
        for trigger, type_ in _TOLD.items():
            assert len(await facts(self.running, self.tenant, type_)) == self.told[trigger], type_


_NAMES = (
    "pause", "resume", "close", "pay", "pay", "cancel", "cut", "run", "wait", "dispute", "dispute", "reject", "agree",
    "agree", "refund",
)  # fmt: skip


async def walk(running: Running, steps: list[str]) -> None:
    tenant = await running.tenant("Télécom Aléatoire")
    try:
        await with_policies(tenant)
        agent = Agent(running, tenant, await rejected(running, tenant))
        for step in steps:
            await agent.act(step)
        await agent.was_told()
    finally:
        await running.retire(tenant.id)


@pytest.mark.parametrize(
    "steps",
    [
        ["agree", "pay", "dispute", "reject", "agree", "pay", "refund"],
        ["pause", "dispute", "reject", "resume", "dispute", "close"],
    ],
)
async def test_plans_and_disputes_meet_and_the_case_stays_legal(running: Running, steps: list[str]) -> None:
    await walk(running, steps)


@pytest.mark.chaos
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(steps=st.lists(st.sampled_from(_NAMES), min_size=6, max_size=20))
async def test_a_long_life_of_a_case_stays_legal(running: Running, steps: list[str]) -> None:
    await walk(running, steps)


@settings(
    max_examples=2, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(steps=st.lists(st.sampled_from(_NAMES), min_size=4, max_size=8))
async def test_a_case_stays_legal_whatever_is_done_to_it(running: Running, steps: list[str]) -> None:
    await walk(running, steps)
