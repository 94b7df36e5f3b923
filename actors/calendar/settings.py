"""The settings of the calendar, as the handlers read them."""

from sqlalchemy import select

from messages.calendar.settings import CalendarSettings
from runtime.unit_of_work import UnitOfWork
from storage.calendar.tables import calendar_settings


async def settings_of(work: UnitOfWork) -> CalendarSettings:
    """What the organisation set, defaults elsewhere."""
    row = await work.fetch_one(
        select(calendar_settings).where(calendar_settings.c.organisation_id == work.organisation_id)
    )
    if row is None:
        return CalendarSettings()
    return CalendarSettings.model_validate({**row["values"], "version": row["version"]})
