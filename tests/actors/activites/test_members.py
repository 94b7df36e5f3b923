"""activites: the tasks of somebody who leaves pass on, once and to the right person."""

from datetime import datetime
from typing import Any
from uuid import UUID

from messages.activites import CompleteTask, CreateTask, GetTask, ListTasks
from messages.identity import MembershipCreated, MembershipRemoved
from messages.values.identifiers import new_id
from tests.harness import Running, Tenant


def membership(user_id: UUID, **changes: Any) -> dict[str, Any]:
    return {
        "membership_id": new_id(),
        "user_id": user_id,
        "status": "ACTIVE",
        "role_codes": ("salesperson",),
        "company_scope": "ALL",
        "policy_version": 1,
    } | changes


async def joined(running: Running, tenant: Tenant, **changes: Any) -> dict[str, Any]:
    fields = membership(new_id(), **changes)
    await running.state(MembershipCreated.model_validate(fields), tenant.id)
    await running.settled()
    return fields


async def leave(running: Running, tenant: Tenant, fields: dict[str, Any], **changes: Any) -> None:
    gone = MembershipRemoved.model_validate(fields | {"status": "REMOVED"} | changes)
    for _ in range(2):  # told twice, done once
        await running.state(gone, tenant.id, version=2)
    await running.settled()


async def task_of(tenant: Tenant, user_id: UUID) -> UUID:
    request = CreateTask.model_validate({"title": "Rappeler", "type": "CALL", "assignee_id": user_id})
    return (await tenant.client.call(request)).task_id


async def test_case_30_identity_names_the_successor_and_done_tasks_stay(
    running: Running, tenant: Tenant, day: datetime
) -> None:
    tenant.client.now = day
    leaver, heir = await joined(running, tenant), await joined(running, tenant)
    open_id, done_id = await task_of(tenant, leaver["user_id"]), await task_of(tenant, leaver["user_id"])
    await tenant.client.call(CompleteTask(task_id=done_id))
    await leave(running, tenant, leaver, reassign_to_user_id=heir["user_id"])
    assert (await tenant.client.call(GetTask(task_id=open_id))).assignee_id == heir["user_id"]
    assert (await tenant.client.call(GetTask(task_id=done_id))).assignee_id == leaver["user_id"]
    facts = [body for _, body in await running.events("task.assigned", tenant.id) if body["task_id"] == str(open_id)]
    assert [fact["assignee_id"] for fact in facts] == [str(leaver["user_id"]), str(heir["user_id"])]


async def test_without_successor_the_manager_and_without_manager_the_roles_queue(
    running: Running, tenant: Tenant, day: datetime
) -> None:
    tenant.client.now = day
    manager = await joined(running, tenant)
    managed = await joined(running, tenant, manager_user_id=manager["user_id"])
    alone = await joined(running, tenant, manager_user_id=new_id())
    first, second = await task_of(tenant, managed["user_id"]), await task_of(tenant, alone["user_id"])
    await leave(running, tenant, managed)
    await leave(running, tenant, alone)
    assert (await tenant.client.call(GetTask(task_id=first))).assignee_id == manager["user_id"]
    queued = await tenant.client.call(GetTask(task_id=second))
    assert (queued.assignee_id, queued.queue_role) == (None, "salesperson")


async def test_another_organisations_tasks_stay_where_they_are(running: Running, tenant: Tenant, day: datetime) -> None:
    other = await running.tenant("Assurance Martin")
    tenant.client.now = other.client.now = day
    fields = await joined(running, tenant)
    await running.state(MembershipCreated.model_validate(fields | {"membership_id": new_id()}), other.id)
    await running.settled()
    theirs = await task_of(other, fields["user_id"])
    await leave(running, tenant, fields)
    assert (await other.client.call(GetTask(task_id=theirs))).assignee_id == fields["user_id"]
    assert (await tenant.client.call(ListTasks(assignee_id=fields["user_id"]))).items == ()
