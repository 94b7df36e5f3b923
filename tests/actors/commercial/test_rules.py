"""The golden vectors of commercial.md section 9 that are pure arithmetic, and what must hold for any numbers."""

from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import pairwise
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.commercial.rules import amounts
from actors.commercial.rules.periods import (
    add_months,
    full_months,
    month_index,
    next_period,
    period_of,
    previous_period,
)
from actors.commercial.rules.plan_choice import Candidate, choose_plan
from actors.commercial.rules.recovery import termination_share, to_give_back, to_take_back, unpaid_share, window_of
from actors.commercial.rules.settlement import settle
from actors.commercial.rules.statement_content import content_sha256, csv_of
from messages.commercial import ClawbackTerms, PlanTerms
from messages.problem import Refused
from messages.values.instants import local_date
from messages.values.money import round_cents

D = Decimal
CENTS = st.decimals(min_value=0, max_value=10_000, places=2)


def terms(**changes: object) -> PlanTerms:
    return PlanTerms.model_validate({"calculation": {"type": "PERCENTAGE", "rate_percent": "10"}} | changes)


def clawback_terms(**changes: object) -> ClawbackTerms:
    return ClawbackTerms.model_validate(changes)


@pytest.mark.parametrize(
    ("base", "rate", "earned"),
    [
        ("41.50", "3", "1.25"),
        ("62.35", "3", "1.87"),
        ("118.90", "3", "3.57"),
        ("1000.01", "3", "30.00"),
        ("100.02", "33.33", "33.34"),
        ("40.20", "2.5", "1.01"),
    ],
)
def test_case_1_a_percentage_is_rounded_half_up_once(base: str, rate: str, earned: str) -> None:
    assert amounts.percentage(D(base), D(rate)).amount == D(earned)


@pytest.mark.parametrize(
    ("fixed", "rate", "base", "earned"), [("50.00", "5", "1000.00", "100.00"), ("15.00", "7.5", "49.90", "18.74")]
)
def test_case_2_mixed_is_fixed_plus_percentage(fixed: str, rate: str, base: str, earned: str) -> None:
    mixed = terms(calculation={"type": "MIXED", "fixed_amount": fixed, "rate_percent": rate})
    assert amounts.initial_commission(mixed, D(base)).amount == D(earned)


def bases_of(net: str, gross: str, *paid: str) -> list[Decimal]:
    reached = [D(0)]
    for amount in paid:
        reached.append(reached[-1] + D(amount))
    return [amounts.net_of_collection(D(net), D(gross), before, after) for before, after in pairwise(reached)]


def test_case_3_partial_payments_lose_no_cent() -> None:
    assert bases_of("49.90", "59.88", "30.00", "29.88") == [D("25.00"), D("24.90")]
    assert bases_of("49.90", "59.88", "20.00", "20.00", "19.88") == [D("16.67"), D("16.66"), D("16.57")]
    earned = [amounts.percentage(base, D(10)).amount for base in (D("25.00"), D("24.90"))]
    assert earned == [D("2.50"), D("2.49")]


def test_case_4_a_collection_is_shared_over_contract_lines() -> None:
    assert amounts.shared_over_lines(D("60.00"), [D("49.90"), D("20.10")]) == [D("42.77"), D("17.23")]


def test_case_15_an_upfront_commission_is_taken_back_pro_rata() -> None:
    upfront = terms(
        calculation={"type": "PERCENTAGE", "rate_percent": "25", "base_scope": "ANNUALISED"}, settlement="UPFRONT"
    )
    base = amounts.initial_base(
        upfront,
        line_net=D("62.35"),
        billing_period="MONTHLY",
        effective_on=date(2025, 1, 1),
        commitment_ends_on=None,
        collected_net=D(0),
    )
    earned = amounts.initial_commission(upfront, base)
    share = termination_share(clawback_terms(method="PRORATA", window_months=12), date(2025, 1, 1), date(2025, 6, 1))
    assert (earned.base, earned.amount) == (D("748.20"), D("187.05"))
    assert to_take_back(earned.amount, share, D(0)) == D("109.11")
    assert amounts.first_recurring_month(upfront) == 13


