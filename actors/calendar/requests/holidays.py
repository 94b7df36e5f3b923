"""Requests about closed days."""

from typing import Any

from sqlalchemy import select, update

from actors.calendar import views
from actors.calendar.audit import record_change
from actors.calendar.rows import changed_row, new_row
from actors.calendar.rules.days import year_of
from actors.calendar.situation import load_situation
from messages.calendar.codes import HOLIDAY_EXISTS, HOLIDAY_NOT_FOUND, HOLIDAY_ZONE_NOT_FOUND, SYSTEM_ZONE
from messages.calendar.dates import (
    CreateHoliday,
    DeleteHoliday,
    GetHoliday,
    Holiday,
    HolidayChanged,
    HolidayList,
    HolidayZones,
    ImportedHolidays,
    ImportHolidaysByCountry,
    ListedHoliday,
    ListHolidays,
    ListHolidayZones,
    UpdateHoliday,
)
from messages.calendar.terms import HolidayChange, HolidayOrigin, HolidayType
from messages.problem import Refused
from messages.values.business_days import TARGET
from messages.values.identifiers import new_id
from runtime.unit_of_work import Row, UnitOfWork
from storage.calendar.tables import holiday, holiday_zone


async def list_holiday_zones(request: ListHolidayZones, work: UnitOfWork) -> HolidayZones:
    """The active zones by code."""
    statement = select(holiday_zone).where(
        holiday_zone.c.organisation_id == work.organisation_id, holiday_zone.c.is_active
    )
    if request.country_code is not None:
        statement = statement.where(holiday_zone.c.country_code == request.country_code)
    rows = await work.fetch(statement.order_by(holiday_zone.c.code))
    return HolidayZones(zones=tuple(views.zone_of(row) for row in rows))


async def list_holidays(request: ListHolidays, work: UnitOfWork) -> HolidayList:
    """The days of a year; an entry hides the rule of its day."""
    zone_id, zone = (await load_situation(work)).zone_named(request.holiday_zone_id)
    rows = await work.fetch(
        select(holiday).where(
            holiday.c.organisation_id == work.organisation_id,
            holiday.c.holiday_zone_id == zone_id,
            holiday.c.is_active,
        )
    )
    by_date = {row["date"]: row["id"] for row in rows if not row["is_recurring"]}
    by_day = {(row["recurring_month"], row["recurring_day"]): row["id"] for row in rows if row["is_recurring"]}
    found = []
    for listed in year_of(zone, request.year):
        ids = {
            HolidayOrigin.EXPLICIT: by_date.get(listed.date),
            HolidayOrigin.RECURRING: by_day.get((listed.date.month, listed.date.day)),
        }
        found.append(
            ListedHoliday(
                date=listed.date,
                name=listed.entry.name,
                holiday_type=listed.entry.holiday_type,
                effect=listed.entry.effect,
                origin=listed.origin,
                holiday_id=ids.get(listed.origin),
            )
        )
    return HolidayList(holidays=tuple(found))


async def get_holiday(request: GetHoliday, work: UnitOfWork) -> Holiday:
    """One entry."""
    statement = select(holiday).where(
        holiday.c.organisation_id == work.organisation_id, holiday.c.id == request.holiday_id
    )
    return views.holiday_of(await work.load(statement, "holiday", code=HOLIDAY_NOT_FOUND))


async def import_holidays_by_country(request: ImportHolidaysByCountry, work: UnitOfWork) -> ImportedHolidays:
    """Make entries of the computed days, zone by zone; what is entered already is left as it is."""
    situation = await load_situation(work)
    zones = [row for row in await _zones_of_country(request, work) if row["id"] in situation.zones]
    if not zones:
        text = f"no zone of {request.country_code} fits; create one, or ask for include_regional"
        raise Refused.field("country_code", "unknown", text, HOLIDAY_ZONE_NOT_FOUND)
    imported = skipped = 0
    for zone in zones:
        kind = HolidayType.REGIONAL if zone["region_code"] else HolidayType.PUBLIC
        for listed in year_of(situation.zones[zone["id"]], request.year):
            if listed.origin is not HolidayOrigin.COMPUTED:
                skipped += 1
                continue
            entered = CreateHoliday(
                holiday_zone_id=zone["id"], date=listed.date, name=listed.entry.name, holiday_type=kind
            )
            await create_holiday(entered, work)
            imported += 1
    return ImportedHolidays(
        imported_count=imported, skipped_count=skipped, holiday_zone_ids=tuple(zone["id"] for zone in zones)
    )


