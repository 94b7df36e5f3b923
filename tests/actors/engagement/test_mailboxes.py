"""engagement: SMTP accounts, their secrets, and what happens when they break."""

from pathlib import Path

import asyncpg
import pytest

from actors.engagement.smtp.catcher import Catcher
from messages.engagement import (
    CreateMailbox,
    GetMailbox,
    GetOutboundEmail,
    ListMailboxes,
    MailboxOwner,
    SendEmail,
    SetDefaultMailbox,
    SmtpSecurity,
    UpdateMailbox,
)
from messages.problem import Refused
from messages.values.identifiers import new_id
from tests.harness import Running, Tenant


def account(server: Catcher, **changes: object) -> CreateMailbox:
    fields: dict[str, object] = {
        "name": "Facturation",
        "email_address": "factures@dupont.example",
        "smtp_host": "127.0.0.1",
        "smtp_port": server.port,
        "smtp_security": SmtpSecurity.NONE,
        "username": "dupont",
        "password": "right",
    }
    return CreateMailbox.model_validate(fields | changes)


async def test_a_new_organisation_sends_through_the_operators_relay(tenant: Tenant) -> None:
    [mailbox] = (await tenant.client.call(ListMailboxes())).items
    assert (mailbox.owner_type, mailbox.status, mailbox.is_default) == ("ORGANISATION", "CONNECTED", True)
    assert mailbox.password.has_value is False


async def test_case_26_a_password_never_comes_out(running: Running, tenant: Tenant, catcher: Catcher) -> None:
    created = await tenant.client.call(account(catcher))
    assert "right" not in created.model_dump_json()
    assert created.password.has_value
    connection = await asyncpg.connect(running.database("engagement"))
    try:
        await connection.execute("select set_config('app.organisation_id', $1, false)", str(tenant.id))
        stored = await connection.fetchval("select password from mailbox_secret where mailbox_id = $1", created.id)
    finally:
        await connection.close()
    assert b"right" not in stored


async def test_a_wrong_password_holds_the_mail_until_it_is_corrected(
    running: Running, tenant: Tenant, tmp_path: Path
) -> None:
    async with Catcher(tmp_path, logins={"dupont": "right"}) as server:
        created = await tenant.client.call(account(server, password="wrong"))
        await running.settled()
        broken = await tenant.client.call(GetMailbox(mailbox_id=created.id))
        assert (broken.status, broken.last_error_code) == ("ERROR", "AUTH_FAILED")
        queued = await tenant.client.call(
            SendEmail(to=("a@example.fr",), subject="S", text="T", mailbox_id=created.id), key=str(new_id())
        )
        await running.settled()
        assert (await tenant.client.call(GetOutboundEmail(email_id=queued.email_id))).status == "QUEUED"
        await tenant.client.call(
            UpdateMailbox(mailbox_id=created.id, expected_version=broken.version, password="right")
        )
        await running.settled()
        assert (await tenant.client.call(GetMailbox(mailbox_id=created.id))).status == "CONNECTED"
        assert (await tenant.client.call(GetOutboundEmail(email_id=queued.email_id))).status == "SENT"
        assert len(server.mails("a@example.fr")) == 1
    connected = [fact["mailbox_id"] for _, fact in await running.events("mailbox.connected", tenant.id)]
    assert str(created.id) in connected


async def test_a_company_sends_from_its_own_mailbox(running: Running, tenant: Tenant, catcher: Catcher) -> None:
    await tenant.client.call(
        account(catcher, owner_type=MailboxOwner.COMPANY, company_id=tenant.company_id, password=None)
    )
    await running.settled()
    await tenant.client.call(
        SendEmail(to=("company@example.fr",), subject="S", text="T", company_id=tenant.company_id),
        key=str(new_id()),
    )
    await running.settled()
    [caught] = catcher.mails("company@example.fr")
    assert caught["From"] == "factures@dupont.example"


async def test_one_default_per_owner(tenant: Tenant, catcher: Catcher) -> None:
    second = await tenant.client.call(account(catcher))
    assert second.is_default is False
    assert (await tenant.client.call(SetDefaultMailbox(mailbox_id=second.id))).is_default
    defaults = [item.id for item in (await tenant.client.call(ListMailboxes())).items if item.is_default]
    assert defaults == [second.id]


@pytest.mark.parametrize("host", ["10.0.0.7", "192.168.1.1", "localhost", "169.254.169.254", "[::1]", "nats.internal"])
async def test_private_servers_are_refused(tenant: Tenant, catcher: Catcher, host: str) -> None:
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(account(catcher, smtp_host=host, smtp_security=SmtpSecurity.TLS))
    assert refusal.value.code.code == "HOST_NOT_ALLOWED"


async def test_the_same_address_twice_is_refused(tenant: Tenant, catcher: Catcher) -> None:
    await tenant.client.call(account(catcher))
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(account(catcher))
    assert refusal.value.code.code == "MAILBOX_DUPLICATE"


async def test_another_tenants_mailbox_is_not_found(tenant: Tenant, other_tenant: Tenant) -> None:
    [mailbox] = (await tenant.client.call(ListMailboxes())).items
    with pytest.raises(Refused) as refusal:
        await other_tenant.client.call(GetMailbox(mailbox_id=mailbox.id))
    assert refusal.value.code.code == "MAILBOX_NOT_FOUND"
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(GetMailbox(mailbox_id=mailbox.id), token=tenant.token("other:x:read"))
    assert refusal.value.code.code == "PERMISSION_MISSING"
