"""Projections of other actors' aggregates: an event is applied only if its version is newer than what is held."""

from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects.postgresql import Insert, insert


def keep_newest(table: Table, **columns: Any) -> Insert:
    """Insert or update one projected row; `version` is the aggregate's, and an older one changes nothing."""
    keys = [column.name for column in table.primary_key.columns]
    statement = insert(table).values(**columns)
    changed = {name: statement.excluded[name] for name in columns if name not in keys}
    return statement.on_conflict_do_update(
        index_elements=keys, set_=changed, where=table.c.version < statement.excluded.version
    )
