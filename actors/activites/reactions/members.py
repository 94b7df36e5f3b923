"""Who leaves an organisation hands his open tasks on."""

from uuid import UUID

from sqlalchemy import select

from actors.activites import tasks
from actors.activites.reactions.projections import remember_member
from messages.identity import MembershipRemoved
from runtime.unit_of_work import UnitOfWork
from storage.activites.tables import member_ref, task

_LAST_QUEUE = "back_office"


async def hand_tasks_on(event: MembershipRemoved, work: UnitOfWork) -> None:
    """To the successor that identity names, else to the manager, else to the queue of the role (spec 6.3)."""
    if not await remember_member(event, work):
        return
    heir = await _first_active((event.reassign_to_user_id, event.manager_user_id), work)
    queue_role = None if heir is not None else next(iter(event.role_codes), _LAST_QUEUE)
    for row in await tasks.open_tasks(work, task.c.assignee_id == event.user_id):
        await tasks.give(row, heir, queue_role, work)


async def _first_active(candidates: tuple[UUID | None, ...], work: UnitOfWork) -> UUID | None:
    statement = select(member_ref.c.user_id).where(
        member_ref.c.organisation_id == work.organisation_id, member_ref.c.user_id.in_(candidates), member_ref.c.active
    )
    active = {row["user_id"] for row in await work.fetch(statement)}
    return next((candidate for candidate in candidates if candidate in active), None)
