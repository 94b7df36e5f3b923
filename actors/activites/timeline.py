"""Writes lines of the timeline; repeating one changes nothing."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from messages.activites import TimelineKind
from messages.values.identifiers import new_id
from messages.values.money import Money
from runtime.unit_of_work import UnitOfWork
from storage.activites.once import once
from storage.activites.tables import timeline_entry


@dataclass(frozen=True, slots=True)
class Line:
    """One line: what it is about, and the key that makes repeating it harmless."""

    kind: TimelineKind
    code: str
    title: str
    ref_type: str
    ref_id: UUID
    source_key: str
    client_id: UUID | None = None
    contract_id: UUID | None = None
    invoice_id: UUID | None = None
    detail: str | None = None
    amount: Money | None = None
    at: datetime | None = None


async def write(line: Line, work: UnitOfWork) -> None:
    """Add a line, dated now unless it says otherwise."""
    await work.execute(
        once(
            timeline_entry,
            "source_key",
            id=new_id(),
            organisation_id=work.organisation_id,
            at=line.at or work.now,
            kind=line.kind,
            code=line.code,
            title=line.title[:255],
            detail=line.detail,
            amount=line.amount.amount if line.amount else None,
            currency=line.amount.currency if line.amount else None,
            ref_type=line.ref_type,
            ref_id=line.ref_id,
            client_id=line.client_id,
            contract_id=line.contract_id,
            invoice_id=line.invoice_id,
            actor_user_id=work.cause.user_id,
            source_key=line.source_key,
        )
    )
