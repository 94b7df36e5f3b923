"""Asks the provider how letters under way are doing; what it says moves them on, never back."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from actors.logistics import accounts, letters, progress
from actors.logistics.maileva.client import MailevaClient
from actors.logistics.maileva.provider import PostalReport
from actors.logistics.rules import letters as rules
from actors.logistics.rules import postal
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


async def poll_letter(item: PollLetter, outside: Outside) -> PostalReport | None:
    """What the provider says; None when there is nothing to ask for."""
    sql, arguments = render(
        select(letter).where(letter.c.organisation_id == outside.organisation_id, letter.c.id == item.letter_id)
    )
    async with outside.heart.database.transaction(outside.organisation_id, read_only=True) as connection:
        row = await connection.fetchrow(sql, *arguments)
        found = await accounts.default_account(outside, connection)
    if row is None or row["provider_sending_id"] is None or found is None:
        return None
    async with MailevaClient(await accounts.opened(found, outside)) as provider:
        return await provider.report(LetterKind(row["kind"]), row["provider_sending_id"])


async def letter_polled(item: PollLetter, report: PostalReport | None, work: UnitOfWork) -> None:
    """Move the letter through every step it has passed, and look again later."""
    row = await work.fetch_one(letters.for_update(work, letter.c.id == item.letter_id))
    if row is None:
        return
    target = rules.next_status(LetterStatus(row["status"]), report.status) if report is not None else None
    if target is LetterStatus.REJECTED:
        await _reject(row, work)
        return
    if target is not None:
        for status in _WAY[_WAY.index(LetterStatus(row["status"])) + 1 : _WAY.index(target) + 1]:
            row = await _step(row, status, work)
    if report is not None and row["posted_at"] is not None:
        row = await progress.follow(row, report, work)
    await _look_again(row, work)


async def poll_gave_up(item: PollLetter, error: Exception, work: UnitOfWork) -> None:
    """The provider did not answer: ask again at the usual time."""
    row = await work.fetch_one(letters.for_update(work, letter.c.id == item.letter_id))
    if row is not None and row["submitted_at"] is not None:
        await _look_again(row, work)


async def _look_again(row: Row, work: UnitOfWork) -> None:
    due = postal.next_poll(
        LetterKind(row["kind"]),
        LetterStatus(row["status"]),
        work.now,
        posted_at=row["posted_at"],
        delivered_at=row["delivered_at"],
        lacks_proof=await progress.lacks_proof(row, work),
    )
    await letters.store(row, work, next_poll_at=due)


async def _reject(row: Row, work: UnitOfWork) -> None:
    await letters.move(
        row,
        LetterStatus.REJECTED,
        work,
        reason="REJECTED",
        fact=lambda fields: LetterRejected(**fields, reason="REJECTED"),
        next_poll_at=None,
        last_error_code="REJECTED",
    )


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
