"""engagement: mails leave over real SMTP, with retries, bounces and at-most-once care."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from actors.engagement.smtp.catcher import Catcher
from messages.engagement import (
    CancelEmail,
    Email,
    EmailStatus,
    GetOutboundEmail,
    ListOutboundEmails,
    ListSuppressions,
    RemoveSuppression,
    RetryEmail,
    SendEmail,
    SendTemplatedEmail,
)
from messages.problem import Refused
from messages.values.identifiers import new_id
from tests.harness import Running, Tenant


def mail(to: str, **changes: Any) -> SendEmail:
    return SendEmail.model_validate({"to": (to,), "subject": "Bonjour", "text": "Un mot.", **changes})


async def send(tenant: Tenant, request: SendEmail, running: Running) -> UUID:
    queued = await tenant.client.call(request, key=str(new_id()))
    await running.settled()
    return queued.email_id


async def read(tenant: Tenant, email_id: UUID) -> Email:
    return await tenant.client.call(GetOutboundEmail(email_id=email_id))


async def test_a_mail_leaves_and_says_so(running: Running, tenant: Tenant, catcher: Catcher) -> None:
    email_id = await send(tenant, mail("ok-1@example.fr"), running)
    sent = await read(tenant, email_id)
    assert (sent.status, sent.attempts, sent.recipients[0].status) == ("SENT", 1, "SENT")
    [caught] = catcher.mails("ok-1@example.fr")
    assert caught["Message-ID"] == sent.rfc_message_id == f"<{email_id}@crm.example>"
    [(headers, fact)] = await running.events("email.sent", tenant.id)
    assert headers["ce-subject"] == str(email_id)
    assert fact["rfc_message_id"] == sent.rfc_message_id
    assert "@example.fr" not in str(fact)
    listed = await tenant.client.call(ListOutboundEmails(status=(EmailStatus.SENT,)))
    assert [item.id for item in listed.items] == [email_id]


async def test_case_17_deferred_mail_is_tried_again_after_1_and_5_minutes(
    running: Running, day: datetime, tenant: Tenant
) -> None:
    tenant.client.now = day
    email_id = await send(tenant, mail("defer-2@sim-a.example"), running)
    waiting = await read(tenant, email_id)
    assert (waiting.status, waiting.attempts, waiting.next_attempt_at) == ("QUEUED", 1, day + timedelta(minutes=1))
    await running.tick("minute", day + timedelta(seconds=59))
    assert (await read(tenant, email_id)).attempts == 1
    await running.tick("minute", day + timedelta(minutes=1))
    waiting = await read(tenant, email_id)
    assert (waiting.attempts, waiting.next_attempt_at) == (2, day + timedelta(minutes=6))
    await running.tick("minute", day + timedelta(minutes=6))
    sent = await read(tenant, email_id)
    assert (sent.status, sent.attempts) == ("SENT", 3)


async def test_case_17_seven_attempts_over_17_hours_then_it_failed(
    running: Running, day: datetime, tenant: Tenant
) -> None:
    tenant.client.now = day
    email_id = await send(tenant, mail("defer-9@sim-b.example"), running)
    for minutes in (1, 6, 21, 81, 321, 1041):
        await running.tick("minute", day + timedelta(minutes=minutes))
    failed = await read(tenant, email_id)
    assert (failed.status, failed.attempts, failed.last_error_code) == ("FAILED", 7, "RETRIES_EXHAUSTED")
    [(_, fact)] = await running.events("email.failed", tenant.id)
    assert fact["error_code"] == "RETRIES_EXHAUSTED"


async def test_case_18_an_unknown_address_is_written_to_once(
    running: Running, tenant: Tenant, catcher: Catcher
) -> None:
    address = "bounce-unknown@sim-c.example"
    email_id = await send(tenant, mail(address), running)
    bounced = await read(tenant, email_id)
    assert (bounced.status, bounced.recipients[0].bounce_type) == ("FAILED", "HARD")
    [(_, fact)] = await running.events("email.bounced", tenant.id)
    assert (fact["bounce_type"], fact["enhanced_code"]) == ("HARD", "5.1.1")
    connections = catcher.connections
    for category in ("TRANSACTIONAL", "LEGAL"):
        with pytest.raises(Refused) as refusal:
            await send(tenant, mail(address, category=category), running)
        assert refusal.value.code.code == "ALL_SUPPRESSED"
    assert catcher.connections == connections
    [entry] = (await tenant.client.call(ListSuppressions(address=address))).items
    await tenant.client.call(RemoveSuppression(suppression_id=entry.id, reason="corrected"))
    assert (await tenant.client.call(ListSuppressions())).items == ()


async def test_case_19_one_recipient_of_two_is_partially_sent(running: Running, tenant: Tenant) -> None:
    email_id = await send(tenant, mail("ok-2@example.fr", cc=("bounce-unknown@sim-d.example",)), running)
    assert (await read(tenant, email_id)).status == "PARTIALLY_SENT"
    [(_, fact)] = await running.events("email.sent", tenant.id)
    assert sorted(recipient["status"] for recipient in fact["recipients"]) == ["BOUNCED", "SENT"]
    assert len(await running.events("email.bounced", tenant.id)) == 1


async def test_a_full_mailbox_bounces_without_being_blocked(running: Running, tenant: Tenant) -> None:
    email_id = await send(tenant, mail("bounce-full@sim-d.example"), running)
    assert (await read(tenant, email_id)).recipients[0].bounce_type == "SOFT"
    assert (await tenant.client.call(ListSuppressions())).items == ()


async def test_dunning_mail_of_unknown_outcome_is_never_sent_twice(
    running: Running, day: datetime, tenant: Tenant, catcher: Catcher
) -> None:
    tenant.client.now = day
    address = "drop-after-data@dunning.example"
    email_id = await send(tenant, mail(address, category="DUNNING"), running)
    assert (await read(tenant, email_id)).status == "UNCERTAIN"
    await running.tick("minute", day + timedelta(minutes=15))
    failed = await read(tenant, email_id)
    assert (failed.status, failed.last_error_code) == ("FAILED", "DELIVERY_UNKNOWN")
    assert len(catcher.mails(address)) == 1


async def test_other_mail_of_unknown_outcome_is_repeated_with_the_same_message_id(
    running: Running, day: datetime, tenant: Tenant, catcher: Catcher
) -> None:
    tenant.client.now = day
    address = "drop-after-data@invoice.example"
    email_id = await send(tenant, mail(address), running)
    await running.tick("minute", day + timedelta(minutes=15))
    first, second = catcher.mails(address)
    assert first["Message-ID"] == second["Message-ID"]
    assert (await read(tenant, email_id)).attempts == 2


async def test_case_24_headers_hold_no_line_breaks_and_names_round_trip(
    running: Running, tenant: Tenant, catcher: Catcher
) -> None:
    with pytest.raises(ValueError, match="subject"):
        mail("ok-3@example.fr", subject="Facture\r\nBcc: evil@x.fr")
    await send(tenant, mail("ok-3@example.fr", subject="Ébénisterie Lefèvre à Évry"), running)
    [caught] = catcher.mails("ok-3@example.fr")
    assert caught["Subject"] == "Ébénisterie Lefèvre à Évry"
    assert "Bcc" not in caught


async def test_blind_copies_travel_in_the_envelope_only(running: Running, tenant: Tenant, catcher: Catcher) -> None:
    await send(tenant, mail("ok-4@example.fr", bcc=("hidden@example.fr",)), running)
    [caught] = catcher.mails("hidden@example.fr")
    assert "hidden@example.fr" not in [caught["To"], caught["Cc"], caught["Bcc"]]


async def test_a_scheduled_mail_waits_and_can_be_cancelled(
    running: Running, day: datetime, tenant: Tenant, catcher: Catcher
) -> None:
    tenant.client.now = day
    later = day + timedelta(hours=2)
    kept = await send(tenant, mail("later@example.fr", scheduled_at=later), running)
    stopped = await send(tenant, mail("never@example.fr", scheduled_at=later), running)
    assert (await tenant.client.call(CancelEmail(email_id=stopped))).status == "CANCELLED"
    await running.tick("minute", later)
    assert (await read(tenant, kept)).status == "SENT"
    assert catcher.mails("never@example.fr") == []
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(CancelEmail(email_id=kept))
    assert refusal.value.code.code == "INVALID_TRANSITION"


async def test_a_failed_mail_can_be_tried_again(running: Running, tenant: Tenant) -> None:
    email_id = await send(tenant, mail("toobig@example.fr"), running)
    failed = await read(tenant, email_id)
    assert (failed.status, failed.recipients[0].status) == ("FAILED", "FAILED")
    await tenant.client.call(RetryEmail(email_id=email_id))
    await running.settled()
    again = await read(tenant, email_id)
    assert (again.status, again.attempts, again.rfc_message_id) == ("FAILED", 1, failed.rfc_message_id)


async def test_a_template_gives_text_and_escaped_html(running: Running, tenant: Tenant, catcher: Catcher) -> None:
    request = SendTemplatedEmail(
        to=("ok-5@example.fr",), template_key="client.welcome", variables={"client_name": "<b>X"}
    )
    await tenant.client.call(request, key=str(new_id()))
    await running.settled()
    [caught] = catcher.mails("ok-5@example.fr")
    plain, html = caught.get_body(("plain",)), caught.get_body(("html",))
    assert plain is not None and "Bonjour <b>X," in plain.get_content()
    assert html is not None and "Bonjour &lt;b&gt;X," in html.get_content()
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(
            SendTemplatedEmail(to=("a@example.fr",), template_key="client.welcome"), key=str(new_id())
        )
    assert refusal.value.details["missing"] == ["client_name"]


async def test_another_tenants_mail_is_not_found_and_rights_are_needed(
    running: Running, tenant: Tenant, other_tenant: Tenant
) -> None:
    email_id = await send(tenant, mail("ok-6@example.fr"), running)
    with pytest.raises(Refused) as refusal:
        await other_tenant.client.call(GetOutboundEmail(email_id=email_id))
    assert refusal.value.code.code == "EMAIL_NOT_FOUND"
    assert (await other_tenant.client.call(ListOutboundEmails())).items == ()
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(GetOutboundEmail(email_id=email_id), token=tenant.token("engagement:mailbox:read"))
    assert refusal.value.code.code == "PERMISSION_MISSING"
