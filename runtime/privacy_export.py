"""What an actor holds of a person, as JSON parts for an access or portability request (GDPR art. 15 and 20)."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy import LargeBinary, select

from messages.identity import ExportPart
from runtime.privacy import Delete, PersonalData, Retain, Subject
from runtime.unit_of_work import Row, UnitOfWork

_LARGEST_PART: Final = 350_000
_PAGE: Final = 500
_TECHNICAL: Final = frozenset({"organisation_id", "version", "search_name", "search_text", "idempotency_key"})
_TECHNICAL_ENDINGS: Final = ("_hash", "_index", "_fingerprint", "_sha256")


async def export_parts(
    actor: str, records: Sequence[PersonalData], subject: Subject, work: UnitOfWork
) -> list[ExportPart]:
    """Every row of the person, in parts that each are a whole JSON document; none where nothing is held."""
    contents: list[str] = []
    for record in records:
        rows = [row async for row in _rows(record, subject, work)]
        label = {"actor": actor, "entity": record.name, "purpose": record.purpose, "kept": _kept(record)}
        contents += [orjson.dumps(label | {"rows": part}).decode() for part in _portions(rows)]
    return [
        ExportPart(number=number, total=len(contents), content=content)
        for number, content in enumerate(contents, start=1)
    ]


async def _rows(record: PersonalData, subject: Subject, work: UnitOfWork) -> Any:
    keys = list(record.table.primary_key.columns)
    statement = select(record.table).where(record.held(subject, work.organisation_id)).order_by(*keys)
    for start in range(0, 1_000_000, _PAGE):
        found = await work.fetch(statement.limit(_PAGE).offset(start))
        for row in found:
            yield await _shown(record, row, work)
        if len(found) < _PAGE:
            return


async def _shown(record: PersonalData, row: Row, work: UnitOfWork) -> dict[str, Any]:
    """A row as a person reads it: without what only machines need, encrypted fields in clear."""
    shown: dict[str, Any] = {}
    for column in record.table.c:
        name = str(column.name)  # SQLAlchemy's own string class is no JSON key
        value = row[name]
        if name in record.encrypted and value:
            shown[name] = await work.keys.decrypt(
                value,
                organisation_id=work.organisation_id,
                domain=record.encrypted[name],
                table=record.table.name,
                column=name,
                row_id=row["id"],
            )
        elif value is not None and not isinstance(column.type, LargeBinary) and not _is_technical(name):
            shown[name] = _plain(value)
    return shown


def _plain(value: Any) -> Any:
    return (
        str(value)
        if isinstance(value, UUID | Decimal | datetime | date)
        else orjson.loads(orjson.dumps(value, default=str))
    )


def _is_technical(name: str) -> bool:
    return name in _TECHNICAL or name.endswith(_TECHNICAL_ENDINGS)


def _portions(rows: Sequence[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """The rows in lists that each fit into a part."""
    portion: list[dict[str, Any]] = []
    size = 0
    for row in rows:
        length = len(orjson.dumps(row))
        if portion and size + length > _LARGEST_PART:
            yield portion
            portion, size = [], 0
        portion.append(row)
        size += length
    if portion:
        yield portion


def _kept(record: PersonalData) -> str:
    match record.erasure:
        case Retain(reason=reason):
            return reason
        case Delete():
            return "until it is erased on request or its retention ends"
        case _:
            return "anonymised on request or when its retention ends"
