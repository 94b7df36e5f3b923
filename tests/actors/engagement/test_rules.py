"""engagement: the pure rules of periods, figures, delivery and templates."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.engagement.rules import delivery, figures, periods
from actors.engagement.templates import english, french, render
from actors.engagement.templates.rendering import _COMMON, _names
from messages.engagement import (
    BounceType,
    Comparison,
    Days,
    EmailCategory,
    EmailStatus,
    KpiPeriod,
    RecipientStatus,
    SuppressionReason,
    Trend,
)
from messages.problem import Refused
from messages.values.instants import local_date


def test_case_2_revenue_is_rounded_per_line_and_arr_is_not_twelve_times_mrr() -> None:
    lines = [
        ("49.90", "MONTHLY"),
        ("19.80", "MONTHLY"),
        ("150.00", "QUARTERLY"),
        ("1080.00", "ANNUAL"),
        ("12.00", "WEEKLY"),
        *[("100.00", "ANNUAL")] * 3,
        ("500.00", "ONE_OFF"),
    ]
    monthly = [figures.monthly_revenue(Decimal(net), recurrence) for net, recurrence in lines]
    yearly = [figures.yearly_revenue(Decimal(net), recurrence) for net, recurrence in lines]
    assert [str(amount) for amount in monthly] == [
        "49.90", "19.80", "50.00", "90.00", "52.00", "8.33", "8.33", "8.33", "0.00",
    ]  # fmt: skip
    assert (sum(monthly), sum(yearly)) == (Decimal("286.69"), Decimal("3440.40"))


def test_cases_4_and_5_rates() -> None:
    assert figures.percentage(9, 200) == Decimal("4.50")
    assert figures.percentage(Decimal("420.50"), Decimal("4800.00")) == Decimal("8.76")
    assert figures.percentage(3, 40) == Decimal("7.50")
    assert figures.percentage(1, 0) is None


def test_case_7_the_month_begins_at_midnight_in_paris() -> None:
    today = local_date(datetime(2026, 3, 31, 22, 30, tzinfo=UTC))
    days = periods.days_of(KpiPeriod.CURRENT_MONTH, today)
    assert days == Days(first=date(2026, 4, 1), last=date(2026, 4, 1))
    previous = periods.compared_with(KpiPeriod.CURRENT_MONTH, days, Comparison.PREVIOUS)
    assert previous == Days(first=date(2026, 3, 1), last=date(2026, 3, 1))


@pytest.mark.parametrize(
    ("period", "today", "first", "last", "previous_first", "previous_last"),
    [
        ("CURRENT_MONTH", "2026-03-31", "2026-03-01", "2026-03-31", "2026-02-01", "2026-02-28"),
        ("CURRENT_QUARTER", "2026-05-20", "2026-04-01", "2026-05-20", "2026-01-01", "2026-02-19"),
        ("CURRENT_YEAR", "2028-02-29", "2028-01-01", "2028-02-29", "2027-01-01", "2027-02-28"),
        ("LAST_MONTH", "2026-01-15", "2025-12-01", "2025-12-31", "2025-11-01", "2025-11-30"),
        ("LAST_QUARTER", "2026-02-10", "2025-10-01", "2025-12-31", "2025-07-01", "2025-09-30"),
        ("ROLLING_12", "2026-03-10", "2025-03-01", "2026-02-28", "2024-03-01", "2025-02-28"),
    ],
)
def test_case_8_periods(
    period: str, today: str, first: str, last: str, previous_first: str, previous_last: str
) -> None:
    days = periods.days_of(KpiPeriod(period), date.fromisoformat(today))
    assert days == Days(first=date.fromisoformat(first), last=date.fromisoformat(last))
    previous = periods.compared_with(KpiPeriod(period), days, Comparison.PREVIOUS)
    assert previous == Days(first=date.fromisoformat(previous_first), last=date.fromisoformat(previous_last))


@given(st.sampled_from(list(KpiPeriod)), st.dates(date(2000, 1, 1), date(2090, 12, 31)))
def test_the_compared_period_lies_before(period: KpiPeriod, today: date) -> None:
    custom = Days(first=today - timedelta(days=40), last=today)
    days = periods.days_of(period, today, custom)
    previous = periods.compared_with(period, days, Comparison.PREVIOUS)
    assert previous is not None
    assert previous.first <= previous.last < days.first <= days.last <= today


def test_case_13_variations_are_signed() -> None:
    assert figures.variation(150, 200) == (Decimal("-25.00"), Trend.DOWN)
    assert figures.variation(5, 0) == (None, Trend.UP)
    assert figures.variation(0, 0) == (None, Trend.FLAT)


@pytest.mark.parametrize(
    ("code", "text", "status", "bounce"),
    [
        (250, "2.0.0 ok", RecipientStatus.SENT, None),
        (421, "4.3.2 going down", RecipientStatus.DEFERRED, None),
        (451, "come back", RecipientStatus.DEFERRED, None),
        (550, "5.1.1 whatever", RecipientStatus.BOUNCED, BounceType.HARD),
        (550, "No such user", RecipientStatus.BOUNCED, BounceType.HARD),
        (552, "5.2.2 full", RecipientStatus.BOUNCED, BounceType.SOFT),
        (550, "5.7.1 unknown sender policy", RecipientStatus.BOUNCED, BounceType.POLICY),
        (552, "5.3.4 too big", RecipientStatus.FAILED, None),
        (554, "5.6.0 bad content", RecipientStatus.FAILED, None),
    ],
)
def test_answers_mean(code: int, text: str, status: RecipientStatus, bounce: BounceType | None) -> None:
    assert delivery.meaning_of(code, text) == delivery.Answer(status, bounce)


def test_a_hard_bounce_blocks_everything_a_full_mailbox_lets_legal_mail_through() -> None:
    assert all(delivery.is_blocked(SuppressionReason.HARD_BOUNCE, category) for category in EmailCategory)
    blocked = [c for c in EmailCategory if delivery.is_blocked(SuppressionReason.SOFT_BOUNCE_LIMIT, c)]
    assert EmailCategory.LEGAL not in blocked and len(blocked) == len(EmailCategory) - 1


@given(st.lists(st.sampled_from(list(RecipientStatus)), min_size=1))
def test_a_mail_is_sent_only_when_everybody_got_it(recipients: list[RecipientStatus]) -> None:
    status = delivery.status_of(recipients)
    assert (status is EmailStatus.SENT) == (set(recipients) == {RecipientStatus.SENT})
    if RecipientStatus.DEFERRED in recipients:
        assert status is EmailStatus.QUEUED


def test_every_template_exists_in_both_languages_with_the_same_variables() -> None:
    assert french.TEMPLATES.keys() == english.TEMPLATES.keys()
    for key, template in french.TEMPLATES.items():
        assert _names(template) - _COMMON == _names(english.TEMPLATES[key]) - _COMMON, key
        assert template.category == english.TEMPLATES[key].category


def test_an_unknown_language_falls_back_to_french_and_an_unknown_template_is_refused() -> None:
    assert render("client.welcome", "de", {"client_name": "X"}, company_name="DUP").subject == "Bienvenue chez DUP"
    with pytest.raises(Refused):
        render("no.such", "fr", {}, company_name="DUP")
