"""Decimal numbers as strings on the wire: no JSON number, no float and no silent rounding comes near money."""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from messages.values.refusal import refusal


@dataclass(frozen=True, slots=True)
class DecimalText:
    """How one kind of decimal is written. `fixed`: exactly that many decimals, else at most that many.

    Python code may give a Decimal; its value must fit the decimals, trailing zeros do not count.
    """

    kind: str
    code: str
    decimals: int
    fixed: bool
    example: str
    whole_digits: int = 12
    minimum: int | None = None
    maximum: int | None = None

    @property
    def pattern(self) -> str:
        """The regular expression of the text, published in the JSON schema."""
        fraction = rf"\.[0-9]{{{self.decimals}}}" if self.fixed else rf"(\.[0-9]{{1,{self.decimals}}})?"
        sign = "" if self.minimum is not None and self.minimum >= 0 else "-?"
        return rf"^{sign}(0|[1-9][0-9]{{0,{self.whole_digits - 1}}}){fraction}$"

    def parse(self, value: object) -> Decimal:
        """The number of a text or a Decimal; anything else, or another precision, is refused with the cure."""
        match value:
            case Decimal():
                return self._in_range(self._fitted(value))
            case str() if re.fullmatch(self.pattern, value):
                return self._in_range(Decimal(value) + 0)  # + 0 makes 0.00 of -0.00
            case str():
                raise refusal(self.code, f"the {self.kind} is not written as expected; {self._cure}")
            case _:
                raise refusal(self.code, f"the {self.kind} is not a JSON string; {self._cure}")

    def text(self, value: Decimal) -> str:
        """The canonical text: all decimals when fixed, else without trailing zeros; never an exponent."""
        if self.fixed:
            return f"{value:.{self.decimals}f}"
        return f"{value.normalize():f}"

    @property
    def _cure(self) -> str:
        amount = "exactly" if self.fixed else "at most"
        return f'write a string with {amount} {self.decimals} decimals and a point, such as "{self.example}"'

    def _fitted(self, value: Decimal) -> Decimal:
        step = Decimal(1).scaleb(-self.decimals)
        if not value.is_finite() or abs(value) >= Decimal(10) ** self.whole_digits:
            raise refusal(
                self.code, f"the {self.kind} is not a number of at most {self.whole_digits} digits before the point"
            )
        fitted = value.quantize(step)
        if fitted != value:
            raise refusal(self.code, f"the {self.kind} has more than {self.decimals} decimals; round it first")
        return (fitted if self.fixed else value) + 0

    def _in_range(self, value: Decimal) -> Decimal:
        if self.minimum is not None and value < self.minimum:
            raise refusal(self.code, f"the {self.kind} is below {self.minimum}; give {self.minimum} or more")
        if self.maximum is not None and value > self.maximum:
            raise refusal(self.code, f"the {self.kind} is above {self.maximum}; give {self.maximum} or less")
        return value

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        writer = core_schema.plain_serializer_function_ser_schema(
            self.text, return_schema=core_schema.str_schema(), when_used="json"
        )
        return core_schema.no_info_plain_validator_function(self.parse, serialization=writer)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "string", "pattern": self.pattern, "examples": [self.example]}


Rate = Annotated[Decimal, DecimalText("rate", "RATE_INVALID", 6, fixed=False, example="0.038500")]
"""A factor or a unit price finer than cents: at most six decimals, any sign."""

Quantity = Annotated[Decimal, DecimalText("quantity", "QUANTITY_INVALID", 6, fixed=False, example="2.5")]
"""How much of a unit: at most six decimals; the sign is the owner's rule."""

Percent = Annotated[
    Decimal, DecimalText("percentage", "PERCENT_INVALID", 2, fixed=True, example="20.00", minimum=0, maximum=100)
]
"""0.00 to 100.00 with exactly two decimals: "20.00" is twenty per cent."""
