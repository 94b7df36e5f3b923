"""The bank's files: stored once, read, and their lines matched with payments by exact references, page by page."""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from actors.payments import bank_messages, matching, statements, views
from actors.payments.alerts import raise_alert
from actors.payments.bank import pool
from actors.payments.bank.reading import BankFile, Unreadable
from actors.payments.bank.transport import exchange_of
from actors.payments.sets import run_many
from actors.payments.vault import opened_file
from messages.payments import (
    AlertSeverity,
    BankMessageKind,
    BankMessageStatus,
    BankStatementImported,
)
from messages.shared import Ref
from messages.values.identifiers import new_id
from runtime.unit_of_work import Row, UnitOfWork, WorkItem
from runtime.work_queue import Outside
from storage.payments import queries
from storage.payments.tables.bank import bank_statement, bank_transaction

PAGES_AT_ONCE = 4
"""A file of at most that many pages is matched in the transaction that imports it."""


class FetchBankFiles(WorkItem):
    """Take what lies in the exchange folder."""

    names: tuple[str, ...]


class ReadBankMessage(WorkItem):
    """Read a stored file."""

    message_id: UUID


@dataclass(frozen=True, slots=True)
class FetchedFile:
    """A file from the exchange folder."""

    name: str
    content: bytes
    sha256: str


# -- storing -------------------------------------------------------------------------------------------------------


async def fetch_files(item: FetchBankFiles, outside: Outside) -> list[FetchedFile]:
    """The files that are not stored yet; those that are leave the folder."""
    exchange = exchange_of(outside.organisation_id)
    if exchange is None:
        return []
    found = []
    for name in item.names:
        if name in exchange.waiting():
            content = await asyncio.to_thread(exchange.receive, name)
            found.append(FetchedFile(name, content, hashlib.sha256(content).hexdigest()))
    async with outside.heart.database.transaction(outside.organisation_id, read_only=True) as connection:
        known = await connection.fetch(
            "select file_sha256 from bank_message where organisation_id = $1 and file_sha256 = any($2::text[])",
            outside.organisation_id,
            [file.sha256 for file in found],
        )
    hashes = {row["file_sha256"] for row in known}
    for file in found:
        if file.sha256 in hashes:
            exchange.taken(file.name)
    return [file for file in found if file.sha256 not in hashes]


async def store_fetched(item: FetchBankFiles, files: list[FetchedFile], work: UnitOfWork) -> None:
    """Store fetched files in the order of their names; each is read on its own."""
    for file in files:
        message_id = await bank_messages.store_message(work, file.name, file.content, BankMessageKind.CAMT053)
        if message_id is not None:
            work.order(ReadBankMessage(message_id=message_id), key=str(message_id))


async def read_message(item: ReadBankMessage, outside: Outside) -> BankFile | str:
    """Open and parse a stored file beside the event loop; the text says why it cannot be read."""
    async with outside.heart.database.transaction(outside.organisation_id, read_only=True) as connection:
        row = await connection.fetchrow(
            "select m.file_name, f.content from bank_message m join stored_file f on f.id = m.id"
            " where m.organisation_id = $1 and m.id = $2",
            outside.organisation_id,
            item.message_id,
        )
    exchange = exchange_of(outside.organisation_id)
    if exchange is not None:
        exchange.taken(row["file_name"])
    content = await opened_file(
        row["content"], row_id=item.message_id, organisation_id=outside.organisation_id, keys=outside.heart.keys
    )
    try:
        return await pool.read_whole(content)
    except Unreadable as reason:
        return str(reason)


async def store_read(item: ReadBankMessage, found: BankFile | str, work: UnitOfWork) -> None:
    """Store a file's lines and begin to match them."""
    message = await bank_messages.lock_message(work, item.message_id)
    if message["status"] != BankMessageStatus.RECEIVED or message["version"] > 1:
        return
    if isinstance(found, str):
        await _unreadable(work, message, found)
        return
    await take_lines(work, message, found)


async def _unreadable(work: UnitOfWork, message: dict[str, Any], reason: str) -> None:
    await bank_messages.change_message(work, message, status=BankMessageStatus.FAILED, error=reason)
    await raise_alert(
        work,
        "BANK_MESSAGE_UNREADABLE",
        AlertSeverity.CRITICAL,
        "Fichier bancaire illisible",
        f"file {message['file_name']} was not read: {reason}",
        about=message["id"],
        refs=[Ref(type="bank_statement", id=message["id"])],
    )


# -- lines ---------------------------------------------------------------------------------------------------------


