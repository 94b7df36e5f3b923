"""The slow side of a mail: one work item is one attempt to hand it to the relay.

An attempt claims its mail (QUEUED -> SENDING) in a short transaction just before it speaks to the relay. One that finds its
own claim already made was lost on the way: nobody knows whether the mail left, so it is never simply repeated.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import PurePath
from typing import Any

from sqlalchemy import select, update

from actors.engagement import invitations
from actors.engagement.accounts import account_of
from actors.engagement.queue import SendMail
from actors.engagement.smtp import message as mime
from actors.engagement.smtp import relay
from messages.documents import OpenContent
from messages.engagement import EmailStatus, MailboxStatus, RecipientKind, RecipientStatus
from messages.problem import Refused
from runtime.unit_of_work import Row
from runtime.work_queue import Outside
from storage.engagement.tables import mailbox, mailbox_secret, outbound_attachment, outbound_email, outbound_recipient
from storage.shared.statements import render

_LARGEST_ATTACHMENT = 10 * 1024 * 1024
_WAITING = (RecipientStatus.PENDING, RecipientStatus.DEFERRED)


class AttemptOutcome(StrEnum):
    """How an attempt ended. HELD: nothing was tried, its mailbox does not work now. GONE: the mail no longer waits.

    OBSOLETE: what it invites to is no longer offered.
    """

    ANSWERED = "ANSWERED"
    NETWORK = "NETWORK"
    AUTH_FAILED = "AUTH_FAILED"
    UNCERTAIN = "UNCERTAIN"
    NO_ATTACHMENT = "NO_ATTACHMENT"
    HELD = "HELD"
    GONE = "GONE"
    OBSOLETE = "OBSOLETE"


@dataclass(frozen=True, slots=True)
class Attempt:
    """The result of one attempt, as the second transaction needs it."""

    outcome: AttemptOutcome
    report: relay.Report | None = None
    text: str = ""


@dataclass(slots=True)
class _Letter:
    email: Row
    account: Row
    secret: bytes | None
    recipients: Sequence[Row]
    attachments: Sequence[Row]
    files: list[mime.File] = field(default_factory=list)


async def send_mail(item: SendMail, outside: Outside) -> Attempt:
    """One attempt. Faults of the outside world are results, so that only a lost worker repeats an attempt."""
    letter = await _load(item, outside)
    if isinstance(letter, Attempt):
        return letter
    try:
        for attachment in letter.attachments:
            letter.files.append(await _file(attachment, outside))
    except Refused as refusal:
        return Attempt(AttemptOutcome.NO_ATTACHMENT, text=str(refusal)[:500])
    if letter.email["purpose"] == invitations.PURPOSE:
        try:
            letter.email = await invitations.with_link(letter.email, outside)
        except Refused as refusal:
            outcome = AttemptOutcome.NETWORK if refusal.code.retriable else AttemptOutcome.OBSOLETE
            return Attempt(outcome, text=str(refusal)[:500])
    account = await account_of(letter.account, letter.secret, outside.heart.keys)
    if not await _claim(item, outside):
        return Attempt(AttemptOutcome.GONE)
    sender = letter.account["email_address"]
    addresses = [recipient["address"] for recipient in letter.recipients if recipient["status"] in _WAITING]
    report = await relay.deliver(account, sender, addresses, _bytes_of(letter, outside.now))
    return Attempt(AttemptOutcome(report.outcome.value), report)


async def _load(item: SendMail, outside: Outside) -> _Letter | Attempt:
    mine = outbound_email.c.organisation_id == outside.organisation_id
    async with outside.heart.database.transaction(outside.organisation_id, read_only=True) as connection:
        email = await _one(connection, select(outbound_email).where(mine, outbound_email.c.id == item.email_id))
        if email is None or email["turn"] != item.turn:
            return Attempt(AttemptOutcome.GONE)
        if email["status"] == EmailStatus.SENDING:
            return Attempt(
                AttemptOutcome.UNCERTAIN, text="the worker of an earlier attempt was lost while it was sending"
            )
        if email["status"] != EmailStatus.QUEUED:
            return Attempt(AttemptOutcome.GONE)
        account = await _one(connection, select(mailbox).where(mailbox.c.id == email["mailbox_id"]))
        if account is None or account["status"] != MailboxStatus.CONNECTED:
            return Attempt(AttemptOutcome.HELD)
        secret = await _one(connection, select(mailbox_secret).where(mailbox_secret.c.mailbox_id == account["id"]))
        recipients = await _all(connection, _belonging(outbound_recipient, email))
        attachments = await _all(connection, _belonging(outbound_attachment, email))
    return _Letter(email, account, secret["password"] if secret else None, recipients, attachments)


async def _claim(item: SendMail, outside: Outside) -> bool:
    sql, arguments = render(
        update(outbound_email)
        .where(
            outbound_email.c.organisation_id == outside.organisation_id,
            outbound_email.c.id == item.email_id,
            outbound_email.c.turn == item.turn,
            outbound_email.c.status == EmailStatus.QUEUED,
        )
        .values(status=EmailStatus.SENDING)
    )
    async with outside.heart.database.transaction(outside.organisation_id) as connection:
        return bool(await connection.execute(sql, *arguments) == "UPDATE 1")


async def _file(attachment: Row, outside: Outside) -> mime.File:
    """The bytes of a document, fetched in parts; Refused while it is not there or not clean."""
    content, offset = bytearray(), 0
    while True:
        part = await outside.ask(
            OpenContent(document_id=attachment["document_id"], purpose="EMAIL_ATTACHMENT", offset=offset)
        )
        content += base64.b64decode(part.content_base64)
        if part.next_offset is None or len(content) > _LARGEST_ATTACHMENT:
            break
        offset = part.next_offset
    name = attachment["filename"] or part.filename
    if attachment["filename"] and not PurePath(name).suffix:
        name += PurePath(part.filename).suffix
    return mime.File(name, part.mime, bytes(content))


def _bytes_of(letter: _Letter, now: datetime) -> bytes:
    def named(kind: RecipientKind) -> list[str]:
        return [recipient["address"] for recipient in letter.recipients if recipient["kind"] == kind]

    email, account = letter.email, letter.account
    letterhead = mime.Letterhead(
        email_id=str(email["id"]),
        message_id=email["rfc_message_id"],
        subject=email["subject"],
        sender=account["email_address"],
        sender_name=account["display_name"],
        to=named(RecipientKind.TO),
        cc=named(RecipientKind.CC),
        reply_to=email["reply_to"],
        date=now,
        is_automatic=email["is_automatic"],
    )
    return mime.build(letterhead, email["text"], email["html"], letter.files)


def _belonging(table: Any, email: Row) -> Any:
    return (
        select(table)
        .where(table.c.organisation_id == email["organisation_id"], table.c.email_id == email["id"])
        .order_by(table.c.id)
    )


async def _one(connection: Any, statement: Any) -> Row | None:
    sql, arguments = render(statement)
    found: Row | None = await connection.fetchrow(sql, *arguments)
    return found


async def _all(connection: Any, statement: Any) -> Sequence[Row]:
    sql, arguments = render(statement)
    found: Sequence[Row] = await connection.fetch(sql, *arguments)
    return found
