"""Text messages: accepted, held until their hour, handed to the operator, told to whoever ordered them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from actors.engagement.queue import BATCH, reference_in
from actors.engagement.rules import texts
from actors.engagement.settings import EngagementSettings
from actors.engagement.sms import gateway
from actors.engagement.sms.gateway import GatewayAnswer, GatewayOutcome
from messages.engagement import EmailCategory, SmsFailed, SmsSent, SmsStatus
from messages.shared import Ref
from messages.values.identifiers import new_id
from runtime.unit_of_work import Row, UnitOfWork, WorkItem
from runtime.work_queue import Outside
from storage.engagement.tables import sms_message
from storage.shared.statements import render

_TOO_OLD = timedelta(hours=24)


class SendText(WorkItem):
    """One attempt to hand a message to the operator."""

    sms_id: UUID
    turn: int


@dataclass(frozen=True, slots=True)
class Draft:
    """A text message ready to be stored; `refused` says why it can never leave."""

    purpose: str
    category: EmailCategory
    text: str
    phone: str | None
    client_id: UUID
    reference: Ref | None
    source_key: str
    refused: str | None = None


async def accept(draft: Draft, work: UnitOfWork) -> None:
    """Store a message and order its sending; the same source_key is accepted once.

    Without text, number or operator it is stored as FAILED and `sms.failed` tells the orderer.
    """
    text = texts.transliterated(draft.text)
    held = draft.category is EmailCategory.DUNNING
    row: dict[str, Any] = {
        "id": new_id(),
        "organisation_id": work.organisation_id,
        "version": 1,
        "created_at": work.now,
        "created_by": work.caller.principal,
        "updated_at": work.now,
        "updated_by": work.caller.principal,
        "purpose": draft.purpose,
        "category": draft.category,
        "status": SmsStatus.QUEUED,
        "phone": draft.phone,
        "text": text,
        "segments": texts.segments_of(text),
        "client_id": draft.client_id,
        "reference_type": draft.reference.type if draft.reference else None,
        "reference_id": draft.reference.id if draft.reference else None,
        "source_key": draft.source_key,
        "attempts": 0,
        "turn": 0,
        "next_attempt_at": texts.next_opening(work.now) if held else work.now,
        "last_error_code": None,
        "provider_message_id": None,
        "sent_at": None,
    }
    statement = insert(sms_message).values(**row)
    if not await work.execute(statement.on_conflict_do_nothing(index_elements=["organisation_id", "source_key"])):
        return
    work.record("sms", row["id"], after={"purpose": draft.purpose, "category": draft.category, "version": 1})
    code = draft.refused or ("NO_NUMBER" if draft.phone is None else None)
    if code is None and EngagementSettings().sms_url is None:
        code = "NO_GATEWAY"
    if code is not None:
        await _fail(row, code, work)
    elif row["next_attempt_at"] <= work.now:
        await _order(row, work)


async def order_due(work: UnitOfWork) -> bool:
    """Order an attempt for each message that is due; one that is a day old says what is no longer true. True for more."""
    rows = await work.fetch(
        select(sms_message)
        .where(
            sms_message.c.organisation_id == work.organisation_id,
            sms_message.c.status == SmsStatus.QUEUED,
            sms_message.c.next_attempt_at <= work.now,
        )
        .order_by(sms_message.c.next_attempt_at, sms_message.c.id)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    )
    for row in rows:
        if row["created_at"] + _TOO_OLD < row["next_attempt_at"] or row["next_attempt_at"] + _TOO_OLD < work.now:
            await _fail(row, "EXPIRED", work)
        else:
            await _order(row, work)
    return len(rows) == BATCH


async def _order(row: Mapping[str, Any], work: UnitOfWork) -> None:
    turn = row["turn"] + 1
    work.order(SendText(sms_id=row["id"], turn=turn), key=f"{row['id']}:{turn}")
    await _change(row, work, turn=turn, next_attempt_at=None)


async def send_text(item: SendText, outside: Outside) -> GatewayAnswer | None:
    """One call. The message's id is its key at the operator, so that a lost answer sends nothing twice."""
    statement = select(sms_message).where(
        sms_message.c.organisation_id == outside.organisation_id, sms_message.c.id == item.sms_id
    )
    sql, arguments = render(statement)
    async with outside.heart.database.transaction(outside.organisation_id, read_only=True) as connection:
        row = await connection.fetchrow(sql, *arguments)
    settings = EngagementSettings()
    if row is None or row["turn"] != item.turn or settings.sms_url is None:
        return None
    return await gateway.send(
        settings.sms_url,
        settings.sms_token.get_secret_value(),
        to=row["phone"],
        sender=settings.sms_sender,
        text=row["text"],
        key=str(row["id"]),
    )


async def text_attempted(item: SendText, answer: GatewayAnswer | None, work: UnitOfWork) -> None:
    """Store the operator's answer and say what became of the message."""
    row = await work.fetch_one(_for_update(item.sms_id, work))
    if answer is None or row is None or row["turn"] != item.turn or row["status"] != SmsStatus.QUEUED:
        return
    attempts = row["attempts"] + 1
    if answer.outcome is GatewayOutcome.ACCEPTED:
        found = {"status": SmsStatus.SENT, "attempts": attempts, "sent_at": work.now}
        version = await _change(row, work, **found, provider_message_id=answer.provider_id)
        work.emit(SmsSent(**_reference_of(row), segments=row["segments"]), version=version)
        return
    again = texts.next_attempt(attempts, work.now) if answer.outcome is GatewayOutcome.UNREACHABLE else None
    if again is None:
        await _fail({**row, "attempts": attempts}, answer.code or "REFUSED", work)
    else:
        await _change(row, work, attempts=attempts, next_attempt_at=again, last_error_code=answer.code)


async def text_gave_up(item: SendText, error: Exception, work: UnitOfWork) -> None:
    """The workers could not even try: the message is due again in an hour."""
    row = await work.fetch_one(_for_update(item.sms_id, work))
    if row is not None and row["turn"] == item.turn and row["status"] == SmsStatus.QUEUED:
        await _change(row, work, next_attempt_at=work.now + timedelta(hours=1), last_error_code="WORKER")


async def _fail(row: Mapping[str, Any], code: str, work: UnitOfWork) -> None:
    found = {"status": SmsStatus.FAILED, "attempts": row["attempts"], "next_attempt_at": None}
    version = await _change(row, work, **found, last_error_code=code)
    work.emit(SmsFailed(**_reference_of(row), error_code=code, at=work.now), version=version)


async def _change(row: Mapping[str, Any], work: UnitOfWork, **changes: Any) -> int:
    version: int = row["version"] + 1
    await work.execute(
        update(sms_message)
        .where(sms_message.c.organisation_id == work.organisation_id, sms_message.c.id == row["id"])
        .values(**changes, version=version, updated_at=work.now, updated_by=work.caller.principal)
    )
    return version


def _for_update(sms_id: UUID, work: UnitOfWork) -> Any:
    return (
        select(sms_message)
        .where(sms_message.c.organisation_id == work.organisation_id, sms_message.c.id == sms_id)
        .with_for_update()
    )


def _reference_of(row: Row | Mapping[str, Any]) -> dict[str, Any]:
    return {
        "sms_id": row["id"],
        "reference": reference_in(dict(row)),
        "purpose": row["purpose"],
        "category": row["category"],
        "client_id": row["client_id"],
    }
