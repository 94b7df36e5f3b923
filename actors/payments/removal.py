"""Taking debits out before they are transmitted: one payment, or a whole file."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from actors.payments import batch_rows, batches, views
from actors.payments.books import Books
from actors.payments.rules.machines import BATCH, PAYMENT
from actors.payments.rules.outcomes import withdraw
from actors.payments.sets import PAGE, history, run_many, state_many
from messages.base import Event
from messages.payments import (
    BatchStatus,
    FirstCollection,
    PaymentCancelled,
    PaymentStatus,
    SequenceType,
)
from runtime.unit_of_work import UnitOfWork
from storage.payments import queries
from storage.payments.tables.bank import collection_batch
from storage.payments.tables.means import mandate
from storage.payments.tables.payments import payment

_STOPPABLE = (BatchStatus.DRAFT, BatchStatus.READY, BatchStatus.PENDING_APPROVAL, BatchStatus.APPROVED)


async def take_out(work: UnitOfWork, payment_ids: Sequence[UUID], reason: str) -> list[UUID]:
    """Cancel those of the payments that are not transmitted; their instalments are due again, their files built anew."""
    removed: list[UUID] = []
    for start in range(0, len(payment_ids), PAGE):
        removed += await _take_out_page(work, payment_ids[start : start + PAGE], reason)
    return removed


async def _take_out_page(work: UnitOfWork, payment_ids: Sequence[UUID], reason: str) -> list[UUID]:
    batches_of = await _lock_batches(work, payment_ids)
    books = Books(work)
    await books.load(payment_ids)
    chosen = [
        id_
        for id_, row in books.payments.items()
        if (row["status"] == PaymentStatus.PENDING and row["psp_account_id"] is None)
        or (row["status"] == PaymentStatus.BATCHED and batches_of[row["batch_id"]]["status"] in _STOPPABLE)
    ]
    for id_ in books.payments.keys() - set(chosen):
        books.payment_states.pop(id_)
    facts: list[tuple[Event, int]] = []
    for id_ in chosen:
        row = books.payments[id_]
        withdraw(books.payment_states[id_], books.instalment_states.get(row["instalment_id"]))
        after = books.payment_after(id_)
        fact = PaymentCancelled(**views.payment_ref(after), reason=reason, before_submission=True)
        facts.append((fact, after["version"]))
    await books.store()
    await run_many(
        work, queries.HISTORY_ADDED, [history(work, id_, "payment.cancelled", reason=reason) for id_ in chosen]
    )
    state_many(work, facts, summary="payment")
    rows = [books.payments[id_] for id_ in chosen]
    await free_first_sequence(work, rows)
    for batch_id in sorted({row["batch_id"] for row in rows if row["batch_id"] is not None}):
        await _rebuild(work, batches_of[batch_id])
    return chosen


async def _lock_batches(work: UnitOfWork, payment_ids: Sequence[UUID]) -> dict[UUID, dict[str, Any]]:
    """Files before payments, as everywhere."""
    named = select(payment.c.batch_id).where(
        payment.c.organisation_id == work.organisation_id, payment.c.id.in_(payment_ids)
    )
    rows = await work.fetch(
        select(collection_batch)
        .where(collection_batch.c.organisation_id == work.organisation_id, collection_batch.c.id.in_(named))
        .order_by(collection_batch.c.id)
        .with_for_update()
    )
    return {row["id"]: dict(row) for row in rows}


async def free_first_sequence(work: UnitOfWork, rows: Sequence[Any]) -> None:
    """A first debit that never left leaves the place of the first debit free."""
    first = [row["mandate_id"] for row in rows if row["sequence_type"] == SequenceType.FRST]
    if first:
        await work.execute(
            update(mandate)
            .where(
                mandate.c.organisation_id == work.organisation_id,
                mandate.c.id.in_(first),
                mandate.c.first_collection_state == FirstCollection.FRST_IN_FLIGHT,
            )
            .values(first_collection_state=FirstCollection.NONE)
        )


async def _rebuild(work: UnitOfWork, batch: dict[str, Any]) -> None:
    """A file that lost a debit is grouped and built anew; approvals no longer count. An empty one is cancelled."""
    if batch["earliest_collection_date"] is None:  # still collecting: only its counters change
        await batches.recount(work, batch["id"])
        return
    await batches.regroup(work, batch)
    left = await work.fetch_value(select(collection_batch.c.tx_count).where(collection_batch.c.id == batch["id"]))
    status = BatchStatus(batch["status"])
    if not left:
        await batch_rows.change_batch(work, batch, status=BATCH.after("cancel", status))
        return
    after = await batch_rows.change_batch(
        work, batch, status=BATCH.after("rebuild", status), approvals=[], released=False, held=False
    )
    batches.order_file(work, after)


async def dissolve(work: UnitOfWork, batch: dict[str, Any]) -> None:
    """Cancel a whole file; its debits wait for the next one."""
    rows = await work.fetch(
        select(payment)
        .where(
            payment.c.organisation_id == work.organisation_id,
            payment.c.batch_id == batch["id"],
            payment.c.status == PaymentStatus.BATCHED,
        )
        .order_by(payment.c.id)
        .with_for_update()
    )
    await free_first_sequence(work, rows)
    await work.execute(
        update(payment)
        .where(
            payment.c.organisation_id == work.organisation_id,
            payment.c.batch_id == batch["id"],
            payment.c.status == PaymentStatus.BATCHED,
        )
        .values(
            status=PAYMENT.after("unbatch", PaymentStatus.BATCHED),
            batch_id=None,
            group_id=None,
            sequence_type=None,
            version=payment.c.version + 1,
        )
    )
    await batch_rows.change_batch(work, batch, status=BATCH.after("cancel", BatchStatus(batch["status"])))
