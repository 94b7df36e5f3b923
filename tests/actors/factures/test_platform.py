"""factures: the approved platform. Every script of the simulator, what it does to an invoice, and what is said of it."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from lxml import etree

from actors.factures.platform import cdar
from actors.factures.platform.simulator import PlatformSimulator
from messages.factures import (
    Channel,
    CorrectionReason,
    CreateCreditNote,
    ListInvoices,
    MarkInvoicePaid,
    PaymentMethod,
    SendInvoice,
    TransmissionStatus,
    VerifySeals,
)
from messages.factures.platform import (
    CancelTransmission,
    Direction,
    GetPlatformAccount,
    ListTransmissions,
    RecordLifecycleStatus,
    TransmitInvoice,
)
from messages.payments import Allocation, PaymentReceived, PaymentType
from messages.problem import Refused
from messages.values.identifiers import new_id
from messages.values.money import Money
from tests.actors.factures.builders import TODAY, consumer, ready
from tests.actors.factures.platform_story import Story
from tests.harness import Running, Tenant


@pytest.fixture
async def story(running: Running, tenant: Tenant, platform: PlatformSimulator) -> Story:
    """A connected company."""
    return await Story(running, tenant, platform).connect()


async def refused(call: object) -> str:
    with pytest.raises(Refused) as refusal:
        await call  # type: ignore[misc]
    return refusal.value.code.code


async def test_an_invoice_reaches_its_buyer_step_by_step(story: Story) -> None:
    invoice = await story.issue("normal")
    assert (await story.read(invoice.invoice_id)).transmission_status == "QUEUED"
    (sent,) = story.platform.sent("CustomerInvoice")
    assert sent.info["trackingId"] == f"factures:{invoice.invoice_id}:1" and sent.info["processingRule"] == "B2B"
    (sending,) = await story.sendings(invoice.invoice_id)
    assert (sending.state, sending.flow_id) == ("SENT", sent.id)
    (wanted,) = await story.facts("invoice.delivery_requested")
    assert (wanted["channel"], await story.facts("invoice.sent")) == ("PLATFORM", [])
    seen = []
    for _ in range(4):
        await story.minutes(1)
        seen.append((await story.read(invoice.invoice_id)).transmission_status.value)
    assert seen == ["DEPOSITED", "IN_TRANSIT", "IN_TRANSIT", "DELIVERED"]
    assert [found.code for found in await story.statuses(invoice.invoice_id)] == [200, 201, 202, 203]
    assert (await story.sendings(invoice.invoice_id))[0].state == "ACK_OK"
    changes = [(fact["from_status"], fact["to_status"]) for fact in await story.facts("einvoice.status_changed")]
    assert changes == [("QUEUED", "DEPOSITED"), ("DEPOSITED", "IN_TRANSIT"), ("IN_TRANSIT", "DELIVERED")]
    assert len(await story.facts("einvoice.deposited")) == 1
    assert [fact["channel"] for fact in await story.facts("invoice.sent")] == ["PLATFORM"]
    again = SendInvoice(invoice_id=invoice.invoice_id)
    assert await refused(story.ask(again)) == "VALIDATION_FAILED"
    await story.ask(again.model_copy(update={"channel": Channel.EMAIL}))
    assert [fact["channel"] for fact in await story.facts("invoice.delivery_requested")] == ["PLATFORM", "EMAIL"]
    listed = await story.ask(ListInvoices(transmission_in=(TransmissionStatus.DELIVERED,)))
    assert [found.id for found in listed.items] == [invoice.invoice_id]


async def test_consumers_and_early_invoices_stay_off_the_platform(
    running: Running, tenant: Tenant, platform: PlatformSimulator
) -> None:
    story = await Story(running, tenant, platform).connect(einvoicing_start_on=date(2026, 9, 1))
    private = await story.issue("normal", client_id=await consumer(running, tenant))
    early = await story.issue("normal")
    assert {(await story.read(found.invoice_id)).transmission_status for found in (private, early)} == {"NOT_REQUIRED"}
    assert await refused(story.ask(TransmitInvoice(invoice_id=private.invoice_id))) == "NOT_TRANSMITTED"
    await story.ask(TransmitInvoice(invoice_id=early.invoice_id))
    await running.settled()
    assert len(platform.sent("CustomerInvoice")) == 1


async def test_case_23_a_rejected_invoice_is_taken_back_and_copied_once(story: Story) -> None:
    invoice = await story.issue("rejects")
    await story.minutes(2)
    rejected = await story.read(invoice.invoice_id)
    assert (rejected.transmission_status, rejected.status, rejected.outstanding.amount) == ("REJECTED", "CANCELLED", 0)
    documents = (await story.ask(ListInvoices())).items
    kinds = sorted((found.kind.value, found.status.value, found.transmission_status.value) for found in documents)
    assert kinds == [
        ("CREDIT_NOTE", "ISSUED", "NOT_REQUIRED"), ("INVOICE", "CANCELLED", "REJECTED"), ("INVOICE", "DRAFT", "NONE"),
    ]  # fmt: skip
    (credited,) = await story.facts("credit_note.issued")
    assert credited["internal_only"] and credited["reason_code"] == "REJECTED_BY_PLATFORM"
    (fact,) = await story.facts("einvoice.rejected")
    assert (fact["code"], fact["reason_code"]) == ("213", "DOUBLON")
    assert await story.facts("invoice.delivery_requested") == [
        body
        for body in await story.facts("invoice.delivery_requested")
        if body["invoice_id"] == str(invoice.invoice_id)
    ]
    await story.minutes(2)
    assert len((await story.ask(ListInvoices())).items) == 3
    assert (await story.ask(VerifySeals(company_id=story.tenant.company_id))).valid
    (draft,) = (found for found in documents if found.status == "DRAFT")
    copied = await story.read(draft.id)
    assert (copied.gross, copied.lines[0].name) == (invoice.gross, "Service")


async def test_a_refused_invoice_is_taken_back_without_a_copy(story: Story) -> None:
    invoice = await story.issue("refuses")
    await story.minutes(5)
    found = await story.read(invoice.invoice_id)
    assert (found.transmission_status, found.status) == ("REFUSED", "CANCELLED")
    assert len((await story.ask(ListInvoices())).items) == 2
    assert [fact["reason_code"] for fact in await story.facts("einvoice.refused")] == ["TX_TVA_ERR"]


async def test_case_23_a_refusal_after_the_money_is_kept_and_looked_at(story: Story) -> None:
    invoice = await story.issue("refuses")
    await story.minutes(4)
    await story.ask(MarkInvoicePaid(invoice_id=invoice.invoice_id, on_date=TODAY, method=PaymentMethod.TRANSFER))
    await story.evening(TODAY)
    assert (await story.read(invoice.invoice_id)).transmission_status == "COLLECTED"
    await story.minutes(1)
    found = await story.read(invoice.invoice_id)
    assert (found.transmission_status, found.status, found.settlement_status) == ("COLLECTED", "ISSUED", "PAID")
    assert 210 in [status.code for status in await story.statuses(invoice.invoice_id)]
    (alert,) = await story.facts("invoicing_alert.raised")
    assert alert["kind"] == "UNEXPECTED_STATUS" and alert["invoice_id"] == str(invoice.invoice_id)


async def test_a_dispute_ends_with_the_approval(story: Story) -> None:
    invoice = await story.issue("disputes")
    await story.minutes(5)
    assert (await story.read(invoice.invoice_id)).transmission_status == "DISPUTED"
    await story.minutes(1)
    assert (await story.read(invoice.invoice_id)).transmission_status == "APPROVED"
    assert len(await story.facts("einvoice.disputed")) == len(await story.facts("einvoice.approved")) == 1


async def test_a_buyer_who_is_not_in_the_directory_blocks_until_he_is(story: Story) -> None:
    invoice = await story.issue("absent")
    blocked = await story.read(invoice.invoice_id)
    assert (blocked.status, blocked.transmission_status) == ("ISSUED", "BLOCKED")
    (sending,) = await story.sendings(invoice.invoice_id)
    assert (sending.state, sending.error) == ("QUEUED", "NO_DIRECTORY_ENTRY")
    asked = story.platform.calls["directory"]
    await story.minutes(1, timedelta(minutes=30))
    assert story.platform.calls["directory"] == asked
    await story.minutes(1, timedelta(minutes=31))
    assert story.platform.calls["directory"] == asked + 1
    assert not story.platform.sent("CustomerInvoice") and not await story.facts("einvoice.transmission_failed")


async def test_a_busy_platform_is_asked_again_under_the_same_tracking_id(story: Story) -> None:
    invoice = await story.issue("busy")
    (waiting,) = await story.sendings(invoice.invoice_id)
    assert (waiting.state, waiting.attempts) == ("QUEUED", 1)
    await story.minutes(2, timedelta(minutes=2))
    (sending,) = await story.sendings(invoice.invoice_id)
    assert (sending.state, sending.attempts, len(story.platform.sent("CustomerInvoice"))) == ("SENT", 3, 1)


async def test_two_hours_of_errors_pass_and_a_day_of_them_gives_up(story: Story) -> None:
    invoice = await story.issue("broken")
    await story.minutes(8, timedelta(minutes=20))
    assert (await story.sendings(invoice.invoice_id))[0].state in ("SENT", "ACK_OK")
    silent = await story.issue("broken", client_id=invoice.client_id)
    story.platform._first_tries.clear()
    story.platform._first_tries[f"factures:{silent.invoice_id}:1"] = story.now + timedelta(days=3)
    await story.minutes(26, timedelta(hours=1))
    (sending,) = await story.sendings(silent.invoice_id)
    assert sending.state == "GAVE_UP"
    (failed,) = await story.facts("einvoice.transmission_failed")
    assert (failed["error_code"], failed["invoice_id"]) == ("PLATFORM_SILENT", str(silent.invoice_id))
    story.platform._first_tries.clear()
    assert (await story.ask(TransmitInvoice(invoice_id=silent.invoice_id))).state == "QUEUED"
    await story.minutes(5, timedelta(hours=1))
    assert (await story.sendings(silent.invoice_id))[0].state in ("SENT", "ACK_OK")


async def test_repeated_and_disordered_messages_never_take_an_invoice_back(story: Story) -> None:
    repeated = await story.issue("repeats")
    disordered = await story.issue("disordered")
    await story.minutes(5)
    assert [found.code for found in await story.statuses(repeated.invoice_id)] == [200, 201, 202, 203]
    assert [found.code for found in await story.statuses(disordered.invoice_id)] == [200, 203, 201, 205, 202]
    assert (await story.read(repeated.invoice_id)).transmission_status == "DELIVERED"
    assert (await story.read(disordered.invoice_id)).transmission_status == "APPROVED"


async def test_case_19_and_22_collections_are_stated_by_rate_and_returns_negative(story: Story) -> None:
    invoice = await story.issue("normal")
    await story.minutes(4)
    payment_id = new_id()

    def received(amount: str, *, presumed: bool, settled_on: date | None) -> PaymentReceived:
        allocation = Allocation(
            allocation_id=new_id(), payment_id=payment_id, invoice_id=invoice.invoice_id,
            amount=Money.of(amount), allocated_after=Money.of(amount),
        )  # fmt: skip
        return PaymentReceived.model_validate({
            "payment_id": payment_id, "reference": "PAY-1", "company_id": story.tenant.company_id,
            "client_id": invoice.client_id, "type": next(iter(PaymentType)), "attempt_no": 1,
            "method": "SEPA_CORE", "provider": "BANK_SEPA", "status": "PAID",
            "amount": Money.of(amount), "paid_on": TODAY, "settled_on": settled_on, "presumed": presumed,
            "allocations": (allocation,), "fees": Money.zero(), "due_on": TODAY, "requested_collection_date": TODAY,
        })  # fmt: skip

    await story.running.state(
        received("60.00", presumed=True, settled_on=None), story.tenant.id, version=1, now=story.now
    )
    await story.running.settled()
    await story.evening(date(2026, 3, 3))
    assert not story.platform.sent("CustomerInvoiceLC")
    await story.running.state(
        received("60.00", presumed=False, settled_on=TODAY), story.tenant.id, version=2, now=story.now
    )
    await story.running.settled()
    await story.evening(date(2026, 3, 4))
    (sent,) = story.platform.sent("CustomerInvoiceLC")
    status = cdar.parsed(sent.content)
    assert (status.code, status.amounts, status.issuer.role) == (212, ((Decimal("20.00"), Decimal("60.00")),), "SE")
    assert (await story.read(invoice.invoice_id)).transmission_status == "COLLECTED"
    await story.running.state(
        received("0.00", presumed=False, settled_on=TODAY), story.tenant.id, version=3, now=story.now
    )
    await story.running.settled()
    await story.evening(date(2026, 3, 5))
    amounts = [fact["amounts"][0]["amount"]["amount"] for fact in await story.facts("einvoice.collected")]
    assert amounts == ["60.00", "-60.00"]


async def test_sellers_statuses_are_checked_before_they_leave(story: Story) -> None:
    invoice = await story.issue("normal")
    early = RecordLifecycleStatus(invoice_id=invoice.invoice_id, code=209)
    assert await refused(story.ask(early)) == "NOT_TRANSMITTED"
    await story.minutes(4)
    stated = await story.ask(early)
    assert (stated.code, stated.direction) == (209, Direction.OUT)
    for code in (212, 205):
        assert (
            await refused(story.ask(RecordLifecycleStatus(invoice_id=invoice.invoice_id, code=code)))
            == "VALIDATION_FAILED"
        )
    await story.running.settled()
    assert len(story.platform.sent("CustomerInvoiceLC")) == 1


async def test_a_fully_credited_invoice_is_cancelled_at_the_platform_and_its_credit_note_sent(story: Story) -> None:
    invoice = await story.issue("normal")
    await story.minutes(4)
    whole = CreateCreditNote(invoice_id=invoice.invoice_id, reason_code=CorrectionReason.OTHER, reason_text="Erreur")
    note = await story.ask(whole)
    await story.running.settled()
    assert (await story.read(invoice.invoice_id)).transmission_status == "CANCELLED"
    (told,) = story.platform.sent("CustomerInvoiceLC")
    assert cdar.parsed(told.content).code == 220
    assert [flow.invoice.number for flow in story.platform.sent("CustomerInvoice") if flow.invoice] == [
        invoice.number, note.number,
    ]  # fmt: skip


async def test_webhooks_are_a_reason_to_read_and_nothing_else(story: Story, other_tenant: Tenant) -> None:
    assert (await story.ask(GetPlatformAccount(company_id=story.tenant.company_id))).webhook_subscribed
    invoice = await story.issue("normal")
    story.platform.advance(story.now)
    (webhook,) = story.platform.webhooks
    assert await story.deliver(webhook, raw=webhook.body + b" ") == "BAD_WEBHOOK_SIGNATURE"
    assert await story.deliver(webhook, at=story.now + timedelta(seconds=301)) == "BAD_WEBHOOK_SIGNATURE"
    searched = story.platform.calls["search"]
    assert [await story.deliver(webhook) for _ in range(2)] == ["OK", "OK"]
    assert story.platform.calls["search"] == searched + 1
    assert (await story.read(invoice.invoice_id)).transmission_status == "DEPOSITED"
    with pytest.raises(Refused):
        await other_tenant.client.call(GetPlatformAccount(company_id=story.tenant.company_id))
    assert (await other_tenant.client.call(ListTransmissions())).items == ()


async def test_what_has_not_left_can_be_taken_back(story: Story) -> None:
    invoice = await story.issue("busy")
    (waiting,) = await story.sendings(invoice.invoice_id)
    taken = await story.ask(CancelTransmission(transmission_id=waiting.id))
    assert taken.state == "CANCELLED"
    assert (await story.read(invoice.invoice_id)).transmission_status == "NOT_REQUIRED"
    assert await refused(story.ask(CancelTransmission(transmission_id=waiting.id))) == "INVALID_TRANSITION"


async def test_a_company_without_account_sends_nothing(
    running: Running, tenant: Tenant, platform: PlatformSimulator
) -> None:
    story = Story(running, tenant, platform)
    await ready(tenant)
    invoice = await story.issue("normal")
    assert (await story.read(invoice.invoice_id)).transmission_status == "NONE"
    assert await refused(story.ask(TransmitInvoice(invoice_id=invoice.invoice_id))) == "PLATFORM_NOT_CONNECTED"


def test_a_status_without_percent_or_number_is_no_lifecycle_message() -> None:
    with pytest.raises(cdar.NotALifecycleMessage):
        cdar.parsed(b"<x/>")
    with pytest.raises(cdar.NotALifecycleMessage):
        cdar.parsed(etree.tostring(etree.Element("broken"))[:-3])
