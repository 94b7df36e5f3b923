"""How a value object refuses: a ValueError that carries the code of the rule beside the text with the cure."""

from pydantic_core import PydanticCustomError


def refusal(code: str, message: str) -> PydanticCustomError:
    """A ValueError whose `type` is the business code (`IBAN_INVALID`); inside a model pydantic adds the field.

    Messages reach logs and callers, so they never repeat a personal value in clear.
    """
    return PydanticCustomError(code, message)
