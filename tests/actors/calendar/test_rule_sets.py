"""calendar: own lots, cut-offs and zones, dates chosen by hand, and counting open days."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from messages.calendar import CalculatePlannedDate
from messages.calendar.book import GetDebitDay
from messages.calendar.configurations import ListCutoffPolicies, ListDebitLots
from messages.calendar.dates import CheckDateEligibility, CreateHoliday, ListHolidays, ListHolidayZones
from messages.calendar.lots import (
    CreateCutoffPolicy,
    CreateDebitLot,
    CreateHolidayZone,
    DeactivateDebitLot,
    DeleteCutoffPolicy,
    DeleteHolidayZone,
    GetCutoffPolicy,
    GetDebitLot,
    GetHolidayZone,
    ReactivateDebitLot,
    UpdateCutoffPolicy,
    UpdateDebitLot,
    UpdateHolidayZone,
)
from messages.calendar.overrides import (
    AddBusinessDays,
    DeleteDebitDateOverride,
    Direction,
    FirstEligibleDate,
    GetDebitTimeline,
    ListDebitDateOverrides,
    SetDebitDateOverride,
)
from messages.calendar.terms import ConfigurationLevel, DebitDateMode, HolidayEffect, Rail, ShiftStrategy, WindowGuard
from messages.problem import Refused
from tests.actors.calendar.debits import planned
from tests.actors.calendar.test_dates import configure
from tests.harness import Running, Tenant


async def planned_in(tenant: Tenant, year: int, month: int, **scope: Any) -> tuple[date, str]:
    request = CalculatePlannedDate(target_year=year, target_month=month, **scope)
    found = await tenant.client.call(request)
    return found.planned_debit_date, found.resolved_config.applied_level


async def test_a_company_with_own_lots_uses_only_these(running: Running, tenant: Tenant, other_tenant: Tenant) -> None:
    company_id = uuid4()
    early = await tenant.client.call(
        CreateDebitLot(company_id=company_id, code="E", name="Début", start_day=3, end_day=9)
    )
    assert early.gaps == (1, 2, *range(10, 32))
    with pytest.raises(Refused, match="LOT_OVERLAP"):
        await tenant.client.call(CreateDebitLot(company_id=company_id, code="F", name="F", start_day=9, end_day=12))
    with pytest.raises(Refused, match="LOT_CODE_TAKEN"):
        await tenant.client.call(CreateDebitLot(company_id=company_id, code="E", name="E", start_day=20, end_day=21))
    await configure(tenant, ConfigurationLevel.COMPANY, company_id, mode=DebitDateMode.BATCH, lot_code="E")
    assert await planned_in(tenant, 2026, 6, company_id=company_id) == (date(2026, 6, 3), "COMPANY")
    moved = UpdateDebitLot(lot_id=early.lot_id, expected_version=1, start_day=4)
    await tenant.client.call(moved)
    assert await planned_in(tenant, 2026, 6, company_id=company_id) == (date(2026, 6, 4), "COMPANY")
    with pytest.raises(Refused, match="LOT_IN_USE"):
        await tenant.client.call(DeactivateDebitLot(lot_id=early.lot_id))
    own = await tenant.client.call(ListDebitLots(company_id=company_id))
    assert [lot.code for lot in own.lots] == ["E"]
    assert len((await tenant.client.call(ListDebitLots())).lots) == 4
    for request in (GetDebitLot(lot_id=early.lot_id), DeactivateDebitLot(lot_id=early.lot_id), moved):
        with pytest.raises(Refused, match="LOT_NOT_FOUND"):
            await other_tenant.client.call(request)
    changes = [body for _, body in await running.events("debit_configuration.changed", tenant.id)]
    assert [(body["kind"], body["level"]) for body in changes if body["kind"] == "LOT"] == [("LOT", "COMPANY")] * 2


async def test_a_lot_comes_back_only_if_its_days_are_free(tenant: Tenant) -> None:
    (*_, fourth) = (await tenant.client.call(ListDebitLots())).lots
    stopped = await tenant.client.call(DeactivateDebitLot(lot_id=fourth.lot_id))
    assert (stopped.is_active, stopped.gaps) == (False, tuple(range(22, 32)))
    await tenant.client.call(CreateDebitLot(code="L5", name="Fin", start_day=28, end_day=31))
    with pytest.raises(Refused, match="LOT_OVERLAP"):
        await tenant.client.call(ReactivateDebitLot(lot_id=fourth.lot_id))


async def test_open_days_follow_a_changed_cutoff(running: Running, tenant: Tenant, other_tenant: Tenant) -> None:
    day = date(2026, 5, 11)
    await running.state(planned(tenant.company_id, day), tenant.id, now=datetime(2026, 4, 20, 9, tzinfo=UTC))
    await running.settled()
    tenant.client.now = datetime(2026, 4, 21, 9, tzinfo=UTC)
    policies = await tenant.client.call(ListCutoffPolicies(rail=Rail.SEPA_CORE))
    (policy,) = policies.policies
    change = UpdateCutoffPolicy(
        cutoff_policy_id=policy.cutoff_policy_id, expected_version=1, cutoff_time="11:30", days_before_value_date=1
    )
    with pytest.raises(Refused, match="CUTOFF_NOT_FOUND"):
        await other_tenant.client.call(change)
    await tenant.client.call(change)
    shown = await tenant.client.call(GetDebitDay(company_id=tenant.company_id, collection_date=day))
    assert shown.submit_by == datetime(2026, 5, 8, 9, 30, tzinfo=UTC)
    below = UpdateCutoffPolicy(cutoff_policy_id=policy.cutoff_policy_id, expected_version=2, days_before_value_date=0)
    with pytest.raises(Refused, match="BELOW_SCHEME_MINIMUM"):
        await tenant.client.call(below)
    with pytest.raises(Refused, match="INVALID_TIMEZONE"):
        await tenant.client.call(CreateCutoffPolicy(name="Lune", timezone="Moon/Base"))
    with pytest.raises(Refused, match="CUTOFF_IN_USE"):
        await tenant.client.call(DeleteCutoffPolicy(cutoff_policy_id=policy.cutoff_policy_id))
    own = await tenant.client.call(CreateCutoffPolicy(name="Banque B", cutoff_time="09:00"))
    with pytest.raises(Refused, match="CUTOFF_NAME_TAKEN"):
        await tenant.client.call(CreateCutoffPolicy(name="Banque B"))
    assert (await tenant.client.call(GetCutoffPolicy(cutoff_policy_id=own.cutoff_policy_id))).cutoff_time == "09:00"
    await tenant.client.call(DeleteCutoffPolicy(cutoff_policy_id=own.cutoff_policy_id))
    with pytest.raises(Refused, match="CUTOFF_NOT_FOUND"):
        await tenant.client.call(GetCutoffPolicy(cutoff_policy_id=own.cutoff_policy_id))


async def test_a_zone_follows_its_region_and_an_unknown_region_is_refused(tenant: Tenant, other_tenant: Tenant) -> None:
    moselle = await tenant.client.call(
        CreateHolidayZone(code="FR-57", name="Moselle", country_code="FR", region_code="57")
    )
    days = await tenant.client.call(ListHolidays(holiday_zone_id=moselle.holiday_zone_id, year=2031))
    assert {found.date for found in days.holidays} >= {date(2031, 4, 11), date(2031, 12, 26)}
    office = await tenant.client.call(CreateHolidayZone(code="FR-SIEGE", name="Siège", country_code="FR"))
    closed = CheckDateEligibility(date=date(2026, 7, 14), holiday_zone_id=office.holiday_zone_id)
    assert not (await tenant.client.call(closed)).is_eligible
    with pytest.raises(Refused, match="UNKNOWN_REGION"):
        await tenant.client.call(CreateHolidayZone(code="FR-XX", name="x", country_code="FR", region_code="XX"))
    with pytest.raises(Refused, match="ZONE_CODE_TAKEN"):
        await tenant.client.call(CreateHolidayZone(code="FR-57", name="x", country_code="FR"))
    renamed = UpdateHolidayZone(holiday_zone_id=moselle.holiday_zone_id, expected_version=1, name="Alsace-Moselle")
    assert (await tenant.client.call(renamed)).name == "Alsace-Moselle"
    with pytest.raises(Refused, match="HOLIDAY_ZONE_NOT_FOUND"):
        await other_tenant.client.call(GetHolidayZone(holiday_zone_id=moselle.holiday_zone_id))
    await configure(tenant, ConfigurationLevel.CLIENT, uuid4(), holiday_zone_id=moselle.holiday_zone_id)
    with pytest.raises(Refused, match="ZONE_IN_USE"):
        await tenant.client.call(DeleteHolidayZone(holiday_zone_id=moselle.holiday_zone_id))
    await tenant.client.call(DeleteHolidayZone(holiday_zone_id=office.holiday_zone_id))
    zones = (await tenant.client.call(ListHolidayZones())).zones
    france = next(zone for zone in zones if zone.code == "FR")
    with pytest.raises(Refused, match="SYSTEM_ZONE"):
        await tenant.client.call(DeleteHolidayZone(holiday_zone_id=france.holiday_zone_id))


async def override(tenant: Tenant, contract_id: UUID, day: date, **fields: Any) -> UUID:
    request = SetDebitDateOverride(scope_id=contract_id, year=2026, month=4, debit_date=day, **fields)
    return (await tenant.client.call(request)).override_id


async def test_case_37_a_date_chosen_by_hand_wins_for_its_month(
    running: Running, tenant: Tenant, other_tenant: Tenant
) -> None:
    tenant.client.now = datetime(2026, 3, 2, 9, tzinfo=UTC)
    contract_id = uuid4()
    scope = {"contract_id": contract_id, "client_id": uuid4(), "company_id": tenant.company_id}
    with pytest.raises(Refused, match="NOT_ELIGIBLE"):
        await override(tenant, contract_id, date(2026, 4, 3))
    override_id = await override(tenant, contract_id, date(2026, 4, 9), reason="salaire le 8")
    assert await planned_in(tenant, 2026, 4, **scope) == (date(2026, 4, 9), "OVERRIDE")
    assert await planned_in(tenant, 2026, 5, **scope) == (date(2026, 5, 4), "SYSTEM")
    assert await override(tenant, contract_id, date(2026, 4, 10)) == override_id
    listed = await tenant.client.call(ListDebitDateOverrides(scope_id=contract_id))
    assert [item.debit_date for item in listed.items] == [date(2026, 4, 10)]
    assert (await other_tenant.client.call(ListDebitDateOverrides())).items == ()
    with pytest.raises(Refused, match="OVERRIDE_NOT_FOUND"):
        await other_tenant.client.call(DeleteDebitDateOverride(override_id=override_id))
    tenant.client.now = datetime(2026, 4, 1, 9, tzinfo=UTC)
    with pytest.raises(Refused, match="PRENOTIFICATION_TOO_SHORT"):
        await override(tenant, contract_id, date(2026, 4, 14))
    with pytest.raises(Refused, match="DEADLINE_PASSED"):
        await override(tenant, contract_id, date(2026, 4, 2), prenotified=True)
    await override(tenant, contract_id, date(2026, 4, 14), prenotified=True)
    await tenant.client.call(DeleteDebitDateOverride(override_id=override_id))
    assert await planned_in(tenant, 2026, 4, **scope) == (date(2026, 4, 1), "SYSTEM")
    bodies = [body for _, body in await running.events("debit_configuration.changed", tenant.id)]
    assert [(body["kind"], body["period"]) for body in bodies] == [("OVERRIDE", "2026-04")] * 4


async def test_case_29_a_frozen_debit_does_not_move(running: Running, tenant: Tenant) -> None:
    debit = planned(tenant.company_id, date(2026, 5, 11))
    await running.state(debit, tenant.id, now=datetime(2026, 4, 20, 9, tzinfo=UTC))
    await running.settled()
    tenant.client.now = datetime(2026, 5, 7, 11, 30, tzinfo=UTC)
    request = SetDebitDateOverride(scope_id=debit.contract_id, year=2026, month=5, debit_date=date(2026, 5, 26))
    with pytest.raises(Refused, match="DEBIT_FROZEN"):
        await tenant.client.call(request)
    tenant.client.now = datetime(2026, 5, 7, 10, 30, tzinfo=UTC)
    assert (await tenant.client.call(request)).debit_date == date(2026, 5, 26)


@pytest.mark.parametrize(
    ("day", "expected"), [("2026-03-14", "2026-03-16"), ("2026-03-29", "2026-03-30"), ("2026-05-08", "2026-05-11")]
)
async def test_case_39_the_first_open_day(tenant: Tenant, day: str, expected: str) -> None:
    found = await tenant.client.call(FirstEligibleDate(date=date.fromisoformat(day)))
    assert found.date == date.fromisoformat(expected)
    assert (await tenant.client.call(FirstEligibleDate(date=found.date))).date == found.date
    back = FirstEligibleDate(date=date(2026, 5, 8), direction=Direction.BACKWARD)
    assert (await tenant.client.call(back)).date == date(2026, 5, 7)


async def test_open_days_are_counted_both_ways(tenant: Tenant) -> None:
    async def counted(n: int) -> date:
        return (await tenant.client.call(AddBusinessDays(date=date(2026, 4, 2), n=n))).date

    assert [await counted(n) for n in (0, 1, -1)] == [date(2026, 4, 2), date(2026, 4, 7), date(2026, 4, 1)]


async def test_case_15_the_timeline_of_a_settlement(tenant: Tenant) -> None:
    found = await tenant.client.call(GetDebitTimeline(settlement_date=date(2026, 4, 7)))
    assert (found.submit_by, found.freeze_at) == (
        datetime(2026, 4, 1, 12, tzinfo=UTC),
        datetime(2026, 4, 1, 11, tzinfo=UTC),
    )
    assert (found.return_until, found.refund_until) == (date(2026, 4, 14), date(2026, 6, 2))
    b2b = await tenant.client.call(GetDebitTimeline(settlement_date=date(2026, 4, 7), rail=Rail.SEPA_B2B))
    assert (b2b.return_until, b2b.refund_until, b2b.unauthorised_until) == (date(2026, 4, 10), None, None)
    with pytest.raises(Refused, match="INVALID_DATE"):
        await tenant.client.call(GetDebitTimeline(settlement_date=date(2026, 4, 6)))


async def test_case_13_modified_following_stays_in_its_month(tenant: Tenant) -> None:
    contract_id = uuid4()
    scope = {"contract_id": contract_id, "client_id": uuid4(), "company_id": tenant.company_id}
    await configure(
        tenant,
        ConfigurationLevel.CONTRACT,
        contract_id,
        mode=DebitDateMode.FIXED_DAY,
        fixed_day=28,
        shift_strategy=ShiftStrategy.MODIFIED_FOLLOWING,
        window_guard=WindowGuard.NONE,
    )
    assert (await planned_in(tenant, 2026, 2, **scope))[0] == date(2026, 2, 27)


async def test_case_27_an_entry_opens_a_holiday_but_never_target(tenant: Tenant) -> None:
    zones = (await tenant.client.call(ListHolidayZones())).zones
    france = next(zone for zone in zones if zone.code == "FR")
    for day in (date(2026, 5, 25), date(2026, 5, 1)):
        await tenant.client.call(
            CreateHoliday(holiday_zone_id=france.holiday_zone_id, date=day, name="Travaillé", effect=HolidayEffect.OPEN)
        )
    for fixed_day, expected in ((25, date(2026, 5, 25)), (1, date(2026, 5, 4))):
        contract_id = uuid4()
        scope = {"contract_id": contract_id, "client_id": uuid4(), "company_id": tenant.company_id}
        preference = {"mode": DebitDateMode.FIXED_DAY, "fixed_day": fixed_day}
        await configure(tenant, ConfigurationLevel.CONTRACT, contract_id, **preference)
        assert (await planned_in(tenant, 2026, 5, **scope))[0] == expected
