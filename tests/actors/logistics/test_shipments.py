"""logistics: parcels, followed by what the carrier reports."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.logistics.rules import shipments as rules
from messages.logistics import (
    CancelShipment,
    CreateShipment,
    GetShipment,
    ListShipments,
    ListTrackingEvents,
    RecordTrackingEvent,
    Scan,
    Shipment,
    ShipmentStatus,
)
from messages.problem import Refused
from messages.values.identifiers import new_id
from tests.actors.logistics.test_letters import RECIPIENT
from tests.harness import Running, Tenant


def parcel(**changes: Any) -> CreateShipment:
    number = f"RB{new_id().hex[-9:].upper()}FR"
    return CreateShipment.model_validate(
        {"client_id": new_id(), "tracking_number": number, "recipient": RECIPIENT} | changes
    )


async def scanned(tenant: Tenant, made: Shipment, code: str, at: datetime) -> Shipment:
    return await tenant.client.call(
        RecordTrackingEvent(shipment_id=made.id, code=code, label=f"scan {code}", occurred_at=at)
    )


async def test_case_21_scans_move_a_parcel_and_late_ones_do_not(
    running: Running, tenant: Tenant, other_tenant: Tenant, day: datetime
) -> None:
    tenant.client.now = day + timedelta(days=9)
    made = await tenant.client.call(parcel(contract_id=new_id()))
    waiting = await tenant.client.call(ListShipments(status=(ShipmentStatus.LABEL_CREATED,)))
    assert [found.id for found in waiting.items] == [made.id]
    statuses = []
    for hours, code in enumerate(("MD2", "PB1", "MD2", "XX9", "DI1")):
        statuses.append((await scanned(tenant, made, code, day + timedelta(hours=hours))).status)
    assert statuses == ["OUT_FOR_DELIVERY", "DELIVERY_FAILED", "OUT_FOR_DELIVERY", "OUT_FOR_DELIVERY", "DELIVERED"]
    await scanned(tenant, made, "DI1", day + timedelta(hours=4))
    late = await scanned(tenant, made, "DR1", day - timedelta(days=1))
    assert (late.status, late.delivered_at) == ("DELIVERED", day + timedelta(hours=4))
    [(headers, fact)] = await running.events("shipment.delivered", tenant.id)
    assert (fact["contract_id"], fact["status"]) == (str(made.contract_id), "DELIVERED")
    assert headers["ce-subject"] == str(made.id)
    moves = [fact["to"] for _, fact in await running.events("shipment.status_changed", tenant.id)]
    assert moves == ["OUT_FOR_DELIVERY", "DELIVERY_FAILED", "OUT_FOR_DELIVERY", "DELIVERED"]
    seen = await tenant.client.call(ListTrackingEvents(shipment_id=made.id))
    assert [report.code for report in seen.items] == ["DI1", "XX9", "MD2", "PB1", "MD2", "DR1"]
    for request in (GetShipment(shipment_id=made.id), ListTrackingEvents(shipment_id=made.id)):
        with pytest.raises(Refused) as refusal:
            await other_tenant.client.call(request)
        assert refusal.value.code.code == "SHIPMENT_NOT_FOUND"
    assert (await other_tenant.client.call(ListShipments())).items == ()


async def test_case_23_a_silent_parcel_is_late_then_lost_then_found(
    running: Running, tenant: Tenant, day: datetime
) -> None:
    tenant.client.now = day
    made = await tenant.client.call(parcel(estimated_delivery_on=day.date() + timedelta(days=3)))
    await scanned(tenant, made, "PC1", day)
    for days in (4, 20, 21):
        await running.tick("day", day + timedelta(days=days))
    lost = await tenant.client.call(GetShipment(shipment_id=made.id))
    assert (lost.status, lost.is_delayed) == ("LOST", True)
    [(_, fact)] = await running.events("shipment.delayed", tenant.id)
    assert fact["days_late"] == 1
    tenant.client.now = day + timedelta(days=30)
    assert (await scanned(tenant, made, "DI1", day + timedelta(days=29))).status == "DELIVERED"


async def test_a_parcel_is_cancelled_before_the_carrier_has_it(running: Running, tenant: Tenant, day: datetime) -> None:
    tenant.client.now = day
    made = await tenant.client.call(parcel())
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(parcel(tracking_number=made.tracking_number))
    assert refusal.value.code.code == "TRACKING_NUMBER_EXISTS"
    for _ in range(2):
        cancelled = await tenant.client.call(CancelShipment(shipment_id=made.id, reason="out of stock"))
    assert cancelled.status == "CANCELLED"
    assert len(await running.events("shipment.cancelled", tenant.id)) == 1
    with pytest.raises(Refused) as refusal:
        await scanned(tenant, made, "PC1", day + timedelta(days=1))
    assert refusal.value.fields[0].field == "occurred_at"
    gone = await tenant.client.call(parcel())
    await scanned(tenant, gone, "PC1", day)
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(CancelShipment(shipment_id=gone.id, reason="too late"))
    assert refusal.value.code.code == "INVALID_TRANSITION"


@given(scans=st.lists(st.sampled_from(list(Scan)), max_size=10))
def test_what_is_delivered_or_cancelled_stays_so_unless_it_is_sent_back(scans: list[Scan]) -> None:
    for first in (ShipmentStatus.DELIVERED, ShipmentStatus.CANCELLED):
        status = first
        for scan in scans:
            status = rules.status_after(status, scan) or status
        allowed = {first} | ({ShipmentStatus.RETURNING, ShipmentStatus.RETURNED} if first == "DELIVERED" else set())
        assert status in allowed
