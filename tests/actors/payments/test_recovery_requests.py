"""payments: collections agents steer cases; another tenant sees none of them."""

from datetime import date, timedelta

import pytest

from actors.payments.bank.outcomes import Rule, Script, parse_outcome
from actors.payments.bank.simulator import SimulatedBank
from messages.payments import (
    ActionKind,
    AddCaseNote,
    CancelRetryPlan,
    CloseRecoveryCase,
    ConfirmMandateSignature,
    CreateBankDetails,
    CreateDunningPolicy,
    CreateReminderPolicy,
    CreateRetryPolicy,
    DunningTerms,
    GetRecoveryCase,
    GetReminder,
    GetReminderPolicy,
    GetRetryPlan,
    GetRetryPolicy,
    ListAlerts,
    ListPayments,
    ListRecoveryCases,
    ListReminders,
    ListRetryPlans,
    ListRetryRuns,
    PauseRecoveryCase,
    ResumeRecoveryCase,
    RiskLevel,
    RunRetries,
    SetupMandate,
    SignatureChannel,
    StepTrigger,
)
from messages.problem import Refused
from messages.values.identifiers import new_id
from tests.actors.payments.builders import OTHER_IBAN, at, look_behind, money
from tests.actors.payments.steps import PRESENTED, facts, imported
from tests.actors.payments.test_recovery import act, case_of, paid, presented_again, rejected, step, with_policies
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


async def test_an_agent_finds_what_is_urgent_and_sees_all_that_belongs_to_it(
    running: Running, tenant: Tenant, other_tenant: Tenant
) -> None:
    await with_policies(tenant)
    await rejected(running, tenant)
    case = await case_of(tenant)
    assert [row.template_key for row in case.reminders] == ["D1"]
    found = await tenant.client.call(GetRetryPlan(plan_id=case.plans[0].plan_id))
    assert found.reminders == case.reminders
    for wanted, count in (
        (ListRecoveryCases(min_outstanding=money("24.90"), overdue_days=20, risk=RiskLevel.LOW), 1),
        (ListRecoveryCases(min_outstanding=money("24.91")), 0),
        (ListRecoveryCases(overdue_days=21), 0),
        (ListRecoveryCases(risk=RiskLevel.HIGH), 0),
        (ListRetryPlans(rejected_from=PRESENTED, rejected_to=PRESENTED), 1),
        (ListRetryPlans(rejected_from=PRESENTED + timedelta(days=1)), 0),
        (ListRetryPlans(collection_from=date(2026, 5, 6), collection_to=date(2026, 5, 6)), 1),
        (ListRetryPlans(collection_from=date(2026, 5, 7)), 0),
        (ListReminders(planned_from=case.reminders[0].planned_at, planned_to=case.reminders[0].planned_at), 1),
        (ListReminders(planned_to=at(PRESENTED, 0)), 0),
    ):
        assert len((await tenant.client.call(wanted)).items) == count, wanted
        assert (await other_tenant.client.call(wanted)).items == (), wanted


async def test_a_cancelled_plan_is_not_announced_any_more(running: Running, tenant: Tenant) -> None:
    ladder = DunningTerms(
        steps=(step("T", 1, StepTrigger.REJECTION_COUNT, 1, act(ActionKind.CREATE_TASK, title="Call")),)
    )
    await tenant.client.call(CreateDunningPolicy(code="TASK", name="Task", terms=ladder, is_default=True))
    await rejected(running, tenant)
    (plan,) = (await case_of(tenant)).plans
    cancelled = await tenant.client.call(CancelRetryPlan(plan_id=plan.plan_id, reason="pays by transfer"))
    assert cancelled.status == "CANCELLED"
    (row,) = (await case_of(tenant)).reminders
    assert (row.template_key, row.status) == ("reminder.debit_failed", "CANCELLED")