async def take_lines(work: UnitOfWork, message: dict[str, Any], found: BankFile) -> dict[str, Any]:
    """Store every line once, check the statements, match the first pages, leave the rest to the workers."""
    account_id = message["creditor_account_id"]
    for statement in found.statements:
        account = await statements.account_of(work, statement.iban)
        account_id = account_id or (account["id"] if account is not None else None)
        await statements.take_statement(work, message["id"], statement, account)
    await run_many(work, queries.BANK_STATUS_ADDED, [_status_row(work, message["id"], one) for one in found.statuses])
    lines = await _totals(work, message["id"])
    message = await bank_messages.change_message(
        work,
        message,
        kind=found.kind,
        message_version=found.version,
        msg_id=found.msg_id,
        creditor_account_id=account_id,
        lines=len(found.statuses) or lines["count"],
        total_credit=lines["credit"],
        total_debit=lines["debit"],
    )
    return await go_on(work, message, None, 1)


async def go_on(work: UnitOfWork, message: dict[str, Any], after: UUID | None, part: int) -> dict[str, Any]:
    """Match page after page; beyond the first ones each page gets a transaction of its own."""
    pages = 0
    while pages < (PAGES_AT_ONCE if part == 1 else 1):
        result = await matching.match_page(work, message, after)
        message = await bank_messages.change_message(
            work,
            message,
            matched=message["matched"] + result.matched,
            unmatched=message["unmatched"] + result.unmatched,
            r_transactions=message["r_transactions"] + result.r_transactions,
        )
        if result.last is None:
            return await _finish(work, message)
        after, pages = result.last, pages + 1
    item = bank_messages.MatchBankMessage(message_id=message["id"], after=after, part=part + 1)
    work.order(item, key=f"{message['id']}|{part + 1}")
    return message


async def match_next(item: bank_messages.MatchBankMessage, _: None, work: UnitOfWork) -> None:
    """The next page of a file."""
    message = await bank_messages.lock_message(work, item.message_id)
    if message["status"] == BankMessageStatus.RECEIVED:
        await go_on(work, message, item.after, item.part)


async def _finish(work: UnitOfWork, message: dict[str, Any]) -> dict[str, Any]:
    """Every line was looked at; bank_statement.imported."""
    await matching.close_batches(work, message["id"])
    status = BankMessageStatus.PARTIAL if message["unmatched"] else BankMessageStatus.PROCESSED
    message = await bank_messages.change_message(work, message, status=status)
    if message["kind"] == BankMessageKind.PAIN002 or message["creditor_account_id"] is None:
        return message
    span = await _span(work, message)
    fact = BankStatementImported(
        **{"from": span[0]},
        message_id=message["id"],
        creditor_account_id=message["creditor_account_id"],
        to=span[1],
        count=message["lines"],
        total_credit=views.money(message["total_credit"]),
        total_debit=views.money(message["total_debit"]),
        matched=message["matched"],
        unmatched=message["unmatched"],
    )
    work.emit(fact, version=message["version"])
    return message


async def _span(work: UnitOfWork, message: dict[str, Any]) -> tuple[date, date]:
    row = await work.fetch_one(
        select(
            func.min(bank_statement.c.from_date).label("first"), func.max(bank_statement.c.to_date).label("last")
        ).where(
            bank_statement.c.organisation_id == work.organisation_id,
            bank_statement.c.message_id == message["id"],
        )
    )
    today = work.today()
    return (row["first"] or today, row["last"] or today) if row is not None else (today, today)


def _status_row(work: UnitOfWork, message_id: UUID, status: Any) -> dict[str, Any]:
    return {
        "id": new_id(),
        "organisation_id": work.organisation_id,
        "message_id": message_id,
        "original_msg_id": status.original_msg_id,
        "pmt_inf_id": status.pmt_inf_id,
        "end_to_end_id": status.end_to_end_id,
        "status": status.status,
        "reason_code": status.reason_code,
        "reason_text": status.reason_text,
    }


async def _totals(work: UnitOfWork, message_id: UUID) -> Row:
    credit = bank_transaction.c.sign == "CREDIT"
    zero = Decimal("0.00")
    return await work.load(
        select(
            func.count().label("count"),
            func.coalesce(func.sum(bank_transaction.c.amount).filter(credit), zero).label("credit"),
            func.coalesce(func.sum(bank_transaction.c.amount).filter(~credit), zero).label("debit"),
        ).where(
            bank_transaction.c.organisation_id == work.organisation_id, bank_transaction.c.message_id == message_id
        ),
        "totals",
    )


def names_waiting(organisation_id: UUID) -> Sequence[str]:
    """What lies in the exchange folder."""
    exchange = exchange_of(organisation_id)
    return exchange.waiting() if exchange is not None else ()
