"""factures: drafts by hand, issue, credit, payment, proof."""

import asyncio
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from messages.factures import (
    CheckInvoice,
    CorrectionReason,
    CreateCreditNote,
    CreateInvoice,
    CreditAmount,
    CreditScope,
    DeleteInvoice,
    DocumentDiscount,
    GetInvoice,
    GetInvoiceDocument,
    Invoice,
    InvoiceLineDraft,
    IssueInvoice,
    ListInvoices,
    MarkInvoicePaid,
    PaymentMethod,
    ReplaceInvoiceLines,
    SendInvoice,
    VatCategory,
    VerifySeals,
)
from messages.payments import Allocation, PaymentAllocated, PaymentUnallocated, UnallocationReason
from messages.problem import Refused
from messages.values.identifiers import new_id
from messages.values.money import Money
from tests.actors.factures.builders import CASE_1, NOW, amounts_of, business, consumer, ready
from tests.harness import Running, Tenant


def draft(tenant: Tenant, client_id: UUID, **changes: Any) -> CreateInvoice:
    """Acceptance case 1 as an accountant writes it."""
    lines = tuple(
        InvoiceLineDraft(
            name=name,
            quantity=Decimal(quantity),
            unit_price=Decimal(price),
            vat_rate=Decimal(rate),
            discount_amount=Decimal(discount) if discount else None,
        )
        for name, quantity, price, rate, discount in CASE_1
    )
    discounts = (DocumentDiscount(amount=Decimal("3.00"), vat_rate=Decimal("20.00"), reason="Remise"),)
    fields = {"company_id": tenant.company_id, "client_id": client_id, "lines": lines, "discounts": discounts}
    return CreateInvoice.model_validate(fields | changes)


def simple(tenant: Tenant, client_id: UUID) -> CreateInvoice:
    line = InvoiceLineDraft(name="Service", quantity=Decimal(1), unit_price=Decimal(100), vat_rate=Decimal(20))
    return draft(tenant, client_id, lines=(line,), discounts=())


async def issue(tenant: Tenant, invoice: Invoice, **changes: Any) -> Invoice:
    order = IssueInvoice(invoice_id=invoice.invoice_id, expected_version=invoice.version, **changes)
    return await tenant.client.call(order, key=str(new_id()))


async def issued(running: Running, tenant: Tenant, order: CreateInvoice | None = None) -> Invoice:
    await ready(tenant)
    client_id = await business(running, tenant)
    return await issue(tenant, await tenant.client.call(order or draft(tenant, client_id)))


async def refused(call: Any) -> str:
    with pytest.raises(Refused) as refusal:
        await call
    return refusal.value.code.code


async def test_case_1_by_hand(running: Running, tenant: Tenant) -> None:
    invoice = await issued(running, tenant)
    assert amounts_of(invoice) == ("164.96", "18.34", "183.30")
    by_rate = {f"{found.rate:.2f}": (str(found.base.amount), str(found.amount.amount)) for found in invoice.vat_totals}
    assert by_rate == {"5.50": ("21.15", "1.16"), "10.00": ("115.83", "11.58"), "20.00": ("27.98", "5.60")}
    assert (invoice.number, invoice.outstanding.amount) == ("FA2026-000001", Decimal("183.30"))
    by_number = await tenant.client.call(GetInvoice(number="FA2026-000001", company_id=tenant.company_id))
    assert by_number.invoice_id == invoice.invoice_id


async def test_a_draft_changes_until_it_is_issued(running: Running, tenant: Tenant) -> None:
    await ready(tenant)
    client_id = await business(running, tenant)
    written = await tenant.client.call(simple(tenant, client_id))
    lines = draft(tenant, client_id).lines
    replaced = await tenant.client.call(
        ReplaceInvoiceLines(invoice_id=written.invoice_id, expected_version=1, lines=lines)
    )
    assert (replaced.version, len(replaced.lines), str(replaced.net.amount)) == (2, 4, "167.96")
    assert (await tenant.client.call(CheckInvoice(invoice_id=written.invoice_id))).valid
    stale = ReplaceInvoiceLines(invoice_id=written.invoice_id, expected_version=1, lines=lines)
    assert await refused(tenant.client.call(stale)) == "VERSION_CONFLICT"
    done = await issue(tenant, replaced)
    locked = ReplaceInvoiceLines(invoice_id=done.invoice_id, expected_version=done.version, lines=lines)
    assert await refused(tenant.client.call(locked)) == "INVOICE_LOCKED"
    assert await refused(issue(tenant, done)) == "INVOICE_ALREADY_ISSUED"


