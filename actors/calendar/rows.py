"""The columns that every new or changed row of calendar has."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, any_, literal

from runtime.unit_of_work import UnitOfWork


def new_row(id_: UUID, work: UnitOfWork) -> dict[str, Any]:
    """The common columns of a new aggregate."""
    return {
        "id": id_,
        "organisation_id": work.organisation_id,
        "version": 1,
        "created_at": work.now,
        "created_by": work.caller.principal,
        "updated_at": work.now,
        "updated_by": work.caller.principal,
    }


def changed_row(version: int, work: UnitOfWork) -> dict[str, Any]:
    """The common columns of a changed aggregate, with its new version."""
    return {"version": version, "updated_at": work.now, "updated_by": work.caller.principal}


def among(column: ColumnElement[Any], values: Iterable[Any]) -> ColumnElement[bool]:
    """Whether the column holds one of the values: one array parameter, so the statement keeps its shape."""
    return column == any_(literal([*values], ARRAY(column.type)))
