"""Bank files in, and what they held."""

import asyncio
import base64
import binascii
import hashlib
from decimal import Decimal
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from actors.payments import bank_messages, importing, views
from actors.payments.bank.reading import Unreadable, read
from actors.payments.rules.machines import BANK_LINE
from messages.documents import OpenContent
from messages.payments import (
    AMOUNT_EXCEEDED,
    BANK_MESSAGE_UNREADABLE,
    BANK_TRANSACTION_NOT_FOUND,
    PAYMENT_NOT_FOUND,
    BankMatch,
    BankMessage,
    BankMessagePage,
    BankMessageStatus,
    BankTransaction,
    BankTransactionPage,
    CreditDebit,
    ImportBankMessage,
    ListBankMessages,
    ListBankTransactions,
    MatchBankTransaction,
    MatchStatus,
    PaymentType,
)
from messages.problem import Refused
from messages.values.identifiers import derived_id
from runtime.pagination import page
from runtime.unit_of_work import Row, UnitOfWork
from storage.payments.tables.bank import bank_message, bank_transaction, reconciliation
from storage.payments.tables.payments import payment

_LARGEST = 10 * 1024 * 1024


async def import_bank_message(request: ImportBankMessage, work: UnitOfWork) -> BankMessage:
    """Read a file and match its lines; the same file again answers DUPLICATE. Long files go on after the reply."""
    content = await _content_of(request, work)
    known = await bank_messages.known_message(work, hashlib.sha256(content).hexdigest())
    if known is not None:
        return views.bank_message_of(known, status=BankMessageStatus.DUPLICATE)
    try:
        found = await asyncio.to_thread(read, content)
    except Unreadable as reason:
        raise Refused.field("content", "bank_message", str(reason), BANK_MESSAGE_UNREADABLE) from None
    message_id = await bank_messages.store_message(
        work, request.file_name, content, found.kind, request.creditor_account_id
    )
    if message_id is None:  # the same file came in at the same moment and was committed first
        again = await bank_messages.known_message(work, hashlib.sha256(content).hexdigest())
        assert again is not None
        return views.bank_message_of(again, status=BankMessageStatus.DUPLICATE)
    message = await importing.take_lines(work, await bank_messages.lock_message(work, message_id), found)
    return views.bank_message_of(message)


async def _content_of(request: ImportBankMessage, work: UnitOfWork) -> bytes:
    if request.content is not None:
        try:
            return base64.b64decode(request.content, validate=True)
        except binascii.Error:
            raise Refused.field("content", "base64", "content is not base64; encode the file's bytes") from None
    assert request.document_id is not None
    parts, offset = [], 0
    while True:
        part = await work.ask(OpenContent(document_id=request.document_id, purpose="BANK_IMPORT", offset=offset))
        parts.append(base64.b64decode(part.content_base64))
        if part.next_offset is None:
            return b"".join(parts)
        offset = part.next_offset
        if offset > _LARGEST:
            raise Refused.field("document_id", "too_large", "the file is larger than 10 MiB; split the statement")


async def list_bank_messages(request: ListBankMessages, work: UnitOfWork) -> BankMessagePage:
    """A page of imported files, newest first."""
    statement = select(bank_message).where(bank_message.c.organisation_id == work.organisation_id)
    if request.kind is not None:
        statement = statement.where(bank_message.c.kind == request.kind)
    if request.status:
        statement = statement.where(bank_message.c.status.in_(request.status))
    return await page(
        work,
        request,
        statement,
        order=(bank_message.c.created_at, bank_message.c.id),
        descending=True,
        reply=BankMessagePage,
        item=views.bank_message_of,
    )


async def list_bank_transactions(request: ListBankTransactions, work: UnitOfWork) -> BankTransactionPage:
    """A page of statement lines, newest first."""
    statement = select(bank_transaction).where(bank_transaction.c.organisation_id == work.organisation_id)
    if request.match_status:
        statement = statement.where(bank_transaction.c.match_status.in_(request.match_status))
    if request.message_id is not None:
        statement = statement.where(bank_transaction.c.message_id == request.message_id)
    if request.booked_from is not None:
        statement = statement.where(bank_transaction.c.booking_date >= request.booked_from)
    if request.booked_to is not None:
        statement = statement.where(bank_transaction.c.booking_date <= request.booked_to)
    return await page(
        work,
        request,
        statement,
        order=(bank_transaction.c.booking_date, bank_transaction.c.id),
        descending=True,
        reply=BankTransactionPage,
        item=views.bank_transaction_of,
    )


