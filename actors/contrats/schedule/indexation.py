"""Job: revisions of prices are proposed as long before as their notice asks."""

from sqlalchemy import or_, select, update

from actors.contrats.changes import indexing
from runtime.actor import Moment
from runtime.unit_of_work import UnitOfWork
from storage.contrats.tables import indexation_clause


async def propose_indexations(moment: Moment, work: UnitOfWork) -> object:
    """Day: one proposed run for each revision date that comes near; confirming it stays with people."""
    due = indexation_clause.c.propose_on <= work.today()
    new = or_(
        indexation_clause.c.proposed_for.is_(None),
        indexation_clause.c.proposed_for != indexation_clause.c.next_revision_on,
    )
    rows = await work.fetch(
        select(indexation_clause.c.next_revision_on)
        .where(indexation_clause.c.organisation_id == work.organisation_id, due, new)
        .distinct()
        .order_by(indexation_clause.c.next_revision_on)
    )
    for row in rows:
        await indexing.propose(row["next_revision_on"], None, work)
        await work.execute(
            update(indexation_clause)
            .where(
                indexation_clause.c.organisation_id == work.organisation_id,
                indexation_clause.c.next_revision_on == row["next_revision_on"],
            )
            .values(proposed_for=row["next_revision_on"])
        )
    return None
