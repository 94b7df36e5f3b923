"""Contacts with a client, mails that came back, his documents and letters, and the days on which nobody is called."""

from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from actors.clients.bounces import mark_bounced
from actors.clients.changes import find_client
from actors.clients.timeline import note
from messages.activites import ActivityRecorded, Direction
from messages.calendar import HolidayChange, HolidayChanged
from messages.clients import BounceKind, TimelineKind
from messages.documents import DocumentAvailable
from messages.engagement import BounceType, EmailBounced
from messages.logistics import LetterStatusChanged
from runtime.unit_of_work import UnitOfWork
from storage.clients.tables import call_ref, client, contact_point, document_ref, holiday_ref
from storage.projections import keep_newest

_CALL: Final = "CALL"
_REFUSED: Final = "NOT_INTERESTED"
_MARKETING: Final = ("MARKETING", "PROSPECTION")


async def note_contact(event: ActivityRecorded, work: UnitOfWork) -> None:
    """When there was contact last; marketing calls are counted. Not worth a client.updated: nobody else decides by it."""
    if event.client_id is None:
        return
    row = await find_client(event.client_id, work)
    if row is None:
        return
    if event.type_code == _CALL and event.direction is Direction.OUTBOUND and event.purpose in _MARKETING:
        call = insert(call_ref).values(
            organisation_id=work.organisation_id,
            activity_id=event.activity_id,
            client_id=row["id"],
            occurred_at=event.occurred_at,
            refused=event.outcome == _REFUSED,
        )
        await work.execute(call.on_conflict_do_nothing())
    if not event.counts_as_contact:
        return
    at = event.occurred_at
    dates = {
        "first_contact_at": min(row["first_contact_at"] or at, at),
        "last_contact_at": max(row["last_contact_at"] or at, at),
    }
    if event.direction is Direction.INBOUND:
        dates["last_inbound_contact_at"] = max(row["last_inbound_contact_at"] or at, at)
    await work.execute(
        client.update()
        .where(client.c.organisation_id == work.organisation_id, client.c.id == row["id"])
        .values(**dates)
    )


async def note_bounce(event: EmailBounced, work: UnitOfWork) -> None:
    """The address did not work for whichever client has it."""
    if event.bounce_type is BounceType.POLICY:
        return
    kind = BounceKind.HARD if event.bounce_type is BounceType.HARD else BounceKind.SOFT
    point = contact_point.c
    holders = await work.fetch(
        select(contact_point)
        .where(point.organisation_id == work.organisation_id, point.hash == event.address_hash)
        .order_by(point.id)
    )
    for holder in holders:
        await mark_bounced(holder, kind, event.at, work)


async def keep_document(event: DocumentAvailable, work: UnitOfWork) -> None:
    """A document of the client."""
    if event.client_id is None:
        return
    changed = await work.execute(
        keep_newest(
            document_ref,
            organisation_id=work.organisation_id,
            document_id=event.document_id,
            client_id=event.client_id,
            type=event.type,
            filename=event.filename,
            version=work.source_version,
        )
    )
    if changed:
        params = {"type": event.type, "filename": event.filename}
        await note(
            event.client_id, TimelineKind.DOCUMENT, event.contract.type, event.document_id, work, params,
            source="documents",
        )  # fmt: skip


async def note_letter(event: LetterStatusChanged, work: UnitOfWork) -> None:
    """A letter to the client went a step further."""
    if event.client_id is not None:
        params = {"number": event.number, "status": event.to_status}
        await note(
            event.client_id, TimelineKind.LETTER, event.contract.type, event.letter_id, work, params, source="logistics"
        )


async def keep_holiday(event: HolidayChanged, work: UnitOfWork) -> None:
    """A day on which nobody is called."""
    day = holiday_ref.c
    if event.change is HolidayChange.DELETED:
        await work.execute(
            delete(holiday_ref).where(
                day.organisation_id == work.organisation_id,
                day.zone_code == event.zone_code,
                day.on_date == event.date,
            )
        )
        return
    statement = insert(holiday_ref).values(
        organisation_id=work.organisation_id, zone_code=event.zone_code, on_date=event.date
    )
    await work.execute(statement.on_conflict_do_nothing())
