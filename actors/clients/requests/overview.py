"""Requests that show the whole picture of a client, his timeline, and search."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, func, literal, or_, select

from actors.clients import views
from actors.clients.balances import balances_of
from actors.clients.requests.sub_records import bank_refs_of, consents_of
from actors.clients.rules.naming import search_name
from messages.clients import (
    CLIENT_NOT_FOUND,
    Balances,
    Client360,
    ContractCounts,
    GetClient360,
    LastPayment,
    ListClientTimeline,
    NextDebit,
    RecordState,
    SearchClients,
    SearchHit,
    SearchHits,
    StatusCategory,
    TimelineEntry,
    TimelinePage,
)
from messages.values.money import Money
from runtime.pagination import page
from runtime.unit_of_work import Row, UnitOfWork
from storage.clients import queries
from storage.clients.queries import one_of
from storage.clients.tables import (
    address,
    client,
    contact_point,
    contract_ref,
    instalment_ref,
    invoice_ref,
    payment_ref,
    standing_ref,
    timeline_entry,
)

_WORST_FIRST = ("LITIGATION", "UNPAID", "SUSPENDED", "OVERDUE", "GOOD")
_LEAST_WORD_LIKENESS = 0.35


async def get_client_360(request: GetClient360, work: UnitOfWork) -> Client360:
    """Everything about a client on one page."""
    row = await work.load(queries.CLIENT_BY_ID, "client", code=CLIENT_NOT_FOUND, id=request.client_id)
    as_of = request.as_of or work.today()
    contracts = await _contracts(row["id"], work)
    balances = await balances_of(row["id"], as_of, work)
    standing, risk = await _standing(row["id"], work)
    accounts = await bank_refs_of(row["id"], work)
    counted = {name: sum(found["status"] in states for found in contracts) for name, states in _COUNTED.items()}
    mrr = sum((found["mrr"] for found in contracts if found["status"] == "ACTIVE"), Money.zero().amount)
    return Client360(
        client=await views.client_of(row, work),
        contracts=ContractCounts(**counted),
        mrr=Money(amount=mrr),
        balances=balances,
        standing=standing,
        risk=risk,
        rejections_12m=await _rejections(row["id"], as_of, work),
        last_invoice_on=await work.fetch_value(
            select(func.max(invoice_ref.c.issued_on)).where(
                invoice_ref.c.organisation_id == work.organisation_id, invoice_ref.c.client_id == row["id"]
            )
        ),
        last_payment=await _last_payment(row["id"], work),
        next_debit=await _next_debit(row["id"], as_of, work),
        bank_refs=accounts,
        consents=await consents_of(row["id"], work),
        alerts=_alerts(row, balances, standing),
    )


_COUNTED = {
    "signed": ("SIGNED",),
    "active": ("ACTIVE",),
    "suspended": ("SUSPENDED",),
    "ended": ("TERMINATED", "EXPIRED"),
}


def _alerts(row: Row, balances: tuple[Balances, ...], standing: str | None) -> tuple[str, ...]:
    found = []
    if any(balance.overdue_amount.amount > 0 for balance in balances) or standing in ("OVERDUE", "UNPAID"):
        found.append("OVERDUE")
    if row["do_not_contact"]:
        found.append("DO_NOT_CONTACT")
    return tuple(found)


async def list_client_timeline(request: ListClientTimeline, work: UnitOfWork) -> TimelinePage:
    """A page of what happened, newest first."""
    await work.load(queries.CLIENT_BY_ID, "client", code=CLIENT_NOT_FOUND, id=request.client_id)
    entry = timeline_entry.c
    wanted = select(timeline_entry).where(
        entry.organisation_id == work.organisation_id, entry.client_id == request.client_id
    )
    if request.kinds:
        wanted = wanted.where(one_of(entry.kind, request.kinds))
    if request.since is not None:
        wanted = wanted.where(entry.occurred_at >= request.since)
    if request.until is not None:
        wanted = wanted.where(entry.occurred_at < request.until)
    order = (entry.occurred_at, entry.id)
    return await page(work, request, wanted, order=order, descending=True, reply=TimelinePage, item=_entry)


def _entry(row: Row) -> TimelineEntry:
    amount = Money(amount=row["amount"], currency=row["currency"]) if row["amount"] is not None else None
    return TimelineEntry.model_validate({**row, "amount": amount})


async def search_clients(request: SearchClients, work: UnitOfWork) -> SearchHits:
    """Every word must be found somewhere; when that finds nobody, names may be misspelt a little."""
    tokens = request.query.split()
    hits = await _search(request, [_strict(token) for token in tokens], work)
    if not hits:
        hits = await _search(request, [_lenient(token) for token in tokens], work)
    return SearchHits(items=tuple(SearchHit.model_validate(dict(row)) for row in hits))


async def _search(request: SearchClients, conditions: list[ColumnElement[bool]], work: UnitOfWork) -> list[Row]:
    exact = request.query.strip()
    is_exact = or_(
        client.c.client_code == exact.upper(),
        client.c.siren == exact,
        client.c.siret == exact,
        func.lower(client.c.primary_email) == exact.lower(),
    )
    active = one_of(client.c.status_category, (StatusCategory.ACTIVE, StatusCategory.OVERDUE))
    score = (
        100 * func.coalesce(is_exact, False).cast(queries.INTEGER)
        + 5 * func.similarity(client.c.search_name, search_name(request.query, business=False))
        + 2 * active.cast(queries.INTEGER)
    ).label("score")
    states = (RecordState.LIVE, RecordState.ARCHIVED) if request.archived else (RecordState.LIVE,)
    wanted = queries.SUMMARY.add_columns(score).where(
        client.c.organisation_id == work.organisation_id, one_of(client.c.record_state, states), *conditions
    )
    if work.caller.company_ids is not None:
        wanted = wanted.where(one_of(client.c.company_id, work.caller.company_ids))
    return await work.fetch(wanted.order_by(score.desc(), client.c.display_name, client.c.id).limit(request.limit))


def _strict(token: str) -> ColumnElement[bool]:
    digits = "".join(character for character in token if character.isdigit())
    if "@" in token:
        return _has_point(contact_point.c.normalized.startswith(token.lower(), autoescape=True))
    if digits and len(digits) >= len(token) - 1:
        return _number(digits)
    word = search_name(token, business=False)
    named = client.c.search_name.contains(word, autoescape=True) if word else literal(True)
    return or_(named, client.c.client_code == token.upper(), client.c.city.istartswith(token, autoescape=True))


def _number(digits: str) -> ColumnElement[bool]:
    """Digits may be the end of a phone number or code, or the beginning of a phone number, SIREN, SIRET or postal code."""
    national = f"+33{digits[1:]}" if digits.startswith("0") else f"+{digits}"
    return or_(
        _has_point(contact_point.c.normalized.startswith(national)),
        _has_point(func.reverse(contact_point.c.normalized).startswith(digits[::-1])),
        client.c.siren.startswith(digits),
        client.c.siret.startswith(digits),
        client.c.client_code.endswith(digits),
        exists().where(address.c.client_id == client.c.id, address.c.postal_code == digits),
    )


def _lenient(token: str) -> ColumnElement[bool]:
    word = search_name(token, business=False)
    if "@" in token or not word or any(character.isdigit() for character in token):
        return _strict(token)
    words = func.unnest(func.string_to_array(client.c.search_name, " ")).column_valued("word")
    alike = exists(select(words).where(func.similarity(words, word) >= _LEAST_WORD_LIKENESS))
    # Words that are alike share three letters in a row: the trigram index finds those, similarity() decides.
    pieces = {word[start : start + 3] for start in range(max(1, len(word) - 2))}
    return and_(or_(*(client.c.search_name.contains(piece, autoescape=True) for piece in sorted(pieces))), alike)


def _has_point(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    return client.c.id.in_(
        select(contact_point.c.client_id).where(contact_point.c.organisation_id == client.c.organisation_id, condition)
    )


async def _contracts(client_id: UUID, work: UnitOfWork) -> list[Row]:
    return await work.fetch(
        select(contract_ref.c.status, contract_ref.c.mrr).where(
            contract_ref.c.organisation_id == work.organisation_id, contract_ref.c.client_id == client_id
        )
    )


async def _standing(client_id: UUID, work: UnitOfWork) -> tuple[str | None, str | None]:
    """The worst standing of the client's companies."""
    rows = await work.fetch(
        select(standing_ref.c.standing, standing_ref.c.risk).where(
            standing_ref.c.organisation_id == work.organisation_id, standing_ref.c.client_id == client_id
        )
    )
    worst = min(rows, key=lambda row: _WORST_FIRST.index(row["standing"]), default=None)
    return (worst["standing"], worst["risk"]) if worst is not None else (None, None)


