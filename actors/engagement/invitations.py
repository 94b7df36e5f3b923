"""Mails that invite people: ordered by identity's facts, their secret link asked when they leave and never stored."""

from html import escape

from actors.engagement import templates
from actors.engagement.composing import Draft, accept
from messages.engagement import RecipientKind
from messages.identity import GetInvitationLink, InvitationCreated, InvitationResent
from messages.shared import Ref
from runtime.unit_of_work import Row, UnitOfWork
from runtime.work_queue import Outside

PURPOSE = "organisation.invitation"
_LINK = "[lien-de-l-invitation]"
"""What the stored mail has in place of the link."""


async def send_invitation(event: InvitationCreated | InvitationResent, work: UnitOfWork) -> None:
    """One mail for each time the invitation is sent; invited people are no clients and known by their address only."""
    mail = templates.render(
        PURPOSE,
        "fr",
        {
            "organisation_name": event.organisation_name,
            "role_names": ", ".join(event.role_names),
            "expires_on": event.expires_at.isoformat(),
            "message": event.message,
            "link": _LINK,
        },
        company_name=event.organisation_name,
    )
    draft = Draft(
        purpose=PURPOSE,
        category=templates.category_of(PURPOSE),
        subject=mail.subject,
        text=mail.text,
        html=mail.html,
        recipients=[(RecipientKind.TO, event.email)],
        reference=Ref(type="invitation", id=event.invitation_id),
        source_key=f"invitation:{event.invitation_id}:{work.source_version}",
    )
    await accept(draft, work)


async def with_link(email: Row, outside: Outside) -> Row:
    """The mail with its link, which is valid now. Raises Refused: the invitation was answered, cancelled or is over."""
    found = await outside.ask(GetInvitationLink(invitation_id=email["reference_id"]))
    anchor = f'<a href="{escape(found.url)}">{escape(found.url)}</a>'
    return {
        **email,
        "text": email["text"].replace(_LINK, found.url),
        "html": (email["html"] or "").replace(_LINK, anchor),
    }
