"""Rows that a repeated fact must not make twice."""

from functools import cache
from typing import Any

from sqlalchemy import Table, bindparam
from sqlalchemy.dialects.postgresql import insert

from storage.shared.statements import Bound, Statement, prepare


def once(table: Table, key: str, **columns: Any) -> Bound:
    """Insert a row unless the organisation has one with that key; it changes no row then."""
    return _statement(table, key, tuple(columns)).bound(columns)


@cache
def _statement(table: Table, key: str, columns: tuple[str, ...]) -> Statement:
    """Written once per shape: building it anew costs more than the rest of a reaction."""
    statement = insert(table).values({name: bindparam(name) for name in columns})
    return prepare(statement.on_conflict_do_nothing(index_elements=["organisation_id", key]))
