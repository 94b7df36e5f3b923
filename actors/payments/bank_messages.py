"""Imported bank files as rows: stored once, changed under a lock."""

import hashlib
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from actors.payments.vault import sealed_file
from messages.payments import (
    BankMessageKind,
    BankMessageStatus,
)
from messages.values.identifiers import new_id
from runtime.unit_of_work import Row, UnitOfWork, WorkItem
from storage.payments.tables.bank import bank_message, stored_file


class MatchBankMessage(WorkItem):
    """Match the next page of a file's lines."""

    message_id: UUID
    after: UUID | None
    part: int


async def known_message(work: UnitOfWork, sha256: str) -> Row | None:
    """The message that had exactly this content."""
    return await work.fetch_one(
        select(bank_message).where(
            bank_message.c.organisation_id == work.organisation_id, bank_message.c.file_sha256 == sha256
        )
    )


async def store_message(
    work: UnitOfWork, name: str, content: bytes, kind: BankMessageKind, account_id: UUID | None = None
) -> UUID | None:
    """Keep a file before anything is made of it; None when it is here already."""
    message_id, sha256 = new_id(), hashlib.sha256(content).hexdigest()
    row = {
        "id": message_id,
        "organisation_id": work.organisation_id,
        "created_at": work.now,
        "created_by": work.caller.principal,
        "updated_at": work.now,
        "updated_by": work.caller.principal,
        "creditor_account_id": account_id,
        "kind": kind,
        "message_version": "",
        "msg_id": "",
        "file_name": name,
        "file_sha256": sha256,
        "status": BankMessageStatus.RECEIVED,
        **dict.fromkeys(("lines", "matched", "unmatched", "r_transactions"), 0),
        **dict.fromkeys(("total_credit", "total_debit"), Decimal("0.00")),
    }
    stored = insert(bank_message).values(row).on_conflict_do_nothing().returning(bank_message.c.id)
    if await work.fetch_value(stored) is None:
        return None
    sealed = await sealed_file(content, row_id=message_id, organisation_id=work.organisation_id, keys=work.keys)
    await work.insert(
        stored_file, id=message_id, organisation_id=work.organisation_id, content=sealed, created_at=work.now
    )
    return message_id


async def lock_message(work: UnitOfWork, message_id: UUID) -> dict[str, Any]:
    """A message, locked for a change."""
    statement = select(bank_message).where(
        bank_message.c.organisation_id == work.organisation_id, bank_message.c.id == message_id
    )
    return dict(await work.load(statement.with_for_update(), "bank message", id=message_id))


async def change_message(work: UnitOfWork, message: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Store changed columns; the version rises by one."""
    after = message | changes | {"version": message["version"] + 1}
    await work.execute(
        update(bank_message)
        .where(bank_message.c.id == message["id"])
        .values(**changes, version=after["version"], updated_at=work.now, updated_by=work.caller.principal)
    )
    return after