async def test_a_discarded_draft_leaves_no_hole(running: Running, tenant: Tenant) -> None:
    await ready(tenant)
    client_id = await business(running, tenant)
    first = await tenant.client.call(simple(tenant, client_id))
    await tenant.client.call(DeleteInvoice(invoice_id=first.invoice_id, expected_version=1))
    second = await issue(tenant, await tenant.client.call(simple(tenant, client_id)))
    assert second.number == "FA2026-000001"
    await running.settled()
    assert len(await running.events("invoice.discarded", tenant.id)) == 1


async def test_case_11_parallel_issues_and_failures_leave_no_hole(running: Running, tenant: Tenant) -> None:
    await ready(tenant)
    client_id = await business(running, tenant)
    drafts = [await tenant.client.call(simple(tenant, client_id)) for _ in range(15)]
    broken = [await tenant.client.call(simple(tenant, client_id)) for _ in range(4)]
    orders = [issue(tenant, found) for found in drafts]
    orders += [issue(tenant, found, issue_date=date(2026, 3, 1)) for found in broken]  # dates of the past are refused
    results = await asyncio.gather(*orders, return_exceptions=True)
    numbers = sorted(found.number for found in results if isinstance(found, Invoice) and found.number)
    assert numbers == [f"FA2026-{number:06d}" for number in range(1, 16)]
    assert all(isinstance(found, Refused) for found in results[15:])
    later = await issue(tenant, broken[0])
    assert later.number == "FA2026-000016"
    chain = await tenant.client.call(VerifySeals(company_id=tenant.company_id))
    assert (chain.valid, chain.checked) == (True, 16)


async def test_case_11_the_same_key_gives_the_same_number(running: Running, tenant: Tenant) -> None:
    await ready(tenant)
    written = await tenant.client.call(simple(tenant, await business(running, tenant)))
    order = IssueInvoice(invoice_id=written.invoice_id, expected_version=1)
    key = str(new_id())
    first, again = [await tenant.client.call(order, key=key) for _ in range(2)]
    assert first == again


async def test_case_12_the_year_of_the_number_is_that_of_paris(running: Running, tenant: Tenant) -> None:
    await ready(tenant)
    client_id = await business(running, tenant)
    tenant.client.now = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)
    first = await issue(tenant, await tenant.client.call(simple(tenant, client_id)))
    assert (first.number, first.issue_date) == ("FA2027-000001", date(2027, 1, 1))
    old = await tenant.client.call(simple(tenant, client_id))
    assert await refused(issue(tenant, old, issue_date=date(2026, 12, 31))) == "CHRONOLOGY_VIOLATION"


async def test_case_10_a_full_credit_note_cancels_its_invoice_once(running: Running, tenant: Tenant) -> None:
    invoice = await issued(running, tenant)
    order = CreateCreditNote(
        invoice_id=invoice.invoice_id, reason_code=CorrectionReason.GOODWILL, reason_text="Geste commercial"
    )
    note = await tenant.client.call(order, key=str(new_id()))
    assert (note.number, note.type_code, amounts_of(note)) == ("AV2026-000001", "381", amounts_of(invoice))
    assert note.settlement_status == "REFUNDED"
    original = await tenant.client.call(GetInvoice(invoice_id=invoice.invoice_id))
    assert (original.status, original.settlement_status, original.outstanding.amount) == ("CANCELLED", "CREDITED", 0)
    assert await refused(tenant.client.call(order, key=str(new_id()))) == "CREDIT_EXCEEDS_INVOICE"
    await running.settled()
    ((_, cancelled),) = await running.events("invoice.cancelled", tenant.id)
    assert cancelled["by"]["number"] == note.number
    assert len(await running.events("credit_note.issued", tenant.id)) == 1


async def test_case_10_two_partial_credits_take_exactly_the_vat_of_the_rate(running: Running, tenant: Tenant) -> None:
    invoice = await issued(running, tenant)

    def part(net: str) -> CreateCreditNote:
        amount = CreditAmount(category=VatCategory.S, rate=Decimal("20.00"), net=Decimal(net))
        return CreateCreditNote(
            invoice_id=invoice.invoice_id, scope=CreditScope.AMOUNTS, amounts=(amount,),
            reason_code=CorrectionReason.PRICE_ERROR, reason_text="Prix",
        )  # fmt: skip

    notes = [await tenant.client.call(part(net), key=str(new_id())) for net in ("10.01", "17.97")]
    assert sum(note.vat.amount for note in notes) == Decimal("5.60")
    assert await refused(tenant.client.call(part("0.01"), key=str(new_id()))) == "CREDIT_EXCEEDS_INVOICE"


