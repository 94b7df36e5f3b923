"""What the survivor of a merge inherits: contact points, addresses and persons as copies, consents by the stricter decision."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Table, delete, select

from actors.clients.consents import consents_of, write_decision
from messages.clients import ConsentChannel, ConsentDecision, LegalBasis
from messages.values.identifiers import new_id
from messages.values.text import search_form
from runtime.unit_of_work import Row, UnitOfWork
from storage.clients.queries import one_of
from storage.clients.tables import address, contact_person, contact_point
from storage.shared.statements import Statement

_COPIED: tuple[Table, ...] = (contact_point, address, contact_person)
_PROMOTE = Statement(
    """
    update contact_point set is_primary = true where id in (
        select distinct on (kind) id from contact_point
        where organisation_id = $1 and client_id = $2 and kind not in (
            select kind from contact_point where organisation_id = $1 and client_id = $2 and is_primary)
        order by kind, created_at, id)
    """,
    ("organisation_id", "client_id"),
    {},
)


async def copy_parts(survivor_id: UUID, other_id: UUID, work: UnitOfWork) -> list[UUID]:
    """Copy what the survivor does not have; his primary contact points and default addresses stay. The ids of the copies."""
    copies: list[UUID] = []
    for table in _COPIED:
        mine, theirs = await _parts(table, survivor_id, work), await _parts(table, other_id, work)
        rows = _missing(table, mine, theirs)
        for row in rows:
            copy = {**row, "id": new_id(), "client_id": survivor_id}
            await work.insert(table, **copy)
            copies.append(copy["id"])
    return copies


async def remove_copies(survivor_id: UUID, ids: Sequence[UUID], work: UnitOfWork) -> None:
    """Take the copies of a merge away again; where one of them was primary, the oldest other takes its place."""
    for table in _COPIED:
        await work.execute(
            delete(table).where(table.c.organisation_id == work.organisation_id, one_of(table.c.id, ids))
        )
    await work.execute(_PROMOTE, organisation_id=work.organisation_id, client_id=survivor_id)


async def withdraw_where_they_differ(survivor_id: UUID, other_id: UUID, work: UnitOfWork) -> None:
    """Both ledgers count from now on; where they say yes and no, no wins whatever the dates."""
    mine = {found.purpose: found.decision for found in await consents_of([survivor_id], work)}
    for theirs in await consents_of([other_id], work):
        if mine.get(theirs.purpose, theirs.decision) != theirs.decision:
            await write_decision(
                survivor_id,
                work,
                purpose=theirs.purpose,
                decision=ConsentDecision.WITHDRAWN,
                legal_basis=LegalBasis.CONSENT,
                channel_of_collection=ConsentChannel.MERGE,
            )


def united_parts(survivor: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Contact points and addresses as a merge would leave them, from rows with their parts."""
    found = {}
    for name, key in (("contact_points", _shown_point), ("addresses", _shown_address)):
        mine = list(survivor[name] or ())
        known = {key(part) for part in mine}
        kinds = {part.get("kind") for part in mine if part.get("is_primary")}
        for part in other[name] or ():
            if key(part) not in known:
                mine.append({**part, "is_primary": bool(part.get("is_primary")) and part.get("kind") not in kinds})
        found[name] = mine
    return found


def _shown_point(part: Mapping[str, Any]) -> tuple[Any, ...]:
    return part["kind"], part["value"].lower()


def _shown_address(part: Mapping[str, Any]) -> tuple[Any, ...]:
    return part["postal_code"], search_form(part["line1"])


async def _parts(table: Table, client_id: UUID, work: UnitOfWork) -> list[Row]:
    return await work.fetch(
        select(table)
        .where(table.c.organisation_id == work.organisation_id, table.c.client_id == client_id)
        .order_by(table.c.created_at, table.c.id)
    )


def _missing(table: Table, mine: Sequence[Row], theirs: Sequence[Row]) -> list[dict[str, Any]]:
    known = {_key(table, row) for row in mine}
    ranks = {_rank(table, row) for row in mine if row.get("is_primary")}
    defaults = {usage for row in mine for usage in row.get("is_default_for") or ()}
    rows = []
    for row in theirs:
        if _key(table, row) in known:
            continue
        known.add(_key(table, row))
        found = dict(row)
        if "is_primary" in found:
            found["is_primary"] = found["is_primary"] and _rank(table, row) not in ranks
        if "is_default_for" in found:
            found["is_default_for"] = [usage for usage in found["is_default_for"] if usage not in defaults]
        rows.append(found)
    return rows


def _key(table: Table, row: Row) -> tuple[Any, ...]:
    """What makes two parts the same."""
    if table is contact_point:
        return row["kind"], row["normalized"]
    if table is address:
        return row["postal_code"], search_form(row["line1"])
    return search_form(f"{row['given_name'] or ''} {row['family_name']}"), row["email"], row["phone"]


def _rank(table: Table, row: Row) -> Any:
    """Among what there is one primary: contact points of a kind, or persons."""
    return row["kind"] if table is contact_point else None
