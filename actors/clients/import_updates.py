"""A row of a file updates the client it certainly is: it fills what is empty, or replaces what is known where asked to."""

from typing import Any, Final
from uuid import UUID

from actors.clients.changes import change_client, find_client
from actors.clients.civil_status import encrypted_birth_date, names_of
from actors.clients.import_drafts import Draft
from actors.clients.primary import home_fields, primary_points
from messages.clients import RecordState
from runtime.unit_of_work import Row, UnitOfWork
from storage.clients import queries
from storage.clients.tables import address, contact_point

_FILLED: Final = ("title", "given_name", "family_name", "legal_name", "siren", "siret", "vat_number", "birth_hash")


async def update_from(draft: Draft, client_id: UUID, work: UnitOfWork, *, overwrite: bool) -> None:
    """Change the client; nothing happens to one that is archived or of another type."""
    row = await find_client(client_id, work)
    if row is None or row["record_state"] != RecordState.LIVE or row["type"] != draft.row["type"]:
        return
    changes = {
        name: draft.row[name] for name in _FILLED if draft.row[name] is not None and (overwrite or row[name] is None)
    }
    if "birth_hash" in changes and changes["birth_hash"] != row["birth_hash"]:
        changes["birth_date"] = await encrypted_birth_date(draft.read.birth_date, row["id"], work)
    changes |= names_of({**row, **changes})
    parts = await _add_parts(draft, row, work)
    after = await work.load(queries.CLIENT_FOR_UPDATE, "client", id=row["id"])
    changes |= primary_points(after["contact_points"] or ()) | home_fields(after["addresses"] or [])
    await change_client(after, changes, work, also=parts)


async def _add_parts(draft: Draft, row: Row, work: UnitOfWork) -> tuple[str, ...]:
    """Contact points the client does not have; an address when he has none."""
    added: set[str] = set()
    known: list[dict[str, Any]] = row["contact_points"] or []
    for point in draft.points:
        if not any(other["kind"] == point["kind"] and other["value"] == point["value"] for other in known):
            first = not any(other["kind"] == point["kind"] for other in known)
            await work.insert(contact_point, **{**point, "client_id": row["id"], "is_primary": first})
            added.add("contact_points")
    if draft.addresses and not row["addresses"]:
        await work.insert(address, **{**draft.addresses[0], "client_id": row["id"]})
        added.add("addresses")
    return tuple(sorted(added))
