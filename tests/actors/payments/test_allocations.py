"""payments: what a receipt settles is undone by hand, and the invoices are open again."""

from datetime import date
from decimal import Decimal

import asyncpg
import pytest

from messages.payments import (
    AddPaymentNote,
    AllocatePayment,
    AllocationOrder,
    GetClientBalance,
    GetPaymentTimeline,
    ListInstalments,
    ListOpenItems,
    PaymentMethod,
    RecordManualPayment,
    UnallocatePayment,
    UnallocationReason,
)
from messages.problem import Refused
from messages.values.identifiers import new_id
from tests.actors.payments.builders import at, creditor_account, invoice_issued, money
from tests.actors.payments.steps import STARTS, facts, subscriber
from tests.harness import Running, Tenant


async def test_a_receipt_is_taken_off_an_invoice_and_settles_another(
    running: Running, tenant: Tenant, other_tenant: Tenant
) -> None:
    await creditor_account(tenant)
    found = await subscriber(running, tenant)
    first = invoice_issued(found, "24.90", STARTS)
    second = invoice_issued(found, "24.90", date(2026, 5, 10), number="F2026-0002")
    for invoice in (first, second):
        await running.state(invoice, tenant.id, now=at(STARTS))
    await running.settled()
    receipt = RecordManualPayment(
        company_id=tenant.company_id,
        client_id=found.client_id,
        amount=money("24.90"),
        method=PaymentMethod.TRANSFER,
        received_on=date(2026, 4, 28),
    )
    paid = await tenant.client.call(receipt, key=str(new_id()))
    assert [item.number for item in (await tenant.client.call(ListOpenItems())).items] == ["F2026-0002"]

    undo = UnallocatePayment(
        payment_id=paid.payment_id, invoice_ids=(first.invoice_id,), reason=UnallocationReason.CUSTOMER_CHOICE
    )
    credit = await tenant.client.call(undo)
    assert (credit.status, credit.allocated_amount.amount) == ("PAID", Decimal("0.00"))
    assert (await tenant.client.call(undo)).version == credit.version  # a second time changes nothing
    balance = await tenant.client.call(GetClientBalance(client_id=found.client_id))
    assert (balance.balance.amount, balance.unallocated.amount) == (Decimal("24.90"), Decimal("24.90"))
    instalments = (await tenant.client.call(ListInstalments(contract_id=found.contract_id))).items
    (reopened,) = [item for item in instalments if item.invoice_id == first.invoice_id]
    assert (reopened.status, reopened.paid_amount.amount) == ("FAILED", Decimal("0.00"))

    page = await tenant.client.call(ListOpenItems(client_id=found.client_id, limit=1))
    rest = await tenant.client.call(ListOpenItems(client_id=found.client_id, limit=1, cursor=page.next_cursor))
    assert [(item.number, item.open.amount) for item in (*page.items, *rest.items)] == [
        ("F2026-0001", Decimal("24.90")),
        ("F2026-0002", Decimal("24.90")),
    ]
    assert (await other_tenant.client.call(ListOpenItems())).items == ()

    order = AllocationOrder(invoice_id=second.invoice_id, amount=money("24.90"))
    moved = await tenant.client.call(AllocatePayment(payment_id=paid.payment_id, allocations=(order,)))
    assert moved.allocated_amount.amount == Decimal("24.90")
    await running.settled()
    (told,) = await facts(running, tenant, "payment.unallocated")
    assert told["reason"] == "CUSTOMER_CHOICE"
    assert (told["allocation"]["amount"]["amount"], told["allocation"]["allocated_after"]["amount"]) == (
        "24.90",
        "0.00",
    )
    timeline = await tenant.client.call(GetPaymentTimeline(payment_id=paid.payment_id))
    assert [entry.type for entry in timeline.entries] == ["payment.received", "payment.unallocated"]

    note = AddPaymentNote(payment_id=paid.payment_id, text="Le client a rappelé")
    written = await tenant.client.call(note, key=str(new_id()))
    timeline = await tenant.client.call(GetPaymentTimeline(payment_id=paid.payment_id))
    assert (timeline.entries[-1], written.data) == (written, {"text": "Le client a rappelé"})

    strange = undo.model_copy(update={"invoice_ids": (new_id(),)})
    for caller, request, code in (
        (tenant, strange, "VALIDATION_FAILED"),
        (other_tenant, undo, "PAYMENT_NOT_FOUND"),
        (other_tenant, note, "PAYMENT_NOT_FOUND"),
    ):
        with pytest.raises(Refused) as refusal:
            await caller.client.call(request, key=str(new_id()))
        assert refusal.value.code.code == code


async def test_a_balance_adds_up_more_than_it_shows_of_the_companies_one_sees(running: Running, tenant: Tenant) -> None:
    await creditor_account(tenant)
    found = await subscriber(running, tenant)
    await running.state(invoice_issued(found, "24.90", STARTS), tenant.id, now=at(STARTS))
    await running.settled()
    connection = await asyncpg.connect(running.database("payments"))
    try:
        await connection.execute(f"set app.organisation_id = '{tenant.id}'")
        await connection.execute(MANY_MORE, tenant.id)
    finally:
        await connection.close()
    balance = await tenant.client.call(GetClientBalance(client_id=found.client_id))
    assert (balance.balance.amount, len(balance.open_items)) == (Decimal("24.90") * 251, 200)
    elsewhere = tenant.token("payments:payment:read", company_ids=[str(new_id())])
    unseen = await tenant.client.call(GetClientBalance(client_id=found.client_id), token=elsewhere)
    assert (unseen.balance.amount, unseen.open_items) == (Decimal("0.00"), ())


MANY_MORE = """
insert into invoice_view
select (jsonb_populate_record(known, jsonb_build_object('invoice_id', gen_random_uuid(), 'number', 'F-' || n))).*
from invoice_view as known, generate_series(1, 250) as n where known.organisation_id = $1
"""
