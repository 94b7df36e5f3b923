"""What happens to links on time."""

from sqlalchemy import select

from actors.payments.portal import sessions
from actors.payments.portal.rules import OPEN
from runtime.actor import MORE, Moment
from runtime.unit_of_work import UnitOfWork
from storage.payments.tables.portal import portal_session

_PAGE = 200


async def expire_links(moment: Moment, work: UnitOfWork) -> object:
    """Links past their time end; portal_session.expired."""
    rows = await work.fetch(
        select(portal_session)
        .where(
            portal_session.c.organisation_id == work.organisation_id,
            portal_session.c.status.in_(OPEN),
            portal_session.c.expires_at < moment.as_of,
        )
        .order_by(portal_session.c.expires_at, portal_session.c.id)
        .limit(_PAGE)
        .with_for_update(skip_locked=True)
    )
    for row in rows:
        await sessions.expire(work, row)
    return MORE if len(rows) == _PAGE else None
