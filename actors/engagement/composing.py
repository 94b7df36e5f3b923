"""Accepts mails: renders, checks blocked addresses, stores the snapshot and orders its sending."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from actors.engagement import queue, templates
from actors.engagement.rules import delivery
from messages.clients import ContactKind, GetClient
from messages.engagement import (
    EmailCategory,
    EmailFailed,
    EmailStatus,
    MailboxStatus,
    RecipientKind,
    RecipientStatus,
    SuppressionReason,
)
from messages.problem import Refused
from messages.shared import Ref
from messages.values.identifiers import new_id
from runtime.field_encryption import IndexKind
from runtime.unit_of_work import Row, UnitOfWork, WorkItem
from runtime.work_queue import Outside
from storage.engagement.tables import (
    client_ref,
    company_ref,
    mailbox,
    outbound_attachment,
    outbound_email,
    outbound_recipient,
    suppression_entry,
    waiting_message,
)
from storage.projections import keep_newest
from storage.shared.statements import render

_CLIENT_PATIENCE = timedelta(hours=24)


class Attachment(BaseModel):
    """A stored document that goes with a mail."""

    model_config = ConfigDict(frozen=True)

    document_id: UUID
    filename: str | None = None


class ClientMail(BaseModel):
    """A mail from a template to the primary address of a client; kept as it is while the client is not known here."""

    model_config = ConfigDict(frozen=True)

    client_id: UUID
    template_key: str
    variables: dict[str, Any] = Field(default_factory=dict)
    source_key: str
    reference: Ref | None = None
    company_id: UUID | None = None
    locale: str | None = None
    category: EmailCategory | None = None
    attachments: tuple[Attachment, ...] = ()


class FindClient(WorkItem):
    """Ask clients for a client that a message is waiting for."""

    client_id: UUID


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


@dataclass(slots=True)
class Stored:
    """A stored mail with its recipients, as rows."""

    email: dict[str, Any]
    recipients: list[dict[str, Any]] = field(default_factory=list)


# -- mails that events order -------------------------------------------------------------------------------------


async def write_to_client(order: ClientMail, work: UnitOfWork) -> None:
    """Accept the mail now, or when the client is known; the same source_key is accepted once."""
    known = await work.fetch_one(
        select(client_ref).where(
            client_ref.c.organisation_id == work.organisation_id, client_ref.c.client_id == order.client_id
        )
    )
    if known is not None:
        await _write(order, known, work)
        return
    await work.execute(
        insert(waiting_message)
        .values(
            id=new_id(),
            organisation_id=work.organisation_id,
            client_id=order.client_id,
            source_key=order.source_key,
            message=order.model_dump(mode="json"),
            created_at=work.now,
        )
        .on_conflict_do_nothing()
    )
    work.order(FindClient(client_id=order.client_id), key=f"{order.client_id}:{order.source_key}")


async def release_waiting(client: Row, work: UnitOfWork) -> None:
    """Write the mails that waited for this client to become known."""
    rows = await work.fetch(
        delete(waiting_message)
        .where(
            waiting_message.c.organisation_id == work.organisation_id,
            waiting_message.c.client_id == client["client_id"],
        )
        .returning(waiting_message.c.message)
    )
    for row in rows:
        await _write(ClientMail.model_validate(row["message"]), client, work)


async def find_client(item: FindClient, outside: Outside) -> dict[str, Any] | None:
    """Ask the owner of clients, unless the client's own fact came meanwhile. No answer now is asked again each hour."""
    waiting = select(waiting_message.c.id).where(
        waiting_message.c.organisation_id == outside.organisation_id,
        waiting_message.c.client_id == item.client_id,
    )
    sql, arguments = render(waiting.limit(1))
    async with outside.heart.database.transaction(outside.organisation_id, read_only=True) as connection:
        if await connection.fetchval(sql, *arguments) is None:
            return None
    try:
        found = await outside.ask(GetClient(client_id=item.client_id))
    except Refused:
        return None
    emails = [point.value for point in found.contact_points if point.kind is ContactKind.EMAIL]
    return {
        "client_id": found.id,
        "display_name": found.display_name,
        "email": emails[0] if emails else None,
        "language": found.language,
        "company_id": found.company_id,
        "version": found.version,
    }


async def client_found(item: FindClient, found: dict[str, Any] | None, work: UnitOfWork) -> None:
    """Keep the client and write what waited for him."""
    if found is not None:
        await work.execute(keep_newest(client_ref, organisation_id=work.organisation_id, **found))
        await release_waiting(found, work)


async def ask_again(work: UnitOfWork) -> None:
    """Ask once more for the clients that messages wait for; after a day nobody knows them and their mails fail."""
    rows = await work.fetch(
        select(waiting_message.c.client_id, func.min(waiting_message.c.created_at).label("since"))
        .where(waiting_message.c.organisation_id == work.organisation_id)
        .group_by(waiting_message.c.client_id)
        .limit(queue.BATCH)
    )
    for row in rows:
        if row["since"] > work.now - _CLIENT_PATIENCE:
            key = f"{row['client_id']}:{work.now.isoformat()}"
            work.order(FindClient(client_id=row["client_id"]), key=key)
        else:
            nobody = {"display_name": "", "email": None, "language": "fr", "company_id": None}
            await release_waiting({"client_id": row["client_id"], **nobody}, work)


async def _write(order: ClientMail, client: Row, work: UnitOfWork) -> None:
    company_id = order.company_id or client["company_id"]
    mail = templates.render(
        order.template_key,
        order.locale or client["language"],
        {**order.variables, "client_name": client["display_name"]},
        company_name=await _company_name(company_id, work),
        strict=False,
    )
    draft = Draft(
        purpose=order.template_key,
        category=order.category or templates.category_of(order.template_key),
        subject=mail.subject,
        text=mail.text,
        html=mail.html,
        recipients=[(RecipientKind.TO, client["email"])] if client["email"] else [],
        attachments=order.attachments,
        company_id=company_id,
        client_id=order.client_id,
        reference=order.reference,
        source_key=order.source_key,
    )
    await accept(draft, work)


async def _company_name(company_id: UUID | None, work: UnitOfWork) -> str:
    name = await work.fetch_value(
        select(company_ref.c.name).where(
            company_ref.c.organisation_id == work.organisation_id, company_ref.c.company_id == company_id
        )
    )
    return name or ""


# -- every mail --------------------------------------------------------------------------------------------------


async def accept(draft: Draft, work: UnitOfWork) -> Stored | None:
    """Store a mail and order its sending; None when its source_key was accepted before.

    Without mailbox or address it is stored as FAILED and `email.failed` tells the orderer.
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
    await _start(stored, account, work)
    return stored


async def _start(stored: Stored, account: Row | None, work: UnitOfWork) -> None:
    row = stored.email
    work.record("email", row["id"], after={"purpose": row["purpose"], "category": row["category"], "version": 1})
    if account is None or not stored.recipients:
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
