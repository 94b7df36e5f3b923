"""The organisation's settings and its gapless numbers."""

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from runtime.unit_of_work import Row, UnitOfWork
from storage.commercial.tables import commission_settings, number_counter


async def settings_of(work: UnitOfWork, *, lock: bool = False) -> Row:
    """The settings; the defaults are written when the organisation has none yet."""
    wanted = select(commission_settings).where(commission_settings.c.organisation_id == work.organisation_id)
    found = await work.fetch_one(wanted.with_for_update() if lock else wanted)
    if found is not None:
        return found
    await work.execute(
        insert(commission_settings).values(organisation_id=work.organisation_id).on_conflict_do_nothing()
    )
    return await work.load(wanted, "commission_settings")


async def take_number(series: str, work: UnitOfWork) -> int:
    """The next number of a series, without gaps: whoever needs it next waits for this transaction."""
    statement = insert(number_counter).values(organisation_id=work.organisation_id, series=series, last_number=1)
    statement = statement.on_conflict_do_update(
        index_elements=[number_counter.c.organisation_id, number_counter.c.series],
        set_={"last_number": number_counter.c.last_number + 1},
    )
    return int(await work.fetch_value(statement.returning(number_counter.c.last_number)))


async def commission_reference(prefix: str, period: str, work: UnitOfWork) -> str:
    """`COM-2025-03-000001`."""
    return f"{prefix}-{period}-{await take_number(f'{prefix}-{period}', work):06d}"
