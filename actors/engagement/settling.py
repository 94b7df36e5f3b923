"""What an attempt leaves behind: the mail's new status, its recipients, blocked addresses, and the facts about it."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from actors.engagement import accounts, queue
from actors.engagement.queue import SendMail
from actors.engagement.rules import delivery
from actors.engagement.sending import Attempt, AttemptOutcome
from actors.engagement.smtp.relay import Word
from messages.engagement import (
    BounceType,
    EmailBounced,
    EmailFailed,
    EmailSent,
    EmailStatus,
    HashedRecipient,
    RecipientStatus,
    SuppressionReason,
)
from messages.values.identifiers import new_id
from runtime.unit_of_work import Row, UnitOfWork
from storage.engagement.tables import delivery_attempt, outbound_email, outbound_recipient, suppression_entry

_NEXT_TRY_FOR_ATTACHMENTS = timedelta(minutes=1)
_DONE = (RecipientStatus.SENT, RecipientStatus.BOUNCED, RecipientStatus.FAILED, RecipientStatus.SUPPRESSED)


async def mail_attempted(item: SendMail, attempt: Attempt, work: UnitOfWork) -> None:
    """Store the result of an attempt and say what became of the mail."""
    row = await work.fetch_one(email_for_update(item.email_id, work))
    if row is None or row["turn"] != item.turn or attempt.outcome is AttemptOutcome.GONE:
        return
    match attempt.outcome:
        case AttemptOutcome.HELD:
            await queue.change(row, work, next_attempt_at=work.now)
        case AttemptOutcome.NO_ATTACHMENT:
            await _wait_for_attachment(row, attempt, work)
        case AttemptOutcome.OBSOLETE:
            await fail(row, "INVITATION_CLOSED", work, text=attempt.text)
        case AttemptOutcome.UNCERTAIN:
            await _note_attempt(row, attempt, work)
            await _settle_words(row, _words(attempt), work)
            await queue.change(
                row,
                work,
                status=EmailStatus.UNCERTAIN,
                attempts=row["attempts"] + 1,
                next_attempt_at=work.now + delivery.UNCERTAIN_FOR,
                last_error_code="UNCERTAIN",
                last_error_text=_text(attempt),
            )
        case AttemptOutcome.AUTH_FAILED:
            await _note_attempt(row, attempt, work)
            await queue.change(
                row, work, status=EmailStatus.QUEUED, next_attempt_at=work.now, last_error_code="AUTH_FAILED"
            )
            await accounts.mark_broken(row["mailbox_id"], "AUTH_FAILED", work)
        case _:
            await _note_attempt(row, attempt, work)
            await _settle_answers(row, attempt, work)


async def attempt_gave_up(item: SendMail, error: Exception, work: UnitOfWork) -> None:
    """The workers could not even try (a database out of reach for long): the mail is due again in an hour."""
    row = await work.fetch_one(email_for_update(item.email_id, work))
    if row is not None and row["turn"] == item.turn:
        await queue.change(row, work, next_attempt_at=work.now + timedelta(hours=1), last_error_text=repr(error)[:500])


def email_for_update(email_id: Any, work: UnitOfWork) -> Any:
    """The mail, locked."""
    return (
        select(outbound_email)
        .where(outbound_email.c.organisation_id == work.organisation_id, outbound_email.c.id == email_id)
        .with_for_update()
    )


async def recipients_of(row: Row, work: UnitOfWork) -> list[Row]:
    """The recipients of a mail in their order."""
    return await work.fetch(
        select(outbound_recipient)
        .where(outbound_recipient.c.organisation_id == work.organisation_id, outbound_recipient.c.email_id == row["id"])
        .order_by(outbound_recipient.c.id)
    )


async def fail(row: Row, code: str, work: UnitOfWork, *, text: str | None = None) -> None:
    """End a mail that reached nobody else, and tell the orderer for each recipient still waiting."""
    recipients = await recipients_of(row, work)
    reached = any(recipient["status"] == RecipientStatus.SENT for recipient in recipients)
    status = EmailStatus.PARTIALLY_SENT if reached else EmailStatus.FAILED
    after = await queue.change(
        row,
        work,
        status=status,
        next_attempt_at=None,
        last_error_code=code,
        last_error_text=text or row["last_error_text"],
    )
    waiting = [recipient for recipient in recipients if recipient["status"] not in _DONE]
    await work.execute(
        update(outbound_recipient)
        .where(
            outbound_recipient.c.organisation_id == work.organisation_id,
            outbound_recipient.c.id.in_([recipient["id"] for recipient in waiting]),
        )
        .values(status=RecipientStatus.FAILED)
    )
    for recipient in waiting:
        failed = EmailFailed(
            **queue.reference_of(row), address_hash=recipient["address_hash"], error_code=code, at=work.now
        )
        work.emit(failed, version=after["version"])


async def _wait_for_attachment(row: Row, attempt: Attempt, work: UnitOfWork) -> None:
    if row["attachment_deadline"] is not None and work.now >= row["attachment_deadline"]:
        await fail(row, "ATTACHMENT_NOT_CLEAN", work, text=attempt.text)
        return
    await queue.change(
        row,
        work,
        next_attempt_at=work.now + _NEXT_TRY_FOR_ATTACHMENTS,
        last_error_code="ATTACHMENT_NOT_CLEAN",
        last_error_text=attempt.text,
    )


async def _settle_answers(row: Row, attempt: Attempt, work: UnitOfWork) -> None:
    words = _words(attempt)
    await _settle_words(row, words, work)
    recipients = await recipients_of(row, work)
    statuses = [RecipientStatus(recipient["status"]) for recipient in recipients]
    attempts = row["attempts"] + 1
    status = delivery.status_of(statuses)
    again = delivery.next_attempt(attempts, work.now) if status is EmailStatus.QUEUED else None
    changes: dict[str, Any] = {"status": status, "attempts": attempts, "next_attempt_at": again}
    if attempt.outcome is AttemptOutcome.NETWORK or status not in (EmailStatus.SENT, EmailStatus.PARTIALLY_SENT):
        changes |= {"last_error_code": _code(attempt, words), "last_error_text": _text(attempt)}
    if any(word.status is RecipientStatus.SENT for word in words):
        changes["sent_at"] = work.now
    row = {**row, **await queue.change(row, work, **changes)}
    await _tell(row, recipients, words, work)
    if status is EmailStatus.QUEUED and again is None:
        await fail(row, "RETRIES_EXHAUSTED", work)


async def _tell(row: Row, recipients: Sequence[Row], words: Sequence[Word], work: UnitOfWork) -> None:
    """`email.sent` once the relay took it for somebody; one fact per recipient that is lost."""
    hashes = {recipient["address"]: recipient["address_hash"] for recipient in recipients}
    reference = queue.reference_of(row)
    if any(word.status is RecipientStatus.SENT for word in words):
        work.emit(
            EmailSent(
                **reference,
                mailbox_id=row["mailbox_id"],
                recipients=tuple(
                    HashedRecipient(address_hash=recipient["address_hash"], status=recipient["status"])
                    for recipient in recipients
                ),
                sent_at=work.now,
                rfc_message_id=row["rfc_message_id"],
            ),
            version=row["version"],
        )
    for word in words:
        if word.status is RecipientStatus.BOUNCED and word.bounce is not None:
            bounced = EmailBounced(
                **reference,
                address_hash=hashes[word.address],
                bounce_type=word.bounce,
                enhanced_code=delivery.enhanced_code_of(word.text),
                at=work.now,
            )
            work.emit(bounced, version=row["version"])
        elif word.status is RecipientStatus.FAILED:
            failed = EmailFailed(**reference, address_hash=hashes[word.address], error_code="REFUSED", at=work.now)
            work.emit(failed, version=row["version"])


async def _settle_words(row: Row, words: Sequence[Word], work: UnitOfWork) -> None:
    for word in words:
        await work.execute(
            update(outbound_recipient)
            .where(
                outbound_recipient.c.organisation_id == work.organisation_id,
                outbound_recipient.c.email_id == row["id"],
                outbound_recipient.c.address == word.address,
            )
            .values(
                status=word.status,
                bounce_type=word.bounce,
                smtp_code=word.code,
                enhanced_code=delivery.enhanced_code_of(word.text),
                diagnostic=word.text or None,
            )
        )
        if word.bounce is BounceType.HARD:
            await _block(row, word, SuppressionReason.HARD_BOUNCE, None, work)
        elif word.bounce is BounceType.SOFT and await _is_full_for_long(word, work):
            await _block(row, word, SuppressionReason.SOFT_BOUNCE_LIMIT, work.now + delivery.SOFT_BOUNCE_REST, work)


async def _is_full_for_long(word: Word, work: UnitOfWork) -> bool:
    """Whether the last mails to an address all met a full mailbox."""
    latest = await work.fetch(
        select(outbound_recipient.c.bounce_type)
        .join(outbound_email, outbound_email.c.id == outbound_recipient.c.email_id)
        .where(
            outbound_recipient.c.organisation_id == work.organisation_id,
            outbound_recipient.c.address == word.address,
            outbound_recipient.c.status.in_([RecipientStatus.SENT, RecipientStatus.BOUNCED]),
            outbound_email.c.created_at > work.now - delivery.SOFT_BOUNCE_WINDOW,
        )
        .order_by(outbound_email.c.created_at.desc())
        .limit(delivery.SOFT_BOUNCE_LIMIT)
    )
    return len(latest) == delivery.SOFT_BOUNCE_LIMIT and all(
        found["bounce_type"] == BounceType.SOFT for found in latest
    )


async def _block(row: Row, word: Word, reason: SuppressionReason, until: Any, work: UnitOfWork) -> None:
    address_hash = select(outbound_recipient.c.address_hash).where(
        outbound_recipient.c.organisation_id == work.organisation_id,
        outbound_recipient.c.email_id == row["id"],
        outbound_recipient.c.address == word.address,
    )
    statement = insert(suppression_entry).values(
        id=new_id(),
        organisation_id=work.organisation_id,
        address=word.address,
        address_hash=await work.fetch_value(address_hash),
        reason=reason,
        expires_at=until,
        source_email_id=row["id"],
        created_at=work.now,
    )
    await work.execute(
        statement.on_conflict_do_update(
            index_elements=["organisation_id", "address_hash", "reason"],
            set_={"expires_at": statement.excluded.expires_at},
        )
    )


async def _note_attempt(row: Row, attempt: Attempt, work: UnitOfWork) -> None:
    number = await work.fetch_value(
        select(func.count()).where(
            delivery_attempt.c.organisation_id == work.organisation_id, delivery_attempt.c.email_id == row["id"]
        )
    )
    await work.insert(
        delivery_attempt,
        id=new_id(),
        organisation_id=work.organisation_id,
        email_id=row["id"],
        number=number + 1,
        finished_at=work.now,
        outcome=attempt.outcome,
        smtp_code=attempt.report.code if attempt.report else None,
        detail=_text(attempt),
    )


def _words(attempt: Attempt) -> Sequence[Word]:
    return attempt.report.recipients if attempt.report else ()


def _text(attempt: Attempt) -> str | None:
    return (attempt.text or (attempt.report.text if attempt.report else "")) or None


def _code(attempt: Attempt, words: Sequence[Word]) -> str:
    if attempt.outcome is AttemptOutcome.NETWORK:
        return "NETWORK"
    refused = [word for word in words if word.status is not RecipientStatus.SENT]
    return f"SMTP_{refused[0].code}" if refused else "REFUSED"