def allocation(payment_id: UUID, invoice: Invoice, amount: str, after: str) -> PaymentAllocated:
    found = Allocation(
        allocation_id=new_id(), payment_id=payment_id, invoice_id=invoice.invoice_id,
        amount=Money.of(amount), allocated_after=Money.of(after),
    )  # fmt: skip
    return PaymentAllocated(payment_id=payment_id, client_id=new_id(), company_id=new_id(), allocation=found)


async def test_cases_19_and_20_payments_settle_once_in_any_order(running: Running, tenant: Tenant) -> None:
    invoice = await issued(running, tenant)
    one, other = new_id(), new_id()

    async def after(fact: PaymentAllocated | PaymentUnallocated, version: int) -> tuple[str, str]:
        await running.state(fact, tenant.id, version=version, now=NOW)
        await running.settled()
        found = await tenant.client.call(GetInvoice(invoice_id=invoice.invoice_id))
        return found.settlement_status.value, str(found.outstanding.amount)

    first = allocation(one, invoice, "100.00", "100.00")
    assert await after(first, 3) == ("PARTIALLY_PAID", "83.30")
    assert await after(first, 4) == ("PARTIALLY_PAID", "83.30")
    assert await after(allocation(other, invoice, "83.30", "83.30"), 1) == ("PAID", "0.00")
    assert await after(allocation(one, invoice, "-100.00", "0.00"), 5) == ("PARTIALLY_PAID", "100.00")
    assert await after(first, 3) == ("PARTIALLY_PAID", "100.00")  # an old fact, replayed late
    assert await after(allocation(one, invoice, "100.00", "100.00"), 6) == ("PAID", "0.00")
    ((_, partly),) = await running.events("invoice.partially_paid", tenant.id)
    assert [part["amount"]["amount"] for part in partly["by_rate"]] == ["12.17", "69.51", "18.32"]
    assert len(await running.events("invoice.paid", tenant.id)) == 2
    assert len(await running.events("invoice.payment_reversed", tenant.id)) == 1
    undone = allocation(other, invoice, "83.30", "0.00").model_dump() | {"reason": UnallocationReason.WRONG_INVOICE}
    assert await after(PaymentUnallocated.model_validate(undone), 2) == ("PARTIALLY_PAID", "83.30")


async def test_money_seen_elsewhere_pays_the_invoice(running: Running, tenant: Tenant) -> None:
    invoice = await issued(running, tenant)
    order = MarkInvoicePaid(invoice_id=invoice.invoice_id, on_date=date(2026, 3, 2), method=PaymentMethod.CHEQUE)
    paid = await tenant.client.call(order, key=str(new_id()))
    assert (paid.settlement_status, paid.outstanding.amount) == ("PAID", 0)
    assert await refused(tenant.client.call(order, key=str(new_id()))) == "VALIDATION_FAILED"


async def test_what_stays_open_after_its_date_becomes_overdue_once(running: Running, tenant: Tenant) -> None:
    invoice = await issued(running, tenant)
    assert invoice.due_date == date(2026, 4, 1)
    for day in (1, 2, 3):
        await running.tick("day", datetime(2026, 4, day, 5, tzinfo=UTC))
        assert len(await running.events("invoice.overdue", tenant.id)) == (0 if day == 1 else 1)
    assert (await tenant.client.call(ListInvoices(overdue=True))).items[0].id == invoice.invoice_id


async def test_an_invoice_is_found_by_the_beginning_of_its_number(running: Running, tenant: Tenant) -> None:
    invoice = await issued(running, tenant)
    number = invoice.number or ""
    for prefix in (number[:4], number):
        found = await tenant.client.call(ListInvoices(number_prefix=prefix))
        assert [item.id for item in found.items] == [invoice.invoice_id]
    for prefix in (number[1:], number + "0", "%%"):
        assert (await tenant.client.call(ListInvoices(number_prefix=prefix))).items == ()


async def test_an_invoice_is_found_by_the_words_of_its_clients_name(
    running: Running, tenant: Tenant, other_tenant: Tenant
) -> None:
    invoice = await issued(running, tenant)
    await issued(running, other_tenant)
    for text in ("dupont", "FILS dup", "Dupont & Fils", (invoice.number or "").lower()):
        found = await tenant.client.call(ListInvoices(search=text))
        assert [item.id for item in found.items] == [invoice.invoice_id]
    for text in ("upont", "dupont martin"):
        assert (await tenant.client.call(ListInvoices(search=text))).items == ()
    assert await refused(tenant.client.call(ListInvoices(search="& a"))) == "VALIDATION_FAILED"


