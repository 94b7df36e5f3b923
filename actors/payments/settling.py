"""Money that arrived: payments become paid, their instalments and invoices are settled, everybody hears of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import update

from actors.payments import proposing, standing, views
from actors.payments.alerts import raise_alert
from actors.payments.books import Books
from actors.payments.rules.machines import PAYMENT
from actors.payments.rules.outcomes import NOTHING, settle
from actors.payments.sets import history, run_many, state_many
from messages.base import Event
from messages.payments import (
    AlertSeverity,
    Allocation,
    FirstCollection,
    InstalmentPaid,
    InstalmentStatus,
    OverpaymentDetected,
    PaymentReceived,
    PaymentStatus,
)
from messages.shared import Ref
from runtime.unit_of_work import UnitOfWork
from storage.payments import queries
from storage.payments.sets import among
from storage.payments.tables.dues import schedule
from storage.payments.tables.means import mandate

OPEN_AT_THE_BANK = frozenset({PaymentStatus.BATCHED, PaymentStatus.SUBMITTED})


@dataclass(frozen=True, slots=True)
class Settlement:
    """A bank line that says a debit's money is there."""

    payment_id: UUID
    settled_on: date
    fees: Decimal = NOTHING


async def settle_payments(work: UnitOfWork, settlements: Sequence[Settlement]) -> set[UUID]:
    """Book receipts of debits; those whose outcome is known already stay as they are. The ids that became paid."""
    books = Books(work)
    await books.load(settlement.payment_id for settlement in settlements)
    paid = {
        found.payment_id: found
        for found in settlements
        if found.payment_id in books.payments and books.payment_states[found.payment_id].status in OPEN_AT_THE_BANK
    }
    for id_ in books.payments.keys() - paid.keys():
        del books.payment_states[id_]
    facts: list[tuple[Event, int]] = []
    for found in paid.values():
        allocations = _settle_one(books, found, work)
        facts.append((_received(books, found, allocations), books.payments[found.payment_id]["version"] + 1))
    twice = _paid_twice(books, paid)
    facts += [*_paid_instalments(books), *((fact, 1) for fact in twice)]
    await books.store()
    await run_many(
        work,
        queries.HISTORY_ADDED,
        [history(work, id_, "payment.received", settled_on=str(paid[id_].settled_on)) for id_ in paid],
    )
    await _note_on_means(work, [books.payments[id_] for id_ in paid])
    state_many(work, facts, summary="payment")
    for fact in twice:
        await raise_alert(
            work,
            "OVERPAYMENT",
            AlertSeverity.WARNING,
            "Trop-perçu",
            f"payment {books.payments[fact.payment_id]['reference']} brought {fact.amount.amount} {fact.amount.currency} "
            "that nobody owes; refund it or set it off",
            about=fact.payment_id,
            company_id=books.payments[fact.payment_id]["company_id"],
            refs=[Ref(type="payment", id=fact.payment_id)],
        )
    await proposing.propose_if_withdrawn(work, paid)
    await standing.refresh(work, {books.payments[id_]["client_id"] for id_ in paid}, only_known=True)
    return set(paid)


def _settle_one(books: Books, found: Settlement, work: UnitOfWork) -> tuple[Allocation, ...]:
    row, state = books.payments[found.payment_id], books.payment_states[found.payment_id]
    if state.status is PaymentStatus.BATCHED:  # a file uploaded by hand, whose upload nobody recorded
        state.status = PAYMENT.after("submit", state.status)
    row["settled_on"], row["paid_at"] = found.settled_on, work.now
    invoice_id = books.invoice_of(row)
    amount = settle(
        state,
        books.instalment_states.get(row["instalment_id"]),
        books.invoice_states[invoice_id] if invoice_id else None,
    )
    if invoice_id is None or not amount:
        return ()
    after = books.allocate(row, invoice_id, amount)
    return (views.allocation_of(after, amount, books.invoice_states[invoice_id].open),)


def _paid_twice(books: Books, ids: Iterable[UUID]) -> list[OverpaymentDetected]:
    """Debits whose money nothing was owed for any more: the debtor had paid meanwhile."""
    found = []
    for id_ in ids:
        row, state = books.payments[id_], books.payment_states[id_]
        excess = state.amount - max(state.allocated, state.instalment_amount)
        if row["instalment_id"] is None or excess <= 0:
            continue
        amount = views.money(excess, row["currency"])
        invoice_id = books.invoice_of(row)
        found.append(
            OverpaymentDetected(payment_id=id_, client_id=row["client_id"], invoice_id=invoice_id, amount=amount)
        )
    return found


def _received(books: Books, found: Settlement, allocations: tuple[Allocation, ...]) -> PaymentReceived:
    return PaymentReceived(
        **views.payment_ref(books.payment_after(found.payment_id)),
        paid_on=found.settled_on,
        settled_on=found.settled_on,
        allocations=allocations,
        fees=views.money(found.fees),
    )


def _paid_instalments(books: Books) -> list[tuple[Event, int]]:
    facts: list[tuple[Event, int]] = []
    for id_ in sorted(books.instalment_states):
        if books.instalment_changed(id_) and books.instalment_states[id_].status is InstalmentStatus.PAID:
            after = books.instalment_after(id_)
            facts.append((InstalmentPaid(**views.instalment_snapshot(after)), after["version"]))
    return facts


async def _note_on_means(work: UnitOfWork, rows: list[dict[str, Any]]) -> None:
    """A settled debit proves its mandate and ends a row of failures."""
    mandates = [row["mandate_id"] for row in rows if row["mandate_id"] is not None]
    if mandates:
        last = max(row["settled_on"] for row in rows)
        await work.execute(
            update(mandate)
            .where(mandate.c.organisation_id == work.organisation_id, among(mandate.c.id, mandates))
            .values(last_settled_on=last, first_collection_state=FirstCollection.FRST_DONE, refusals_in_a_row=0)
        )
    schedules = [row["schedule_id"] for row in rows if row["schedule_id"] is not None]
    if schedules:
        await work.execute(
            update(schedule)
            .where(
                schedule.c.organisation_id == work.organisation_id,
                among(schedule.c.id, schedules),
                schedule.c.failure_count > 0,
            )
            .values(failure_count=0)
        )
