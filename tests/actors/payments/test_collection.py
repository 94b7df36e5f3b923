"""payments: from the signature to money in the bank, with the bank's answers in the formats banks really send."""

import base64
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from actors.payments.bank.answers import Account, Booked, statement
from actors.payments.bank.outcomes import Rule, Script, parse_outcome
from actors.payments.bank.simulator import Answer, SimulatedBank, play_folder
from actors.payments.bank.transport import EXCHANGE_FOLDER_VARIABLE, ExchangeFolder
from messages.payments import (
    AllocatePayment,
    AllocationOrder,
    ApproveCollectionBatch,
    CancelPayment,
    CollectionBatch,
    DownloadCollectionFile,
    GetClientBalance,
    GetCollectionBatch,
    GetPayment,
    GetPaymentTimeline,
    ImportBankMessage,
    ListAlerts,
    ListBankTransactions,
    ListCollectionBatches,
    ListInstalments,
    ListMandates,
    ListPayments,
    ListSchedules,
    MarkBatchTransmitted,
    PaymentMethod,
    RecordManualPayment,
    RunEmission,
    Transport,
)
from messages.problem import Refused
from messages.values.identifiers import new_id
from tests.actors.payments.builders import (
    CREDITOR_IBAN,
    Subscriber,
    at,
    credit_note_issued,
    creditor_account,
    cutoff_reached,
    invoice_issued,
    money,
)
from tests.harness import Running, Tenant, eventually

SIGNED = date(2026, 4, 2)
STARTS = date(2026, 4, 10)
DEBIT = date(2026, 5, 5)  # Tuesday; presented on Thursday 30 April (1 May is a TARGET holiday)
PRESENTED = date(2026, 4, 30)


async def subscriber(running: Running, tenant: Tenant, **changes: Any) -> Subscriber:
    found = Subscriber(running, tenant, SIGNED, STARTS, **changes)
    await found.sign()
    return found


async def facts(running: Running, tenant: Tenant, type_: str) -> list[dict[str, Any]]:
    return [body for _, body in await running.events(type_, tenant.id)]


async def transmitted(running: Running, tenant: Tenant, count: int, total: str) -> CollectionBatch:
    """The day's emission, its file compared, approved and marked as uploaded."""
    await running.tick("hour", at(PRESENTED, 5))
    (batch,) = (await tenant.client.call(ListCollectionBatches())).items
    await running.state(cutoff_reached(tenant.company_id, DEBIT, count, total), tenant.id, now=at(PRESENTED, 11))
    await running.settled()
    tenant.client.now = at(PRESENTED, 11)
    return await tenant.client.call(MarkBatchTransmitted(batch_id=batch.batch_id))


async def file_of(tenant: Tenant, batch: CollectionBatch) -> bytes:
    part = await tenant.client.call(DownloadCollectionFile(batch_id=batch.batch_id))
    assert part.parts == 1
    return base64.b64decode(part.content)


async def imported(tenant: Tenant, answer: Answer) -> Any:
    request = ImportBankMessage(file_name=answer.name, content=base64.b64encode(answer.content).decode())
    return await tenant.client.call(request, key=str(new_id()))


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


async def test_closed_gates_block_and_open_gates_let_pass(running: Running, tenant: Tenant) -> None:
    await creditor_account(tenant)
    found = await subscriber(running, tenant)
    tenant.client.now = at(PRESENTED, 5)
    first = await tenant.client.call(RunEmission(company_id=tenant.company_id))
    assert [(result.outcome, result.reason) for result in first.results] == [("blocked", "CONTRACT_NOT_ACTIVE")]
    await found.open_gates(date(2026, 4, 20))
    again = await tenant.client.call(RunEmission(company_id=tenant.company_id))
    assert (again.emitted, again.blocked) == (1, 0)
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


