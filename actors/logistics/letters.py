"""How letters come to life and change, whoever wants it: a person, another actor's fact or the provider."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert

from actors.logistics import views
from actors.logistics.rules import addresses, letters
from messages.base import Event
from messages.logistics import (
    LetterCancelled,
    LetterCreated,
    LetterFailed,
    LetterPurpose,
    LetterStatus,
    LetterStatusChanged,
    Postage,
    PostalLines,
)
from messages.problem import Refused
from messages.shared import LetterKind
from messages.values.addresses import Address
from messages.values.identifiers import new_id
from runtime.unit_of_work import Row, UnitOfWork, WorkItem
from storage.logistics.tables import company_ref, letter, letter_number_block, rendered_document


class SubmitToProvider(WorkItem):
    """Bring a letter to the provider, from its document to the order."""

    letter_id: UUID
    turn: int


@dataclass(frozen=True, slots=True)
class LetterDraft:
    """A letter to be written. The same source_key makes one letter only."""

    kind: LetterKind
    purpose: LetterPurpose
    company_id: UUID
    recipient: PostalLines
    client_id: UUID | None = None
    contract_id: UUID | None = None
    invoice_id: UUID | None = None
    request_id: UUID | None = None
    document_id: UUID | None = None
    postage: Postage | None = None
    colour: bool = False
    duplex: bool = True
    source_key: str | None = None


async def create(draft: LetterDraft, work: UnitOfWork) -> dict[str, Any] | None:
    """Store a letter and tell everybody; None when its source_key made one before."""
    row = await _row_of(draft, work)
    statement = insert(letter).values(**row).on_conflict_do_nothing(index_elements=["organisation_id", "source_key"])
    if not await work.execute(statement):
        return None
    work.emit(LetterCreated(**views.reference_of(row)), version=1)
    return row


async def submit(row: Row, work: UnitOfWork, *, trigger: str = "submit") -> dict[str, Any]:
    """Hand it to the workers; it waits for its document first."""
    status = letters.LETTER.after(trigger, LetterStatus(row["status"]))
    changes: dict[str, Any] = {
        "document_deadline": work.now + letters.DOCUMENT_PATIENCE,
        "last_error_code": None,
        "last_error_text": None,
    }
    if trigger == "retry":
        changes |= {"sending_no": row["sending_no"] + 1, "provider_sending_id": None, "submit_begun": False}
    after = await move(row, status, work, **changes)
    if after["document_id"] is None:
        return await _take_rendered(after, work)
    return await order(after, work)


async def order(row: Row, work: UnitOfWork) -> dict[str, Any]:
    """Leave the next try to the workers."""
    turn = row["turn"] + 1
    await store(row, work, turn=turn)
    work.order(SubmitToProvider(letter_id=row["id"], turn=turn), key=f"{row['id']}:{turn}")
    return {**row, "turn": turn}


async def cancel(row: Row, reason: str, work: UnitOfWork) -> dict[str, Any]:
    """Stop a letter that is not submitted."""
    status = letters.LETTER.after("cancel", LetterStatus(row["status"]))
    return await move(
        row,
        status,
        work,
        reason=reason,
        fact=lambda fields: LetterCancelled(**fields, reason=reason),
        turn=row["turn"] + 1,
    )


async def fail(row: Row, code: str, text: str, work: UnitOfWork, **changes: Any) -> dict[str, Any]:
    """Give up; somebody may retry."""
    status = letters.LETTER.after("fail", LetterStatus(row["status"]))
    return await move(
        row,
        status,
        work,
        reason=code,
        fact=lambda fields: LetterFailed(**fields, reason=code),
        last_error_code=code,
        last_error_text=text[:500],
        **changes,
    )


async def move(
    row: Row,
    status: LetterStatus,
    work: UnitOfWork,
    *,
    reason: str | None = None,
    fact: Callable[[dict[str, Any]], Event] | None = None,
    **changes: Any,
) -> dict[str, Any]:
    """Change the status, state its fact and then the general one; answers the row as it is now."""
    version = row["version"] + 1
    await store(row, work, status=status, version=version, **changes)
    after = {**row, **changes, "status": status, "version": version}
    fields = views.reference_of(after)
    if fact is not None:
        work.emit(fact(fields), version=version)
    work.emit(
        LetterStatusChanged(
            **fields,
            from_status=LetterStatus(row["status"]),
            to_status=status,
            reason=reason,
            occurred_at=work.now,
        ),
        version=version,
    )
    return after


async def note(row: Row, work: UnitOfWork, fact: Callable[[dict[str, Any]], Event], **changes: Any) -> dict[str, Any]:
    """Store and state something that leaves the status as it is; answers the row as it is now."""
    version = row["version"] + 1
    await store(row, work, version=version, **changes)
    after = {**row, **changes, "version": version}
    work.emit(fact(views.reference_of(after)), version=version)
    return after


async def store(row: Row, work: UnitOfWork, **changes: Any) -> None:
    """Store changed columns."""
    await work.execute(
        update(letter)
        .where(letter.c.organisation_id == work.organisation_id, letter.c.id == row["id"])
        .values(**changes, updated_at=work.now, updated_by=work.caller.principal)
    )


def for_update(work: UnitOfWork, *conditions: Any) -> Any:
    """Letters that fulfil the conditions, locked."""
    return select(letter).where(letter.c.organisation_id == work.organisation_id, *conditions).with_for_update()


async def _take_rendered(row: dict[str, Any], work: UnitOfWork) -> dict[str, Any]:
    """The file may have been rendered before the letter was ordered."""
    document_id = await work.fetch_value(
        delete(rendered_document)
        .where(
            rendered_document.c.organisation_id == work.organisation_id,
            rendered_document.c.request_id == row["request_id"],
        )
        .returning(rendered_document.c.document_id)
    )
    if document_id is None:
        return row
    await store(row, work, document_id=document_id)
    return await order({**row, "document_id": document_id}, work)


async def _row_of(draft: LetterDraft, work: UnitOfWork) -> dict[str, Any]:
    postage = letters.postage_for(draft.kind, draft.postage, draft.recipient.country_code)
    sender = await _sender(draft.company_id, work)
    return {
        "id": new_id(),
        "organisation_id": work.organisation_id,
        "version": 1,
        "created_at": work.now,
        "created_by": work.caller.principal,
        "updated_at": work.now,
        "updated_by": work.caller.principal,
        "year": work.today().year,
        "sequence": await work.next_number(letter_number_block),
        "kind": draft.kind,
        "purpose": draft.purpose,
        "status": LetterStatus.DRAFT,
        "company_id": draft.company_id,
        "client_id": draft.client_id,
        "contract_id": draft.contract_id,
        "invoice_id": draft.invoice_id,
        "request_id": draft.request_id,
        "document_id": draft.document_id,
        "recipient": draft.recipient.model_dump(),
        "sender": sender.model_dump() if sender else None,
        "postage": postage,
        "colour": draft.colour,
        "duplex": draft.duplex,
        "pages": None,
        "sheets": None,
        "envelope": None,
        "provider_sending_id": None,
        "sending_no": 1,
        "turn": 0,
        "submit_begun": False,
        "document_deadline": None,
        "next_poll_at": None,
        "submitted_at": None,
        "accepted_at": None,
        "posted_at": None,
        "registered_number": None,
        "first_presented_at": None,
        "delivered_at": None,
        "returned_at": None,
        "undelivered_code": None,
        "last_scan_at": None,
        "estimated_delivery_on": None,
        "last_error_code": None,
        "last_error_text": None,
        "source_key": draft.source_key,
    }


async def _sender(company_id: UUID, work: UnitOfWork) -> PostalLines | None:
    """The company's address; none is printed while it is not known here or does not fit an envelope."""
    row = await work.fetch_one(
        select(company_ref).where(
            company_ref.c.organisation_id == work.organisation_id, company_ref.c.company_id == company_id
        )
    )
    if row is None:
        return None
    try:
        return addresses.lines_of(row["name"][: addresses.LONGEST_LINE], None, Address.model_validate(row["address"]))
    except Refused:
        return None
