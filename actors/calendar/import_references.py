"""What the rows of a file name: companies, clients, contracts, zones and cut-offs of this organisation, and no other's."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Table, select

from actors.calendar.rows import among
from actors.calendar.rules.csv_rows import RowReader
from messages.calendar.terms import ConfigurationLevel
from runtime.unit_of_work import Row, UnitOfWork
from storage.calendar.tables import client_copy, company_copy, contract_copy, cutoff_policy, holiday_zone

_NAMES: dict[ConfigurationLevel, tuple[Table, Column[Any], Column[Any] | None]] = {
    ConfigurationLevel.COMPANY: (company_copy, company_copy.c.company_id, None),
    ConfigurationLevel.CLIENT: (client_copy, client_copy.c.client_id, client_copy.c.client_code),
    ConfigurationLevel.CONTRACT: (contract_copy, contract_copy.c.contract_id, contract_copy.c.reference),
}


@dataclass(frozen=True, slots=True)
class References:
    """Looked up once for the whole file."""

    scopes: dict[ConfigurationLevel, set[UUID]]
    named: dict[ConfigurationLevel, dict[str, UUID]]
    zones: dict[UUID, Row]
    cutoffs: dict[str, UUID]

    @property
    def scope_ids(self) -> set[UUID]:
        """Every company, client and contract that was found."""
        return {id_ for ids in self.scopes.values() for id_ in ids} | {
            id_ for names in self.named.values() for id_ in names.values()
        }

    def scope(
        self, level: ConfigurationLevel, id_: UUID | None, name: str | None, column: str, reader: RowReader
    ) -> UUID | None:
        """The id of a scope; one of another organisation is as unknown as one that never was."""
        found = id_ if id_ in self.scopes[level] else None
        if id_ is None and name is not None:
            found = self.named[level].get(name)
        if found is None and (id_ is not None or name is not None):
            text = f"no {level.value.lower()} of this organisation is meant; correct it"
            reader.refuse(column, "UNKNOWN_REFERENCE", text)
        return found

    def zone(self, id_: UUID | None, code: str | None, reader: RowReader) -> UUID | None:
        """The id of a zone, by id or code."""
        if id_ is None and code is None:
            return None
        found = id_ if id_ in self.zones else None
        if id_ is None:
            found = next((key for key, row in self.zones.items() if row["code"] == code), None)
        if found is None:
            column = "holiday_zone_id" if id_ is not None else "zone_code"
            reader.refuse(column, "UNKNOWN_REFERENCE", "no zone of this organisation is meant; correct it")
        return found

    def cutoff(self, name: str | None, reader: RowReader) -> UUID | None:
        """The id of a cut-off policy by its name."""
        if name is not None and name not in self.cutoffs:
            reader.refuse("cutoff_name", "UNKNOWN_REFERENCE", "no cut-off policy has that name; correct it")
        return self.cutoffs.get(name) if name is not None else None


async def load_references(
    wanted: Iterable[tuple[ConfigurationLevel, UUID | None, str | None]], work: UnitOfWork
) -> References:
    """Two queries per kind of thing, however many rows name it."""
    ids: dict[ConfigurationLevel, set[UUID]] = {level: set() for level in _NAMES}
    names: dict[ConfigurationLevel, set[str]] = {level: set() for level in _NAMES}
    for level, id_, name in wanted:
        if id_ is not None:
            ids[level].add(id_)
        elif name is not None:
            names[level].add(name)
    scopes: dict[ConfigurationLevel, set[UUID]] = {}
    named: dict[ConfigurationLevel, dict[str, UUID]] = {}
    for level, (table, identity, code) in _NAMES.items():
        own = table.c.organisation_id == work.organisation_id
        found = await work.fetch(select(identity).where(own, among(identity, ids[level]))) if ids[level] else []
        scopes[level], named[level] = {row[identity.name] for row in found}, {}
        if code is not None and names[level]:
            rows = await work.fetch(select(identity, code).where(own, among(code, names[level])))
            named[level] = {row[code.name]: row[identity.name] for row in rows}
    zones = await work.fetch(
        select(holiday_zone).where(holiday_zone.c.organisation_id == work.organisation_id, holiday_zone.c.is_active)
    )
    cutoffs = await work.fetch(
        select(cutoff_policy.c.id, cutoff_policy.c.name).where(
            cutoff_policy.c.organisation_id == work.organisation_id, cutoff_policy.c.is_active
        )
    )
    return References(scopes, named, {row["id"]: row for row in zones}, {row["name"]: row["id"] for row in cutoffs})