async def test_case_13_a_new_mandate_revives_the_plan_once_and_no_fallback_step_runs(
    running: Running, tenant: Tenant
) -> None:
    await with_policies(tenant)
    found = await rejected(running, tenant, "AC04")
    day = date(2026, 5, 4)
    tenant.client.now = at(day)
    details = await tenant.client.call(
        CreateBankDetails(client_id=found.client_id, iban=OTHER_IBAN, holder_name="Élodie Martin")
    )
    order = SetupMandate(
        company_id=tenant.company_id,
        client_id=found.client_id,
        contract_id=found.contract_id,
        bank_details_id=details.bank_details_id,
    )
    asked = await tenant.client.call(order, key=str(new_id()))
    confirm = ConfirmMandateSignature(mandate_id=asked.mandate_id, signed_at=at(day), method=SignatureChannel.PAPER)
    await tenant.client.call(confirm)
    (plan,) = (await case_of(tenant)).plans
    (attempt,) = plan.attempts
    assert (plan.status, attempt.status, attempt.planned_collection_date) == ("ACTIVE", "SCHEDULED", date(2026, 5, 7))
    content = await presented_again(running, tenant, at(date(2026, 5, 5)), date(2026, 5, 7), "24.90")
    assert OTHER_IBAN.encode() in content
    assert (await case_of(tenant)).level == 1


async def test_case_17_a_dry_run_changes_nothing_and_a_second_run_presents_nothing(
    running: Running, tenant: Tenant, other_tenant: Tenant
) -> None:
    await with_policies(tenant)
    await rejected(running, tenant)
    tenant.client.now = at(date(2026, 5, 4), 8, 1)
    dry = await tenant.client.call(RunRetries(dry_run=True))
    assert (dry.run_id, dry.total, dry.submitted, dry.results[0].outcome) == (None, 1, 1, "SUBMITTED")
    assert (await case_of(tenant)).plans[0].status == "ACTIVE"
    assert (await tenant.client.call(ListRetryRuns())).items == ()
    real = await tenant.client.call(RunRetries())
    assert (real.submitted, real.skipped, real.dry_run) == (1, 0, False)
    assert (await tenant.client.call(RunRetries())).total == 0
    await running.tick("minute", at(date(2026, 5, 4), 8, 2))
    assert len(await facts(running, tenant, "retry_attempt.executed")) == 1
    (run,) = (await tenant.client.call(ListRetryRuns())).items
    assert (run.is_manual, run.submitted, run.target_date) == (True, 1, date(2026, 5, 4))
    assert (await other_tenant.client.call(ListRetryRuns())).items == ()


async def test_one_plan_runs_before_its_hour_once_the_debtor_was_told(
    running: Running, tenant: Tenant, other_tenant: Tenant
) -> None:
    await with_policies(tenant)
    await rejected(running, tenant)
    (plan,) = (await case_of(tenant)).plans
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(RunRetries(plan_id=plan.plan_id))
    assert refusal.value.code.code == "PRENOTIFICATION_TOO_SHORT"
    await running.tick("minute", at(PRESENTED, 12))
    tenant.client.now = at(PRESENTED, 13)
    with pytest.raises(Refused) as refusal:
        await other_tenant.client.call(RunRetries(plan_id=plan.plan_id))
    assert refusal.value.code.code == "RETRY_PLAN_NOT_FOUND"
    report = await tenant.client.call(RunRetries(plan_id=plan.plan_id))
    assert report.results[0].payment_id is not None
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(RunRetries(plan_id=plan.plan_id))
    assert refusal.value.code.code == "NOT_RETRYABLE_REASON"


async def test_notes_stay_with_the_case_in_their_order(running: Running, tenant: Tenant, other_tenant: Tenant) -> None:
    await with_policies(tenant)
    await rejected(running, tenant)
    case = await case_of(tenant)
    for text in ("Called, no answer", "Called back: pays on Friday"):
        await tenant.client.call(AddCaseNote(case_id=case.case_id, text=text))
    assert [note.text for note in (await case_of(tenant)).notes] == ["Called, no answer", "Called back: pays on Friday"]
    with pytest.raises(Refused) as refusal:
        await other_tenant.client.call(AddCaseNote(case_id=case.case_id, text="x"))
    assert refusal.value.code.code == "RECOVERY_CASE_NOT_FOUND"


async def test_a_reminder_is_shown_to_its_own_tenant(running: Running, tenant: Tenant, other_tenant: Tenant) -> None:
    await with_policies(tenant)
    await rejected(running, tenant)
    (row,) = (await tenant.client.call(ListReminders())).items
    assert await tenant.client.call(GetReminder(reminder_id=row.reminder_id)) == row
    with pytest.raises(Refused) as refusal:
        await other_tenant.client.call(GetReminder(reminder_id=row.reminder_id))
    assert refusal.value.code.code == "REMINDER_NOT_FOUND"


