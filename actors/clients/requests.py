"""Requests of clients."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from actors.clients import rules, views
from messages.clients import (
    CLIENT_ARCHIVED,
    CLIENT_NOT_FOUND,
    COMPANY_REQUIRED,
    HAS_LIVE_CONTRACTS,
    SIRET_IN_USE,
    AddressDraft,
    ArchiveClient,
    Client,
    ClientArchived,
    ClientCreated,
    ClientPage,
    ClientRestored,
    ClientSort,
    ClientType,
    ClientUpdated,
    ContactKind,
    CreateClient,
    GetClient,
    ListClients,
    RecordState,
    RestoreClient,
    StatusCategory,
    UpdateClient,
)
from messages.problem import Refused
from messages.values.addresses import department_of, holiday_zone_of
from messages.values.contact import phone_line_type
from messages.values.identifiers import new_id
from messages.values.text import tidy_name
from runtime.field_encryption import IndexKind
from runtime.pagination import contains, page
from runtime.unit_of_work import Row, UnitOfWork
from storage.clients import queries
from storage.clients.tables import address, client, client_code_block, company_ref, contact_point, contract_ref

_LIVE_CONTRACTS = ("SIGNED", "ACTIVE", "SUSPENDED")


async def create_client(request: CreateClient, work: UnitOfWork) -> Client:
    """Record a client: names tidied, identifiers unique, contact points indexed."""
    client_id = request.id or new_id()
    company_id = await _selling_company(request.company_id, work)
    row = await _client_row(request, client_id, company_id, work)
    points = _contact_rows(request, client_id, work)
    addresses = [_address_row(draft, client_id, work) for draft in request.addresses]
    if row["siret"] is not None:
        await _refuse_known_siret(row["siret"], work)
    await work.insert(client, **row)
    await work.insert_rows(contact_point, points)
    await work.insert_rows(address, addresses)
    stored = {**_NO_DATES, **row, "version": 1, "contact_points": points, "addresses": _as_json(addresses)}
    work.emit(ClientCreated.model_construct(**views.snapshot_of(stored)), version=1)
    work.record("client", client_id, after={"status": row["status_category"], "type": row["type"], "version": 1})
    return await views.client_of(stored, work)


async def get_client(request: GetClient, work: UnitOfWork) -> Client:
    """One client in full."""
    if request.client_id is not None:
        row = await work.load(queries.CLIENT_BY_ID, "client", code=CLIENT_NOT_FOUND, id=request.client_id)
    else:
        row = await work.load(queries.CLIENT_BY_CODE, "client", code=CLIENT_NOT_FOUND, client_code=request.client_code)
    return await views.client_of(row, work)


async def list_clients(request: ListClients, work: UnitOfWork) -> ClientPage:
    """A page of clients."""
    statement = queries.SUMMARY.where(
        client.c.organisation_id == work.organisation_id, client.c.record_state == request.record_state
    )
    if request.status_category:
        statement = statement.where(client.c.status_category.in_(request.status_category))
    if request.type:
        statement = statement.where(client.c.type.in_(request.type))
    if request.company_id is not None:
        statement = statement.where(client.c.company_id == request.company_id)
    if request.owner_user_id is not None:
        statement = statement.where(client.c.owner_user_id == request.owner_user_id)
    if request.search is not None:
        statement = statement.where(contains(client.c.search_name, request.search.upper()))
    if work.caller.company_ids is not None:
        statement = statement.where(client.c.company_id.in_(work.caller.company_ids))
    column = client.c.created_at if request.sort_by is ClientSort.CREATED_AT else client.c.display_name
    return await page(
        work,
        request,
        statement,
        order=(column, client.c.id),
        descending=request.descending,
        reply=ClientPage,
        item=views.summary_of,
    )


async def update_client(request: UpdateClient, work: UnitOfWork) -> Client:
    """Change the fields that were sent."""
    row = await _live_client(request.client_id, work)
    work.check_version(request.expected_version, row["version"])
    changes: dict[str, Any] = request.model_dump(exclude={"client_id", "expected_version"}, exclude_unset=True)
    if "birth_date" in changes:
        changes["birth_date"] = await _encrypted_birth_date(changes["birth_date"], row["id"], work)
    changes |= _names({**row, **changes}) if {"given_name", "family_name"} & changes.keys() else {}
    return await _store_change(row, changes, work)


async def archive_client(request: ArchiveClient, work: UnitOfWork) -> Client:
    """Archive a client that has no live contract."""
    row = await _load_for_update(request.client_id, work)
    state = rules.RECORD.after("archive", RecordState(row["record_state"]))
    live = select(contract_ref.c.contract_id).where(
        contract_ref.c.organisation_id == work.organisation_id,
        contract_ref.c.client_id == row["id"],
        contract_ref.c.status.in_(_LIVE_CONTRACTS),
    )
    if await work.fetch_one(live.limit(1)) is not None:
        raise Refused(HAS_LIVE_CONTRACTS, "end or cancel the client's contracts before archiving him")
    version = await _set_state(row, state, work)
    work.emit(ClientArchived(client_id=row["id"], reason=request.reason, archived_on=work.today()), version=version)
    return await _reload(row["id"], work)


async def restore_client(request: RestoreClient, work: UnitOfWork) -> Client:
    """Bring an archived client back."""
    row = await _load_for_update(request.client_id, work)
    version = await _set_state(row, rules.RECORD.after("restore", RecordState(row["record_state"])), work)
    work.emit(ClientRestored(client_id=row["id"], reason=request.reason), version=version)
    return await _reload(row["id"], work)


# -- steps of the handlers ---------------------------------------------------------------------------------------

_NO_DATES = {"relation_started_on": None, "relation_ended_on": None}


async def _selling_company(wanted: UUID | None, work: UnitOfWork) -> UUID:
    """The company that sells: the one named, else the only active one."""
    known = await work.fetch(
        select(company_ref.c.company_id).where(
            company_ref.c.organisation_id == work.organisation_id, company_ref.c.status == "ACTIVE"
        )
    )
    ids = {row["company_id"] for row in known}
    if wanted is not None:
        if wanted not in ids:
            raise Refused.field(
                "company_id", "unknown", "company_id is not an active company of the organisation; check it"
            )
        return wanted
    if len(ids) != 1:
        raise Refused(
            COMPANY_REQUIRED, f"the organisation has {len(ids)} active companies; name the selling one in company_id"
        )
    return UUID(str(next(iter(ids))))


async def _client_row(request: CreateClient, client_id: UUID, company_id: UUID, work: UnitOfWork) -> dict[str, Any]:
    business = request.business
    first = request.addresses[0] if request.addresses else None
    siren = business.siren or (business.siret[:9] if business.siret else None) if business else None
    return {
        "id": client_id,
        "organisation_id": work.organisation_id,
        "created_at": work.now,
        "created_by": work.caller.principal,
        "updated_at": work.now,
        "updated_by": work.caller.principal,
        "client_code": f"CLI-{await work.next_number(client_code_block):06d}",
        "type": request.type,
        "title": request.title,
        "birth_date": await _encrypted_birth_date(request.birth_date, client_id, work),
        "language": request.language,
        "status_code": rules.DEFAULT_STATUS[StatusCategory.PROSPECT],
        "status_category": StatusCategory.PROSPECT,
        "record_state": RecordState.LIVE,
        "company_id": company_id,
        "owner_user_id": request.owner_user_id,
        "sales_rep_id": request.sales_rep_id,
        "source": request.source,
        "vat_status": rules.vat_status_of(request.type),
        "holiday_zone": holiday_zone_of(first.country, first.postal_code) if first else None,
        "do_not_contact": False,
        "legal_name": business.legal_name if business else None,
        "trade_name": business.trade_name if business else None,
        "siren": siren,
        "siret": business.siret if business else None,
        "vat_number": business.vat_number if business else None,
        "primary_email": request.emails[0] if request.emails else None,
        "primary_phone": request.phones[0] if request.phones else None,
        "city": first.city if first else None,
        **_names(
            {
                "type": request.type,
                "given_name": request.given_name,
                "family_name": request.family_name,
                "legal_name": business.legal_name if business else None,
            }
        ),
    }


def _names(fields: Row | dict[str, Any]) -> dict[str, Any]:
    """Tidied names and the display and search forms that follow from them."""
    if fields["type"] == ClientType.INDIVIDUAL:
        given, family = tidy_name(fields["given_name"]), tidy_name(fields["family_name"])
        display = f"{given} {family}"
        return {
            "given_name": given,
            "family_name": family,
            "display_name": display,
            "search_name": rules.search_name(display, business=False),
        }
    display = fields["legal_name"]
    return {
        "given_name": None,
        "family_name": None,
        "display_name": display,
        "search_name": rules.search_name(display, business=True),
    }


def _contact_rows(request: CreateClient, client_id: UUID, work: UnitOfWork) -> list[dict[str, Any]]:
    def rows(kind: ContactKind, index: IndexKind, values: Sequence[str]) -> list[dict[str, Any]]:
        return [
            {
                "id": new_id(),
                "organisation_id": work.organisation_id,
                "client_id": client_id,
                "kind": kind,
                "value": value,
                "normalized": value,
                "hash": work.keys.fingerprint(index, value),
                "is_primary": position == 0,
                "line_type": phone_line_type(value) if kind is ContactKind.PHONE else None,
                "created_at": work.now,
            }
            for position, value in enumerate(dict.fromkeys(values))
        ]

    return rows(ContactKind.EMAIL, IndexKind.EMAIL, request.emails) + rows(
        ContactKind.PHONE, IndexKind.PHONE, request.phones
    )


def _address_row(draft: AddressDraft, client_id: UUID, work: UnitOfWork) -> dict[str, Any]:
    return {
        "id": new_id(),
        "organisation_id": work.organisation_id,
        "client_id": client_id,
        "usage": sorted(draft.usage),
        "recipient_line": draft.recipient_line,
        "line1": draft.line1,
        "line2": draft.line2,
        "postal_code": draft.postal_code,
        "city": draft.city,
        "country": draft.country,
        "department": department_of(draft.postal_code) if draft.country == "FR" else None,
        "created_at": work.now,
    }


def _as_json(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows as the JSON array column would show them."""
    return [{**row, "id": str(row["id"])} for row in rows]


