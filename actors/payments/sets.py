"""Working on hundreds of rows in one transaction: one statement over all of them, facts without an audit entry each."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from messages.base import Event
from messages.values.identifiers import new_id
from runtime.unit_of_work import UnitOfWork
from storage.payments.sets import SetStatement

PAGE = 500
"""How many payments, instalments or bank lines one transaction works on."""


async def run_many(work: UnitOfWork, statement: SetStatement, rows: Sequence[Mapping[str, Any]]) -> None:
    """Run one statement over all the rows."""
    if rows:
        await work.connection.execute(statement.statement.sql, *statement.arguments(rows))


def state_many(work: UnitOfWork, facts: Iterable[tuple[Event, int]], *, summary: str) -> int:
    """State many facts; the audit trail gets one entry with their number: each payment has a history of its own."""
    kept = len(work.changes)
    counts: dict[str, int] = {}
    for event, version in facts:
        work.emit(event, version=version)
        del work.changes[kept:]
        counts[event.contract.type] = counts.get(event.contract.type, 0) + 1
    if counts:
        work.record(summary, new_id(), after=counts)
    return sum(counts.values())


def history(work: UnitOfWork, payment_id: UUID, type_: str, **data: Any) -> dict[str, Any]:
    """A row of a payment's history."""
    return {
        "id": new_id(),
        "organisation_id": work.organisation_id,
        "payment_id": payment_id,
        "type": type_,
        "data": data,
        "occurred_at": work.now,
        "by": work.caller.principal,
    }


def by_id(rows: Iterable[Any]) -> dict[UUID, dict[str, Any]]:
    """Rows as changeable dictionaries, by id."""
    return {row["id"]: dict(row) for row in rows}
