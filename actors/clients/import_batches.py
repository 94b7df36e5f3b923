"""A batch of rows of an import: compared, stored and told in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select

from actors.clients import views
from actors.clients.codes import next_code
from actors.clients.import_drafts import Draft, KnownClients, draft_of, known_clients
from actors.clients.import_updates import update_from
from actors.clients.pairs import open_pairs
from actors.clients.rules.import_rows import ReadRow
from actors.clients.rules.imports import outcome_of
from messages.clients import (
    ClientCreated,
    DuplicatePolicy,
    ImportField,
    ImportOptions,
    RecordState,
    RowOutcome,
)
from runtime.unit_of_work import UnitOfWork
from storage.clients.queries import ACTIVE_COMPANIES, one_of
from storage.clients.tables import address, client, company_ref, contact_point
from storage.shared.statements import Statement

# The same locks that creating a client takes (actors/clients/duplicates.py), in the same order.
_LOCK: Final = Statement(
    "select count(pg_advisory_xact_lock(hashtextextended(key, 0))) from unnest($1::text[]) as key", ("keys",), {}
)
_LEARN: Final = Statement("select learn_words($1, $2::text[])", ("organisation_id", "words"), {})


@dataclass(slots=True)
class Decided:
    """What became of a row."""

    read: ReadRow
    outcome: RowOutcome
    client_id: UUID | None = None

    @property
    def has_account(self) -> bool:
        """Whether payments is to get the account of the row's client."""
        mine = self.outcome in (RowOutcome.CREATED, RowOutcome.UPDATED)
        return mine and self.read.get(ImportField.IBAN) is not None


async def decide(rows: Sequence[ReadRow], options: ImportOptions, work: UnitOfWork, *, dry_run: bool) -> list[Decided]:
    """Decide about every row and, unless it is a dry run, do it."""
    companies = await _companies(work)
    codes = await _taken_codes(rows, work)
    drafts: dict[int, Draft] = {}
    for read in rows:
        company_id = _company_of(read, options, companies)
        _check_code(read, codes)
        if not read.errors and company_id is not None:
            code = await _code_of(read, work, dry_run=dry_run)
            drafts[read.line] = await draft_of(read, company_id, options.default_source, code, work)
    if not dry_run:
        await _lock(drafts.values(), work)
    known = await known_clients([*drafts.values()], work)
    decided = [_decide(read, drafts.get(read.line), known, options) for read in rows]
    if not dry_run:
        await _store([drafts[found.read.line] for found in decided if found.outcome is RowOutcome.CREATED], work)
        for found in decided:
            if found.outcome is RowOutcome.UPDATED and found.client_id is not None:
                await update_from(drafts[found.read.line], found.client_id, work, overwrite=options.overwrite)
        return decided
    return [_as_dry_run(found) for found in decided]


# -- deciding ----------------------------------------------------------------------------------------------------


def _decide(read: ReadRow, draft: Draft | None, known: KnownClients, options: ImportOptions) -> Decided:
    if draft is None:
        return Decided(read, RowOutcome.INVALID)
    draft.matches = known.like(draft.portrait)
    outcome = outcome_of(draft.best, options.duplicate_policy)
    if outcome is not RowOutcome.PENDING:
        return Decided(read, outcome, draft.matches[0].client_id)
    siret = draft.row["siret"]
    if siret and options.duplicate_policy is DuplicatePolicy.CREATE and ("siret", siret) in known.by_trait:
        read.refuse("siret", "SIRET_IN_USE", "another client has this SIRET; take SKIP or UPDATE for duplicates")
        return Decided(read, RowOutcome.INVALID)
    known.add(draft.row["id"], draft.portrait, draft.row["client_code"], draft.row["display_name"])
    return Decided(read, RowOutcome.CREATED, draft.row["id"])


def _as_dry_run(found: Decided) -> Decided:
    """After a dry run a row that would become a client is pending, and has no client yet."""
    if found.outcome is RowOutcome.CREATED:
        return Decided(found.read, RowOutcome.PENDING)
    return found


def _company_of(read: ReadRow, options: ImportOptions, companies: dict[str, UUID]) -> UUID | None:
    named = read.get(ImportField.COMPANY)
    if named is not None:
        if (company_id := companies.get(named.upper())) is None:
            read.refuse("company", "COMPANY_UNKNOWN", f"use the code of a company: {', '.join(sorted(companies))}")
        return company_id
    if options.default_company_id is not None:
        return options.default_company_id
    if len(companies) == 1:
        return next(iter(companies.values()))
    read.refuse("company", "COMPANY_REQUIRED", "name the selling company in a column, or as the import's default")
    return None


def _check_code(read: ReadRow, taken: set[str]) -> None:
    code = read.get(ImportField.CLIENT_CODE)
    if code is None:
        return
    if code in taken:
        read.refuse("client_code", "CLIENT_CODE_EXISTS", "the code is taken; correct it or leave it empty")
    taken.add(code)


async def _code_of(read: ReadRow, work: UnitOfWork, *, dry_run: bool) -> str:
    given = read.get(ImportField.CLIENT_CODE)
    if given is not None or dry_run:
        return given or ""
    return await next_code(work)


async def _companies(work: UnitOfWork) -> dict[str, UUID]:
    active = {row["company_id"] for row in await work.fetch(ACTIVE_COMPANIES, organisation_id=work.organisation_id)}
    company = company_ref.c
    rows = await work.fetch(
        select(company.code, company.company_id).where(company.organisation_id == work.organisation_id)
    )
    return {row["code"].upper(): row["company_id"] for row in rows if row["company_id"] in active}


async def _taken_codes(rows: Sequence[ReadRow], work: UnitOfWork) -> set[str]:
    codes = [code for read in rows if (code := read.get(ImportField.CLIENT_CODE)) is not None]
    if not codes:
        return set()
    own = client.c
    found = await work.fetch(
        select(own.client_code).where(own.organisation_id == work.organisation_id, one_of(own.client_code, codes))
    )
    return {row["client_code"] for row in found}


# -- storing -----------------------------------------------------------------------------------------------------


async def _lock(drafts: Any, work: UnitOfWork) -> None:
    keys = {point["hash"] for draft in drafts for point in draft.points}
    keys |= {draft.row["siret"] for draft in drafts if draft.row["siret"]}
    await work.fetch(_LOCK, keys=[f"{work.organisation_id}:{key}" for key in sorted(keys)])


async def _store(drafts: Sequence[Draft], work: UnitOfWork) -> None:
    """Insert the new clients with their parts, and tell each."""
    words = sorted({word for draft in drafts for word in draft.row["search_name"].split()})
    await work.fetch(_LEARN, organisation_id=work.organisation_id, words=words)
    await work.insert_rows(client, [draft.row for draft in drafts])
    await work.insert_rows(contact_point, [point for draft in drafts for point in draft.points])
    await work.insert_rows(address, [found for draft in drafts for found in draft.addresses])
    for draft in drafts:
        stored = {**_NEW, **draft.row, "contact_points": draft.points}
        stored["addresses"] = [{**found, "id": str(found["id"])} for found in draft.addresses]
        work.emit(ClientCreated.model_construct(**views.snapshot_of(stored)), version=1)
    for draft in drafts:
        await open_pairs(draft.row["id"], draft.matches, work)


_NEW: Final = {"version": 1, "owner_user_id": None, "sales_rep_id": None, "record_state": RecordState.LIVE}
