"""Every column that smells of a person is declared by its actor, or was looked at with a reason."""

from collections.abc import Iterable, Iterator

import pytest
from sqlalchemy import Boolean, Column, DateTime, Integer, MetaData, Table, Text, Uuid

from messages.registry import ACTORS
from runtime.privacy import Delete, PersonalData, by_id
from runtime.system import discover
from storage.migrations import metadata_of
from tests.architecture.personal_columns import EVERYWHERE, REVIEWED, SMELL

_NO_TEXT = (Boolean, Uuid, DateTime, Integer)


def undeclared(tables: Iterable[Table], records: Iterable[PersonalData]) -> Iterator[tuple[str, str]]:
    """Table and column of what smells of a person and is declared nowhere."""
    declared = {(record.table.name, column) for record in records for column in record.columns}
    for table in tables:
        for column in table.c:
            smells = SMELL.search(column.name) and not isinstance(column.type, _NO_TEXT)
            if smells and column.name not in EVERYWHERE and (table.name, column.name) not in declared:
                yield table.name, column.name


@pytest.mark.parametrize("actor", ACTORS)
def test_every_personal_column_is_declared_or_reviewed(actor: str) -> None:
    records = discover().actors[actor].privacy
    reviewed = {tuple(place.split(".")): columns[1:] for place, columns in REVIEWED.items()}
    open_ = set(undeclared(metadata_of(actor).sorted_tables, records))
    known = {(table, column) for (owner, table), columns in reviewed.items() for column in columns if owner == actor}
    assert open_ - known == set(), "declare it in personal_data.py, or say in REVIEWED why it names nobody"
    assert known - open_ == set(), "these are declared now, or gone: take them off REVIEWED"


def test_the_rule_catches_an_undeclared_column() -> None:
    table = Table(
        "visit", MetaData(), Column("id", Uuid, primary_key=True), Column("client_id", Uuid), Column("comment", Text)
    )
    assert list(undeclared([table], [])) == [("visit", "comment")]
    assert list(undeclared([table], [PersonalData(table, by_id(table.c.client_id), Delete(), "visits")])) == []
