"""Requests about shipments and what carriers report of them."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from actors.logistics import shipments, tracking, views
from actors.logistics.rules import addresses
from actors.logistics.rules import shipments as rules
from messages.logistics import (
    SHIPMENT_NOT_FOUND,
    TRACKING_NUMBER_EXISTS,
    CancelShipment,
    CreateShipment,
    GetShipment,
    ListShipments,
    ListTrackingEvents,
    RecordTrackingEvent,
    Shipment,
    ShipmentCancelled,
    ShipmentCreated,
    ShipmentPage,
    ShipmentStatus,
    TrackedKind,
    TrackingEvent,
    TrackingEventPage,
    TrackingSource,
)
from messages.problem import Refused
from messages.values.identifiers import new_id
from runtime.pagination import page
from runtime.unit_of_work import Row, UnitOfWork
from storage.logistics.tables import shipment, shipment_number_block, tracking_event


async def create_shipment(request: CreateShipment, work: UnitOfWork) -> Shipment:
    """Follow a parcel; a carrier's tracking number is followed once."""
    recipient = addresses.lines_of_party(request.recipient)
    row = {
        "id": new_id(),
        "organisation_id": work.organisation_id,
        "version": 1,
        "created_at": work.now,
        "created_by": work.caller.principal,
        "updated_at": work.now,
        "updated_by": work.caller.principal,
        "year": work.today().year,
        "sequence": await work.next_number(shipment_number_block),
        "recipient": recipient.model_dump(),
        "status": ShipmentStatus.LABEL_CREATED,
        "is_delayed": False,
        "shipped_at": None,
        "delivered_at": None,
        "returned_at": None,
        "last_scan_at": None,
        **request.model_dump(exclude={"recipient"}),
    }
    if not await work.execute(insert(shipment).values(**row).on_conflict_do_nothing()):
        raise Refused(
            TRACKING_NUMBER_EXISTS,
            f"{request.carrier} {request.tracking_number} is followed already; correct the number",
        )
    work.emit(ShipmentCreated(**views.shipment_reference_of(row)), version=1)
    return views.shipment_of(row)


async def get_shipment(request: GetShipment, work: UnitOfWork) -> Shipment:
    """One shipment."""
    return views.shipment_of(await _load(request.shipment_id, work))


async def list_shipments(request: ListShipments, work: UnitOfWork) -> ShipmentPage:
    """A page of shipments."""
    statement = select(shipment).where(shipment.c.organisation_id == work.organisation_id)
    for name in ("client_id", "contract_id"):
        if getattr(request, name) is not None:
            statement = statement.where(shipment.c[name] == getattr(request, name))
    if request.status:
        statement = statement.where(shipment.c.status.in_(request.status))
    return await page(
        work,
        request,
        statement,
        order=(shipment.c.created_at, shipment.c.id),
        descending=True,
        reply=ShipmentPage,
        item=views.shipment_of,
    )


async def cancel_shipment(request: CancelShipment, work: UnitOfWork) -> Shipment:
    """It stays here; repeating answers the same shipment."""
    row = await _locked(request.shipment_id, work)
    if row["status"] == ShipmentStatus.CANCELLED:
        return views.shipment_of(row)
    after = await shipments.move(
        row,
        rules.SHIPMENT.after("cancel", ShipmentStatus(row["status"])),
        work,
        occurred_at=work.now,
        fact=lambda fields: ShipmentCancelled(**fields, reason=request.reason),
    )
    return views.shipment_of(after)


async def record_tracking_event(request: RecordTrackingEvent, work: UnitOfWork) -> Shipment:
    """Keep a report and follow it; one from the future is a mistake."""
    row = await _locked(request.shipment_id, work)
    if request.occurred_at > work.now:
        raise Refused.field("occurred_at", "range", "occurred_at lies in the future; give the instant of the scan")
    scan = rules.meaning_of(request.code)
    known = await tracking.keep(
        work,
        TrackedKind.SHIPMENT,
        row["id"],
        code=request.code,
        scan=scan,
        label=request.label,
        occurred_at=request.occurred_at,
        source=TrackingSource.MANUAL,
        client_id=row["client_id"],
        location=request.location,
    )
    if known is not None:
        row = await shipments.see(row, scan, request.occurred_at, work)
    return views.shipment_of(row)


async def list_tracking_events(request: ListTrackingEvents, work: UnitOfWork) -> TrackingEventPage:
    """A page of reports."""
    await _load(request.shipment_id, work)
    return await page(
        work,
        request,
        select(tracking_event).where(
            tracking_event.c.organisation_id == work.organisation_id,
            tracking_event.c.subject_type == TrackedKind.SHIPMENT,
            tracking_event.c.subject_id == request.shipment_id,
        ),
        order=(tracking_event.c.occurred_at, tracking_event.c.id),
        descending=True,
        reply=TrackingEventPage,
        item=lambda row: TrackingEvent.model_validate(dict(row)),
    )


async def _load(shipment_id: UUID, work: UnitOfWork) -> Row:
    statement = select(shipment).where(shipment.c.organisation_id == work.organisation_id, shipment.c.id == shipment_id)
    return await work.load(statement, "shipment", code=SHIPMENT_NOT_FOUND)


async def _locked(shipment_id: UUID, work: UnitOfWork) -> Row:
    return await work.load(
        shipments.for_update(work, shipment.c.id == shipment_id), "shipment", code=SHIPMENT_NOT_FOUND
    )
