"""Pure rules of shipments: what the carrier's codes mean, and what a scan makes of a status."""

from datetime import timedelta
from typing import Final

from messages.logistics import Scan, ShipmentStatus
from messages.transitions import StateMachine

SILENCE: Final = timedelta(days=21)
"""Without any report for so long a parcel that was handed over counts as lost."""

# La Poste's codes; whatever else is recorded and moves nothing.
_LA_POSTE: Final = {
    "DR1": Scan.LABELLED,
    "PC1": Scan.HANDED_OVER,
    "PC2": Scan.HANDED_OVER,
    "ET1": Scan.IN_TRANSIT,
    "ET2": Scan.IN_TRANSIT,
    "ET3": Scan.IN_TRANSIT,
    "ET4": Scan.IN_TRANSIT,
    "EP1": Scan.IN_TRANSIT,
    "DO1": Scan.AT_CUSTOMS,
    "DO2": Scan.IN_TRANSIT,
    "DO3": Scan.AT_CUSTOMS,
    "PB1": Scan.DELIVERY_FAILED,
    "PB2": Scan.IN_TRANSIT,
    "MD2": Scan.OUT_FOR_DELIVERY,
    "ND1": Scan.DELIVERY_FAILED,
    "AG1": Scan.HELD,
    "RE1": Scan.RETURNING,
    "DI1": Scan.DELIVERED,
    "DI2": Scan.RETURNED,
}
_OF_SCAN: Final = {
    Scan.HANDED_OVER: ShipmentStatus.HANDED_OVER,
    Scan.IN_TRANSIT: ShipmentStatus.IN_TRANSIT,
    Scan.AT_CUSTOMS: ShipmentStatus.AT_CUSTOMS,
    Scan.OUT_FOR_DELIVERY: ShipmentStatus.OUT_FOR_DELIVERY,
    Scan.HELD: ShipmentStatus.AVAILABLE_FOR_PICKUP,
    Scan.DELIVERY_FAILED: ShipmentStatus.DELIVERY_FAILED,
    Scan.DELIVERED: ShipmentStatus.DELIVERED,
    Scan.RETURNING: ShipmentStatus.RETURNING,
}
_RANK: Final = {
    ShipmentStatus.LABEL_CREATED: 1,
    ShipmentStatus.HANDED_OVER: 2,
    ShipmentStatus.IN_TRANSIT: 3,
    ShipmentStatus.AT_CUSTOMS: 3,
    ShipmentStatus.OUT_FOR_DELIVERY: 4,
    ShipmentStatus.AVAILABLE_FOR_PICKUP: 5,
    ShipmentStatus.DELIVERY_FAILED: 5,
    ShipmentStatus.LOST: 0,
}
_AGAIN: Final = (ShipmentStatus.IN_TRANSIT, ShipmentStatus.OUT_FOR_DELIVERY)
CARRIED: Final = tuple(status for status, rank in _RANK.items() if rank > 1)
"""With the carrier, and not there yet."""


def _moves() -> dict[tuple[str, ShipmentStatus], ShipmentStatus]:
    """Forward by rank from every open status; a failed delivery may be tried again, a lost parcel found again."""
    table: dict[tuple[str, ShipmentStatus], ShipmentStatus] = {
        (scan, status): after
        for status, rank in _RANK.items()
        for scan, after in _OF_SCAN.items()
        if _RANK.get(after, 9) > rank
        or (status, after) == (ShipmentStatus.AT_CUSTOMS, ShipmentStatus.IN_TRANSIT)
        or (status, after) == (ShipmentStatus.IN_TRANSIT, ShipmentStatus.AT_CUSTOMS)
        or (status is ShipmentStatus.DELIVERY_FAILED and after in _AGAIN)
    }
    table[Scan.RETURNED, ShipmentStatus.RETURNING] = ShipmentStatus.RETURNED
    table[Scan.RETURNING, ShipmentStatus.DELIVERED] = ShipmentStatus.RETURNING
    table["cancel", ShipmentStatus.LABEL_CREATED] = ShipmentStatus.CANCELLED
    for status in CARRIED:
        table["lose", status] = ShipmentStatus.LOST
    return table


SHIPMENT: Final = StateMachine("shipment", _moves())


def meaning_of(code: str) -> Scan:
    """What a code says: La Poste's, or the word itself; OTHER when it moves nothing."""
    if code in _LA_POSTE:
        return _LA_POSTE[code]
    return Scan(code) if code in Scan.__members__ else Scan.OTHER


def status_after(status: ShipmentStatus, scan: Scan) -> ShipmentStatus | None:
    """The status after a scan; None when it says nothing new."""
    return SHIPMENT.after(scan, status) if SHIPMENT.allows(scan, status) else None
