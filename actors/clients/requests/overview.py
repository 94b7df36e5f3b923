"""Requests that show the whole picture of a client, his timeline, and search."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from actors.clients import views
from actors.clients.accounts import bank_refs_of
from actors.clients.balances import balances_of
from actors.clients.changes import ids_of, shown_client
from actors.clients.consents import consents_of
from actors.clients.rules.alerts import AlertFacts, alerts_of
from actors.clients.searching import search
from messages.clients import (
    BankRef,
    Client360,
    ContractCounts,
    GetClient360,
    LastPayment,
    ListClientTimeline,
    NextDebit,
    PairStatus,
    SearchClients,
    SearchHit,
    SearchHits,
    TimelineEntry,
    TimelinePage,
)
from messages.values.money import Money
from messages.values.text import search_form
from runtime.pagination import page
from runtime.unit_of_work import Row, UnitOfWork
from storage.clients.queries import one_of
from storage.clients.tables import (
    contract_ref,
    document_ref,
    duplicate_pair,
    instalment_ref,
    invoice_ref,
    payment_ref,
    standing_ref,
    timeline_entry,
    user_ref,
)

_WORST_FIRST = ("LITIGATION", "UNPAID", "SUSPENDED", "OVERDUE", "GOOD")


async def get_client_360(request: GetClient360, work: UnitOfWork) -> Client360:
    """Everything about a client on one page."""
    row = await shown_client(request.client_id, work)
    ids = await ids_of(row["id"], work)
    as_of = request.as_of or work.today()
    contracts = await _contracts(ids, work)
    balances = await balances_of(ids, as_of, work)
    standing, risk = await _standing(ids, work)
    accounts = await bank_refs_of(ids, work)
    documents = await _documents(ids, work)
    late = any(balance.overdue_amount.amount > 0 for balance in balances)
    facts = AlertFacts(row, late, standing, as_of, await _debits_without_mandate(ids, accounts, work))
    counted = {name: sum(found["status"] in states for found in contracts) for name, states in _COUNTED.items()}
    mrr = sum((found["mrr"] for found in contracts if found["status"] == "ACTIVE"), Money.zero().amount)
    return Client360(
        client=await views.client_of(
            row, work, redirected_from=request.client_id if request.client_id != row["id"] else None
        ),
        owner_name=await work.fetch_value(select(user_ref.c.name).where(user_ref.c.user_id == row["owner_user_id"])),
        contracts=ContractCounts(**counted),
        mrr=Money(amount=mrr),
        balances=balances,
        standing=standing,
        risk=risk,
        rejections_12m=await _rejections(ids, as_of, work),
        last_invoice_on=await work.fetch_value(
            select(func.max(invoice_ref.c.issued_on)).where(
                invoice_ref.c.organisation_id == work.organisation_id, one_of(invoice_ref.c.client_id, ids)
            )
        ),
        last_payment=await _last_payment(ids, work),
        next_debit=await _next_debit(ids, as_of, work),
        bank_refs=accounts,
        consents=await consents_of(ids, work),
        documents=documents,
        open_duplicates=await _open_duplicates(row["id"], work),
        alerts=alerts_of(facts),
    )


_COUNTED = {
    "signed": ("SIGNED",),
    "active": ("ACTIVE",),
    "suspended": ("SUSPENDED",),
    "ended": ("TERMINATED", "EXPIRED"),
}


async def list_client_timeline(request: ListClientTimeline, work: UnitOfWork) -> TimelinePage:
    """A page of what happened, newest first."""
    row = await shown_client(request.client_id, work)
    entry = timeline_entry.c
    wanted = select(timeline_entry).where(
        entry.organisation_id == work.organisation_id, one_of(entry.client_id, await ids_of(row["id"], work))
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
    """The best matches, each with the shown fields that matched."""
    words = [search_form(word) for word in request.query.split()]
    return SearchHits(items=tuple(_hit(row, words) for row in await search(request, work)))


def _hit(row: Row, words: list[str]) -> SearchHit:
    shown = {name: search_form(row[name] or "") for name in _HIGHLIGHTED}
    matched = tuple(name for name, text in shown.items() if any(word in text for word in words))
    return SearchHit.model_validate({**row, "highlights": matched})


_HIGHLIGHTED = ("client_code", "display_name", "primary_email", "primary_phone", "city")


async def _contracts(client_ids: Sequence[UUID], work: UnitOfWork) -> list[Row]:
    return await work.fetch(
        select(contract_ref.c.status, contract_ref.c.mrr).where(
            contract_ref.c.organisation_id == work.organisation_id, one_of(contract_ref.c.client_id, client_ids)
        )
    )


async def _standing(client_ids: Sequence[UUID], work: UnitOfWork) -> tuple[str | None, str | None]:
    """The worst standing of the client's companies."""
    rows = await work.fetch(
        select(standing_ref.c.standing, standing_ref.c.risk).where(
            standing_ref.c.organisation_id == work.organisation_id, one_of(standing_ref.c.client_id, client_ids)
        )
    )
    worst = min(rows, key=lambda row: _WORST_FIRST.index(row["standing"]), default=None)
    return (worst["standing"], worst["risk"]) if worst is not None else (None, None)


