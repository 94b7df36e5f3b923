"""Bank files in, and what they held."""

import asyncio
import base64
import binascii
import hashlib

from sqlalchemy import select

from actors.payments import bank_messages, importing, views
from actors.payments.bank.reading import Unreadable, read
from messages.documents import OpenContent
from messages.payments import (
    BANK_MESSAGE_UNREADABLE,
    BankMessage,
    BankMessagePage,
    BankMessageStatus,
    BankTransactionPage,
    ImportBankMessage,
    ListBankMessages,
    ListBankTransactions,
)
from messages.problem import Refused
from runtime.pagination import page
from runtime.unit_of_work import UnitOfWork
from storage.payments.tables.bank import bank_message, bank_transaction

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
