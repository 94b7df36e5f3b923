"""Making one client of two records, and taking that back (clients 6.4).

Facts of other actors are not moved: they stay under the id they were stated with, and a client is read over his own id and
those of the records merged into him. What clients owns itself (contact points, addresses, persons) is copied to the survivor.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy import update

from actors.clients import inheritance, views
from actors.clients.changes import change_client
from actors.clients.civil_status import birth_hash_of, encrypted_birth_date, names_of
from actors.clients.pairs import close_pairs, note_duplicates
from actors.clients.primary import home_fields, primary_points
from actors.clients.rules.merging import UNDOABLE_FOR, merged_fields, restored_fields
from actors.clients.status import derive_status
from messages.clients import ClientMerged, ClientSnapshot, ClientUnmerged, RecordState
from messages.values.identifiers import new_id
from runtime.unit_of_work import Row, UnitOfWork
from storage.clients import queries
from storage.clients.tables import client, merge_operation

_SNAPSHOT = {"domain": views.PERSONAL, "table": "merge_operation", "column": "snapshot_before"}
_TYPES: Final[dict[str, Callable[[str], Any]]] = {
    **dict.fromkeys(
        ("birth_date", "deceased_on", "blocked_until", "insolvency_opened_on", "kyc_expires_on"), date.fromisoformat
    ),
    **dict.fromkeys(("relation_started_on",), date.fromisoformat),
    **dict.fromkeys(("owner_user_id", "sales_rep_id", "billing_mode_id", "invoice_issue_mode_id"), UUID),
    **dict.fromkeys(("default_payment_term_id", "default_billing_period_id"), UUID),
    **dict.fromkeys(("first_contact_at", "last_contact_at", "last_inbound_contact_at"), datetime.fromisoformat),
    "kyc_verified_at": datetime.fromisoformat,
}
"""How the texts of a snapshot become columns again; every other column is text, flag or JSON."""


async def merge_records(survivor: Row, other: Row, choices: Mapping[str, UUID], work: UnitOfWork) -> Row:
    """Merge one record into another; both are locked. The survivor's row as it is afterwards."""
    operation_id = new_id()
    before = await readable(survivor, work)
    theirs = await readable(other, work)
    written = merged_fields(before, theirs, choices)
    followed = await _retire(other["id"], survivor["id"], work)
    copied = await inheritance.copy_parts(survivor["id"], other["id"], work)
    await inheritance.withdraw_where_they_differ(survivor["id"], other["id"], work)
    after = await _write(survivor, written, work)
    await work.insert(
        merge_operation,
        id=operation_id,
        organisation_id=work.organisation_id,
        survivor_id=survivor["id"],
        merged_id=other["id"],
        field_choices={name: str(client_id) for name, client_id in choices.items()},
        snapshot_before=await _sealed(operation_id, before, theirs, written, work),
        copied_ids=copied,
        followed_ids=followed,
        performed_by=work.caller.principal,
        performed_at=work.now,
        undoable_until=work.now + UNDOABLE_FOR,
    )
    await close_pairs(other["id"], work)
    await _tell(after, work, "merged", operation_id, other["id"])
    await derive_status(survivor["id"], work, reason="client.merged")
    found = await reload(survivor["id"], work)
    await note_duplicates(found, work)
    return found


async def unmerge_records(operation: Row, work: UnitOfWork) -> tuple[Row, Row, tuple[str, ...]]:
    """Take a merge back: the survivor, the restored record, and the fields that stay as somebody edited them since."""
    survivor = await reload(operation["survivor_id"], work)
    snapshot = await _opened(operation, work)
    now = jsonable(await readable(survivor, work))
    fields, kept = restored_fields(now, snapshot["written"], snapshot["survivor"])
    await inheritance.remove_copies(survivor["id"], operation["copied_ids"], work)
    await _write(survivor, typed(fields), work)
    restored = await _restore(operation, work)
    await work.execute(
        update(merge_operation)
        .where(merge_operation.c.organisation_id == work.organisation_id, merge_operation.c.id == operation["id"])
        .values(undone_at=work.now)
    )
    await _tell(await reload(survivor["id"], work), work, "unmerged", operation["id"], restored["id"])
    await derive_status(survivor["id"], work, reason="client.unmerged")
    await derive_status(restored["id"], work, reason="client.unmerged")
    return await reload(survivor["id"], work), await reload(restored["id"], work), kept


async def readable(row: Row, work: UnitOfWork) -> dict[str, Any]:
    """The row with its birth date in clear, as rules compare it."""
    return {**row, "birth_date": await _birth_date_of(row, work)}


async def reload(client_id: UUID, work: UnitOfWork) -> Row:
    """The row as it is now, locked."""
    return await work.load(queries.CLIENT_FOR_UPDATE, "client", id=client_id)


