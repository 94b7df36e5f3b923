"""engagement: facts of other actors become mails to clients."""

import base64
from datetime import datetime, timedelta
from uuid import UUID

from actors.engagement.smtp.catcher import Catcher
from messages.documents import DocumentOrigin, DocumentRejected, DocumentType, StoreDocument
from messages.engagement import EmailSummary, ListOutboundEmails
from messages.identity import UpdateCompany
from messages.values.identifiers import new_id
from tests.actors.engagement.builders import (
    DAY,
    client_created,
    contract_signed,
    delivery_requested,
    invoice_issued,
    prenotification,
)
from tests.harness import Running, Tenant

PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
    b"2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
)


async def mails(tenant: Tenant, client_id: UUID) -> list[EmailSummary]:
    return list((await tenant.client.call(ListOutboundEmails(client_id=client_id))).items)


async def known_client(running: Running, tenant: Tenant, **changes: object) -> UUID:
    event = client_created(tenant.company_id, **changes)
    await running.state(event, tenant.id, now=DAY)
    return event.client_id


async def test_a_debit_is_announced_with_its_legal_facts(running: Running, tenant: Tenant, catcher: Catcher) -> None:
    client_id = await known_client(running, tenant, primary_email="debit@example.fr")
    event = prenotification(client_id)
    await running.state(event, tenant.id, now=DAY)
    await running.state(event, tenant.id, now=DAY)
    await running.settled()
    [mail] = await mails(tenant, client_id)
    assert (mail.status, mail.purpose, mail.category) == ("SENT", "debit.prenotification", "TRANSACTIONAL")
    assert mail.reference is not None
    assert (mail.reference.type, mail.reference.id) == ("instalment", event.instalment_id)
    [caught] = catcher.mails("debit@example.fr")
    body = caught.get_body(("plain",))
    assert body is not None
    text = body.get_content().replace("\u00a0", " ").replace("\u202f", " ")
    for words in ("59,88 €", "5 avril 2026", "RUM-0001", "FR12ZZZ123456", "FR76 **** 0189", "Chloé Lefèvre"):
        assert words in text
    assert caught["Auto-Submitted"] == "auto-generated"


async def test_a_client_is_written_to_in_his_language(running: Running, tenant: Tenant, catcher: Catcher) -> None:
    client_id = await known_client(running, tenant, primary_email="john@example.com", language="en")
    await running.state(prenotification(client_id), tenant.id, now=DAY)
    await running.settled()
    [caught] = catcher.mails("john@example.com")
    assert caught["Subject"] == "Direct debit of €59.88 on April 5, 2026"


async def test_a_mail_waits_for_a_client_not_heard_of_yet(running: Running, tenant: Tenant, catcher: Catcher) -> None:
    event = client_created(tenant.company_id, primary_email="late@example.fr")
    await running.state(prenotification(event.client_id), tenant.id, now=DAY)
    await running.state(event, tenant.id, now=DAY)
    await running.settled()
    assert len(catcher.mails("late@example.fr")) == 1


async def test_a_client_nobody_knows_after_a_day_fails_his_mail(
    running: Running, day: datetime, tenant: Tenant
) -> None:
    client_id = new_id()
    await running.state(prenotification(client_id), tenant.id, now=day)
    await running.settled()
    await running.tick("hour", day + timedelta(hours=23))
    assert await mails(tenant, client_id) == []
    await running.tick("hour", day + timedelta(hours=24))
    assert [mail.last_error_code for mail in await mails(tenant, client_id)] == ["NO_ADDRESS"]


async def test_an_order_without_address_fails_and_says_so(running: Running, tenant: Tenant) -> None:
    client_id = await known_client(running, tenant, primary_email=None)
    await running.state(prenotification(client_id), tenant.id, now=DAY)
    await running.settled()
    assert [mail.last_error_code for mail in await mails(tenant, client_id)] == ["NO_ADDRESS"]
    [(_, fact)] = await running.events("email.failed", tenant.id)
    assert (fact["error_code"], fact["reference"]["type"]) == ("NO_ADDRESS", "instalment")


