"""Accepts mails: renders, checks blocked addresses, stores the snapshot and orders its sending."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from sqlalchemy import or_, select, update
from sqlalchemy.dialects.postgresql import insert

from actors.engagement import queue
from actors.engagement.rules import delivery
from messages.engagement import (
    EmailCategory,
    EmailFailed,
    EmailStatus,
    MailboxStatus,
    RecipientKind,
    RecipientStatus,
    SuppressionReason,
)
from messages.shared import Ref
from messages.values.identifiers import new_id
from runtime.field_encryption import IndexKind
from runtime.unit_of_work import Row, UnitOfWork
from storage.engagement.tables import (
    mailbox,
    outbound_attachment,
    outbound_email,
    outbound_recipient,
    suppression_entry,
)

_CLIENT_PATIENCE = timedelta(hours=24)


class Attachment(BaseModel):
    """A stored document that goes with a mail."""

    model_config = ConfigDict(frozen=True)

    document_id: UUID
    filename: str | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """A mail ready to be stored."""

    purpose: str
    category: EmailCategory
    subject: str
    text: str
    html: str | None
    recipients: Sequence[tuple[RecipientKind, str]]
    attachments: Sequence[Attachment] = ()
    mailbox_id: UUID | None = None
    company_id: UUID | None = None
    client_id: UUID | None = None
    reference: Ref | None = None
    reply_to: str | None = None
    scheduled_at: datetime | None = None
    source_key: str | None = None
    is_automatic: bool = True
    refused: str | None = None


@dataclass(slots=True)
class Stored:
    """A stored mail with its recipients, as rows."""

    email: dict[str, Any]
    recipients: list[dict[str, Any]] = field(default_factory=list)


# -- every mail --------------------------------------------------------------------------------------------------


async def accept(draft: Draft, work: UnitOfWork) -> Stored | None:
    """Store a mail and order its sending; None when its source_key was accepted before.

    Without text, mailbox or address it is stored as FAILED and `email.failed` tells the orderer.
    """
    account = await mailbox_for(draft.mailbox_id, draft.company_id, work)
    recipients = await _recipient_rows(draft, work)
    row = _email_row(draft, account, work)
    statement = (
        insert(outbound_email).values(**row).on_conflict_do_nothing(index_elements=["organisation_id", "source_key"])
    )
    if not await work.execute(statement):
        return None
    for recipient in recipients:
        recipient["email_id"] = row["id"]
    await work.insert_rows(outbound_recipient, recipients)
    await work.insert_rows(outbound_attachment, _attachment_rows(draft, row["id"], work))
    stored = Stored(row, recipients)
    await _start(stored, account, draft.refused, work)
    return stored


async def _start(stored: Stored, account: Row | None, refused: str | None, work: UnitOfWork) -> None:
    row = stored.email
    work.record("email", row["id"], after={"purpose": row["purpose"], "category": row["category"], "version": 1})
    if refused is not None:
        await _fail_at_once(stored, refused, EmailStatus.FAILED, work)
    elif account is None or not stored.recipients:
        await _fail_at_once(stored, "NO_MAILBOX" if account is None else "NO_ADDRESS", EmailStatus.FAILED, work)
    elif all(recipient["status"] == RecipientStatus.SUPPRESSED for recipient in stored.recipients):
        await _fail_at_once(stored, "SUPPRESSED", EmailStatus.SUPPRESSED, work)
    elif row["status"] == EmailStatus.QUEUED and account["status"] == MailboxStatus.CONNECTED:
        row.update(await queue.order_attempt(row, work))


async def _fail_at_once(stored: Stored, code: str, status: EmailStatus, work: UnitOfWork) -> None:
    row = stored.email
    row.update(await queue.change(row, work, status=status, last_error_code=code, next_attempt_at=None))
    for address_hash in [recipient["address_hash"] for recipient in stored.recipients] or [""]:
        failed = EmailFailed(**queue.reference_of(row), address_hash=address_hash, error_code=code, at=work.now)
        work.emit(failed, version=row["version"])


async def mailbox_for(mailbox_id: UUID | None, company_id: UUID | None, work: UnitOfWork) -> Row | None:
    """The mailbox named, else the company's default, else the organisation's."""
    mine = mailbox.c.organisation_id == work.organisation_id
    if mailbox_id is not None:
        return await work.fetch_one(select(mailbox).where(mine, mailbox.c.id == mailbox_id))
    owners = or_(mailbox.c.company_id == company_id, mailbox.c.company_id.is_(None))
    return await work.fetch_one(
        select(mailbox)
        .where(mine, mailbox.c.is_default, owners)
        .order_by(mailbox.c.company_id.asc().nulls_last())
        .limit(1)
    )


def _email_row(draft: Draft, account: Row | None, work: UnitOfWork) -> dict[str, Any]:
    email_id = new_id()
    later = draft.scheduled_at is not None and draft.scheduled_at > work.now
    begins = draft.scheduled_at if later and draft.scheduled_at else work.now
    domain = account["email_address"].rpartition("@")[2] if account is not None else "crm.invalid"
    return {
        "id": email_id,
        "organisation_id": work.organisation_id,
        "version": 1,
        "created_at": work.now,
        "created_by": work.caller.principal,
        "updated_at": work.now,
        "updated_by": work.caller.principal,
        "mailbox_id": account["id"] if account is not None else None,
        "company_id": draft.company_id,
        "purpose": draft.purpose,
        "category": draft.category,
        "status": EmailStatus.SCHEDULED if later else EmailStatus.QUEUED,
        "subject": draft.subject,
        "html": draft.html,
        "text": draft.text,
        "reply_to": draft.reply_to,
        "reference_type": draft.reference.type if draft.reference else None,
        "reference_id": draft.reference.id if draft.reference else None,
        "client_id": draft.client_id,
        "rfc_message_id": f"<{email_id}@{domain}>",
        "at_most_once": delivery.must_not_be_repeated(draft.category),
        "is_automatic": draft.is_automatic,
        "scheduled_at": draft.scheduled_at,
        "expires_at": begins + delivery.expires_after(draft.category),
        "attachment_deadline": begins + delivery.ATTACHMENT_PATIENCE if draft.attachments else None,
        "attempts": 0,
        "turn": 0,
        "next_attempt_at": begins,
        "last_error_code": None,
        "last_error_text": None,
        "sent_at": None,
        "source_key": draft.source_key,
    }


async def _recipient_rows(draft: Draft, work: UnitOfWork) -> list[dict[str, Any]]:
    """One row per address (TO before CC before BCC); blocked ones are marked and never written to."""
    unique: dict[str, RecipientKind] = {}
    for kind, address in draft.recipients:
        unique.setdefault(address, kind)
    hashes = {address: work.keys.fingerprint(IndexKind.EMAIL, address) for address in unique}
    blocked = await blocked_hashes(list(hashes.values()), draft.category, work)
    return [
        {
            "id": new_id(),
            "organisation_id": work.organisation_id,
            "email_id": None,
            "kind": kind,
            "address": address,
            "address_hash": hashes[address],
            "status": RecipientStatus.SUPPRESSED if hashes[address] in blocked else RecipientStatus.PENDING,
        }
        for address, kind in unique.items()
    ]


async def blocked_hashes(hashes: list[str], category: EmailCategory, work: UnitOfWork) -> set[str]:
    """Which of these addresses a mail of that category may not be sent to."""
    rows = await work.fetch(
        select(suppression_entry.c.address_hash, suppression_entry.c.reason).where(
            suppression_entry.c.organisation_id == work.organisation_id,
            suppression_entry.c.address_hash.in_(hashes),
            or_(suppression_entry.c.expires_at.is_(None), suppression_entry.c.expires_at > work.now),
        )
    )
    return {row["address_hash"] for row in rows if delivery.is_blocked(SuppressionReason(row["reason"]), category)}


async def recipients_waiting_again(row: Row, work: UnitOfWork) -> list[Row]:
    """The recipients that a mail did not reach."""
    return await work.fetch(
        select(outbound_recipient).where(
            outbound_recipient.c.organisation_id == work.organisation_id,
            outbound_recipient.c.email_id == row["id"],
            outbound_recipient.c.status != RecipientStatus.SENT,
        )
    )


async def set_recipients(ids: list[UUID], status: RecipientStatus, work: UnitOfWork) -> None:
    """Give recipients a status."""
    await work.execute(
        update(outbound_recipient)
        .where(outbound_recipient.c.organisation_id == work.organisation_id, outbound_recipient.c.id.in_(ids))
        .values(status=status)
    )


def _attachment_rows(draft: Draft, email_id: UUID, work: UnitOfWork) -> list[dict[str, Any]]:
    unique = {attachment.document_id: attachment for attachment in draft.attachments}
    return [
        {
            "id": new_id(),
            "organisation_id": work.organisation_id,
            "email_id": email_id,
            "document_id": document_id,
            "filename": attachment.filename or "",
        }
        for document_id, attachment in unique.items()
    ]