def jsonable(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row as a snapshot keeps it."""
    found: dict[str, Any] = orjson.loads(orjson.dumps(dict(row), default=str))
    return found


def typed(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of a snapshot as columns take them."""
    return {
        name: _TYPES[name](value) if value is not None and name in _TYPES else value for name, value in fields.items()
    }


# -- steps -------------------------------------------------------------------------------------------------------


async def _retire(other_id: UUID, survivor_id: UUID, work: UnitOfWork) -> list[UUID]:
    """Mark the record as merged; records merged into it before follow, so that no chain is longer than one step."""
    own = client.c
    followed = await work.fetch(
        update(client)
        .where(own.organisation_id == work.organisation_id, own.merged_into_id == other_id)
        .values(merged_into_id=survivor_id)
        .returning(own.id)
    )
    await work.execute(
        update(client)
        .where(own.organisation_id == work.organisation_id, own.id == other_id)
        .values(
            record_state=RecordState.MERGED,
            merged_into_id=survivor_id,
            version=own.version + 1,
            updated_at=work.now,
            updated_by=work.caller.principal,
        )
    )
    work.record("client", other_id, after={"record_state": RecordState.MERGED, "merged_into_id": str(survivor_id)})
    return [row["id"] for row in followed]


async def _restore(operation: Row, work: UnitOfWork) -> Row:
    own = client.c
    if operation["followed_ids"]:
        await work.execute(
            update(client)
            .where(own.organisation_id == work.organisation_id, queries.one_of(own.id, operation["followed_ids"]))
            .values(merged_into_id=operation["merged_id"])
        )
    await work.execute(
        update(client)
        .where(own.organisation_id == work.organisation_id, own.id == operation["merged_id"])
        .values(
            record_state=RecordState.LIVE,
            merged_into_id=None,
            version=own.version + 1,
            updated_at=work.now,
            updated_by=work.caller.principal,
        )
    )
    return await reload(operation["merged_id"], work)


async def _write(survivor: Row, fields: dict[str, Any], work: UnitOfWork) -> Row:
    """Store the survivor's fields with what follows from them, from his names to his primary contact points."""
    changes = dict(fields)
    if "birth_date" in changes:
        birth_date = changes["birth_date"]
        changes["birth_hash"] = birth_hash_of(birth_date, work)
        if birth_date == await _birth_date_of(survivor, work):
            changes["birth_date"] = survivor["birth_date"]
        else:
            changes["birth_date"] = await encrypted_birth_date(birth_date, survivor["id"], work)
    row = await reload(survivor["id"], work)
    changes |= names_of({**row, **changes})
    changes |= primary_points(row["contact_points"] or ()) | home_fields(row["addresses"] or [])
    return await change_client(row, changes, work, also=("contact_points", "addresses"))


async def _birth_date_of(row: Row, work: UnitOfWork) -> date | None:
    found = await views.birth_date_of(row, work)
    return date.fromisoformat(found) if found else None


async def _tell(after: Row, work: UnitOfWork, fact: str, operation_id: UUID, other_id: UUID) -> None:
    """State the merge as the survivor's next version."""
    version = after["version"] + 1
    await work.execute(
        update(client)
        .where(client.c.organisation_id == work.organisation_id, client.c.id == after["id"])
        .values(version=version)
    )
    if fact == "merged":
        survivor = ClientSnapshot(**views.snapshot_of(after))
        work.emit(
            ClientMerged(
                survivor_id=after["id"], merged_ids=(other_id,), survivor=survivor, merge_operation_id=operation_id
            ),
            version=version,
        )
        return
    restored = ClientSnapshot(**views.snapshot_of(await reload(other_id, work)))
    work.emit(
        ClientUnmerged(
            survivor_id=after["id"], restored_id=other_id, restored=restored, merge_operation_id=operation_id
        ),
        version=version,
    )


async def _sealed(
    operation_id: UUID,
    survivor: Mapping[str, Any],
    other: Mapping[str, Any],
    written: Mapping[str, Any],
    work: UnitOfWork,
) -> bytes:
    parts = {"survivor": jsonable(survivor), "other": jsonable(other), "written": jsonable(written)}
    return await work.keys.encrypt(
        orjson.dumps(parts).decode(), organisation_id=work.organisation_id, row_id=operation_id, **_SNAPSHOT
    )


async def _opened(operation: Row, work: UnitOfWork) -> dict[str, Any]:
    text = await work.keys.decrypt(
        operation["snapshot_before"], organisation_id=work.organisation_id, row_id=operation["id"], **_SNAPSHOT
    )
    found: dict[str, Any] = orjson.loads(text)
    return found
