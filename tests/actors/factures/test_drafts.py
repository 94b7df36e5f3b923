"""factures: drafts change, many are issued at once, marked money is taken back, lateness has its price."""

import io
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pikepdf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.factures.rules import late_interest
from messages.factures import (
    CalculateLateInterest,
    CheckInvoice,
    CorrectionReason,
    CreateCreditNote,
    CreditLine,
    CreditScope,
    DeleteInvoice,
    GetInvoice,
    Invoice,
    IssueInvoices,
    MarkInvoicePaid,
    PaymentMethod,
    PreviewInvoice,
    ReverseSettlement,
    UpdateInvoice,
    UpdateInvoicingSettings,
)
from messages.logistics import LetterFailed, LetterPosted, LetterPurpose
from messages.payments import MandateActivated, MandateExpired
from messages.payments.vocabulary import MandateKind, MandateScheme
from messages.shared import LetterKind
from messages.values.identifiers import new_id
from tests.actors.factures.builders import NOW, amounts_of, business, consumer, decoded, ready
from tests.actors.factures.test_facturx import text_of
from tests.actors.factures.test_issuing import issue, issued, refused, simple
from tests.harness import Running, Tenant


async def drafts(running: Running, tenant: Tenant, count: int) -> list[Invoice]:
    await ready(tenant)
    client_id = await business(running, tenant)
    return [await tenant.client.call(simple(tenant, client_id)) for _ in range(count)]


async def test_the_head_of_a_draft_changes_and_says_what_changed(running: Running, tenant: Tenant) -> None:
    (draft,) = await drafts(running, tenant, 1)
    changed = await tenant.client.call(
        UpdateInvoice(
            invoice_id=draft.invoice_id, expected_version=1, payment_days=45, payment_method=PaymentMethod.CHEQUE
        )
    )
    assert (changed.version, changed.due_date, changed.payment_method) == (2, date(2026, 4, 16), "CHEQUE")
    assert changed.delivery_date == draft.delivery_date
    stale = UpdateInvoice(invoice_id=draft.invoice_id, expected_version=1, notes="Merci")
    assert await refused(tenant.client.call(stale)) == "VERSION_CONFLICT"
    done = await issue(tenant, changed)
    late = UpdateInvoice(invoice_id=done.invoice_id, expected_version=done.version, notes="Merci")
    assert await refused(tenant.client.call(late)) == "INVOICE_LOCKED"
    await running.settled()
    ((_, fact),) = await running.events("invoice.updated", tenant.id)
    assert fact["changed_fields"] == ["due_date", "payment_days", "payment_method"]


async def test_many_drafts_are_issued_at_once_and_the_broken_ones_stay(running: Running, tenant: Tenant) -> None:
    made = await drafts(running, tenant, 4)
    await tenant.client.call(
        UpdateInvoice(invoice_id=made[1].invoice_id, expected_version=1, payment_method=PaymentMethod.SEPA_DIRECT_DEBIT)
    )
    await tenant.client.call(
        UpdateInvoice(invoice_id=made[3].invoice_id, expected_version=1, delivery_date=date(2026, 2, 1))
    )
    order = IssueInvoices(invoice_ids=tuple(found.invoice_id for found in made))
    answer = await tenant.client.call(order, key=str(new_id()))
    numbers = [found.number for found in answer.results]
    assert numbers == ["FA2026-000002", None, "FA2026-000003", "FA2026-000001"]  # the earliest supply comes first
    assert [found.rule for found in answer.results[1].errors] == ["DIRECT_DEBIT_MANDATE"]
    assert (await tenant.client.call(GetInvoice(invoice_id=made[1].invoice_id))).status == "DRAFT"
    again = await tenant.client.call(order, key=str(new_id()))
    assert {found.errors[0].rule for found in again.results} == {"INVOICE_ALREADY_ISSUED", "DIRECT_DEBIT_MANDATE"}


