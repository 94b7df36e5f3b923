"""Rows of a file as rows of tables, and who of the clients known each of them may be; set-based, a batch at a time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from actors.clients.civil_status import birth_hash_of, encrypted_birth_date, names_of
from actors.clients.duplicates import portrait
from actors.clients.rows import address_row, contact_row
from actors.clients.rules import naming
from actors.clients.rules.import_rows import ReadRow
from actors.clients.rules.likeness import Portrait, level_of, likeness
from messages.clients import (
    AddressDraft,
    AddressUsage,
    ClientType,
    ContactKind,
    DuplicateLevel,
    DuplicateMatch,
    ImportField,
    RecordState,
    StatusCategory,
)
from messages.values.addresses import holiday_zone_of
from messages.values.identifiers import new_id
from runtime.unit_of_work import Row, UnitOfWork
from storage.clients.queries import FULL, one_of
from storage.clients.tables import client
from storage.shared.statements import Statement

# Who shares what may add up to 60 points. Without an identifier in common that takes the same name at the same address.
_CANDIDATES: Final = Statement(
    """
    select client_id as id from contact_point where organisation_id = $1 and hash = any($2::text[])
    union select id from client where organisation_id = $1 and siren = any($3::text[])
    union select id from client where organisation_id = $1 and siret = any($4::text[])
    union select id from client where organisation_id = $1 and vat_number = any($5::text[])
    union select client.id from unnest($6::text[], $7::text[]) as born (hash, family)
        join client on client.organisation_id = $1 and client.birth_hash = born.hash
        where client.search_name like '%' || born.family || '%'
    union select client.id from unnest($8::text[], $9::text[]) as living (name, postal_code)
        join client on client.organisation_id = $1 and client.search_name = living.name
        join address on address.organisation_id = $1 and address.client_id = client.id
            and address.postal_code = living.postal_code
    """,
    ("organisation_id", "hashes", "sirens", "sirets", "vat_numbers", "births", "families", "names", "postal_codes"),
    {},
)


@dataclass(slots=True)
class Draft:
    """A client as the file gives it: what would be stored, and how it is compared."""

    read: ReadRow
    row: dict[str, Any]
    points: list[dict[str, Any]]
    addresses: list[dict[str, Any]]
    portrait: Portrait
    matches: list[DuplicateMatch] = field(default_factory=list)

    @property
    def best(self) -> DuplicateLevel | None:
        """How sure the surest match is."""
        return self.matches[0].level if self.matches else None


@dataclass(slots=True)
class KnownClients:
    """Portraits by what they share, so that a row is compared with those only that have something in common with it."""

    by_trait: dict[tuple[str, Any], set[UUID]] = field(default_factory=dict)
    portraits: dict[UUID, tuple[Portrait, str, str]] = field(default_factory=dict)

    def add(self, client_id: UUID, found: Portrait, client_code: str, display_name: str) -> None:
        """Remember a client."""
        self.portraits[client_id] = (found, client_code, display_name)
        for trait in _traits(found):
            self.by_trait.setdefault(trait, set()).add(client_id)

    def like(self, one: Portrait) -> list[DuplicateMatch]:
        """The clients that score 40 or more beside this one, the surest first."""
        ids = {client_id for trait in _traits(one) for client_id in self.by_trait.get(trait, ())}
        matches = []
        for client_id in ids:
            other, code, name = self.portraits[client_id]
            score, evidence = likeness(one, other)
            level = level_of(score)
            if level is not None:
                matches.append(
                    DuplicateMatch(
                        client_id=client_id,
                        client_code=code,
                        display_name=name,
                        score=score,
                        level=level,
                        evidence=tuple(evidence),
                    )
                )
        return sorted(matches, key=lambda match: (-match.score, match.client_code))


async def draft_of(read: ReadRow, company_id: UUID, source: str, code: str, work: UnitOfWork) -> Draft:
    """A valid row as it would be stored."""
    client_id = new_id()
    person = read.type is ClientType.INDIVIDUAL
    address = _address_of(read)
    addresses = [address_row(address, client_id, work)] if address is not None else []
    points = [
        contact_row(client_id, kind, value, True, work)
        for kind, value in (
            (ContactKind.EMAIL, read.get(ImportField.EMAIL)),
            (ContactKind.PHONE, read.get(ImportField.PHONE)),
        )
        if value is not None
    ]
    legal = {name: None if person else read.get(ImportField(name)) for name in _LEGAL}
    names = names_of({"type": read.type, "given_name": read.get(ImportField.GIVEN_NAME)}
                     | {"family_name": read.get(ImportField.FAMILY_NAME), **legal})  # fmt: skip
    born = read.birth_date if person else None
    row = {
        "id": client_id,
        "organisation_id": work.organisation_id,
        **dict.fromkeys(("created_at", "updated_at"), work.now),
        **dict.fromkeys(("created_by", "updated_by"), work.caller.principal),
        "client_code": code,
        "type": read.type,
        "title": read.title,
        "birth_date": await encrypted_birth_date(born, client_id, work),
        "birth_hash": birth_hash_of(born, work),
        "language": "fr",
        "status_code": naming.DEFAULT_STATUS[StatusCategory.PROSPECT],
        "status_category": StatusCategory.PROSPECT,
        "record_state": RecordState.LIVE,
        "company_id": company_id,
        "source": source,
        "vat_status": naming.vat_status_of(read.type),
        "holiday_zone": holiday_zone_of(address.country, address.postal_code) if address else None,
        "do_not_contact": False,
        "trade_name": None,
        "registration_pending": read.type is ClientType.BUSINESS and not read.get(ImportField.SIREN),
        "primary_email": read.get(ImportField.EMAIL),
        "primary_phone": read.get(ImportField.PHONE),
        "city": address.city if address else None,
        "tags": [tag] if (tag := read.get(ImportField.TAG)) else [],
        **legal,
        **names,
    }
    return Draft(read, row, points, addresses, portrait(row, points, addresses))


async def known_clients(drafts: Sequence[Draft], work: UnitOfWork) -> KnownClients:
    """The clients that share something telling with the drafts."""
    rows = [draft.row for draft in drafts]
    born = [row for row in rows if row["birth_hash"]]
    found = await work.fetch(
        _CANDIDATES,
        organisation_id=work.organisation_id,
        hashes=[point["hash"] for draft in drafts for point in draft.points],
        sirens=_values(rows, "siren"),
        sirets=_values(rows, "siret"),
        vat_numbers=_values(rows, "vat_number"),
        births=[row["birth_hash"] for row in born],
        families=[naming.search_name(row["family_name"], business=False)[:4] for row in born],
        names=[draft.row["search_name"] for draft in drafts if draft.addresses],
        postal_codes=[draft.addresses[0]["postal_code"] for draft in drafts if draft.addresses],
    )
    known = KnownClients()
    for row in await _with_parts([row["id"] for row in found], work):
        known.add(
            row["id"],
            portrait(row, row["contact_points"] or (), row["addresses"] or ()),
            row["client_code"],
            row["display_name"],
        )
    return known


async def _with_parts(ids: list[UUID], work: UnitOfWork) -> list[Row]:
    if not ids:
        return []
    return await work.fetch(
        FULL.where(
            client.c.organisation_id == work.organisation_id,
            one_of(client.c.id, ids),
            one_of(client.c.record_state, (RecordState.LIVE, RecordState.ARCHIVED)),
        )
    )


def _traits(found: Portrait) -> Iterable[tuple[str, Any]]:
    """What two clients must share at least one of to score 60."""
    yield from (("email", value) for value in found.emails)
    yield from (("phone", value) for value in found.phones)
    yield from (("home", (found.name, postal_code)) for postal_code, _ in found.addresses)
    for name in ("siren", "siret", "vat_number", "birth_hash"):
        value = getattr(found, name)
        if value is not None:
            yield name, value


def _values(rows: Iterable[dict[str, Any]], name: str) -> list[str]:
    return [row[name] for row in rows if row[name]]


_LEGAL: Final = ("legal_name", "siren", "siret", "vat_number")


def _address_of(read: ReadRow) -> AddressDraft | None:
    values = read.values
    if ImportField.LINE1 not in values:
        return None
    usage = AddressUsage.HOME if read.type is ClientType.INDIVIDUAL else AddressUsage.HEAD_OFFICE
    return AddressDraft.model_construct(
        usage=frozenset({usage}),
        recipient_line=None,
        delivery_point=None,
        building=None,
        line1=values[ImportField.LINE1],
        line2=read.get(ImportField.LINE2),
        postal_code=values[ImportField.POSTAL_CODE],
        city=values[ImportField.CITY],
        country=values[ImportField.COUNTRY],
        valid_from=None,
        valid_to=None,
    )
