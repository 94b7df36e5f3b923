"""How the tests ask a value type for its judgement: what it accepts, with which code and text it refuses."""

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError


def accepted(annotated: Any, value: str) -> str:
    """The normalised form that a text type accepts the value in."""
    return TypeAdapter[str](annotated).validate_python(value)


def code_of_refusal(annotated: Any, value: object) -> str:
    """The code with which a value type refuses the value inside a model."""
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(annotated).validate_python(value)
    return caught.value.errors()[0]["type"]


def text_of_refusal(function: Callable[..., object], *arguments: object) -> str:
    """The text with which a function refuses its arguments."""
    with pytest.raises(ValueError) as caught:
        function(*arguments)
    return str(caught.value)
