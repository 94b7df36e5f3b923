"""Where letters and parcels were seen: each report is kept once, whatever it changes."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert

from messages.logistics import Scan, TrackedKind, TrackingEventRecorded, TrackingSource
from messages.values.identifiers import new_id
from runtime.unit_of_work import UnitOfWork
from storage.logistics.tables import tracking_event


async def keep(
    work: UnitOfWork,
    subject: TrackedKind,
    subject_id: UUID,
    *,
    code: str,
    scan: Scan,
    label: str,
    occurred_at: datetime,
    source: TrackingSource,
    client_id: UUID | None,
    location: str | None = None,
) -> UUID | None:
    """Record and state a report; None when it is known already."""
    event_id = new_id()
    facts = {
        "subject_type": subject,
        "subject_id": subject_id,
        "code": code,
        "normalised_code": scan,
        "label": label,
        "occurred_at": occurred_at,
        "location": location,
    }
    statement = insert(tracking_event).values(
        id=event_id, organisation_id=work.organisation_id, source=source, received_at=work.now, **facts
    )
    if not await work.execute(statement.on_conflict_do_nothing()):
        return None
    work.emit(
        TrackingEventRecorded.model_validate({"tracking_event_id": event_id, "client_id": client_id, **facts}),
        version=1,
    )
    return event_id
