"""activites: recovery orders work from people."""

from datetime import UTC, datetime
from typing import Any

from messages.activites import ListTasks
from messages.payments import DunningActionRequested
from messages.values.identifiers import new_id
from tests.actors.activites.test_facts import paid
from tests.actors.engagement.builders import invoice_issued
from tests.harness import Running, Tenant


def ordered(tenant: Tenant, **changes: Any) -> DunningActionRequested:
    return DunningActionRequested.model_validate(
        {
            "action_id": new_id(),
            "action": "CREATE_TASK",
            "case_id": new_id(),
            "title": "Call the debtor (REC-2026-000001)",
            "priority": "MEDIUM",
            "company_id": tenant.company_id,
            "client_id": new_id(),
        }
        | changes
    )


async def test_case_12_an_order_applied_three_times_is_one_task_that_payment_resolves(
    running: Running, tenant: Tenant, day: datetime
) -> None:
    invoice = invoice_issued(tenant.company_id, new_id())
    order = ordered(tenant, client_id=invoice.client_id, invoice_id=invoice.invoice_id)
    await running.state(invoice, tenant.id, version=2, now=day)
    for _ in range(3):
        await running.state(order, tenant.id, now=day)
    await running.settled()
    (task,) = (await tenant.client.call(ListTasks())).items
    assert (task.type, task.priority, task.queue_role, task.status) == (
        "UNPAID_FOLLOW_UP",
        "NORMAL",
        "back_office",
        "TODO",
    )
    ((_, created),) = await running.events("task.created", tenant.id)
    assert created["action_id"] == str(order.action_id)
    for _ in range(2):
        await running.state(paid(invoice), tenant.id, version=3, now=day)
    await running.settled()
    (task,) = (await tenant.client.call(ListTasks())).items
    assert (task.status, task.resolution) == ("DONE", "AUTO_RESOLVED")
    assert len(await running.events("task.completed", tenant.id)) == 1


async def test_case_13_a_task_about_an_invoice_paid_meanwhile_is_born_done(
    running: Running, tenant: Tenant, day: datetime
) -> None:
    invoice = invoice_issued(tenant.company_id, new_id())
    await running.state(paid(invoice), tenant.id, version=3, now=day)
    order = ordered(tenant, invoice_id=invoice.invoice_id, assignee_id=new_id())
    await running.state(order, tenant.id, now=day)
    await running.settled()
    (task,) = (await tenant.client.call(ListTasks())).items
    assert (task.status, task.resolution, task.assignee_id) == ("DONE", "AUTO_RESOLVED", order.assignee_id)
    assert await running.events("task.assigned", tenant.id) == []


async def test_a_case_without_invoice_is_followed_on_its_contract_until_its_date(
    running: Running, tenant: Tenant, day: datetime
) -> None:
    due_at = datetime(2026, 12, 1, 23, 30, tzinfo=UTC)  # 2 December in Paris
    order = ordered(tenant, contract_id=new_id(), priority="HIGH", due_at=due_at, queue_role="accountant")
    await running.state(order, tenant.id, now=day)
    await running.state(ordered(tenant, action="NOTIFY_STAFF"), tenant.id, now=day)
    await running.settled()
    (task,) = (await tenant.client.call(ListTasks())).items
    assert (task.type, task.priority, task.queue_role) == ("CONTRACT_FOLLOW_UP", "HIGH", "accountant")
    assert str(task.due_date) == "2026-12-02"
