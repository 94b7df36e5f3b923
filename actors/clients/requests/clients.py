"""Requests about the client himself."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from actors.clients import duplicates, views
from actors.clients.balances import balances_of
from actors.clients.changes import change_client, live_client, locked_client
from actors.clients.rows import address_row, contact_row
from actors.clients.rules import naming as rules
from messages.clients import (
    CLIENT_NOT_FOUND,
    COMPANY_REQUIRED,
    HAS_LIVE_CONTRACTS,
    HAS_OPEN_BALANCE,
    ArchiveClient,
    Client,
    ClientArchived,
    ClientCreated,
    ClientPage,
    ClientRestored,
    ClientSort,
    ClientType,
    ContactKind,
    CreateClient,
    DuplicateMatches,
    FindDuplicates,
    GetClient,
    ListClients,
    RecordState,
    RestoreClient,
    StatusCategory,
    UpdateClient,
)
from messages.problem import Refused
from messages.values.addresses import holiday_zone_of
from messages.values.identifiers import new_id
from messages.values.text import tidy_name
from runtime.field_encryption import IndexKind
from runtime.pagination import page
from runtime.unit_of_work import Row, UnitOfWork
from storage.clients import queries
from storage.clients.queries import one_of
from storage.clients.tables import (
    address,
    bank_details_ref,
    client,
    client_code_block,
    contact_point,
    contract_ref,
)

_LIVE_CONTRACTS = ("SIGNED", "ACTIVE", "SUSPENDED")


async def create_client(request: CreateClient, work: UnitOfWork) -> Client:
    """Record a client: names tidied, identifiers unique, contact points indexed."""
    client_id = request.id or new_id()
    points = _contact_rows(request, client_id, work)
    companies = await duplicates.lock_identity(points, request.business.siret if request.business else None, work)
    row = await _client_row(request, client_id, _selling_company(request.company_id, companies), work)
    addresses = [address_row(draft, client_id, work) for draft in request.addresses]
    matches = await duplicates.refuse_duplicates(row, points, addresses, request.on_duplicate, work)
    await work.insert_together((client, [row]), (contact_point, points), (address, addresses))
    stored = {**_NO_DATES, **row, "version": 1, "contact_points": points, "addresses": _as_json(addresses)}
    work.emit(ClientCreated.model_construct(**views.snapshot_of(stored)), version=1)
    work.record("client", client_id, after={"status": row["status_category"], "type": row["type"], "version": 1})
    created = await views.client_of(stored, work)
    return created.model_copy(update={"duplicates": matches}) if matches else created


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
        statement = statement.where(one_of(client.c.status_category, request.status_category))
    if request.type:
        statement = statement.where(one_of(client.c.type, request.type))
    if request.company_id is not None:
        statement = statement.where(client.c.company_id == request.company_id)
    if request.owner_user_id is not None:
        statement = statement.where(client.c.owner_user_id == request.owner_user_id)
    if request.search is not None:
        name = rules.search_name(request.search, business=False)
        if len(name) < 2:
            raise Refused.field("search", "too_short", "search for at least two letters or digits")
        statement = statement.where(client.c.search_name.contains(name, autoescape=True))
    if work.caller.company_ids is not None:
        statement = statement.where(one_of(client.c.company_id, work.caller.company_ids))
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
    row = await live_client(request.client_id, work)
    work.check_version(request.expected_version, row["version"])
    changes: dict[str, Any] = request.model_dump(exclude={"client_id", "expected_version"}, exclude_unset=True)
    if "birth_date" in changes:
        changes["birth_hash"] = _birth_hash(changes["birth_date"], work)
        changes["birth_date"] = await _encrypted_birth_date(changes["birth_date"], row["id"], work)
    changes |= _names({**row, **changes}) if {"given_name", "family_name"} & changes.keys() else {}
    return await views.client_of(await change_client(row, changes, work), work)


async def archive_client(request: ArchiveClient, work: UnitOfWork) -> Client:
    """Archive a client that has no live contract."""
    row = await locked_client(request.client_id, work)
    state = rules.RECORD.after("archive", RecordState(row["record_state"]))
    live = select(contract_ref.c.contract_id).where(
        contract_ref.c.organisation_id == work.organisation_id,
        contract_ref.c.client_id == row["id"],
        one_of(contract_ref.c.status, _LIVE_CONTRACTS),
    )
    if await work.fetch_one(live.limit(1)) is not None:
        raise Refused(HAS_LIVE_CONTRACTS, "end or cancel the client's contracts before archiving him")
    if any(found.balance_due.amount for found in await balances_of(row["id"], work.today(), work)):
        raise Refused(HAS_OPEN_BALANCE, "settle or refund the client's balance before archiving him")
    version = await _set_state(row, state, work)
    work.emit(ClientArchived(client_id=row["id"], reason=request.reason, archived_on=work.today()), version=version)
    return await _reload(row["id"], work)


async def restore_client(request: RestoreClient, work: UnitOfWork) -> Client:
    """Bring an archived client back."""
    row = await locked_client(request.client_id, work)
    version = await _set_state(row, rules.RECORD.after("restore", RecordState(row["record_state"])), work)
    work.emit(ClientRestored(client_id=row["id"], reason=request.reason), version=version)
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
        "birth_hash": _birth_hash(request.birth_date, work),
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
    return [
        contact_row(client_id, kind, value, position == 0, work)
        for kind, values in ((ContactKind.EMAIL, request.emails), (ContactKind.PHONE, request.phones))
        for position, value in enumerate(dict.fromkeys(values))
    ]


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


def _birth_hash(birth_date: date | None, work: UnitOfWork) -> str | None:
    return work.keys.fingerprint(IndexKind.GENERIC, birth_date.isoformat()) if birth_date else None


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


async def find_duplicates(request: FindDuplicates, work: UnitOfWork) -> DuplicateMatches:
    """Who may be the same as this client."""
    row = await work.load(queries.CLIENT_BY_ID, "client", code=CLIENT_NOT_FOUND, id=request.client_id)
    points, addresses = row["contact_points"] or [], row["addresses"] or []
    own = contact_point.c
    hashes = await work.fetch(
        select(own.hash).where(own.organisation_id == work.organisation_id, own.client_id == row["id"])
    )
    accounts = await _accounts([row["id"]], work)
    mine = accounts.get(row["id"], frozenset())
    found = await duplicates.candidates(row, [point["hash"] for point in hashes], addresses, mine, work)
    theirs = await _accounts([other["id"] for other in found], work)
    matches = duplicates.rank(duplicates.portrait(row, points, addresses, mine), found, theirs)
    return DuplicateMatches(items=tuple(matches))


async def _accounts(client_ids: list[UUID], work: UnitOfWork) -> dict[UUID, frozenset[str]]:
    account = bank_details_ref.c
    rows = await work.fetch(
        select(account.client_id, account.iban_fingerprint).where(
            account.organisation_id == work.organisation_id, one_of(account.client_id, client_ids)
        )
    )
    found: dict[UUID, set[str]] = {}
    for row in rows:
        found.setdefault(row["client_id"], set()).add(row["iban_fingerprint"])
    return {client_id: frozenset(prints) for client_id, prints in found.items()}
