"""What engagement does on time: mails that are due, that are too old, or whose outcome nobody knows; broken mailboxes."""

from typing import Any

from sqlalchemy import ColumnElement, select

from actors.engagement import accounts, addressing, composing, queue, settling, texting
from messages.engagement import EmailStatus, MailboxStatus, RecipientStatus
from runtime.actor import MORE, Moment
from runtime.unit_of_work import Row, UnitOfWork
from storage.engagement.tables import mailbox, outbound_email


async def send_due_mails(moment: Moment, work: UnitOfWork) -> object:
    """Expired mails fail, scheduled ones join the queue, uncertain ones are decided, due ones leave."""
    more = await _expire(work) + await _begin_scheduled(work) + await _decide_uncertain(work)
    ordered_all = await queue.order_due(work)
    return MORE if more or ordered_all else None


async def send_due_texts(moment: Moment, work: UnitOfWork) -> object:
    """Text messages whose hour has come leave; those nobody could send for a day fail."""
    return MORE if await texting.order_due(work) else None


async def ask_for_clients(moment: Moment, work: UnitOfWork) -> None:
    """Messages whose client is still unknown here."""
    await addressing.ask_again(work)


async def retry_mailboxes(moment: Moment, work: UnitOfWork) -> object:
    """A mailbox whose server was out of reach is tried again after a quarter of an hour."""
    rows = await work.fetch(
        select(mailbox)
        .where(
            mailbox.c.organisation_id == work.organisation_id,
            mailbox.c.status == MailboxStatus.ERROR,
            mailbox.c.last_error_code == "NETWORK",
            mailbox.c.last_error_at <= moment.as_of - accounts.RETEST_AFTER,
        )
        .limit(queue.BATCH)
    )
    for row in rows:
        accounts.order_check(row["id"], work)
    return None


async def _expire(work: UnitOfWork) -> int:
    rows = await _waiting((EmailStatus.QUEUED, EmailStatus.SCHEDULED), outbound_email.c.expires_at, work)
    for row in rows:
        await settling.fail(row, "EXPIRED", work)
    return int(len(rows) == queue.BATCH)


async def _begin_scheduled(work: UnitOfWork) -> int:
    rows = await _waiting((EmailStatus.SCHEDULED,), outbound_email.c.next_attempt_at, work)
    for row in rows:
        recipients = await settling.recipients_of(row, work)
        blocked = await composing.blocked_hashes([r["address_hash"] for r in recipients], row["category"], work)
        ids = [recipient["id"] for recipient in recipients if recipient["address_hash"] in blocked]
        if ids:
            await composing.set_recipients(ids, RecipientStatus.SUPPRESSED, work)
        if len(ids) == len(recipients):
            await settling.fail(row, "SUPPRESSED", work)
        else:
            await queue.change(row, work, status=EmailStatus.QUEUED)
    return int(len(rows) == queue.BATCH)


async def _decide_uncertain(work: UnitOfWork) -> int:
    """A mail that must not go twice fails, and a person decides; any other is sent again under the same Message-ID."""
    rows = await _waiting((EmailStatus.UNCERTAIN,), outbound_email.c.next_attempt_at, work)
    for row in rows:
        if row["at_most_once"]:
            await settling.fail(row, "DELIVERY_UNKNOWN", work)
        else:
            await queue.change(row, work, status=EmailStatus.QUEUED)
    return int(len(rows) == queue.BATCH)


async def _waiting(statuses: tuple[EmailStatus, ...], due: ColumnElement[Any], work: UnitOfWork) -> list[Row]:
    return await work.fetch(
        select(outbound_email)
        .where(
            outbound_email.c.organisation_id == work.organisation_id,
            outbound_email.c.status.in_(statuses),
            due <= work.now,
        )
        .order_by(outbound_email.c.id)
        .limit(queue.BATCH)
        .with_for_update(skip_locked=True)
    )
