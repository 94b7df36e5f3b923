"""What happened with a client, one entry per fact."""

from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert

from messages.clients import TimelineKind
from messages.values.identifiers import new_id
from messages.values.money import Money
from runtime.unit_of_work import UnitOfWork
from storage.clients.tables import timeline_entry


async def note(
    client_id: UUID,
    kind: TimelineKind,
    key: str,
    ref_id: UUID,
    work: UnitOfWork,
    params: dict[str, Any] | None = None,
    *,
    source: str,
    amount: Money | None = None,
) -> None:
    """Write an entry; the same fact again writes nothing."""
    statement = insert(timeline_entry).values(
        id=new_id(),
        organisation_id=work.organisation_id,
        client_id=client_id,
        occurred_at=work.now,
        kind=kind,
        source_actor=source,
        source_event_id=f"{work.cause.causation_id}:{key}",
        key=key,
        ref_id=ref_id,
        params=params or {},
        amount=amount.amount if amount is not None else None,
        currency=amount.currency if amount is not None else None,
    )
    await work.execute(statement.on_conflict_do_nothing())
