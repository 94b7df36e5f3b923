"""Statements: their lines are stored once, their balances and numbers checked before anything is matched from them."""

import hashlib
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update

from actors.payments import bank_messages, matching
from actors.payments.alerts import raise_alert
from actors.payments.bank.reading import BankLine, Statement
from actors.payments.sets import run_many
from messages.payments import (
    AlertSeverity,
    BankMessageStatus,
    MatchStatus,
)
from messages.shared import Ref
from messages.values.identifiers import new_id
from runtime.field_encryption import IndexKind
from runtime.unit_of_work import Row, UnitOfWork
from storage.payments import queries
from storage.payments.tables.bank import bank_statement
from storage.payments.tables.means import creditor_account


async def take_statement(work: UnitOfWork, message_id: UUID, statement: Statement, account: Row | None) -> None:
    statement_id = new_id()
    fingerprint = work.keys.fingerprint(IndexKind.IBAN, statement.iban)
    balance_ok = _balance_holds(statement)
    continuity_ok = await _follows(work, fingerprint, statement)
    await work.insert(
        bank_statement,
        id=statement_id,
        organisation_id=work.organisation_id,
        message_id=message_id,
        iban_fingerprint=fingerprint,
        statement_id=statement.statement_id,
        sequence_no=statement.sequence_no,
        from_date=statement.from_date,
        to_date=statement.to_date,
        opening=statement.opening,
        closing=statement.closing,
        balance_ok=balance_ok,
        continuity_ok=continuity_ok,
        created_at=work.now,
    )
    trusted = balance_ok and continuity_ok
    rows = [_line_row(work, message_id, statement_id, fingerprint, line, trusted=trusted) for line in statement.lines]
    await run_many(work, queries.BANK_LINE_ADDED, rows)
    if not trusted:
        await _alert_statement(work, message_id, statement, account)
    elif statement.sequence_no is not None:
        await _close_gap(work, fingerprint, statement.sequence_no + 1)


def _balance_holds(statement: Statement) -> bool:
    if statement.opening is None or statement.closing is None:
        return True
    moved = sum((line.amount if line.sign == "CREDIT" else -line.amount for line in statement.lines), Decimal(0))
    return statement.opening + moved == statement.closing


async def _follows(work: UnitOfWork, fingerprint: str, statement: Statement) -> bool:
    """Whether a numbered statement directly follows the newest one before it (the first one follows anything)."""
    if statement.sequence_no is None:
        return True
    last = await work.fetch_value(
        select(func.max(bank_statement.c.sequence_no)).where(
            bank_statement.c.organisation_id == work.organisation_id,
            bank_statement.c.iban_fingerprint == fingerprint,
            bank_statement.c.sequence_no < statement.sequence_no,
        )
    )
    return last is None or last == statement.sequence_no - 1


async def _close_gap(work: UnitOfWork, fingerprint: str, sequence_no: int) -> None:
    """The statement after this one may have been waiting for it: its lines are matched now."""
    waiting = await work.fetch_one(
        update(bank_statement)
        .where(
            bank_statement.c.organisation_id == work.organisation_id,
            bank_statement.c.iban_fingerprint == fingerprint,
            bank_statement.c.sequence_no == sequence_no,
            bank_statement.c.balance_ok,
            bank_statement.c.continuity_ok.is_(False),
        )
        .values(continuity_ok=True)
        .returning(bank_statement.c.message_id)
    )
    if waiting is not None and await matching.release_waiting(work, waiting["message_id"]):
        message = await bank_messages.lock_message(work, waiting["message_id"])
        await bank_messages.change_message(work, message, status=BankMessageStatus.RECEIVED)
        item = bank_messages.MatchBankMessage(message_id=message["id"], after=None, part=2)
        work.order(item, key=f"{message['id']}|after {sequence_no - 1}")


async def _alert_statement(work: UnitOfWork, message_id: UUID, statement: Statement, account: Row | None) -> None:
    await raise_alert(
        work,
        "STATEMENT_GAP",
        AlertSeverity.WARNING,
        "Relevé de compte incohérent",
        f"statement {statement.statement_id} does not follow the one before it or its balances do not add up; "
        "import the missing statement, its lines then match",
        about=message_id,
        company_id=account["company_id"] if account is not None else None,
        refs=[Ref(type="bank_statement", id=message_id)],
    )


def _line_row(
    work: UnitOfWork, message_id: UUID, statement_id: UUID, account: str, line: BankLine, *, trusted: bool
) -> dict[str, Any]:
    return {
        "id": new_id(),
        "organisation_id": work.organisation_id,
        "message_id": message_id,
        "statement_id": statement_id,
        "dedupe_key": dedupe_key(account, line),
        "amount": line.amount,
        "currency": line.currency,
        "sign": line.sign,
        "booking_date": line.booking_date,
        "value_date": line.value_date,
        "bank_code": line.bank_code,
        "end_to_end_id": line.end_to_end_id,
        "mandate_ref": line.mandate_ref,
        "pmt_inf_id": line.pmt_inf_id,
        "counterparty_name": line.counterparty_name,
        "remittance": line.remittance,
        "reason_code": line.reason_code,
        "reason_text": line.reason_text,
        "charges": line.charges,
        "match_status": MatchStatus.UNMATCHED if trusted else matching.WAITING,
        "matched_amount": Decimal("0.00"),
    }


def dedupe_key(account: str, line: BankLine) -> str:
    """Equal for one movement told by a notification and a statement; a reference makes its place in a batch irrelevant."""
    place = line.end_to_end_id or f"{line.servicer_ref}|{line.detail_index}"
    text = f"{account}|{line.booking_date}|{line.sign}|{line.amount:.2f}|{place}"
    return hashlib.sha256(text.encode()).hexdigest()


async def account_of(work: UnitOfWork, iban: str) -> Row | None:
    return await work.fetch_one(
        select(creditor_account.c.id, creditor_account.c.company_id).where(
            creditor_account.c.organisation_id == work.organisation_id,
            creditor_account.c.iban_fingerprint == work.keys.fingerprint(IndexKind.IBAN, iban),
        )
    )
