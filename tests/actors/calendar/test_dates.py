"""calendar: configurations, closed days and the dates that follow from them."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

import pytest
from pydantic import ValidationError

from messages.calendar import CalculatePlannedDate, CalculatePlannedDatesBatch, PlannedDateInput
from messages.calendar.configurations import (
    CreateDebitConfiguration,
    DebitConfiguration,
    DebitPreference,
    DeleteDebitConfiguration,
    GetDebitConfiguration,
    ListCutoffPolicies,
    ListDebitConfigurations,
    ListDebitLots,
    ResolveDebitConfiguration,
    UpdateDebitConfiguration,
)
from messages.calendar.dates import (
    CheckDateEligibility,
    CreateHoliday,
    DeleteHoliday,
    ListHolidays,
    ListHolidayZones,
    UpdateHoliday,
)
from messages.calendar.terms import ConfigurationLevel, DebitDateMode, LatePolicy, ShiftStrategy
from messages.identity import OrganisationCreated
from messages.problem import Refused
from tests.harness import Running, Tenant

JANUARY = datetime(2026, 1, 5, 9, tzinfo=UTC)


async def configure(tenant: Tenant, level: ConfigurationLevel, scope_id: Any, **preference: Any) -> DebitConfiguration:
    request = CreateDebitConfiguration(
        level=level, scope_id=scope_id, preference=DebitPreference.model_validate(preference)
    )
    return await tenant.client.call(request)


async def test_a_new_organisation_can_plan_at_once(running: Running, tenant: Tenant) -> None:
    lots = await tenant.client.call(ListDebitLots())
    assert [(lot.code, lot.start_day, lot.end_day) for lot in lots.lots] == [
        ("L1", 1, 7), ("L2", 8, 14), ("L3", 15, 21), ("L4", 22, 31),
    ]  # fmt: skip
    policies = await tenant.client.call(ListCutoffPolicies())
    assert {policy.rail: (policy.cutoff_time, policy.days_before_value_date) for policy in policies.policies} == {
        "SEPA_CORE": ("14:00", 2), "SEPA_B2B": ("14:00", 2), "CARD": ("06:00", 0),
    }  # fmt: skip
    zones = await tenant.client.call(ListHolidayZones())
    assert [zone.code for zone in zones.zones] == ["FR", "TARGET"]
    found = await tenant.client.call(CalculatePlannedDate(target_month=3, target_year=2026))
    assert (found.planned_debit_date, found.original_target_date) == (date(2026, 3, 2), date(2026, 3, 1))
    assert (found.was_shifted, found.shift_reason, found.lot_code) == (True, "weekend", "L1")
    assert found.submit_by == datetime(2026, 2, 26, 13, tzinfo=UTC)


async def test_hearing_of_the_organisation_again_changes_nothing(running: Running, tenant: Tenant) -> None:
    (_, body), *_ = await running.events("organisation.created", tenant.id)
    await running.state(OrganisationCreated.model_validate(body), tenant.id, version=1)
    await running.settled()
    found = await tenant.client.call(ListDebitConfigurations())
    assert [configuration.level for configuration in found.items] == ["SYSTEM"]


async def test_case_3_levels_are_looked_at_from_the_contract_down(running: Running, tenant: Tenant) -> None:
    contract, client = uuid4(), uuid4()
    made = [
        await configure(tenant, ConfigurationLevel.CONTRACT, contract, mode="BATCH", lot_code="L2"),
        await configure(tenant, ConfigurationLevel.CLIENT, client, mode="BATCH", lot_code="L3"),
        await configure(tenant, ConfigurationLevel.COMPANY, tenant.company_id, mode="FIXED_DAY", fixed_day=10),
    ]
    scope = {"contract_id": contract, "client_id": client, "company_id": tenant.company_id}
    found = []
    for configuration in [*made, None]:
        answer = await tenant.client.call(ResolveDebitConfiguration(**scope, with_trace=True))
        found.append((answer.resolved.applied_level, answer.resolved.lot_code, len(answer.candidates)))
        if configuration is not None:
            await tenant.client.call(DeleteDebitConfiguration(configuration_id=configuration.configuration_id))
    assert found == [("CONTRACT", "L2", 4), ("CLIENT", "L3", 3), ("COMPANY", None, 2), ("SYSTEM", "L1", 1)]
    changes = [body["level"] for _, body in await running.events("debit_configuration.changed", tenant.id)]
    assert changes == ["CONTRACT", "CLIENT", "COMPANY"] * 2


async def test_a_client_that_only_chooses_a_day_inherits_the_rest(tenant: Tenant) -> None:
    client = uuid4()
    made = await configure(tenant, ConfigurationLevel.CLIENT, client, mode="FIXED_DAY", fixed_day=3)
    found = await tenant.client.call(
        CalculatePlannedDate(client_id=client, target_month=4, target_year=2026, include_resolution_trace=True)
    )
    assert (found.planned_debit_date, found.shift_reason) == (date(2026, 4, 7), "target:Good Friday")
    assert found.resolved_config.sources["holiday_zone_id"] == "SYSTEM"
    assert [step.step for step in found.trace] == ["target", "shift"]
    changed = await tenant.client.call(
        UpdateDebitConfiguration(
            configuration_id=made.configuration_id,
            expected_version=1,
            preference=DebitPreference(shift_strategy=ShiftStrategy.PREVIOUS_BUSINESS_DAY),
        )
    )
    assert (changed.fixed_day, changed.version) == (3, 2)
    moved = await tenant.client.call(CalculatePlannedDate(client_id=client, target_month=4, target_year=2026))
    assert moved.planned_debit_date == date(2026, 4, 2)


async def test_case_2_a_configuration_must_not_contradict_itself(tenant: Tenant) -> None:
    for preference, code in (
        ({"mode": "FIXED_DAY", "fixed_day": 30}, "FIXED_DAY_OUT_OF_RANGE"),
        ({"mode": "BATCH"}, "BATCH_REQUIRED"),
        ({"mode": "BATCH", "lot_code": "L9"}, "LOT_NOT_FOUND"),
        ({"holiday_zone_id": uuid4()}, "HOLIDAY_ZONE_NOT_FOUND"),
        ({"cutoff_policy_id": uuid4()}, "CUTOFF_NOT_FOUND"),
        ({"prenotification_days": 2}, "PRENOTIFICATION_TOO_SHORT"),
    ):
        with pytest.raises(Refused, match=code):
            await configure(tenant, ConfigurationLevel.CLIENT, uuid4(), **preference)
    with pytest.raises(ValidationError, match="mode"):
        DebitPreference.model_validate({"mode": "WEEKLY"})


async def test_one_active_configuration_per_scope_and_the_system_one_stays(tenant: Tenant) -> None:
    client = uuid4()
    made = await configure(tenant, ConfigurationLevel.CLIENT, client, mode="BATCH", lot_code="L2")
    with pytest.raises(Refused, match="CONFIG_EXISTS"):
        await configure(tenant, ConfigurationLevel.CLIENT, client, mode="BATCH", lot_code="L3")
    await tenant.client.call(DeleteDebitConfiguration(configuration_id=made.configuration_id))
    await configure(tenant, ConfigurationLevel.CLIENT, client, mode="BATCH", lot_code="L3")
    system = await tenant.client.call(GetDebitConfiguration(level=ConfigurationLevel.SYSTEM))
    with pytest.raises(Refused, match="SYSTEM_CONFIG_REQUIRED"):
        await tenant.client.call(DeleteDebitConfiguration(configuration_id=system.configuration_id))


async def test_another_tenants_configuration_is_not_found(tenant: Tenant, other_tenant: Tenant) -> None:
    made = await configure(tenant, ConfigurationLevel.CLIENT, uuid4(), mode="BATCH", lot_code="L2")
    with pytest.raises(Refused, match="CONFIG_NOT_FOUND"):
        await other_tenant.client.call(GetDebitConfiguration(configuration_id=made.configuration_id))
    with pytest.raises(Refused, match="PERMISSION_MISSING"):
        await tenant.client.call(
            CalculatePlannedDate(target_month=3, target_year=2026), token=tenant.token("calendar:holiday:read")
        )


def wanted(key: str, tenant: Tenant, **changes: Any) -> PlannedDateInput:
    fields: dict[str, Any] = {
        "key": key,
        "client_id": uuid4(),
        "company_id": tenant.company_id,
        "target_month": 4,
        "target_year": 2026,
    }
    return PlannedDateInput(**(fields | changes))


async def test_case_25_a_batch_keeps_its_order_and_one_failure_stops_nothing(tenant: Tenant) -> None:
    rejecting, waiting = uuid4(), uuid4()
    preference = {"mode": DebitDateMode.BATCH, "lot_code": "L2", "late_policy": LatePolicy.REJECT}
    await configure(tenant, ConfigurationLevel.CLIENT, rejecting, **preference)
    await configure(tenant, ConfigurationLevel.CLIENT, waiting, mode=DebitDateMode.BATCH, lot_code="L2")
    tenant.client.now = datetime(2026, 4, 2, 8, tzinfo=UTC)
    found = await tenant.client.call(
        CalculatePlannedDatesBatch(
            inputs=(
                wanted("a", tenant, client_id=waiting),
                wanted("b", tenant, client_id=rejecting),
                wanted("c", tenant, client_id=waiting, target_month=5, prenotified=True),
            ),
            check_feasibility=True,
        )
    )
    assert (found.total, found.success_count, found.error_count) == (3, 2, 1)
    assert [(result.key, result.success) for result in found.results] == [("a", True), ("b", False), ("c", True)]
    late, refused, may = found.results
    assert (late.planned_debit_date, late.shift_reason, late.lot_code) == (date(2026, 4, 16), "late", "L2")
    assert refused.error_code == "DEADLINE_PASSED"
    assert may.planned_debit_date == date(2026, 5, 11)
    assert may.submit_by == datetime(2026, 5, 7, 12, tzinfo=UTC)


async def test_the_same_inputs_give_the_same_dates(tenant: Tenant) -> None:
    request = CalculatePlannedDatesBatch(inputs=tuple(wanted(str(n), tenant, target_month=n) for n in range(1, 13)))
    first, second = await tenant.client.call(request), await tenant.client.call(request)
    assert first == second
    assert [f"{result.planned_debit_date:%m-%d}" for result in first.results][:5] == [
        "01-02", "02-02", "03-02", "04-01", "05-04",
    ]  # fmt: skip


async def test_the_next_date_on_or_after_a_reference_date(tenant: Tenant) -> None:
    for reference, expected in ((date(2026, 3, 2), date(2026, 3, 2)), (date(2026, 3, 3), date(2026, 4, 1))):
        found = await tenant.client.call(CalculatePlannedDate(reference_date=reference))
        assert found.planned_debit_date == expected


async def test_a_contract_that_is_not_known_needs_its_client(tenant: Tenant) -> None:
    with pytest.raises(Refused, match="client_id"):
        await tenant.client.call(CalculatePlannedDate(contract_id=uuid4(), target_month=3, target_year=2026))


async def test_case_5_and_6_eligibility(tenant: Tenant) -> None:
    saturday = await tenant.client.call(CheckDateEligibility(date=date(2026, 1, 3)))
    assert (saturday.is_eligible, saturday.is_weekend) == (False, True)
    assert (saturday.next_eligible_date, saturday.previous_eligible_date) == (date(2026, 1, 5), date(2026, 1, 2))
    monday = await tenant.client.call(CheckDateEligibility(date=date(2026, 1, 5)))
    assert (monday.is_eligible, monday.next_eligible_date) == (True, date(2026, 1, 6))
    new_year = await tenant.client.call(CheckDateEligibility(date=date(2026, 1, 1)))
    assert (new_year.is_holiday, new_year.is_target_closed, new_year.holiday_name) == (True, True, "Jour de l'an")


async def test_case_26_a_closure_moves_dates_and_its_deletion_moves_them_back(running: Running, tenant: Tenant) -> None:
    client = uuid4()
    await configure(tenant, ConfigurationLevel.CLIENT, client, mode="BATCH", lot_code="L2")
    june = CalculatePlannedDate(client_id=client, target_month=6, target_year=2026)
    assert (await tenant.client.call(june)).planned_debit_date == date(2026, 6, 8)
    zones = {zone.code: zone.holiday_zone_id for zone in (await tenant.client.call(ListHolidayZones())).zones}
    closing = CreateHoliday(holiday_zone_id=zones["FR"], date=date(2026, 6, 8), name="Fermeture")
    made = await tenant.client.call(closing)
    moved = await tenant.client.call(june)
    assert (moved.planned_debit_date, moved.shift_reason) == (date(2026, 6, 9), "holiday:Fermeture")
    with pytest.raises(Refused, match="HOLIDAY_EXISTS"):
        await tenant.client.call(closing)
    with pytest.raises(Refused, match="SYSTEM_ZONE"):
        await tenant.client.call(closing.model_copy(update={"holiday_zone_id": zones["TARGET"]}))
    listed = await tenant.client.call(ListHolidays(year=2026))
    assert [(day.date, day.origin) for day in listed.holidays if day.name == "Fermeture"] == [
        (date(2026, 6, 8), "EXPLICIT")
    ]
    renamed = await tenant.client.call(
        UpdateHoliday(holiday_id=made.holiday_id, expected_version=1, name="Fermeture annuelle")
    )
    await tenant.client.call(DeleteHoliday(holiday_id=renamed.holiday_id))
    assert (await tenant.client.call(june)).planned_debit_date == date(2026, 6, 8)
    changes = [(body["change"], body["zone_code"]) for _, body in await running.events("holiday.changed", tenant.id)]
    assert changes == [("CREATED", "FR"), ("UPDATED", "FR"), ("DELETED", "FR")]


async def test_computed_holidays_of_two_years_are_announced_once(running: Running, tenant: Tenant) -> None:
    await running.tick("day", datetime(2026, 1, 4, 23, tzinfo=UTC))
    await running.tick("day", datetime(2026, 1, 5, 23, tzinfo=UTC))
    found = [body for _, body in await running.events("holiday.changed", tenant.id)]
    assert len(found) == len({(body["zone_code"], body["date"]) for body in found})
    french = [body["date"] for body in found if body["zone_code"] == "FR"]
    assert "2026-05-14" in french
    assert len(french) == 22  # ten left in 2026, eleven in 2027, and 1 January 2028
