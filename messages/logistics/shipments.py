"""logistics: parcels whose label was made at the carrier's, followed by what the carrier reports."""

from datetime import date
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field

from messages.base import Event, Idempotency, Reply, Request
from messages.logistics.letters import PostalLines
from messages.logistics.tracking import Scan
from messages.paging import Page, PageRequest
from messages.shared import Party
from messages.values.instants import Instant
from messages.values.text import Label, Line


class Carrier(StrEnum):
    """Who carries it. MANUAL: anybody else, followed by hand."""

    COLISSIMO = "COLISSIMO"
    CHRONOPOST = "CHRONOPOST"
    MANUAL = "MANUAL"


class ShipmentStatus(StrEnum):
    """Where a parcel stands. LOST is a suspicion: a scan takes it back."""

    LABEL_CREATED = "LABEL_CREATED"
    HANDED_OVER = "HANDED_OVER"
    IN_TRANSIT = "IN_TRANSIT"
    AT_CUSTOMS = "AT_CUSTOMS"
    OUT_FOR_DELIVERY = "OUT_FOR_DELIVERY"
    AVAILABLE_FOR_PICKUP = "AVAILABLE_FOR_PICKUP"
    DELIVERY_FAILED = "DELIVERY_FAILED"
    DELIVERED = "DELIVERED"
    RETURNING = "RETURNING"
    RETURNED = "RETURNED"
    LOST = "LOST"
    CANCELLED = "CANCELLED"


class ShipmentRef(Reply):
    """What every fact about a shipment says of it."""

    shipment_id: UUID
    client_id: UUID
    contract_id: UUID | None = None
    order_reference: str | None = None
    product_id: UUID | None = None
    carrier: Carrier
    tracking_number: str | None = None
    status: ShipmentStatus


class Shipment(Reply):
    """Goods on their way to a client."""

    id: UUID
    number: str
    client_id: UUID
    contract_id: UUID | None
    order_reference: str | None
    product_id: UUID | None
    carrier: Carrier
    tracking_number: str
    recipient: PostalLines
    status: ShipmentStatus
    is_delayed: bool
    estimated_delivery_on: date | None
    shipped_at: Instant | None
    delivered_at: Instant | None
    returned_at: Instant | None
    last_scan_at: Instant | None
    created_at: Instant
    version: int


class ShipmentPage(Page[Shipment]):
    """Shipments, newest first."""


class TrackingEvent(Reply):
    """One report of the carrier. OTHER moves nothing."""

    id: UUID
    code: str
    normalised_code: Scan
    label: str
    occurred_at: Instant
    location: str | None


class TrackingEventPage(Page[TrackingEvent]):
    """What the carrier reported, newest first."""


class CreateShipment(Request[Shipment], idempotency=Idempotency.REQUIRED):
    """Follow a parcel whose label was made at the carrier's; shipment.delivered tells when it is there."""

    client_id: UUID
    contract_id: UUID | None = Field(default=None, description="its rights may begin with the delivery")
    order_reference: Annotated[Label, Field(max_length=60)] | None = None
    product_id: UUID | None = None
    carrier: Carrier = Carrier.MANUAL
    tracking_number: Annotated[str, Field(pattern=r"^[A-Z0-9]{4,40}$")]
    recipient: Party
    estimated_delivery_on: date | None = None


class GetShipment(Request[Shipment], query=True):
    """One shipment."""

    shipment_id: UUID


class ListShipments(PageRequest, Request[ShipmentPage], query=True, resource="shipment"):
    """Shipments, newest first."""

    client_id: UUID | None = None
    contract_id: UUID | None = None
    status: tuple[ShipmentStatus, ...] = ()


class CancelShipment(Request[Shipment]):
    """It will not be handed over; refused once the carrier has it."""

    shipment_id: UUID
    reason: Label


class RecordTrackingEvent(Request[Shipment], permission="logistics:shipment:write"):
    """Enter what the carrier reported: La Poste's code (DI1: delivered), or the word itself (DELIVERED).

    The same report again changes nothing; an older one, and an unknown code, are kept and move nothing.
    """

    shipment_id: UUID
    code: Annotated[str, Field(pattern=r"^[A-Z0-9_]{2,30}$")]
    label: Label
    occurred_at: Instant
    location: Line | None = None


class ListTrackingEvents(PageRequest, Request[TrackingEventPage], query=True, permission="logistics:shipment:read"):
    """Where a shipment was seen, newest first."""

    shipment_id: UUID


class ShipmentCreated(ShipmentRef, Event, aggregate="shipment"):
    """A parcel is to be handed over."""


class ShipmentStatusChanged(ShipmentRef, Event, aggregate="shipment"):
    """Every step, for timelines."""

    # `from` is a word of Python: the wire keeps it, the code says from_status.
    model_config = ConfigDict(serialize_by_alias=True, validate_by_name=True, validate_by_alias=True)

    from_status: ShipmentStatus = Field(alias="from")
    to_status: ShipmentStatus = Field(alias="to")
    occurred_at: Instant
    estimated_delivery_on: date | None = None


class ShipmentDelivered(ShipmentRef, Event, aggregate="shipment"):
    """The client has it: a right of withdrawal that begins with the delivery begins now."""

    delivered_at: Instant


class ShipmentDelayed(ShipmentRef, Event, aggregate="shipment"):
    """It should be there by now; stated once."""

    expected_on: date
    days_late: int


class ShipmentCancelled(ShipmentRef, Event, aggregate="shipment"):
    """It was not handed over."""

    reason: str


class ShipmentReturned(ShipmentRef, Event, aggregate="shipment"):
    """Back with the sender."""

    returned_at: Instant
