"""Billing periods, prorations, fees and totals, with the numbers of the acceptance cases."""

import itertools
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.contrats.rules.amounts import amounts_of, net_of, vat_of
from actors.contrats.rules.billing_periods import cut, part_of, periods, plan, term_value, unused_part
from actors.contrats.rules.corrections import days_price
from actors.contrats.rules.draft_terms import last_day_of_term
from actors.contrats.rules.termination import ending_of, months_in_force, remaining
from messages.contrats import TerminationReason
from messages.values.due_dates import add_months

NIL = UUID(int=0)


def line(net: str, period: str = "MONTHLY", **changes: Any) -> dict[str, Any]:
    fields = {
        "id": NIL, "product_id": NIL, "description": "Forfait", "kind": "RECURRING", "billing_period": period,
        "quantity": Decimal(1), "unit_price_net": Decimal(net), "discount_pct": None,
        "discount_amount": None, "discount_periods": None, "net": Decimal(net),
        "vat_rate": Decimal("20.00"), "vat_category": "S", "valid_from": date(2000, 1, 1), "valid_to": None,
    }  # fmt: skip
    return fields | changes


def agreement(starts_on: date, **changes: Any) -> dict[str, Any]:
    fields = {
        "id": NIL, "organisation_id": NIL, "starts_on": starts_on, "ends_on": None, "billing_anchor": "ANNIVERSARY",
        "billing_mode": "ADVANCE", "invoice_lead_days": 15, "gates_met_on": None, "payment_method": "SEPA_DIRECT_DEBIT",
        "payment_terms_days": 30, "payment_terms_basis": None, "payment_terms_day": None,
        "proration_method": "ACTUAL_DAYS", "currency": "EUR", "version_no": 1,
        "legal_regime": "CONSUMER_TELECOM", "notice_value": 10, "notice_unit": "DAYS", "renewal_count": 0,
        "early_termination_policy": "AT_TERM_ONLY", "early_termination_fee_rate": Decimal(1), "subsidised_device": False,
        "commitment_ends_on": None, "term_kind": "FIXED", "renewal_term_months": 12,
        "renewal_info_missed": False, "exit_right_until": None,
    }  # fmt: skip
    return fields | changes


def ending(
    contract: dict[str, Any], lines: list[dict[str, Any]], received_on: date, requested: date | None = None
) -> Any:
    reason = TerminationReason.CLIENT_REQUEST
    return ending_of(contract, lines, received_on=received_on, requested=requested, reason=reason, legitimate=False)


def test_monthly_periods_follow_the_original_anchor_case_9() -> None:
    found = periods(date(2026, 1, 31), "ANNIVERSARY", "MONTHLY", date(2026, 5, 31), None)
    starts = [period.start for period in found]
    assert starts == [date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 31), date(2026, 4, 30), date(2026, 5, 31)]


@pytest.mark.parametrize(
    ("starts_on", "used", "total", "amount"),
    [(date(2026, 1, 15), 17, 31, "16.40"), (date(2026, 2, 10), 19, 28, "20.29")],
)
def test_a_calendar_contract_begins_with_a_broken_period_case_11(
    starts_on: date, used: int, total: int, amount: str
) -> None:
    first = next(periods(starts_on, "CALENDAR", "MONTHLY", starts_on, None))
    assert (first.used, first.total) == (used, total)
    assert part_of(Decimal("29.90"), first.used, first.total, "ACTUAL_DAYS") == Decimal(amount)
    assert part_of(Decimal("29.90"), first.used, first.total, "NONE") == Decimal("29.90")


@pytest.mark.parametrize(
    ("anchor", "frequency", "starts"),
    [
        (date(2024, 2, 29), "ANNUAL", [date(2025, 2, 28), date(2026, 2, 28), date(2027, 2, 28), date(2028, 2, 29)]),
        (
            date(2025, 11, 30),
            "QUARTERLY",
            [date(2026, 2, 28), date(2026, 5, 30), date(2026, 8, 30), date(2026, 11, 30)],
        ),
    ],
)
def test_case_10_long_periods_keep_the_last_day_of_their_month(
    anchor: date, frequency: str, starts: list[date]
) -> None:
    found = list(periods(anchor, "ANNIVERSARY", frequency, starts[-1], None))
    assert [period.start for period in found] == [anchor, *starts]


@pytest.mark.parametrize(
    ("starts_on", "days", "amount"), [(date(2026, 1, 15), 16, "15.95"), (date(2026, 2, 10), 21, "20.93")]
)
def test_case_11_a_broken_month_of_thirty_days(starts_on: date, days: int, amount: str) -> None:
    contract = agreement(starts_on, billing_anchor="CALENDAR", proration_method="THIRTY_360")
    first = plan(contract, [line("29.90")], starts_on, None)[0]
    assert first["lines"][0]["proration"] == {"used": days, "total": 30}
    assert first["net_total"] == Decimal(amount)


