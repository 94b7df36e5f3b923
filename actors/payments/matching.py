"""Bank lines find their payments: by reference, by file and group; what stays unmatched is said so."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update

from actors.payments import batch_rows, views
from actors.payments.alerts import raise_alert
from actors.payments.failing import Failure, fail_payments
from actors.payments.rules.machines import BATCH
from actors.payments.sets import PAGE, run_many, state_many
from actors.payments.settling import Settlement, settle_payments
from messages.base import Event
from messages.payments import (
    AlertSeverity,
    BankMessageKind,
    BankTransactionUnmatched,
    BatchStatus,
    CollectionBatchRejected,
    CollectionBatchSettled,
    CreditDebit,
    MatchStatus,
    PaymentStatus,
)
from messages.shared import Ref
from messages.values.identifiers import new_id
from runtime.unit_of_work import Row, UnitOfWork
from storage.payments import queries
from storage.payments.sets import among
from storage.payments.tables.bank import (
    bank_status,
    bank_transaction,
    batch_group,
    collection_batch,
    reconciliation,
)
from storage.payments.tables.payments import payment

WAITING = "WAITING"
"""A line of a statement that does not follow its predecessor: it is matched once the gap is closed."""

_AT_THE_BANK = (BatchStatus.TRANSMITTED, BatchStatus.ACKNOWLEDGED, BatchStatus.PARTIALLY_REJECTED)
_OPEN = (PaymentStatus.BATCHED, PaymentStatus.SUBMITTED)


@dataclass(slots=True)
class PageResult:
    """What one page brought; `last` is where the next one begins, None when there is none."""

    last: UUID | None = None
    matched: int = 0
    unmatched: int = 0
    r_transactions: int = 0


async def match_page(work: UnitOfWork, message: dict[str, Any], after: UUID | None) -> PageResult:
    """Match the next lines of a file after that id."""
    if message["kind"] == BankMessageKind.PAIN002:
        return await _status_page(work, message, after)
    return await _line_page(work, message, after)


# -- camt ----------------------------------------------------------------------------------------------------------


async def _line_page(work: UnitOfWork, message: dict[str, Any], after: UUID | None) -> PageResult:
    statement = (
        select(bank_transaction)
        .where(
            bank_transaction.c.organisation_id == work.organisation_id,
            bank_transaction.c.message_id == message["id"],
            bank_transaction.c.match_status == MatchStatus.UNMATCHED,
        )
        .order_by(bank_transaction.c.id)
        .limit(PAGE)
    )
    if after is not None:
        statement = statement.where(bank_transaction.c.id > after)
    lines = await work.fetch(statement)
    result = PageResult(last=lines[-1]["id"] if len(lines) == PAGE else None)
    payments = await _payments_by_reference(work, [line["end_to_end_id"] for line in lines])
    matches: list[tuple[Row, str, UUID]] = []
    settlements, failures = [], []
    for line in lines:
        found = payments.get(line["end_to_end_id"] or "")
        if found is None:
            await _match_group(work, line, matches)
        elif await _amounts_agree(work, line, found):
            matches.append((line, "PAYMENT", found["id"]))
            if line["sign"] == CreditDebit.CREDIT and line["reason_code"] is None:
                settlements.append(Settlement(found["id"], line["booking_date"]))
            else:
                failures.append(_failure_of_line(line, found["id"], message))
    await settle_payments(work, settlements)
    await fail_payments(work, failures)
    await _store_matches(work, matches)
    matched = {line["id"] for line, _, _ in matches}
    await _state_unmatched(work, [line for line in lines if line["id"] not in matched])
    result.matched, result.unmatched = len(matched), len(lines) - len(matched)
    result.r_transactions = len(failures)
    return result


async def _payments_by_reference(work: UnitOfWork, references: Sequence[str | None]) -> dict[str, Row]:
    wanted = sorted({reference.upper() for reference in references if reference})
    rows = await work.fetch(
        select(
            payment.c.id, payment.c.end_to_end_id, payment.c.amount, payment.c.reference, payment.c.company_id
        ).where(payment.c.organisation_id == work.organisation_id, among(payment.c.end_to_end_id, wanted))
    )
    return {row["end_to_end_id"]: row for row in rows}


async def _amounts_agree(work: UnitOfWork, line: Row, found: Row) -> bool:
    """A credit must be the debit's amount; a return may bring interest on top."""
    exact = line["amount"] == found["amount"]
    if exact or (line["sign"] == CreditDebit.DEBIT and line["amount"] > found["amount"]):
        return True
    await raise_alert(
        work,
        "AMOUNT_MISMATCH",
        AlertSeverity.CRITICAL,
        "Montant différent",
        f"the bank booked {line['amount']} for payment {found['reference']} of {found['amount']}; match the line by hand",
        about=line["id"],
        company_id=found["company_id"],
        refs=[Ref(type="bank_transaction", id=line["id"]), Ref(type="payment", id=found["id"])],
    )
    return False


