"""calendar: what a change of the rules does to planned debits, before and after it is saved."""

from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import uuid4

import pytest

from actors.calendar.rules.changes import change_summary
from messages.calendar.book import GetDebitDay, GetPlannedDebit
from messages.calendar.configurations import DebitPreference, GetDebitConfiguration
from messages.calendar.dates import (
    CreateHoliday,
    DeleteHoliday,
    GetHoliday,
    ImportHolidaysByCountry,
    ListHolidays,
    ListHolidayZones,
)
from messages.calendar.previews import PreviewDebitConfiguration, PreviewHoliday, PreviewHolidayDeletion
from messages.calendar.settings import GetCalendarSettings, IntensityLimit, UpdateCalendarSettings
from messages.calendar.terms import ConfigurationLevel, DebitDateMode, HolidayOrigin
from messages.calendar.volumes import GetDateDetails, Intensity
from messages.clients import ClientCreated, ClientMerged, ClientUnmerged
from messages.payments import InstalmentRescheduled, PlannedBy
from messages.payments.vocabulary import RescheduleReason
from messages.problem import Refused
from tests.actors.calendar.debits import planned, stated_again
from tests.actors.calendar.test_dates import configure
from tests.actors.contrats.builders import fact
from tests.harness import Running, Tenant

APRIL_20 = datetime(2026, 4, 20, 9, tzinfo=UTC)
MONDAY, TUESDAY = date(2026, 6, 8), date(2026, 6, 9)


async def day_count(tenant: Tenant, day: date) -> int:
    try:
        found = await tenant.client.call(GetDebitDay(company_id=tenant.company_id, collection_date=day))
    except Refused:
        return 0
    return found.count


async def test_case_26_a_closure_moves_the_debit_and_its_deletion_moves_it_back(
    running: Running, tenant: Tenant, other_tenant: Tenant
) -> None:
    contract_id = uuid4()
    await configure(tenant, ConfigurationLevel.CONTRACT, contract_id, mode=DebitDateMode.BATCH, lot_code="L2")
    debit = planned(tenant.company_id, MONDAY, contract_id=contract_id, planned_by=PlannedBy.CALENDAR)
    await running.state(debit, tenant.id, now=APRIL_20)
    await running.settled()
    tenant.client.now = APRIL_20
    france = next(z for z in (await tenant.client.call(ListHolidayZones())).zones if z.code == "FR")
    closing = PreviewHoliday(holiday_zone_id=france.holiday_zone_id, date=MONDAY)
    (move,) = (await tenant.client.call(closing)).moves
    assert (move.instalment_id, move.old_date, move.new_date, move.announced) == (
        debit.instalment_id, MONDAY, TUESDAY, False,
    )  # fmt: skip
    assert await running.events("holiday.changed", tenant.id) == []
    with pytest.raises(Refused, match="HOLIDAY_ZONE_NOT_FOUND"):
        await other_tenant.client.call(closing)

    closure = await tenant.client.call(
        CreateHoliday(holiday_zone_id=france.holiday_zone_id, date=MONDAY, name="Fermeture")
    )
    with pytest.raises(Refused, match="HOLIDAY_NOT_FOUND"):
        await other_tenant.client.call(GetHoliday(holiday_id=closure.holiday_id))
    assert (await tenant.client.call(GetHoliday(holiday_id=closure.holiday_id))).name == "Fermeture"
    moved = stated_again(
        InstalmentRescheduled,
        debit,
        planned_debit_date=TUESDAY,
        previous_date=MONDAY,
        reason=RescheduleReason.REPLANNED,
    )
    await running.state(moved, tenant.id, version=2, now=APRIL_20)
    await running.settled()
    assert [await day_count(tenant, day) for day in (MONDAY, TUESDAY)] == [0, 1]

    back = PreviewHolidayDeletion(holiday_id=closure.holiday_id)
    (move,) = (await tenant.client.call(back)).moves
    assert (move.old_date, move.new_date) == (TUESDAY, MONDAY)
    await tenant.client.call(DeleteHoliday(holiday_id=closure.holiday_id, expected_version=1))
    again = stated_again(
        InstalmentRescheduled,
        debit,
        planned_debit_date=MONDAY,
        previous_date=TUESDAY,
        reason=RescheduleReason.REPLANNED,
    )
    await running.state(again, tenant.id, version=3, now=APRIL_20)
    await running.settled()
    assert [await day_count(tenant, day) for day in (MONDAY, TUESDAY)] == [1, 0]
    changes = [body["change"] for _, body in await running.events("holiday.changed", tenant.id)]
    assert changes == ["CREATED", "DELETED"]


