"""engagement: what has served goes, and whoever does not sign in is told before his access closes."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from actors.engagement.smtp.catcher import Catcher
from messages.engagement import GetUnreadCount, ListOutboundEmails, RetryEmail
from messages.identity import GetMyProfile, ListPurgeRuns, RunRetentionPurge, UserInactivityNoticed
from messages.problem import Refused
from messages.values.identifiers import new_id
from tests.actors.engagement.builders import task_assigned
from tests.actors.engagement.test_sending import mail, read, send
from tests.actors.identity.people import IssuerServer, founder, told_from_outside
from tests.harness import Running, Tenant


async def purged(running: Running, tenant: Tenant, *, dry_run: bool) -> dict[str, Any]:
    """What a run of the policy did."""
    order = RunRetentionPurge(category="NOTIFICATION", dry_run=dry_run)
    (started,) = (await tenant.client.call(order)).items
    await running.settled()
    (run,) = [r for r in (await tenant.client.call(ListPurgeRuns())).items if r.run_id == started.run_id]
    return run.model_dump(include={"status", "deleted", "anonymised"})


async def test_notices_and_texts_of_mails_go_after_a_year_but_not_those_of_contracts(
    running: Running, tenant: Tenant, other_tenant: Tenant, day: datetime
) -> None:
    user_id = new_id()
    tenant.client.now = other_tenant.client.now = day
    await running.state(task_assigned(user_id), tenant.id, now=day)
    old = await send(tenant, mail(f"ok-{uuid4().hex[:6]}@example.fr"), running)
    about = {"type": "contract", "id": str(new_id())}
    kept = await send(tenant, mail(f"ok-{uuid4().hex[:6]}@example.fr", reference=about), running)
    failed = await send(tenant, mail("bounce-unknown@sim-d.example"), running)
    theirs = await send(other_tenant, mail(f"ok-{uuid4().hex[:6]}@example.fr"), running)
    tenant.client.now = day + timedelta(days=366)
    assert await purged(running, tenant, dry_run=True) == {"status": "SUCCESS", "deleted": 1, "anonymised": 2}
    assert (await read(tenant, old)).text == "Un mot."
    assert await purged(running, tenant, dry_run=False) == {"status": "SUCCESS", "deleted": 1, "anonymised": 2}
    assert [(await read(tenant, email_id)).text for email_id in (old, kept, failed)] == ["", "Un mot.", ""]
    assert (await read(other_tenant, theirs)).text == "Un mot."
    token = tenant.token("x:y:read", user_id=user_id)
    assert (await tenant.client.call(GetUnreadCount(), token=token)).total == 0
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(RetryEmail(email_id=failed))
    assert refusal.value.code.code == "PRECONDITION_FAILED"


async def test_who_has_not_signed_in_for_long_is_told_by_mail_once(
    running: Running, catcher: Catcher, day: datetime, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("issuer")
    async with IssuerServer(folder).serving() as issuer:
        with told_from_outside({"CRM_IDENTITY_ISSUER_URL": issuer.url}):
            someone, tenant = await founder(running, issuer)
            me = (await someone.call(GetMyProfile())).user
    await running.settled()
    notice = UserInactivityNoticed(
        user_id=me.user_id, organisation_name="Télécom", closes_on=day.date() + timedelta(days=14), closes_in_days=14
    )
    for _ in range(2):
        await running.state(notice, tenant.id, now=day)
    await running.settled()
    (sent,) = (await tenant.client.call(ListOutboundEmails(purpose="user.inactivity"))).items
    assert sent.status == "SENT"
    assert me.email is not None
    (caught,) = catcher.mails(me.email)
    assert "Télécom" in str(caught["Subject"])
    stranger = notice.model_copy(update={"user_id": new_id()})
    await running.state(stranger, tenant.id, now=day)
    await running.settled()
    assert len((await tenant.client.call(ListOutboundEmails(purpose="user.inactivity"))).items) == 1
