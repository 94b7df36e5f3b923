"""payments: the last step of a ladder orders the end of the contract once the formal notice ran out; no service outlives it."""

from datetime import UTC, date, datetime

import pytest

from messages.contrats import ContractExpired, ContractSuspended
from messages.payments import (
    ActionKind,
    CreateDunningPolicy,
    DunningTerms,
    GuardKind,
    ListSuspensionRequests,
    StepGuard,
    StepTrigger,
)
from messages.values.identifiers import derived_id
from tests.actors.payments.builders import Subscriber, at
from tests.actors.payments.steps import facts, messages_left
from tests.actors.payments.test_notices import in_notice, posted, rendered
from tests.actors.payments.test_recovery import PRESENTED, act, case_of, paid, rejected, step
from tests.harness import Running, Tenant

NOTICE = step("N", 3, StepTrigger.REJECTION_COUNT, 1, act(ActionKind.SEND_FORMAL_NOTICE))
END = step("END", 4, StepTrigger.NOTICE_DEADLINE_PASSED, 0, act(ActionKind.REQUEST_TERMINATION))
CUTTING = DunningTerms(
    steps=(
        step("W", 1, StepTrigger.REJECTION_COUNT, 1, act(ActionKind.SEND_MESSAGE, template_key="W")),
        step(
            "CUT", 2, StepTrigger.DAYS_AFTER_STEP, 1, act(ActionKind.REQUEST_SUSPENSION), after_step="W",
            guards=(StepGuard(kind=GuardKind.MESSAGE_SENT_BEFORE, step="W", hours=48),),
        ),
    )
)  # fmt: skip


@pytest.mark.parametrize("guards", [(), (StepGuard(kind=GuardKind.NO_PENDING_PAYMENT),)])
def test_a_ladder_that_ends_a_contract_before_its_notice_ran_out_is_refused(guards: tuple[StepGuard, ...]) -> None:
    ending = act(ActionKind.REQUEST_TERMINATION)
    with pytest.raises(ValueError, match="before a formal notice ran out"):
        DunningTerms(steps=(NOTICE, step("END", 4, StepTrigger.DAYS_AFTER_OPEN, 60, ending, guards=guards)))
    waiting = (*guards, StepGuard(kind=GuardKind.NOTICE_DEADLINE_PASSED))
    DunningTerms(steps=(NOTICE, step("END", 4, StepTrigger.DAYS_AFTER_OPEN, 60, ending, guards=waiting)))


async def test_a_notice_that_ran_out_ends_the_contract_once(running: Running, tenant: Tenant) -> None:
    found, notice = await in_notice(running, tenant, DunningTerms(steps=(NOTICE, END)))
    await rendered(running, tenant, notice)
    await posted(running, tenant, notice, datetime(2026, 5, 4, 12, tzinfo=UTC))
    await running.tick("hour", at(date(2026, 5, 19), 9))  # the last of the 15 days
    assert await facts(running, tenant, "contract_termination.requested") == []
    for hour in (7, 8):
        await running.tick("hour", at(date(2026, 5, 20), hour))
    (order,) = await facts(running, tenant, "contract_termination.requested")
    case = await case_of(tenant)
    assert order == {
        "request_id": str(derived_id("termination", case.case_id)),
        "contract_id": str(found.contract_id),
        "case_id": str(case.case_id),
        "notice_id": str(notice.notice_id),
        "effective_at": "2026-05-20T22:00:00.000000Z",  # midnight in Paris: the contract ends with the 20th
        "reason": "NON_PAYMENT",
    }
    assert (case.level, case.service_state) == (4, "TERMINATION_REQUESTED")
    await contract_expires(found, date(2026, 5, 20))
    case = await case_of(tenant)
    assert (case.status, case.service_state, case.outstanding.amount) == ("OPEN", "TERMINATED", notice.total.amount)


async def test_a_service_whose_contract_ended_is_not_restored_by_payment(running: Running, tenant: Tenant) -> None:
    await tenant.client.call(CreateDunningPolicy(code="FAST", name="Fast", terms=CUTTING, is_default=True))
    found = await rejected(running, tenant, "AC04")
    await running.tick("minute", at(PRESENTED, 12))
    await messages_left(running, tenant, at(PRESENTED, 12))
    await running.tick("hour", at(date(2026, 5, 4), 9))
    (order,) = await facts(running, tenant, "suspension.requested")
    suspended = found.snapshot("SUSPENDED") | {
        "request_id": order["request_id"],
        "suspension_reason": "PAYMENT_DEFAULT",
        "billing_policy": "CONTINUE",
    }
    await found.state(ContractSuspended.model_validate(suspended), date(2026, 5, 4))
    await contract_expires(found, date(2026, 5, 5))
    await paid(tenant, found, "24.90", date(2026, 5, 6))
    await running.settled()
    case = await case_of(tenant)
    assert (case.status, case.service_state) == ("CLOSED", "TERMINATED")
    assert await facts(running, tenant, "suspension.lift_requested") == []
    (cut,) = (await tenant.client.call(ListSuspensionRequests())).items
    assert cut.status == "CONFIRMED"


async def test_a_cut_that_was_ordered_is_withdrawn_when_the_contract_ends(running: Running, tenant: Tenant) -> None:
    await tenant.client.call(CreateDunningPolicy(code="FAST", name="Fast", terms=CUTTING, is_default=True))
    found = await rejected(running, tenant, "AC04")
    await running.tick("minute", at(PRESENTED, 12))
    await messages_left(running, tenant, at(PRESENTED, 12))
    await running.tick("hour", at(date(2026, 5, 4), 9))
    await contract_expires(found, date(2026, 5, 4))
    assert len(await facts(running, tenant, "suspension.withdrawn")) == 1
    assert (await case_of(tenant)).service_state == "TERMINATED"


async def contract_expires(found: Subscriber, day: date) -> None:
    over = found.snapshot("EXPIRED") | {"ends_on": day, "months_in_force": 1}
    await found.state(ContractExpired.model_validate(over), day)
    await found.running.settled()
