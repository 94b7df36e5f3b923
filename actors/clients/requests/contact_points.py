"""Requests about how a client is reached, and his accounts."""

from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, update

from actors.clients.accounts import bank_refs_of
from actors.clients.bounces import mark_bounced
from actors.clients.changes import ids_of, live_client, locked_client, shown_client
from actors.clients.pairs import note_duplicates
from actors.clients.primary import points_changed
from actors.clients.rows import contact_row
from messages.base import Empty
from messages.clients import (
    CONTACT_POINT_EXISTS,
    CONTACT_POINT_NOT_FOUND,
    AddContactPoint,
    BankRefs,
    ContactKind,
    ContactPoint,
    ListBankRefs,
    MarkContactPointBounced,
    RemoveContactPoint,
    SetPrimaryContactPoint,
    UpdateContactPoint,
)
from messages.problem import Refused
from runtime.unit_of_work import Row, UnitOfWork
from storage.clients.tables import contact_point


async def add_contact_point(request: AddContactPoint, work: UnitOfWork) -> ContactPoint:
    """Add an e-mail address or a phone number."""
    row = await live_client(request.client_id, work)
    value = request.email or request.phone or ""
    points = [point for point in row["contact_points"] or () if point["kind"] == request.kind]
    _refuse_known(row, request.kind, value)
    is_primary = request.is_primary or not points
    if is_primary:
        await _clear_primary(row["id"], request.kind, work)
    point = {**contact_row(row["id"], request.kind, value, is_primary, work), "label": request.label}
    await work.insert(contact_point, **point)
    await note_duplicates(await points_changed(row["id"], work), work)
    return ContactPoint.model_validate(point)


async def update_contact_point(request: UpdateContactPoint, work: UnitOfWork) -> ContactPoint:
    """Correct the value or the label; another value was never seen to bounce."""
    point = await _point(request.contact_point_id, work)
    row = await live_client(point["client_id"], work, request.expected_version)
    changes: dict[str, Any] = {"label": request.label} if request.label is not None else {}
    value = request.email if point["kind"] == ContactKind.EMAIL else request.phone
    other = request.phone if point["kind"] == ContactKind.EMAIL else request.email
    if other is not None:
        raise Refused.field("email", "kind", "a contact point keeps its kind; add another one instead")
    if value is not None and value != point["value"]:
        _refuse_known(row, point["kind"], value)
        written = contact_row(row["id"], ContactKind(point["kind"]), value, point["is_primary"], work)
        changes |= {name: written[name] for name in ("value", "normalized", "hash", "line_type")}
        changes |= {"bounced_at": None, "bounce_kind": None}
    changes = {name: found for name, found in changes.items() if point[name] != found}
    if not changes:
        return ContactPoint.model_validate(dict(point))
    await _store(point["id"], changes, work)
    await note_duplicates(await points_changed(row["id"], work), work)
    return ContactPoint.model_validate({**point, **changes})


async def mark_contact_point_bounced(request: MarkContactPointBounced, work: UnitOfWork) -> ContactPoint:
    """Say that a contact point did not work."""
    point = await _point(request.contact_point_id, work)
    await locked_client(point["client_id"], work)
    await mark_bounced(point, request.kind, request.at, work)
    return ContactPoint.model_validate({**point, "bounced_at": request.at, "bounce_kind": request.kind})


async def set_primary_contact_point(request: SetPrimaryContactPoint, work: UnitOfWork) -> ContactPoint:
    """Make a contact point the primary one of its kind."""
    point = await _point(request.contact_point_id, work)
    await live_client(point["client_id"], work, request.expected_version)
    if not point["is_primary"]:
        await _clear_primary(point["client_id"], point["kind"], work)
        await _set_primary(point["id"], work)
        await points_changed(point["client_id"], work)
    return ContactPoint.model_validate({**point, "is_primary": True})


async def remove_contact_point(request: RemoveContactPoint, work: UnitOfWork) -> Empty:
    """Remove a contact point; the oldest other one of its kind becomes primary."""
    point = await _point(request.contact_point_id, work)
    row = await live_client(point["client_id"], work, request.expected_version)
    own = contact_point.c
    await work.execute(delete(contact_point).where(own.organisation_id == work.organisation_id, own.id == point["id"]))
    others = [
        other for other in row["contact_points"] if other["kind"] == point["kind"] and other["id"] != str(point["id"])
    ]
    if point["is_primary"] and others:
        await _set_primary(UUID(others[0]["id"]), work)
    await points_changed(point["client_id"], work)
    return Empty()


async def list_bank_refs(request: ListBankRefs, work: UnitOfWork) -> BankRefs:
    """The client's accounts, masked."""
    row = await shown_client(request.client_id, work)
    return BankRefs(items=await bank_refs_of(await ids_of(row["id"], work), work))


async def _point(point_id: UUID, work: UnitOfWork) -> Row:
    own = contact_point.c
    wanted = select(contact_point).where(own.organisation_id == work.organisation_id, own.id == point_id)
    return await work.load(wanted, "contact_point", code=CONTACT_POINT_NOT_FOUND, id=point_id)


async def _store(point_id: UUID, changes: dict[str, Any], work: UnitOfWork) -> None:
    own = contact_point.c
    await work.execute(
        update(contact_point).where(own.organisation_id == work.organisation_id, own.id == point_id).values(**changes)
    )


def _refuse_known(row: Row, kind: str, value: str) -> None:
    for point in row["contact_points"] or ():
        if point["kind"] == kind and point["value"].lower() == value.lower():
            raise Refused(CONTACT_POINT_EXISTS, "the client has this contact point already; use that one")


async def _clear_primary(client_id: UUID, kind: ContactKind | str, work: UnitOfWork) -> None:
    own = contact_point.c
    await work.execute(
        update(contact_point)
        .where(own.organisation_id == work.organisation_id, own.client_id == client_id, own.kind == kind)
        .values(is_primary=False)
    )


async def _set_primary(point_id: UUID, work: UnitOfWork) -> None:
    own = contact_point.c
    await work.execute(
        update(contact_point)
        .where(own.organisation_id == work.organisation_id, own.id == point_id)
        .values(is_primary=True)
    )
