"""Requests about what is held of a client and its erasure."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy import Table, func, select

from actors.clients import views
from actors.clients.anonymisation import ERASED_NAME, anonymise, request_erasure
from actors.clients.changes import ids_of, locked_client, shown_client
from actors.clients.retention import kept, relation_goes_on
from messages.clients import (
    AnonymiseClient,
    AssessErasure,
    Client,
    ContactKind,
    ErasureAssessment,
    ErasureGround,
    ErasureRow,
    ExportPersonalData,
    PersonalData,
    PrivacySubject,
    ResolvePrivacySubject,
)
from runtime.unit_of_work import Row, UnitOfWork
from storage.clients import queries
from storage.clients.queries import one_of
from storage.clients.tables import (
    address,
    bank_details_ref,
    call_ref,
    client,
    consent,
    contact_person,
    contact_point,
    contract_ref,
    document_ref,
    invoice_ref,
    mandate_ref,
    payment_ref,
    status_history,
    timeline_entry,
)

_HELD: Final[dict[str, Table]] = {
    "contact_points": contact_point,
    "addresses": address,
    "contact_persons": contact_person,
    "consents": consent,
    "bank_details": bank_details_ref,
    "documents": document_ref,
    "contracts": contract_ref,
    "invoices": invoice_ref,
    "payments": payment_ref,
    "mandates": mandate_ref,
    "calls": call_ref,
    "status_changes": status_history,
    "timeline": timeline_entry,
}
_TECHNICAL: Final = frozenset({"organisation_id", "hash", "iban_fingerprint", "birth_hash", "search_name", "version"})


async def assess_erasure(request: AssessErasure, work: UnitOfWork) -> ErasureAssessment:
    """Per kind of data whether it could go today."""
    row = await shown_client(request.client_id, work)
    ids = await ids_of(row["id"], work)
    why = await kept(row, ids, work)
    reason, until = (why.code.code, why.details.get("until")) if why is not None else (None, None)
    items = [ErasureRow(entity="identity", count=len(ids), erasable=why is None, reason=reason, until=until)]
    for name, table in _HELD.items():
        statement: Any = select(func.count()).select_from(table).where(*_of(table, ids, work))
        count = int(await work.fetch_value(statement))
        items.append(ErasureRow(entity=name, count=count, erasable=why is None, reason=reason, until=until))
    return ErasureAssessment(client_id=row["id"], items=tuple(items))


async def export_personal_data(request: ExportPersonalData, work: UnitOfWork) -> PersonalData:
    """Everything held here, as JSON."""
    row = await shown_client(request.client_id, work)
    ids = await ids_of(row["id"], work)
    data: dict[str, Any] = {"client": (await views.client_of(row, work)).model_dump(mode="json")}
    for name, table in _HELD.items():
        rows = await work.fetch(select(table).where(*_of(table, ids, work)))
        data[name] = [_plain(found) for found in rows]
    work.record("client", row["id"], after={"exported": "personal data"})
    return PersonalData(client_id=row["id"], data=data)


async def anonymise_client(request: AnonymiseClient, work: UnitOfWork) -> Client:
    """Erase a client whose retention is over."""
    row = await locked_client(request.client_id, work)
    why = await kept(row, await ids_of(row["id"], work), work)
    if why is not None:
        raise why
    await request_erasure(row, ErasureGround.MANUAL, work)
    await anonymise(work, row["id"], ErasureGround.MANUAL)
    return await views.client_of(await work.load(queries.CLIENT_BY_ID, "client", id=row["id"]), work)


async def resolve_privacy_subject(request: ResolvePrivacySubject, work: UnitOfWork) -> PrivacySubject:
    """By what the client is known: his ids, addresses and accounts."""
    row = await shown_client(request.client_id, work)
    ids = await ids_of(row["id"], work)
    point, account = contact_point.c, bank_details_ref.c
    points = await work.fetch(
        select(point.kind, point.normalized).where(*_of(contact_point, ids, work)).order_by(point.id)
    )
    accounts = await work.fetch(
        select(account.iban_fingerprint, account.iban_masked, account.holder_name)
        .where(*_of(bank_details_ref, ids, work))
        .order_by(account.bank_details_id)
    )

    why = await relation_goes_on(ids, work)

    def values(kind: ContactKind) -> tuple[str, ...]:
        return tuple(dict.fromkeys(found["normalized"] for found in points if found["kind"] == kind))

    return PrivacySubject(
        client_id=row["id"],
        merged_ids=tuple(ids[1:]),
        emails=values(ContactKind.EMAIL),
        phones=values(ContactKind.PHONE),
        names=await _names_of(ids, [found["holder_name"] for found in accounts], work),
        streets=await _streets_of(ids, work),
        ibans_masked=tuple(dict.fromkeys(found["iban_masked"] for found in accounts)),
        iban_fingerprints=tuple(dict.fromkeys(found["iban_fingerprint"] for found in accounts)),
        kept_because=why.code.code if why is not None else None,
    )


# -- steps of the handlers ---------------------------------------------------------------------------------------


async def _names_of(ids: Sequence[UUID], holders: Sequence[str], work: UnitOfWork) -> tuple[str, ...]:
    """Full names only: a family name alone would find other people."""
    rows = await work.fetch(
        select(client).where(client.c.organisation_id == work.organisation_id, one_of(client.c.id, ids))
    )
    contacts = await work.fetch(select(contact_person).where(*_of(contact_person, ids, work)))
    found = [name for row in rows for name in (row["display_name"], row["legal_name"], row["trade_name"])]
    for row in (*rows, *contacts):
        given, family = row["given_name"], row["family_name"]
        found += [f"{given} {family}", f"{family} {given}"] if given and family else []
    return tuple(dict.fromkeys(name for name in (*found, *holders) if name and name != ERASED_NAME))


async def _streets_of(ids: Sequence[UUID], work: UnitOfWork) -> tuple[str, ...]:
    rows = await work.fetch(select(address.c.line1).where(*_of(address, ids, work)))
    return tuple(dict.fromkeys(row["line1"] for row in rows))


def _of(table: Table, ids: Sequence[UUID], work: UnitOfWork) -> tuple[Any, Any]:
    return table.c.organisation_id == work.organisation_id, one_of(table.c.client_id, ids)


def _plain(row: Row) -> dict[str, Any]:
    """A row without what only machines need."""
    shown = {name: value for name, value in row.items() if name not in _TECHNICAL}
    found: dict[str, Any] = orjson.loads(orjson.dumps(shown, default=str))
    return found
