"""logistics: letters from the order to the post, never twice."""

import base64
import io
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pikepdf
import pytest

from actors.logistics.maileva.simulator import MailevaSimulator
from messages.documents import DocumentType, StoreDocument
from messages.logistics import (
    CancelLetter,
    CreateCarrierAccount,
    CreateLetter,
    GetLetter,
    Letter,
    LetterStatus,
    ListCarrierAccounts,
    ListLetters,
    RetryLetter,
    SubmitLetter,
    ValidateAddress,
)
from messages.payments import DunningActionRequested, FormalNoticeCancelled
from messages.problem import Refused
from messages.shared import LetterOrder, Party
from messages.values.addresses import Address
from messages.values.identifiers import new_id
from tests.actors.activites.test_facts import paid
from tests.actors.engagement.builders import delivery_requested, invoice_issued
from tests.harness import Running, Tenant

ADDRESS = {"street": "12 bis, rue de l'Église", "postal_code": "69003", "city": "Lyon"}
RECIPIENT = {"kind": "CONSUMER", "display_name": "Élodie Lefèvre", "address": ADDRESS}


def pdf(pages: int = 1) -> bytes:
    document = pikepdf.new()
    for _ in range(pages):
        document.add_blank_page()
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


async def stored(tenant: Tenant, pages: int = 1) -> UUID:
    answer = await tenant.client.call(
        StoreDocument(
            type=DocumentType.LETTER,
            filename="courrier.pdf",
            content_base64=base64.b64encode(pdf(pages)).decode(),
            metadata={"nonce": str(new_id())},
        )
    )
    return answer.document.id


def letter(tenant: Tenant, document_id: UUID, **changes: Any) -> CreateLetter:
    fields = {"company_id": tenant.company_id, "recipient": RECIPIENT, "document_id": document_id}
    return CreateLetter.model_validate(fields | changes)


async def read(tenant: Tenant, letter_id: UUID) -> Letter:
    return await tenant.client.call(GetLetter(letter_id=letter_id))


async def facts(running: Running, tenant: Tenant) -> list[tuple[str, str]]:
    return [(fact["from"], fact["to"]) for _, fact in await running.events("letter.status_changed", tenant.id)]


async def test_cases_9_and_10_a_letter_goes_from_draft_to_the_post(
    running: Running, tenant: Tenant, maileva: MailevaSimulator, day: datetime
) -> None:
    tenant.client.now = day
    created = await tenant.client.call(letter(tenant, await stored(tenant, 3)))
    assert (created.status, created.postage, created.number) == ("DRAFT", "ECONOMIC", f"L-{day.year}-000001")
    assert (created.recipient.line2, created.recipient.line6) == ("ELODIE LEFEVRE", "69003 LYON")
    assert created.sender is not None and created.sender.line4 == "1 RUE DE LA PAIX"
    await tenant.client.call(SubmitLetter(letter_id=created.id))
    await running.settled()
    submitted = await read(tenant, created.id)
    assert (submitted.status, submitted.pages, submitted.sheets, submitted.envelope) == ("SUBMITTED", 3, 2, "DL")
    assert submitted.estimated_delivery_on is not None
    for hours in (1, 13, 25, 37, 49):
        await running.tick("hour", day + timedelta(hours=hours))
    posted = await read(tenant, created.id)
    assert posted.status == "POSTED" and posted.posted_at is not None
    [draft] = maileva.of(created.id)
    assert draft.submitted == 1
    assert await facts(running, tenant) == [
        ("DRAFT", "WAITING_DOCUMENT"),
        ("SUBMITTING", "SUBMITTED"),
        ("SUBMITTED", "ACCEPTED"),
        ("ACCEPTED", "IN_PRODUCTION"),
        ("IN_PRODUCTION", "POSTED"),
    ]
    for type_ in ("letter.created", "letter.submitted", "letter.accepted", "letter.posted"):
        assert len(await running.events(type_, tenant.id)) == 1, type_


@pytest.mark.parametrize("lost", ["create", "document", "recipient", "submit"])
async def test_case_15_a_lost_answer_makes_no_second_letter(
    running: Running, tenant: Tenant, maileva: MailevaSimulator, lost: str
) -> None:
    document_id = await stored(tenant)
    maileva.lose(lost)
    created = await tenant.client.call(letter(tenant, document_id, submit=True))
    await running.settled()
    assert (await read(tenant, created.id)).status == "SUBMITTED"
    [draft] = maileva.of(created.id)
    assert (draft.submitted, len(draft.documents), len(draft.recipients)) == (1, 1, 1)


