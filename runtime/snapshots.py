"""The owner's side of a rebuild: pages of whole aggregates, each as its own facts would show it now."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic_core import to_jsonable_python
from sqlalchemy import Select, Table

from messages.every_actor import SnapshotItem, SnapshotPage
from messages.problem import Refused
from runtime.unit_of_work import Row, UnitOfWork

ToSnapshot = Callable[[Row, UnitOfWork], Awaitable[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Export:
    """An aggregate that others keep projections of: where its rows are and how a row becomes its snapshot.

    The table has the columns id and version. `select` may add to its columns what the snapshot needs.
    """

    aggregate: str
    table: Table
    select: Select[Any]
    snapshot: ToSnapshot

    async def page(self, request: Any, work: UnitOfWork) -> SnapshotPage:
        """The next aggregates by id, in their present state."""
        columns = self.table.c
        statement = self.select.order_by(columns.id).limit(request.limit + 1)
        if "organisation_id" in columns:
            statement = statement.where(columns.organisation_id == work.organisation_id)
        if request.id is not None:
            statement = statement.where(columns.id == request.id)
        if request.cursor is not None:
            statement = statement.where(columns.id > request.cursor)
        if request.updated_since is not None and "updated_at" in columns:
            statement = statement.where(columns.updated_at >= request.updated_since)
        rows = await work.fetch(statement)
        chosen = rows[: request.limit]
        items = [
            SnapshotItem(version=row["version"], snapshot=to_jsonable_python(await self.snapshot(row, work)))
            for row in chosen
        ]
        return SnapshotPage(items=tuple(items), next_cursor=chosen[-1]["id"] if len(rows) > request.limit else None)


def exporting(actor: str, exports: Sequence[Export]) -> Callable[[Any, UnitOfWork], Awaitable[SnapshotPage]]:
    """The handler of `export_snapshot` of one actor."""
    by_aggregate = {export.aggregate: export for export in exports}

    async def export_snapshot(request: Any, work: UnitOfWork) -> SnapshotPage:
        export = by_aggregate.get(request.aggregate)
        if export is None:
            known = ", ".join(by_aggregate) or "nothing"
            raise Refused.field("aggregate", "unknown", f"{actor} exports {known}, not '{request.aggregate}'")
        return await export.page(request, work)

    return export_snapshot


def plain(snapshot: Callable[[Row], dict[str, Any]]) -> ToSnapshot:
    """A snapshot that needs nothing but the row."""

    async def of_row(row: Row, _: UnitOfWork) -> dict[str, Any]:
        return snapshot(row)

    return of_row
