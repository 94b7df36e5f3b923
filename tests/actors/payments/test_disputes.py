"""payments: what a debtor disputes is left alone until somebody decides; what he does not dispute goes on."""

from datetime import date
from decimal import Decimal

import pytest

from messages.payments import (
    CaseCloseReason,
    CloseRecoveryCase,
    DisputeCause,
    DisputeOutcome,
    DisputeRecoveryItem,
    ListAlerts,
    ListReminders,
    QuoteRecoveryAmount,
    RecoveryCase,
    ResolveDispute,
    ResumeRecoveryCase,
)
from messages.problem import Refused
from tests.actors.payments.builders import at, credit_note_issued, invoice_issued
from tests.actors.payments.steps import STARTS, facts, imported
from tests.actors.payments.test_recovery import case_of, paid, presented_again, refusing, rejected, with_policies
from tests.harness import Running, Tenant

DAY = date(2026, 5, 4)


async def disputed(tenant: Tenant, day: date = DAY) -> RecoveryCase:
    tenant.client.now = at(day)
    case = await case_of(tenant)
    cause = DisputeCause.NOT_DELIVERED
    return await tenant.client.call(
        DisputeRecoveryItem(case_id=case.case_id, item_id=case.items[0].item_id, cause=cause)
    )


async def resolved(tenant: Tenant, outcome: DisputeOutcome, day: date) -> RecoveryCase:
    tenant.client.now = at(day)
    case = await case_of(tenant)
    return await tenant.client.call(
        ResolveDispute(case_id=case.case_id, item_id=case.items[0].item_id, outcome=outcome)
    )


async def test_a_disputed_debt_is_neither_quoted_nor_presented_nor_written_about(
    running: Running, tenant: Tenant, other_tenant: Tenant
) -> None:
    await with_policies(tenant)
    await rejected(running, tenant)
    case = await disputed(tenant)
    assert (case.status, case.pause_reason, case.outstanding.amount) == ("PAUSED", "DISPUTE", Decimal("0.00"))
    assert (case.items[0].status, case.items[0].disputed_on, case.plans[0].status) == ("DISPUTED", DAY, "PAUSED")
    quote = await tenant.client.call(QuoteRecoveryAmount(case_id=case.case_id))
    assert (quote.total.amount, quote.items) == (Decimal("0.00"), ())
    assert {row.status for row in (await tenant.client.call(ListReminders())).items} == {"CANCELLED"}
    await running.tick("minute", at(DAY, 8, 5))
    assert await facts(running, tenant, "retry_attempt.executed") == []
    for request in (
        ResumeRecoveryCase(case_id=case.case_id),
        CloseRecoveryCase(case_id=case.case_id, reason=CaseCloseReason.RECOVERED),
    ):
        with pytest.raises(Refused) as refusal:
            await tenant.client.call(request)
        assert refusal.value.code.code in ("VALIDATION_FAILED", "OUTSTANDING_REMAINS")
    with pytest.raises(Refused) as refusal:
        await other_tenant.client.call(
            DisputeRecoveryItem(case_id=case.case_id, item_id=case.items[0].item_id, cause=DisputeCause.OTHER)
        )
    assert refusal.value.code.code == "RECOVERY_CASE_NOT_FOUND"
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(
            ResolveDispute(case_id=case.case_id, item_id=case.case_id, outcome=DisputeOutcome.UPHELD)
        )
    assert refusal.value.code.code == "RECOVERY_ITEM_NOT_FOUND"


async def test_a_rejected_dispute_lets_the_debt_go_on_with_a_new_date(running: Running, tenant: Tenant) -> None:
    await with_policies(tenant)
    await rejected(running, tenant)
    await disputed(tenant)
    await running.tick("hour", at(date(2026, 5, 20), 9))
    case = await resolved(tenant, DisputeOutcome.REJECTED, date(2026, 5, 20))
    assert (case.status, case.items[0].status, case.outstanding.amount) == ("OPEN", "OPEN", Decimal("24.90"))
    (attempt,) = case.plans[0].attempts
    assert (case.plans[0].status, attempt.status) == ("ACTIVE", "SCHEDULED")
    assert attempt.planned_collection_date > date(2026, 5, 20)
    with pytest.raises(Refused) as refusal:
        await resolved(tenant, DisputeOutcome.UPHELD, date(2026, 5, 20))
    assert refusal.value.code.code == "INVALID_TRANSITION"