async def test_case_19_a_debit_that_lands_after_the_transfer_is_an_overpayment(
    running: Running, tenant: Tenant
) -> None:
    await with_policies(tenant)
    found = await rejected(running, tenant)
    bank = SimulatedBank(Script())
    content = await presented_again(running, tenant, at(date(2026, 5, 4)), date(2026, 5, 6), "24.90")
    await imported(tenant, bank.take(content, date(2026, 5, 4)))
    await paid(tenant, found, "24.90", date(2026, 5, 5))
    assert (await case_of(tenant)).close_reason == "RECOVERED"
    for answer in bank.play(date(2026, 5, 6)):
        tenant.client.now = at(date(2026, 5, 6), 20)
        await imported(tenant, answer)
    await running.settled()
    (twice,) = await facts(running, tenant, "overpayment.detected")
    assert (twice["amount"]["amount"], twice["client_id"]) == ("24.90", str(found.client_id))
    assert "OVERPAYMENT" in {alert.code for alert in (await tenant.client.call(ListAlerts())).items}
    payments = (await tenant.client.call(ListPayments(client_id=found.client_id))).items
    assert len(payments) == 3


async def test_one_policy_is_shown_to_its_own_tenant(tenant: Tenant, other_tenant: Tenant) -> None:
    retry = await tenant.client.call(CreateRetryPolicy(name="Gentle"))
    assert await tenant.client.call(GetRetryPolicy(policy_id=retry.id)) == retry
    reminding = await tenant.client.call(CreateReminderPolicy(name="Gentle"))
    assert await tenant.client.call(GetReminderPolicy(policy_id=reminding.id)) == reminding
    for wanted in (GetRetryPolicy(policy_id=retry.id), GetReminderPolicy(policy_id=reminding.id)):
        with pytest.raises(Refused) as refusal:
            await other_tenant.client.call(wanted)
        assert refusal.value.code.code == "RECOVERY_POLICY_NOT_FOUND"


async def test_a_technical_rejection_warns_the_staff_and_duns_nobody(running: Running, tenant: Tenant) -> None:
    await rejected(running, tenant, "RR01")
    (alert,) = (await tenant.client.call(ListAlerts(code="REASON_RR01"))).items
    assert alert.severity == "WARNING"
    assert (await tenant.client.call(ListRecoveryCases())).items == ()


async def test_case_35_a_refund_claimed_after_eight_weeks_is_not_retried_a_person_calls(
    running: Running, tenant: Tenant
) -> None:
    await with_policies(tenant)
    await rejected(running, tenant)
    bank = SimulatedBank(Script(rules=(Rule(parse_outcome("REF-MD06-56")),)))
    content = await presented_again(running, tenant, at(date(2026, 5, 4)), date(2026, 5, 6), "24.90")
    await imported(tenant, bank.take(content, date(2026, 5, 4)))
    for day in (date(2026, 5, 6), date(2026, 7, 1)):
        for answer in bank.play(day):
            tenant.client.now = at(day, 20)
            await imported(tenant, answer)
    case = await case_of(tenant)
    (plan,) = case.plans
    assert (case.status, case.episode, case.level) == ("OPEN", 2, 2)
    assert (plan.status, [attempt.status for attempt in plan.attempts]) == ("NOT_ELIGIBLE", ["REVERSED"])
    await running.settled()
    (order,) = await facts(running, tenant, "dunning_action.requested")
    assert (order["action"], "MD06" in order["title"]) == ("CREATE_TASK", True)


async def test_case_44_an_attempt_makes_one_payment_whose_key_is_the_attempts(running: Running, tenant: Tenant) -> None:
    await with_policies(tenant)
    found = await rejected(running, tenant)
    (plan,) = (await case_of(tenant)).plans
    for minute in range(3):  # payment and SUBMITTED are one transaction: a crash leaves neither, a repeat finds both
        await running.tick("minute", at(date(2026, 5, 4), 8, minute))
    rows = await look_behind(
        running,
        tenant,
        "select idempotency_key from payment where client_id = $1 and type = 'REEMISSION'",
        found.client_id,
    )
    assert [row[0] for row in rows] == [f"attempt:{plan.plan_id}:1"]
