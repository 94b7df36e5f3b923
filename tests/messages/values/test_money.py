from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from messages.values.money import Amount, CurrencyMismatch, Money, allocate, prorata, round_cents, split
from tests.messages.values.validation import code_of_refusal, text_of_refusal

amounts = st.decimals(min_value=-(10**9), max_value=10**9, places=2)
weights = st.lists(st.decimals(min_value=0, max_value=10**6, places=6), min_size=1, max_size=20).filter(any)


@pytest.mark.parametrize("value", [129.9, 129, "129.9", "129.905", "129", "129,90", "1 129.90", "1e2", "", True, None])
def test_money_on_the_wire_is_a_string_with_exactly_two_decimals(value: object) -> None:
    assert code_of_refusal(Amount, value) == "AMOUNT_INVALID"


def test_the_refusal_of_a_json_number_names_the_cure() -> None:
    with pytest.raises(ValidationError) as caught:
        Money.model_validate_json('{"amount":129.9,"currency":"EUR"}')
    [error] = caught.value.errors()
    assert error["loc"] == ("amount",)
    assert error["msg"] == (
        'the amount is not a JSON string; write a string with exactly 2 decimals and a point, such as "129.90"'
    )


def test_python_code_may_give_a_decimal_but_never_a_third_decimal() -> None:
    assert Money(amount=Decimal("129.9")) == Money.of("129.90")
    assert str(Money(amount=Decimal("129.9")).amount) == "129.90"
    for unfit in (Decimal("129.905"), Decimal("NaN"), Decimal("Infinity"), Decimal("1E12")):
        assert code_of_refusal(Amount, unfit) == "AMOUNT_INVALID"


def test_money_travels_as_its_text() -> None:
    assert Money.of("-0.00").model_dump_json() == '{"amount":"0.00","currency":"EUR"}'
    assert Money.of("129.90", "CHF").model_dump() == {"amount": Decimal("129.90"), "currency": "CHF"}
    assert Money.model_validate_json('{"amount":"129.90","currency":"EUR"}') == Money.of("129.90")


@pytest.mark.parametrize("currency", ["eur", "EURO", "EU", "ZZZ", ""])
def test_a_currency_is_an_iso_4217_code(currency: str) -> None:
    with pytest.raises(ValidationError):
        Money.of("1.00", currency)


def test_an_unknown_field_is_refused_so_that_a_typo_never_becomes_euros() -> None:
    with pytest.raises(ValidationError, match="curency"):
        Money.model_validate({"amount": "1.00", "curency": "USD"})


@given(amounts, amounts, st.integers(-100, 100))
def test_arithmetic_is_exact(left: Decimal, right: Decimal, factor: int) -> None:
    a, b = Money.of(left), Money.of(right)
    assert a + b - b == a
    assert -a == Money.zero() - a
    assert a * factor == factor * a
    assert (a * factor).amount == left * factor
    assert (a < b) is (left < right)
    assert (a >= b) is (left >= right)
    assert (a <= b) is not (a > b)
    assert sum([a, b, a], Money.zero()) == a + b + a


def test_currencies_do_not_mix() -> None:
    euros, francs = Money.of("1.00"), Money.of("1.00", "CHF")
    assert euros != francs
    assert text_of_refusal(lambda: euros + francs) == (
        "EUR and CHF do not mix; convert one amount before adding or comparing"
    )
    with pytest.raises(CurrencyMismatch):
        _ = euros < francs


def test_money_times_a_fraction_needs_a_rounding_rule() -> None:
    with pytest.raises(TypeError):
        Money.of("1.00") * Decimal("0.2")  # type: ignore[operator]


def test_money_never_changes() -> None:
    with pytest.raises(ValidationError):
        Money.zero().amount = Decimal(1)  # type: ignore[misc]


@pytest.mark.parametrize(
    ("value", "rounded"),
    [
        ("2.675", "2.68"),
        ("-2.675", "-2.68"),
        ("2.6749999", "2.67"),
        ("0.005", "0.01"),
        ("-0.004", "0.00"),
        ("7", "7.00"),
    ],
)
def test_cents_are_rounded_half_up(value: str, rounded: str) -> None:
    assert str(round_cents(Decimal(value))) == rounded


def test_a_part_of_a_period_is_rounded_once() -> None:
    assert prorata(Decimal("29.90"), 21, 31) == Decimal("20.25")
    assert prorata(Decimal("39.90"), 21, 31) == Decimal("27.03")
    assert "32 days of a period of 31" in text_of_refusal(prorata, Decimal("29.90"), 32, 31)


def test_a_hundred_over_three_gives_the_first_the_cent() -> None:
    assert list(map(str, split(Decimal("100.00"), 3))) == ["33.34", "33.33", "33.33"]
    assert list(map(str, split(Decimal("-100.00"), 3))) == ["-33.34", "-33.33", "-33.33"]


def test_the_largest_fraction_gets_the_cent_before_the_first() -> None:
    # exact shares 0.333.., 0.666..: the second has the larger fraction
    assert allocate(Decimal("0.01"), [Decimal(1), Decimal(2)]) == [Decimal("0.00"), Decimal("0.01")]


def test_what_cannot_be_shared_is_refused() -> None:
    assert "no weight is above zero" in text_of_refusal(allocate, Decimal("1.00"), [Decimal(0)])
    assert "no weight is above zero" in text_of_refusal(allocate, Decimal("1.00"), [])
    assert "weight is negative" in text_of_refusal(allocate, Decimal("1.00"), [Decimal(-1), Decimal(2)])
    assert "more than two decimals" in text_of_refusal(allocate, Decimal("1.005"), [Decimal(1)])
    assert "give 1 or more" in text_of_refusal(split, Decimal("1.00"), 0)
    assert allocate(Decimal("0.00"), [Decimal(0), Decimal(0)]) == [Decimal(0), Decimal(0)]


@given(amounts, weights)
def test_shares_add_up_and_miss_their_exact_value_by_less_than_a_cent(total: Decimal, parts: list[Decimal]) -> None:
    shares = allocate(total, parts)
    assert sum(shares) == total
    whole = sum(map(Fraction, parts))
    for share, weight in zip(shares, parts, strict=True):
        assert abs(Fraction(share) - Fraction(total) * Fraction(weight) / whole) < Fraction(1, 100)
        assert weight or not share
        TypeAdapter(Amount).validate_python(share)


@given(amounts, st.integers(1, 60))
def test_equal_parts_differ_by_a_cent_at_most_and_the_first_are_the_larger(total: Decimal, parts: int) -> None:
    shares = [abs(share) for share in split(total, parts)]
    assert max(shares) - min(shares) <= Decimal("0.01")
    assert shares == sorted(shares, reverse=True)


@given(amounts, weights)
def test_a_negative_total_is_shared_like_its_opposite(total: Decimal, parts: list[Decimal]) -> None:
    assert allocate(-total, parts) == [-share for share in allocate(total, parts)]