async def test_a_debit_is_collected_settled_and_its_invoice_paid(running: Running, tenant: Tenant) -> None:
    await creditor_account(tenant)
    found = await subscriber(running, tenant)
    await found.open_gates(date(2026, 4, 20))
    invoice = invoice_issued(found, "19.90", STARTS)
    await running.state(invoice, tenant.id, now=at(STARTS))
    await running.settled()
    batch = await transmitted(running, tenant, 1, "19.90")
    assert (batch.status, batch.tx_count, batch.control_sum.amount) == ("TRANSMITTED", 1, Decimal("19.90"))
    bank = SimulatedBank(Script())
    report = bank.take(await file_of(tenant, batch), PRESENTED)
    assert (await imported(tenant, report)).status == "PROCESSED"
    (statement,) = bank.play(DEBIT)
    tenant.client.now = at(DEBIT, 20)
    message = await imported(tenant, statement)
    assert (message.status, message.counts.matched, message.counts.total_credit.amount) == (
        "PROCESSED",
        1,
        Decimal("19.90"),
    )
    await running.settled()
    (received,) = await facts(running, tenant, "payment.received")
    assert (received["amount"]["amount"], received["settled_on"]) == ("19.90", "2026-05-05")
    (allocation,) = received["allocations"]
    assert (allocation["invoice_id"], allocation["invoice_open_after"]["amount"]) == (str(invoice.invoice_id), "0.00")
    (paid,) = await facts(running, tenant, "instalment.paid")
    assert (paid["status"], paid["paid_amount"]["amount"]) == ("PAID", "19.90")
    (imported_fact,) = await facts(running, tenant, "bank_statement.imported")
    assert (imported_fact["from"], imported_fact["matched"]) == ("2026-05-05", 1)
    assert (await tenant.client.call(GetCollectionBatch(batch_id=batch.batch_id))).status == "SETTLED"
    again = await imported(tenant, statement)
    assert (again.status, again.counts.matched) == ("DUPLICATE", 1)
    await running.settled()
    assert len(await facts(running, tenant, "payment.received")) == 1


async def test_case_11_a_rejected_debit_is_told_once_and_opens_the_instalment(running: Running, tenant: Tenant) -> None:
    await creditor_account(tenant)
    found = await subscriber(running, tenant)
    await found.open_gates(date(2026, 4, 20))
    batch = await transmitted(running, tenant, 1, "24.90")
    bank = SimulatedBank(Script(rules=(Rule(parse_outcome("REJ-AM04")),)))
    report = bank.take(await file_of(tenant, batch), PRESENTED)
    first = await imported(tenant, report)
    assert (first.kind, first.counts.r_transactions) == ("PAIN002", 1)
    assert (await imported(tenant, report)).status == "DUPLICATE"
    await running.settled()
    (rejected,) = await facts(running, tenant, "payment.rejected")
    assert (rejected["reason_code"], rejected["category"], rejected["retry_advice"], rejected["phase"]) == (
        "AM04",
        "INSUFFICIENT_FUNDS",
        "AUTO",
        "PRE_SETTLEMENT",
    )
    (standing,) = await facts(running, tenant, "payment_standing.changed")
    assert (standing["standing"], standing["outstanding"]["amount"]) == ("OVERDUE", "24.90")
    first_instalment = (await tenant.client.call(ListInstalments(client_id=found.client_id))).items[0]
    assert (first_instalment.status, first_instalment.last_reason_code) == ("FAILED", "AM04")


async def test_case_14_no_mandate_takes_the_money_back_and_ends_the_mandate(running: Running, tenant: Tenant) -> None:
    await creditor_account(tenant)
    found = await subscriber(running, tenant)
    await found.open_gates(date(2026, 4, 20))
    invoice = invoice_issued(found, "24.90", STARTS)
    await running.state(invoice, tenant.id, now=at(STARTS))
    await running.settled()
    batch = await transmitted(running, tenant, 1, "24.90")
    bank = SimulatedBank(Script(rules=(Rule(parse_outcome("RET-MD01-2")),)))
    await imported(tenant, bank.take(await file_of(tenant, batch), PRESENTED))
    for day in (DEBIT, date(2026, 5, 6), date(2026, 5, 7)):
        for answer in bank.play(day):
            tenant.client.now = at(day, 20)
            await imported(tenant, answer)  # the camt.054 and the camt.053 of the return tell one movement
    await running.settled()
    (returned,) = await facts(running, tenant, "payment.returned")
    assert (returned["phase"], returned["r_type"], returned["mandate_effect"]) == (
        "POST_SETTLEMENT",
        "RETURN",
        "CANCEL",
    )
    (reversed_,) = returned["allocations_reversed"]
    assert (reversed_["allocated_after"]["amount"], reversed_["invoice_open_after"]["amount"]) == ("0.00", "24.90")
    (cancelled,) = await facts(running, tenant, "mandate.cancelled")
    assert (cancelled["cancelled_by"], cancelled["reason"]) == ("BANK", "MD01")
    balance = await tenant.client.call(GetClientBalance(client_id=found.client_id))
    assert (balance.balance.amount, balance.standing) == (Decimal("24.90"), "OVERDUE")
    lines = (await tenant.client.call(ListBankTransactions())).items
    assert [(line.sign, line.match_status) for line in lines] == [("DEBIT", "MATCHED_AUTO"), ("CREDIT", "MATCHED_AUTO")]


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
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(GetPayment(payment_id=payment.payment_id), token=tenant.token("other:x:read"))
    assert refusal.value.code.code == "PERMISSION_MISSING"


