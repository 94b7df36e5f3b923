"""activites: tasks from creation to their end."""

import asyncio
from datetime import UTC, date, datetime, timedelta

import pytest

from messages.activites import (
    AssignTask,
    CancelTask,
    ClaimTask,
    CompleteTask,
    CreateTask,
    GetTask,
    ListTasks,
    ReopenTask,
    StartTask,
    Task,
    TaskPeriod,
    TaskPriority,
    TaskStatus,
    UpdateTask,
)
from messages.identity import MembershipCreated
from messages.problem import Refused
from messages.values.identifiers import new_id
from tests.harness import Running, Tenant


async def create(tenant: Tenant, **fields: object) -> Task:
    return await tenant.client.call(CreateTask.model_validate({"title": "Rappeler", **fields}))


async def test_a_task_lives_from_todo_to_done(running: Running, tenant: Tenant, day: datetime) -> None:
    tenant.client.now = day
    task = await create(tenant, priority="HIGH")
    assert (task.number, task.status, task.due_date) == ("T-000001", "TODO", day.date() + timedelta(days=1))
    assert (await tenant.client.call(StartTask(task_id=task.task_id))).status == "IN_PROGRESS"
    done = await tenant.client.call(CompleteTask(task_id=task.task_id, outcome="joint"))
    assert (done.status, done.outcome, done.resolution, done.completed_at) == ("DONE", "joint", "MANUAL", day)
    await running.settled()
    for type_ in ("task.created", "task.assigned", "task.started", "task.completed"):
        assert len(await running.events(type_, tenant.id)) == 1, type_


async def test_case_6_completing_twice_is_one_completion(running: Running, tenant: Tenant, day: datetime) -> None:
    tenant.client.now = day
    task = await create(tenant)
    first = await tenant.client.call(CompleteTask(task_id=task.task_id))
    assert await tenant.client.call(CompleteTask(task_id=task.task_id)) == first
    cancelled = await create(tenant)
    await tenant.client.call(CancelTask(task_id=cancelled.task_id, reason="inutile"))
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(CompleteTask(task_id=cancelled.task_id))
    assert refusal.value.code.code == "INVALID_TRANSITION"
    await running.settled()
    assert len(await running.events("task.completed", tenant.id)) == 1


async def test_case_7_a_reopened_task_is_to_do_again(running: Running, tenant: Tenant, day: datetime) -> None:
    tenant.client.now = day
    task = await create(tenant)
    await tenant.client.call(CompleteTask(task_id=task.task_id))
    again = await tenant.client.call(ReopenTask(task_id=task.task_id, due_date=day.date() + timedelta(days=9)))
    assert (again.status, again.completed_at, again.due_date) == ("TODO", None, day.date() + timedelta(days=9))
    await tenant.client.call(CompleteTask(task_id=task.task_id))
    tenant.client.now = day + timedelta(days=91)
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(ReopenTask(task_id=task.task_id))
    assert refusal.value.code.code == "PRECONDITION_FAILED"


async def test_case_1_a_late_task_is_told_once(running: Running, tenant: Tenant, day: datetime) -> None:
    tenant.client.now = day
    task = await create(tenant, due_date=day.date().isoformat())
    assert task.due_at is not None
    await running.tick("minute", task.due_at - timedelta(seconds=1))
    assert await running.events("task.overdue", tenant.id) == []
    await running.tick("minute", task.due_at)
    await running.tick("minute", task.due_at + timedelta(minutes=1))
    [(_, fact)] = await running.events("task.overdue", tenant.id)
    assert fact["task_id"] == str(task.task_id)
    tenant.client.now = task.due_at
    late = await tenant.client.call(ListTasks(overdue=True))
    assert [item.task_id for item in late.items] == [task.task_id] and late.items[0].overdue
    assert (await tenant.client.call(ListTasks(overdue=False))).items == ()


async def test_tomorrows_work_is_announced_once_per_user(running: Running, tenant: Tenant, day: datetime) -> None:
    tenant.client.now = day
    tomorrow = (day.date() + timedelta(days=1)).isoformat()
    for title in ("Un", "Deux"):
        await create(tenant, title=title, due_date=tomorrow)
    await running.tick("hour", day)
    await running.tick("hour", day + timedelta(hours=1))
    [(_, fact)] = await running.events("task.due_tomorrow", tenant.id)
    assert fact["total"] == 2


async def test_cases_3_and_4_periods_are_civil(tenant: Tenant) -> None:
    tenant.client.now = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)
    for due in ("2026-03-15", "2026-03-22", "2026-03-31"):
        await create(tenant, due_date=due, due_time="23:30")
    tenant.client.now = datetime(2026, 3, 18, 9, 0, tzinfo=UTC)
    this_week = ListTasks(period=TaskPeriod.THIS_WEEK, include_overdue=False)
    assert [task.due_date for task in (await tenant.client.call(this_week)).items] == [date(2026, 3, 22)]
    with_late = ListTasks(period=TaskPeriod.THIS_WEEK)
    assert [task.due_date for task in (await tenant.client.call(with_late)).items] == [
        date(2026, 3, 15),
        date(2026, 3, 22),
    ]
    this_month = ListTasks(period=TaskPeriod.THIS_MONTH, include_overdue=False)
    assert (await tenant.client.call(this_month)).items[-1].due_date == date(2026, 3, 31)


