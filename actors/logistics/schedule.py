"""What logistics does on time: letters under way are asked after, those whose document never came fail."""

from datetime import timedelta

from sqlalchemy import delete

from actors.logistics import letters
from actors.logistics.polling import PollLetter
from messages.logistics import LetterStatus
from runtime.actor import MORE, Moment
from runtime.unit_of_work import UnitOfWork
from storage.logistics.tables import letter, rendered_document

_BATCH = 200
_KEPT_FOR = timedelta(hours=24)


async def poll_letters(moment: Moment, work: UnitOfWork) -> object:
    """Ask after the letters that are due."""
    due = letters.for_update(work, letter.c.next_poll_at <= moment.as_of)
    rows = await work.fetch(due.order_by(letter.c.next_poll_at, letter.c.id).limit(_BATCH))
    for row in rows:
        await letters.store(row, work, next_poll_at=None)
        work.order(PollLetter(letter_id=row["id"]), key=f"{row['id']}:{moment.as_of.isoformat()}")
    return MORE if len(rows) == _BATCH else None


async def try_documents_again(moment: Moment, work: UnitOfWork) -> None:
    """A document may have become readable while its owner was stopped: look again."""
    waiting = letters.for_update(
        work, letter.c.status == LetterStatus.WAITING_DOCUMENT, letter.c.document_id.is_not(None)
    )
    for row in await work.fetch(waiting.order_by(letter.c.id).limit(_BATCH)):
        await letters.order(row, work)


async def give_up_waiting(moment: Moment, work: UnitOfWork) -> object:
    """A document that is not there after a day will not come; files nobody ordered a letter for are forgotten."""
    late = letters.for_update(
        work, letter.c.status == LetterStatus.WAITING_DOCUMENT, letter.c.document_deadline <= moment.as_of
    )
    rows = await work.fetch(late.order_by(letter.c.id).limit(_BATCH))
    for row in rows:
        await letters.fail(row, "DOCUMENT_NOT_AVAILABLE", "the document was not readable within 24 hours", work)
    await work.execute(
        delete(rendered_document).where(
            rendered_document.c.organisation_id == work.organisation_id,
            rendered_document.c.created_at <= moment.as_of - _KEPT_FOR,
        )
    )
    return MORE if len(rows) == _BATCH else None
