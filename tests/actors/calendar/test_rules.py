"""calendar, pure rules: the computed acceptance cases of days, shifts, deadlines and resolution."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.calendar.rules import book, planning
from actors.calendar.rules.configuration import SEEDED_LOTS, check_choice, check_notice, gaps_of, lot_of_day, resolve
from actors.calendar.rules.days import EligibleDays, Entry, Zone, target_days_from, year_of
from actors.calendar.rules.deadlines import Cutoff, timeline
from actors.calendar.rules.planning import Need, Plan, Setting
from messages.calendar.configurations import DebitConfiguration, ResolvedConfiguration
from messages.calendar.terms import (
    ConfigurationLevel,
    DebitDateMode,
    FailureKind,
    HolidayEffect,
    HolidayOrigin,
    LatePolicy,
    PlannedDebitStatus,
    Rail,
    ShiftStrategy,
    WindowGuard,
)
from messages.problem import Refused
from messages.values.instants import PARIS, parse_instant

FRANCE, TARGET = Zone("FR"), Zone("TARGET")
ZONE_ID = uuid4()
NEXT, PREVIOUS, NEXT_WEEK, FOLLOWING, PRECEDING = ShiftStrategy


def configured(**changes: Any) -> ResolvedConfiguration:
    fields: dict[str, Any] = {
        "mode": DebitDateMode.BATCH,
        "lot_code": None,
        "shift_strategy": NEXT,
        "window_guard": WindowGuard.NONE,
        "late_policy": LatePolicy.NEXT_FEASIBLE,
        "holiday_zone_id": ZONE_ID,
        "holiday_zone_code": "FR",
        "prenotification_days": 14,
        "applied_level": ConfigurationLevel.SYSTEM,
        "applied_config_id": uuid4(),
        "sources": {},
    }
    return ResolvedConfiguration(**(fields | changes))


def setting(zone: Zone = FRANCE, days: EligibleDays | None = None, **changes: Any) -> Setting:
    return Setting(configured(**changes), days or EligibleDays(zone), Cutoff(), SEEDED_LOTS, PARIS)


def lot(code: str, **changes: Any) -> dict[str, Any]:
    return {"lot_code": code, "window_guard": WindowGuard.LOT, **changes}


def fixed(day: int, **changes: Any) -> dict[str, Any]:
    return {"mode": DebitDateMode.FIXED_DAY, "fixed_day": day, "window_guard": WindowGuard.MONTH, **changes}


def plan(month: str, configuration: Setting, as_of: str | None = None, **need: Any) -> Plan:
    year, number = month.split("-")
    wanted = Need(date(int(year), int(number), 1), **need)
    return planning.plan(wanted, configuration, parse_instant(as_of) if as_of else None)


@pytest.mark.parametrize(
    ("month", "expected"),
    [
        ("2026-01", "01-02 01-08 01-15 01-22"),
        ("2026-02", "02-02 02-09 02-16 02-23"),
        ("2026-03", "03-02 03-09 03-16 03-23"),
        ("2026-04", "04-01 04-08 04-15 04-22"),
        ("2026-05", "05-04 05-11 05-15 05-22"),
        ("2026-06", "06-01 06-08 06-15 06-22"),
        ("2026-07", "07-01 07-08 07-15 07-22"),
        ("2026-08", "08-03 08-10 08-17 08-24"),
        ("2026-09", "09-01 09-08 09-15 09-22"),
        ("2026-10", "10-01 10-08 10-15 10-22"),
        ("2026-11", "11-02 11-09 11-16 11-23"),
        ("2026-12", "12-01 12-08 12-15 12-22"),
        ("2027-01", "01-04 01-08 01-15 01-22"),
        ("2027-05", "05-03 05-10 05-18 05-24"),
        ("2027-11", "11-02 11-08 11-15 11-22"),
    ],
)
def test_the_lots_of_the_reference_table(month: str, expected: str) -> None:
    found = [plan(month, setting(**lot(found.code))).planned for found in SEEDED_LOTS]
    assert " ".join(f"{day:%m-%d}" for day in found) == expected


def test_zone_target_keeps_french_holidays_open() -> None:
    assert plan("2026-05", setting(TARGET, **lot("L2"))).planned == date(2026, 5, 8)
    assert plan("2027-05", setting(TARGET, **lot("L3"))).planned == date(2027, 5, 17)
    assert plan("2027-11", setting(TARGET, **lot("L1"))).planned == date(2027, 11, 1)


def test_case_1_where_every_day_is_open_nothing_is_shifted() -> None:
    zone = Zone("ZZ", is_computed=False)
    days = EligibleDays(zone, weekends_are_closed=False, target_is_closed=False)
    wanted = [lot("L1"), lot("L2"), lot("L3"), lot("L4"), fixed(15)]
    found = [plan("2026-03", setting(days=days, **chosen)) for chosen in wanted]
    assert [f"{each.planned:%m-%d}" for each in found] == ["03-01", "03-08", "03-15", "03-22", "03-15"]
    assert all(each.planned == each.target and each.reason is None for each in found)


@pytest.mark.parametrize(
    ("chosen", "code"),
    [
        ((DebitDateMode.FIXED_DAY, None, 30), "FIXED_DAY_OUT_OF_RANGE"),
        ((DebitDateMode.FIXED_DAY, None, 0), "FIXED_DAY_OUT_OF_RANGE"),
        ((DebitDateMode.FIXED_DAY, None, None), "FIXED_DAY_OUT_OF_RANGE"),
        ((DebitDateMode.BATCH, None, None), "BATCH_REQUIRED"),
        ((DebitDateMode.BATCH, "L9", None), "LOT_NOT_FOUND"),
        ((None, None, None), "INVALID_MODE"),
    ],
)
def test_case_2_contradicting_choices_are_refused(chosen: tuple[Any, Any, Any], code: str) -> None:
    with pytest.raises(Refused, match=code):
        check_choice(*chosen, {"L1", "L2"}, ConfigurationLevel.SYSTEM)


def candidate(level: ConfigurationLevel, lot_code: str | None = None, **changes: Any) -> DebitConfiguration:
    fields: dict[str, Any] = dict.fromkeys(DebitConfiguration.model_fields)
    fields |= {"configuration_id": uuid4(), "level": level, "lot_code": lot_code, "is_active": True, "version": 1}
    fields["mode"] = DebitDateMode.BATCH if lot_code else None
    return DebitConfiguration(**(fields | changes))


def test_case_3_the_most_specific_level_decides() -> None:
    zones = {ZONE_ID: "FR"}
    found = [
        candidate(ConfigurationLevel.CONTRACT, "L1"),
        candidate(ConfigurationLevel.CLIENT, "L2"),
        candidate(ConfigurationLevel.COMPANY, "L3"),
        candidate(ConfigurationLevel.SYSTEM, "L4", holiday_zone_id=ZONE_ID),
    ]
    decided = [resolve(found[start:], zones, list(ConfigurationLevel)) for start in range(4)]
    assert [(each.applied_level, each.lot_code) for each in decided] == [
        ("CONTRACT", "L1"), ("CLIENT", "L2"), ("COMPANY", "L3"), ("SYSTEM", "L4"),
    ]  # fmt: skip
    with pytest.raises(Refused, match="NO_CONFIGURATION_FOUND"):
        resolve([], zones, list(ConfigurationLevel))


def test_case_4_fields_are_inherited_one_by_one() -> None:
    contract = candidate(ConfigurationLevel.CONTRACT, "L1")
    with pytest.raises(Refused, match="HOLIDAY_ZONE_REQUIRED"):
        resolve([contract], {ZONE_ID: "FR"}, [ConfigurationLevel.CONTRACT])
    client = candidate(ConfigurationLevel.CLIENT, "L2", holiday_zone_id=ZONE_ID, prenotification_days=20)
    found = resolve([client, contract], {ZONE_ID: "FR"}, list(ConfigurationLevel))
    assert (found.holiday_zone_code, found.applied_level, found.lot_code) == ("FR", "CONTRACT", "L1")
    assert (found.prenotification_days, found.sources["prenotification_days"]) == (20, "CLIENT")
    assert found.window_guard is WindowGuard.LOT


def test_case_5_weekends() -> None:
    days = EligibleDays(FRANCE)
    saturday, monday = date(2026, 1, 3), date(2026, 1, 5)
    assert [days.is_eligible(saturday), days.is_eligible(date(2026, 1, 4)), days.is_eligible(monday)] == [
        False, False, True,
    ]  # fmt: skip
    assert (days.after(saturday), days.before(saturday)) == (monday, date(2026, 1, 2))
    assert (days.after(monday), days.before(monday)) == (date(2026, 1, 6), date(2026, 1, 2))


def test_case_6_french_holidays_have_french_names() -> None:
    names = [FRANCE.closure(day) for day in (date(2026, 1, 1), date(2026, 5, 1), date(2026, 7, 14))]
    assert names == ["Jour de l'an", "Fête du Travail", "Fête nationale"]
    assert EligibleDays(TARGET).is_eligible(date(2026, 7, 14))


def test_case_7_a_holiday_on_a_weekend_is_a_weekend() -> None:
    found = plan("2026-08", setting(**fixed(15)))
    assert (found.planned, found.reason) == (date(2026, 8, 17), "weekend")
    assert FRANCE.closure(date(2026, 8, 15)) is not None


@pytest.mark.parametrize(
    ("month", "chosen", "planned", "reason"),
    [
        ("2026-04", fixed(3), "2026-04-07", "target:Good Friday"),
        ("2026-04", fixed(3, shift_strategy=PREVIOUS), "2026-04-02", "target:Good Friday"),
        ("2026-04", fixed(3, shift_strategy=NEXT_WEEK), "2026-04-10", "target:Good Friday"),
        ("2026-03", lot("L1", shift_strategy=PREVIOUS, window_guard=WindowGuard.NONE), "2026-02-27", "weekend"),
        ("2026-03", lot("L1", shift_strategy=PREVIOUS), "2026-03-02", "window"),
        ("2026-01", lot("L1", shift_strategy=PREVIOUS, window_guard=WindowGuard.NONE), "2025-12-31", "target:New Year's Day"),
        ("2026-01", lot("L1", shift_strategy=PREVIOUS), "2026-01-02", "window"),
        ("2026-02", lot("L4", shift_strategy=NEXT_WEEK, window_guard=WindowGuard.NONE), "2026-03-02", "weekend"),
        ("2026-02", lot("L4", shift_strategy=NEXT_WEEK), "2026-02-23", "window"),
        ("2026-02", fixed(28, window_guard=WindowGuard.NONE), "2026-03-02", "weekend"),
        ("2026-02", fixed(28), "2026-02-27", "window"),
    ],
)  # fmt: skip
def test_cases_8_to_13_shifts_and_their_windows(month: str, chosen: dict[str, Any], planned: str, reason: str) -> None:
    found = plan(month, setting(**chosen))
    assert (found.planned.isoformat(), found.reason) == (planned, reason)


@pytest.mark.parametrize(
    ("month", "guarded", "free"),
    [
        ("2026-01", "01-30", "02-02"),
        ("2026-02", "02-27", "03-02"),
        ("2026-05", "05-29", "06-01"),
        ("2026-10", "10-30", "11-02"),
    ],
)
def test_case_14_the_end_of_the_month(month: str, guarded: str, free: str) -> None:
    chosen: dict[str, Any] = {"mode": DebitDateMode.END_OF_MONTH}
    assert f"{plan(month, setting(window_guard=WindowGuard.MONTH, **chosen)).planned:%m-%d}" == guarded
    assert f"{plan(month, setting(**chosen)).planned:%m-%d}" == free


def test_case_15_the_timeline_of_a_settlement() -> None:
    day = date(2026, 4, 7)
    core = timeline(day, Cutoff(), 14)
    assert core.submit_by == parse_instant("2026-04-01T12:00:00Z")
    assert core.freeze_at == parse_instant("2026-04-01T11:00:00Z")
    assert Cutoff(days_before=1).submit_by(day) == parse_instant("2026-04-02T12:00:00Z")
    assert (core.earliest_submission_on, core.prenotify_by) == (date(2026, 3, 24), date(2026, 3, 24))
    assert (core.return_until, core.refund_until, core.unauthorised_until) == (
        date(2026, 4, 14), date(2026, 6, 2), date(2027, 5, 7),
    )  # fmt: skip
    business = timeline(day, Cutoff(Rail.SEPA_B2B), 14)
    assert (business.return_until, business.refund_until) == (date(2026, 4, 10), None)


@pytest.mark.parametrize(
    ("settlement", "submit_by"),
    [
        ("2026-05-11", "2026-05-07T12:00:00Z"),
        ("2026-01-05", "2025-12-31T13:00:00Z"),
        ("2026-12-28", "2026-12-23T13:00:00Z"),
        ("2027-01-04", "2026-12-30T13:00:00Z"),
        ("2026-03-31", "2026-03-27T13:00:00Z"),
        ("2026-04-01", "2026-03-30T12:00:00Z"),
        ("2026-10-27", "2026-10-23T12:00:00Z"),
        ("2026-10-28", "2026-10-26T13:00:00Z"),
    ],
)
def test_cases_16_to_18_cutoffs_follow_target_days_and_summer_time(settlement: str, submit_by: str) -> None:
    assert Cutoff().submit_by(date.fromisoformat(settlement)) == parse_instant(submit_by)


def test_case_16_pre_notification_dates() -> None:
    around = timeline(date(2026, 5, 11), Cutoff(), 14)
    assert (around.prenotify_by, around.prenotify_on) == (date(2026, 4, 27), date(2026, 4, 26))


@pytest.mark.parametrize(
    ("as_of", "prenotified", "expected"),
    [
        ("2026-04-01T12:00:00Z", True, "2026-04-07"),
        ("2026-04-01T12:00:01Z", True, "2026-04-08"),
        ("2026-12-22T15:00:00Z", True, "2026-12-28"),
        ("2026-12-22T15:00:00Z", False, "2027-01-05"),
        ("2026-03-31T22:30:00Z", False, "2026-04-15"),
    ],
)
def test_cases_19_23_24_the_earliest_feasible_day(as_of: str, prenotified: bool, expected: str) -> None:
    need = Need(date(2026, 4, 1), prenotified)
    found = planning.earliest_feasible(need, setting(**lot("L1")), parse_instant(as_of))
    assert found.isoformat() == expected


def test_case_20_a_late_date_moves_to_the_earliest_feasible_one() -> None:
    in_time = plan("2026-02", setting(**fixed(5)), "2026-01-20T10:00:00Z")
    assert (in_time.planned, in_time.reason, in_time.feasible) == (date(2026, 2, 5), None, True)
    late = plan("2026-02", setting(**fixed(5)), "2026-01-23T10:00:00Z")
    assert (late.planned, late.reason, late.feasible) == (date(2026, 2, 6), "late", True)


def test_cases_21_and_22_late_policies() -> None:
    as_of = "2026-04-02T08:00:00Z"
    assert plan("2026-04", setting(**lot("L2")), as_of).planned == date(2026, 4, 16)
    later = plan("2026-04", setting(**lot("L2", late_policy=LatePolicy.NEXT_MONTH)), as_of)
    assert (later.planned, later.target, later.reason) == (date(2026, 5, 11), date(2026, 4, 8), "late")
    with pytest.raises(Refused, match="DEADLINE_PASSED"):
        plan("2026-04", setting(**lot("L2", late_policy=LatePolicy.REJECT)), as_of)
    waiting = plan("2026-04", setting(**lot("L2")), as_of, not_before=date(2026, 4, 25))
    assert waiting.planned == date(2026, 4, 27)


def test_case_27_an_open_entry_never_opens_target() -> None:
    opened = Entry("Lundi travaillé", HolidayEffect.OPEN)
    zone = Zone("FR", {date(2026, 5, 25): opened, date(2026, 5, 1): opened})
    assert plan("2026-05", setting(zone, **fixed(25))).planned == date(2026, 5, 25)
    assert plan("2026-05", setting(zone, **fixed(1))).planned == date(2026, 5, 4)


def test_yearly_entries_on_29_february_close_leap_years_only() -> None:
    zone = Zone("FR", recurring={(2, 29): Entry("Inventaire"), (7, 14): Entry("Fermeture")})
    assert date(2028, 2, 29) in [day.date for day in year_of(zone, 2028)]
    origins = {day.date: day.origin for day in year_of(zone, 2027)}
    assert origins[date(2027, 7, 14)] is HolidayOrigin.RECURRING
    assert len(origins) == 11


@pytest.mark.parametrize(("year", "days"), [(2024, 256), (2025, 255), (2026, 256), (2027, 258), (2028, 255)])
def test_target_open_days_of_a_year(year: int, days: int) -> None:
    target = EligibleDays(TARGET)
    every = [date(year, 1, 1) + timedelta(days=offset) for offset in range(366)]
    assert sum(target.is_eligible(day) for day in every if day.year == year) == days


def test_less_than_fourteen_days_of_notice_need_an_agreement() -> None:
    with pytest.raises(Refused, match="PRENOTIFICATION_TOO_SHORT"):
        check_notice(5, shorter_agreed=False)
    check_notice(5, shorter_agreed=True)
    check_notice(None, shorter_agreed=False)


def test_lots_cover_the_month() -> None:
    assert gaps_of(SEEDED_LOTS) == ()
    assert [lot_of_day(day, SEEDED_LOTS) for day in (1, 7, 8, 21, 22, 31)] == ["L1", "L1", "L2", "L3", "L4", "L4"]


_S = PlannedDebitStatus


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (["batched", "submitted", "received"], _S.EXECUTED),
        (["received"], _S.EXECUTED),
        (["received", "submitted"], _S.EXECUTED),
        (["received", "received", "returned"], _S.FAILED),
        (["submitted", "rejected", "received"], _S.FAILED),
        (["batched", "cancelled_before_submission"], _S.PLANNED),
        (["submitted", "cancelled"], _S.CANCELLED),
        (["given_up", "batched"], _S.CANCELLED),
    ],
)
def test_case_30_the_mirror_takes_facts_in_any_order(facts: list[str], expected: PlannedDebitStatus) -> None:
    status = _S.PLANNED
    for fact in facts:
        status = book.after(fact, status) or status
    assert status is expected


def test_failures_without_a_kind_of_their_own_count_as_returns() -> None:
    assert book.failure_kind("REFUND") is FailureKind.REFUND
    assert book.failure_kind("REVERSAL") is FailureKind.RETURN


def test_the_checksum_does_not_depend_on_the_order_of_the_entries() -> None:
    first, second = UUID(int=1), UUID(int=2)
    entries = [(second, Decimal("100"), "EUR"), (first, Decimal("29.90"), "EUR")]
    # sha256 of "00000000-0000-0000-0000-000000000001|29.90|EUR\n00000000-0000-0000-0000-000000000002|100.00|EUR\n"
    expected = "0f3cc5d26b07f60739926265d73354897746a6789759cae73892655e93011ef5"
    assert book.checksum(entries) == book.checksum(list(reversed(entries))) == expected


@given(
    st.dates(date(2024, 1, 1), date(2035, 12, 31)), st.sampled_from(SEEDED_LOTS), st.sampled_from(list(ShiftStrategy))
)
def test_a_guarded_lot_never_leaves_its_window(day: date, chosen: Any, strategy: ShiftStrategy) -> None:
    found = plan(f"{day:%Y-%m}", setting(**lot(chosen.code, shift_strategy=strategy)))
    assert EligibleDays(FRANCE).is_eligible(found.planned)
    assert (found.planned.year, found.planned.month) == (day.year, day.month)
    assert chosen.start_day <= found.planned.day <= chosen.end_day


@given(st.dates(date(2024, 1, 1), date(2034, 12, 31)), st.times(), st.booleans())
def test_what_is_planned_with_feasibility_is_in_time(day: date, at: time, prenotified: bool) -> None:
    as_of = datetime.combine(day, at, UTC)
    wanted, chosen = Need(as_of.date().replace(day=1), prenotified), setting(**lot("L2"))
    found = planning.plan(wanted, chosen, as_of)
    assert planning.is_feasible(found.planned, wanted, chosen, as_of)
    assert found.planned >= found.target or found.reason == "late"


def test_target_days_skip_easter() -> None:
    assert target_days_from(date(2026, 4, 2), 1) == date(2026, 4, 7)


@pytest.mark.parametrize(
    ("target", "strategy", "expected"),
    [
        (date(2026, 2, 28), FOLLOWING, date(2026, 2, 27)),
        (date(2026, 3, 14), FOLLOWING, date(2026, 3, 16)),
        (date(2026, 3, 1), PRECEDING, date(2026, 3, 2)),
        (date(2026, 3, 14), PRECEDING, date(2026, 3, 13)),
    ],
)
def test_case_13_modified_strategies_stay_in_the_month(target: date, strategy: ShiftStrategy, expected: date) -> None:
    assert planning.shifted(target, EligibleDays(FRANCE), strategy) == expected
