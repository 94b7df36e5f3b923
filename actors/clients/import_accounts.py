"""Accounts of imported clients: read from the file a second time and handed to payments, so that no table here holds them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import Integer, cast, func, select, update

from actors.clients.import_reading import ReadImport, read_piece
from actors.clients.rules.import_rows import ReadRow
from messages.clients import ImportField, RowOutcome
from messages.payments import UpsertBankDetailsByExternalId
from messages.problem import Refused
from messages.values.instants import Instant
from runtime.caller import system
from runtime.unit_of_work import Row, UnitOfWork
from runtime.work_queue import Outside
from storage.clients.tables import client, import_job, import_row
from storage.shared.outgoing import Outgoing

_NO_ANSWER = "payments did not take the account; record it by hand"

Settled = dict[int, str | None]
"""By line: why payments refused the account, or None when it has it."""


class SendAccounts(ReadImport):
    """Hand the accounts of a piece of the file, up to the line `next_line`, to payments; `as_of` is when it was read in."""

    next_line: int
    as_of: Instant


def order_accounts(item: ReadImport, next_line: int, work: UnitOfWork) -> None:
    """The rows of this piece wait for payments."""
    order = SendAccounts(**item.model_dump(), next_line=next_line, as_of=work.now)
    work.order(order, key=f"{item.job_id}:{item.run}:{item.offset}")


async def send_accounts(item: SendAccounts, outside: Outside) -> Settled:
    """Ask payments row by row; it takes an account once per external id. While it is down everything is asked again later."""
    piece = await read_piece(item, outside)
    read = {row.line: row for row in piece.rows if row.get(ImportField.IBAN) is not None}
    async with _reading(outside) as work:
        waiting = await work.fetch(
            select(import_row.c.line_number, import_row.c.client_id, client.c.display_name)
            .join(client, client.c.id == import_row.c.client_id)
            .where(*_waiting(item, work))
        )
    return {row["line_number"]: await _refusal(item, read[row["line_number"]], row, outside) for row in waiting}


async def accounts_settled(item: SendAccounts, settled: Settled, work: UnitOfWork) -> None:
    """The rows are through; one whose account was refused says why."""
    for line, refusal in settled.items():
        await _settle(item, line, refusal, work)


async def give_up(item: SendAccounts, error: Exception, work: UnitOfWork) -> None:
    """Payments never answered: the clients are there, their accounts are to be recorded by hand."""
    for row in await work.fetch(select(import_row.c.line_number).where(*_waiting(item, work))):
        await _settle(item, row["line_number"], _NO_ANSWER, work)


async def _refusal(item: SendAccounts, read: ReadRow, row: Row, outside: Outside) -> str | None:
    bic = read.get(ImportField.BIC)
    order = UpsertBankDetailsByExternalId.model_validate(
        {
            "external_id": f"import:{item.job_id}:{read.line}",
            "client_id": row["client_id"],
            "iban": read.get(ImportField.IBAN),
            "holder_name": row["display_name"],
            "updated_at": item.as_of,
        }
        | ({"bic": bic} if bic is not None else {})
    )
    try:
        await outside.ask(order)
    except Refused as refused:
        if refused.code.retriable:
            raise
        return refused.detail or refused.code.code
    return None


async def _settle(item: SendAccounts, line: int, refusal: str | None, work: UnitOfWork) -> None:
    """Once: a row that no longer waits is counted already."""
    errors = [{"field": "iban", "code": "ACCOUNT_REFUSED", "message": refusal}] if refusal else []
    settled = await work.execute(
        update(import_row)
        .where(*_waiting(item, work), import_row.c.line_number == line)
        .values(outcome=import_row.c.settled_outcome, settled_outcome=None, errors=errors)
    )
    if settled:
        left = cast(import_job.c.counters["pending_bank"].astext, Integer) - 1
        await work.execute(
            update(import_job)
            .where(import_job.c.organisation_id == work.organisation_id, import_job.c.id == item.job_id)
            .values(counters=import_job.c.counters.concat(func.jsonb_build_object("pending_bank", left)))
        )


def _waiting(item: SendAccounts, work: UnitOfWork) -> tuple[Any, ...]:
    own = import_row.c
    return (
        own.organisation_id == work.organisation_id,
        own.job_id == item.job_id,
        own.outcome == RowOutcome.PENDING_BANK,
        own.line_number >= item.line,
        own.line_number < item.next_line,
    )


@asynccontextmanager
async def _reading(outside: Outside) -> AsyncIterator[UnitOfWork]:
    heart, organisation_id = outside.heart, outside.organisation_id
    async with heart.database.transaction(organisation_id, read_only=True) as connection:
        yield heart.unit(connection, organisation_id, system("clients"), outside.now, outside.cause, Outgoing())