@pytest.mark.parametrize(
    ("ends_on", "pro_rata", "full"),
    [
        (date(2025, 4, 14), "200", "240"),
        (date(2025, 4, 15), "180", "240"),
        (date(2025, 7, 14), "140", "240"),
        (date(2025, 7, 15), "120", "240"),
        (date(2025, 10, 20), "60", "240"),
        (date(2026, 1, 14), "20", "240"),
        (date(2026, 1, 15), "0", "0"),
    ],
)
def test_case_16_termination_inside_the_window(ends_on: date, pro_rata: str, full: str) -> None:
    start = date(2025, 1, 15)
    by_month = termination_share(clawback_terms(method="PRORATA", window_months=12), start, ends_on)
    whole = termination_share(clawback_terms(method="FULL", window_months=12), start, ends_on)
    assert to_take_back(D("240.00"), by_month, D(0)) == D(pro_rata)
    assert to_take_back(D("240.00"), whole, D(0)) == D(full)


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        (date(2025, 1, 31), 3, date(2025, 4, 30)),
        (date(2024, 11, 30), 3, date(2025, 2, 28)),
        (date(2024, 8, 31), 6, date(2025, 2, 28)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
    ],
)
def test_case_17_windows_end_on_a_day_that_exists(start: date, months: int, end: date) -> None:
    window = window_of(clawback_terms(window_months=months), start)
    assert window.end == end
    assert window.holds(end.replace(day=end.day - 1))
    assert not window.holds(end)


def test_case_18_targets_are_cumulated() -> None:
    rule = clawback_terms(window_months=3)
    start = date(2025, 1, 10)
    unpaid = unpaid_share(rule, start=start, period_start=date(2025, 3, 10), due_on=date(2025, 3, 10))
    first = to_take_back(D("120.00"), unpaid, D(0))
    assert first == D("40.00")
    assert to_take_back(D("120.00"), termination_share(rule, start, date(2025, 4, 9)), first) == D("80.00")
    part = to_give_back(D("40.00"), D("15.00"), D("59.88"), D(0))
    assert part == D("10.02")
    assert to_give_back(D("40.00"), D("59.88"), D("59.88"), part) == D("29.98")


def test_case_21_clawbacks_beyond_the_gross_are_carried_over() -> None:
    first = settle(D(500), D(700), [])
    second = settle(D(150), D(0), [first.new_carry_over])
    third = settle(D(300), D(30), [first.new_carry_over - second.carry_over_applied])
    assert (first.net, first.new_carry_over) == (D(0), D(200))
    assert (second.net, second.debt_forward) == (D(0), D(50))
    assert (third.net, third.debt_forward) == (D(220), D(0))


def test_case_22_the_net_is_never_negative() -> None:
    found = settle(D(380), D(500), [])
    assert (found.net, found.new_carry_over) == (D(0), D(120))


def test_case_26_the_hash_is_that_of_the_canonical_content() -> None:
    content = {
        "statement_number": "BDR-2025-03-001",
        "period": "2025-03",
        "currency": "EUR",
        "gross": D("446.69"),
        "clawbacks": D("9.87"),
        "carry_over_applied": D("120.00"),
        "advances": D("100.00"),
        "net": D("216.82"),
        "comment": None,
    }
    assert content_sha256(content) == "41047dc9c254f1c48a36a43197867f5cc511fa164eb3351388c601739458873a"


@pytest.mark.parametrize(
    ("instant", "period"),
    [
        (datetime(2025, 3, 31, 22, 30, tzinfo=UTC), "2025-04"),
        (datetime(2025, 3, 31, 21, 59, tzinfo=UTC), "2025-03"),
        (datetime(2025, 1, 31, 23, 30, tzinfo=UTC), "2025-02"),
    ],
)
def test_case_28_a_period_is_a_local_month(instant: datetime, period: str) -> None:
    assert period_of(local_date(instant)) == period
    assert next_period("2025-12") == "2026-01"
    assert previous_period(date(2026, 1, 1)) == "2025-12"


def test_case_29_recurrence_lasts_its_months_and_stops_with_the_contract() -> None:
    effective = date(2024, 6, 15)
    months = [date(2024, 6, 1), date(2025, 5, 1), date(2025, 6, 1)]
    assert [month_index(effective, month) for month in months] == [1, 12, 13]

    def earns(due_on: date, **changes: object) -> bool:
        rule: dict[str, object] = {"first_month": 1, "duration_months": 12, "ended_on": None} | changes
        return amounts.earns_recurring(effective_on=effective, period_start=due_on, due_on=due_on, **rule)  # type: ignore[arg-type]

    assert [earns(month) for month in months] == [True, True, False]
    ended = {"duration_months": None, "ended_on": date(2025, 5, 15)}
    assert [earns(date(2025, 5, 1), **ended), earns(date(2025, 6, 1), **ended)] == [True, False]