def test_case_12_a_year_of_the_calendar_is_cut_by_days() -> None:
    contract = agreement(date(2028, 3, 1), billing_anchor="CALENDAR")
    first = plan(contract, [line("120.00", "ANNUAL")], date(2028, 3, 1), None)[0]
    assert (first["lines"][0]["proration"], first["net_total"]) == ({"used": 306, "total": 366}, Decimal("100.33"))


def test_a_quarter_of_the_calendar_is_cut_by_days_case_12() -> None:
    first = next(periods(date(2026, 2, 10), "CALENDAR", "QUARTERLY", date(2026, 2, 10), None))
    assert (first.used, first.total) == (50, 90)
    assert part_of(Decimal("90.00"), first.used, first.total, "ACTUAL_DAYS") == Decimal("50.00")


def test_the_parts_of_a_period_add_up_case_14() -> None:
    assert cut(Decimal("100.00"), [1, 1, 29]) == [Decimal("3.23"), Decimal("3.23"), Decimal("93.54")]
    assert sum(cut(Decimal("29.90"), [1, 1, 29])) == Decimal("29.90")


@given(st.decimals(0, 10000, places=2), st.lists(st.integers(1, 60), min_size=1, max_size=8))
def test_no_cent_is_lost_however_a_period_is_cut(net: Decimal, days: list[int]) -> None:
    assert sum(cut(net, days)) == net


def test_recurring_revenue_is_rounded_line_by_line_case_16() -> None:
    lines = [line("59.80"), line("100.00", "ANNUAL"), line("49.99", "QUARTERLY")]
    amounts = amounts_of(lines, "MONTHLY")
    assert (amounts["mrr"], amounts["arr"]) == (Decimal("84.79"), Decimal("1017.56"))
    assert (amounts["recurring_net"], amounts["recurring_gross"]) == (Decimal("59.80"), Decimal("71.76"))


def test_a_line_nets_its_discount_and_never_goes_below_zero() -> None:
    assert net_of(Decimal(2), Decimal("29.90"), Decimal("10.00"), None) == Decimal("53.82")
    assert net_of(Decimal(1), Decimal("5.00"), None, Decimal("9.00")) == Decimal("0.00")


def test_vat_is_computed_once_per_rate() -> None:
    rate = Decimal("20.00")
    assert vat_of([("S", rate, Decimal("20.25")), ("S", rate, Decimal("-27.03"))]) == Decimal("-1.36")


@pytest.mark.parametrize(
    ("gates_met_on", "first"), [(date(2026, 2, 4), date(2026, 2, 14)), (date(2026, 2, 20), date(2026, 2, 20))]
)
def test_bills_leave_ahead_but_not_before_the_gates_are_open_case_28(gates_met_on: date, first: date) -> None:
    contract = agreement(date(2026, 3, 1), gates_met_on=gates_met_on)
    rows = plan(contract, [line("29.90")], date(2026, 6, 1), None)
    assert [row["bill_on"] for row in rows] == [first, date(2026, 3, 17), date(2026, 4, 16), date(2026, 5, 17)]
    assert [row["gross_total"] for row in rows] == [Decimal("35.88")] * 4


def test_what_is_billed_once_goes_out_with_the_first_period() -> None:
    lines = [line("29.90"), line("49.00", "ONE_OFF", kind="ONE_OFF")]
    rows = plan(agreement(date(2026, 3, 1)), lines, date(2026, 4, 30), None)
    assert [(row["frequency"], row["bill_on"]) for row in rows][::2] == [
        ("MONTHLY", date(2026, 2, 14)),
        ("ONE_OFF", date(2026, 2, 14)),
    ]
    contract = agreement(date(2026, 3, 1), ends_on=date(2027, 2, 28))
    assert term_value(contract, lines) == Decimal("407.80")


@given(st.dates(date(2024, 1, 1), date(2028, 12, 31)), st.integers(1, 36), st.sampled_from(["ANNIVERSARY", "CALENDAR"]))
def test_periods_cover_every_day_of_a_term_once(starts_on: date, months: int, anchor: str) -> None:
    ends_on = last_day_of_term(starts_on, months)
    found = list(periods(starts_on, anchor, "MONTHLY", ends_on, ends_on))
    assert (found[0].start, found[-1].end) == (starts_on, ends_on)
    assert sum(period.used for period in found) == (ends_on - starts_on).days + 1
    assert all(left.end < right.start for left, right in itertools.pairwise(found))


