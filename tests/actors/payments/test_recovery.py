"""payments: a rejected debit becomes a case, is presented again, climbs the ladder, and money leads back at each point."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from actors.payments.bank.outcomes import Rule, Script, parse_outcome
from actors.payments.bank.simulator import SimulatedBank
from messages.contrats import ContractOperationFailed, ContractResumed, ContractSuspended
from messages.payments import (
    ActionKind,
    CreateDunningPolicy,
    CreateRetryPolicy,
    DunningStep,
    DunningTerms,
    GetPaymentStanding,
    GetRecoveryCase,
    GetRetryPlan,
    GuardKind,
    ListCollectionBatches,
    ListInstalments,
    ListPayments,
    ListRecoveryCases,
    ListReminders,
    ListRetryPlans,
    ListSchedules,
    ListSuspensionRequests,
    MarkBatchTransmitted,
    PaymentMethod,
    QuoteRecoveryAmount,
    RecordManualPayment,
    RecoveryCase,
    RequestSuspension,
    RetryTerms,
    StepAction,
    StepGuard,
    StepTrigger,
    UpdateRetryPolicy,
)
from messages.problem import Refused
from messages.values.identifiers import new_id
from tests.actors.payments.builders import (
    Subscriber,
    at,
    creditor_account,
    cutoff_reached,
    invoice_issued,
    money,
)
from tests.actors.payments.steps import (
    PRESENTED,
    STARTS,
    facts,
    file_of,
    imported,
    messages_left,
    subscriber,
    transmitted,
)  # fmt: skip
from tests.harness import Running, Tenant

CLAUSE = RetryTerms(delays_days=(3, 7), max_attempts=2, prenotification_clause_ref="CGV art. 7")


def step(code: str, level: int, trigger: StepTrigger, value: int, *actions: StepAction, **more: Any) -> DunningStep:
    return DunningStep(code=code, level=level, trigger=trigger, trigger_value=value, actions=actions, **more)


def act(kind: ActionKind, **more: Any) -> StepAction:
    return StepAction(kind=kind, **more)


DEMO = DunningTerms(
    steps=(
        step("D1", 1, StepTrigger.REJECTION_COUNT, 1, act(ActionKind.SEND_MESSAGE, template_key="D1")),
        step("D2", 2, StepTrigger.REJECTION_COUNT, 2, act(ActionKind.SEND_MESSAGE, template_key="D2")),
        step(
            "D3", 3, StepTrigger.REJECTION_COUNT, 3,
            act(ActionKind.STOP_RETRIES), act(ActionKind.MARK_UNPAID), act(ActionKind.FLAG_RISK),
            act(ActionKind.MARK_DEFAULT), act(ActionKind.CREATE_TASK, title="Call"),
        ),
        step(
            "D3S", 3, StepTrigger.DAYS_AFTER_STEP, 2, act(ActionKind.REQUEST_SUSPENSION), after_step="D3",
            guards=(
                StepGuard(kind=GuardKind.MESSAGE_SENT_BEFORE, step="D2", hours=48),
                StepGuard(kind=GuardKind.NO_PENDING_PAYMENT),
            ),
        ),
    )
)  # fmt: skip


async def with_policies(tenant: Tenant) -> None:
    await tenant.client.call(CreateRetryPolicy(name="3 and 7 days", terms=CLAUSE, is_default=True))
    await tenant.client.call(CreateDunningPolicy(code="DEMO", name="Demo", terms=DEMO, is_default=True))


def refusing(code: str) -> SimulatedBank:
    return SimulatedBank(Script(rules=(Rule(parse_outcome(f"REJ-{code}")),)))


async def rejected(running: Running, tenant: Tenant, code: str = "AM04", **changes: Any) -> Subscriber:
    """The first debit of a subscriber is presented on 30 April and refused at once."""
    await creditor_account(tenant)
    found = await subscriber(running, tenant, **changes)
    await found.open_gates(date(2026, 4, 20))
    await running.state(invoice_issued(found, found.amount, STARTS), tenant.id, now=at(STARTS))
    await running.settled()
    batch = await transmitted(running, tenant, 1, found.amount)
    await imported(tenant, refusing(code).take(await file_of(tenant, batch), PRESENTED))
    await running.settled()
    return found


async def case_of(tenant: Tenant) -> RecoveryCase:
    (case,) = (await tenant.client.call(ListRecoveryCases())).items
    return await tenant.client.call(GetRecoveryCase(case_id=case.case_id))


async def presented_again(running: Running, tenant: Tenant, submit: datetime, collected: date, amount: str) -> bytes:
    """The retry run, the file of the hour after it, its control totals and its upload."""
    await running.tick("minute", submit)
    await running.tick("hour", submit + timedelta(minutes=1))
    (batch,) = (await tenant.client.call(ListCollectionBatches(status=("READY",)))).items  # type: ignore[arg-type]
    totals = cutoff_reached(tenant.company_id, collected, 1, amount)
    await running.state(totals, tenant.id, now=submit + timedelta(minutes=2))
    await running.settled()
    tenant.client.now = submit + timedelta(minutes=3)
    return await file_of(tenant, await tenant.client.call(MarkBatchTransmitted(batch_id=batch.batch_id)))


async def paid(tenant: Tenant, found: Subscriber, amount: str, day: date) -> None:
    tenant.client.now = at(day)
    receipt = RecordManualPayment(
        company_id=tenant.company_id,
        client_id=found.client_id,
        amount=money(amount),
        method=PaymentMethod.TRANSFER,
        received_on=day,
    )
    await tenant.client.call(receipt, key=str(new_id()))


async def test_case_14_one_rejection_opens_one_case_with_one_plan_and_one_message(
    running: Running, tenant: Tenant
) -> None:
    await with_policies(tenant)
    found = await rejected(running, tenant)
    case = await case_of(tenant)
    assert (case.status, case.level, case.rejection_count, case.outstanding.amount) == (
        "OPEN",
        1,
        1,
        Decimal("24.90"),
    )
    assert case.number == "REC-2026-000001"
    (plan,) = case.plans
    (attempt,) = plan.attempts
    assert (plan.status, attempt.planned_collection_date, attempt.submit_at) == (
        "ACTIVE",
        date(2026, 5, 6),
        datetime.fromisoformat("2026-05-04T08:00:00+00:00"),
    )
    (reminder,) = (await tenant.client.call(ListReminders(case_id=case.case_id))).items
    assert (reminder.template_key, reminder.status) == ("D1", "PENDING")
    await running.tick("minute", at(PRESENTED, 12))
    await running.tick("minute", at(PRESENTED, 12, 1))
    (order,) = await facts(running, tenant, "reminder.requested")
    assert (order["variables"]["amount"], order["variables"]["next_collection_date"]) == ("24.90", "2026-05-06")
    standing = await tenant.client.call(GetPaymentStanding(client_id=found.client_id))
    assert (standing.standing, standing.open_cases) == ("OVERDUE", (case.case_id,))
    assert len(await facts(running, tenant, "recovery_case.opened")) == 1


async def test_cases_15_27_and_47_three_rejections_climb_the_ladder_to_the_cut_and_payment_leads_back(
    running: Running, tenant: Tenant
) -> None:
    await with_policies(tenant)
    found = await rejected(running, tenant)
    await running.tick("minute", at(PRESENTED, 12))
    for submit, collected in ((date(2026, 5, 4), date(2026, 5, 6)), (date(2026, 5, 5), date(2026, 5, 7))):
        content = await presented_again(running, tenant, at(submit), collected, "24.90")
        await imported(tenant, refusing("AM04").take(content, submit))
        await running.settled()
        await running.tick("minute", at(submit, 15))
        await messages_left(running, tenant, at(submit, 15))
    case = await case_of(tenant)
    assert (case.level, case.rejection_count, case.status) == (3, 3, "OPEN")
    (plan,) = case.plans
    assert (plan.status, [attempt.status for attempt in plan.attempts]) == ("EXHAUSTED", ["FAILED", "FAILED"])
    assert len((await tenant.client.call(ListPayments(client_id=found.client_id))).items) == 3
    (unpaid,) = await facts(running, tenant, "instalment.unpaid")
    assert unpaid["status"] == "UNPAID"
    (defaulted,) = await facts(running, tenant, "receivable.defaulted")
    assert defaulted["amount"]["amount"] == "24.90"
    standing = await tenant.client.call(GetPaymentStanding(client_id=found.client_id))
    assert (standing.standing, standing.risk) == ("UNPAID", "HIGH")
    assert await facts(running, tenant, "suspension.requested") == []
    await running.tick("hour", at(date(2026, 5, 7), 10))  # two days later, but the day before 8 May, a holiday
    assert await facts(running, tenant, "suspension.requested") == []
    await running.tick("hour", at(date(2026, 5, 11), 9))
    await running.tick("hour", at(date(2026, 5, 11), 10))
    (order,) = await facts(running, tenant, "suspension.requested")
    suspended = found.snapshot("SUSPENDED") | {
        "request_id": order["request_id"],
        "suspension_reason": "PAYMENT_DEFAULT",
        "billing_policy": "CONTINUE",
    }
    await found.state(ContractSuspended.model_validate(suspended), date(2026, 5, 11))
    await running.settled()
    assert (await case_of(tenant)).service_state == "SUSPENDED"
    standing = await tenant.client.call(GetPaymentStanding(client_id=found.client_id))
    assert standing.standing == "SUSPENDED"
    await paid(tenant, found, "24.90", date(2026, 5, 12))
    await running.settled()
    case = await case_of(tenant)
    assert (case.status, case.close_reason, case.service_state) == ("CLOSED", "RECOVERED", "REACTIVATION_REQUESTED")
    assert len(await facts(running, tenant, "suspension.lift_requested")) == 1
    assert len(await facts(running, tenant, "receivable.default_cured")) == 1
    resumed = found.snapshot("ACTIVE") | {
        "request_id": order["request_id"],
        "suspended_from": date(2026, 5, 11),
        "suspended_to": date(2026, 5, 12),
    }
    await found.state(ContractResumed.model_validate(resumed), date(2026, 5, 12))
    await running.settled()
    (request,) = (await tenant.client.call(ListSuspensionRequests())).items
    assert request.status == "LIFTED"
    (schedule,) = (await tenant.client.call(ListSchedules(client_id=found.client_id))).items
    assert ((await case_of(tenant)).service_state, schedule.status) == ("ACTIVE", "ACTIVE")
    standing = await tenant.client.call(GetPaymentStanding(client_id=found.client_id))
    assert (standing.standing, standing.outstanding.amount) == ("GOOD", Decimal("0.00"))


async def test_case_18_a_transfer_before_the_run_skips_the_attempt(running: Running, tenant: Tenant) -> None:
    await with_policies(tenant)
    found = await rejected(running, tenant)
    await paid(tenant, found, "24.90", date(2026, 5, 1))
    await running.tick("minute", at(date(2026, 5, 4)))
    case = await case_of(tenant)
    assert (case.status, case.close_reason) == ("CLOSED", "RECOVERED")
    assert (case.plans[0].status, case.plans[0].resolution_reason) == ("SUCCEEDED", "PAID_ELSEWHERE")
    assert [attempt.status for attempt in case.plans[0].attempts] == ["SKIPPED"]
    payments = (await tenant.client.call(ListPayments(client_id=found.client_id))).items
    assert sorted(payment.type for payment in payments) == ["EMISSION", "MANUAL"]
    templates = {row.template_key: row.status for row in (await tenant.client.call(ListReminders())).items}
    assert templates["D1"] == "CANCELLED"


async def test_a_part_payment_lowers_the_amount_that_is_presented_again(running: Running, tenant: Tenant) -> None:
    await with_policies(tenant)
    found = await rejected(running, tenant)
    await paid(tenant, found, "10.00", date(2026, 5, 1))
    case = await case_of(tenant)
    assert (await tenant.client.call(QuoteRecoveryAmount(case_id=case.case_id))).total.amount == Decimal("14.90")
    bank = SimulatedBank(Script())
    content = await presented_again(running, tenant, at(date(2026, 5, 4)), date(2026, 5, 6), "14.90")
    await imported(tenant, bank.take(content, date(2026, 5, 4)))
    (statement,) = bank.play(date(2026, 5, 6))
    tenant.client.now = at(date(2026, 5, 6), 20)
    await imported(tenant, statement)
    case = await case_of(tenant)
    assert (case.status, case.plans[0].status, case.plans[0].resolution_reason) == (
        "CLOSED",
        "SUCCEEDED",
        "RETRY_SUCCEEDED",
    )
    instalment = (await tenant.client.call(ListInstalments(client_id=found.client_id))).items[0]
    assert (instalment.status, instalment.paid_amount.amount) == ("PAID", Decimal("24.90"))


async def test_case_35_money_taken_back_reopens_the_case_at_its_level(running: Running, tenant: Tenant) -> None:
    await with_policies(tenant)
    await rejected(running, tenant)
    bank = SimulatedBank(Script(rules=(Rule(parse_outcome("RET-AM04-2")),)))
    content = await presented_again(running, tenant, at(date(2026, 5, 4)), date(2026, 5, 6), "24.90")
    await imported(tenant, bank.take(content, date(2026, 5, 4)))
    for day in (date(2026, 5, 6), date(2026, 5, 7), date(2026, 5, 8)):
        for answer in bank.play(day):
            tenant.client.now = at(day, 20)
            await imported(tenant, answer)
            if day == date(2026, 5, 6):
                assert (await case_of(tenant)).status == "CLOSED"
    case = await case_of(tenant)
    assert (case.status, case.episode, case.level, case.rejection_count) == ("OPEN", 2, 2, 2)
    assert [attempt.status for attempt in case.plans[0].attempts] == ["REVERSED", "SCHEDULED"]
    await running.settled()
    assert len(await facts(running, tenant, "recovery_case.reopened")) == 1


async def test_case_13_a_closed_account_is_not_presented_again_and_the_ladder_climbs_alone(
    running: Running, tenant: Tenant
) -> None:
    found = await rejected(running, tenant, "AC04")
    case = await case_of(tenant)
    (plan,) = case.plans
    assert (plan.status, plan.eligibility, plan.attempts) == ("NOT_ELIGIBLE", "NOT_ELIGIBLE_REASON_CODE", ())
    assert case.next_step_due_at == datetime.fromisoformat("2026-05-10T07:00:00+00:00")  # 30 days after its due date
    await running.tick("hour", at(date(2026, 5, 10), 9))
    assert len(await facts(running, tenant, "receivable.defaulted")) == 1
    case = await case_of(tenant)
    assert case.next_step_due_at == datetime.fromisoformat("2026-05-12T07:00:00+00:00")  # 12 days after 30 April
    await running.tick("hour", at(date(2026, 5, 12), 9))
    assert (await case_of(tenant)).level == 2
    standing = await tenant.client.call(GetPaymentStanding(client_id=found.client_id))
    assert standing.standing == "OVERDUE"


async def test_case_42_a_deceased_debtor_is_left_alone(running: Running, tenant: Tenant) -> None:
    await with_policies(tenant)
    await rejected(running, tenant, "MD07")
    case = await case_of(tenant)
    assert (case.status, case.pause_reason, case.level) == ("PAUSED", "DECEASED", 0)
    assert case.plans[0].eligibility == "NOT_ELIGIBLE_CLIENT_BLOCKED"
    assert (await tenant.client.call(ListReminders(case_id=case.case_id))).items == ()
    assert len(await facts(running, tenant, "dunning_action.requested")) == 1


async def test_case_45_running_plans_keep_the_terms_they_began_with(running: Running, tenant: Tenant) -> None:
    policy = await tenant.client.call(CreateRetryPolicy(name="3 and 7 days", terms=CLAUSE, is_default=True))
    await rejected(running, tenant)
    change = UpdateRetryPolicy(
        policy_id=policy.id, expected_version=policy.version, terms=RetryTerms(delays_days=(30,), max_attempts=1)
    )
    await tenant.client.call(change)
    (plan,) = (await tenant.client.call(ListRetryPlans())).items
    found = await tenant.client.call(GetRetryPlan(plan_id=plan.plan_id))
    assert (found.max_attempts, found.attempts[0].planned_collection_date) == (2, date(2026, 5, 6))
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(change)
    assert refusal.value.code.code == "VERSION_CONFLICT"


async def test_a_missed_bank_day_moves_the_attempt_and_tells_it_anew(running: Running, tenant: Tenant) -> None:
    await with_policies(tenant)
    await rejected(running, tenant)
    await running.tick("minute", at(date(2026, 5, 5), 8))  # the run of 4 May was missed
    case = await case_of(tenant)
    (attempt,) = case.plans[0].attempts
    assert (attempt.status, attempt.planned_collection_date) == ("SCHEDULED", date(2026, 5, 8))
    assert len(await facts(running, tenant, "retry_attempt.scheduled")) == 2


async def test_case_28_a_cut_that_crosses_the_payment_is_lifted_at_once(running: Running, tenant: Tenant) -> None:
    ladder = DunningTerms(
        steps=(
            step("W", 1, StepTrigger.REJECTION_COUNT, 1, act(ActionKind.SEND_MESSAGE, template_key="W")),
            step(
                "CUT", 2, StepTrigger.DAYS_AFTER_STEP, 1, act(ActionKind.REQUEST_SUSPENSION), after_step="W",
                guards=(StepGuard(kind=GuardKind.MESSAGE_SENT_BEFORE, step="W", hours=48),),
            ),
        )
    )  # fmt: skip
    await tenant.client.call(CreateDunningPolicy(code="FAST", name="Fast", terms=ladder, is_default=True))
    found = await rejected(running, tenant, "AC04")
    case = await case_of(tenant)
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(RequestSuspension(case_id=case.case_id))
    assert refusal.value.code.code == "SUSPENSION_NOTICE_MISSING"
    await running.tick("minute", at(PRESENTED, 12))
    await running.tick("hour", at(date(2026, 5, 4), 9))
    assert await facts(running, tenant, "suspension.requested") == []  # nobody knows yet whether the warning left
    await messages_left(running, tenant, at(PRESENTED, 12))
    await running.tick("hour", at(date(2026, 5, 4), 9, 1))
    (order,) = await facts(running, tenant, "suspension.requested")
    refused = ContractOperationFailed.model_validate(
        {
            "contract_id": found.contract_id,
            "client_id": found.client_id,
            "operation_id": new_id(),
            "operation": "SUSPEND",
            "request_id": order["request_id"],
            "step": "provider",
            "error_code": "PROVIDER_REFUSED",
            "attempts": 1,
        }
    )
    await running.state(refused, tenant.id, now=at(date(2026, 5, 4), 10))
    await running.settled()
    await running.tick("minute", at(date(2026, 5, 4), 11, 5))  # one hour later, under the same id
    orders = await facts(running, tenant, "suspension.requested")
    assert [body["request_id"] for body in orders] == [order["request_id"]] * 2
    await paid(tenant, found, "24.90", date(2026, 5, 5))
    (request,) = (await tenant.client.call(ListSuspensionRequests())).items
    assert request.status == "WITHDRAWN"
    suspended = found.snapshot("SUSPENDED") | {
        "request_id": order["request_id"],
        "suspension_reason": "PAYMENT_DEFAULT",
        "billing_policy": "CONTINUE",
    }
    await found.state(ContractSuspended.model_validate(suspended), date(2026, 5, 5))
    await running.settled()
    (request,) = (await tenant.client.call(ListSuspensionRequests())).items
    assert request.status == "LIFT_REQUESTED"
    assert len(await facts(running, tenant, "suspension.lift_requested")) == 1