async def _rejections(client_ids: Sequence[UUID], as_of: date, work: UnitOfWork) -> int:
    payment = payment_ref.c
    since = date(as_of.year - 1, as_of.month, min(as_of.day, 28))
    statement: Any = (
        select(func.count())
        .select_from(payment_ref)
        .where(
            payment.organisation_id == work.organisation_id,
            one_of(payment.client_id, client_ids),
            payment.status == "REJECTED",
            payment.on_date > since,
            payment.on_date <= as_of,
        )
    )
    return int(await work.fetch_value(statement))


async def _last_payment(client_ids: Sequence[UUID], work: UnitOfWork) -> LastPayment | None:
    payment = payment_ref.c
    row = await work.fetch_one(
        select(payment_ref)
        .where(
            payment.organisation_id == work.organisation_id,
            one_of(payment.client_id, client_ids),
            payment.status == "RECEIVED",
        )
        .order_by(payment.on_date.desc(), payment.payment_id.desc())
        .limit(1)
    )
    if row is None:
        return None
    amount = Money(amount=row["amount"], currency=row["currency"])
    return LastPayment(payment_id=row["payment_id"], on=row["on_date"], amount=amount)


async def _next_debit(client_ids: Sequence[UUID], as_of: date, work: UnitOfWork) -> NextDebit | None:
    planned = instalment_ref.c
    row = await work.fetch_one(
        select(instalment_ref)
        .where(
            planned.organisation_id == work.organisation_id,
            one_of(planned.client_id, client_ids),
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


async def _documents(client_ids: Sequence[UUID], work: UnitOfWork) -> int:
    document = document_ref.c
    statement: Any = (
        select(func.count())
        .select_from(document_ref)
        .where(document.organisation_id == work.organisation_id, one_of(document.client_id, client_ids))
    )
    return int(await work.fetch_value(statement))


async def _open_duplicates(client_id: UUID, work: UnitOfWork) -> int:
    pair = duplicate_pair.c
    statement: Any = (
        select(func.count())
        .select_from(duplicate_pair)
        .where(
            pair.organisation_id == work.organisation_id,
            pair.status == PairStatus.OPEN,
            (pair.client_a_id == client_id) | (pair.client_b_id == client_id),
        )
    )
    return int(await work.fetch_value(statement))


async def _debits_without_mandate(client_ids: Sequence[UUID], accounts: tuple[BankRef, ...], work: UnitOfWork) -> bool:
    """Whether a debit is planned and no mandate allows it."""
    if any(account.mandate_status == "ACTIVE" for account in accounts):
        return False
    planned = instalment_ref.c
    found = select(planned.instalment_id).where(
        planned.organisation_id == work.organisation_id, one_of(planned.client_id, client_ids), planned.open.is_(True)
    )
    return await work.fetch_one(found.limit(1)) is not None
