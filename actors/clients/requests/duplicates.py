"""Requests about clients that may be one."""

from typing import Any

from sqlalchemy import Select, func, select

from actors.clients.changes import shown_client
from actors.clients.civil_status import birth_hash_of
from actors.clients.pairs import compare, likely_same
from actors.clients.rows import address_row, contact_row
from actors.clients.rules.merging import PAIR
from actors.clients.rules.naming import search_name
from messages.clients import (
    DUPLICATE_PAIR_NOT_FOUND,
    ClientPortrait,
    ClientType,
    ContactKind,
    DismissDuplicate,
    DuplicateCandidate,
    DuplicateCandidatePage,
    DuplicateMatches,
    FindDuplicates,
    ListDuplicateCandidates,
    PairStatus,
)
from messages.values.identifiers import new_id
from runtime.pagination import page
from runtime.unit_of_work import Row, UnitOfWork
from storage.clients.tables import client, duplicate_pair


async def find_duplicates(request: FindDuplicates, work: UnitOfWork) -> DuplicateMatches:
    """Who may be the same as this client, or as the person described."""
    if request.draft is not None:
        return DuplicateMatches(items=tuple(await _like_draft(request.draft, work)))
    assert request.client_id is not None
    row = await shown_client(request.client_id, work)
    return DuplicateMatches(items=tuple(await likely_same(row, work)))


async def list_duplicate_candidates(request: ListDuplicateCandidates, work: UnitOfWork) -> DuplicateCandidatePage:
    """A page of pairs, the surest first."""
    pair = duplicate_pair.c
    wanted = _PAIRS.where(
        pair.organisation_id == work.organisation_id, pair.status == request.status, pair.score >= request.min_score
    )
    return await page(
        work,
        request,
        wanted,
        order=(pair.score, pair.id),
        descending=True,
        reply=DuplicateCandidatePage,
        item=_pair_of,
    )


async def dismiss_duplicate(request: DismissDuplicate, work: UnitOfWork) -> DuplicateCandidate:
    """Say that two clients are not one."""
    pair = duplicate_pair.c
    wanted = _PAIRS.where(pair.organisation_id == work.organisation_id, pair.id == request.pair_id)
    row = await work.load(
        wanted.with_for_update(of=duplicate_pair),
        "duplicate_pair",
        code=DUPLICATE_PAIR_NOT_FOUND,
        id=request.pair_id,
    )
    decided = {
        "status": PAIR.after("dismiss", PairStatus(row["status"])),
        "decided_by": work.caller.principal,
        "decided_at": work.now,
        "reason": request.reason,
        "version": row["version"] + 1,
    }
    await work.execute(
        duplicate_pair.update()
        .where(pair.organisation_id == work.organisation_id, pair.id == row["id"])
        .values(**decided)
    )
    work.record("client_duplicate", row["id"], before={"status": row["status"]}, after={"status": decided["status"]})
    return _pair_of({**row, **decided})


async def _like_draft(draft: ClientPortrait, work: UnitOfWork) -> list[Any]:
    person = draft.type is ClientType.INDIVIDUAL
    business = draft.business
    name = f"{draft.given_name or ''} {draft.family_name or ''}" if person else business.legal_name if business else ""
    nobody = new_id()
    points = [
        contact_row(nobody, kind, value, False, work)
        for kind, values in ((ContactKind.EMAIL, draft.emails), (ContactKind.PHONE, draft.phones))
        for value in values
    ]
    row = {
        "id": nobody,
        "type": draft.type,
        "given_name": draft.given_name,
        "family_name": draft.family_name,
        "search_name": search_name(name, business=not person),
        "birth_hash": birth_hash_of(draft.birth_date, work),
        "siren": business.siren or (business.siret or "")[:9] or None if business else None,
        "siret": business.siret if business else None,
        "vat_number": business.vat_number if business else None,
        "addresses": [address_row(found, nobody, work) for found in draft.addresses],
    }
    return list(await compare(row, points, [point["hash"] for point in points], work))


def _pair_of(row: Row | dict[str, Any]) -> DuplicateCandidate:
    return DuplicateCandidate.model_validate(dict(row))


_one, _other = client.alias("one"), client.alias("other")


def _side(table: Any, name: str) -> Any:
    return func.jsonb_build_object(
        "client_id", table.c.id, "client_code", table.c.client_code, "display_name", table.c.display_name
    ).label(name)


_PAIRS: Select[Any] = (
    select(duplicate_pair, _side(_one, "first"), _side(_other, "second"))
    .join(_one, _one.c.id == duplicate_pair.c.client_a_id)
    .join(_other, _other.c.id == duplicate_pair.c.client_b_id)
)