def _failure_of_line(line: Row, payment_id: UUID, message: dict[str, Any]) -> Failure:
    return Failure(
        payment_id=payment_id,
        code=line["reason_code"] or "NARR",
        text=line["reason_text"],
        booked_on=line["booking_date"],
        source=message["kind"],
        message_id=message["id"],
        fees=line["charges"],
    )


async def _match_group(work: UnitOfWork, line: Row, matches: list[tuple[Row, str, UUID]]) -> None:
    """A credit of a whole group, without details: all its debits that were not rejected, if the sums agree."""
    if line["end_to_end_id"] is not None or line["pmt_inf_id"] is None or line["sign"] != CreditDebit.CREDIT:
        return
    group = await work.fetch_one(
        select(batch_group.c.id).where(
            batch_group.c.organisation_id == work.organisation_id, batch_group.c.pmt_inf_id == line["pmt_inf_id"]
        )
    )
    if group is None:
        return
    rows = await work.fetch(
        select(payment.c.id, payment.c.amount).where(
            payment.c.organisation_id == work.organisation_id,
            payment.c.group_id == group["id"],
            payment.c.status.in_(_OPEN),
        )
    )
    if sum((row["amount"] for row in rows), Decimal("0.00")) != line["amount"]:
        return
    for start in range(0, len(rows), PAGE):
        page = rows[start : start + PAGE]
        await settle_payments(work, [Settlement(row["id"], line["booking_date"]) for row in page])
    matches.append((line, "BATCH_GROUP", group["id"]))


async def _store_matches(work: UnitOfWork, matches: list[tuple[Row, str, UUID]]) -> None:
    await run_many(
        work,
        queries.BANK_LINE_MATCHED,
        [
            {"line_id": line["id"], "new_status": MatchStatus.MATCHED_AUTO, "new_matched": line["amount"]}
            for line, _, _ in matches
        ],
    )
    await run_many(
        work,
        queries.RECONCILIATION_ADDED,
        [
            {
                "id": new_id(),
                "organisation_id": work.organisation_id,
                "bank_transaction_id": line["id"],
                "target_type": target_type,
                "target_id": target_id,
                "match_type": "EXACT_REF" if target_type == "PAYMENT" else "BATCH_TOTAL",
                "score": 100,
                "amount": line["amount"],
                "by": work.caller.principal,
                "created_at": work.now,
            }
            for line, target_type, target_id in matches
        ],
    )


async def _state_unmatched(work: UnitOfWork, lines: Sequence[Row]) -> None:
    facts: list[tuple[Event, int]] = []
    for line in lines:
        fact = BankTransactionUnmatched(
            bank_transaction_id=line["id"],
            amount=views.money(line["amount"], line["currency"]),
            booked_on=line["booking_date"],
        )
        facts.append((fact, 1))
    state_many(work, facts, summary="bank_transaction")