async def match_bank_transaction(request: MatchBankTransaction, work: UnitOfWork) -> BankTransaction:
    """Match a credit with receipts by hand."""
    line = await locked_line(work, request.bank_transaction_id)
    BANK_LINE.after("match", MatchStatus(line["match_status"]))
    if line["sign"] != CreditDebit.CREDIT:
        raise Refused.field("bank_transaction_id", "credit", "only credits are matched with receipts")
    wanted = sum((target.amount.amount for target in request.targets), Decimal("0.00"))
    left = line["amount"] - line["matched_amount"]
    if wanted > left:
        raise Refused(AMOUNT_EXCEEDED, f"{wanted} exceeds the {left} of the line that are not matched; match less")
    for target in request.targets:  # one after the other: two targets may name one receipt
        await _refuse_wrong_target(work, target, line["currency"])
        await _store_match(work, line["id"], target)
    after = {**line, "matched_amount": line["matched_amount"] + wanted}
    if wanted == left:
        after["match_status"] = MatchStatus.MATCHED_MANUAL
    await work.execute(
        update(bank_transaction)
        .where(bank_transaction.c.id == line["id"])
        .values(matched_amount=after["matched_amount"], match_status=after["match_status"])
    )
    work.record("bank_transaction", line["id"], after={"matched": str(wanted), "reason": request.reason})
    return views.bank_transaction_of(after)


async def locked_line(work: UnitOfWork, line_id: UUID) -> Row:
    """A line of a statement, locked; BANK_TRANSACTION_NOT_FOUND."""
    return await work.load(
        select(bank_transaction)
        .where(bank_transaction.c.organisation_id == work.organisation_id, bank_transaction.c.id == line_id)
        .with_for_update(),
        "bank transaction",
        code=BANK_TRANSACTION_NOT_FOUND,
    )


async def _refuse_wrong_target(work: UnitOfWork, target: BankMatch, currency: str) -> None:
    """A receipt recorded by hand, of the line's currency, that other lines do not cover already."""
    row = await work.load(
        select(payment)
        .where(payment.c.organisation_id == work.organisation_id, payment.c.id == target.payment_id)
        .with_for_update(),
        "payment",
        code=PAYMENT_NOT_FOUND,
    )
    if row["type"] != PaymentType.MANUAL or target.amount.currency != row["currency"] or row["currency"] != currency:
        raise Refused.field("targets", "receipt", "name receipts recorded by hand, in the currency of the line")
    covered = await work.fetch_value(
        select(func.coalesce(func.sum(reconciliation.c.amount), Decimal("0.00"))).where(
            reconciliation.c.organisation_id == work.organisation_id, reconciliation.c.target_id == row["id"]
        )
    )
    if not 0 < target.amount.amount <= row["amount"] - covered:
        raise Refused(
            AMOUNT_EXCEEDED,
            f"{target.amount.amount} cannot be matched: {row['amount'] - covered} of {row['reference']} are open",
        )


async def _store_match(work: UnitOfWork, line_id: UUID, target: BankMatch) -> None:
    """Note the match; a further part of the same receipt adds to it."""
    row = insert(reconciliation).values(
        id=derived_id("match", line_id, target.payment_id),
        organisation_id=work.organisation_id,
        bank_transaction_id=line_id,
        target_type="PAYMENT",
        target_id=target.payment_id,
        match_type="MANUAL",
        score=100,
        amount=target.amount.amount,
        by=work.caller.principal,
        created_at=work.now,
    )
    await work.execute(
        row.on_conflict_do_update(
            index_elements=["organisation_id", "bank_transaction_id", "target_type", "target_id"],
            set_={"amount": reconciliation.c.amount + row.excluded.amount},
        )
    )
