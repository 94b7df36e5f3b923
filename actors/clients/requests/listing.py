"""Requests that list, batch and look up clients."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, exists, select, true

from actors.clients import views
from actors.clients.rules.naming import search_name
from actors.clients.searching import among, with_words
from messages.clients import (
    Client,
    ClientFilter,
    ClientLookup,
    ClientPage,
    ClientsFound,
    ClientSort,
    GetClients,
    ListClients,
    LookupClient,
    RecordState,
)
from messages.problem import Refused
from messages.values.text import search_form, tidy_name
from runtime.field_encryption import IndexKind
from runtime.pagination import page
from runtime.unit_of_work import UnitOfWork
from storage.clients import queries
from storage.clients.queries import late_amount, late_bills, one_of
from storage.clients.tables import address, bank_details_ref, client, contact_point, invoice_ref

_EQUAL = ("company_id", "owner_user_id", "sales_rep_id", "source", "record_state", "kyc_status", "siren", "siret")


async def list_clients(request: ListClients, work: UnitOfWork) -> ClientPage:
    """A page of clients."""
    late = late_amount(work.today())
    statement = queries.SUMMARY.add_columns(late.label("overdue_amount")).where(*await conditions(request, work))
    if request.iban is not None:
        statement = statement.where(_has_account(request.iban, work))
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


async def get_clients(request: GetClients, work: UnitOfWork) -> ClientsFound:
    """Several clients, in the order they were asked for."""
    rows = await work.fetch(
        queries.FULL.where(client.c.organisation_id == work.organisation_id, one_of(client.c.id, request.client_ids))
    )
    found = {row["id"]: await views.client_of(row, work) for row in rows}
    return ClientsFound(
        items=tuple(found[client_id] for client_id in dict.fromkeys(request.client_ids) if client_id in found),
        not_found_ids=tuple(client_id for client_id in request.client_ids if client_id not in found),
    )


async def lookup_client(request: LookupClient, work: UnitOfWork) -> ClientLookup:
    """Who has this number or address; the name decides between several."""
    hashes = [
        work.keys.fingerprint(index, value)
        for index, value in ((IndexKind.PHONE, request.phone), (IndexKind.EMAIL, request.email))
        if value is not None
    ]
    point = contact_point.c
    holders = select(point.client_id).where(point.organisation_id == work.organisation_id, one_of(point.hash, hashes))
    statement = queries.SUMMARY.add_columns(
        late_amount(work.today()).label("overdue_amount"), client.c.family_name
    ).where(
        client.c.organisation_id == work.organisation_id,
        client.c.record_state == RecordState.LIVE,
        client.c.id.in_(holders),
    )
    rows = await work.fetch(statement.order_by(client.c.created_at, client.c.id).limit(20))
    if request.family_name is not None:
        wanted = search_form(request.family_name)
        rows = [row for row in rows if search_form(row["family_name"] or row["display_name"]) == wanted] or rows
    if len(rows) == 1:
        return ClientLookup(found=True, client=await _whole(rows[0]["id"], work))
    return ClientLookup(found=bool(rows), candidates=tuple(views.summary_of(row) for row in rows))


async def _whole(client_id: Any, work: UnitOfWork) -> Client:
    return await views.client_of(await work.load(queries.CLIENT_BY_ID, "client", id=client_id), work)


async def conditions(request: ClientFilter, work: UnitOfWork) -> list[ColumnElement[bool]]:
    """What holds for the clients of a filter, inside the organisation and the caller's companies."""
    found = [
        client.c.organisation_id == work.organisation_id,
        *_filters(request),
        *_parts(request, work),
        *await _names(request, work),
    ]
    if request.has_overdue:
        found.append(await _with_late_bills(work))
    elif request.has_overdue is not None:
        found.append(late_amount(work.today()) == 0)
    if work.caller.company_ids is not None:
        found.append(one_of(client.c.company_id, work.caller.company_ids))
    return found


def _filters(request: ClientFilter) -> Iterator[ColumnElement[bool]]:
    for name in _EQUAL:
        value = getattr(request, name)
        if value is not None:
            yield client.c[name] == value
    for column, values in (
        (client.c.status_category, request.status_category),
        (client.c.status_code, request.status_code),
        (client.c.type, request.type),
    ):
        if values:
            yield one_of(column, values)
    if request.tag is not None:
        yield client.c.tags.contains([request.tag])
    if request.city is not None:
        yield client.c.city == request.city
    if request.created_from is not None:
        yield client.c.created_at >= request.created_from
    if request.created_to is not None:
        yield client.c.created_at < request.created_to


async def _names(request: ClientFilter, work: UnitOfWork) -> list[ColumnElement[bool]]:
    """Filters on names: the index of words finds who may be meant, the columns decide."""
    words: list[str] = []
    equal = []
    for column, name in ((client.c.given_name, request.given_name), (client.c.family_name, request.family_name)):
        if name is not None:
            words += search_name(name, business=False).split()
            equal.append(column == tidy_name(name))
    if request.search is not None:
        wanted = search_name(request.search, business=False).split()
        if not wanted or max(map(len, wanted)) < 2:
            raise Refused.field("search", "too_short", "search for at least two letters or digits")
        words += wanted
    return [await with_words(words, work), *equal] if words else equal


async def _with_late_bills(work: UnitOfWork) -> ColumnElement[bool]:
    """Clients of whom a bill is late, the same that `late_amount` adds up."""
    bill = invoice_ref.c
    own = (bill.organisation_id == client.c.organisation_id, bill.client_id == client.c.id)
    due, unpaid = late_bills(work.today())
    ids = select(bill.client_id).where(bill.organisation_id == work.organisation_id, due)
    of_row = select(true()).where(*own, due, unpaid).limit(1).scalar_subquery()
    return await among(ids.where(unpaid), of_row, work, at_most=ids)


def _parts(request: ClientFilter, work: UnitOfWork) -> Iterator[ColumnElement[bool]]:
    """Filters on what hangs on a client."""
    for index, value in ((IndexKind.EMAIL, request.email), (IndexKind.PHONE, request.phone)):
        if value is not None:
            point = contact_point.c
            print_ = work.keys.fingerprint(index, value)
            yield client.c.id.in_(
                select(point.client_id).where(point.organisation_id == work.organisation_id, point.hash == print_)
            )
    account = bank_details_ref.c
    if request.iban_last4 is not None:
        yield exists().where(
            account.organisation_id == client.c.organisation_id,
            account.client_id == client.c.id,
            account.iban_masked.endswith(request.iban_last4),
        )
    if request.postal_code is not None:
        own = address.c
        yield client.c.id.in_(
            select(own.client_id).where(
                own.organisation_id == work.organisation_id, own.postal_code == request.postal_code
            )
        )


def _has_account(iban: str, work: UnitOfWork) -> ColumnElement[bool]:
    work.caller.require("clients:bank_ref:search")
    account, print_ = bank_details_ref.c, work.keys.fingerprint(IndexKind.IBAN, iban)
    return client.c.id.in_(
        select(account.client_id).where(
            account.organisation_id == work.organisation_id, account.iban_fingerprint == print_
        )
    )