@pytest.mark.parametrize(
    ("ends_on", "subsidised", "fee"),
    [
        (date(2026, 3, 14), True, "49.98"),  # case 20
        (date(2026, 3, 14), False, "0.00"),
        (date(2025, 9, 14), True, "159.94"),  # case 21
        (date(2025, 9, 14), False, "99.96"),
        (date(2026, 3, 20), True, "49.01"),  # case 22
    ],
)
def test_a_telecom_consumer_pays_what_the_law_allows(ends_on: date, subsidised: bool, fee: str) -> None:
    starts_on = date(2025, 1, 15)
    contract = agreement(starts_on, commitment_ends_on=last_day_of_term(starts_on, 24), subsidised_device=subsidised)
    found = ending(contract, [line("24.99")], date(2025, 6, 1), ends_on)
    assert (found.ends_on, found.fee) == (ends_on, Decimal(fee))


def test_a_telecom_notice_is_ten_days_at_most_case_23() -> None:
    contract = agreement(date(2024, 1, 1), notice_value=30)
    assert ending(contract, [line("24.99")], date(2026, 3, 5)).ends_on == date(2026, 3, 15)


@pytest.mark.parametrize(("rate", "fee"), [("1", "3500.00"), ("0.5", "1750.00")])
def test_a_business_pays_its_rate_of_the_quarters_left_case_24(rate: str, fee: str) -> None:
    starts_on = date(2025, 3, 1)
    contract = agreement(
        starts_on, legal_regime="BUSINESS", early_termination_policy="FEE_RATE", notice_value=30,
        early_termination_fee_rate=Decimal(rate), commitment_ends_on=last_day_of_term(starts_on, 36),
    )  # fmt: skip
    assert contract["commitment_ends_on"] == date(2028, 2, 29)
    found = ending(contract, [line("500.00", "QUARTERLY")], date(2026, 4, 1), date(2026, 5, 31))
    assert (found.ends_on, found.fee) == (date(2026, 5, 31), Decimal(fee))


@pytest.mark.parametrize("regime", ["CONSUMER_STANDARD", "BUSINESS"])
def test_an_unpaid_contract_waits_for_no_notice_and_no_term(regime: str) -> None:
    contract = agreement(date(2026, 1, 1), legal_regime=regime, ends_on=date(2026, 12, 31), notice_value=60)
    committed = contract | {"commitment_ends_on": date(2026, 12, 31)}
    day, reason = date(2026, 4, 25), TerminationReason.NON_PAYMENT
    for agreed in (contract, committed):
        found = ending_of(
            agreed,
            [line("10.00")],
            received_on=day,
            requested=None,
            reason=reason,
            legitimate=False,
            without_notice=True,
        )
        assert (found.notice_ends_on, found.ends_on, found.fee) == (day, day, Decimal("0.00"))


def test_days_not_served_are_given_back_case_27() -> None:
    billed = {"net": {"amount": "29.90"}, "recurring": True}
    march, april = (date(2026, 3, 1), date(2026, 3, 31)), (date(2026, 4, 1), date(2026, 4, 30))
    credit = unused_part(billed, *march, date(2026, 3, 16), date(2036, 1, 1))
    assert (credit, vat_of([("S", Decimal(20), credit)])) == (Decimal("15.43"), Decimal("3.09"))
    assert unused_part(billed, *april, date(2026, 4, 10), date(2026, 4, 19)) == Decimal("9.97")


def test_a_withdrawing_client_owes_the_days_served_case_8() -> None:
    assert days_price(Decimal("29.90"), date(2026, 3, 2), date(2026, 3, 9), 31) == Decimal("7.72")


@pytest.mark.parametrize(
    ("starts_on", "ends_on", "months"),
    [
        (date(2026, 1, 15), date(2026, 4, 14), 3),
        (date(2026, 1, 15), date(2026, 4, 13), 2),
        (date(2026, 1, 31), date(2026, 2, 27), 1),
        (date(2026, 1, 31), date(2026, 2, 26), 0),
    ],
)
def test_months_in_force_are_whole_months_case_29(starts_on: date, ends_on: date, months: int) -> None:
    assert months_in_force(starts_on, ends_on) == months


@given(st.dates(date(2024, 1, 1), date(2026, 12, 31)), st.integers(1, 24), st.integers(0, 700))
def test_what_is_left_of_a_commitment_falls_with_every_day(starts_on: date, months: int, days: int) -> None:
    contract, lines = agreement(starts_on), [line("24.99")]
    last = add_months(starts_on, months)
    first = date.fromordinal(starts_on.toordinal() + days)
    left = remaining(contract, lines, first, last)
    assert remaining(contract, lines, date.fromordinal(first.toordinal() + 1), last) <= left
    assert left <= Decimal("24.99") * (months + 1)
