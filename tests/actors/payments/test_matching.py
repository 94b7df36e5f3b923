"""payments: credits that a person matches with receipts."""

from datetime import date
from decimal import Decimal

import pytest

from actors.payments.bank.answers import Account, Booked, statement
from actors.payments.bank.simulator import Answer
from messages.payments import (
    BankMatch,
    GetReconciliationStatus,
    GetTrialBalance,
    IgnoreBankTransaction,
    ListBankTransactions,
    MatchBankTransaction,
    PaymentMethod,
    RecordManualPayment,
    UnmatchBankTransaction,
)
from messages.problem import Refused
from messages.values.identifiers import new_id
from tests.actors.payments.builders import CREDITOR_IBAN, at, creditor_account, money
from tests.actors.payments.steps import imported, subscriber
from tests.harness import Running, Tenant


async def test_a_transfer_is_matched_by_hand_never_beyond_its_amount(
    running: Running, tenant: Tenant, other_tenant: Tenant
) -> None:
    await creditor_account(tenant)
    found = await subscriber(running, tenant)
    day = date(2026, 5, 5)
    tenant.client.now = at(day)
    receipt = RecordManualPayment(
        company_id=tenant.company_id,
        client_id=found.client_id,
        amount=money("30.00"),
        method=PaymentMethod.TRANSFER,
        received_on=day,
    )
    payment = await tenant.client.call(receipt, key=str(new_id()))
    booked = [Booked("UNKNOWN", "-", "-", "Martin", Decimal("30.00"), "CORE")]
    content, _ = statement(Account(CREDITOR_IBAN), day, 1, Decimal("0.00"), {"-": booked}, [])
    await imported(tenant, Answer("camt053.xml", content))
    (line,) = (await tenant.client.call(ListBankTransactions())).items

    def match(amount: str) -> MatchBankTransaction:
        target = BankMatch(payment_id=payment.payment_id, amount=money(amount))
        return MatchBankTransaction(bank_transaction_id=line.id, targets=(target,), reason="seen on the statement")

    with pytest.raises(Refused) as refusal:
        await other_tenant.client.call(match("30.00"))
    assert refusal.value.code.code == "BANK_TRANSACTION_NOT_FOUND"
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(match("30.01"))
    assert refusal.value.code.code == "AMOUNT_EXCEEDED"
    twice = match("20.00").targets * 2
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(match("20.00").model_copy(update={"targets": twice}))
    assert refusal.value.code.code == "AMOUNT_EXCEEDED"
    part = await tenant.client.call(match("12.00"))
    assert (part.match_status, part.matched_amount.amount) == ("UNMATCHED", Decimal("12.00"))
    matched = await tenant.client.call(match("18.00"))
    assert (matched.match_status, matched.matched_amount.amount) == ("MATCHED_MANUAL", Decimal("30.00"))
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(match("0.01"))
    assert refusal.value.code.code == "AMOUNT_EXCEEDED"
    for hour in (1, 2):
        await running.tick("hour", at(date(2026, 5, 6), hour))
    trial = await tenant.client.call(GetTrialBalance(company_id=tenant.company_id))
    assert {account.account: account.balance.amount for account in trial.accounts} == {
        "411000": Decimal("-30.00"),
        "512000": Decimal("30.00"),
    }
    await the_match_is_undone(tenant, other_tenant, match("30.00"))


async def the_match_is_undone(tenant: Tenant, other_tenant: Tenant, match: MatchBankTransaction) -> None:
    line_id, period = match.bank_transaction_id, {"booked_from": date(2026, 5, 1), "booked_to": date(2026, 5, 31)}
    undo = UnmatchBankTransaction(bank_transaction_id=line_id, reason="another client's")
    ignore = IgnoreBankTransaction(bank_transaction_id=line_id, reason="between our own accounts")
    before = await tenant.client.call(GetReconciliationStatus(**period))
    assert (before.matched.amount, before.rate) == (Decimal("30.00"), Decimal("100.00"))
    assert (await other_tenant.client.call(GetReconciliationStatus(**period))).rate is None
    for request in (undo, ignore):
        with pytest.raises(Refused) as refusal:
            await other_tenant.client.call(request)
        assert refusal.value.code.code == "BANK_TRANSACTION_NOT_FOUND"
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(ignore)
    assert refusal.value.code.code == "INVALID_TRANSITION"
    for _ in range(2):
        free = await tenant.client.call(undo)
        assert (free.match_status, free.matched_amount.amount) == ("UNMATCHED", Decimal("0.00"))
    for _ in range(2):
        assert (await tenant.client.call(ignore)).match_status == "IGNORED"
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(match)
    assert refusal.value.code.code == "INVALID_TRANSITION"
    after = await tenant.client.call(GetReconciliationStatus(**period))
    assert [(found.match_status, found.count) for found in after.lines] == [("IGNORED", 1)]
    assert after.rate == Decimal("0.00")
    await tenant.client.call(undo)
    assert (await tenant.client.call(match)).match_status == "MATCHED_MANUAL"
