"""logistics: where parcels and letters were seen."""

from enum import StrEnum
from uuid import UUID

from messages.base import Event
from messages.values.instants import Instant


class TrackedKind(StrEnum):
    """What was seen."""

    LETTER = "LETTER"
    SHIPMENT = "SHIPMENT"


class TrackingSource(StrEnum):
    """How we learned of it: asked of the carrier, or entered by a person."""

    POLL = "POLL"
    MANUAL = "MANUAL"


class Scan(StrEnum):
    """What a carrier's code means, whoever the carrier is. OTHER is kept and moves nothing."""

    LABELLED = "LABELLED"
    HANDED_OVER = "HANDED_OVER"
    IN_TRANSIT = "IN_TRANSIT"
    AT_CUSTOMS = "AT_CUSTOMS"
    OUT_FOR_DELIVERY = "OUT_FOR_DELIVERY"
    ABSENT = "ABSENT"
    PRESENTED = "PRESENTED"
    HELD = "HELD"
    DELIVERY_FAILED = "DELIVERY_FAILED"
    DELIVERED = "DELIVERED"
    UNDELIVERED = "UNDELIVERED"
    SENT_AGAIN = "SENT_AGAIN"
    RETURNING = "RETURNING"
    RETURNED = "RETURNED"
    OTHER = "OTHER"


class TrackingEventRecorded(Event, aggregate="tracking_event"):
    """A carrier or the post has seen it; recorded even when it changes nothing."""

    tracking_event_id: UUID
    subject_type: TrackedKind
    subject_id: UUID
    client_id: UUID | None = None
    code: str
    normalised_code: Scan
    label: str
    occurred_at: Instant
    location: str | None = None
