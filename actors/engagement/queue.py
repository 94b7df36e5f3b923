"""The rows of outgoing mail: how they change and how an attempt to send one is ordered."""

from typing import Any
from uuid import UUID

from sqlalchemy import select, true, update

from messages.engagement import EmailStatus, MailboxStatus
from messages.shared import Ref
from runtime.unit_of_work import Row, UnitOfWork, WorkItem
from storage.engagement.tables import mailbox, outbound_email

BATCH = 200


class SendMail(WorkItem):
    """One attempt to hand a mail to its relay."""

    email_id: UUID
    turn: int


async def change(row: Row | dict[str, Any], work: UnitOfWork, **changes: Any) -> dict[str, Any]:
    """Store changed columns and the next version; answers what changed."""
    changes |= {"version": row["version"] + 1, "updated_at": work.now, "updated_by": work.caller.principal}
    await work.execute(
        update(outbound_email)
        .where(outbound_email.c.organisation_id == work.organisation_id, outbound_email.c.id == row["id"])
        .values(**changes)
    )
    return changes


async def order_attempt(row: Row | dict[str, Any], work: UnitOfWork) -> dict[str, Any]:
    """Leave the next attempt to the workers."""
    turn = row["turn"] + 1
    work.order(SendMail(email_id=row["id"], turn=turn), key=f"{row['id']}:{turn}")
    return await change(row, work, status=EmailStatus.QUEUED, turn=turn, next_attempt_at=None)


async def order_due(work: UnitOfWork, *, mailbox_id: UUID | None = None) -> bool:
    """Order an attempt for each queued mail that is due and whose mailbox works; True when there are more."""
    statement = (
        select(outbound_email)
        .join(mailbox, mailbox.c.id == outbound_email.c.mailbox_id)
        .where(
            outbound_email.c.organisation_id == work.organisation_id,
            outbound_email.c.status == EmailStatus.QUEUED,
            outbound_email.c.next_attempt_at <= work.now,
            mailbox.c.status == MailboxStatus.CONNECTED,
            mailbox.c.id == mailbox_id if mailbox_id is not None else true(),
        )
        .order_by(outbound_email.c.next_attempt_at, outbound_email.c.id)
        .limit(BATCH)
        .with_for_update(of=outbound_email, skip_locked=True)
    )
    rows = await work.fetch(statement)
    for row in rows:
        await order_attempt(row, work)
    return len(rows) == BATCH


def reference_of(row: Row | dict[str, Any]) -> dict[str, Any]:
    """The fields of EmailRef."""
    return {
        "email_id": row["id"],
        "reference": reference_in(row),
        "purpose": row["purpose"],
        "category": row["category"],
        "client_id": row["client_id"],
    }


def reference_in(row: Row | dict[str, Any]) -> Ref | None:
    """What the mail is about."""
    if row["reference_id"] is None:
        return None
    return Ref(type=row["reference_type"], id=row["reference_id"])