async def test_case_16_an_expired_token_is_renewed_once(
    running: Running, tenant: Tenant, maileva: MailevaSimulator
) -> None:
    document_id = await stored(tenant)
    await tenant.client.call(letter(tenant, document_id, submit=True))
    await running.settled()
    maileva.expire_tokens()
    tokens = maileva.calls["token"]
    created = await tenant.client.call(letter(tenant, document_id, submit=True))
    await running.settled()
    assert (await read(tenant, created.id)).status == "SUBMITTED"
    assert maileva.calls["token"] == tokens + 1


async def test_a_refused_letter_fails_and_may_be_tried_again(
    running: Running, tenant: Tenant, maileva: MailevaSimulator, day: datetime
) -> None:
    tenant.client.now = day
    maileva.rejects = True
    created = await tenant.client.call(letter(tenant, await stored(tenant), submit=True))
    await running.settled()
    await running.tick("hour", day + timedelta(hours=1))
    maileva.rejects = False
    assert (await read(tenant, created.id)).status == "REJECTED"
    assert len(await running.events("letter.rejected", tenant.id)) == 1
    await tenant.client.call(RetryLetter(letter_id=created.id))
    await running.settled()
    assert (await read(tenant, created.id)).status == "SUBMITTED"
    assert len(maileva.of(created.id)) == 1  # the retry is a sending of its own


async def test_a_letter_is_cancelled_before_it_is_submitted_only(running: Running, tenant: Tenant) -> None:
    document_id = await stored(tenant)
    draft = await tenant.client.call(letter(tenant, document_id))
    cancelled = await tenant.client.call(CancelLetter(letter_id=draft.id, reason="erreur"))
    assert cancelled.status == "CANCELLED"
    assert await tenant.client.call(CancelLetter(letter_id=draft.id, reason="erreur")) == cancelled
    sent = await tenant.client.call(letter(tenant, document_id, submit=True))
    await running.settled()
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(CancelLetter(letter_id=sent.id, reason="trop tard"))
    assert refusal.value.code.code == "ALREADY_SUBMITTED"
    [(_, fact)] = await running.events("letter.cancelled", tenant.id)
    assert fact["reason"] == "erreur"


async def test_case_17_a_letter_waits_for_its_document_a_day(
    running: Running, tenant: Tenant, maileva: MailevaSimulator, day: datetime
) -> None:
    tenant.client.now = day
    created = await tenant.client.call(letter(tenant, new_id(), submit=True))
    await running.settled()
    assert (await read(tenant, created.id)).status == "WAITING_DOCUMENT"
    await running.tick("hour", day + timedelta(hours=24))
    failed = await read(tenant, created.id)
    assert (failed.status, failed.last_error_code) == ("FAILED", "DOCUMENT_NOT_AVAILABLE")
    assert maileva.of(created.id) == []
    assert len(await running.events("letter.failed", tenant.id)) == 1


async def test_case_4_too_many_sheets_fail_before_the_provider_is_called(
    running: Running, tenant: Tenant, maileva: MailevaSimulator
) -> None:
    created = await tenant.client.call(letter(tenant, await stored(tenant, 91), submit=True))
    await running.settled()
    failed = await read(tenant, created.id)
    assert (failed.status, failed.last_error_code) == ("FAILED", "TOO_MANY_SHEETS")
    assert maileva.of(created.id) == []


async def test_addresses_are_checked_before_anything_is_stored(tenant: Tenant) -> None:
    nowhere = {**RECIPIENT, "address": {**ADDRESS, "postal_code": "96000"}}
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(letter(tenant, new_id(), recipient=nowhere))
    assert refusal.value.code.code == "ADDRESS_INVALID"
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(letter(tenant, new_id(), recipient={**RECIPIENT, "address": None}))
    assert refusal.value.code.code == "ADDRESS_INVALID"
    answer = await tenant.client.call(ValidateAddress(person="X", address=Address.model_validate(ADDRESS)))
    assert answer.status == "VALID"
    assert (await tenant.client.call(ListLetters())).items == ()


async def test_case_19_an_invoice_by_post_is_one_letter(
    running: Running, tenant: Tenant, maileva: MailevaSimulator, day: datetime
) -> None:
    order = LetterOrder(
        request_id=new_id(),
        kind="SIMPLE",
        purpose="INVOICE",
        recipient=Party.model_validate(RECIPIENT),
        sender_company_id=tenant.company_id,
    )
    event = delivery_requested(
        tenant.company_id, new_id(), channel="POST", letter=order, document_id=await stored(tenant)
    )
    for _ in range(3):
        await running.state(event, tenant.id, version=3, now=day)
    await running.settled()
    [made] = (await tenant.client.call(ListLetters(invoice_id=event.invoice_id))).items
    assert (made.status, made.purpose) == ("SUBMITTED", "INVOICE")
    assert len(maileva.of(made.id)) == 1


