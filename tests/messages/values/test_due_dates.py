from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messages.values.due_dates import (
    PeriodUnit,
    TermBasis,
    add_months,
    billing_period,
    due_date,
    end_of_month,
    late_from,
    term_exceeds_legal_cap,
    whole_months,
)
from tests.messages.values.validation import text_of_refusal

days = st.dates(min_value=date(2000, 1, 1), max_value=date(2100, 12, 31))


@pytest.mark.parametrize(
    ("invoice_date", "term_days", "basis", "day_of_month", "due"),
    [
        (date(2026, 1, 31), 30, TermBasis.NET, None, date(2026, 3, 2)),
        (date(2024, 1, 31), 30, TermBasis.NET, None, date(2024, 3, 1)),
        (date(2026, 1, 15), 45, TermBasis.NET_THEN_EOM, None, date(2026, 3, 31)),
        (date(2026, 1, 15), 45, TermBasis.EOM_THEN_NET, None, date(2026, 3, 17)),
        (date(2026, 11, 20), 45, TermBasis.NET_THEN_EOM, None, date(2027, 1, 31)),
        (date(2026, 11, 20), 45, TermBasis.EOM_THEN_NET, None, date(2027, 1, 14)),
        (date(2026, 1, 25), 10, TermBasis.NEXT_DAY_OF_MONTH, 10, date(2026, 2, 10)),
        (date(2026, 2, 1), 30, TermBasis.NEXT_DAY_OF_MONTH, 31, date(2026, 3, 31)),
        (date(2026, 2, 1), 0, TermBasis.NEXT_DAY_OF_MONTH, 31, date(2026, 2, 28)),
        (date(2026, 12, 31), 0, TermBasis.NEXT_DAY_OF_MONTH, 10, date(2027, 1, 10)),
        (date(2026, 3, 2), 0, "NET", None, date(2026, 3, 2)),
    ],
)
def test_due_dates(
    invoice_date: date, term_days: int, basis: TermBasis | str, day_of_month: int | None, due: date
) -> None:
    assert due_date(invoice_date, term_days, basis, day_of_month) == due


def test_an_incomplete_term_is_refused_with_the_cure() -> None:
    day = date(2026, 1, 1)
    assert "between 1 and 31" in text_of_refusal(due_date, day, 30, TermBasis.NEXT_DAY_OF_MONTH)
    assert "between 0 and 365" in text_of_refusal(due_date, day, 366, TermBasis.NET)
    assert "END" in text_of_refusal(due_date, day, 30, "END")


def test_terms_between_businesses_have_a_legal_cap() -> None:
    assert not term_exceeds_legal_cap(60, TermBasis.NET)
    assert term_exceeds_legal_cap(75, TermBasis.NET)
    assert not term_exceeds_legal_cap(45, TermBasis.NET_THEN_EOM)
    assert term_exceeds_legal_cap(46, TermBasis.EOM_THEN_NET)


@given(days, st.integers(0, 365), st.integers(1, 31))
def test_the_next_day_of_month_is_the_first_that_fits(invoice_date: date, term_days: int, day_of_month: int) -> None:
    due = due_date(invoice_date, term_days, TermBasis.NEXT_DAY_OF_MONTH, day_of_month)
    earliest = invoice_date + timedelta(days=term_days)
    assert due.day == min(day_of_month, end_of_month(due).day)
    waiting = (earliest + timedelta(days=number) for number in range((due - earliest).days))
    assert due >= earliest
    assert all(day.day != min(day_of_month, end_of_month(day).day) for day in waiting)


def test_monthly_periods_anchored_on_the_31st_do_not_drift() -> None:
    assert [billing_period(date(2026, 1, 31), PeriodUnit.MONTH, 1, index) for index in range(4)] == [
        (date(2026, 1, 31), date(2026, 2, 27)),
        (date(2026, 2, 28), date(2026, 3, 30)),
        (date(2026, 3, 31), date(2026, 4, 29)),
        (date(2026, 4, 30), date(2026, 5, 30)),
    ]


