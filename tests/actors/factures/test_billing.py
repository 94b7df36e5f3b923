"""factures: contracts are billed, announced, sent and credited."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from messages.contrats import AdjustmentKind, PaymentMethod
from messages.documents import DocumentAvailable, GetContent, GetDocument
from messages.engagement import EmailCategory, EmailSent
from messages.factures import (
    FileFormat,
    GetInvoice,
    GetInvoiceDocument,
    GetInvoicingSettings,
    Invoice,
    ListBillingIntakes,
    RetryBillingIntake,
    UpdateInvoicingSettings,
)
from messages.shared import Ref
from messages.values.identifiers import new_id
from tests.actors.factures.builders import (
    NOW,
    adjustment,
    amounts_of,
    bill,
    billing_due,
    business,
    consumer,
    decoded,
    instalment,
    instalment_line,
    invoices,
    mandate_of,
    planned_debit,
    prorated,
    ready,
)
from tests.harness import Running, Tenant


async def the_invoice(tenant: Tenant, **filters: object) -> Invoice:
    (summary,) = await invoices(tenant, **filters)
    return await tenant.client.call(GetInvoice(invoice_id=summary.id))


async def intake_states(tenant: Tenant) -> list[tuple[str, str | None]]:
    page = await tenant.client.call(ListBillingIntakes())
    return [(found.status.value, found.reason) for found in reversed(page.items)]


async def test_a_new_company_has_settings_at_once(tenant: Tenant) -> None:
    settings = await tenant.client.call(GetInvoicingSettings(company_id=tenant.company_id))
    assert settings.settings_version == 1 and settings.auto_issue_contract_billing


async def test_story_11_a_due_period_becomes_an_issued_archived_and_sent_invoice(
    running: Running, tenant: Tenant
) -> None:
    await ready(tenant)
    client_id = await business(running, tenant)
    order = billing_due(tenant, client_id, instalment(instalment_line("24.99"), instalment_line("10.00", "10")))
    await bill(running, tenant, order)
    invoice = await the_invoice(tenant)
    assert (invoice.number, invoice.status, invoice.settlement_status) == ("FA2026-000001", "ISSUED", "UNPAID")
    assert (await the_invoice(tenant, search=order.reference[:8])).number == invoice.number
    assert amounts_of(invoice) == ("34.99", "6.00", "40.99")
    assert (invoice.issue_date, invoice.due_date) == (date(2026, 3, 2), date(2026, 3, 20))
    stored = await tenant.client.call(GetDocument(document_id=invoice.document_id or new_id()))
    file = await tenant.client.call(GetInvoiceDocument(invoice_id=invoice.invoice_id))
    content = await tenant.client.call(GetContent(document_id=stored.id))
    assert (stored.type, stored.final, stored.filename) == ("INVOICE", True, "FA2026-000001.pdf")
    assert stored.retain_until == date(2036, 12, 31)
    assert stored.sha256 == file.sha256 and decoded(content.content_base64) == decoded(file.content_base64)
    ((_, issued),) = await running.events("invoice.issued", tenant.id)
    assert issued["document_id"] == str(stored.id) and issued["seal_hash"] == invoice.seal_hash
    assert issued["billing_instalment_ids"] == [str(order.instalments[0].billing_instalment_id)]
    assert [line["contract_line_id"] for line in issued["lines"]] == [
        str(line.line_id) for line in order.instalments[0].lines
    ]
    ((_, wanted),) = await running.events("invoice.delivery_requested", tenant.id)
    assert (wanted["channel"], wanted["document_id"]) == ("EMAIL", str(stored.id))
    versions = [
        int(headers["ce-crmversion"])
        for fact in ("created", "issued", "delivery_requested")
        for headers, _ in await running.events(f"invoice.{fact}", tenant.id)
    ]
    assert versions == [1, 3, 4]


async def test_a_mail_that_left_makes_the_invoice_sent_once(running: Running, tenant: Tenant) -> None:
    await ready(tenant)
    await bill(
        running, tenant, billing_due(tenant, await consumer(running, tenant), instalment(instalment_line("10.00")))
    )
    invoice = await the_invoice(tenant)
    sent = EmailSent(
        email_id=new_id(), reference=Ref(type="invoice", id=invoice.invoice_id), purpose="invoice",
        category=next(iter(EmailCategory)), mailbox_id=new_id(), recipients=(), sent_at=NOW, rfc_message_id="<1@x>",
    )  # fmt: skip
    for version in (1, 2):
        await running.state(sent, tenant.id, version=version, now=NOW)
    await running.settled()
    assert (await the_invoice(tenant)).sent_at == NOW
    assert len(await running.events("invoice.sent", tenant.id)) == 1


async def test_case_7_three_services_of_a_bundle(running: Running, tenant: Tenant) -> None:
    await ready(tenant)
    lines = [instalment_line("5.90") for _ in range(3)]
    await bill(running, tenant, billing_due(tenant, await consumer(running, tenant), instalment(*lines)))
    assert amounts_of(await the_invoice(tenant)) == ("17.70", "3.54", "21.24")


async def test_case_6_and_29_a_broken_period_and_the_credit_of_its_unused_days(
    running: Running, tenant: Tenant
) -> None:
    await ready(tenant)
    client_id = await consumer(running, tenant)
    billed = instalment(prorated("39.90", "27.03", 21, 31), instalment_line("29.90"))
    await bill(running, tenant, billing_due(tenant, client_id, billed))
    first = await the_invoice(tenant)
    assert (str(first.lines[0].discount), str(first.lines[0].net)) == ("12.87", "27.03")
    credit = adjustment(AdjustmentKind.CREDIT, "20.25", billed, line_id=billed.lines[1].line_id)
    await bill(running, tenant, billing_due(tenant, client_id, adjustments=(credit,)))
    note = await the_invoice(tenant, kind_in=("CREDIT_NOTE",))
    assert (note.number, note.preceding) == ("AV2026-000001", (first.invoice_id,))
    assert amounts_of(note) == ("20.25", "4.05", "24.30")
    assert (await running.events("credit_note.issued", tenant.id))[0][1]["adjustment_ids"] == [
        str(credit.adjustment_id)
    ]
    left = await the_invoice(tenant, kind_in=("INVOICE",))
    assert left.outstanding.amount == left.gross.amount - Decimal("24.30")


async def test_case_29_a_credit_above_what_was_billed_waits_for_a_person(running: Running, tenant: Tenant) -> None:
    await ready(tenant)
    client_id = await consumer(running, tenant)
    billed = instalment(instalment_line("10.00"))
    await bill(running, tenant, billing_due(tenant, client_id, billed))
    excess = adjustment(AdjustmentKind.CREDIT, "10.01", billed)
    await bill(running, tenant, billing_due(tenant, client_id, adjustments=(excess,)))
    assert await intake_states(tenant) == [("ISSUED", None), ("PARKED", "CREDIT_EXCEEDS_INVOICE")]


async def test_case_29_a_fee_and_a_credit_in_one_order_are_two_documents(running: Running, tenant: Tenant) -> None:
    await ready(tenant)
    client_id = await consumer(running, tenant)
    billed = instalment(instalment_line("29.90"))
    await bill(running, tenant, billing_due(tenant, client_id, billed))
    both = (adjustment(AdjustmentKind.ETF, "60.00"), adjustment(AdjustmentKind.CREDIT, "20.25", billed))
    await bill(running, tenant, billing_due(tenant, client_id, adjustments=both))
    note, fee, _ = sorted(await invoices(tenant), key=lambda found: (found.kind, -found.gross))
    assert (note.kind, str(note.gross), fee.kind) == ("CREDIT_NOTE", "24.30", "INVOICE")
    assert (str(fee.net), str(fee.vat), str(fee.gross)) == ("60.00", "12.00", "72.00")


async def test_case_21_the_same_order_is_billed_once_and_an_item_never_twice(running: Running, tenant: Tenant) -> None:
    await ready(tenant)
    client_id = await consumer(running, tenant)
    billed = instalment(instalment_line("10.00"))
    order = billing_due(tenant, client_id, billed)
    await bill(running, tenant, order)
    await bill(running, tenant, order)
    again = billing_due(tenant, client_id, billed, instalment(instalment_line("5.00")), contract_id=order.contract_id)
    await bill(running, tenant, again)
    wrong = instalment(instalment_line("10.00"), net_total={"amount": "9.99"})
    await bill(running, tenant, billing_due(tenant, client_id, wrong))
    assert await intake_states(tenant) == [
        ("ISSUED", None),
        ("PARKED", "ALREADY_BILLED"),
        ("PARKED", "INTAKE_MISMATCH"),
    ]
    assert len(await invoices(tenant)) == 1


async def test_a_debit_without_a_mandate_fails_and_is_billed_when_the_cause_is_cured(
    running: Running, tenant: Tenant
) -> None:
    tenant.client.now = NOW
    client_id = await consumer(running, tenant)
    await bill(running, tenant, billing_due(tenant, client_id, instalment(instalment_line("10.00"))))
    assert await intake_states(tenant) == [("FAILED", "TRANSFER_IBAN")]
    await ready(tenant)
    (failed,) = (await tenant.client.call(ListBillingIntakes())).items
    await tenant.client.call(RetryBillingIntake(intake_id=failed.id))
    await running.settled()
    assert await intake_states(tenant) == [("ISSUED", None)]
    assert (await the_invoice(tenant)).number == "FA2026-000001"


async def test_a_direct_debit_needs_an_active_mandate(running: Running, tenant: Tenant) -> None:
    await ready(tenant)
    client_id = await consumer(running, tenant)
    order = billing_due(
        tenant, client_id, instalment(instalment_line("10.00")), payment_method=PaymentMethod.SEPA_DIRECT_DEBIT
    )
    await bill(running, tenant, order)
    assert await intake_states(tenant) == [("FAILED", "DIRECT_DEBIT_MANDATE")]


@pytest.mark.parametrize(
    ("starts", "debit_on"),
    [
        ((date(2026, 2, 1), date(2026, 3, 1), date(2026, 4, 1)), date(2026, 4, 6)),
        ((date(2026, 2, 14), date(2026, 3, 14)), date(2026, 4, 5)),
        ((date(2026, 3, 9), date(2026, 4, 9)), date(2026, 4, 5)),
        ((date(2026, 4, 1),), None),
    ],
)
async def test_the_debit_of_a_period_is_known_though_its_instalment_begins_on_another_day(
    running: Running, tenant: Tenant, starts: tuple[date, ...], debit_on: date | None
) -> None:
    await ready(tenant)
    client_id = await consumer(running, tenant)
    method = PaymentMethod.SEPA_DIRECT_DEBIT
    order = billing_due(tenant, client_id, instalment(instalment_line("10.00")), payment_method=method)
    await running.state(mandate_of(order), tenant.id, now=NOW)
    for number, start in enumerate(starts):
        await running.state(planned_debit(order, start, date(2026, 4, 5 + number)), tenant.id, now=NOW)
    await bill(running, tenant, order)
    assert (await the_invoice(tenant)).planned_debit_date == debit_on


async def test_without_auto_issue_drafts_wait(running: Running, tenant: Tenant) -> None:
    await ready(tenant)
    await tenant.client.call(UpdateInvoicingSettings(company_id=tenant.company_id, auto_issue_contract_billing=False))
    await bill(
        running, tenant, billing_due(tenant, await consumer(running, tenant), instalment(instalment_line("10.00")))
    )
    draft = await the_invoice(tenant)
    assert (draft.status, draft.number) == ("DRAFT", None)


async def test_an_order_that_comes_to_nothing_is_skipped_unless_the_company_wants_it(
    running: Running, tenant: Tenant
) -> None:
    await ready(tenant)
    client_id = await consumer(running, tenant)
    await bill(running, tenant, billing_due(tenant, client_id, instalment(instalment_line("0.00"))))
    assert (await intake_states(tenant), await invoices(tenant)) == ([("SKIPPED", "ZERO_AMOUNT")], [])
    await tenant.client.call(UpdateInvoicingSettings(company_id=tenant.company_id, invoice_zero_amount="ISSUE"))
    await bill(running, tenant, billing_due(tenant, client_id, instalment(instalment_line("0.00"))))
    invoice = await the_invoice(tenant)
    assert (invoice.number, invoice.settlement_status) == ("FA2026-000001", "PAID")
    assert amounts_of(invoice) == ("0.00", "0.00", "0.00")


async def test_case_27_a_consumer_in_guadeloupe_pays_its_rate_and_reads_no_business_mentions(
    running: Running, tenant: Tenant
) -> None:
    await ready(tenant)
    await bill(
        running,
        tenant,
        billing_due(tenant, await consumer(running, tenant, "97110"), instalment(instalment_line("100.00"))),
    )
    invoice = await the_invoice(tenant)
    assert (amounts_of(invoice), invoice.processing) == (("100.00", "8.50", "108.50"), "B2C")
    xml = await tenant.client.call(GetInvoiceDocument(invoice_id=invoice.invoice_id, format=FileFormat.CII_XML))
    text = decoded(xml.content_base64).decode()
    assert "PMT" not in text and "PMD" not in text and "B2C" in text


async def test_case_28_without_an_archive_the_invoice_is_announced_after_a_minute(
    running: Running, tenant: Tenant
) -> None:
    await ready(tenant)
    client_id = await consumer(running, tenant)
    await running.stop_actor("documents")
    try:
        await bill(running, tenant, billing_due(tenant, client_id, instalment(instalment_line("10.00"))))
        assert (await the_invoice(tenant)).status == "ISSUED"
        assert await running.events("invoice.issued", tenant.id) == []
        await running.tick("minute", NOW + timedelta(seconds=61))
        ((_, issued),) = await running.events("invoice.issued", tenant.id)
        assert issued["document_id"] is None
        assert await running.events("invoice.delivery_requested", tenant.id) == []
    finally:
        await running.start_actor("documents")
    await running.tick("minute", NOW + timedelta(minutes=5))
    ((_, archived),) = await running.events("invoice.document_archived", tenant.id)
    ((_, wanted),) = await running.events("invoice.delivery_requested", tenant.id)
    assert wanted["document_id"] == archived["document_id"]
    assert len(await running.events("invoice.issued", tenant.id)) == 1


async def test_an_archive_whose_answer_was_lost_confirms_by_its_fact(
    running: Running, tenant: Tenant, other_tenant: Tenant
) -> None:
    await ready(tenant)
    client_id = await consumer(running, tenant)
    await running.stop_actor("documents")
    try:
        await bill(running, tenant, billing_due(tenant, client_id, instalment(instalment_line("10.00"))))
        invoice = await the_invoice(tenant)
        file = await tenant.client.call(GetInvoiceDocument(invoice_id=invoice.invoice_id))
        stored = DocumentAvailable(
            document_id=new_id(), version=1, type="INVOICE", reference=Ref(type="invoice", id=invoice.invoice_id),
            filename=file.filename, mime=file.mime, size=1, sha256=file.sha256, origin="SYSTEM",
            source_key=f"factures:{invoice.invoice_id}:pdf",
        )  # fmt: skip
        await running.state(stored, other_tenant.id, now=NOW)
        await running.state(stored.model_copy(update={"sha256": "0" * 64, "document_id": new_id()}), tenant.id, now=NOW)
        await running.settled()
        assert (await the_invoice(tenant)).document_id is None
        for version in (1, 2):
            await running.state(stored, tenant.id, version=version, now=NOW)
        await running.settled()
        assert (await the_invoice(tenant)).document_id == stored.document_id
        ((_, issued),) = await running.events("invoice.issued", tenant.id)
        assert issued["document_id"] == str(stored.document_id)
        assert len(await running.events("invoice.delivery_requested", tenant.id)) == 1
    finally:
        await running.start_actor("documents")


async def test_the_day_ends_with_a_report_of_what_was_billed(running: Running, tenant: Tenant) -> None:
    await ready(tenant)
    client_id = await consumer(running, tenant)
    await bill(running, tenant, billing_due(tenant, client_id, instalment(instalment_line("10.00"))))
    await running.tick("hour", NOW.replace(hour=19))
    ((_, report),) = await running.events("billing_run.completed", tenant.id)
    assert (report["issued"], report["failed"], report["net"]["amount"]) == (1, 0, "10.00")


@pytest.mark.parametrize("quantity", ["2.5"])
async def test_many_orders_at_once_are_numbered_without_gap(running: Running, tenant: Tenant, quantity: str) -> None:
    await ready(tenant)
    client_id = await consumer(running, tenant)
    for _ in range(70):
        await running.state(
            billing_due(tenant, client_id, instalment(instalment_line("10.00", quantity=quantity))), tenant.id, now=NOW
        )
    await running.settled(60)
    numbers = [found.number for found in await invoices(tenant, limit=100)]
    assert sorted(numbers) == [f"FA2026-{number:06d}" for number in range(1, 71)]
    assert len(await running.events("invoice.issued", tenant.id)) == 70
