"""What people take back or leave aside of bank lines, and how much of the bank's bookings is explained."""

from decimal import Decimal

from sqlalchemy import delete, func, select, update

from actors.payments import views
from actors.payments.requests.bank import locked_line
from actors.payments.rules.machines import BANK_LINE
from actors.payments.rules.outcomes import NOTHING, percent_of
from messages.payments import (
    BankTransaction,
    GetReconciliationStatus,
    IgnoreBankTransaction,
    MatchedLines,
    MatchStatus,
    ReconciliationStatus,
    UnmatchBankTransaction,
)
from messages.problem import Refused
from runtime.unit_of_work import Row, UnitOfWork
from storage.payments.tables.bank import bank_transaction, reconciliation


async def unmatch_bank_transaction(request: UnmatchBankTransaction, work: UnitOfWork) -> BankTransaction:
    """The line waits for its match again; the receipts stay as they are, and so does the ledger."""
    line = await locked_line(work, request.bank_transaction_id)
    status = BANK_LINE.after("undo", MatchStatus(line["match_status"]))
    await work.execute(
        delete(reconciliation).where(
            reconciliation.c.organisation_id == work.organisation_id,
            reconciliation.c.bank_transaction_id == line["id"],
        )
    )
    return await _changed(work, line, status, NOTHING, request.reason)


async def ignore_bank_transaction(request: IgnoreBankTransaction, work: UnitOfWork) -> BankTransaction:
    """A line of which nothing is matched is left aside."""
    line = await locked_line(work, request.bank_transaction_id)
    status = BANK_LINE.after("ignore", MatchStatus(line["match_status"]))
    if line["matched_amount"] > 0:
        raise Refused.field(
            "bank_transaction_id", "matched", f"{line['matched_amount']} of the line are matched; undo that first"
        )
    return await _changed(work, line, status, line["matched_amount"], request.reason)


async def _changed(work: UnitOfWork, line: Row, status: MatchStatus, matched: Decimal, reason: str) -> BankTransaction:
    changed = {"match_status": status, "matched_amount": matched}
    if any(line[name] != value for name, value in changed.items()):
        await work.execute(update(bank_transaction).where(bank_transaction.c.id == line["id"]).values(**changed))
        before = {"match_status": line["match_status"], "matched": str(line["matched_amount"])}
        work.record("bank_transaction", line["id"], before=before, after={"match_status": status, "reason": reason})
    return views.bank_transaction_of({**line, **changed})


async def get_reconciliation_status(request: GetReconciliationStatus, work: UnitOfWork) -> ReconciliationStatus:
    """Lines by match status, and the share of the amounts that is matched."""
    rows = await work.fetch(
        select(
            bank_transaction.c.match_status,
            func.count().label("count"),
            func.sum(bank_transaction.c.amount).label("amount"),
            func.sum(bank_transaction.c.matched_amount).label("matched"),
        )
        .where(
            bank_transaction.c.organisation_id == work.organisation_id,
            bank_transaction.c.booking_date.between(request.booked_from, request.booked_to),
            bank_transaction.c.currency == "EUR",
        )
        .group_by(bank_transaction.c.match_status)
        .order_by(bank_transaction.c.match_status)
    )
    total = sum((row["amount"] for row in rows), NOTHING)
    matched = sum((row["matched"] for row in rows), NOTHING)
    return ReconciliationStatus(
        lines=tuple(
            MatchedLines(match_status=row["match_status"], count=row["count"], amount=views.money(row["amount"]))
            for row in rows
        ),
        total=views.money(total),
        matched=views.money(matched),
        rate=percent_of(matched, total),
    )