async def test_lists_go_page_by_page_with_the_most_urgent_first(tenant: Tenant, day: datetime) -> None:
    tenant.client.now = day
    due = (day.date() + timedelta(days=4)).isoformat()
    for priority in ("LOW", "URGENT", "NORMAL"):
        await create(tenant, priority=priority, due_date=due)
    undated = await create(tenant)
    await tenant.client.call(UpdateTask(task_id=undated.task_id, expected_version=1, due_date=None))
    first = await tenant.client.call(ListTasks(limit=2))
    second = await tenant.client.call(ListTasks(limit=2, cursor=first.next_cursor))
    found = [(task.priority, task.due_date is None) for task in (*first.items, *second.items)]
    assert found == [("URGENT", False), ("NORMAL", False), ("LOW", False), ("NORMAL", True)]


async def test_case_9_of_two_who_claim_one_gets_it(tenant: Tenant, day: datetime) -> None:
    tenant.client.now = day
    task = await create(tenant, queue_role="back_office")
    tokens = [tenant.token("activites:task:claim", user_id=new_id()) for _ in range(2)]
    outcomes = await asyncio.gather(
        *(tenant.client.call(ClaimTask(task_id=task.task_id), token=token) for token in tokens), return_exceptions=True
    )
    [loser] = [outcome for outcome in outcomes if isinstance(outcome, Refused)]
    assert loser.details["code"] == "ALREADY_CLAIMED" or loser.code.code == "ALREADY_CLAIMED"
    assert sum(isinstance(outcome, Task) for outcome in outcomes) == 1


async def test_work_is_given_to_active_members_only(running: Running, tenant: Tenant, day: datetime) -> None:
    tenant.client.now = day
    colleague = new_id()
    with pytest.raises(Refused) as refusal:
        await create(tenant, assignee_id=str(colleague))
    assert refusal.value.code.code == "ASSIGNEE_INACTIVE"
    await running.state(
        MembershipCreated(
            membership_id=new_id(),
            user_id=colleague,
            status="ACTIVE",
            role_codes=("back_office",),
            company_scope="ALL",
            policy_version=1,
        ),
        tenant.id,
    )
    await running.settled()
    task = await create(tenant, queue_role="back_office")
    given = await tenant.client.call(AssignTask(task_ids=(task.task_id,), assignee_id=colleague))
    assert given.tasks[0].assignee_id == colleague
    await tenant.client.call(AssignTask(task_ids=(task.task_id,), assignee_id=colleague))
    await running.settled()
    [(_, fact)] = await running.events("task.assigned", tenant.id)
    assert fact["assignee_id"] == str(colleague)
    assert (await tenant.client.call(ListTasks(assignee_id=colleague))).items[0].task_id == task.task_id


async def test_case_21_null_clears_and_absent_keeps(tenant: Tenant, day: datetime) -> None:
    tenant.client.now = day
    task = await create(tenant, description="à faire", priority="LOW")
    changed = await tenant.client.call(UpdateTask(task_id=task.task_id, expected_version=1, description=None))
    assert (changed.description, changed.priority, changed.version) == (None, TaskPriority.LOW, 2)
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(UpdateTask(task_id=task.task_id, expected_version=1, title="X"))
    assert refusal.value.code.code == "VERSION_CONFLICT"
    with pytest.raises(ValueError, match="title"):
        UpdateTask(task_id=task.task_id, expected_version=2, title="")


async def test_the_past_and_closed_tasks_are_refused(tenant: Tenant, day: datetime) -> None:
    tenant.client.now = day
    with pytest.raises(Refused) as refusal:
        await create(tenant, due_date=(day.date() - timedelta(days=1)).isoformat())
    assert refusal.value.code.code == "DUE_IN_PAST"
    task = await create(tenant)
    await tenant.client.call(CompleteTask(task_id=task.task_id))
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(UpdateTask(task_id=task.task_id, expected_version=2, title="X"))
    assert refusal.value.code.code == "TASK_CLOSED"


async def test_the_same_source_key_makes_one_task(running: Running, tenant: Tenant, day: datetime) -> None:
    tenant.client.now = day
    first = await create(tenant, source_key="crm:1")
    assert (await create(tenant, source_key="crm:1")).task_id == first.task_id
    await running.settled()
    assert len(await running.events("task.created", tenant.id)) == 1


async def test_case_19_another_tenants_task_is_not_found(tenant: Tenant, other_tenant: Tenant) -> None:
    task = await create(tenant)
    with pytest.raises(Refused) as refusal:
        await other_tenant.client.call(GetTask(task_id=task.task_id))
    assert refusal.value.code.code == "TASK_NOT_FOUND"
    assert (await other_tenant.client.call(ListTasks(status=(TaskStatus.TODO,)))).items == ()
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(GetTask(task_id=task.task_id), token=tenant.token("other:x:read"))
    assert refusal.value.code.code == "PERMISSION_MISSING"