async def create_holiday(request: CreateHoliday, work: UnitOfWork) -> Holiday:
    """Enter a day of a zone; TARGET is the central bank's."""
    zone = await _zone(request.holiday_zone_id, work)
    if zone["code"] == TARGET:
        raise Refused(SYSTEM_ZONE, "the days of TARGET are set by the central bank; enter the day in your own zone")
    row = {
        **new_row(new_id(), work),
        **request.model_dump(),
        "recurring_month": request.date.month if request.is_recurring else None,
        "recurring_day": request.date.day if request.is_recurring else None,
        "is_active": True,
    }
    same = [holiday.c.is_recurring == request.is_recurring, holiday.c.holiday_zone_id == zone["id"]]
    if request.is_recurring:
        same += [holiday.c.recurring_month == request.date.month, holiday.c.recurring_day == request.date.day]
    else:
        same.append(holiday.c.date == request.date)
    if await work.fetch_one(_active(work).where(*same)) is not None:
        raise Refused(HOLIDAY_EXISTS, f"{request.date} is entered already in zone {zone['code']}; change that entry")
    await work.insert(holiday, **row)
    _say_changed(HolidayChange.CREATED, None, row, zone, work)
    return views.holiday_of(row)


async def update_holiday(request: UpdateHoliday, work: UnitOfWork) -> Holiday:
    """Change name, type or effect of an entry."""
    row = await _load(request, work)
    work.check_version(request.expected_version, row["version"])
    sent = request.model_dump(exclude={"holiday_id", "expected_version"}, exclude_none=True)
    changed = {name: value for name, value in sent.items() if row[name] != value}
    if not changed:
        return views.holiday_of(row)
    after = await _store(row, changed, work)
    zone = await _zone(row["holiday_zone_id"], work)
    _say_changed(HolidayChange.UPDATED, row, after, zone, work)
    return views.holiday_of(after)


async def delete_holiday(request: DeleteHoliday, work: UnitOfWork) -> Holiday:
    """Take an entry back."""
    row = await _load(request, work)
    work.check_version(request.expected_version, row["version"])
    after = await _store(row, {"is_active": False}, work)
    zone = await _zone(row["holiday_zone_id"], work)
    _say_changed(HolidayChange.DELETED, row, after, zone, work)
    return views.holiday_of(after)


# -- steps of the handlers ---------------------------------------------------------------------------------------


def _active(work: UnitOfWork) -> Any:
    return select(holiday).where(holiday.c.organisation_id == work.organisation_id, holiday.c.is_active)


async def _load(request: UpdateHoliday | DeleteHoliday, work: UnitOfWork) -> Row:
    statement = _active(work).where(holiday.c.id == request.holiday_id).with_for_update()
    return await work.load(statement, "holiday", code=HOLIDAY_NOT_FOUND)


async def _zones_of_country(request: ImportHolidaysByCountry, work: UnitOfWork) -> list[Row]:
    statement = select(holiday_zone).where(
        holiday_zone.c.organisation_id == work.organisation_id,
        holiday_zone.c.country_code == request.country_code,
        holiday_zone.c.code != TARGET,
        holiday_zone.c.is_active,
    )
    if request.holiday_zone_id is not None:
        statement = statement.where(holiday_zone.c.id == request.holiday_zone_id)
    elif not request.include_regional:
        statement = statement.where(holiday_zone.c.region_code.is_(None))
    return await work.fetch(statement.order_by(holiday_zone.c.code))


async def _zone(zone_id: Any, work: UnitOfWork) -> Row:
    statement = select(holiday_zone).where(
        holiday_zone.c.organisation_id == work.organisation_id, holiday_zone.c.id == zone_id
    )
    return await work.load(statement, "holiday zone", code=HOLIDAY_ZONE_NOT_FOUND)


async def _store(row: Row, changed: dict[str, Any], work: UnitOfWork) -> dict[str, Any]:
    columns = {**changed, **changed_row(row["version"] + 1, work)}
    await work.execute(update(holiday).where(holiday.c.id == row["id"]).values(**columns))
    return {**row, **columns}


def _say_changed(change: HolidayChange, before: Row | None, row: Row, zone: Row, work: UnitOfWork) -> None:
    event = HolidayChanged(
        holiday_id=row["id"],
        change=change,
        zone_id=zone["id"],
        zone_code=zone["code"],
        country_code=zone["country_code"],
        region_code=zone["region_code"],
        date=row["date"],
        name=row["name"],
        holiday_type=row["holiday_type"],
        effect=row["effect"],
        is_recurring=row["is_recurring"],
    )
    work.emit(event, version=row["version"])
    after = None if change is HolidayChange.DELETED else _facts(row)
    record_change("holiday", row["id"], _facts(before) if before is not None else None, after, work)


def _facts(row: Row) -> dict[str, Any]:
    return {name: row[name] for name in ("date", "name", "holiday_type", "effect", "is_recurring")}
