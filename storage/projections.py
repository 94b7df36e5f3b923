"""Projections of other actors' aggregates: an event is applied only if its version is newer than what is held."""

from functools import cache
from typing import Any

from sqlalchemy import Table, bindparam
from sqlalchemy.dialects.postgresql import insert

from storage.shared.statements import Bound, Statement, prepare


def keep_newest(table: Table, **columns: Any) -> Bound:
    """Insert or update one projected row; `version` is the aggregate's, and an older one changes nothing."""
    return _statement(table, tuple(columns)).bound(columns)


@cache
def _statement(table: Table, columns: tuple[str, ...]) -> Statement:
    """Written once per shape: mailboxes live on these."""
    keys = [column.name for column in table.primary_key.columns]
    statement = insert(table).values({name: bindparam(name) for name in columns})
    changed = {name: statement.excluded[name] for name in columns if name not in keys}
    return prepare(
        statement.on_conflict_do_update(
            index_elements=keys, set_=changed, where=table.c.version < statement.excluded.version
        )
    )