async def _rejections(client_id: UUID, as_of: date, work: UnitOfWork) -> int:
    payment = payment_ref.c
    since = date(as_of.year - 1, as_of.month, min(as_of.day, 28))
    statement: Any = (
        select(func.count())
        .select_from(payment_ref)
        .where(
            payment.organisation_id == work.organisation_id,
            payment.client_id == client_id,
            payment.status == "REJECTED",
            payment.on_date > since,
            payment.on_date <= as_of,
        )
    )
    return int(await work.fetch_value(statement))


async def _last_payment(client_id: UUID, work: UnitOfWork) -> LastPayment | None:
    payment = payment_ref.c
    row = await work.fetch_one(
        select(payment_ref)
        .where(
            payment.organisation_id == work.organisation_id,
            payment.client_id == client_id,
            payment.status == "RECEIVED",
        )
        .order_by(payment.on_date.desc(), payment.payment_id.desc())
        .limit(1)
    )
    if row is None:
        return None
    amount = Money(amount=row["amount"], currency=row["currency"])
    return LastPayment(payment_id=row["payment_id"], on=row["on_date"], amount=amount)


async def _next_debit(client_id: UUID, as_of: date, work: UnitOfWork) -> NextDebit | None:
    planned = instalment_ref.c
    row = await work.fetch_one(
        select(instalment_ref)
        .where(
            planned.organisation_id == work.organisation_id,
            planned.client_id == client_id,
            planned.open.is_(True),
            planned.debit_on >= as_of,
        )
        .order_by(planned.debit_on, planned.instalment_id)
        .limit(1)
    )
    if row is None:
        return None
    amount = Money(amount=row["amount"], currency=row["currency"])
    return NextDebit(instalment_id=row["instalment_id"], on=row["debit_on"], amount=amount)
