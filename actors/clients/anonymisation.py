"""Erasing what identifies a client, for a privacy request, a retention run or a person's order; it cannot be taken back."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Table, delete, update

from actors.clients.changes import ids_of
from actors.clients.rules.naming import RECORD
from messages.clients import ClientAnonymised, ClientErasureRequested, ClientType, ErasureGround, RecordState
from runtime.unit_of_work import Row, UnitOfWork
from storage.clients import queries
from storage.clients.queries import one_of
from storage.clients.tables import (
    address,
    bank_details_ref,
    client,
    contact_person,
    contact_point,
    document_ref,
    duplicate_pair,
    import_row,
    merge_operation,
    status_history,
)

ERASED_NAME: Final = "Client effacé"
_ERASE_WITHIN: Final = timedelta(days=30)
_DELETED: Final[dict[str, Table]] = {
    "contact_points": contact_point,
    "addresses": address,
    "contact_persons": contact_person,
    "bank_details": bank_details_ref,
    "documents": document_ref,
}
BLANK: Final[dict[str, Any]] = {
    **dict.fromkeys(("title", "given_name", "family_name", "birth_date", "birth_hash", "trade_name", "city")),
    **dict.fromkeys(("primary_email", "primary_phone", "buyer_reference", "einvoice_address", "blocked_reason")),
    **dict.fromkeys(("deceased_on", "legal_protection")),
    "display_name": ERASED_NAME,
    "search_name": "",
    "tags": [],
    "custom": {},
    "record_state": RecordState.ANONYMISED,
}
"""What every client loses; identifiers of companies are no personal data and stay."""


async def request_erasure(row: Row, ground: ErasureGround, work: UnitOfWork) -> None:
    """Tell every actor that the client's data must go; privacy requests reach them from identity instead."""
    version = await _next_version(row["id"], work)
    work.emit(
        ClientErasureRequested(client_id=row["id"], ground=ground, must_erase_before=work.now + _ERASE_WITHIN),
        version=version,
    )


async def anonymise(work: UnitOfWork, client_id: UUID, ground: ErasureGround) -> None:
    """Erase a client and the records merged into him. The caller has checked that nothing must stay; repeating does nothing."""
    row = await work.load(queries.CLIENT_FOR_UPDATE, "client", id=client_id)
    if row["record_state"] == RecordState.ANONYMISED:
        return
    RECORD.after("anonymise", RecordState(row["record_state"]))
    ids = await ids_of(client_id, work)
    for table in _DELETED.values():
        await work.execute(
            delete(table).where(table.c.organisation_id == work.organisation_id, one_of(table.c.client_id, ids))
        )
    await _erase_traces(ids, work)
    await _blank(row, ids, work)
    version = await _next_version(client_id, work)
    categories = ("identity", *_DELETED, "marketing")
    work.emit(ClientAnonymised(client_id=client_id, ground=ground, categories_erased=categories), version=version)
    work.record("client", client_id, after={"record_state": RecordState.ANONYMISED, "ground": ground})


async def _erase_traces(ids: Sequence[UUID], work: UnitOfWork) -> None:
    """Copies and free texts that may name the client."""
    pair, operation = duplicate_pair.c, merge_operation.c
    await work.execute(
        delete(duplicate_pair).where(
            pair.organisation_id == work.organisation_id, one_of(pair.client_a_id, ids) | one_of(pair.client_b_id, ids)
        )
    )
    await work.execute(
        delete(merge_operation).where(
            operation.organisation_id == work.organisation_id, one_of(operation.survivor_id, ids)
        )
    )
    await work.execute(
        update(import_row)
        .where(import_row.c.organisation_id == work.organisation_id, one_of(import_row.c.client_id, ids))
        .values(raw="", errors=[])
    )
    await work.execute(
        update(status_history)
        .where(status_history.c.organisation_id == work.organisation_id, one_of(status_history.c.client_id, ids))
        .values(reason=None)
    )


async def _blank(row: Row, ids: Sequence[UUID], work: UnitOfWork) -> None:
    fields = dict(BLANK)
    if row["type"] != ClientType.INDIVIDUAL:
        fields["legal_name"] = ERASED_NAME
    await work.execute(
        update(client)
        .where(client.c.organisation_id == work.organisation_id, one_of(client.c.id, ids))
        .values(**fields, merged_into_id=None, updated_at=work.now, updated_by=work.caller.principal)
    )


async def _next_version(client_id: UUID, work: UnitOfWork) -> int:
    version: int = await work.fetch_value(
        update(client)
        .where(client.c.organisation_id == work.organisation_id, client.c.id == client_id)
        .values(version=client.c.version + 1)
        .returning(client.c.version)
    )
    return version
