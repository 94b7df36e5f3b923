"""How shipments change: what a carrier reports, and what its silence means."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from actors.logistics import views
from actors.logistics.rules import shipments as rules
from messages.base import Event
from messages.logistics import (
    Scan,
    ShipmentDelayed,
    ShipmentDelivered,
    ShipmentReturned,
    ShipmentStatus,
    ShipmentStatusChanged,
)
from runtime.actor import MORE, Moment
from runtime.unit_of_work import Row, UnitOfWork
from storage.logistics.tables import shipment

Fact = Callable[[dict[str, Any]], Event]
_BATCH = 200


def for_update(work: UnitOfWork, *conditions: Any) -> Any:
    """Shipments that fulfil the conditions, locked."""
    return select(shipment).where(shipment.c.organisation_id == work.organisation_id, *conditions).with_for_update()


async def see(row: Row, scan: Scan, occurred_at: datetime, work: UnitOfWork) -> Row:
    """Move the shipment as a report says; an older one than the last moves nothing."""
    if row["last_scan_at"] is not None and occurred_at < row["last_scan_at"]:
        return row
    status = rules.status_after(ShipmentStatus(row["status"]), scan)
    if status is None:
        return await _store(row, work, last_scan_at=occurred_at)
    changes: dict[str, Any] = {"last_scan_at": occurred_at, "shipped_at": row["shipped_at"] or occurred_at}
    fact: Fact | None = None
    match status:
        case ShipmentStatus.DELIVERED:
            changes["delivered_at"] = occurred_at
            fact = _delivered(occurred_at)
        case ShipmentStatus.RETURNED:
            changes["returned_at"] = occurred_at
            fact = _returned(occurred_at)
    return await move(row, status, work, occurred_at=occurred_at, fact=fact, **changes)


async def move(
    row: Row,
    status: ShipmentStatus,
    work: UnitOfWork,
    *,
    occurred_at: datetime,
    fact: Fact | None = None,
    **changes: Any,
) -> Row:
    """Change the status, state its fact and then the general one; answers the row as it is now."""
    after = await _store(row, work, status=status, version=row["version"] + 1, **changes)
    fields = views.shipment_reference_of(after)
    if fact is not None:
        work.emit(fact(fields), version=after["version"])
    work.emit(
        ShipmentStatusChanged(
            **fields,
            from_status=ShipmentStatus(row["status"]),
            to_status=status,
            occurred_at=occurred_at,
            estimated_delivery_on=row["estimated_delivery_on"],
        ),
        version=after["version"],
    )
    return after


async def tell_of_delays(moment: Moment, work: UnitOfWork) -> object:
    """Parcels that should be there by now; each is stated once."""
    today = work.today()
    late = for_update(
        work,
        ~shipment.c.is_delayed,
        shipment.c.delivered_at.is_(None),
        shipment.c.estimated_delivery_on < today,
        shipment.c.status.in_((ShipmentStatus.LABEL_CREATED, *rules.CARRIED)),
    )
    rows = await work.fetch(late.order_by(shipment.c.estimated_delivery_on, shipment.c.id).limit(_BATCH))
    for row in rows:
        after = await _store(row, work, is_delayed=True, version=row["version"] + 1)
        expected_on = row["estimated_delivery_on"]
        work.emit(
            ShipmentDelayed(
                **views.shipment_reference_of(after), expected_on=expected_on, days_late=(today - expected_on).days
            ),
            version=after["version"],
        )
    return MORE if len(rows) == _BATCH else None


async def suspect_losses(moment: Moment, work: UnitOfWork) -> object:
    """Parcels of which nothing was heard for three weeks."""
    silent = for_update(
        work,
        shipment.c.delivered_at.is_(None),
        shipment.c.last_scan_at <= moment.as_of - rules.SILENCE,
        shipment.c.status.in_(rules.CARRIED),
    )
    rows = await work.fetch(silent.order_by(shipment.c.last_scan_at, shipment.c.id).limit(_BATCH))
    for row in rows:
        status = rules.SHIPMENT.after("lose", ShipmentStatus(row["status"]))
        await move(row, status, work, occurred_at=moment.as_of)
    return MORE if len(rows) == _BATCH else None


async def _store(row: Row, work: UnitOfWork, **changes: Any) -> dict[str, Any]:
    await work.execute(
        update(shipment)
        .where(shipment.c.organisation_id == work.organisation_id, shipment.c.id == row["id"])
        .values(**changes, updated_at=work.now, updated_by=work.caller.principal)
    )
    return {**row, **changes}


def _delivered(occurred_at: datetime) -> Fact:
    return lambda fields: ShipmentDelivered(**fields, delivered_at=occurred_at)


def _returned(occurred_at: datetime) -> Fact:
    return lambda fields: ShipmentReturned(**fields, returned_at=occurred_at)
