"""engagement: users are told what concerns them."""

import pytest

from messages.engagement import (
    GetNotification,
    GetUnreadCount,
    ListNotifications,
    MarkAllAsRead,
    MarkAsRead,
)
from messages.problem import Refused
from messages.values.identifiers import new_id
from tests.actors.engagement.builders import DAY, task_assigned
from tests.harness import Running, Tenant


async def test_an_assigned_task_rings_the_bell_once(running: Running, tenant: Tenant) -> None:
    user_id = new_id()
    token = tenant.token("x:y:read", user_id=user_id)
    event = task_assigned(user_id)
    await running.state(event, tenant.id, now=DAY)
    await running.state(event, tenant.id, now=DAY)
    await running.settled()
    page = await tenant.client.call(ListNotifications(), token=token)
    [entry] = page.items
    assert (entry.type, entry.message, page.unread_count) == ("TASK_ASSIGNED", "Appeler Chloé", 1)
    [(_, fact)] = await running.events("notification.created", tenant.id)
    assert (fact["user_id"], fact["unread"], fact["total"]) == (str(user_id), 1, 1)
    assert "title" not in fact


async def test_nobody_is_told_of_his_own_action(running: Running, tenant: Tenant) -> None:
    user_id = new_id()
    await running.state(task_assigned(user_id, assigned_by=user_id), tenant.id, now=DAY)
    await running.settled()
    assert await running.events("notification.created", tenant.id) == []


async def test_reading_twice_counts_once(running: Running, tenant: Tenant) -> None:
    user_id = new_id()
    token = tenant.token("x:y:read", user_id=user_id)
    for _ in range(3):
        await running.state(task_assigned(user_id), tenant.id, now=DAY)
    await running.settled()
    entries = (await tenant.client.call(ListNotifications(unread_only=True), token=token)).items
    first = MarkAsRead(notification_ids=(entries[0].id,))
    assert (await tenant.client.call(first, token=token)).model_dump() == {"affected": 1, "unread": 2}
    assert (await tenant.client.call(first, token=token)).model_dump() == {"affected": 0, "unread": 2}
    assert (await tenant.client.call(MarkAllAsRead(), token=token)).model_dump() == {"affected": 2, "unread": 0}
    assert (await tenant.client.call(GetUnreadCount(), token=token)).model_dump() == {"total": 3, "unread": 0}
    await running.settled()
    assert len(await running.events("notification.read", tenant.id)) == 1
    assert len(await running.events("notification.all_read", tenant.id)) == 1


async def test_case_29_a_notification_of_another_user_or_tenant_is_not_found(
    running: Running, tenant: Tenant, other_tenant: Tenant
) -> None:
    user_id = new_id()
    await running.state(task_assigned(user_id), tenant.id, now=DAY)
    await running.settled()
    token = tenant.token("x:y:read", user_id=user_id)
    [entry] = (await tenant.client.call(ListNotifications(), token=token)).items
    question = GetNotification(notification_id=entry.id)
    assert (await tenant.client.call(question, token=token)).id == entry.id
    for stranger in (tenant.token("*", user_id=new_id()), other_tenant.token("*", user_id=user_id)):
        with pytest.raises(Refused) as refusal:
            await tenant.client.call(question, token=stranger)
        assert refusal.value.code.code == "NOTIFICATION_NOT_FOUND"
