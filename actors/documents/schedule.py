"""What documents does on time."""

from actors.documents import retention_runs, trash, uploads
from actors.documents.content import store
from runtime.actor import MORE, Moment
from runtime.unit_of_work import UnitOfWork


async def sweep_objects(moment: Moment, work: UnitOfWork) -> object:
    """Remove bytes that nobody uses any more and objects whose transaction never committed."""
    return MORE if await store.sweep(work) else None


async def expire_uploads(moment: Moment, work: UnitOfWork) -> None:
    """Close the uploads that were not completed within their day."""
    await uploads.expire_uploads(work, moment.as_of)


async def drop_infected(moment: Moment, work: UnitOfWork) -> object:
    """Give up the bytes of files found infected a week ago."""
    return MORE if await trash.drop_infected(work, moment.as_of) else None


async def end_retention(moment: Moment, work: UnitOfWork) -> None:
    """Order the day's run over documents whose last day has passed and what lay in the trash for 30 days."""
    await retention_runs.order_run(moment.as_of, work)
