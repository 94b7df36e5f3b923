"""Mails to people who have not signed in for long; their address is asked when the mail is made, no table keeps it for that."""

from datetime import date
from uuid import UUID

from actors.engagement import templates
from actors.engagement.composing import Draft, accept
from messages.engagement import RecipientKind
from messages.identity import USER_NOT_FOUND, GetUser, User, UserInactivityNoticed
from messages.problem import Refused
from messages.shared import Ref
from runtime.unit_of_work import UnitOfWork, WorkItem
from runtime.work_queue import Outside

PURPOSE = "user.inactivity"


class WarnUser(WorkItem):
    """Write to a user that his login will be closed."""

    user_id: UUID
    organisation_name: str
    closes_on: date
    noticed_on: date


async def warn_user(event: UserInactivityNoticed, work: UnitOfWork) -> None:
    """One mail for each notice."""
    item = WarnUser(
        user_id=event.user_id,
        organisation_name=event.organisation_name,
        closes_on=event.closes_on,
        noticed_on=work.today(),
    )
    work.order(item, key=f"{event.user_id}:{item.noticed_on}")


async def find_user(item: WarnUser, outside: Outside) -> User | None:
    """Who he is; None when he has left meanwhile."""
    try:
        return await outside.ask(GetUser(user_id=item.user_id))
    except Refused as refused:
        if refused.code == USER_NOT_FOUND:
            return None
        raise


async def user_found(item: WarnUser, user: User | None, work: UnitOfWork) -> None:
    """Accept the mail, in his language."""
    if user is None or user.email is None:
        return
    told = {"organisation_name": item.organisation_name, "closes_on": item.closes_on.isoformat()}
    mail = templates.render(PURPOSE, user.locale, told, company_name=item.organisation_name)
    draft = Draft(
        purpose=PURPOSE,
        category=templates.category_of(PURPOSE),
        subject=mail.subject,
        text=mail.text,
        html=mail.html,
        recipients=[(RecipientKind.TO, user.email)],
        reference=Ref(type="user", id=item.user_id),
        source_key=f"inactivity:{item.user_id}:{item.noticed_on}",
    )
    await accept(draft, work)