async def test_a_dispute_that_is_decided_too_late_for_the_policy_ends_the_plan(
    running: Running, tenant: Tenant
) -> None:
    await with_policies(tenant)
    await rejected(running, tenant)
    await disputed(tenant)
    case = await resolved(tenant, DisputeOutcome.REJECTED, date(2026, 6, 20))  # 30 days after 30 April are over
    assert (case.plans[0].status, case.plans[0].attempts[0].status, case.retries_exhausted) == (
        "EXHAUSTED",
        "SKIPPED",
        True,
    )


async def test_an_upheld_dispute_waits_for_its_credit_note_which_ends_the_case(
    running: Running, tenant: Tenant
) -> None:
    await with_policies(tenant)
    found = await rejected(running, tenant)
    await disputed(tenant)
    case = await resolved(tenant, DisputeOutcome.UPHELD, date(2026, 5, 6))
    assert (case.status, case.items[0].status) == ("PAUSED", "UPHELD")
    tasks = [fact["title"] for fact in await facts(running, tenant, "dunning_action.requested")]
    assert any("Dispute upheld" in title for title in tasks)
    invoice = invoice_issued(found, found.amount, STARTS).model_copy(update={"invoice_id": case.items[0].invoice_id})
    await running.state(credit_note_issued(found, invoice, "24.90"), tenant.id, now=at(date(2026, 5, 7)))
    await running.settled()
    case = await case_of(tenant)
    assert (case.status, case.close_reason, case.items[0].status) == ("CLOSED", "DISPUTE_UPHELD", "CREDITED")
    assert case.plans[0].status == "SUCCEEDED"


async def test_a_disputed_debt_that_is_paid_after_all_is_settled(running: Running, tenant: Tenant) -> None:
    await with_policies(tenant)
    found = await rejected(running, tenant)
    await disputed(tenant)
    await paid(tenant, found, "24.90", date(2026, 5, 6))
    case = await case_of(tenant)
    assert (case.status, case.close_reason, case.items[0].status) == ("CLOSED", "RECOVERED", "SETTLED")


async def test_a_debit_on_its_way_that_fails_leaves_the_disputed_debt_alone(running: Running, tenant: Tenant) -> None:
    await with_policies(tenant)
    await rejected(running, tenant)
    content = await presented_again(running, tenant, at(DAY), date(2026, 5, 6), "24.90")
    case = await disputed(tenant)
    assert case.plans[0].status == "AWAITING_OUTCOME"
    await imported(tenant, refusing("AM04").take(content, DAY))
    await running.settled()
    case = await case_of(tenant)
    assert (case.status, case.items[0].status) == ("PAUSED", "DISPUTED")
    assert (case.plans[0].status, case.plans[0].eligibility) == ("NOT_ELIGIBLE", "NOT_ELIGIBLE_DISPUTED")
    case = await resolved(tenant, DisputeOutcome.REJECTED, date(2026, 5, 7))
    assert [attempt.status for attempt in case.plans[0].attempts] == ["FAILED", "SCHEDULED"]
    assert (case.status, case.plans[0].status, case.plans[0].eligibility) == ("OPEN", "ACTIVE", "ELIGIBLE")


async def test_a_dispute_nobody_decides_is_chased_once_and_stays(running: Running, tenant: Tenant) -> None:
    await with_policies(tenant)
    await rejected(running, tenant)
    await disputed(tenant)
    await running.tick("hour", at(date(2026, 6, 2), 9))
    assert (await tenant.client.call(ListAlerts(code="RECOVERY_DISPUTE_OPEN"))).items == ()
    for hour in (9, 10):
        await running.tick("hour", at(date(2026, 6, 3), hour))
    asked = [fact for fact in await facts(running, tenant, "dunning_action.requested") if "30 days" in fact["title"]]
    assert len(asked) == 1
    assert len((await tenant.client.call(ListAlerts(code="RECOVERY_DISPUTE_OPEN"))).items) == 1
    assert (await case_of(tenant)).items[0].status == "DISPUTED"
