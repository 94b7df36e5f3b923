"""Rows by the hundred thousand, straight into an actor's database: what a column holds follows from its type and its message."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import md5
from typing import Any, get_args, get_origin
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import ARRAY, Boolean, Column, Date, DateTime, Integer, LargeBinary, Numeric, Table, Uuid
from sqlalchemy.dialects.postgresql import JSONB

MANY = 200_000
_AT_ONCE = 20_000
_BY_TYPE: tuple[tuple[Any, str], ...] = (
    (Uuid, "gen_random_uuid()"),
    (Boolean, "false"),
    (Integer, "1"),
    (Numeric, "1"),
    (Date, "current_date - (n % 1000)::int"),
    (DateTime, "now() - n * interval '1 second'"),
    (JSONB, "'{}'::jsonb"),
    (LargeBinary, "'\\x00'"),
)


def spread(name: str, over: int = MANY) -> str:
    """The n-th row belongs to one of so many things of that name."""
    return f"md5('{name}-' || n % {over})::uuid"


def one_of(name: str, number: int) -> UUID:
    """The id that `spread` gave to one of the things."""
    return UUID(bytes=md5(f"{name}-{number}".encode(), usedforsecurity=False).digest())


@dataclass(frozen=True)
class Fill:
    """A table, what its rows are shown as, and the columns that type and message do not decide. Expressions may use n."""

    table: Table
    shown_as: type[BaseModel] | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    rows: int = MANY

    @property
    def statement(self) -> str:
        """One insert of the rows $2 to $3 for the organisation $1."""
        chosen = {column.name: self._expression(column) for column in self.table.c}
        filled = {name: expression for name, expression in chosen.items() if expression is not None}
        names = ", ".join(f'"{name}"' for name in filled)
        values = ", ".join(filled.values())
        rows = "generate_series($2::int, $3::int) n where $1::uuid is not null"
        return f'insert into "{self.table.name}" ({names}) select {values} from {rows}'

    def _expression(self, column: Column[Any]) -> str | None:
        if column.name in self.columns:
            return self.columns[column.name]
        if column.name == "organisation_id":
            return "$1::uuid"
        words = self._words(column.name)
        if words and not isinstance(column.type, ARRAY):
            return f"(array[{', '.join(repr(word) for word in words)}])[1 + n % {len(words)}]"
        if column.nullable or column.server_default is not None:
            return None
        if isinstance(column.type, ARRAY):
            return f"'{{}}'::{'uuid' if isinstance(column.type.item_type, Uuid) else 'text'}[]"
        if isinstance(column.type, JSONB) and self._holds_several(column.name):
            return "'[]'::jsonb"
        return next((made for kind, made in _BY_TYPE if isinstance(column.type, kind)), f"'{column.name} ' || n")

    def _holds_several(self, name: str) -> bool:
        known = self.shown_as.model_fields.get(name) if self.shown_as else None
        return known is not None and get_origin(known.annotation) is tuple

    def _words(self, name: str) -> list[str]:
        """The closed set that the message allows for the column."""
        known = self.shown_as.model_fields.get(name) if self.shown_as else None
        return [str(word.value) for word in _enum_of(known.annotation)] if known is not None else []


async def fill(connection: Any, organisation_id: UUID, tables: tuple[Fill, ...], most: int = MANY) -> None:
    """Insert the rows and let the planner count them."""
    await connection.execute("select set_config('app.organisation_id', $1, false)", str(organisation_id))
    for one in tables:
        rows = min(one.rows, most)
        for first in range(1, rows + 1, _AT_ONCE):
            last = min(first + _AT_ONCE - 1, rows)
            await connection.execute(one.statement, organisation_id, first, last, timeout=300)
    await connection.execute("vacuum (analyze)", timeout=300)  # what the server's own vacuum does within minutes


def _enum_of(annotation: Any) -> list[StrEnum]:
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return list(annotation)
    for inner in get_args(annotation):
        if found := _enum_of(inner):
            return found
    return []
