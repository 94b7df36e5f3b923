"""Mailboxes as accounts: signing in, what breaks them and what heals them."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from actors.engagement import queue
from actors.engagement.settings import EngagementSettings
from actors.engagement.smtp import relay
from messages.engagement import (
    MailboxConnected,
    MailboxDisconnected,
    MailboxOwner,
    MailboxStatus,
    SmtpSecurity,
)
from messages.values.identifiers import new_id
from runtime.keys import Keys
from runtime.unit_of_work import Row, UnitOfWork, WorkItem
from runtime.work_queue import Outside
from storage.engagement.tables import mailbox, mailbox_secret
from storage.shared.statements import render

RETEST_AFTER = timedelta(minutes=15)
_DOMAIN = "SECRETS"


class CheckMailbox(WorkItem):
    """Sign in at a mailbox's server once."""

    mailbox_id: UUID


def order_check(mailbox_id: UUID, work: UnitOfWork) -> None:
    """Have the account tried by a worker."""
    work.order(CheckMailbox(mailbox_id=mailbox_id), key=f"{mailbox_id}:{new_id()}")


async def encrypted_password(password: str, mailbox_id: UUID, work: UnitOfWork) -> bytes:
    """The stored form of a password."""
    return await work.keys.encrypt(
        password,
        organisation_id=work.organisation_id,
        domain=_DOMAIN,
        table="mailbox_secret",
        column="password",
        row_id=mailbox_id,
    )


async def account_of(row: Row, secret: bytes | None, keys: Keys) -> relay.Account:
    """Where and as whom to sign in, with the password in clear; it lives as long as the attempt."""
    password = None
    if secret is not None:
        password = await keys.decrypt(
            secret,
            organisation_id=row["organisation_id"],
            domain=_DOMAIN,
            table="mailbox_secret",
            column="password",
            row_id=row["id"],
        )
    return relay.Account(
        host=row["smtp_host"],
        port=row["smtp_port"],
        security=SmtpSecurity(row["smtp_security"]),
        username=row["username"],
        password=password,
        trusted=EngagementSettings().is_trusted_host(row["smtp_host"]),
    )


async def check_mailbox(item: CheckMailbox, outside: Outside) -> relay.Report | None:
    """Sign in and leave; None when the mailbox is gone."""
    statement = (
        select(mailbox, mailbox_secret.c.password)
        .join(mailbox_secret, mailbox_secret.c.mailbox_id == mailbox.c.id, isouter=True)
        .where(mailbox.c.organisation_id == outside.organisation_id, mailbox.c.id == item.mailbox_id)
    )
    sql, arguments = render(statement)
    async with outside.heart.database.transaction(outside.organisation_id, read_only=True) as connection:
        row = await connection.fetchrow(sql, *arguments)
    if row is None:
        return None
    return await relay.check(await account_of(row, row["password"], outside.heart.keys), row["email_address"])


async def mailbox_checked(item: CheckMailbox, report: relay.Report | None, work: UnitOfWork) -> None:
    """A mailbox that works sends what waited; one that does not is tried again after a while."""
    if report is None:
        return
    if report.outcome is not relay.Outcome.ANSWERED:
        code = "AUTH_FAILED" if report.outcome is relay.Outcome.AUTH_FAILED else "NETWORK"
        await mark_broken(item.mailbox_id, code, work)
        return
    row = await work.fetch_one(_for_update(item.mailbox_id, work))
    if row is None:
        return
    if row["status"] != MailboxStatus.CONNECTED:
        version = await change(row, work, status=MailboxStatus.CONNECTED, last_error_code=None, last_error_at=None)
        work.emit(MailboxConnected(mailbox_id=row["id"], **_owner(row)), version=version)
    await queue.order_due(work, mailbox_id=row["id"])


async def mark_broken(mailbox_id: UUID | None, code: str, work: UnitOfWork) -> None:
    """The account does not work: its mail waits. A refused login stays refused until somebody corrects it."""
    row = await work.fetch_one(_for_update(mailbox_id, work))
    if row is None:
        return
    version = await change(row, work, status=MailboxStatus.ERROR, last_error_code=code, last_error_at=work.now)
    if row["status"] == MailboxStatus.CONNECTED:
        work.emit(MailboxDisconnected(mailbox_id=row["id"], **_owner(row), reason=code), version=version)


async def change(row: Row, work: UnitOfWork, **changes: Any) -> int:
    """Store changed columns; the new version."""
    version: int = row["version"] + 1
    await work.execute(
        update(mailbox)
        .where(mailbox.c.organisation_id == work.organisation_id, mailbox.c.id == row["id"])
        .values(**changes, version=version, updated_at=work.now, updated_by=work.caller.principal)
    )
    return version


def _for_update(mailbox_id: UUID | None, work: UnitOfWork) -> Any:
    mine = mailbox.c.organisation_id == work.organisation_id
    return select(mailbox).where(mine, mailbox.c.id == mailbox_id).with_for_update()


def _owner(row: Row) -> dict[str, Any]:
    owner = MailboxOwner(row["owner_type"])
    return {"owner_type": owner, "owner_id": row["company_id"] or row["organisation_id"]}