async def release_waiting(work: UnitOfWork, message_id: UUID) -> int:
    """Lines that waited for a missing statement may match now."""
    return await work.execute(
        update(bank_transaction)
        .where(
            bank_transaction.c.organisation_id == work.organisation_id,
            bank_transaction.c.message_id == message_id,
            bank_transaction.c.match_status == WAITING,
        )
        .values(match_status=MatchStatus.UNMATCHED)
    )


# -- pain.002 ------------------------------------------------------------------------------------------------------


async def _status_page(work: UnitOfWork, message: dict[str, Any], after: UUID | None) -> PageResult:
    statement = (
        select(bank_status)
        .where(bank_status.c.organisation_id == work.organisation_id, bank_status.c.message_id == message["id"])
        .order_by(bank_status.c.id)
        .limit(PAGE)
    )
    if after is not None:
        statement = statement.where(bank_status.c.id > after)
    rows = await work.fetch(statement)
    result = PageResult(last=rows[-1]["id"] if len(rows) == PAGE else None)
    payments = await _payments_by_reference(work, [row["end_to_end_id"] for row in rows])
    failures = []
    for row in rows:
        known = await _known_status(work, row, payments)
        result.matched += known
        result.unmatched += not known
        if row["status"] == "RJCT" and known:
            failures += await _failures_of(work, row, payments, message)
    for start in range(0, len(failures), PAGE):
        await fail_payments(work, failures[start : start + PAGE])
    result.r_transactions = len(failures)
    if result.unmatched:
        await _alert_unknown(work, message, result.unmatched)
    return result


async def _known_status(work: UnitOfWork, row: Row, payments: dict[str, Row]) -> bool:
    """Whether a status speaks of a payment, group or file of ours."""
    if row["end_to_end_id"] is not None:
        return row["end_to_end_id"].upper() in payments
    return bool(await _batches_named(work, [row]))


async def _failures_of(work: UnitOfWork, row: Row, payments: dict[str, Row], message: dict[str, Any]) -> list[Failure]:
    """A rejected payment, or every open payment of a rejected group or file (a fault of the file itself)."""

    def failure(payment_id: UUID, *, technical: bool) -> Failure:
        return Failure(
            payment_id=payment_id,
            code=row["reason_code"] or "NARR",
            text=row["reason_text"],
            booked_on=work.today(),
            source=BankMessageKind.PAIN002,
            message_id=message["id"],
            technical=technical,
        )

    if row["end_to_end_id"] is not None:
        return [failure(payments[row["end_to_end_id"].upper()]["id"], technical=False)]
    mine = payment.c.batch_id.in_(await _batches_named(work, [row]))
    statement = select(payment.c.id).where(
        payment.c.organisation_id == work.organisation_id, mine, payment.c.status.in_(_OPEN)
    )
    if row["pmt_inf_id"] is not None:
        group = select(batch_group.c.id).where(
            batch_group.c.organisation_id == work.organisation_id, batch_group.c.pmt_inf_id == row["pmt_inf_id"]
        )
        statement = statement.where(payment.c.group_id.in_(group))
    return [failure(found["id"], technical=True) for found in await work.fetch(statement)]


async def _batches_named(work: UnitOfWork, rows: Sequence[Row]) -> list[UUID]:
    """The files that statuses speak of, by the original message id or group id."""
    names = [row["original_msg_id"] for row in rows if row["original_msg_id"]]
    names += [row["pmt_inf_id"].rpartition("-")[0] for row in rows if row["pmt_inf_id"]]
    found = await work.fetch(
        select(collection_batch.c.id).where(
            collection_batch.c.organisation_id == work.organisation_id,
            collection_batch.c.msg_id.in_(sorted(set(names))),
        )
    )
    return [row["id"] for row in found]


async def _alert_unknown(work: UnitOfWork, message: dict[str, Any], count: int) -> None:
    await raise_alert(
        work,
        "UNKNOWN_REFERENCE",
        AlertSeverity.WARNING,
        "Références inconnues",
        f"{count} statuses of file {message['file_name']} name debits that are not known here; ask the bank",
        about=message["id"],
        refs=[Ref(type="bank_statement", id=message["id"])],
    )


