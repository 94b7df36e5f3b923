"""What an actor declares about the personal data it keeps: where it lies, how a person's rows are found and how they go.

A page of contents lists these declarations under `privacy`; counting, erasing and exporting are the runtime's work
(`privacy_requests`). Their order matters: rows that are found through other rows come before those.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Column, ColumnElement, Table, Text, and_, cast, false, func, or_, select, true

from messages.identity import SubjectType

ERASED_NAME: Final = "Client effacé"
"""What stands where a name was, so that lists and histories stay readable."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A person and everything by which his rows are found; e-mail addresses are in lower case."""

    type: SubjectType
    ids: tuple[UUID, ...]
    emails: tuple[str, ...] = ()
    email_hashes: tuple[str, ...] = ()
    """The platform-wide hashes of the addresses, as events and suppression lists carry them."""
    phones: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    streets: tuple[str, ...] = ()
    kept_because: str | None = None
    """Why the relation goes on, if it does: then only what is declared `at_once` is erased."""

    @property
    def traces(self) -> tuple[str, ...]:
        """Texts that belong to the person wherever they stand, his ids included."""
        return (*(str(id_) for id_ in self.ids), *self.words)

    @property
    def words(self) -> tuple[str, ...]:
        """Texts that say who the person is."""
        return (*self.emails, *self.phones, *self.streets, *self.names)


Finder = Callable[[Subject], ColumnElement[bool]]
"""The condition that selects a person's rows of one table."""


def by_id(*columns: Column[Any]) -> Finder:
    """Rows that carry the person's id in one of the columns."""
    return lambda subject: or_(*(column.in_(subject.ids) for column in columns))


def by_email(*columns: Column[Any]) -> Finder:
    """Rows that carry one of the person's addresses, in clear or as the platform's hash."""

    def find(subject: Subject) -> ColumnElement[bool]:
        known = (*subject.emails, *subject.email_hashes)
        return or_(false(), *(func.lower(column).in_(known) for column in columns if known))

    return find


def by_trace(*columns: Column[Any]) -> Finder:
    """Free texts and JSON that name the person. It reads the whole tenant's rows: for small tables without a client's id."""
    return lambda subject: or_(
        false(), *(func.strpos(cast(column, Text), trace) > 0 for column in columns for trace in subject.traces)
    )


def through(column: Column[Any], parent: Column[Any], found: Finder) -> Finder:
    """Rows whose `column` points, by the parent's column, to rows that are the person's."""
    return lambda subject: column.in_(select(parent).where(found(subject)))


def either(*finders: Finder) -> Finder:
    """Rows that one of the finders finds."""
    return lambda subject: or_(*(find(subject) for find in finders))


@dataclass(frozen=True, slots=True)
class Delete:
    """The rows go."""


@dataclass(frozen=True, slots=True)
class Anonymise:
    """The rows stay without the person: each named column takes the value that says nothing."""

    columns: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Retain:
    """The law has the rows kept for now: why, and until which day. `blank` names columns that no law needs."""

    reason: str
    until: ColumnElement[date] | None = None
    blank: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PersonalData:
    """One kind of record of a person in one table.

    `at_once`: erased even while the relation goes on (marketing, notes, tasks, notifications). `encrypted` gives the key
    domain of columns that an export shows in clear.
    """

    table: Table
    found: Finder
    erasure: Delete | Anonymise | Retain
    purpose: str
    entity: str = ""
    where: ColumnElement[bool] = field(default_factory=true)
    at_once: bool = False
    subject_types: frozenset[SubjectType] = frozenset({SubjectType.CUSTOMER})
    encrypted: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The entity in reports and exports; the table's name where nothing else is given."""
        return self.entity or self.table.name

    @property
    def columns(self) -> frozenset[str]:
        """The columns this declaration answers for."""
        if isinstance(self.erasure, Anonymise):
            return frozenset(self.erasure.columns)
        return frozenset(self.table.c.keys())

    @property
    def changes(self) -> Mapping[str, Any]:
        """What the erasure writes; empty where rows are deleted or wholly kept."""
        match self.erasure:
            case Anonymise(columns):
                return columns
            case Retain(blank=blank):
                return blank
            case Delete():
                return {}

    def held(self, subject: Subject, organisation_id: UUID) -> ColumnElement[bool]:
        """The person's rows."""
        return and_(self.table.c.organisation_id == organisation_id, self.where, self.found(subject))

    def left(self, subject: Subject, organisation_id: UUID) -> ColumnElement[bool]:
        """Those of them that the erasure has not dealt with yet."""
        held = self.held(subject, organisation_id)
        if isinstance(self.erasure, Delete):
            return held
        table = self.table
        return and_(
            held, or_(false(), *(table.c[name].is_distinct_from(value) for name, value in self.changes.items()))
        )
