"""Requests about lots."""

from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from actors.calendar import views
from actors.calendar.audit import record_change
from actors.calendar.rows import changed_row, new_row
from actors.calendar.rules.configuration import Lot, gaps_of, overlapping
from messages.calendar.codes import INVALID_DAY_RANGE, LOT_CODE_TAKEN, LOT_IN_USE, LOT_NOT_FOUND, LOT_OVERLAP
from messages.calendar.configurations import DebitConfigurationChanged
from messages.calendar.lots import (
    ChangedLot,
    CreateDebitLot,
    DeactivateDebitLot,
    GetDebitLot,
    ReactivateDebitLot,
    UpdateDebitLot,
)
from messages.calendar.terms import ConfigurationKind, ConfigurationLevel
from messages.problem import Refused
from messages.values.identifiers import new_id
from runtime.unit_of_work import Row, UnitOfWork
from storage.calendar.tables import debit_configuration, debit_lot

_FIELDS = ("code", "name", "start_day", "end_day", "is_active")


async def create_debit_lot(request: CreateDebitLot, work: UnitOfWork) -> ChangedLot:
    """Add a lot to the set of the organisation or of a company."""
    await _lock_sets(work)
    known = await work.fetch_one(_set(request.company_id, work).where(debit_lot.c.code == request.code))
    if known is not None:
        raise Refused(LOT_CODE_TAKEN, f"the lot {request.code} exists already; change or reactivate it")
    row = {**new_row(new_id(), work), **request.model_dump(), "is_active": True}
    await _refuse_overlap(row, work)
    await work.insert(debit_lot, **row)
    _say_changed(None, row, work)
    return await _shown(row, work)


async def update_debit_lot(request: UpdateDebitLot, work: UnitOfWork) -> ChangedLot:
    """Change what was sent."""
    row = await _locked(request.lot_id, work)
    work.check_version(request.expected_version, row["version"])
    sent = request.model_dump(exclude={"lot_id", "expected_version"}, exclude_none=True)
    changed = {name: value for name, value in sent.items() if row[name] != value}
    after = {**row, **changed}
    if after["end_day"] < after["start_day"]:
        text = "end_day lies before start_day; exchange them"
        raise Refused.field("end_day", "range", text, INVALID_DAY_RANGE)
    if after["is_active"]:
        await _refuse_overlap(after, work)
    return await _store(row, changed, work) if changed else await _shown(row, work)


async def get_debit_lot(request: GetDebitLot, work: UnitOfWork) -> ChangedLot:
    """One lot."""
    return await _shown(await work.load(_by_id(request.lot_id, work), "lot", code=LOT_NOT_FOUND), work)


async def deactivate_debit_lot(request: DeactivateDebitLot, work: UnitOfWork) -> ChangedLot:
    """Stop using a lot."""
    row = await _locked(request.lot_id, work)
    if not row["is_active"]:
        return await _shown(row, work)
    used = await work.fetch_one(
        select(debit_configuration.c.id)
        .where(
            debit_configuration.c.organisation_id == work.organisation_id,
            debit_configuration.c.is_active,
            debit_configuration.c.lot_code == row["code"],
        )
        .limit(1)
    )
    if used is not None:
        raise Refused(
            LOT_IN_USE,
            f"a configuration names the lot {row['code']}; change that one first",
            details={"configuration_id": str(used["id"])},
        )
    return await _store(row, {"is_active": False}, work)


async def reactivate_debit_lot(request: ReactivateDebitLot, work: UnitOfWork) -> ChangedLot:
    """Use a lot again."""
    row = await _locked(request.lot_id, work)
    if row["is_active"]:
        return await _shown(row, work)
    await _refuse_overlap(row, work)
    return await _store(row, {"is_active": True}, work)


# -- steps of the handlers ---------------------------------------------------------------------------------------


def _by_id(lot_id: UUID, work: UnitOfWork) -> Any:
    return select(debit_lot).where(debit_lot.c.organisation_id == work.organisation_id, debit_lot.c.id == lot_id)


def _set(company_id: UUID | None, work: UnitOfWork) -> Any:
    return select(debit_lot).where(
        debit_lot.c.organisation_id == work.organisation_id, debit_lot.c.company_id.is_not_distinct_from(company_id)
    )


async def _lock_sets(work: UnitOfWork) -> None:
    """Changes of lots queue at the SYSTEM configuration, so that two cannot overlap unseen."""
    await work.fetch_one(
        select(debit_configuration.c.id)
        .where(
            debit_configuration.c.organisation_id == work.organisation_id,
            debit_configuration.c.level == ConfigurationLevel.SYSTEM,
            debit_configuration.c.is_active,
        )
        .with_for_update()
    )


async def _locked(lot_id: UUID, work: UnitOfWork) -> Row:
    await _lock_sets(work)
    return await work.load(_by_id(lot_id, work).with_for_update(), "lot", code=LOT_NOT_FOUND)


async def _others(row: Row, work: UnitOfWork) -> list[Lot]:
    rows = await work.fetch(_set(row["company_id"], work).where(debit_lot.c.is_active, debit_lot.c.id != row["id"]))
    return [views.lot_rule_of(found) for found in rows]


async def _refuse_overlap(row: Row, work: UnitOfWork) -> None:
    other = overlapping(views.lot_rule_of(row), await _others(row, work))
    if other is not None:
        raise Refused.field(
            "start_day",
            "overlap",
            f"lot {other.code} has the days {other.start_day} to {other.end_day}; choose days that are free",
            LOT_OVERLAP,
        )


async def _shown(row: Row, work: UnitOfWork) -> ChangedLot:
    lots = await _others(row, work) + ([views.lot_rule_of(row)] if row["is_active"] else [])
    return ChangedLot.model_validate({**row, "lot_id": row["id"], "gaps": gaps_of(lots)})


async def _store(row: Row, changed: dict[str, Any], work: UnitOfWork) -> ChangedLot:
    columns = {**changed, **changed_row(row["version"] + 1, work)}
    await work.execute(update(debit_lot).where(debit_lot.c.id == row["id"]).values(**columns))
    after = {**row, **columns}
    _say_changed(row, after, work)
    return await _shown(after, work)


def _say_changed(before: Row | None, after: Row, work: UnitOfWork) -> None:
    company_id = after["company_id"]
    event = DebitConfigurationChanged(
        configuration_id=after["id"],
        kind=ConfigurationKind.LOT,
        level=ConfigurationLevel.COMPANY if company_id else ConfigurationLevel.SYSTEM,
        scope_id=company_id,
        before={name: before[name] for name in _FIELDS} if before is not None else None,
        after={name: after[name] for name in _FIELDS},
    )
    work.emit(event, version=after["version"])
    record_change("debit_lot", after["id"], event.before, event.after, work)
