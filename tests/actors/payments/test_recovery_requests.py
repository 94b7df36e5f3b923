"""payments: collections agents steer cases; another tenant sees none of them."""

from datetime import date, timedelta

import pytest

from messages.payments import (
    CloseRecoveryCase,
    GetRecoveryCase,
    ListRecoveryCases,
    PauseRecoveryCase,
    ResumeRecoveryCase,
)
from messages.problem import Refused
from tests.actors.payments.builders import at
from tests.actors.payments.steps import facts
from tests.actors.payments.test_recovery import case_of, rejected, with_policies
from tests.harness import Running, Tenant


async def test_an_agent_pauses_resumes_and_closes_and_another_tenant_sees_nothing(
    running: Running, tenant: Tenant, other_tenant: Tenant
) -> None:
    await with_policies(tenant)
    await rejected(running, tenant)
    case = await case_of(tenant)
    with pytest.raises(Refused) as refusal:
        await other_tenant.client.call(GetRecoveryCase(case_id=case.case_id))
    assert refusal.value.code.code == "RECOVERY_CASE_NOT_FOUND"
    assert (await other_tenant.client.call(ListRecoveryCases())).items == ()
    until = date(2026, 5, 20)
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(
            PauseRecoveryCase(case_id=case.case_id, reason="holiday", until=until + timedelta(days=90))
        )
    assert refusal.value.code.code == "PAUSE_TOO_LONG"
    paused = await tenant.client.call(PauseRecoveryCase(case_id=case.case_id, reason="holiday", until=until))
    assert (paused.status, paused.paused_until) == ("PAUSED", until)
    await running.tick("minute", at(date(2026, 5, 4)))
    assert await facts(running, tenant, "retry_attempt.executed") == []
    resumed = await tenant.client.call(ResumeRecoveryCase(case_id=case.case_id))
    assert resumed.status == "OPEN"
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(CloseRecoveryCase(case_id=case.case_id, reason="RECOVERED"))  # type: ignore[arg-type]
    assert refusal.value.code.code == "OUTSTANDING_REMAINS"
    closed = await tenant.client.call(CloseRecoveryCase(case_id=case.case_id, reason="ERROR"))  # type: ignore[arg-type]
    assert (closed.status, closed.plans[0].status) == ("CLOSED", "CANCELLED")
