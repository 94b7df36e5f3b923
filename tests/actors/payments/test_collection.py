"""payments: from the signature to a batch on its way to the bank."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from messages.payments import (
    ApproveCollectionBatch,
    CancelPayment,
    DisableCreditorAccount,
    GetCollectionBatch,
    GetCreditorAccount,
    GetEmissionRun,
    GetPayment,
    GetPaymentTimeline,
    ListAlerts,
    ListCollectionBatches,
    ListEmissionRuns,
    ListInstalments,
    ListMandates,
    ListPayments,
    ListSchedules,
    Provider,
    RunEmission,
)
from messages.problem import Refused
from messages.values.identifiers import new_id
from tests.actors.payments.builders import (
    Subscriber,
    at,
    creditor_account,
    cutoff_reached,
)
from tests.actors.payments.steps import DEBIT, PRESENTED, SIGNED, STARTS, facts, subscriber
from tests.harness import Running, Tenant, eventually


async def test_a_signature_makes_mandate_schedule_and_ninety_days_of_instalments(
    running: Running, tenant: Tenant
) -> None:
    await creditor_account(tenant)
    await subscriber(running, tenant)
    (mandate,) = (await tenant.client.call(ListMandates())).items
    assert (mandate.status, mandate.usable, mandate.creditor_identifier) == ("ACTIVE", True, "FR72ZZZ123456")
    assert len(mandate.rum) == 25
    assert mandate.rum.startswith("RUMCRM")
    assert [len(await facts(running, tenant, f"mandate.{fact}")) for fact in ("created", "signed", "activated")] == [
        1
    ] * 3
    (schedule,) = (await tenant.client.call(ListSchedules())).items
    assert (schedule.amount.amount, schedule.frequency, schedule.mandate_id) == (
        Decimal("24.90"),
        "MONTHLY",
        mandate.mandate_id,
    )
    planned = await facts(running, tenant, "instalment.planned")
    assert [(body["period_start"], body["planned_debit_date"]) for body in planned] == [
        ("2026-04-10", "2026-05-05"),
        ("2026-05-10", "2026-06-05"),
    ]
    assert {body["planned_by"] for body in planned} == {"FALLBACK"}  # calendar does not run in this test


async def test_a_repeated_signature_changes_nothing(running: Running, tenant: Tenant) -> None:
    await creditor_account(tenant)
    found = await subscriber(running, tenant)
    await running.state(found.signature(), tenant.id, version=1, now=at(SIGNED))
    await running.settled()
    assert len((await tenant.client.call(ListMandates())).items) == 1
    assert len(await facts(running, tenant, "schedule.created")) == 1


async def test_without_proven_consent_a_signature_is_asked_for(running: Running, tenant: Tenant) -> None:
    await creditor_account(tenant)
    found = Subscriber(running, tenant, SIGNED, STARTS)
    await found.sign(consent=False)
    (mandate,) = (await tenant.client.call(ListMandates())).items
    assert (mandate.status, mandate.usable) == ("PENDING_CUSTOMER_APPROVAL", False)
    assert len(await facts(running, tenant, "mandate.signature_requested")) == 1


async def test_the_debtor_is_told_fourteen_days_before_once(running: Running, tenant: Tenant) -> None:
    await creditor_account(tenant)
    await subscriber(running, tenant)
    await running.tick("day", at(date(2026, 4, 20), 22))  # 21 April in Paris: 14 days before 5 May
    await running.tick("day", at(date(2026, 4, 21), 22))
    (notice,) = await facts(running, tenant, "payment.prenotification_due")
    assert (notice["amount"]["amount"], notice["collection_date"]) == ("24.90", "2026-05-05")
    assert notice["iban_masked"] == "FR76 **** **** 0189"


async def test_a_disabled_creditor_account_collects_nothing_more(
    running: Running, tenant: Tenant, other_tenant: Tenant
) -> None:
    account = await creditor_account(tenant)
    disable = DisableCreditorAccount(creditor_account_id=account.id, reason="account closed")
    for request in (disable, GetCreditorAccount(creditor_account_id=account.id)):
        with pytest.raises(Refused) as refusal:
            await other_tenant.client.call(request)
        assert refusal.value.code.code == "CREDITOR_ACCOUNT_NOT_FOUND"
    found = await subscriber(running, tenant)
    await found.open_gates(date(2026, 4, 20))
    for _ in range(2):
        disabled = await tenant.client.call(disable)
    assert (disabled.status, disabled.is_default, disabled.version) == ("DISABLED", False, 2)
    assert await tenant.client.call(GetCreditorAccount(creditor_account_id=account.id)) == disabled
    tenant.client.now = at(PRESENTED, 5)
    run = await tenant.client.call(RunEmission(company_id=tenant.company_id))
    assert [(result.outcome, result.reason) for result in run.results] == [("blocked", "ROUTING_NOT_FOUND")]


async def test_closed_gates_block_and_open_gates_let_pass(
    running: Running, tenant: Tenant, other_tenant: Tenant
) -> None:
    await creditor_account(tenant)
    found = await subscriber(running, tenant)
    tenant.client.now = at(PRESENTED, 5)
    first = await tenant.client.call(RunEmission(company_id=tenant.company_id))
    assert [(result.outcome, result.reason) for result in first.results] == [("blocked", "CONTRACT_NOT_ACTIVE")]
    await found.open_gates(date(2026, 4, 20))
    again = await tenant.client.call(RunEmission(company_id=tenant.company_id))
    assert (again.emitted, again.blocked) == (1, 0)
    (warning,) = (await tenant.client.call(ListAlerts(code="PRENOTIFICATION_MISSING"))).items
    assert (warning.severity, len(warning.refs)) == ("WARNING", 1), "it goes out, although nobody announced it"
    runs = (await tenant.client.call(ListEmissionRuns(company_id=tenant.company_id))).items
    assert [run.id for run in runs] == [again.id, first.id]
    assert (await tenant.client.call(GetEmissionRun(emission_run_id=first.id))).blocked == 1
    later = ListEmissionRuns(company_id=tenant.company_id, date_from=PRESENTED + timedelta(days=1))
    assert (await tenant.client.call(later)).items == ()
    assert (await other_tenant.client.call(later.model_copy(update={"date_from": None}))).items == ()
    with pytest.raises(Refused) as refusal:
        await other_tenant.client.call(GetEmissionRun(emission_run_id=first.id))
    assert refusal.value.code.code == "EMISSION_RUN_NOT_FOUND"
    await running.settled()
    assert len(await facts(running, tenant, "instalment.blocked")) == 1
    assert len(await facts(running, tenant, "instalment.unblocked")) == 1
    assert len(await facts(running, tenant, "payment.created")) == 1


async def test_case_5_an_instalment_is_presented_once_however_often_it_is_tried(
    running: Running, tenant: Tenant
) -> None:
    await creditor_account(tenant)
    found = await subscriber(running, tenant)
    await found.open_gates(date(2026, 4, 20))
    await running.tick("hour", at(PRESENTED, 5))
    tenant.client.now = at(PRESENTED, 6)
    again = await tenant.client.call(RunEmission(company_id=tenant.company_id))
    assert again.due == 0
    await running.tick("hour", at(PRESENTED, 6))
    assert len(await facts(running, tenant, "payment.created")) == 1


async def test_case_35_files_below_the_totals_go_with_a_warning_above_them_nothing_goes(
    running: Running, tenant: Tenant
) -> None:
    await creditor_account(tenant)
    for amount in ("29.90", "100.00"):
        found = await subscriber(running, tenant, amount=amount)
        await found.open_gates(date(2026, 4, 20))
    await running.tick("hour", at(PRESENTED, 5))
    await running.state(cutoff_reached(tenant.company_id, DEBIT, 1, "29.90"), tenant.id, now=at(PRESENTED, 11))
    await running.settled()
    (batch,) = (await tenant.client.call(ListCollectionBatches())).items
    assert batch.status == "PENDING_APPROVAL"
    (alert,) = (await tenant.client.call(ListAlerts(code="BATCH_TOTAL_MISMATCH"))).items
    assert alert.severity == "CRITICAL"
    assert await facts(running, tenant, "collection_batch.approved") == []
    people = [tenant.token("payments:*:*", user_id=new_id()) for _ in range(2)]
    await tenant.client.call(ApproveCollectionBatch(batch_id=batch.batch_id), token=people[0])
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(ApproveCollectionBatch(batch_id=batch.batch_id), token=people[0])
    assert refusal.value.code.code == "FOUR_EYES_REQUIRED"
    approved = await tenant.client.call(ApproveCollectionBatch(batch_id=batch.batch_id), token=people[1])
    assert (approved.status, len(approved.approved_by)) == ("APPROVED", 2)


async def test_case_35_without_control_totals_the_file_goes_shortly_before_the_cut_off(
    running: Running, tenant: Tenant
) -> None:
    await creditor_account(tenant)
    found = await subscriber(running, tenant)
    await found.open_gates(date(2026, 4, 20))
    await running.tick("hour", at(PRESENTED, 5))
    await running.tick("minute", at(PRESENTED, 11, 39))
    (batch,) = (await tenant.client.call(ListCollectionBatches())).items
    assert batch.status == "READY"
    await running.tick("minute", at(PRESENTED, 11, 40))  # 13:40 in Paris, cut-off 14:00
    assert (await tenant.client.call(GetCollectionBatch(batch_id=batch.batch_id))).status == "APPROVED"
    assert len((await tenant.client.call(ListAlerts(code="CONTROL_TOTALS_MISSING"))).items) == 1


async def test_a_cancelled_payment_leaves_its_file_which_is_built_anew(running: Running, tenant: Tenant) -> None:
    await creditor_account(tenant)
    for amount in ("10.00", "20.00"):
        found = await subscriber(running, tenant, amount=amount)
        await found.open_gates(date(2026, 4, 20))
    await running.tick("hour", at(PRESENTED, 5))
    (batch,) = (await tenant.client.call(ListCollectionBatches())).items
    assert (batch.status, batch.control_sum.amount) == ("READY", Decimal("30.00"))
    payments = (await tenant.client.call(ListPayments(batch_id=batch.batch_id))).items
    smaller = next(payment for payment in payments if payment.amount.amount == Decimal("10.00"))
    cancelled = await tenant.client.call(CancelPayment(payment_id=smaller.payment_id, reason="asked by phone"))
    assert cancelled.status == "CANCELLED"

    async def built_again() -> bool:
        found = await tenant.client.call(GetCollectionBatch(batch_id=batch.batch_id))
        return (found.status, found.control_sum.amount, found.tx_count) == ("READY", Decimal("20.00"), 1)

    await eventually(built_again)
    instalments = (await tenant.client.call(ListInstalments(client_id=smaller.client_id))).items
    assert instalments[0].status == "PLANNED"
    timeline = await tenant.client.call(GetPaymentTimeline(payment_id=smaller.payment_id))
    assert [entry.type for entry in timeline.entries] == ["payment.created", "payment.batched", "payment.cancelled"]


async def test_a_signature_without_withdrawal_end_waits_fourteen_days(running: Running, tenant: Tenant) -> None:
    """Case 3: concluded on 24 November 2026 at a distance, nothing before 9 December."""
    await creditor_account(tenant)
    found = Subscriber(
        running, tenant, date(2026, 11, 24), date(2026, 11, 24), channel="DISTANCE", withdrawal=True, preferred_day=8
    )
    await found.sign()
    planned = await facts(running, tenant, "instalment.planned")
    assert planned[0]["planned_debit_date"] == "2027-01-08"


async def test_another_tenant_and_a_lesser_right_see_nothing(
    running: Running, tenant: Tenant, other_tenant: Tenant
) -> None:
    await creditor_account(tenant)
    found = await subscriber(running, tenant)
    await found.open_gates(date(2026, 4, 20))
    await running.tick("hour", at(PRESENTED, 5))
    (payment,) = (await tenant.client.call(ListPayments())).items
    with pytest.raises(Refused) as refusal:
        await other_tenant.client.call(GetPayment(payment_id=payment.payment_id))
    assert refusal.value.code.code == "PAYMENT_NOT_FOUND"
    assert (await other_tenant.client.call(ListPayments())).items == ()
    by_bank = ListPayments(
        provider=Provider.BANK_SEPA, amount_from=payment.amount.amount, amount_to=payment.amount.amount
    )
    assert (await tenant.client.call(by_bank)).items == (payment,)
    assert (await other_tenant.client.call(by_bank)).items == ()
    cent = Decimal("0.01")
    for missed in (
        {"provider": Provider.STRIPE},
        {"amount_from": payment.amount.amount + cent},
        {"amount_to": payment.amount.amount - cent},
    ):
        assert (await tenant.client.call(by_bank.model_copy(update=missed))).items == ()
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(GetPayment(payment_id=payment.payment_id), token=tenant.token("other:x:read"))
    assert refusal.value.code.code == "PERMISSION_MISSING"
