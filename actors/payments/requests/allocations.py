"""Undoing what receipts settle, and the invoices that stay open."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import select

from actors.payments import standing, views
from actors.payments.books import Books
from actors.payments.requests.payments import shown_payment
from actors.payments.rules.outcomes import take_off
from actors.payments.sets import history, run_many, state_many
from messages.base import Event
from messages.payments import (
    Allocation,
    Payment,
    PaymentUnallocated,
    UnallocatePayment,
)
from messages.problem import Refused
from runtime.unit_of_work import UnitOfWork
from storage.payments import queries
from storage.payments.tables.dues import instalment


async def unallocate_payment(request: UnallocatePayment, work: UnitOfWork) -> Payment:
    """Open the invoices again; their instalments failed, so nothing is debited again by itself."""
    await shown_payment(work, request.payment_id)
    books = Books(work)
    await books.load([request.payment_id])
    row = books.payments[request.payment_id]
    wanted = sorted(set(request.invoice_ids))
    for invoice_id in wanted:
        _refuse_wrong_share(books, row, invoice_id)
    held = [found for found in wanted if books.allocations[row["id"], found]["amount"] > 0]
    if not held:
        return await shown_payment(work, request.payment_id)
    allocations = await _take_off(books, row, held, work)
    await books.store()
    after = books.payment_after(row["id"])
    facts: list[tuple[Event, int]] = [
        (
            PaymentUnallocated(
                payment_id=row["id"],
                client_id=row["client_id"],
                company_id=row["company_id"],
                allocation=allocation,
                reason=request.reason,
            ),
            after["version"],
        )
        for allocation in allocations
    ]
    state_many(work, facts, summary="payment")
    told = history(work, row["id"], "payment.unallocated", reason=request.reason, invoices=[str(id_) for id_ in held])
    await run_many(work, queries.HISTORY_ADDED, [told])
    await standing.refresh(work, [row["client_id"]], only_known=True)
    return await shown_payment(work, request.payment_id)


def _refuse_wrong_share(books: Books, row: dict[str, Any], invoice_id: UUID) -> None:
    if (row["id"], invoice_id) not in books.allocations:
        raise Refused.field(
            "invoice_ids", "unknown", f"payment {row['reference']} never settled invoice {invoice_id}; check its id"
        )
    if row["instalment_id"] is not None and books.invoice_of(row) == invoice_id:
        raise Refused.field(
            "invoice_ids", "own", f"payment {row['reference']} collected this very invoice; refund it instead"
        )


async def _take_off(
    books: Books, row: dict[str, Any], invoice_ids: Iterable[UUID], work: UnitOfWork
) -> list[Allocation]:
    bound = await work.fetch(
        select(instalment.c.id, instalment.c.invoice_id).where(
            instalment.c.organisation_id == work.organisation_id, instalment.c.invoice_id.in_(invoice_ids)
        )
    )
    await books.load_instalments(found["id"] for found in bound)
    instalments = {found["invoice_id"]: books.instalment_states[found["id"]] for found in bound}
    allocations = []
    for invoice_id in invoice_ids:
        amount = books.allocations[row["id"], invoice_id]["amount"]
        invoice = books.invoice_states[invoice_id]
        take_off(books.payment_states[row["id"]], amount, invoice, instalments.get(invoice_id))
        allocations.append(views.allocation_of(books.allocate(row, invoice_id, -amount), amount, invoice.open))
    return allocations
