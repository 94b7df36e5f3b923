"""payments: whatever agents, time and money do to a case in any order, its states stay legal and each change is told once."""

from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actors.payments.rules.recovery_machines import RECOVERY_CASE
from messages.payments import (
    CancelRetryPlan,
    CaseCloseReason,
    CloseRecoveryCase,
    PauseRecoveryCase,
    RecoveryCase,
    RecoveryCaseStatus,
    RequestSuspension,
    ResumeRecoveryCase,
    RetryPlanStatus,
    RunRetries,
)
from messages.problem import Refused
from tests.actors.payments.builders import Subscriber, at
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
        self.level = 0

    async def act(self, name: str) -> None:
        """One step, then what must hold after any."""
        steps: dict[str, Callable[[RecoveryCase], Awaitable[None]]] = {
            "pause": self._pause, "resume": self._resume, "close": self._close, "pay": self._pay, "cancel": self._cancel,
            "cut": self._cut, "run": self._run, "wait": self._wait,
        }  # fmt: skip
        self.tenant.client.now = at(self.day)
        await steps[name](await case_of(self.tenant))
        await self._check()

    async def _ask(self, trigger: str, request: object) -> None:
        allowed = RECOVERY_CASE.allows(trigger, self.status)
        try:
            await self.tenant.client.call(request)  # type: ignore[call-overload]
        except Refused as refusal:
            assert not allowed, refusal
            assert refusal.code.code == "INVALID_TRANSITION"
            return
        assert allowed
        self.status = RECOVERY_CASE.after(trigger, self.status)
        self.told[trigger] += 1

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
                self.status = RecoveryCaseStatus.CLOSED
                self.told["close"] += 1

    async def _cancel(self, case: RecoveryCase) -> None:
        live = case.plans[0].status in _LIVE
        try:
            await self.tenant.client.call(CancelRetryPlan(plan_id=case.plans[0].plan_id, reason="asked"))
        except Refused as refusal:
            assert not live, refusal

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
        if case.status is RecoveryCaseStatus.CLOSED:
            assert all(attempt.status != "SCHEDULED" for plan in case.plans for attempt in plan.attempts)

    async def was_told(self) -> None:
        """Each change was told once."""
        await self.running.settled()
        for trigger, type_ in _TOLD.items():
            assert len(await facts(self.running, self.tenant, type_)) == self.told[trigger], type_


_STEPS = st.lists(
    st.sampled_from(("pause", "resume", "close", "pay", "cancel", "cut", "run", "wait")), min_size=4, max_size=8
)


@settings(
    max_examples=2, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(steps=_STEPS)
async def test_a_case_stays_legal_whatever_is_done_to_it(running: Running, steps: list[str]) -> None:
    tenant = await running.tenant("Télécom Aléatoire")
    try:
        await with_policies(tenant)
        agent = Agent(running, tenant, await rejected(running, tenant))
        for step in steps:
            await agent.act(step)
        await agent.was_told()
    finally:
        await running.retire(tenant.id)
