"""The columns that recur in every actor's tables."""

from typing import Any

from sqlalchemy import Column, DateTime, Integer, Numeric, Text, Uuid

CENTS = Numeric(14, 2)
"""Money: exact, never a float; the currency stands beside it."""


def tenant() -> Column[Any]:
    """The organisation a row belongs to; first in the primary key or in the indexes of its table."""
    return Column("organisation_id", Uuid, nullable=False)


def aggregate() -> tuple[Column[Any], ...]:
    """What every aggregate's row has: id, organisation, version, who made and changed it and when."""
    return (
        Column("id", Uuid, primary_key=True),
        tenant(),
        Column("version", Integer, nullable=False, server_default="1"),
        Column("created_at", DateTime(timezone=True), nullable=False),
        Column("created_by", Text, nullable=False),
        Column("updated_at", DateTime(timezone=True), nullable=False),
        Column("updated_by", Text, nullable=False),
    )


def instant(name: str, *, nullable: bool = False) -> Column[Any]:
    """A UTC instant."""
    return Column(name, DateTime(timezone=True), nullable=nullable)


def amount(name: str, *, nullable: bool = False) -> Column[Any]:
    """An amount of money."""
    return Column(name, CENTS, nullable=nullable)


def text(name: str, *, nullable: bool = False) -> Column[Any]:
    """A text."""
    return Column(name, Text, nullable=nullable)


def reference(name: str, *, nullable: bool = False) -> Column[Any]:
    """The id of another aggregate, here or in another actor."""
    return Column(name, Uuid, nullable=nullable)
