"""Requests about the settings of the calendar."""

from itertools import pairwise

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from actors.calendar.settings import settings_of
from messages.calendar.settings import CalendarSettings, GetCalendarSettings, UpdateCalendarSettings
from messages.problem import Refused
from runtime.unit_of_work import UnitOfWork
from storage.calendar.tables import calendar_settings


async def get_calendar_settings(request: GetCalendarSettings, work: UnitOfWork) -> CalendarSettings:
    """The settings in force."""
    return await settings_of(work)


async def update_calendar_settings(request: UpdateCalendarSettings, work: UnitOfWork) -> CalendarSettings:
    """Change what was sent; a busier level never begins below a calmer one."""
    await work.fetch_one(
        select(calendar_settings.c.version)
        .where(calendar_settings.c.organisation_id == work.organisation_id)
        .with_for_update()
    )
    before = await settings_of(work)
    work.check_version(request.expected_version, before.version)
    sent = {name: getattr(request, name) for name in request.model_fields_set - {"expected_version"}}
    after = before.model_copy(update={name: value for name, value in sent.items() if value is not None})
    _check(after)
    if after == before:
        return before
    after = after.model_copy(update={"version": before.version + 1})
    columns = {
        "version": after.version,
        "values": after.model_dump(mode="json", exclude={"version"}),
        "updated_at": work.now,
        "updated_by": work.caller.principal,
    }
    statement = insert(calendar_settings).values(organisation_id=work.organisation_id, **columns)
    await work.execute(statement.on_conflict_do_update(index_elements=["organisation_id"], set_=columns))
    work.record(
        "calendar_settings",
        work.organisation_id,
        before=before.model_dump(mode="json", include=set(sent)),
        after=after.model_dump(mode="json", include=set(sent)),
    )
    return after


def _check(settings: CalendarSettings) -> None:
    levels = (settings.medium, settings.high, settings.critical)
    for calmer, busier in pairwise(levels):
        if busier.count < calmer.count or busier.amount < calmer.amount:
            text = "the limits of medium, high and critical must rise; correct the one that is lower"
            raise Refused.field("critical" if busier is levels[-1] else "high", "rising", text)