def candidate(code: str, **changes: object) -> Candidate:
    fields: dict[str, object] = {
        "plan_id": uuid4(),
        "plan_code": code,
        "version_id": uuid4(),
        "version_no": 1,
        "selectors": {},
        "priority": 0,
        "effective_from": date(2025, 1, 1),
        "effective_to": None,
        "currency": "EUR",
        "payload": {},
    }
    return Candidate(**(fields | changes))  # type: ignore[arg-type]


def test_case_31_the_most_telling_plan_wins_and_a_tie_is_never_guessed() -> None:
    product = uuid4()
    sale = {"product_id": product, "product_type": "telecom", "profile": "VRP", "channel": "WEB"}
    by_type = candidate("A", selectors={"product_type": "TELECOM", "profile": "VRP"})
    by_product = candidate("B", selectors={"product_id": product})
    by_channel = candidate("C", selectors={"channel": "web"})
    day = date(2025, 3, 1)
    assert choose_plan([by_type, by_product, by_channel], sale, day) is by_product
    twin = candidate("A2", selectors=by_type.selectors)
    with pytest.raises(Refused) as refusal:
        choose_plan([by_type, twin], sale, day)
    assert refusal.value.code.code == "AMBIGUOUS_PLAN"
    with pytest.raises(Refused) as refusal:
        choose_plan([candidate("D", selectors={"partner_id": uuid4()})], sale, day)
    assert refusal.value.code.code == "NO_APPLICABLE_PLAN"


def test_a_plan_that_contradicts_itself_is_refused() -> None:
    for broken in (
        {"calculation": {"type": "FIXED"}},
        {"calculation": {"type": "PERCENTAGE"}},
        {"settlement": "UPFRONT"},
        {"recurring": {"enabled": True}},
        {"calculation": {"type": "PERCENTAGE", "rate_percent": "3", "base_scope": "COLLECTED"}},
        {"calculation": {"type": "PERCENTAGE", "rate_percent": "3", "colour": "blue"}},
    ):
        with pytest.raises(ValueError, match=r"PLAN_INVALID|required|needs|Extra"):
            terms(**broken)


def test_a_csv_cell_never_starts_a_formula() -> None:
    written = csv_of([{"client_name": "=cmd|' /C calc'!A0", "amount": D("-1.50")}], {"net": D("3.00")}).decode()
    assert written.startswith("\ufeffSection;")
    assert ";'=cmd" in written
    assert written.endswith(";3,00\r\n")
    assert ";-1,50\r\n" in written


@given(CENTS, CENTS, st.lists(CENTS, max_size=4))
def test_what_is_earned_is_paid_or_recovered(gross: Decimal, clawbacks: Decimal, carried: list[Decimal]) -> None:
    found = settle(gross, clawbacks, carried)
    assert found.net >= 0
    assert found.net + found.clawbacks_recovered + found.carry_over_applied == gross
    assert found.debt_forward == clawbacks + sum(carried) - found.clawbacks_recovered - found.carry_over_applied
    assert all(used <= owed for used, owed in zip(found.applied, carried, strict=True))


@given(CENTS, st.lists(st.decimals(min_value=0, max_value=100, places=4), min_size=1, max_size=6))
def test_no_order_of_causes_takes_more_than_was_earned(earned: Decimal, shares: list[Decimal]) -> None:
    taken = D(0)
    for share in shares:
        taken += to_take_back(earned, share, taken)
    assert taken <= earned
    assert taken == min(earned, max(round_cents(earned * share / 100) for share in shares))


@given(CENTS, CENTS.filter(lambda gross: gross > 0), st.lists(CENTS, max_size=5))
def test_however_an_instalment_is_paid_its_parts_add_up(net: Decimal, gross: Decimal, paid: list[Decimal]) -> None:
    reached = sum(paid, D(0))
    parts = bases_of(f"{net:f}", f"{gross:f}", *[f"{amount:f}" for amount in paid])
    assert sum(parts, D(0)) == round_cents(net * min(reached, gross) / gross)
    assert all(part >= 0 for part in parts)


@given(st.dates(date(2000, 1, 1), date(2090, 1, 1)), st.integers(0, 60))
def test_full_months_and_add_months_agree(day: date, months: int) -> None:
    assert full_months(day, add_months(day, months)) == months
