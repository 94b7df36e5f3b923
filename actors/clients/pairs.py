"""Pairs of clients that may be one: opened when a change makes two records look alike (6.3)."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from actors.clients import duplicates
from actors.clients.settings import settings_of
from messages.clients import ClientDuplicateDetected, DuplicateLevel, DuplicateMatch, PairStatus
from messages.values.identifiers import new_id
from runtime.unit_of_work import Row, UnitOfWork
from storage.clients.queries import one_of
from storage.clients.tables import bank_details_ref, contact_point, duplicate_pair

_TOLD = (DuplicateLevel.CERTAIN, DuplicateLevel.PROBABLE)
_RISE = 15


async def note_duplicates(row: Row, work: UnitOfWork) -> None:
    """Compare a stored client with the others and open the pairs that are probably one."""
    await open_pairs(row["id"], await likely_same(row, work), work)


async def likely_same(row: Row, work: UnitOfWork) -> list[DuplicateMatch]:
    """Who is possibly the same as a stored client, his bank accounts included."""
    own = contact_point.c
    points = await work.fetch(
        select(own.hash).where(own.organisation_id == work.organisation_id, own.client_id == row["id"])
    )
    return await compare(row, row["contact_points"] or [], [point["hash"] for point in points], work)


async def compare(
    row: Row | dict[str, Any], points: Sequence[dict[str, Any]], hashes: Sequence[str], work: UnitOfWork
) -> list[DuplicateMatch]:
    """Who is possibly the same as a client or a draft of one."""
    addresses = row["addresses"] or []
    accounts = await _accounts([row["id"]], work)
    mine = accounts.get(row["id"], frozenset())
    found = await duplicates.candidates(row, hashes, addresses, mine, work)
    if not found:
        return []
    theirs = await _accounts([other["id"] for other in found], work)
    thresholds = (await settings_of(work)).duplicate_thresholds
    return duplicates.rank(duplicates.portrait(row, points, addresses, mine), found, theirs, thresholds=thresholds)


async def open_pairs(client_id: UUID, matches: Iterable[DuplicateMatch], work: UnitOfWork) -> None:
    """Open a pair per probable match; a dismissed one opens again only when its score rose by 15."""
    for match in matches:
        if match.level in _TOLD:
            await _open_pair(client_id, match, work)


async def close_pairs(client_id: UUID, work: UnitOfWork) -> None:
    """The client was merged: nobody needs to decide about his pairs any more."""
    await work.fetch(
        select(duplicate_pair.c.id)
        .where(*_open_pairs_of(client_id, work))
        .order_by(duplicate_pair.c.id)
        .with_for_update()
    )
    await work.execute(
        duplicate_pair.update()
        .where(*_open_pairs_of(client_id, work))
        .values(
            status=PairStatus.MERGED,
            version=duplicate_pair.c.version + 1,
            decided_by=work.caller.principal,
            decided_at=work.now,
        )
    )


def _open_pairs_of(client_id: UUID, work: UnitOfWork) -> tuple[Any, ...]:
    pair = duplicate_pair.c
    return (
        pair.organisation_id == work.organisation_id,
        pair.status == PairStatus.OPEN,
        (pair.client_a_id == client_id) | (pair.client_b_id == client_id),
    )


async def _open_pair(client_id: UUID, match: DuplicateMatch, work: UnitOfWork) -> None:
    first, second = sorted((client_id, match.client_id))
    found = {"score": match.score, "level": match.level, "evidence": list(match.evidence)}
    statement = insert(duplicate_pair).values(
        id=new_id(),
        organisation_id=work.organisation_id,
        version=1,
        client_a_id=first,
        client_b_id=second,
        status=PairStatus.OPEN,
        created_at=work.now,
        **found,
    )
    opened = await work.fetch_one(
        statement.on_conflict_do_update(
            index_elements=["organisation_id", "client_a_id", "client_b_id"],
            set_={
                **found,
                "status": PairStatus.OPEN,
                "decided_by": None,
                "decided_at": None,
                "version": duplicate_pair.c.version + 1,
            },
            where=(duplicate_pair.c.status == PairStatus.DISMISSED)
            & (duplicate_pair.c.score + _RISE <= statement.excluded.score),
        ).returning(duplicate_pair.c.id, duplicate_pair.c.version)
    )
    if opened is not None:
        work.emit(
            ClientDuplicateDetected(
                pair_id=opened["id"], client_ids=(first, second), score=match.score, level=match.level
            ),
            version=opened["version"],
        )


async def _accounts(client_ids: list[UUID], work: UnitOfWork) -> dict[UUID, frozenset[str]]:
    account = bank_details_ref.c
    rows = await work.fetch(
        select(account.client_id, account.iban_fingerprint).where(
            account.organisation_id == work.organisation_id, one_of(account.client_id, client_ids)
        )
    )
    found: dict[UUID, set[str]] = {}
    for row in rows:
        found.setdefault(row["client_id"], set()).add(row["iban_fingerprint"])
    return {client_id: frozenset(prints) for client_id, prints in found.items()}
