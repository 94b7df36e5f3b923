"""Asks the provider how letters under way are doing; what it says moves them on, never back."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from actors.logistics import accounts, letters
from actors.logistics.maileva.client import MailevaClient
from actors.logistics.rules import letters as rules
from messages.base import Event
from messages.logistics import LetterAccepted, LetterPosted, LetterRejected, LetterStatus
from messages.shared import LetterKind
from runtime.unit_of_work import Row, UnitOfWork, WorkItem
from runtime.work_queue import Outside
from storage.logistics.tables import letter
from storage.shared.statements import render

_WAY = (LetterStatus.SUBMITTED, LetterStatus.ACCEPTED, LetterStatus.IN_PRODUCTION, LetterStatus.POSTED)


class PollLetter(WorkItem):
    """Read a letter's status at the provider."""

    letter_id: UUID


async def poll_letter(item: PollLetter, outside: Outside) -> str | None:
    """The provider's word; None when there is nothing to ask for."""
    sql, arguments = render(
        select(letter).where(letter.c.organisation_id == outside.organisation_id, letter.c.id == item.letter_id)
    )
    async with outside.heart.database.transaction(outside.organisation_id, read_only=True) as connection:
        row = await connection.fetchrow(sql, *arguments)
        found = await accounts.default_account(outside, connection)
    if row is None or row["provider_sending_id"] is None or found is None:
        return None
    async with MailevaClient(await accounts.opened(found, outside)) as provider:
        return await provider.status(LetterKind(row["kind"]), row["provider_sending_id"])


async def letter_polled(item: PollLetter, word: str | None, work: UnitOfWork) -> None:
    """Move the letter through every step it has passed, and look again later."""
    row = await work.fetch_one(letters.for_update(work, letter.c.id == item.letter_id))
    if row is None:
        return
    target = rules.next_status(LetterStatus(row["status"]), word) if word is not None else None
    if target is LetterStatus.REJECTED:
        await letters.move(
            row,
            target,
            work,
            reason="REJECTED",
            fact=lambda fields: LetterRejected(**fields, reason="REJECTED"),
            next_poll_at=None,
            last_error_code="REJECTED",
        )
        return
    if target is not None:
        for status in _WAY[_WAY.index(LetterStatus(row["status"])) + 1 : _WAY.index(target) + 1]:
            row = await _step(row, status, work)
    is_over = row["status"] == LetterStatus.POSTED
    await letters.store(row, work, next_poll_at=None if is_over else work.now + rules.POLL_EVERY)


async def poll_gave_up(item: PollLetter, error: Exception, work: UnitOfWork) -> None:
    """The provider did not answer: ask again at the usual time."""
    row = await work.fetch_one(letters.for_update(work, letter.c.id == item.letter_id))
    if row is not None and row["status"] in _WAY[:-1]:
        await letters.store(row, work, next_poll_at=work.now + rules.POLL_EVERY)


async def _step(row: Row, status: LetterStatus, work: UnitOfWork) -> dict[str, Any]:
    def accepted(fields: dict[str, Any]) -> Event:
        return LetterAccepted(**fields)

    def posted(fields: dict[str, Any]) -> Event:
        return LetterPosted(**fields, posted_at=work.now)

    match status:
        case LetterStatus.ACCEPTED:
            return await letters.move(row, status, work, fact=accepted, accepted_at=work.now)
        case LetterStatus.POSTED:
            return await letters.move(row, status, work, fact=posted, posted_at=work.now)
        case _:
            return await letters.move(row, status, work)