async def test_case_19_a_formal_notice_is_one_registered_letter_and_its_cancellation_stops_it(
    running: Running, tenant: Tenant, maileva: MailevaSimulator, day: datetime
) -> None:
    for document_id, status in ((await stored(tenant), "SUBMITTED"), (new_id(), "CANCELLED")):
        notice_id, client_id = new_id(), new_id()
        order = DunningActionRequested.model_validate(
            {
                "action_id": notice_id, "action": "SEND_LETTER", "case_id": new_id(), "notice_id": notice_id,
                "title": "Formal notice", "priority": "HIGH", "company_id": tenant.company_id, "client_id": client_id,
                "document_id": document_id,
                "letter": LetterOrder(
                    request_id=notice_id, kind="REGISTERED_AR", purpose="FORMAL_NOTICE", document_id=document_id,
                    recipient=Party.model_validate(RECIPIENT), sender_company_id=tenant.company_id,
                ),
            }
        )  # fmt: skip
        for _ in range(2):
            await running.state(order, tenant.id, now=day)
        cancelled = FormalNoticeCancelled(notice_id=notice_id, case_id=order.case_id, client_id=client_id)
        await running.settled()
        await running.state(cancelled, tenant.id, version=2, now=day)
        await running.settled()
        [made] = (await tenant.client.call(ListLetters(client_id=client_id))).items
        assert (made.kind, made.purpose, made.status) == ("REGISTERED_AR", "FORMAL_NOTICE", status)
        assert made.request_id == notice_id


async def test_an_order_that_cannot_be_addressed_fails_and_says_so(
    running: Running, tenant: Tenant, day: datetime
) -> None:
    order = LetterOrder(
        request_id=new_id(),
        kind="SIMPLE",
        purpose="INVOICE",
        recipient=Party(kind="CONSUMER", display_name="Sans Adresse"),
        sender_company_id=tenant.company_id,
    )
    event = delivery_requested(tenant.company_id, new_id(), channel="POST", letter=order)
    await running.state(event, tenant.id, version=3, now=day)
    await running.settled()
    [(_, fact)] = await running.events("letter.failed", tenant.id)
    assert fact["reason"] == "ADDRESS_INVALID"


async def test_case_18_a_paid_invoice_stops_dunning_letters_only(
    running: Running, tenant: Tenant, day: datetime
) -> None:
    bill = invoice_issued(tenant.company_id, new_id())
    links = {"invoice_id": bill.invoice_id}
    dunning = await tenant.client.call(letter(tenant, new_id(), purpose="DUNNING", **links))
    copy = await tenant.client.call(letter(tenant, new_id(), purpose="INVOICE", **links))
    await running.state(paid(bill), tenant.id, version=3, now=day)
    await running.settled()
    assert (await read(tenant, dunning.id)).status == "CANCELLED"
    assert (await read(tenant, copy.id)).status == "DRAFT"


async def test_case_26_a_password_never_comes_out(tenant: Tenant, maileva: MailevaSimulator) -> None:
    account = CreateCarrierAccount(name="Maileva", base_url=maileva.url, username="dupont", password="tres-secret")
    assert "tres-secret" not in repr(account)
    created = await tenant.client.call(account)
    assert created.has_password and "tres-secret" not in created.model_dump_json()
    assert len((await tenant.client.call(ListCarrierAccounts())).items) == 2
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(CreateCarrierAccount(name="X", base_url="http://10.0.0.1", username="x", password="x"))
    assert refusal.value.fields[0].field == "base_url"


async def test_another_tenants_letter_is_not_found(tenant: Tenant, other_tenant: Tenant) -> None:
    created = await tenant.client.call(letter(tenant, new_id()))
    with pytest.raises(Refused) as refusal:
        await other_tenant.client.call(GetLetter(letter_id=created.id))
    assert refusal.value.code.code == "LETTER_NOT_FOUND"
    assert (await other_tenant.client.call(ListLetters(status=(LetterStatus.DRAFT,)))).items == ()
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(GetLetter(letter_id=created.id), token=tenant.token("other:x:read"))
    assert refusal.value.code.code == "PERMISSION_MISSING"
