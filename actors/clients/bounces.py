"""Contact points that did not work."""

from datetime import datetime

from sqlalchemy import select, update

from messages.clients import BounceKind, ClientContactPointBounced
from runtime.unit_of_work import Row, UnitOfWork
from storage.clients.tables import client, contact_point


async def mark_bounced(point: Row, kind: BounceKind, at: datetime, work: UnitOfWork) -> None:
    """Mark a contact point and tell it; a HARD bounce is not softened by a later SOFT one."""
    if point["bounce_kind"] == BounceKind.HARD and kind is BounceKind.SOFT:
        return
    own = contact_point.c
    await work.execute(
        update(contact_point)
        .where(own.organisation_id == work.organisation_id, own.id == point["id"])
        .values(bounced_at=at, bounce_kind=kind)
    )
    version = await work.fetch_value(
        select(client.c.version).where(
            client.c.organisation_id == work.organisation_id, client.c.id == point["client_id"]
        )
    )
    work.emit(
        ClientContactPointBounced(client_id=point["client_id"], kind=point["kind"], value=point["value"], at=at),
        version=version,
    )
