"""What a change of the rules would do to planned debits: the rules are changed in memory only."""

from dataclasses import replace
from datetime import date
from typing import Any

from sqlalchemy import select

from actors.calendar.requests.configurations import active_configuration, check_preference
from actors.calendar.requests.dates import own_date
from actors.calendar.rules.days import Entry
from actors.calendar.rules.deadlines import prenotify_by
from actors.calendar.situation import Scope, Situation, load_situation
from messages.calendar.codes import HOLIDAY_NOT_FOUND, HOLIDAY_ZONE_NOT_FOUND
from messages.calendar.configurations import DebitConfiguration
from messages.calendar.previews import (
    DebitDateMove,
    DebitDateMoves,
    PreviewDebitConfiguration,
    PreviewHoliday,
    PreviewHolidayDeletion,
)
from messages.calendar.terms import ConfigurationLevel, PlannedDebitStatus, Rail
from messages.problem import Refused
from messages.values.instants import local_date
from runtime.unit_of_work import Row, UnitOfWork
from storage.calendar.tables import holiday, planned_debit

_MOST_EXAMINED = 2000
_SCOPES = {
    ConfigurationLevel.CONTRACT: planned_debit.c.contract_id,
    ConfigurationLevel.CLIENT: planned_debit.c.client_id,
    ConfigurationLevel.COMPANY: planned_debit.c.company_id,
}


async def preview_holiday(request: PreviewHoliday, work: UnitOfWork) -> DebitDateMoves:
    """What a day entered in a zone would move."""
    rows = await _planned(work)
    situation = await _situation_of(rows, work)
    zone = situation.zones.get(request.holiday_zone_id)
    if zone is None:
        raise Refused(HOLIDAY_ZONE_NOT_FOUND, f"holiday zone {request.holiday_zone_id} does not exist; check the id")
    entry = Entry("preview", request.effect)
    if request.is_recurring:
        changed = replace(zone, recurring={**zone.recurring, (request.date.month, request.date.day): entry})
    else:
        changed = replace(zone, explicit={**zone.explicit, request.date: entry})
    return _moves(rows, situation, situation.changed(zones={**situation.zones, request.holiday_zone_id: changed}), work)


async def preview_holiday_deletion(request: PreviewHolidayDeletion, work: UnitOfWork) -> DebitDateMoves:
    """What an entry taken back would move."""
    statement = select(holiday).where(
        holiday.c.organisation_id == work.organisation_id, holiday.c.id == request.holiday_id, holiday.c.is_active
    )
    entered = await work.load(statement, "holiday", code=HOLIDAY_NOT_FOUND)
    rows = await _planned(work)
    situation = await _situation_of(rows, work)
    zone = situation.zones[entered["holiday_zone_id"]]
    if entered["is_recurring"]:
        day = (entered["recurring_month"], entered["recurring_day"])
        changed = replace(zone, recurring={key: found for key, found in zone.recurring.items() if key != day})
    else:
        explicit = {key: found for key, found in zone.explicit.items() if key != entered["date"]}
        changed = replace(zone, explicit=explicit)
    zones = {**situation.zones, entered["holiday_zone_id"]: changed}
    return _moves(rows, situation, situation.changed(zones=zones), work)


async def preview_debit_configuration(request: PreviewDebitConfiguration, work: UnitOfWork) -> DebitDateMoves:
    """What another preference of a level would move."""
    known = await work.fetch_one(active_configuration(request.level, request.scope_id, work))
    sent = request.preference.model_dump(exclude_unset=True)
    if "mode" in sent:
        sent = {"lot_code": None, "fixed_day": None} | sent
    fields: dict[str, Any] = {**request.preference.model_dump(), **(known or {}), **sent}
    await check_preference(fields, request.level, work, shorter_agreed=True)
    identity = known["id"] if known is not None else request.scope_id
    wanted = DebitConfiguration.model_validate(
        {"is_active": True, "version": 1, **fields, "configuration_id": identity, "level": request.level,
         "scope_id": request.scope_id}
    )  # fmt: skip
    rows = await _planned(work, *_within(request))
    situation = await _situation_of(rows, work)
    configurations = {**situation.configurations, (request.level, request.scope_id): wanted}
    return _moves(rows, situation, situation.changed(configurations=configurations), work)


# -- steps of the handlers ---------------------------------------------------------------------------------------


def _within(request: PreviewDebitConfiguration) -> list[Any]:
    column = _SCOPES.get(request.level)
    return [] if column is None else [column == request.scope_id]


async def _planned(work: UnitOfWork, *conditions: Any) -> list[Row]:
    """The debits that can still move, by date."""
    return await work.fetch(
        select(planned_debit)
        .where(
            planned_debit.c.organisation_id == work.organisation_id,
            planned_debit.c.status == PlannedDebitStatus.PLANNED,
            planned_debit.c.planned_debit_date >= local_date(work.now),
            planned_debit.c.freeze_at > work.now,
            *conditions,
        )
        .order_by(planned_debit.c.planned_debit_date, planned_debit.c.id)
        .limit(_MOST_EXAMINED + 1)
    )


async def _situation_of(rows: list[Row], work: UnitOfWork) -> Situation:
    return await load_situation(work, [_scope_of(row) for row in rows])


def _scope_of(row: Row) -> Scope:
    return Scope(row["contract_id"], row["client_id"], row["company_id"])


def _moves(rows: list[Row], now: Situation, then: Situation, work: UnitOfWork) -> DebitDateMoves:
    moves = []
    for row in rows[:_MOST_EXAMINED]:
        scope, rail, month = _scope_of(row), Rail(row["rail"]), row["original_target_date"]
        setting = then.setting(scope, rail)
        notice = prenotify_by(row["planned_debit_date"], setting.configuration.prenotification_days)
        announced = local_date(work.now, setting.timezone) >= notice
        ours = own_date(now, scope, now.setting(scope, rail), month)
        theirs = own_date(then, scope, setting, month)
        new_date = _moved(row["planned_debit_date"], ours, theirs, setting.days.on_or_after, announced=announced)
        if new_date != row["planned_debit_date"]:
            moves.append(
                DebitDateMove(
                    planned_debit_id=row["id"],
                    instalment_id=row["instalment_id"],
                    contract_id=row["contract_id"],
                    old_date=row["planned_debit_date"],
                    new_date=new_date,
                    announced=announced,
                )
            )
    return DebitDateMoves(
        moves=tuple(moves), examined=min(len(rows), _MOST_EXAMINED), truncated=len(rows) > _MOST_EXAMINED
    )


def _moved(planned: date, ours: date | None, theirs: date | None, open_from: Any, *, announced: bool) -> date:
    """Where payments would put a debit: an announced date is a promise and only moves when its day closes, forward."""
    first_open: date = open_from(planned)
    if announced or theirs is None:
        return first_open
    return theirs if ours != theirs else first_open
