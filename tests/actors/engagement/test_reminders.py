"""engagement: what recovery orders reaches the debtor by mail or text message, or is told to have failed."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from actors.engagement.rules.texts import next_opening, segments_of, transliterated
from actors.engagement.sms.simulator import SmsSimulator
from actors.engagement.smtp.catcher import Catcher
from messages.engagement import EmailStatus, ListNotifications, ListOutboundEmails, ListSms, SmsStatus
from messages.identity import MembershipCreated
from messages.payments import DunningActionRequested, ReminderRequested
from messages.values.business_days import business_day_on_or_after
from messages.values.identifiers import new_id
from tests.actors.engagement.builders import DAY, client_created
from tests.harness import Running, Tenant


@pytest.fixture
def workday(day: datetime) -> datetime:
    """The same or the next day on which debtors may be texted; no two are the same instant."""
    return datetime.combine(business_day_on_or_after(day.date()), day.timetz()) + timedelta(seconds=day.day)


def reminder(tenant: Tenant, client_id: UUID, channel: str = "EMAIL", **changes: Any) -> ReminderRequested:
    variables = {
        "case_number": "REC-2026-000001",
        "amount": "24.90",
        "currency": "EUR",
        "reason_code": "AM04",
        "next_collection_date": "2026-05-06",
        "rum": "RUM-0001",
        "creditor_identifier": "FR72ZZZ123456",
        "creditor_name": "Télécom Dupont",
    }
    return ReminderRequested.model_validate(
        {
            "reminder_id": new_id(),
            "case_id": new_id(),
            "client_id": client_id,
            "channel": channel,
            "company_id": tenant.company_id,
            "template_key": "reminder.debit_failed",
            "variables": variables,
            "payment_url": "https://pay.example/x",
        }
        | changes
    )


async def debtor(running: Running, tenant: Tenant, **changes: Any) -> UUID:
    event = client_created(tenant.company_id, **changes)
    await running.state(event, tenant.id, now=DAY)
    return event.client_id


async def test_a_reminder_by_mail_names_the_next_debit_and_answers_with_its_reference(
    running: Running, tenant: Tenant, catcher: Catcher
) -> None:
    client_id = await debtor(running, tenant, primary_email="debtor@example.fr")
    order = reminder(tenant, client_id)
    for _ in range(2):
        await running.state(order, tenant.id, now=DAY)
    await running.settled()
    (mail,) = (await tenant.client.call(ListOutboundEmails(client_id=client_id))).items
    assert (mail.status, mail.category, mail.purpose) == (EmailStatus.SENT, "DUNNING", "reminder.debit_failed")
    (caught,) = catcher.mails("debtor@example.fr")
    body = caught.get_body(("plain",))
    assert body is not None
    text = body.get_content().replace("\u00a0", " ").replace("\u202f", " ")
    for words in ("24,90 €", "6 mai 2026", "RUM-0001", "FR72ZZZ123456", "https://pay.example/x", "REC-2026-000001"):
        assert words in text
    ((_, fact),) = await running.events("email.sent", tenant.id)
    assert fact["reference"] == {"type": "reminder", "id": str(order.reminder_id)}


async def test_a_reminder_speaks_the_debtors_language(running: Running, tenant: Tenant, catcher: Catcher) -> None:
    client_id = await debtor(running, tenant, primary_email="smith@example.com", language="en")
    await running.state(reminder(tenant, client_id), tenant.id, now=DAY)
    await running.settled()
    (caught,) = catcher.mails("smith@example.com")
    assert caught["Subject"] == "Your direct debit of €24.90 failed"


@pytest.mark.parametrize(
    ("channel", "changes", "code"),
    [
        ("EMAIL", {"template_key": "NO_SUCH"}, "TEMPLATE_NOT_FOUND"),
        ("SMS", {"template_key": "invoice.available"}, "TEMPLATE_NOT_FOUND"),
        ("SMS", {}, "NO_NUMBER"),
    ],
)
async def test_what_cannot_be_said_comes_back_as_failed(
    running: Running, tenant: Tenant, channel: str, changes: dict[str, Any], code: str
) -> None:
    client_id = await debtor(running, tenant, primary_email="lost@example.fr", primary_phone=None)
    order = reminder(tenant, client_id, channel, **changes)
    await running.state(order, tenant.id, now=DAY)
    await running.settled()
    ((_, fact),) = await running.events("sms.failed" if channel == "SMS" else "email.failed", tenant.id)
    assert (fact["error_code"], fact["reference"]["id"]) == (code, str(order.reminder_id))


async def test_a_reminder_by_text_message_leaves_once_although_an_answer_was_lost(
    running: Running, tenant: Tenant, other_tenant: Tenant, operator: SmsSimulator, workday: datetime
) -> None:
    client_id = await debtor(running, tenant, primary_phone="+33612345678")
    order = reminder(tenant, client_id, "SMS")
    operator.lose(1)
    await running.state(order, tenant.id, now=workday)
    await running.settled()
    (waiting,) = (await tenant.client.call(ListSms(client_id=client_id))).items
    assert (waiting.status, waiting.attempts, waiting.last_error_code) == (SmsStatus.QUEUED, 1, "HTTP_503")
    await running.tick("minute", workday + timedelta(minutes=1))
    (sent,) = (await tenant.client.call(ListSms(status=(SmsStatus.SENT,)))).items
    assert (sent.segments, sent.attempts) == (1, 2)
    (text,) = operator.texts_to("+33612345678")
    assert text.endswith(": votre prélèvement de 24,90 € n'a pas abouti. Régler : https://pay.example/x")
    ((_, fact),) = await running.events("sms.sent", tenant.id)
    assert (fact["reference"]["id"], fact["segments"]) == (str(order.reminder_id), 1)
    assert (await other_tenant.client.call(ListSms())).items == ()


async def test_a_number_the_operator_refuses_fails_at_once(running: Running, tenant: Tenant, workday: datetime) -> None:
    client_id = await debtor(running, tenant, primary_phone="+33612345600")
    await running.state(reminder(tenant, client_id, "SMS"), tenant.id, now=workday)
    await running.settled()
    (failed,) = (await tenant.client.call(ListSms())).items
    assert (failed.status, failed.last_error_code) == (SmsStatus.FAILED, "HTTP_422")


async def test_dunning_by_text_message_waits_for_its_hours(
    running: Running, tenant: Tenant, operator: SmsSimulator, workday: datetime
) -> None:
    client_id = await debtor(running, tenant, primary_phone="+33611111111")
    night = workday.replace(hour=21)
    await running.state(reminder(tenant, client_id, "SMS"), tenant.id, now=night)
    await running.settled()
    assert operator.texts_to("+33611111111") == []
    await running.tick("minute", next_opening(night))
    assert len(operator.texts_to("+33611111111")) == 1


async def test_case_26_segments_of_text_messages() -> None:
    assert segments_of("a" * 160) == 1
    assert segments_of("a" * 161) == 2
    assert segments_of("é" * 159 + "€") == 2  # 161 septets
    assert segments_of("ê" * 71) == 2
    assert segments_of(transliterated("ê" * 71)) == 1


async def test_hours_of_dunning_skip_sundays_and_holidays() -> None:
    friday = datetime(2026, 7, 10, 19, 30, tzinfo=UTC)  # 21:30 in Paris
    assert next_opening(friday) == datetime(2026, 7, 11, 6, 0, tzinfo=UTC)
    assert next_opening(datetime(2026, 7, 11, 18, 0, tzinfo=UTC)) == datetime(2026, 7, 13, 6, 0, tzinfo=UTC)
    assert next_opening(datetime(2026, 7, 13, 18, 0, tzinfo=UTC)) == datetime(2026, 7, 15, 6, 0, tzinfo=UTC)
    open_ = datetime(2026, 7, 11, 17, 59, tzinfo=UTC)
    assert next_opening(open_) == open_


def member(user_id: UUID, *roles: str) -> MembershipCreated:
    return MembershipCreated.model_validate(
        {
            "membership_id": new_id(),
            "user_id": user_id,
            "status": "ACTIVE",
            "role_codes": roles,
            "company_scope": "ALL",
            "policy_version": 1,
        }
    )


async def test_who_recovers_debts_is_told_of_a_case(running: Running, tenant: Tenant, day: datetime) -> None:
    clerk, seller = new_id(), new_id()
    await running.state(member(clerk, "back_office"), tenant.id, now=day)
    await running.state(member(seller, "salesperson"), tenant.id, now=day)
    order = DunningActionRequested.model_validate(
        {
            "action_id": new_id(),
            "action": "NOTIFY_STAFF",
            "case_id": new_id(),
            "title": "Unpaid receivable (REC-2026-000001)",
            "priority": "HIGH",
            "company_id": tenant.company_id,
            "client_id": new_id(),
        }
    )
    for _ in range(2):
        await running.state(order, tenant.id, now=day)
    await running.settled()
    as_clerk = await running.client(token=tenant.token("x:y:read", user_id=clerk))
    (note,) = (await as_clerk.call(ListNotifications())).items
    assert (note.type, note.priority, note.metadata["case_id"]) == ("ALERT", "HIGH", str(order.case_id))
    as_seller = await running.client(token=tenant.token("x:y:read", user_id=seller))
    assert (await as_seller.call(ListNotifications())).items == ()
