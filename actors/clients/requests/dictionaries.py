"""Requests about the dictionaries without a shape of their own: billing periods and modes, issue modes, status codes."""

from collections.abc import Sequence
from typing import Any

import asyncpg
from sqlalchemy import any_, literal, or_, select, update

from actors.clients.dictionaries import state_entry, state_retirement
from actors.clients.rules.periods import months_equivalent
from messages.clients import (
    DEFAULT_REQUIRED,
    DICTIONARY_CODE_EXISTS,
    DICTIONARY_ENTRY_NOT_FOUND,
    CreateDictionaryEntry,
    DictionaryEntries,
    DictionaryEntry,
    DictionaryKind,
    GetDictionaryEntry,
    ListDictionary,
    RetireDictionaryEntry,
    UpdateDictionaryEntry,
)
from messages.problem import Refused
from messages.values.due_dates import PeriodUnit
from messages.values.identifiers import new_id
from runtime.unit_of_work import Row, UnitOfWork
from storage.clients.queries import one_of
from storage.clients.tables import dictionary_entry


async def list_dictionary(request: ListDictionary, work: UnitOfWork) -> DictionaryEntries:
    """The entries of one dictionary."""
    entry = dictionary_entry.c
    wanted = select(dictionary_entry).where(entry.organisation_id == work.organisation_id, entry.kind == request.kind)
    if request.active is not None:
        wanted = wanted.where(entry.active.is_(request.active))
    if request.search is not None:
        text = request.search
        wanted = wanted.where(entry.code.icontains(text, autoescape=True) | entry.name.icontains(text, autoescape=True))
    rows = await work.fetch(wanted.order_by(entry.position, entry.code))
    return DictionaryEntries(items=tuple(_shown(row) for row in rows))


async def get_dictionary_entry(request: GetDictionaryEntry, work: UnitOfWork) -> DictionaryEntry:
    """One entry."""
    entry = dictionary_entry.c
    if request.entry_id is not None:
        return _shown(await _entry(work, entry.kind == request.kind, entry.id == request.entry_id))
    name = (request.code or "").strip().upper()
    return _shown(await _entry(work, entry.kind == request.kind, _is_called((name,))))


async def create_dictionary_entry(request: CreateDictionaryEntry, work: UnitOfWork) -> DictionaryEntry:
    """Add an entry."""
    settings = request.settings.model_dump(mode="json", exclude_none=True)
    row = {
        **request.model_dump(exclude={"settings", "aliases"}),
        "aliases": _upper(request.aliases),
        "id": new_id(),
        "organisation_id": work.organisation_id,
        "active": True,
        "version": 1,
        "settings": settings,
    }
    await _check_names(row, [request.code, *row["aliases"]], work)
    if request.is_default:
        await _clear_default(row, work)
    try:
        await work.insert(dictionary_entry, **row)
    except asyncpg.UniqueViolationError:
        raise Refused(
            DICTIONARY_CODE_EXISTS, f"the dictionary has an entry {request.code} already; choose another code"
        ) from None
    state_entry(row, work)
    return _shown(row)


async def update_dictionary_entry(request: UpdateDictionaryEntry, work: UnitOfWork) -> DictionaryEntry:
    """Change the fields that were sent."""
    row = await _entry(work, dictionary_entry.c.id == request.entry_id, lock=True)
    work.check_version(request.expected_version, row["version"])
    sent = request.model_dump(exclude={"entry_id", "expected_version"}, exclude_unset=True)
    for name in ("name", "position", "is_default", "aliases"):
        if name in sent and sent[name] is None:
            raise Refused.field(name, "required", f"{name} cannot be empty; give a value or leave it out")
    if row["is_default"] and sent.get("is_default") is False:
        raise Refused.field("is_default", "default", "one entry is the default; make another one the default instead")
    if sent.get("is_default") and not row["active"]:
        raise Refused.field("is_default", "retired", "a retired entry cannot be the default; choose another one")
    if "aliases" in sent:
        sent["aliases"] = _upper(sent["aliases"])
        await _check_names(row, sent["aliases"], work)
    changed = {name: value for name, value in sent.items() if row[name] != value}
    if not changed:
        return _shown(row)
    if changed.get("is_default"):
        await _clear_default(row, work)
    after = await _store(row, changed, work)
    state_entry(after, work)
    return _shown(after)


async def retire_dictionary_entry(request: RetireDictionaryEntry, work: UnitOfWork) -> DictionaryEntry:
    """Take an entry out of use."""
    row = await _entry(work, dictionary_entry.c.id == request.entry_id, lock=True)
    if row["is_default"]:
        raise Refused(DEFAULT_REQUIRED, "the default entry cannot be retired; make another one the default first")
    if not row["active"]:
        return _shown(row)
    after = await _store(row, {"active": False}, work)
    state_entry(after, work)
    state_retirement(after, work)
    return _shown(after)


# -- steps of the handlers ---------------------------------------------------------------------------------------


def _shown(row: Row | dict[str, Any]) -> DictionaryEntry:
    fields = dict(row)
    if fields["kind"] == DictionaryKind.BILLING_PERIOD:
        settings = fields["settings"]
        fields["months_equivalent"] = months_equivalent(PeriodUnit(settings["unit"]), settings["count"])
    return DictionaryEntry.model_validate(fields)


def _upper(aliases: frozenset[str]) -> list[str]:
    return sorted({alias.upper() for alias in aliases})


def _is_called(names: Sequence[str]) -> Any:
    entry = dictionary_entry.c
    return or_(one_of(entry.code, names), *(literal(name) == any_(entry.aliases) for name in names))


async def _check_names(row: Row | dict[str, Any], names: Sequence[str], work: UnitOfWork) -> None:
    """No two entries of a dictionary answer to one name."""
    entry = dictionary_entry.c
    others = select(entry.code).where(
        entry.organisation_id == work.organisation_id,
        entry.kind == row["kind"],
        entry.id != row["id"],
        _is_called(names),
    )
    taken = await work.fetch_value(others.limit(1))
    if taken is not None:
        raise Refused(DICTIONARY_CODE_EXISTS, f"entry {taken} has this code or alias already; choose another one")


async def _entry(work: UnitOfWork, *conditions: Any, lock: bool = False) -> Row:
    wanted = select(dictionary_entry).where(dictionary_entry.c.organisation_id == work.organisation_id, *conditions)
    return await work.load(
        wanted.with_for_update() if lock else wanted, "dictionary_entry", code=DICTIONARY_ENTRY_NOT_FOUND
    )


async def _store(row: Row, changed: dict[str, Any], work: UnitOfWork) -> dict[str, Any]:
    after = {**row, **changed, "version": row["version"] + 1}
    await work.execute(
        update(dictionary_entry)
        .where(dictionary_entry.c.organisation_id == work.organisation_id, dictionary_entry.c.id == row["id"])
        .values(**changed, version=after["version"])
    )
    return after


async def _clear_default(row: Row | dict[str, Any], work: UnitOfWork) -> None:
    """The default before loses its place, and that is told; status codes have one default per category."""
    entry = dictionary_entry.c
    wanted = select(dictionary_entry).where(
        entry.organisation_id == work.organisation_id, entry.kind == row["kind"], entry.is_default.is_(True)
    )
    if row["kind"] == DictionaryKind.CLIENT_STATUS:
        wanted = wanted.where(entry.settings["category"].astext == row["settings"]["category"])
    before = await work.fetch_one(wanted.with_for_update())
    if before is not None:
        state_entry(await _store(before, {"is_default": False}, work), work)
