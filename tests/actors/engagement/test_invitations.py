"""engagement: invitations leave by mail with a link that works, and no table holds that link."""

import re
from datetime import datetime, timedelta
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg

from actors.engagement.smtp.catcher import Catcher
from messages.engagement import EmailStatus, GetOutboundEmail, ListOutboundEmails
from messages.identity import (
    CancelInvitation,
    CreateInvitation,
    Invitation,
    ListRoles,
    PreviewInvitation,
    ResendInvitation,
)
from tests.harness import Running, Tenant

LINK = re.compile(r"http://127\.0\.0\.1:8080/invitations/([\w-]+)")


async def invite(tenant: Tenant, address: str, **changes: object) -> Invitation:
    roles = (await tenant.client.call(ListRoles(limit=100))).items
    member = next(role.role_id for role in roles if role.code == "member")
    request = CreateInvitation.model_validate({"email": address, "role_ids": (member,), **changes})
    return await tenant.client.call(request)


def text_of(catcher: Catcher, address: str, number: int = 0) -> tuple[str, str]:
    """Plain text and HTML of a caught mail."""
    mail = catcher.mails(address)[number]
    plain, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None and html is not None
    return plain.get_content(), html.get_content()


async def previewed(tenant: Tenant, text: str) -> str:
    """What the link in a mail leads to."""
    found = LINK.search(text)
    assert found is not None, text
    return (await tenant.client.call(PreviewInvitation(token=found[1]))).organisation_name


async def test_an_invitation_reaches_its_address_with_a_link_that_works(
    running: Running, tenant: Tenant, catcher: Catcher
) -> None:
    address = f"invited-{uuid4().hex[:6]}@example.fr"
    invitation = await invite(tenant, address, message="À <bientôt> !")
    await running.settled()
    plain, html = text_of(catcher, address)
    assert (await previewed(tenant, plain)).startswith("Telecom Dupont")
    assert "À <bientôt> !" in plain and "À &lt;bientôt&gt; !" in html
    assert '<a href="http://127.0.0.1:8080/invitations/' in html
    [mail] = (await tenant.client.call(ListOutboundEmails(purpose="organisation.invitation"))).items
    assert mail.reference is not None
    assert (mail.status, mail.reference.type, mail.reference.id) == ("SENT", "invitation", invitation.invitation_id)
    assert urlsplit(LINK.search(plain)[0]).scheme == "http"  # type: ignore[index]


async def test_the_link_is_in_no_table_and_in_no_event(running: Running, tenant: Tenant, catcher: Catcher) -> None:
    address = f"secret-{uuid4().hex[:6]}@example.fr"
    await invite(tenant, address)
    await running.settled()
    found = LINK.search(text_of(catcher, address)[0])
    assert found is not None
    [(_, fact)] = await running.events("email.sent", tenant.id)
    assert found[1] not in str(fact)
    connection = await asyncpg.connect(running.database("engagement"))
    try:
        await connection.execute("select set_config('app.organisation_id', $1, false)", str(tenant.id))
        rows = await connection.fetch("select text, html from outbound_email where organisation_id = $1", tenant.id)
        assert rows and all(found[1] not in row["text"] + row["html"] for row in rows)
        items = await connection.fetch("select payload::text as payload from work_item")
        assert all(found[1] not in row["payload"] for row in items)
    finally:
        await connection.close()


async def test_sending_again_mails_the_new_link_and_the_old_one_is_dead(
    running: Running, tenant: Tenant, catcher: Catcher, day: datetime
) -> None:
    address = f"again-{uuid4().hex[:6]}@example.fr"
    tenant.client.now = day
    invitation = await invite(tenant, address)
    await running.settled()
    tenant.client.now = day + timedelta(minutes=11)
    await tenant.client.call(ResendInvitation(invitation_id=invitation.invitation_id))
    await running.settled()
    links = [LINK.search(text_of(catcher, address, number)[0]) for number in (0, 1)]
    assert links[0] is not None and links[1] is not None and links[0][1] != links[1][1]
    assert await previewed(tenant, links[1][0])


async def test_a_mail_whose_invitation_was_withdrawn_meanwhile_never_leaves(
    running: Running, tenant: Tenant, catcher: Catcher, day: datetime
) -> None:
    address = f"defer-1@{uuid4().hex[:6]}.example"
    tenant.client.now = day
    invitation = await invite(tenant, address)
    await running.settled()
    await tenant.client.call(CancelInvitation(invitation_id=invitation.invitation_id))
    await running.tick("minute", day + timedelta(minutes=1))
    [mail] = (await tenant.client.call(ListOutboundEmails(purpose="organisation.invitation"))).items
    read = await tenant.client.call(GetOutboundEmail(email_id=mail.id))
    assert (read.status, read.last_error_code) == (EmailStatus.FAILED, "INVITATION_CLOSED")
    assert catcher.mails(address) == []


async def test_the_other_organisation_sees_no_mail_of_it(running: Running, tenant: Tenant) -> None:
    other = await running.tenant("Assurance Martin")
    await invite(tenant, f"mine-{uuid4().hex[:6]}@example.fr")
    await running.settled()
    assert (await other.client.call(ListOutboundEmails())).items == ()