async def test_marked_money_is_taken_back_once(running: Running, tenant: Tenant, other_tenant: Tenant) -> None:
    invoice = await issued(running, tenant)
    paid = await tenant.client.call(
        MarkInvoicePaid(invoice_id=invoice.invoice_id, on_date=date(2026, 3, 2), method=PaymentMethod.CHEQUE),
        key=str(new_id()),
    )
    order = ReverseSettlement(settlement_id=paid.settlements[0].id, reason="Chèque sans provision")
    assert await refused(other_tenant.client.call(order)) == "SETTLEMENT_NOT_FOUND"
    back = await tenant.client.call(order)
    assert (back.settlement_status, back.outstanding) == ("UNPAID", invoice.outstanding)
    assert await refused(tenant.client.call(order, key=str(new_id()))) == "PRECONDITION_FAILED"
    reversal = next(found for found in back.settlements if found.amount < 0)
    assert await refused(tenant.client.call(ReverseSettlement(settlement_id=reversal.id, reason="x"))) == (
        "PRECONDITION_FAILED"
    )
    await running.settled()
    assert len(await running.events("invoice.payment_reversed", tenant.id)) == 1


async def test_a_small_profile_is_refused_for_what_passes_a_platform(running: Running, tenant: Tenant) -> None:
    (draft,) = await drafts(running, tenant, 1)
    await tenant.client.call(UpdateInvoicingSettings(company_id=tenant.company_id, default_profile="MINIMUM"))
    assert await refused(issue(tenant, draft)) == "INVOICE_NOT_COMPLIANT"
    of_consumer = await tenant.client.call(simple(tenant, await consumer(running, tenant)))
    assert (await issue(tenant, of_consumer)).number == "FA2026-000001"


@pytest.mark.parametrize("failed", [False, True])
async def test_a_letter_makes_the_invoice_sent_or_failed(running: Running, tenant: Tenant, failed: bool) -> None:
    invoice = await issued(running, tenant)
    letter = {
        "letter_id": new_id(), "number": "LET-1", "kind": next(iter(LetterKind)), "purpose": LetterPurpose.INVOICE,
        "company_id": tenant.company_id, "invoice_id": invoice.invoice_id,
    }  # fmt: skip
    fact = LetterFailed(**letter, reason="adresse") if failed else LetterPosted(**letter, posted_at=NOW)
    await running.state(fact, tenant.id, now=NOW)
    await running.settled()
    found = await tenant.client.call(GetInvoice(invoice_id=invoice.invoice_id))
    assert (found.delivery_failed, found.sent_at) == ((True, None) if failed else (False, NOW))
    assert len(await running.events("invoice.sent", tenant.id)) == (0 if failed else 1)


@pytest.mark.parametrize(
    ("amount", "due", "paid", "days", "interest"),
    [
        ("1200.00", date(2026, 1, 31), date(2026, 3, 15), 43, "17.18"),
        ("1000.00", date(2025, 6, 15), date(2025, 7, 20), 35, "12.06"),
    ],
)
def test_case_18_late_interest_by_semester(amount: str, due: date, paid: date, days: int, interest: str) -> None:
    late = late_interest.segments(due, paid)
    assert sum(part.days for part in late) == days
    assert str(late_interest.interest(Decimal(amount), late)) == interest


@given(st.dates(date(2024, 1, 1), date(2030, 1, 1)), st.integers(-30, 1500))
def test_every_late_day_is_counted_once(due: date, days: int) -> None:
    until = date.fromordinal(due.toordinal() + days)
    assert sum(part.days for part in late_interest.segments(due, until)) == max(days, 0)


async def test_a_business_owes_interest_and_indemnity_a_consumer_neither(running: Running, tenant: Tenant) -> None:
    (draft,) = await drafts(running, tenant, 1)
    of_business = await issue(tenant, draft)
    of_consumer = await issue(tenant, await tenant.client.call(simple(tenant, await consumer(running, tenant))))

    async def owed(invoice_id: UUID, until: date) -> tuple[int, str, str]:
        found = await tenant.client.call(CalculateLateInterest(invoice_id=invoice_id, until=until))
        return found.days, str(found.interest.amount), str(found.recovery_indemnity.amount)

    assert of_business.due_date == date(2026, 4, 1)
    assert await owed(of_business.invoice_id, date(2026, 4, 1)) == (0, "0.00", "0.00")
    assert await owed(of_business.invoice_id, date(2026, 5, 1)) == (30, "1.20", "40.00")
    assert await owed(of_consumer.invoice_id, date(2026, 5, 1)) == (0, "0.00", "0.00")


