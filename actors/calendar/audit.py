"""The audit entries of calendar: what changed, and a line that says so."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import orjson

from actors.calendar.rules.changes import change_summary
from runtime.unit_of_work import UnitOfWork


def record_change(
    type_: str, id_: UUID, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None, work: UnitOfWork
) -> None:
    """Record a change with its summary; a change that changes nothing leaves no entry."""
    old, new = _canonical(before), _canonical(after)
    summary = change_summary(type_, old, new)
    if summary is not None:
        work.record(type_, id_, before=old, after={**(new or {}), "summary": summary})


def _canonical(values: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The values as JSON shows them, so that equal texts are equal values."""
    found: dict[str, Any] | None = orjson.loads(orjson.dumps(dict(values), default=str)) if values is not None else None
    return found