def test_yearly_periods_anchored_on_the_29th_of_february_return_to_it() -> None:
    periods = [billing_period(date(2024, 2, 29), "YEAR", 1, index) for index in range(5)]
    assert periods[0] == (date(2024, 2, 29), date(2025, 2, 27))
    assert periods[1] == (date(2025, 2, 28), date(2026, 2, 27))
    assert periods[3] == (date(2027, 2, 28), date(2028, 2, 28))
    assert periods[4] == (date(2028, 2, 29), date(2029, 2, 27))


def test_weeks_days_and_quarters() -> None:
    assert billing_period(date(2026, 3, 2), PeriodUnit.WEEK, 2, 1) == (date(2026, 3, 16), date(2026, 3, 29))
    assert billing_period(date(2026, 3, 2), PeriodUnit.DAY, 10, 3) == (date(2026, 4, 1), date(2026, 4, 10))
    assert billing_period(date(2026, 1, 31), PeriodUnit.MONTH, 3, 1) == (date(2026, 4, 30), date(2026, 7, 30))


def test_a_one_off_has_one_period_of_one_day() -> None:
    assert billing_period(date(2026, 3, 2), PeriodUnit.ONE_OFF, 1, 0) == (date(2026, 3, 2), date(2026, 3, 2))
    assert "period 0 only" in text_of_refusal(billing_period, date(2026, 3, 2), PeriodUnit.ONE_OFF, 1, 1)


def test_a_period_needs_a_count_and_an_index() -> None:
    assert "count >= 1" in text_of_refusal(billing_period, date(2026, 3, 2), PeriodUnit.MONTH, 0, 0)
    assert "index >= 0" in text_of_refusal(billing_period, date(2026, 3, 2), PeriodUnit.MONTH, 1, -1)


@given(
    days, st.sampled_from([unit for unit in PeriodUnit if unit != "ONE_OFF"]), st.integers(1, 24), st.integers(0, 60)
)
def test_periods_tile_without_hole_or_overlap(anchor: date, unit: PeriodUnit, count: int, index: int) -> None:
    first, second = (billing_period(anchor, unit, count, number) for number in (index, index + 1))
    assert first[0] <= first[1]
    assert first[1] + timedelta(days=1) == second[0]
    assert billing_period(anchor, unit, count, 0)[0] == anchor


@given(days, st.integers(-600, 600))
def test_adding_months_keeps_the_day_or_ends_the_month(day: date, months: int) -> None:
    moved = add_months(day, months)
    assert (moved.year * 12 + moved.month) - (day.year * 12 + day.month) == months
    assert moved.day == min(day.day, end_of_month(moved).day)


def test_months_are_clamped_to_the_end_of_the_month() -> None:
    assert add_months(date(2026, 1, 31), 1) == date(2026, 2, 28)
    assert add_months(date(2024, 2, 29), 36) == date(2027, 2, 28)
    assert add_months(date(2026, 4, 7), 13) == date(2027, 5, 7)
    assert add_months(date(2026, 1, 15), -1) == date(2025, 12, 15)


@given(days, days)
def test_whole_months_is_the_greatest_number_that_fits(start: date, end: date) -> None:
    months = whole_months(start, end)
    if end < start:
        assert months == 0
    else:
        assert add_months(start, months) <= end < add_months(start, months + 1)


@pytest.mark.parametrize(
    ("due_on", "debit_on", "first"),
    [
        (None, None, None),
        (date(2026, 3, 17), None, date(2026, 3, 18)),
        (date(2026, 3, 17), date(2026, 3, 17), date(2026, 3, 18)),
        (date(2026, 3, 17), date(2026, 4, 7), date(2026, 4, 13)),
    ],
)
def test_an_open_invoice_is_late_after_its_due_date_or_a_later_debit(
    due_on: date | None, debit_on: date | None, first: date | None
) -> None:
    assert late_from(due_on, debit_on) == first