async def test_case_23_an_invoice_is_mailed_once_with_its_pdf(
    running: Running, tenant: Tenant, catcher: Catcher
) -> None:
    client_id = await known_client(running, tenant, primary_email="invoice@example.fr")
    stored = await tenant.client.call(
        StoreDocument(
            type=DocumentType.INVOICE,
            filename="facture.pdf",
            content_base64=base64.b64encode(PDF).decode(),
            origin=DocumentOrigin.SYSTEM,
        )
    )
    issued = invoice_issued(tenant.company_id, client_id)
    requested = delivery_requested(
        tenant.company_id, client_id, invoice_id=issued.invoice_id, document_id=stored.document.id
    )
    for _ in range(3):
        await running.state(issued, tenant.id, version=2, now=DAY)
    await running.settled()
    assert await mails(tenant, client_id) == []
    for _ in range(3):
        await running.state(requested, tenant.id, version=3, now=DAY)
    await running.settled()
    [mail] = await mails(tenant, client_id)
    assert mail.status == "SENT"
    [caught] = catcher.mails("invoice@example.fr")
    [attachment] = list(caught.iter_attachments())
    assert (attachment.get_filename(), attachment.get_content()) == ("FA-2026-000001.pdf", PDF)
    [(_, fact)] = await running.events("email.sent", tenant.id)
    assert (fact["purpose"], fact["reference"]) == (
        "invoice.available",
        {"type": "invoice", "id": str(issued.invoice_id)},
    )


async def test_a_signed_contract_waits_for_its_file_and_then_gives_up(
    running: Running, day: datetime, tenant: Tenant
) -> None:
    client_id = await known_client(running, tenant)
    await running.state(contract_signed(tenant.company_id, client_id, document_id=new_id()), tenant.id, now=day)
    await running.settled()
    [mail] = await mails(tenant, client_id)
    assert (mail.status, mail.purpose) == ("QUEUED", "contract.signed")
    await running.tick("minute", day + timedelta(minutes=29))
    assert [mail.status for mail in await mails(tenant, client_id)] == ["QUEUED"]
    await running.tick("minute", day + timedelta(minutes=31))
    [mail] = await mails(tenant, client_id)
    assert (mail.status, mail.last_error_code) == ("FAILED", "ATTACHMENT_NOT_CLEAN")


async def test_a_rejected_document_fails_its_mail_at_once(running: Running, tenant: Tenant) -> None:
    client_id = await known_client(running, tenant)
    document_id = new_id()
    await running.state(contract_signed(tenant.company_id, client_id, document_id=document_id), tenant.id, now=DAY)
    await running.settled()
    await running.state(DocumentRejected(document_id=document_id, reason="INFECTED"), tenant.id, now=DAY)
    await running.settled()
    assert [mail.last_error_code for mail in await mails(tenant, client_id)] == ["ATTACHMENT_NOT_CLEAN"]


async def test_a_signed_contract_without_file_is_confirmed_all_the_same(
    running: Running, tenant: Tenant, catcher: Catcher
) -> None:
    client_id = await known_client(running, tenant, primary_email="signed@example.fr")
    await running.state(contract_signed(tenant.company_id, client_id), tenant.id, version=4, now=DAY)
    await running.settled()
    [caught] = catcher.mails("signed@example.fr")
    body = caught.get_body(("html",))
    assert body is not None and "rétracter" in body.get_content()


async def test_mails_are_signed_with_the_companys_newest_name(
    running: Running, tenant: Tenant, catcher: Catcher
) -> None:
    await tenant.client.call(
        UpdateCompany(company_id=tenant.company_id, expected_version=1, trade_name="Lumière Télécom")
    )
    await running.settled()  # what a test states itself may overtake what identity has still to publish
    client_id = await known_client(running, tenant, primary_email="newest-name@example.fr")
    await running.state(prenotification(client_id), tenant.id, now=DAY)
    await running.settled()
    body = catcher.mails("newest-name@example.fr")[0].get_body(("plain",))
    assert body is not None and "Lumière Télécom" in body.get_content()
