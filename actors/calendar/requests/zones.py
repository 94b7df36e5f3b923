"""Requests about holiday zones."""

from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from actors.calendar.audit import record_change
from actors.calendar.rows import changed_row, new_row
from actors.calendar.situation import rules_of_zone
from messages.calendar.codes import (
    HOLIDAY_ZONE_NOT_FOUND,
    SYSTEM_ZONE,
    UNKNOWN_COUNTRY,
    UNKNOWN_REGION,
    ZONE_CODE_TAKEN,
    ZONE_IN_USE,
)
from messages.calendar.lots import (
    ChangedZone,
    CreateHolidayZone,
    DeleteHolidayZone,
    Done,
    GetHolidayZone,
    UpdateHolidayZone,
)
from messages.problem import Refused
from messages.values.business_days import UnknownHolidayZone, holiday_names
from messages.values.identifiers import new_id
from runtime.unit_of_work import Row, UnitOfWork
from storage.calendar.tables import debit_configuration, holiday_zone


async def create_holiday_zone(request: CreateHolidayZone, work: UnitOfWork) -> ChangedZone:
    """Add a zone; a region that no rules are known for is refused, never replaced by its country."""
    row = {**new_row(new_id(), work), **request.model_dump(), "is_system": False, "is_active": True}
    try:
        holiday_names(rules_of_zone(row), work.today().year)
    except UnknownHolidayZone:
        if request.region_code is None:
            text = f"no holidays are known for {request.country_code}; choose another country_code"
            raise Refused.field("country_code", "unknown", text, UNKNOWN_COUNTRY) from None
        text = f"no holidays are known for region {request.region_code}; correct it, or leave it out"
        raise Refused.field("region_code", "unknown", text, UNKNOWN_REGION) from None
    if not await work.execute(insert(holiday_zone).values(**row).on_conflict_do_nothing()):
        raise Refused(ZONE_CODE_TAKEN, f"a zone {request.code} exists already; choose another code")
    record_change("holiday_zone", row["id"], None, {"code": row["code"], "country": row["country_code"]}, work)
    return _shown(row)


async def update_holiday_zone(request: UpdateHolidayZone, work: UnitOfWork) -> ChangedZone:
    """Rename a zone."""
    row = await _locked(request.holiday_zone_id, work)
    work.check_version(request.expected_version, row["version"])
    if row["name"] == request.name:
        return _shown(row)
    return _shown(await _store(row, {"name": request.name}, work))


async def get_holiday_zone(request: GetHolidayZone, work: UnitOfWork) -> ChangedZone:
    """One zone."""
    return _shown(await work.load(_by_id(request.holiday_zone_id, work), "zone", code=HOLIDAY_ZONE_NOT_FOUND))


async def delete_holiday_zone(request: DeleteHolidayZone, work: UnitOfWork) -> Done:
    """Stop using a zone."""
    row = await _locked(request.holiday_zone_id, work)
    if row["is_system"]:
        raise Refused(SYSTEM_ZONE, f"{row['code']} is a zone of the system and stays")
    named = await work.fetch_value(
        select(debit_configuration.c.id)
        .where(
            debit_configuration.c.organisation_id == work.organisation_id,
            debit_configuration.c.is_active,
            debit_configuration.c.holiday_zone_id == row["id"],
        )
        .limit(1)
    )
    if named is not None:
        raise Refused(
            ZONE_IN_USE,
            f"a configuration names the zone {row['code']}; change that one first",
            details={"configuration_id": str(named)},
        )
    await _store(row, {"is_active": False}, work)
    return Done(id=row["id"])


# -- steps of the handlers ---------------------------------------------------------------------------------------


def _by_id(zone_id: UUID, work: UnitOfWork) -> Any:
    return select(holiday_zone).where(
        holiday_zone.c.organisation_id == work.organisation_id, holiday_zone.c.id == zone_id, holiday_zone.c.is_active
    )


async def _locked(zone_id: UUID, work: UnitOfWork) -> Row:
    return await work.load(_by_id(zone_id, work).with_for_update(), "zone", code=HOLIDAY_ZONE_NOT_FOUND)


async def _store(row: Row, changed: dict[str, Any], work: UnitOfWork) -> dict[str, Any]:
    columns = {**changed, **changed_row(row["version"] + 1, work)}
    await work.execute(update(holiday_zone).where(holiday_zone.c.id == row["id"]).values(**columns))
    record_change("holiday_zone", row["id"], {name: row[name] for name in changed}, changed, work)
    return {**row, **columns}


def _shown(row: Row) -> ChangedZone:
    return ChangedZone.model_validate({**row, "holiday_zone_id": row["id"]})
