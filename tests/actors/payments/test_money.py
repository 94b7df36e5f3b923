"""payments: money comes, is refused or taken back, by bank file or by hand, in the formats banks really send."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from actors.payments.bank.answers import Account, Booked, statement
from actors.payments.bank.outcomes import Rule, Script, parse_outcome
from actors.payments.bank.simulator import Answer, SimulatedBank, play_folder
from actors.payments.bank.transport import EXCHANGE_FOLDER_VARIABLE, ExchangeFolder
from messages.payments import (
    AllocatePayment,
    AllocationOrder,
    GetClientBalance,
    GetCollectionBatch,
    GetPayment,
    GetPaymentStats,
    ListAlerts,
    ListBankTransactions,
    ListInstalments,
    ListPayments,
    PaymentMethod,
    RecordManualPayment,
    Transport,
)
from messages.problem import Refused
from tests.actors.payments.builders import (
    CREDITOR_IBAN,
    at,
    credit_note_issued,
    creditor_account,
    cutoff_reached,
    invoice_issued,
    money,
)
from tests.actors.payments.steps import DEBIT, PRESENTED, STARTS, facts, file_of, imported, subscriber, transmitted
from tests.harness import Running, Tenant


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


async def test_case_11_a_rejected_debit_is_told_once_and_opens_the_instalment(
    running: Running, tenant: Tenant, other_tenant: Tenant
) -> None:
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
    receipt = RecordManualPayment(
        company_id=tenant.company_id,
        client_id=found.client_id,
        amount=money("10.01"),
        method=PaymentMethod.CHEQUE,
        received_on=PRESENTED,
    )
    await tenant.client.call(receipt, key="receipt-0011")
    figures = GetPaymentStats(company_id=tenant.company_id, from_date=date(2026, 4, 1), to_date=date(2026, 4, 30))
    stats = await tenant.client.call(figures)
    assert [(part.count, str(part.amount.amount)) for part in (stats.total, stats.paid, stats.pending, stats.rejected)] == [
        (2, "34.91"), (1, "10.01"), (0, "0.00"), (1, "24.90"),
    ]  # fmt: skip
    assert (stats.reject_rate, stats.average) == (Decimal("50.00"), money("17.46"))
    assert (await other_tenant.client.call(figures)).total.count == 0


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
