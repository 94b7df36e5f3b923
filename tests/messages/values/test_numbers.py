from decimal import Decimal
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field, ValidationError

from messages.values.numbers import Percent, Quantity, Rate
from tests.messages.values.validation import code_of_refusal


class Line(BaseModel):
    vat: Percent
    unit_price: Rate
    quantity: Annotated[Quantity, Field(gt=0)]


def test_numbers_travel_as_strings_and_stay_decimals() -> None:
    line = Line.model_validate_json('{"vat":"20.00","unit_price":"0.038500","quantity":"100"}')
    assert line.model_dump() == {"vat": Decimal(20), "unit_price": Decimal("0.0385"), "quantity": Decimal(100)}
    assert line.model_dump_json() == '{"vat":"20.00","unit_price":"0.0385","quantity":"100"}'


def test_a_bound_may_be_added_to_a_number() -> None:
    with pytest.raises(ValidationError, match="greater than 0"):
        Line(vat=Decimal(20), unit_price=Decimal(1), quantity=Decimal(0))


@pytest.mark.parametrize(
    "value", [20, 20.0, "20", "20.0", "20.000", "-1.00", "100.01", "1e1", " 20.00", Decimal("5.125")]
)
def test_a_percentage_has_two_decimals_and_lies_between_0_and_100(value: object) -> None:
    assert code_of_refusal(Percent, value) == "PERCENT_INVALID"


@pytest.mark.parametrize(
    "value", [1, 1.5, True, None, "1.2345678", "1,5", "01", "+1", ".5", "1.", "NaN", Decimal("Infinity")]
)
def test_a_rate_is_a_plain_decimal_string_of_at_most_six_decimals(value: object) -> None:
    assert code_of_refusal(Rate, value) == "RATE_INVALID"


def test_a_rate_from_python_may_have_trailing_zeros_only_beyond_its_decimals() -> None:
    assert Line(vat=Decimal("5.500"), unit_price=Decimal("1.50000000"), quantity=Decimal("1E+2")).model_dump_json() == (
        '{"vat":"5.50","unit_price":"1.5","quantity":"100"}'
    )
    assert code_of_refusal(Rate, Decimal("1.0000001")) == "RATE_INVALID"
    assert code_of_refusal(Rate, Decimal("1E+12")) == "RATE_INVALID"


@given(st.decimals(min_value=-(10**11), max_value=10**11, places=6))
def test_every_rate_survives_its_text(number: Decimal) -> None:
    line = Line(vat=Decimal(0), unit_price=number, quantity=Decimal(1))
    assert Line.model_validate_json(line.model_dump_json()).unit_price == number


def test_the_schema_publishes_the_text_form() -> None:
    schema = Line.model_json_schema()["properties"]["vat"]
    assert (schema["type"], schema["pattern"]) == ("string", r"^(0|[1-9][0-9]{0,11})\.[0-9]{2}$")