async def test_an_announced_date_is_a_promise_that_only_a_closure_moves(running: Running, tenant: Tenant) -> None:
    contract_id = uuid4()
    debit = planned(tenant.company_id, date(2026, 6, 1), contract_id=contract_id, planned_by=PlannedBy.CALENDAR)
    await running.state(debit, tenant.id, now=APRIL_20)
    await running.settled()
    preference = DebitPreference(mode=DebitDateMode.FIXED_DAY, fixed_day=15)
    change = PreviewDebitConfiguration(level=ConfigurationLevel.CONTRACT, scope_id=contract_id, preference=preference)
    tenant.client.now = APRIL_20
    (move,) = (await tenant.client.call(change)).moves
    assert (move.new_date, move.announced) == (date(2026, 6, 15), False)
    tenant.client.now = datetime(2026, 5, 20, 9, tzinfo=UTC)
    assert (await tenant.client.call(change)).moves == ()
    france = next(z for z in (await tenant.client.call(ListHolidayZones())).zones if z.code == "FR")
    (move,) = (
        await tenant.client.call(PreviewHoliday(holiday_zone_id=france.holiday_zone_id, date=date(2026, 6, 1)))
    ).moves
    assert (move.new_date, move.announced) == (date(2026, 6, 2), True)


async def test_computed_days_become_entries_once(running: Running, tenant: Tenant) -> None:
    wanted = ImportHolidaysByCountry(country_code="FR", year=2027)
    first = await tenant.client.call(wanted)
    assert (first.imported_count, first.skipped_count) == (11, 0)
    second = await tenant.client.call(wanted)
    assert (second.imported_count, second.skipped_count) == (0, 11)
    listed = (await tenant.client.call(ListHolidays(year=2027))).holidays
    assert {day.origin for day in listed} == {HolidayOrigin.EXPLICIT}
    with pytest.raises(Refused, match="HOLIDAY_ZONE_NOT_FOUND"):
        await tenant.client.call(ImportHolidaysByCountry(country_code="BE", year=2027))


async def test_settings_say_when_a_day_is_busy(running: Running, tenant: Tenant, other_tenant: Tenant) -> None:
    await running.state(planned(tenant.company_id, MONDAY), tenant.id, now=APRIL_20)
    await running.settled()
    assert (await tenant.client.call(GetDateDetails(date=MONDAY))).intensity is Intensity.LOW
    limit = IntensityLimit(count=0, amount=Decimal("10.00"))
    changed = await tenant.client.call(UpdateCalendarSettings(expected_version=0, medium=limit))
    assert changed.version == 1
    assert (await tenant.client.call(GetDateDetails(date=MONDAY))).intensity is Intensity.MEDIUM
    assert (await other_tenant.client.call(GetCalendarSettings())).medium.count == 20
    with pytest.raises(Refused, match="VERSION_CONFLICT"):
        await tenant.client.call(UpdateCalendarSettings(expected_version=0, medium=limit))
    lower = IntensityLimit(count=0, amount=Decimal("9.00"))
    with pytest.raises(Refused, match="must rise"):
        await tenant.client.call(UpdateCalendarSettings(expected_version=1, high=lower))


async def test_a_survivor_takes_over_the_preference_and_gives_it_back(running: Running, tenant: Tenant) -> None:
    merged_id, survivor_id, operation_id = uuid4(), uuid4(), uuid4()
    await configure(tenant, ConfigurationLevel.CLIENT, merged_id, mode=DebitDateMode.FIXED_DAY, fixed_day=12)
    debit = planned(tenant.company_id, MONDAY, client_id=merged_id)
    await running.state(debit, tenant.id, now=APRIL_20)
    await running.settled()

    merge = ClientMerged(
        survivor_id=survivor_id,
        merged_ids=(merged_id,),
        survivor=fact(ClientCreated, client_id=survivor_id),
        merge_operation_id=operation_id,
    )
    for _ in range(2):
        await running.state(merge, tenant.id, version=9)
    await running.settled()
    found = await tenant.client.call(GetDebitConfiguration(level=ConfigurationLevel.CLIENT, scope_id=survivor_id))
    assert found.fixed_day == 12
    entry = GetPlannedDebit(planned_debit_id=debit.instalment_id)
    assert (await tenant.client.call(entry)).client_id == survivor_id

    unmerge = ClientUnmerged(
        survivor_id=survivor_id,
        restored_id=merged_id,
        restored=fact(ClientCreated, client_id=merged_id),
        merge_operation_id=operation_id,
    )
    await running.state(unmerge, tenant.id, version=10)
    await running.settled()
    assert (await tenant.client.call(entry)).client_id == merged_id
    back = await tenant.client.call(GetDebitConfiguration(level=ConfigurationLevel.CLIENT, scope_id=merged_id))
    assert back.configuration_id == found.configuration_id
    scopes = [body["scope_id"] for _, body in await running.events("debit_configuration.changed", tenant.id)]
    assert scopes == [str(merged_id), str(survivor_id), str(merged_id)]


def test_a_change_is_summed_up_in_a_line() -> None:
    assert change_summary("debit_lot", None, {"code": "L1"}) == "created debit_lot"
    assert change_summary("debit_lot", {"code": "L1"}, None) == "deleted debit_lot"
    assert change_summary("holiday", {"name": "A", "effect": "OPEN"}, {"name": "B", "effect": "CLOSED"}) == (
        "changed: effect, name"
    )
    assert change_summary("holiday", {"name": "A"}, {"name": "A"}) is None
