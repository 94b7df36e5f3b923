"""Conditions that commercial's statements share."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, all_, any_, literal


def one_of(column: ColumnElement[Any], values: Iterable[Any]) -> ColumnElement[bool]:
    """The column holds one of the values: one array parameter, so that the statement is the same for any number."""
    return column == any_(literal([*values], ARRAY(column.type)))


def none_of(column: ColumnElement[Any], values: Iterable[Any]) -> ColumnElement[bool]:
    """The column holds none of the values."""
    return column != all_(literal([*values], ARRAY(column.type)))