async def _encrypted_birth_date(birth_date: Any, client_id: UUID, work: UnitOfWork) -> bytes | None:
    if birth_date is None:
        return None
    if birth_date > work.today() or birth_date.year < 1900:
        raise Refused.field(
            "birth_date", "range", "birth_date must lie between 1900 and today; correct it or leave it empty"
        )
    return await work.keys.encrypt(
        birth_date.isoformat(),
        organisation_id=work.organisation_id,
        domain=views.PERSONAL,
        table="client",
        column="birth_date",
        row_id=client_id,
    )


async def _refuse_known_siret(siret: str, work: UnitOfWork) -> None:
    known = select(client.c.client_code).where(
        client.c.organisation_id == work.organisation_id,
        client.c.siret == siret,
        client.c.record_state == RecordState.LIVE,
    )
    code = await work.fetch_value(known)
    if code is not None:
        raise Refused(
            SIRET_IN_USE,
            f"the client {code} has this SIRET already; open that record instead",
            details={"client_code": code},
        )


async def _load_for_update(client_id: UUID, work: UnitOfWork) -> Row:
    return await work.load(queries.CLIENT_FOR_UPDATE, "client", code=CLIENT_NOT_FOUND, id=client_id)


async def _live_client(client_id: UUID, work: UnitOfWork) -> Row:
    row = await _load_for_update(client_id, work)
    if row["record_state"] != RecordState.LIVE:
        raise Refused(CLIENT_ARCHIVED, f"the client is {row['record_state']}; restore him before changing him")
    return row


