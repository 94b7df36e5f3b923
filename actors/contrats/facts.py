"""Facts that must change something once only, told apart by a natural key."""

from sqlalchemy.dialects.postgresql import insert

from runtime.unit_of_work import UnitOfWork
from storage.contrats.tables import heard_fact


async def first_time(fact: str, work: UnitOfWork) -> bool:
    """Whether this is new; asked again it is not."""
    heard = insert(heard_fact).values(organisation_id=work.organisation_id, fact=fact, heard_at=work.now)
    return await work.execute(heard.on_conflict_do_nothing()) == 1
