"""Approved files go to the bank; then each of their debits is presented."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update

from actors.payments import views
from actors.payments.alerts import raise_alert
from actors.payments.bank.transport import exchange_of
from actors.payments.batch_rows import change_batch, lock_batch, profile_of
from actors.payments.rules.machines import BATCH, PAYMENT
from actors.payments.sets import PAGE, history, run_many, state_many
from actors.payments.vault import opened_file
from messages.base import Event
from messages.payments import (
    AlertSeverity,
    BatchStatus,
    CollectionBatchTransmitted,
    PaymentStatus,
    PaymentSubmitted,
    Transport,
)
from messages.shared import Ref
from runtime.unit_of_work import UnitOfWork, WorkItem
from runtime.work_queue import Outside
from storage.payments import queries
from storage.payments.sets import among
from storage.payments.tables.means import mandate
from storage.payments.tables.payments import payment


class TransmitCollectionFile(WorkItem):
    """Hand an approved file to the bank."""

    batch_id: UUID


class SubmitPayments(WorkItem):
    """Say of the next debits of a transmitted file that they are at the bank."""

    batch_id: UUID
    part: int


async def transmit(work: UnitOfWork, batch: dict[str, Any]) -> None:
    """Send by the account's transport; by hand means that a person downloads and uploads it."""
    profile = await profile_of(work, batch)
    if profile.transport is Transport.SIMULATOR:
        work.order(TransmitCollectionFile(batch_id=batch["id"]), key=f"{batch['id']}|{batch['version']}")


async def send_file(item: TransmitCollectionFile, outside: Outside) -> bool:
    """Put the file where the bank takes it; False when the installation has no exchange folder."""
    exchange = exchange_of(outside.organisation_id)
    if exchange is None:
        return False
    async with outside.heart.database.transaction(outside.organisation_id, read_only=True) as connection:
        row = await connection.fetchrow(
            "select b.file_name, b.status, f.content from collection_batch b join stored_file f on f.id = b.id"
            " where b.organisation_id = $1 and b.id = $2",
            outside.organisation_id,
            item.batch_id,
        )
    if row["status"] == BatchStatus.APPROVED:
        content = await opened_file(
            row["content"], row_id=item.batch_id, organisation_id=outside.organisation_id, keys=outside.heart.keys
        )
        exchange.send(row["file_name"], content)
    return True


async def after_sending(item: TransmitCollectionFile, sent: bool, work: UnitOfWork) -> None:
    """The file is at the bank, or a person must bring it there."""
    batch = await lock_batch(work, item.batch_id)
    if batch["status"] != BatchStatus.APPROVED:
        return
    if sent:
        await mark_transmitted(work, batch)
        return
    await raise_alert(
        work,
        "BANK_UNREACHABLE",
        AlertSeverity.CRITICAL,
        "Banque injoignable",
        f"file {batch['msg_id']} could not be sent: set CRM_BANK_EXCHANGE_FOLDER, or download and upload it by hand",
        about=batch["id"],
        company_id=batch["company_id"],
        refs=[Ref(type="collection_batch", id=batch["id"])],
    )


async def mark_transmitted(work: UnitOfWork, batch: dict[str, Any]) -> dict[str, Any]:
    """The file is at the bank; collection_batch.transmitted, then payment.submitted for each debit."""
    status = BATCH.after("transmit", BatchStatus(batch["status"]))
    after = await change_batch(work, batch, status=status, transmitted_at=work.now)
    fact = CollectionBatchTransmitted(**views.batch_ref(after), transmitted_at=work.now)
    work.emit(fact, version=after["version"])
    await submit_page(work, batch["id"], 1)
    return after


async def nothing_outside(item: WorkItem, outside: Outside) -> None:
    """The work is all in the transaction; it is cut into parts so that none holds locks for long."""


async def submit_next(item: SubmitPayments, _: None, work: UnitOfWork) -> None:
    """The next part of the debits of a transmitted file."""
    await submit_page(work, item.batch_id, item.part)


async def submit_page(work: UnitOfWork, batch_id: UUID, part: int) -> None:
    """State payment.submitted for up to one page of debits; further ones follow in their own transactions."""
    rows = await work.fetch(
        select(payment)
        .where(
            payment.c.organisation_id == work.organisation_id,
            payment.c.batch_id == batch_id,
            payment.c.status == PaymentStatus.BATCHED,
        )
        .order_by(payment.c.id)
        .limit(PAGE)
        .with_for_update()
    )
    if not rows:
        return
    status = PAYMENT.after("submit", PaymentStatus.BATCHED)
    await work.execute(
        update(payment)
        .where(payment.c.organisation_id == work.organisation_id, among(payment.c.id, [row["id"] for row in rows]))
        .values(
            status=status,
            submitted_at=work.now,
            version=payment.c.version + 1,
            updated_at=work.now,
            updated_by=work.caller.principal,
        )
    )
    await _note_presented(work, rows)
    facts: list[tuple[Event, int]] = []
    for row in rows:
        after = {**row, "status": status}
        facts.append((PaymentSubmitted(**views.payment_ref(after), submitted_at=work.now), row["version"] + 1))
    await run_many(work, queries.HISTORY_ADDED, [history(work, row["id"], "payment.submitted") for row in rows])
    state_many(work, facts, summary="collection_batch")
    if len(rows) == PAGE:
        work.order(SubmitPayments(batch_id=batch_id, part=part + 1), key=f"{batch_id}|{part + 1}")


async def _note_presented(work: UnitOfWork, rows: Sequence[Any]) -> None:
    """The dormancy clock of the mandates starts again, even if the debit fails."""
    last = max(row["requested_collection_date"] for row in rows)
    await work.execute(
        update(mandate)
        .where(
            mandate.c.organisation_id == work.organisation_id,
            among(mandate.c.id, sorted({row["mandate_id"] for row in rows})),
        )
        .values(last_presented_on=func.greatest(mandate.c.last_presented_on, last))
    )
