"""Brings a letter to the provider and never twice: every step may be repeated after a crash.

The draft at the provider is found again by its custom id. `submit_begun` is stored before the call that cannot be taken
back; a cancellation before that wins, after that it is refused.
"""

import asyncio
import base64
import io
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

import pikepdf
from sqlalchemy import select, update

from actors.logistics import accounts, letters
from actors.logistics.letters import SubmitToProvider
from actors.logistics.maileva.client import MailevaClient
from actors.logistics.maileva.provider import PostalProvider, ProviderRefusedError, Sending
from actors.logistics.rules import letters as rules
from messages.documents import OpenContent
from messages.logistics import DOCUMENT_NOT_AVAILABLE, Envelope, LetterStatus, LetterSubmitted, Postage, PostalLines
from messages.problem import Refused
from messages.shared import LetterKind
from messages.values.identifiers import derived_id
from runtime.unit_of_work import Row, UnitOfWork
from runtime.work_queue import Outside
from storage.logistics.tables import letter
from storage.shared.statements import render

_BIGGEST_DOCUMENT = 20 * 1024 * 1024


class Result(StrEnum):
    """How a try ended. GONE: the letter is no longer to be submitted. WAITING: its document is not readable yet."""

    SUBMITTED = "SUBMITTED"
    WAITING = "WAITING"
    FAILED = "FAILED"
    GONE = "GONE"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the second transaction needs to know."""

    result: Result
    code: str = ""
    text: str = ""
    sending_id: str | None = None
    pages: int | None = None
    sheets: int | None = None
    envelope: Envelope | None = None


@dataclass(frozen=True, slots=True)
class _Print:
    pages: int
    sheets: int
    envelope: Envelope


def custom_id_of(row: Row) -> str:
    """The id of a letter's sending at the provider, 36 characters; a retry is another sending."""
    first = row["sending_no"] == 1
    return str(row["id"] if first else derived_id("letter", row["id"], row["sending_no"]))


async def submit_to_provider(item: SubmitToProvider, outside: Outside) -> Outcome:
    """One run through the steps; an exception means "repeat later", a result is final."""
    async with outside.heart.database.transaction(outside.organisation_id, read_only=True) as connection:
        row = await _load(item, outside, connection)
        found = await accounts.default_account(outside, connection) if row is not None else None
    if row is None:
        return Outcome(Result.GONE)
    if found is None:
        return Outcome(Result.FAILED, "NO_CARRIER_ACCOUNT", "the organisation has no account at the provider")
    try:
        filename, content = await _document(row["document_id"], outside)
        print_ = await asyncio.to_thread(_print_of, row, content)
    except Refused as refusal:
        final = refusal.code.code == "TOO_MANY_SHEETS" or refusal.details.get("final", False)
        code = refusal.code.code if final else "DOCUMENT_NOT_AVAILABLE"
        if not final and row["status"] == LetterStatus.SUBMITTING:
            raise  # the file was readable before a crash: begin again when documents answers
        return Outcome(Result.FAILED if final else Result.WAITING, code, str(refusal))
    claimed = await _set(item, outside, LetterStatus.WAITING_DOCUMENT, status=LetterStatus.SUBMITTING)
    if not claimed and row["status"] != LetterStatus.SUBMITTING:
        return Outcome(Result.GONE)
    async with MailevaClient(await accounts.opened(found, outside)) as provider:
        return await _hand_in(item, row, _sending(row, filename, content), print_, provider, outside)


async def submission_ended(item: SubmitToProvider, outcome: Outcome, work: UnitOfWork) -> None:
    """Store what became of the try."""
    row = await work.fetch_one(letters.for_update(work, letter.c.id == item.letter_id))
    if row is None or row["turn"] != item.turn:
        return
    match outcome.result:
        case Result.GONE:
            return
        case Result.WAITING:
            await letters.store(row, work, last_error_code=outcome.code, last_error_text=outcome.text[:500])
        case Result.FAILED:
            await letters.fail(row, outcome.code, outcome.text, work, submit_begun=False)
        case Result.SUBMITTED:
            produced_on = rules.production_day(work.now)
            country = row["recipient"]["country_code"]
            await letters.move(
                row,
                rules.LETTER.after("submitted", LetterStatus(row["status"])),
                work,
                fact=lambda fields: LetterSubmitted(**fields),
                provider_sending_id=outcome.sending_id,
                pages=outcome.pages,
                sheets=outcome.sheets,
                envelope=outcome.envelope,
                submitted_at=work.now,
                estimated_delivery_on=rules.estimated_delivery(produced_on, Postage(row["postage"]), country),
                next_poll_at=work.now + rules.FIRST_POLL,
                last_error_code=None,
                last_error_text=None,
            )


