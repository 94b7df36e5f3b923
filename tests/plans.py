"""What PostgreSQL plans for the statements of a handler: each is explained on the actor's own database before it runs."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, get_args
from uuid import UUID

from messages.base import Request
from messages.problem import Refused
from messages.values.identifiers import new_id
from runtime.actor import Endpoint
from runtime.caller import Caller, CallerKind
from runtime.headers import Cause
from runtime.heart import Heart
from storage.shared.outgoing import Outgoing

ONLY_WHAT_AN_INDEX_CAN = (
    "set local enable_sort = off; set local enable_seqscan = off; set local enable_bitmapscan = off"
)
"""So planned, a statement sorts only what no index delivers in its order; also on empty tables."""
_SAMPLES: dict[Any, Any] = {
    UUID: new_id(),
    date: date(2026, 1, 1),
    datetime: datetime(2026, 1, 1, tzinfo=UTC),
    str: "x",
}
_OF_TYPE = {
    "uuid": _SAMPLES[UUID], "text": "x", "int4": 1, "int8": 1, "bool": False, "numeric": Decimal(1), "jsonb": {},
    "date": _SAMPLES[date], "timestamptz": _SAMPLES[datetime],
}  # fmt: skip


class Explaining:
    """A connection that notes the plan of every statement; a row that is missing stands for any row."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self.plans: list[tuple[str, dict[str, Any]]] = []

    async def fetch(self, sql: str, *arguments: Any) -> Any:
        """All rows."""
        await self._explain(sql, arguments)
        return await self._connection.fetch(sql, *arguments)

    async def fetchrow(self, sql: str, *arguments: Any) -> Any:
        """The first row, or one that has whatever is asked of it: a list is looked at although its owner is not there."""
        await self._explain(sql, arguments)
        statement = await self._connection.prepare(sql)
        found = await statement.fetchrow(*arguments)
        return found or {column.name: _OF_TYPE.get(column.type.name) for column in statement.get_attributes()}

    async def fetchval(self, sql: str, *arguments: Any) -> Any:
        """The first column of the first row, or of any row."""
        found = await self.fetchrow(sql, *arguments)
        return next(iter(found.values()))

    async def _explain(self, sql: str, arguments: Any) -> None:
        found = await self._connection.fetchval(f"explain (format json) {sql}", *arguments)
        (plan,) = json.loads(found) if isinstance(found, str) else found
        self.plans.append((sql, plan["Plan"]))

    def pages(self) -> list[tuple[str, dict[str, Any]]]:
        """The plans of the statements that have an order and a limit."""
        return [(sql, plan) for sql, plan in self.plans if "ORDER BY" in sql.upper() and "LIMIT" in sql.upper()]


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A plan and everything below it."""
    yield plan
    for below in plan.get("Plans", ()):
        yield from nodes(below)


def sorts(plan: dict[str, Any]) -> bool:
    """Whether all rows are sorted before the first one is there; an index that lacks only the id at the end is enough."""
    for node in nodes(plan):
        missing = len(node.get("Sort Key", ())) - len(node.get("Presorted Key", ()))
        if missing > (node["Node Type"] == "Incremental Sort"):
            return True
    return False


def smallest(request: type[Request[Any]], **fields: Any) -> Request[Any]:
    """A request with its required fields only, as far as they are not given."""
    needed = {name: _sample(field.annotation) for name, field in request.model_fields.items() if field.is_required()}
    return request(**(needed | fields))


async def plans_of(
    heart: Heart, endpoint: Endpoint, request: Request[Any], organisation_id: UUID, setup: str | None = None
) -> Explaining:
    """The plans of everything a handler asks before it answers or refuses."""
    caller = Caller(CallerKind.USER, user_id=new_id(), membership_id=new_id())
    async with heart.database.transaction(organisation_id, read_only=True) as connection:
        if setup is not None:
            await connection.execute(setup)
        explaining = Explaining(connection)
        cause = Cause("plans", "plans")
        work = heart.unit(explaining, organisation_id, caller, datetime(2026, 3, 10, tzinfo=UTC), cause, Outgoing())
        try:
            await endpoint.handler(request, work)
        except Refused as refused:
            if not explaining.pages():
                raise AssertionError(f"{request.subject} never came to its list: {refused}") from refused
        return explaining


def _sample(annotation: Any) -> Any:
    if annotation in _SAMPLES:
        return _SAMPLES[annotation]
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return next(iter(annotation))
    for inner in get_args(annotation):
        found = _sample(inner)
        if found is not None:
            return found
    return None
