from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from messages.values.business_days import (
    TARGET,
    UnknownHolidayZone,
    add_business_days,
    business_day_on_or_after,
    holiday_names,
    holidays_of,
    is_business_day,
    next_business_day,
    previous_business_day,
)

days = st.dates(min_value=date(2008, 1, 1), max_value=date(2060, 12, 31))
zones = st.sampled_from(["FR", "FR-57", "FR-6AE", "FR-974", TARGET])


def easter_sunday(year: int) -> date:
    """The anonymous Gregorian computus, an independent witness for the library."""
    a, (b, c) = year % 19, divmod(year, 100)
    (d, e), f = divmod(b, 4), (b + 8) // 25
    g = (b - f + 1) // 3
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    m = (32 + 2 * e + 2 * i - h - k) % 7
    month, day = divmod(h + m - 7 * ((a + 11 * h + 22 * m) // 451) + 114, 31)
    return date(year, month, day + 1)


@pytest.mark.parametrize("year", range(2002, 2061))
def test_target_closes_on_six_days_a_year(year: int) -> None:
    easter = easter_sunday(year)
    assert holidays_of(TARGET, year) == {
        date(year, 1, 1), easter - timedelta(days=2), easter + timedelta(days=1),
        date(year, 5, 1), date(year, 12, 25), date(year, 12, 26),
    }  # fmt: skip


@pytest.mark.parametrize("year", range(2008, 2061))
def test_france_closes_on_eleven_days_and_alsace_moselle_on_two_more(year: int) -> None:
    easter = easter_sunday(year)
    fixed = {(1, 1), (5, 1), (5, 8), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25)}
    france = {date(year, *day) for day in fixed} | {easter + timedelta(days=days) for days in (1, 39, 50)}
    local = {easter - timedelta(days=2), date(year, 12, 26)}
    assert holidays_of("FR", year) == france
    assert holidays_of("FR-57", year) == holidays_of("FR-6AE", year) == france | local


@pytest.mark.parametrize(
    ("year", "easter", "open_days"),
    [
        (2024, date(2024, 3, 31), 256),
        (2025, date(2025, 4, 20), 255),
        (2026, date(2026, 4, 5), 256),
        (2027, date(2027, 3, 28), 258),
        (2028, date(2028, 4, 16), 255),
        (2029, date(2029, 4, 1), 255),
        (2030, date(2030, 4, 21), 255),
    ],
)
def test_the_number_of_target_days_of_a_year(year: int, easter: date, open_days: int) -> None:
    assert easter_sunday(year) == easter
    all_days = [date(year, 1, 1) + timedelta(days=number) for number in range(366)]
    assert sum(is_business_day(day, TARGET) for day in all_days if day.year == year) == open_days


def test_no_sepa_money_moves_on_good_friday_and_boxing_day() -> None:
    for day in (date(2026, 4, 3), date(2028, 12, 26)):
        assert not is_business_day(day, TARGET)
        assert is_business_day(day, "FR")
        assert not is_business_day(day, "FR-57")


def test_the_names_are_french_in_france_whatever_the_locale(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGUAGE", "th")
    holiday_names.cache_clear()
    names = holiday_names("FR", 2026)
    assert names[date(2026, 1, 1)] == "Jour de l'an"
    assert names[date(2026, 5, 1)] == "Fête du Travail"
    assert names[date(2026, 7, 14)] == "Fête nationale"
    assert holiday_names(TARGET, 2026)[date(2026, 4, 3)] == "Good Friday"
    assert is_business_day(date(2026, 7, 14), TARGET)


def test_next_and_previous_never_stay() -> None:
    saturday, monday = date(2026, 1, 3), date(2026, 1, 5)
    assert (next_business_day(saturday), previous_business_day(saturday)) == (monday, date(2026, 1, 2))
    assert (next_business_day(monday), previous_business_day(monday)) == (date(2026, 1, 6), date(2026, 1, 2))
    assert next_business_day(date(2026, 8, 15)) == date(2026, 8, 17)


@pytest.mark.parametrize(
    ("settlement", "submission"),
    [
        (date(2026, 4, 7), date(2026, 4, 1)),
        (date(2026, 5, 11), date(2026, 5, 7)),
        (date(2026, 1, 5), date(2025, 12, 31)),
        (date(2026, 12, 28), date(2026, 12, 23)),
        (date(2027, 1, 4), date(2026, 12, 30)),
    ],
)
def test_a_debit_is_submitted_two_target_days_before(settlement: date, submission: date) -> None:
    assert add_business_days(settlement, -2, TARGET) == submission


def test_a_core_debit_may_be_returned_for_five_target_days() -> None:
    assert add_business_days(date(2026, 4, 7), 5, TARGET) == date(2026, 4, 14)
    assert add_business_days(date(2026, 4, 7), 3, TARGET) == date(2026, 4, 10)


@pytest.mark.parametrize(
    ("deadline", "moved"),
    [
        (date(2026, 2, 28), date(2026, 3, 2)),
        (date(2026, 4, 5), date(2026, 4, 7)),
        (date(2026, 5, 1), date(2026, 5, 4)),
        (date(2026, 9, 30), date(2026, 9, 30)),
    ],
)
def test_a_legal_deadline_moves_to_the_next_working_day(deadline: date, moved: date) -> None:
    assert business_day_on_or_after(deadline) == moved


@pytest.mark.parametrize("zone", ["", "FR-99", "XZ", "FR-Zone A", "France", "target"])
def test_an_unknown_zone_is_an_error_and_never_the_country(zone: str) -> None:
    with pytest.raises(UnknownHolidayZone, match="give TARGET, FR"):
        holidays_of(zone, 2026)


@given(days, st.integers(1, 40), zones)
@settings(max_examples=200)
def test_going_forth_and_back_returns_to_a_business_day(day: date, count: int, zone: str) -> None:
    start = business_day_on_or_after(day, zone)
    later = add_business_days(start, count, zone)
    assert is_business_day(later, zone)
    assert add_business_days(later, -count, zone) == start
    between = (start + timedelta(days=number) for number in range(1, (later - start).days + 1))
    assert sum(is_business_day(each, zone) for each in between) == count


@given(days, zones)
def test_zero_business_days_give_the_day_itself(day: date, zone: str) -> None:
    assert add_business_days(day, 0, zone) == day