async def submission_gave_up(item: SubmitToProvider, error: Exception, work: UnitOfWork) -> None:
    """The provider could not be reached for hours; a person may retry. A submit of unknown outcome says so."""
    row = await work.fetch_one(letters.for_update(work, letter.c.id == item.letter_id))
    if row is not None and row["turn"] == item.turn:
        code = "SUBMISSION_UNKNOWN" if row["submit_begun"] else "PROVIDER_UNAVAILABLE"
        await letters.fail(row, code, repr(error), work)


# -- steps -------------------------------------------------------------------------------------------------------


async def _hand_in(
    item: SubmitToProvider, row: Row, sending: Sending, print_: _Print, provider: PostalProvider, outside: Outside
) -> Outcome:
    try:
        sending_id = await provider.prepare(sending)
        if await provider.status(sending.kind, sending_id) == "DRAFT":
            if not row["submit_begun"] and not await _set(item, outside, LetterStatus.SUBMITTING, submit_begun=True):
                await provider.discard(sending.kind, sending_id)
                return Outcome(Result.GONE)
            await provider.submit(sending.kind, sending_id)
    except ProviderRefusedError as refusal:
        return Outcome(Result.FAILED, refusal.code, refusal.text)
    return Outcome(
        Result.SUBMITTED,
        sending_id=sending_id,
        pages=print_.pages,
        sheets=print_.sheets,
        envelope=print_.envelope,
    )


async def _load(item: SubmitToProvider, outside: Outside, connection: Any) -> Row | None:
    statement = select(letter).where(
        letter.c.organisation_id == outside.organisation_id,
        letter.c.id == item.letter_id,
        letter.c.turn == item.turn,
        letter.c.status.in_([LetterStatus.WAITING_DOCUMENT, LetterStatus.SUBMITTING]),
    )
    sql, arguments = render(statement)
    row: Row | None = await connection.fetchrow(sql, *arguments)
    return row


async def _set(item: SubmitToProvider, outside: Outside, expected: LetterStatus, **changes: Any) -> bool:
    """Compare and set in a short transaction: False when the letter is not (any more) in that status."""
    sql, arguments = render(
        update(letter)
        .where(
            letter.c.organisation_id == outside.organisation_id,
            letter.c.id == item.letter_id,
            letter.c.turn == item.turn,
            letter.c.status == expected,
        )
        .values(**changes)
    )
    async with outside.heart.database.transaction(outside.organisation_id) as connection:
        return bool(await connection.execute(sql, *arguments) == "UPDATE 1")


async def _document(document_id: UUID, outside: Outside) -> tuple[str, bytes]:
    """Name and bytes of the PDF, fetched in parts; Refused while it is not readable, for good when it is too big."""
    content, offset = bytearray(), 0
    while True:
        part = await outside.ask(OpenContent(document_id=document_id, purpose="LETTER", offset=offset))
        if part.size > _BIGGEST_DOCUMENT:
            raise _unprintable("the document has more than 20 MiB; shorten it")
        content += base64.b64decode(part.content_base64)
        if part.next_offset is None:
            return part.filename, bytes(content)
        offset = part.next_offset


def _print_of(row: Row, content: bytes) -> _Print:
    """Pages, sheets and envelope of the PDF."""
    try:
        with pikepdf.open(io.BytesIO(content)) as pdf:
            pages = len(pdf.pages)
    except pikepdf.PdfError as error:
        raise _unprintable("the document is no readable PDF; store another one") from error
    if pages == 0:
        raise _unprintable("the document has no page; store another one")
    sheets = rules.sheets_of([pages], duplex=row["duplex"])
    envelope, _ = rules.envelope_for(LetterKind(row["kind"]), sheets)
    return _Print(pages, sheets, envelope)


def _unprintable(text: str) -> Refused:
    return Refused(DOCUMENT_NOT_AVAILABLE, text, details={"final": True})


def _sending(row: Row, filename: str, content: bytes) -> Sending:
    return Sending(
        custom_id=custom_id_of(row),
        name=str(row["id"]),
        kind=LetterKind(row["kind"]),
        postage=Postage(row["postage"]),
        colour=row["colour"],
        duplex=row["duplex"],
        recipient=PostalLines.model_validate(row["recipient"]),
        sender=PostalLines.model_validate(row["sender"]) if row["sender"] else None,
        filename=filename,
        content=content,
    )
