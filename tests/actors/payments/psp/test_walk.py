"""A walk through the real actor: whatever order its client, his bank and the provider choose, nothing is counted twice."""

import random
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from actors.payments.psp.simulation import Trouble
from actors.payments.psp.stripe.simulator import StripeSimulator
from messages.payments import (
    CreateRefund,
    GetTrialBalance,
    ListPayments,
    Payment,
    PaymentMethod,
    RecordManualPayment,
    RefundReason,
)
from messages.problem import Refused
from messages.values.identifiers import new_id
from messages.values.money import Money
from tests.actors.payments.builders import at, creditor_account, invoice_issued, look_behind
from tests.actors.payments.psp.desk import DAY, CardDesk
from tests.actors.payments.steps import subscriber
from tests.harness import Running, Tenant

STEPS = ("pay", "pay", "decline", "lose", "receive", "refund", "dispute", "win", "wait")
STEPS_TAKEN = 12
EXPECTED_REFUSALS = {
    "LIVE_PAYMENT_EXISTS", "VALIDATION_FAILED", "INVALID_TRANSITION", "COLLECTION_BLOCKED", "REFUND_EXCEEDS",
}  # fmt: skip


class Walk:
    """One subscriber whose first instalment is paid, refused, taken back and refunded in any order."""

    def __init__(self, desk: CardDesk, instalment: Any, draw: random.Random) -> None:
        self.desk, self.instalment, self.draw = desk, instalment, draw
        self.cards: dict[str, Any] = {}
        self.disputes: list[str] = []
        self.minute = 0

    async def step(self, name: str) -> None:
        """One thing happens; what the rules forbid is refused, and nothing else."""
        self.minute += 11
        self.desk.tenant.client.now = at(DAY) + timedelta(minutes=self.minute)
        try:
            await getattr(self, name)()
        except Refused as refused:
            assert refused.code.code in EXPECTED_REFUSALS, refused
        await self.desk.running.settled()

    async def pay(self, card: str = "MARTIN") -> None:
        await self.desk.pay(instalment_id=self.instalment["id"], payment_method_id=self.cards[card].payment_method_id)

    async def decline(self) -> None:
        await self.pay("ISSUE-CARD-insufficient_funds")

    async def lose(self) -> None:
        self.desk.stripe.trouble("create", Trouble.ERROR_AFTER)
        try:
            await self.pay()
        finally:
            self.desk.stripe.calm("create")

    async def receive(self) -> None:
        amount = Money.of(f"{self.draw.choice((5, 10, 30))}.00")
        receipt = RecordManualPayment(
            company_id=self.desk.tenant.company_id, client_id=self.desk.client_id, amount=amount,
            method=PaymentMethod.TRANSFER, received_on=DAY,
        )  # fmt: skip
        await self.desk.tenant.client.call(receipt, key=str(new_id()))

    async def refund(self) -> None:
        for payment in await self.payments():
            if payment.status in ("PAID", "PARTIALLY_REFUNDED"):
                wanted = Money.of(f"{self.draw.choice((1, 7, 24))}.90")
                request = CreateRefund(payment_id=payment.payment_id, amount=wanted, reason=RefundReason.OTHER)
                await self.desk.tenant.client.call(request, key=str(new_id()))
                return

    async def dispute(self) -> None:
        for payment in await self.payments():
            if payment.status in ("PAID", "PARTIALLY_REFUNDED", "REFUNDED") and payment.provider_payment_id:
                now = at(DAY, 9)
                self.disputes.append(self.desk.stripe.dispute(payment.provider_payment_id, now))
                await self.desk.deliver(self.desk.stripe.webhooks[-1], self.desk.stripe.webhooks[-1])
                return

    async def win(self) -> None:
        if self.disputes:
            self.desk.stripe.win(self.disputes.pop(), at(DAY, 9))
            await self.desk.deliver(self.desk.stripe.webhooks[-1])

    async def wait(self) -> None:
        await self.desk.running.tick("minute", at(DAY) + timedelta(minutes=self.minute))

    async def payments(self) -> list[Payment]:
        return list((await self.desk.tenant.client.call(ListPayments(client_id=self.desk.client_id))).items)

    async def check(self) -> None:
        """The books are right now."""
        desk = self.desk
        rows = await look_behind(desk.running, desk.tenant, "select * from payment")
        invoices = await look_behind(desk.running, desk.tenant, "select * from invoice_view")
        (due,) = await look_behind(
            desk.running, desk.tenant, "select * from instalment where id = $1", self.instalment["id"]
        )
        allocations = await look_behind(desk.running, desk.tenant, "select * from allocation")
        for row in rows:
            given = sum(found["amount"] for found in allocations if found["payment_id"] == row["id"])
            left = max(Decimal(0), row["amount"] - row["refunded_amount"] - row["charged_back_amount"])
            assert row["allocated_amount"] == given <= left
        assert sum(found["allocated"] for found in invoices) == sum(found["amount"] for found in allocations)
        assert 0 <= due["paid_amount"] <= due["amount"]
        live = [row for row in rows if row["status"] in ("PENDING", "SUBMITTED", "REQUIRES_ACTION", "UNCERTAIN")]
        assert sum(row["instalment_id"] == due["id"] for row in live) <= 1
        assert (due["status"] == "PAID") is (due["paid_amount"] == due["amount"])
        items = await look_behind(desk.running, desk.tenant, "select * from recovery_item where status = 'OPEN'")
        dunned = {item["instalment_id"] for item in items}
        assert dunned <= {due["id"]}
        if dunned:
            assert due["paid_amount"] < due["amount"], "only what is open is dunned"
        taken = {str(row["end_to_end_id"]): desk.stripe.charged(row["end_to_end_id"]) for row in rows}
        assert all(cents <= row["amount"] * 100 for row in rows for cents in (taken[str(row["end_to_end_id"])],))

    async def check_ledger(self) -> None:
        """What was posted says what the payments say."""
        desk = self.desk
        await desk.running.tick("hour", at(DAY) + timedelta(minutes=self.minute))
        found = await desk.tenant.client.call(GetTrialBalance(company_id=desk.tenant.company_id))
        balances = {account.account: account.balance.amount for account in found.accounts}
        assert sum(balances.values()) == 0
        rows = await look_behind(desk.running, desk.tenant, "select * from payment where settled_on is not null")
        kept = sum(row["amount"] - row["refunded_amount"] - row["charged_back_amount"] for row in rows)
        owed = sum(
            found["due"] for found in await look_behind(desk.running, desk.tenant, "select due from invoice_view")
        )
        assert balances.get("411000", Decimal(0)) == owed - kept


@pytest.mark.parametrize("seed", [1, *(pytest.param(n, marks=pytest.mark.chaos) for n in range(2, 40))])
async def test_the_books_stay_right_whatever_happens(
    running: Running, tenant: Tenant, stripe: StripeSimulator, seed: int
) -> None:
    await creditor_account(tenant)
    found = await subscriber(running, tenant)
    await found.open_gates(DAY)
    desk = await CardDesk.open(running, tenant, stripe)
    desk.client_id = found.client_id
    (first, *_) = await look_behind(running, tenant, "select * from instalment order by period_index")
    invoice = invoice_issued(found, "24.90", first["period_start"], issue_date=DAY)
    await running.state(invoice, tenant.id, now=at(DAY))
    await running.settled()
    walk = Walk(desk, first, random.Random(seed))
    for holder in ("MARTIN", "ISSUE-CARD-insufficient_funds"):
        walk.cards[holder] = await desk.save_card(holder)
    for _ in range(STEPS_TAKEN):
        await walk.step(walk.draw.choice(STEPS))
        await walk.check()
    await walk.check_ledger()
