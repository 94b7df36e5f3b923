"""factures: whatever is asked of an invoice, it is where its table says, owes what is left, and every fact is stated."""

import asyncio
from collections.abc import Awaitable
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test
from hypothesis.strategies import sampled_from

from actors.factures.rules.invoices import INVOICE
from messages.factures import (
    CorrectionReason,
    CreateCorrectiveInvoice,
    CreateCreditNote,
    CreateInvoice,
    CreditAmount,
    CreditScope,
    DeleteInvoice,
    GetInvoice,
    Invoice,
    InvoiceLineDraft,
    InvoiceStatus,
    IssueInvoice,
    MarkInvoicePaid,
    PaymentMethod,
    ReverseSettlement,
    UpdateInvoice,
    VatCategory,
    VerifySeals,
)
from messages.problem import Refused
from messages.values.identifiers import new_id
from tests.actors.factures.builders import TODAY, business, ready
from tests.harness import Running, Tenant

Answer = TypeVar("Answer")
GROSS = Decimal("120.00")
FACTS = (
    "created", "updated", "discarded", "issued", "partially_paid", "paid", "overpaid", "payment_reversed", "cancelled",
)  # fmt: skip


class LifeOfAnInvoice(RuleBasedStateMachine):
    """One invoice of 120.00, asked for everything; beside it what the rules of the specification make of it."""

    running: Running
    tenant: Tenant
    client_id: UUID
    loop: asyncio.AbstractEventLoop

    def __init__(self) -> None:
        super().__init__()
        self.status = InvoiceStatus.DRAFT
        self.settled = self.credited = self.credit_notes = Decimal("0.00")
        self.replaced = False
        self.facts = ["created"]
        self.marked: list[tuple[UUID, Decimal]] = []
        self.known: set[UUID] = set()

    def done(self, call: Awaitable[Answer]) -> Answer:
        return asyncio.run_coroutine_threadsafe(_awaited(call), self.loop).result(30)

    def ask(self, request: Any) -> Any:
        return self.done(self.tenant.client.call(request, key=str(new_id())))

    def refuses(self, request: Any, *codes: str) -> None:
        with pytest.raises(Refused) as refusal:
            self.ask(request)
        assert refusal.value.code.code in codes, refusal.value

    @initialize()
    def write(self) -> None:
        line = InvoiceLineDraft(name="Service", quantity=Decimal(1), unit_price=Decimal(100), vat_rate=Decimal(20))
        order = CreateInvoice(company_id=self.tenant.company_id, client_id=self.client_id, lines=(line,))
        self.invoice: Invoice = self.ask(order)

    @property
    def left(self) -> Decimal:
        return GROSS - self.settled - self.credited

    @property
    def is_issued(self) -> bool:
        return self.status in (InvoiceStatus.ISSUED, InvoiceStatus.CANCELLED)

    def move(self, trigger: str, fact: str) -> None:
        self.status = INVOICE.after(trigger, self.status)
        self.facts.append(fact)

    def see(self) -> None:
        self.invoice = found = self.ask(GetInvoice(invoice_id=self.invoice.invoice_id))
        assert found.status is self.status
        if self.is_issued:
            assert found.outstanding.amount == max(self.left, Decimal(0))
            assert found.settlement_status.value == self.settlement()

    def settlement(self) -> str:
        if self.left < 0:
            return "OVERPAID"
        if self.left == 0:
            return "PAID" if self.settled else "CREDITED"
        return "UNPAID" if self.left == GROSS else "PARTIALLY_PAID"

    @rule()
    def change(self) -> None:
        order = UpdateInvoice(
            invoice_id=self.invoice.invoice_id, expected_version=self.invoice.version, payment_days=20
        )
        if INVOICE.allows("change", self.status):
            self.ask(order)
            self.move("change", "updated")
        else:
            self.refuses(order, "INVOICE_LOCKED")
        self.see()

    @rule()
    def discard(self) -> None:
        order = DeleteInvoice(invoice_id=self.invoice.invoice_id, expected_version=self.invoice.version)
        if self.status is InvoiceStatus.DRAFT and len(self.facts) > 2:
            self.ask(order)
            self.move("discard", "discarded")
        elif self.status is not InvoiceStatus.DRAFT:
            self.refuses(order, "INVOICE_LOCKED")
        self.see()

    @rule()
    def issue(self) -> None:
        order = IssueInvoice(invoice_id=self.invoice.invoice_id, expected_version=self.invoice.version)
        if INVOICE.allows("issue", self.status):
            self.ask(order)
            self.move("issue", "issued")
        else:
            self.refuses(order, "INVOICE_ALREADY_ISSUED")
        self.see()

    @rule(amount=sampled_from([Decimal("40.00"), GROSS]))
    def pay(self, amount: Decimal) -> None:
        order = MarkInvoicePaid(
            invoice_id=self.invoice.invoice_id, on_date=TODAY, method=PaymentMethod.CARD, amount=amount
        )
        if not self.is_issued:
            self.refuses(order, "NOT_ISSUED")
            return
        before = self.settlement()
        paid = self.ask(order)
        (new,) = (found for found in paid.settlements if found.amount > 0 and found.id not in self.known)
        self.known.add(new.id)
        self.marked.append((new.id, amount))
        self.settled += amount
        after = self.settlement()
        if after != before or after == "PARTIALLY_PAID":
            self.facts.append(after.lower())
        self.see()

    @precondition(lambda self: self.marked)
    @rule()
    def take_money_back(self) -> None:
        identity, amount = self.marked[-1]
        self.ask(ReverseSettlement(settlement_id=identity, reason="erreur"))
        self.refuses(ReverseSettlement(settlement_id=identity, reason="erreur"), "PRECONDITION_FAILED")
        self.marked.pop()
        self.settled -= amount
        self.facts.append("payment_reversed")
        self.see()

    @rule(net=sampled_from([Decimal("50.00"), None]))
    def credit(self, net: Decimal | None) -> None:
        amounts = (CreditAmount(category=VatCategory.S, rate=Decimal("20.00"), net=net),) if net else ()
        scope = CreditScope.AMOUNTS if net else CreditScope.FULL
        order = CreateCreditNote(
            invoice_id=self.invoice.invoice_id, scope=scope, amounts=amounts, reason_code=CorrectionReason.OTHER,
            reason_text="Erreur",
        )  # fmt: skip
        if not self.is_issued:
            self.refuses(order, "NOT_ISSUED")
        elif self.replaced:
            self.refuses(order, "ALREADY_CANCELLED")
        elif self.status is InvoiceStatus.CANCELLED:
            self.refuses(order, "CREDIT_EXCEEDS_INVOICE")
        else:
            gross = self.ask(order).gross.amount
            self.credit_notes += gross
            self.credited += min(gross, max(self.left, Decimal(0)))
            if self.credit_notes == GROSS:
                self.move("cancel", "cancelled")
        self.see()

    @rule()
    def replace(self) -> None:
        order = CreateCorrectiveInvoice(
            invoice_id=self.invoice.invoice_id, reason_code=CorrectionReason.PRICE_ERROR, reason_text="Prix"
        )
        if not self.is_issued:
            self.refuses(order, "NOT_ISSUED")
        elif self.status is InvoiceStatus.CANCELLED or self.settled or self.credited:
            self.refuses(order, "ALREADY_SETTLED")
        else:
            draft = self.ask(order)
            self.ask(IssueInvoice(invoice_id=draft.invoice_id, expected_version=draft.version))
            self.replaced, self.credited = True, GROSS
            self.move("cancel", "cancelled")
        self.see()

    def teardown(self) -> None:
        """Every fact was stated, once and in order of its kind; the chain holds."""
        if not hasattr(self, "invoice"):
            return
        self.done(self.running.settled())
        own = str(self.invoice.invoice_id)
        for fact in FACTS:
            stated = self.done(self.running.events(f"invoice.{fact}", self.tenant.id))
            count = sum(body["invoice_id"] == own for _, body in stated)
            assert count == self.facts.count(fact), f"invoice.{fact} was stated {count} times after {self.facts}"
        assert self.ask(VerifySeals(company_id=self.tenant.company_id)).valid


async def _awaited(call: Awaitable[Answer]) -> Answer:
    return await call


@pytest.mark.parametrize(
    ("examples", "steps"), [(8, 9), pytest.param(60, 25, marks=(pytest.mark.chaos, pytest.mark.timeout(900)))]
)
async def test_whatever_is_asked_an_invoice_obeys_its_table(
    running: Running, tenant: Tenant, examples: int, steps: int
) -> None:
    await ready(tenant)
    client_id = await business(running, tenant)
    found = {"running": running, "tenant": tenant, "client_id": client_id, "loop": asyncio.get_running_loop()}
    machine = type("OfThisTenant", (LifeOfAnInvoice,), found)
    configured = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        derandomize=True,
        database=None,
    )
    await asyncio.to_thread(run_state_machine_as_test, machine, settings=configured)
