"""activites: other actors' facts become timelines, activities and tasks."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from messages.activites import (
    CreateActivity,
    CreateTask,
    GetActivity,
    GetTask,
    ListActivities,
    ListActivityTypes,
    ListTasks,
    ListTimeline,
    TimelineEntry,
    TimelineSubject,
)
from messages.base import Event
from messages.clients import ClientArchived
from messages.contrats import ContractCreated
from messages.engagement import EmailSent
from messages.factures import InvoicePaid, InvoiceRef
from messages.problem import Refused
from messages.shared import Ref
from messages.values.identifiers import new_id
from tests.actors.engagement.builders import (
    client_created,
    contract_activated,
    contract_fields,
    contract_signed,
    invoice_issued,
    money,
    payment_received,
)
from tests.actors.engagement.test_figures import terminated
from tests.harness import Running, Tenant


async def timeline(tenant: Tenant, subject_id: UUID, subject: str = "CLIENT") -> list[TimelineEntry]:
    request = ListTimeline(subject_type=TimelineSubject(subject), subject_id=subject_id)
    return list((await tenant.client.call(request)).items)


def paid(issued: Any) -> InvoicePaid:
    settlement = {
        "outstanding": money("0.00"),
        "amount": money("120.00"),
        "on_date": "2026-03-08",
        "source": "PAYMENT",
        "source_id": new_id(),
        "settled": money("120.00"),
        "presumed": False,
        "by_rate": (),
    }
    return InvoicePaid.model_validate({name: getattr(issued, name) for name in InvoiceRef.model_fields} | settlement)


async def test_a_new_client_is_called_a_week_later(running: Running, tenant: Tenant, day: datetime) -> None:
    event = client_created(tenant.company_id)
    await running.state(event, tenant.id, now=day)
    await running.state(event, tenant.id, now=day)
    await running.state(client_created(tenant.company_id, source="IMPORT"), tenant.id, now=day)
    gone = client_created(tenant.company_id)
    await running.state(gone, tenant.id, now=day)
    await running.state(
        ClientArchived(client_id=gone.client_id, reason="doublon", archived_on=day.date()),
        tenant.id,
        version=2,
        now=day,
    )
    await running.settled()
    await running.tick("day", day + timedelta(days=6))
    assert (await tenant.client.call(ListTasks())).items == ()
    due = day + timedelta(days=7)
    await running.tick("day", due)
    [task] = (await tenant.client.call(ListTasks())).items
    assert (task.type, task.client_id, task.queue_role) == ("CALL", event.client_id, "back_office")
    assert task.due_date is not None and task.due_date >= due.date()
    assert task.title == "Appel de bienvenue : Chloé Lefèvre"


async def test_a_mail_that_left_is_an_activity_once(running: Running, tenant: Tenant, day: datetime) -> None:
    client_id, invoice = new_id(), invoice_issued(tenant.company_id, new_id())
    await running.state(invoice, tenant.id, version=2, now=day)
    sent = EmailSent(
        email_id=new_id(),
        reference=Ref(type="invoice", id=invoice.invoice_id),
        purpose="invoice.available",
        category="TRANSACTIONAL",
        client_id=client_id,
        mailbox_id=new_id(),
        recipients=(),
        sent_at=day,
        rfc_message_id="<x@y>",
    )
    await running.state(sent, tenant.id, version=3, now=day)
    await running.state(sent, tenant.id, version=3, now=day)
    await running.settled()
    [activity] = (await tenant.client.call(ListActivities(client_id=client_id))).items
    assert (activity.type_code, activity.source, activity.invoice_id) == ("EMAIL", "EMAIL", invoice.invoice_id)
    assert activity.subject == "Facture envoyée"
    assert [entry.kind for entry in await timeline(tenant, client_id)] == ["EMAIL_OUT"]
    [(_, fact)] = await running.events("activity.recorded", tenant.id)
    assert (fact["source"], fact["counts_as_contact"]) == ("EMAIL", True)


async def test_a_timeline_tells_the_story_latest_first(running: Running, tenant: Tenant, day: datetime) -> None:
    client_id = new_id()
    signed = contract_signed(tenant.company_id, client_id)
    active = contract_activated(tenant.company_id, client_id, contract_id=signed.contract_id)
    bill = invoice_issued(tenant.company_id, client_id, contract_id=signed.contract_id)
    money_in = payment_received(tenant.company_id, client_id, invoice_id=bill.invoice_id)
    story: list[tuple[Event, int]] = [(signed, 3), (active, 4), (bill, 2), (money_in, 2), (paid(bill), 3)]
    for hours, (event, version) in enumerate(story):
        for _ in range(2):
            await running.state(event, tenant.id, version=version, now=day + timedelta(hours=hours))
    await running.settled()
    entries = await timeline(tenant, client_id)
    assert [entry.code for entry in entries] == [
        "invoice.paid",
        "payment.received",
        "invoice.issued",
        "contract.activated",
        "contract.signed",
    ]
    assert entries[1].amount is not None and str(entries[1].amount) == "70.00 EUR"
    assert [entry.code for entry in await timeline(tenant, bill.invoice_id, "INVOICE")] == [
        "invoice.paid",
        "payment.received",
        "invoice.issued",
    ]
    assert len(await timeline(tenant, signed.contract_id, "CONTRACT")) == 4


async def test_case_12_a_paid_invoice_resolves_its_tasks_once(running: Running, tenant: Tenant, day: datetime) -> None:
    tenant.client.now = day
    client = client_created(tenant.company_id)
    bill = invoice_issued(tenant.company_id, client.client_id)
    await running.state(client, tenant.id, now=day)
    await running.state(bill, tenant.id, version=2, now=day)
    await running.settled()
    follow_up = await tenant.client.call(
        CreateTask(title="Relancer", type="UNPAID_FOLLOW_UP", invoice_id=bill.invoice_id)
    )
    other = await tenant.client.call(CreateTask(title="Autre", invoice_id=bill.invoice_id))
    assert follow_up.client_id == client.client_id
    for _ in range(2):
        await running.state(paid(bill), tenant.id, version=3, now=day)
    await running.settled()
    done = await tenant.client.call(GetTask(task_id=follow_up.task_id))
    assert (done.status, done.resolution, done.completed_by) == ("DONE", "AUTO_RESOLVED", None)
    assert (await tenant.client.call(GetTask(task_id=other.task_id))).status == "TODO"
    assert len(await running.events("task.completed", tenant.id)) == 1


async def test_case_14_an_ended_contract_closes_its_tasks_but_not_those_about_money(
    running: Running, tenant: Tenant, day: datetime
) -> None:
    tenant.client.now = day
    client = client_created(tenant.company_id)
    active = contract_activated(tenant.company_id, client.client_id)
    await running.state(client, tenant.id, now=day)
    await running.state(active, tenant.id, version=4, now=day)
    await running.settled()
    renewal = await tenant.client.call(CreateTask(title="R", type="RENEWAL", contract_id=active.contract_id))
    unpaid = await tenant.client.call(CreateTask(title="U", type="UNPAID_FOLLOW_UP", contract_id=active.contract_id))
    await running.state(terminated(active), tenant.id, version=5, now=day)
    await running.settled()
    closed = await tenant.client.call(GetTask(task_id=renewal.task_id))
    assert (closed.status, closed.cancel_reason) == ("CANCELLED", "CONTRACT_TERMINATED")
    assert (await tenant.client.call(GetTask(task_id=unpaid.task_id))).status == "TODO"


async def test_a_person_records_a_call_with_a_follow_up(running: Running, tenant: Tenant, day: datetime) -> None:
    tenant.client.now = day
    client = client_created(tenant.company_id)
    await running.state(client, tenant.id, now=day)
    await running.settled()
    recorded = await tenant.client.call(
        CreateActivity(
            type_code="CALL",
            subject="Premier contact",
            client_id=client.client_id,
            follow_up_due_at=day + timedelta(days=2),
        )
    )
    assert (recorded.direction, recorded.source, recorded.occurred_at) == ("OUTBOUND", "MANUAL", day)
    assert await tenant.client.call(GetActivity(activity_id=recorded.id)) == recorded
    assert recorded.follow_up_task_id is not None
    task = await tenant.client.call(GetTask(task_id=recorded.follow_up_task_id))
    assert (task.type, task.due_at, task.title) == ("FOLLOW_UP", day + timedelta(days=2), "Premier contact")
    assert [entry.kind for entry in await timeline(tenant, client.client_id)] == ["TASK", "ACTIVITY"]


async def test_case_20_links_must_belong_to_one_client(running: Running, tenant: Tenant, day: datetime) -> None:
    tenant.client.now = day
    client = client_created(tenant.company_id)
    contract = ContractCreated.model_validate(contract_fields(tenant.company_id, new_id(), status="DRAFT"))
    await running.state(client, tenant.id, now=day)
    await running.state(contract, tenant.id, now=day)
    await running.settled()
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(
            CreateActivity(type_code="CALL", subject="X", client_id=client.client_id, contract_id=contract.contract_id)
        )
    assert refusal.value.code.code == "LINK_MISMATCH"
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(CreateActivity(type_code="CALL", subject="X", client_id=new_id()))
    assert refusal.value.fields[0].rule == "unknown"
    with pytest.raises(ValueError, match="client_id"):
        CreateActivity(type_code="CALL", subject="X")


async def test_every_organisation_begins_with_the_same_types(tenant: Tenant) -> None:
    types = (await tenant.client.call(ListActivityTypes())).items
    assert [found.code for found in types[:3]] == ["CALL", "EMAIL", "MEETING"]
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(CreateActivity(type_code="FAX", subject="X", internal=True))
    assert refusal.value.fields[0].field == "type_code"


async def test_another_tenants_timeline_is_empty(
    running: Running, tenant: Tenant, other_tenant: Tenant, day: datetime
) -> None:
    client_id = new_id()
    await running.state(contract_signed(tenant.company_id, client_id), tenant.id, version=3, now=day)
    await running.settled()
    assert len(await timeline(tenant, client_id)) == 1
    assert await timeline(other_tenant, client_id) == []
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(
            ListTimeline(subject_type=TimelineSubject.CLIENT, subject_id=client_id), token=tenant.token("other:x:read")
        )
    assert refusal.value.code.code == "PERMISSION_MISSING"
