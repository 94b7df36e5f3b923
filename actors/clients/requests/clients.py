"""Requests about the client himself."""

from typing import Any
from uuid import UUID

from actors.clients import duplicates, views
from actors.clients.archiving import archive, restore
from actors.clients.balances import balances_of
from actors.clients.changes import ids_of, locked_client, shown_client
from actors.clients.civil_status import birth_hash_of, encrypted_birth_date, names_of
from actors.clients.codes import next_code
from actors.clients.consents import decision_row, tell
from actors.clients.contracts import has_live_contract
from actors.clients.pairs import open_pairs
from actors.clients.preferences import PREFERENCES, check_preferences
from actors.clients.rows import address_row, contact_row
from actors.clients.rules import naming as rules
from messages.clients import (
    CLIENT_NOT_FOUND,
    COMPANY_REQUIRED,
    HAS_LIVE_CONTRACTS,
    HAS_OPEN_BALANCE,
    ArchiveClient,
    Client,
    ClientCreated,
    ContactKind,
    CreateClient,
    GetClient,
    RecordState,
    RestoreClient,
    StatusCategory,
)
from messages.problem import Refused
from messages.values.addresses import holiday_zone_of
from messages.values.identifiers import new_id
from runtime.unit_of_work import Row, UnitOfWork
from storage.clients import queries
from storage.clients.tables import (
    address,
    client,
    consent,
    contact_point,
)


async def create_client(request: CreateClient, work: UnitOfWork) -> Client:
    """Record a client: names tidied, identifiers unique, contact points indexed."""
    client_id = request.id or new_id()
    points = _contact_rows(request, client_id, work)
    companies = await duplicates.lock_identity(points, request.business.siret if request.business else None, work)
    row = await _client_row(request, client_id, _selling_company(request.company_id, companies), work)
    addresses = [address_row(draft, client_id, work) for draft in request.addresses]
    decisions = [decision_row(client_id, given, work) for given in request.consents]
    preferred = _preferences(request)
    await check_preferences(preferred, work)
    matches = await duplicates.refuse_duplicates(row, points, addresses, request.on_duplicate, work)
    await work.insert_together(
        (client, [row | preferred]), (contact_point, points), (address, addresses), (consent, decisions)
    )
    stored: Row = {**_NO_DATES, **row, "version": 1, "contact_points": points, "addresses": _as_json(addresses)}
    if preferred:
        stored = await work.load(queries.CLIENT_BY_ID, "client", id=client_id)
    work.emit(ClientCreated.model_construct(**views.snapshot_of(stored)), version=1)
    work.record("client", client_id, after={"status": row["status_category"], "type": row["type"], "version": 1})
    for decision in decisions:
        tell(decision, 1, work)
    await open_pairs(client_id, matches, work)
    created = await views.client_of(stored, work)
    return created.model_copy(update={"duplicates": matches}) if matches else created


async def get_client(request: GetClient, work: UnitOfWork) -> Client:
    """One client in full; a merged record answers with its survivor."""
    if request.client_id is not None:
        row = await work.load(queries.CLIENT_BY_ID, "client", code=CLIENT_NOT_FOUND, id=request.client_id)
    else:
        row = await work.load(queries.CLIENT_BY_CODE, "client", code=CLIENT_NOT_FOUND, client_code=request.client_code)
    if row["merged_into_id"] is None:
        return await views.client_of(row, work)
    return await views.client_of(await shown_client(row["id"], work), work, redirected_from=row["id"])


async def archive_client(request: ArchiveClient, work: UnitOfWork) -> Client:
    """Archive a client that has no live contract."""
    row = await locked_client(request.client_id, work)
    rules.RECORD.after("archive", RecordState(row["record_state"]))
    ids = await ids_of(row["id"], work)
    if await has_live_contract(ids, work):
        raise Refused(HAS_LIVE_CONTRACTS, "end or cancel the client's contracts before archiving him")
    if any(found.balance_due.amount for found in await balances_of(ids, work.today(), work)):
        raise Refused(HAS_OPEN_BALANCE, "settle or refund the client's balance before archiving him")
    await archive(row, request.reason, work)
    return await _reload(row["id"], work)


async def restore_client(request: RestoreClient, work: UnitOfWork) -> Client:
    """Bring an archived client back."""
    row = await locked_client(request.client_id, work)
    await restore(row, request.reason, work)
    return await _reload(row["id"], work)


# -- steps of the handlers ---------------------------------------------------------------------------------------

_NO_DATES = {"relation_started_on": None, "relation_ended_on": None}


def _selling_company(wanted: UUID | None, active: set[UUID]) -> UUID:
    """The company that sells: the one named, else the only active one."""
    if wanted is not None:
        if wanted not in active:
            raise Refused.field(
                "company_id", "unknown", "company_id is not an active company of the organisation; check it"
            )
        return wanted
    if len(active) != 1:
        raise Refused(
            COMPANY_REQUIRED, f"the organisation has {len(active)} active companies; name the selling one in company_id"
        )
    return next(iter(active))


def _preferences(request: CreateClient) -> dict[str, Any]:
    """The billing preferences that were given; without any, nothing more is asked or stored."""
    return {name: value for name in PREFERENCES if (value := getattr(request, name))}


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
        "client_code": await next_code(work),
        "type": request.type,
        "title": request.title,
        "birth_date": await encrypted_birth_date(request.birth_date, client_id, work),
        "birth_hash": birth_hash_of(request.birth_date, work),
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
        **names_of(
            {
                "type": request.type,
                "given_name": request.given_name,
                "family_name": request.family_name,
                "legal_name": business.legal_name if business else None,
            }
        ),
    }


def _contact_rows(request: CreateClient, client_id: UUID, work: UnitOfWork) -> list[dict[str, Any]]:
    return [
        contact_row(client_id, kind, value, position == 0, work)
        for kind, values in ((ContactKind.EMAIL, request.emails), (ContactKind.PHONE, request.phones))
        for position, value in enumerate(dict.fromkeys(values))
    ]


def _as_json(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows as the JSON array column would show them."""
    return [{**row, "id": str(row["id"])} for row in rows]


async def _reload(client_id: UUID, work: UnitOfWork) -> Client:
    return await views.client_of(await work.load(queries.CLIENT_BY_ID, "client", id=client_id), work)