async def _store_change(row: Row, changes: dict[str, Any], work: UnitOfWork) -> Client:
    """Store changed columns, tell everybody, and answer the new state."""
    changed = {name: value for name, value in changes.items() if row[name] != value}
    if not changed:
        return await views.client_of(row, work)
    await work.execute(
        update(client)
        .where(client.c.id == row["id"])
        .values(**changed, version=row["version"] + 1, updated_at=work.now, updated_by=work.caller.principal)
    )
    after = {**row, **changed, "version": row["version"] + 1}
    fields = tuple(sorted(name for name in changed if name != "search_name"))
    work.emit(
        ClientUpdated.model_construct(**views.snapshot_of(after), changed_fields=fields), version=after["version"]
    )
    work.record(
        "client",
        row["id"],
        before={"version": row["version"]},
        after={"changed": list(fields), "version": after["version"]},
    )
    return await views.client_of(after, work)


async def _set_state(row: Row, state: RecordState, work: UnitOfWork) -> int:
    version: int = row["version"] + 1
    await work.execute(
        update(client)
        .where(client.c.id == row["id"])
        .values(record_state=state, version=version, updated_at=work.now, updated_by=work.caller.principal)
    )
    return version


async def _reload(client_id: UUID, work: UnitOfWork) -> Client:
    return await views.client_of(await work.load(queries.CLIENT_BY_ID, "client", id=client_id), work)