async def test_a_preview_looks_like_the_invoice_and_says_that_it_is_none(running: Running, tenant: Tenant) -> None:
    (draft,) = await drafts(running, tenant, 1)
    preview = await tenant.client.call(PreviewInvoice(invoice_id=draft.invoice_id))
    with pikepdf.open(io.BytesIO(decoded(preview.content_base64))) as document:
        assert len(document.pages) == preview.pages == 1
        assert not document.attachments
    text = text_of(decoded(preview.content_base64))
    assert "BROUILLON" in text and draft.draft_ref in text and "120,00" in text
    done = await issue(tenant, draft)
    assert await refused(tenant.client.call(PreviewInvoice(invoice_id=done.invoice_id))) == "INVOICE_LOCKED"


async def test_case_10_lines_are_taken_back_by_quantity_or_amount(running: Running, tenant: Tenant) -> None:
    invoice = await issued(running, tenant)

    def take_back(*lines: CreditLine, issue: bool = True) -> CreateCreditNote:
        return CreateCreditNote(
            invoice_id=invoice.invoice_id, scope=CreditScope.LINES, lines=lines, issue=issue,
            reason_code=CorrectionReason.QUANTITY_ERROR, reason_text="Quantité",
        )  # fmt: skip

    one_book = CreditLine(line_no=3, quantity=Decimal(1))
    note = await tenant.client.call(
        take_back(one_book, CreditLine(line_no=2, amount=Decimal("5.00"))), key=str(new_id())
    )
    assert [(line.name, str(line.net)) for line in note.lines] == [("Livres", "7.05"), ("Option", "5.00")]
    assert amounts_of(note) == ("12.05", "1.39", "13.44")
    too_much = take_back(CreditLine(line_no=3, quantity=Decimal(4)))
    assert await refused(tenant.client.call(too_much, key=str(new_id()))) == "CREDIT_EXCEEDS_INVOICE"
    assert await refused(tenant.client.call(take_back(CreditLine(line_no=9)), key=str(new_id()))) == (
        "VALIDATION_FAILED"
    )
    whole_line = take_back(CreditLine(line_no=3))
    assert await refused(tenant.client.call(whole_line, key=str(new_id()))) == "CREDIT_EXCEEDS_INVOICE"
    waiting = await tenant.client.call(take_back(CreditLine(line_no=4), issue=False), key=str(new_id()))
    assert (waiting.status, waiting.number) == ("DRAFT", None)
    assert (await issue(tenant, waiting)).number == "AV2026-000002"


async def test_a_discarded_draft_is_not_issued(running: Running, tenant: Tenant) -> None:
    (draft,) = await drafts(running, tenant, 1)
    await tenant.client.call(DeleteInvoice(invoice_id=draft.invoice_id, expected_version=1))
    answer = await tenant.client.call(IssueInvoices(invoice_ids=(draft.invoice_id,)), key=str(new_id()))
    assert answer.results[0].errors[0].rule == "INVOICE_ALREADY_ISSUED"


async def test_a_direct_debit_is_printed_while_its_mandate_lives(running: Running, tenant: Tenant) -> None:
    await ready(tenant)
    client_id = await business(running, tenant)
    draft = await tenant.client.call(
        simple(tenant, client_id).model_copy(update={"payment_method": PaymentMethod.SEPA_DIRECT_DEBIT})
    )
    mandate: dict[str, Any] = {
        "mandate_id": new_id(), "rum": "RUM-0001", "client_id": client_id, "company_id": tenant.company_id,
        "scheme": next(iter(MandateScheme)), "kind": next(iter(MandateKind)), "creditor_identifier": "FR72ZZZ123456",
    }  # fmt: skip
    check = CheckInvoice(invoice_id=draft.invoice_id)
    for fact, status, rules in (
        (MandateActivated, "ACTIVE", []),
        (MandateExpired, "EXPIRED", ["DIRECT_DEBIT_MANDATE"]),
    ):
        event = fact.model_validate(mandate | {"status": status})
        await running.state(event, tenant.id, version=2 if rules else 1, now=NOW)
        await running.settled()
        assert [found.rule for found in (await tenant.client.call(check)).errors] == rules