# -- files whose debits have their outcomes ------------------------------------------------------------------------


async def close_batches(work: UnitOfWork, message_id: UUID) -> None:
    """After a bank file: acknowledge, mark rejects, and settle the batches all of whose debits have an outcome."""
    for batch_id in await _batches_of(work, message_id):
        batch = await batch_rows.lock_batch(work, batch_id)
        if batch["status"] in _AT_THE_BANK:
            await _close_batch(work, batch)


async def _batches_of(work: UnitOfWork, message_id: UUID) -> list[UUID]:
    statuses = await work.fetch(
        select(bank_status.c.original_msg_id, bank_status.c.pmt_inf_id)
        .where(bank_status.c.organisation_id == work.organisation_id, bank_status.c.message_id == message_id)
        .distinct()
    )
    named = await _batches_named(work, statuses) if statuses else []
    by_reference = (
        select(payment.c.batch_id)
        .join(reconciliation, reconciliation.c.target_id == payment.c.id)
        .join(bank_transaction, bank_transaction.c.id == reconciliation.c.bank_transaction_id)
        .where(
            payment.c.organisation_id == work.organisation_id,
            bank_transaction.c.message_id == message_id,
            payment.c.batch_id.is_not(None),
        )
    )
    by_group = (
        select(batch_group.c.batch_id)
        .join(reconciliation, reconciliation.c.target_id == batch_group.c.id)
        .join(bank_transaction, bank_transaction.c.id == reconciliation.c.bank_transaction_id)
        .where(batch_group.c.organisation_id == work.organisation_id, bank_transaction.c.message_id == message_id)
    )
    found = await work.fetch(by_reference.union(by_group))
    return sorted({*named, *(row["batch_id"] for row in found)})


async def _close_batch(work: UnitOfWork, batch: dict[str, Any]) -> None:
    rows = await work.fetch(
        select(payment.c.status, func.count().label("count"), func.sum(payment.c.amount).label("amount"))
        .where(payment.c.organisation_id == work.organisation_id, payment.c.batch_id == batch["id"])
        .group_by(payment.c.status)
    )
    counts = {PaymentStatus(row["status"]): row["count"] for row in rows if row["status"] != PaymentStatus.CANCELLED}
    total = sum(counts.values())
    rejected = counts.get(PaymentStatus.REJECTED, 0)
    is_open = any(status in counts for status in _OPEN)
    trigger = (
        "reject"
        if rejected == total
        else "reject part"
        if rejected and is_open
        else "acknowledge"
        if is_open
        else "settle"
    )
    status = BatchStatus(batch["status"])
    if not BATCH.allows(trigger, status) or BATCH.after(trigger, status) is status:
        return
    after = await batch_rows.change_batch(work, batch, status=BATCH.after(trigger, status), bank_ack_at=work.now)
    if trigger == "reject":
        work.emit(CollectionBatchRejected(**views.batch_ref(after), reason_code="RJCT"), version=after["version"])
        await _alert_rejected(work, after)
    elif trigger == "settle":
        settled = sum((row["amount"] for row in rows if row["status"] == PaymentStatus.PAID), Decimal("0.00"))
        fact = CollectionBatchSettled(**views.batch_ref(after), settled_amount=views.money(settled))
        work.emit(fact, version=after["version"])


async def _alert_rejected(work: UnitOfWork, batch: dict[str, Any]) -> None:
    await raise_alert(
        work,
        "BATCH_REJECTED",
        AlertSeverity.CRITICAL,
        "Remise refusée par la banque",
        f"the bank refused file {batch['msg_id']}; its instalments are due again",
        about=batch["id"],
        company_id=batch["company_id"],
        refs=[Ref(type="collection_batch", id=batch["id"])],
    )