async def test_case_30_lines_after_a_gap_wait_for_the_missing_statement(running: Running, tenant: Tenant) -> None:
    await creditor_account(tenant)
    found = await subscriber(running, tenant)
    await found.open_gates(date(2026, 4, 20))
    await transmitted(running, tenant, 1, "24.90")
    (payment,) = (await tenant.client.call(ListPayments())).items
    ours = Booked(payment.end_to_end_id, "-", payment.rum or "", "Martin", payment.amount.amount, "CORE")
    foreign = [Booked(f"FOREIGN{number}", "-", "-", "Durand", Decimal("1.00"), "CORE") for number in (10, 11)]
    balance, files = Decimal("0.00"), {}
    for number, booked in ((10, foreign[0]), (11, foreign[1]), (12, ours)):
        day = date(2026, 5, number - 7)
        content, balance = statement(Account(CREDITOR_IBAN), day, number, balance, {"-": [booked]}, [])
        files[number] = Answer(f"camt053-{number}.xml", content)
    assert (await imported(tenant, files[10])).counts.unmatched == 1
    gap = await imported(tenant, files[12])
    assert (gap.counts.matched, gap.counts.unmatched) == (0, 0)
    assert len((await tenant.client.call(ListAlerts(code="STATEMENT_GAP"))).items) == 1
    assert (await tenant.client.call(GetPayment(payment_id=payment.payment_id))).status == "SUBMITTED"
    await imported(tenant, files[11])
    await running.settled()
    assert (await tenant.client.call(GetPayment(payment_id=payment.payment_id))).status == "PAID"
    assert len(await facts(running, tenant, "bank_transaction.unmatched")) == 2


async def test_files_travel_through_the_exchange_folder_by_themselves(
    running: Running, tenant: Tenant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(EXCHANGE_FOLDER_VARIABLE, str(tmp_path))
    await creditor_account(tenant, transport=Transport.SIMULATOR)
    found = await subscriber(running, tenant)
    await found.open_gates(date(2026, 4, 20))
    await running.tick("hour", at(PRESENTED, 5))
    await running.state(cutoff_reached(tenant.company_id, DEBIT, 1, "24.90"), tenant.id, now=at(PRESENTED, 11))
    await running.settled()
    assert len(await facts(running, tenant, "payment.submitted")) == 1
    folder = tmp_path / str(tenant.id)
    assert len(play_folder(folder, DEBIT, Script())) == 2
    await running.tick("hour", at(DEBIT, 20))
    assert len(await facts(running, tenant, "payment.received")) == 1
    assert ExchangeFolder(folder).waiting() == []


async def test_a_receipt_by_hand_settles_the_oldest_invoice_first(running: Running, tenant: Tenant) -> None:
    await creditor_account(tenant)
    found = await subscriber(running, tenant)
    first = invoice_issued(found, "24.90", STARTS)
    second = invoice_issued(found, "24.90", date(2026, 5, 10), number="F2026-0002")
    for invoice in (second, first):
        await running.state(invoice, tenant.id, now=at(STARTS))
    await running.settled()
    receipt = RecordManualPayment(
        company_id=tenant.company_id,
        client_id=found.client_id,
        amount=money("30.00"),
        method=PaymentMethod.TRANSFER,
        received_on=date(2026, 4, 28),
    )
    paid = await tenant.client.call(receipt, key="receipt-0001")
    assert (paid.status, paid.allocated_amount.amount) == ("PAID", Decimal("30.00"))
    assert (await tenant.client.call(receipt, key="receipt-0001")).payment_id == paid.payment_id
    balance = await tenant.client.call(GetClientBalance(client_id=found.client_id))
    assert [(item.number, item.open.amount) for item in balance.open_items] == [("F2026-0002", Decimal("19.80"))]
    with pytest.raises(Refused) as refusal:
        order = AllocationOrder(invoice_id=second.invoice_id, amount=money("1.00"))
        await tenant.client.call(AllocatePayment(payment_id=paid.payment_id, allocations=(order,)))
    assert refusal.value.code.code == "AMOUNT_EXCEEDED"
    await running.settled()
    (received,) = await facts(running, tenant, "payment.received")
    assert [allocation["amount"]["amount"] for allocation in received["allocations"]] == ["24.90", "5.10"]
    assert len(await facts(running, tenant, "instalment.paid")) == 1


async def test_a_credit_note_makes_the_debit_smaller_and_a_second_telling_changes_nothing(
    running: Running, tenant: Tenant
) -> None:
    await creditor_account(tenant)
    found = await subscriber(running, tenant)
    await found.open_gates(date(2026, 4, 20))
    invoice = invoice_issued(found, "24.90", STARTS)
    await running.state(invoice, tenant.id, now=at(STARTS))
    note = credit_note_issued(found, invoice, "4.90")
    for _ in range(2):
        await running.state(note, tenant.id, now=at(date(2026, 4, 21)))
    await running.settled()
    batch = await transmitted(running, tenant, 1, "20.00")
    assert batch.control_sum.amount == Decimal("20.00")
