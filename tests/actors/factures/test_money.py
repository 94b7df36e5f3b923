"""factures: money that comes, goes back and comes again, as payments states it."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from messages.factures import (
    CorrectionReason,
    CreateCreditNote,
    CreditAmount,
    CreditScope,
    GetInvoice,
    Invoice,
    VatCategory,
)
from messages.payments import (
    Allocation,
    FailurePhase,
    MandateEffect,
    PaymentReceived,
    PaymentRefunded,
    PaymentReturnCancelled,
    PaymentReturned,
    PaymentStatus,
    PaymentType,
    Provider,
    ReasonCategory,
    RefundReason,
    RetryAdvice,
    RType,
)
from messages.values.identifiers import new_id
from messages.values.money import Money
from tests.actors.factures.builders import NOW, TODAY, business, ready
from tests.actors.factures.test_issuing import draft, issue
from tests.harness import Running, Tenant


class PaymentOfOne:
    """One payment on one invoice, and what the invoice says after each of its facts."""

    def __init__(self, running: Running, tenant: Tenant, invoice: Invoice) -> None:
        self.running, self.tenant, self.invoice = running, tenant, invoice
        self.payment_id, self.version = new_id(), 0

    def _fields(self, amount: str) -> dict[str, Any]:
        return {
            "payment_id": self.payment_id, "reference": "PAY-1", "company_id": self.tenant.company_id, "client_id": new_id(),
            "type": PaymentType.EMISSION, "attempt_no": 1, "amount": Money.of(amount), "method": "SEPA_CORE",
            "provider": Provider.BANK_SEPA, "status": PaymentStatus.PAID,
        }  # fmt: skip

    def _allocation(self, amount: str, after: str) -> tuple[Allocation, ...]:
        found = {"allocation_id": new_id(), "payment_id": self.payment_id, "invoice_id": self.invoice.invoice_id}
        return (Allocation.model_validate(found | {"amount": Money.of(amount), "allocated_after": Money.of(after)}),)

    async def _after(self, fact: Any) -> tuple[str, str]:
        self.version += 1
        await self.running.state(fact, self.tenant.id, version=self.version, now=NOW)
        await self.running.settled()
        return await self.standing(self.invoice.invoice_id)

    async def standing(self, invoice_id: UUID) -> tuple[str, str]:
        found = await self.tenant.client.call(GetInvoice(invoice_id=invoice_id))
        return found.settlement_status.value, str(found.outstanding.amount)

    async def arrives(self, amount: str) -> tuple[str, str]:
        allocations = self._allocation(amount, amount)
        fact = PaymentReceived(**self._fields(amount), paid_on=TODAY, allocations=allocations, fees=Money.zero())
        return await self._after(fact)

    async def is_returned(self, amount: str) -> tuple[str, str]:
        notice = {
            "phase": FailurePhase.POST_SETTLEMENT, "r_type": next(iter(RType)), "reason_code": "MD06",
            "category": next(iter(ReasonCategory)), "retry_advice": next(iter(RetryAdvice)),
            "mandate_effect": next(iter(MandateEffect)), "rejected_on": TODAY, "rejected_at": NOW, "fees": Money.zero(),
            "consecutive_failures": 1, "r_key": "R-1", "allocations_reversed": self._allocation(f"-{amount}", "0.00"),
            "compensation": Money.zero(), "within_scheme_window": True,
        }  # fmt: skip
        return await self._after(PaymentReturned.model_validate(self._fields(amount) | notice))

    async def comes_again(self, amount: str) -> tuple[str, str]:
        fact = PaymentReturnCancelled(**self._fields(amount), allocations=self._allocation(amount, amount))
        return await self._after(fact)

    async def is_refunded(self, amount: str, after: str, credit_note_id: UUID | None = None) -> tuple[str, str]:
        back = {
            "refund_id": new_id(), "refund_amount": Money.of(amount), "remaining_refundable": Money.of(after),
            "reason": next(iter(RefundReason)), "credit_note_id": credit_note_id, "refunded_on": date(2026, 3, 9),
            "allocations_reversed": self._allocation(f"-{amount}", after),
        }  # fmt: skip
        return await self._after(PaymentRefunded.model_validate(self._fields("183.30") | back))


async def money_on_case_1(running: Running, tenant: Tenant) -> PaymentOfOne:
    await ready(tenant)
    order = draft(tenant, await business(running, tenant))
    return PaymentOfOne(running, tenant, await issue(tenant, await tenant.client.call(order)))


async def _credit(tenant: Tenant, invoice: Invoice, scope: CreditScope, **more: Any) -> Invoice:
    order = CreateCreditNote(
        invoice_id=invoice.invoice_id, scope=scope, reason_code=CorrectionReason.GOODWILL, reason_text="Geste", **more
    )
    return await tenant.client.call(order, key=str(new_id()))


async def test_case_19_a_return_that_is_cancelled_pays_the_invoice_again(running: Running, tenant: Tenant) -> None:
    money = await money_on_case_1(running, tenant)
    rest = PaymentOfOne(running, tenant, money.invoice)
    assert await money.arrives("100.00") == ("PARTIALLY_PAID", "83.30")
    assert await rest.arrives("83.30") == ("PAID", "0.00")
    assert await money.is_returned("100.00") == ("PARTIALLY_PAID", "100.00")
    assert await money.comes_again("100.00") == ("PAID", "0.00")
    assert len(await running.events("invoice.payment_reversed", tenant.id)) == 1
    assert len(await running.events("invoice.paid", tenant.id)) == 2


async def test_a_refund_without_credit_note_is_owed_again(running: Running, tenant: Tenant) -> None:
    money = await money_on_case_1(running, tenant)
    await money.arrives("183.30")
    assert await money.is_refunded("40.00", "143.30") == ("PARTIALLY_PAID", "40.00")
    ((_, fact),) = await running.events("invoice.payment_reversed", tenant.id)
    assert (fact["amount"]["amount"], fact["source"]) == ("-40.00", "REFUND")


async def test_a_refund_pays_its_credit_note_out_and_opens_nothing(running: Running, tenant: Tenant) -> None:
    money = await money_on_case_1(running, tenant)
    await money.arrives("183.30")
    note = await _credit(tenant, money.invoice, CreditScope.FULL)
    assert await money.standing(note.invoice_id) == ("REFUNDABLE", "0.00")
    assert await money.is_refunded("100.00", "83.30", note.invoice_id) == ("PAID", "0.00")
    assert await money.standing(note.invoice_id) == ("REFUNDABLE", "0.00")
    assert await money.is_refunded("83.30", "0.00", note.invoice_id) == ("CREDITED", "0.00")
    assert await money.standing(note.invoice_id) == ("REFUNDED", "0.00")
    assert await running.events("invoice.payment_reversed", tenant.id) == []


async def test_a_credit_note_that_is_set_off_needs_no_refund(running: Running, tenant: Tenant) -> None:
    money = await money_on_case_1(running, tenant)
    await money.arrives("140.00")
    one = CreditAmount(category=VatCategory.S, rate=Decimal("10"), net=Decimal("30.00"))
    note = await _credit(tenant, money.invoice, CreditScope.AMOUNTS, amounts=(one,))
    assert await money.standing(note.invoice_id) == ("REFUNDED", "0.00")
    assert await money.standing(money.invoice.invoice_id) == ("PARTIALLY_PAID", "10.30")