async def test_an_archived_invoice_can_be_sent_again(running: Running, tenant: Tenant) -> None:
    invoice = await issued(running, tenant)
    await running.settled()
    await tenant.client.call(SendInvoice(invoice_id=invoice.invoice_id))
    await running.settled()
    assert len(await running.events("invoice.delivery_requested", tenant.id)) == 2


async def test_case_14_the_database_refuses_to_change_what_is_issued(running: Running, tenant: Tenant) -> None:
    invoice = await issued(running, tenant)
    connection = await asyncpg.connect(running.database("factures"))
    try:
        await connection.execute("select set_config('app.organisation_id', $1, false)", str(tenant.id))
        for statement in (
            "update invoice set net = net + 1 where id = $1",
            "delete from invoice where id = $1",
            "delete from invoice_line where invoice_id = $1",
            "update vat_breakdown set amount = 0 where invoice_id = $1",
            "update rendition set sha256 = '' where invoice_id = $1",
            "delete from seal where invoice_id = $1",
        ):
            with pytest.raises(asyncpg.IntegrityConstraintViolationError):
                await connection.execute(statement, invoice.invoice_id)
        with pytest.raises(asyncpg.IntegrityConstraintViolationError):
            await connection.execute("truncate seal")
        await connection.execute("update invoice set sent_at = now() where id = $1", invoice.invoice_id)
    finally:
        await connection.close()


async def test_case_13_a_changed_amount_is_found_by_the_chain(running: Running, tenant: Tenant) -> None:
    invoice = await issued(running, tenant)
    await issue(tenant, await tenant.client.call(simple(tenant, invoice.client_id)))
    connection = await asyncpg.connect(running.database("factures"))
    try:
        await connection.execute("select set_config('app.organisation_id', $1, false)", str(tenant.id))
        await connection.execute("alter table invoice disable trigger issued_stays")
        await connection.execute("update invoice set gross = 183.31 where id = $1", invoice.invoice_id)
        await connection.execute("alter table invoice enable trigger issued_stays")
    finally:
        await connection.close()
    found = await tenant.client.call(VerifySeals(company_id=tenant.company_id))
    assert (found.valid, found.broken_at, found.reason) == (False, 1, "CONTENT_CHANGED")
    assert (await tenant.client.call(VerifySeals(company_id=tenant.company_id, from_seq=2))).valid


async def test_case_17_a_document_that_breaks_a_rule_gets_no_number(running: Running, tenant: Tenant) -> None:
    tenant.client.now = NOW
    written = await tenant.client.call(simple(tenant, await business(running, tenant)))
    check = await tenant.client.call(CheckInvoice(invoice_id=written.invoice_id))
    assert [found.rule for found in check.errors] == ["TRANSFER_IBAN"]
    assert await refused(issue(tenant, written)) == "INVOICE_NOT_COMPLIANT"


async def test_another_tenants_invoice_is_not_found(running: Running, tenant: Tenant, other_tenant: Tenant) -> None:
    invoice = await issued(running, tenant)
    for request in (GetInvoice(invoice_id=invoice.invoice_id), GetInvoiceDocument(invoice_id=invoice.invoice_id)):
        assert await refused(other_tenant.client.call(request)) == "INVOICE_NOT_FOUND"
    assert (await other_tenant.client.call(ListInvoices())).items == ()
    stranger = simple(other_tenant, invoice.client_id)
    assert await refused(other_tenant.client.call(stranger)) == "CLIENT_UNKNOWN"


async def test_a_token_without_the_permission_is_refused(running: Running, tenant: Tenant) -> None:
    await ready(tenant)
    client_id = await consumer(running, tenant)
    written = await tenant.client.call(simple(tenant, client_id))
    token = tenant.token("factures:invoice:read", "factures:invoice:write")
    order = IssueInvoice(invoice_id=written.invoice_id, expected_version=1)
    assert await refused(tenant.client.call(order, token=token, key=str(new_id()))) == "PERMISSION_MISSING"
    nobody = tenant.token("other:thing:read")
    assert (
        await refused(tenant.client.call(GetInvoice(invoice_id=written.invoice_id), token=nobody))
        == "PERMISSION_MISSING"
    )
