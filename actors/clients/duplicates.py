"""Whether a client exists already: found by what identifies him, under locks, so that two cannot be created at once (6.3)."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select

from actors.clients.rules.likeness import Portrait, is_refused, level_of, likeness
from actors.clients.rules.naming import search_name
from actors.clients.settings import settings_of
from messages.clients import (
    DUPLICATE_CLIENT,
    SIRET_IN_USE,
    ClientType,
    ContactKind,
    DuplicateLevel,
    DuplicateMatch,
    DuplicateThresholds,
    OnDuplicate,
    RecordState,
)
from messages.problem import Refused
from messages.values.text import search_form
from runtime.unit_of_work import Row, UnitOfWork
from storage.clients.queries import FULL, LOCK_AND_COMPANIES, SHARED_IDENTITY, one_of
from storage.clients.tables import address, bank_details_ref, client

_MOST_CANDIDATES = 200
_LEAST_NAME_LIKENESS = 0.45
_SHOWN = (DuplicateLevel.CERTAIN, DuplicateLevel.PROBABLE)


async def lock_identity(points: Sequence[dict[str, Any]], siret: str | None, work: UnitOfWork) -> set[UUID]:
    """Keep others from creating the same client until this transaction ends; the organisation's active companies.

    One lock per e-mail address, phone number and SIRET, taken in one order by everybody.
    """
    keys = sorted([*(point["hash"] for point in points), *([siret] if siret else [])])
    rows = await work.fetch(
        LOCK_AND_COMPANIES,
        organisation_id=work.organisation_id,
        keys=[f"{work.organisation_id}:{key}" for key in keys],
    )
    return {UUID(str(row["company_id"])) for row in rows}


async def refuse_duplicates(
    row: Row | dict[str, Any],
    points: Sequence[dict[str, Any]],
    addresses: Sequence[dict[str, Any]],
    policy: OnDuplicate | None,
    work: UnitOfWork,
) -> tuple[DuplicateMatch, ...]:
    """Refuse a client who is certainly known; who is probably the same is returned. Needs `lock_identity` before."""
    hashes = sorted(point["hash"] for point in points)
    found = await candidates(row, hashes, addresses, frozenset(), work)
    if not found:
        return ()
    settings = await settings_of(work)
    matches = rank(portrait(row, points, addresses), found, thresholds=settings.duplicate_thresholds)
    refused = [match for match in matches if is_refused(match.level, policy or settings.on_duplicate)]
    if refused:
        best = refused[0]
        raise Refused(
            DUPLICATE_CLIENT,
            f"client {best.client_code} is {best.level.lower()}ly the same; open that record, or create with "
            "on_duplicate ALLOW",
            details={"candidates": [match.model_dump(mode="json", exclude={"display_name"}) for match in refused]},
        )
    _refuse_known_siret(row, found)
    return tuple(match for match in matches if match.level in _SHOWN)


def _refuse_known_siret(row: Row | dict[str, Any], found: Iterable[Row]) -> None:
    for other in found:
        if row["siret"] and other["siret"] == row["siret"] and other["record_state"] == RecordState.LIVE:
            raise Refused(
                SIRET_IN_USE,
                f"the client {other['client_code']} has this SIRET already; open that record instead",
                details={"client_code": other["client_code"]},
            )


async def candidates(
    row: Row | dict[str, Any],
    hashes: Sequence[str],
    addresses: Sequence[dict[str, Any]],
    accounts: frozenset[str],
    work: UnitOfWork,
) -> list[Row]:
    """The clients that share something telling with this one, at most 200."""
    shared = {name: row[name] for name in ("siren", "siret", "vat_number", "birth_hash")}
    ids = {
        found["id"]
        for found in await work.fetch(
            SHARED_IDENTITY, organisation_id=work.organisation_id, hashes=[*hashes], most=_MOST_CANDIDATES, **shared
        )
    }
    for source in _sources(row, addresses, accounts, work):
        ids |= {found["id"] for found in await work.fetch(source.limit(_MOST_CANDIDATES))}
    ids.discard(row["id"])
    if not ids:
        return []
    statement = FULL.where(
        client.c.organisation_id == work.organisation_id,
        one_of(client.c.id, ids),
        one_of(client.c.record_state, (RecordState.LIVE, RecordState.ARCHIVED)),
    )
    return await work.fetch(statement.limit(_MOST_CANDIDATES))


def _sources(
    row: Row | dict[str, Any],
    addresses: Sequence[dict[str, Any]],
    accounts: frozenset[str],
    work: UnitOfWork,
) -> Iterator[Select[Any]]:
    """The dearer questions: bank accounts, and similar names at the same postal code."""
    if accounts:
        yield select(bank_details_ref.c.client_id.label("id")).where(
            bank_details_ref.c.organisation_id == work.organisation_id,
            one_of(bank_details_ref.c.iban_fingerprint, sorted(accounts)),
        )
    postal_codes = sorted({found["postal_code"] for found in addresses})
    if postal_codes:
        yield (
            select(client.c.id)
            .join(address, address.c.client_id == client.c.id)
            .where(
                address.c.organisation_id == work.organisation_id,
                one_of(address.c.postal_code, postal_codes),
                func.similarity(client.c.search_name, row["search_name"]) >= _LEAST_NAME_LIKENESS,
            )
        )


def portrait(
    row: Row | dict[str, Any],
    points: Iterable[dict[str, Any]],
    addresses: Iterable[dict[str, Any]],
    accounts: frozenset[str] = frozenset(),
) -> Portrait:
    """A client as duplicates are compared."""
    found = list(points)
    return Portrait(
        business=row["type"] != ClientType.INDIVIDUAL,
        family_name=search_name(row["family_name"] or "", business=False),
        given_name=search_name(row["given_name"] or "", business=False),
        name=row["search_name"],
        birth_hash=row["birth_hash"],
        emails=frozenset(point["value"].lower() for point in found if point["kind"] == ContactKind.EMAIL),
        phones=frozenset(point["value"] for point in found if point["kind"] == ContactKind.PHONE),
        accounts=accounts,
        addresses=frozenset((found["postal_code"], search_form(found["line1"])) for found in addresses),
        siren=row["siren"],
        siret=row["siret"],
        vat_number=row["vat_number"],
    )


def rank(
    one: Portrait,
    found: Iterable[Row],
    accounts: dict[Any, frozenset[str]] | None = None,
    *,
    thresholds: DuplicateThresholds,
) -> list[DuplicateMatch]:
    """The candidates that are possibly the same, the surest first."""
    matches = []
    for other in found:
        theirs = (accounts or {}).get(other["id"], frozenset())
        score, evidence = likeness(
            one, portrait(other, other["contact_points"] or (), other["addresses"] or (), theirs)
        )
        level = level_of(score, thresholds)
        if level is not None:
            matches.append(
                DuplicateMatch(
                    client_id=other["id"],
                    client_code=other["client_code"],
                    display_name=other["display_name"],
                    score=score,
                    level=level,
                    evidence=tuple(evidence),
                )
            )
    return sorted(matches, key=lambda match: (-match.score, match.client_code))
