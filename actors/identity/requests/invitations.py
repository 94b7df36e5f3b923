"""The organisation's side of invitations: offer, repeat, withdraw, list, and the link for the mail."""

from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from actors.identity.granting import grant_columns, granted_roles
from actors.identity.invitations import (
    change_invitation,
    invitation_row,
    invitations_of,
    new_link,
    opened_address,
    seal_address,
    token_of,
)
from actors.identity.oidc.tokens import settings
from actors.identity.organisations import new_row, organisation_fields, organisation_row
from actors.identity.people import address_index
from actors.identity.rules.invitations import (
    MOST_PENDING,
    MOST_PER_DAY,
    check_domain,
    check_is_open,
    check_resend,
    expiry,
)
from actors.identity.rules.life import INVITATION
from messages.identity import (
    ALREADY_MEMBER,
    INVITATION_LIMIT,
    INVITATION_PENDING_EXISTS,
    CancelInvitation,
    CreateInvitation,
    DeliveryStatus,
    GetInvitationLink,
    Invitation,
    InvitationCancelled,
    InvitationCreated,
    InvitationExpired,
    InvitationLink,
    InvitationPage,
    InvitationResent,
    InvitationStatus,
    ListInvitations,
    MembershipStatus,
    ResendInvitation,
    SecuritySettings,
)
from messages.problem import Refused
from messages.values.contact import normalise_email
from messages.values.identifiers import new_id
from messages.values.instants import PARIS
from runtime.pagination import page
from runtime.unit_of_work import Row, UnitOfWork
from storage.identity.tables import invitation, invitation_link, membership, user_account


async def create_invitation(request: CreateInvitation, work: UnitOfWork) -> Invitation:
    """Offer a membership; the mail follows from the event, which holds no secret."""
    organisation = await organisation_row(work, lock=True)
    security: SecuritySettings = organisation_fields(organisation)["security"]
    check_domain(request.email, security.allowed_email_domains)
    index = await address_index(request.email, work)
    await _check_is_new(index, work)
    await _check_room(work)
    roles = await granted_roles(request, request.valid_until, work)
    invitation_id = new_id()
    link = await new_link(invitation_id, work)
    expires_at = expiry(work.now, request.expires_in_days or security.invitation_days)
    await work.insert(
        invitation,
        **new_row(invitation_id, work),
        **grant_columns(request, roles),
        valid_until=request.valid_until,
        email=await seal_address(request.email, invitation_id, work),
        email_index=index,
        token_nonce=link["token_nonce"],
        expires_at=expires_at,
        status=InvitationStatus.PENDING,
        invited_by=work.caller.user_id,
        sent_count=1,
        last_sent_at=work.now,
        message=request.message,
    )
    await work.insert(
        invitation_link,
        invitation_id=invitation_id,
        organisation_id=work.organisation_id,
        token_hash=link["token_hash"],
        email_index=index,
        status=InvitationStatus.PENDING,
        expires_at=expires_at,
    )
    row = await invitation_row(invitation_id, work)
    work.emit(InvitationCreated.model_validate(await _order(row, organisation, work)), version=1)
    return (await invitations_of([row], work))[0]


async def resend_invitation(request: ResendInvitation, work: UnitOfWork) -> Invitation:
    """A new link for a new mail; the old link is dead and the time starts again."""
    organisation = await organisation_row(work)
    row = await invitation_row(request.invitation_id, work, lock=True)
    INVITATION.after("resend", InvitationStatus(row["status"]))
    check_is_open(InvitationStatus(row["status"]), row["expires_at"], work.now)
    check_resend(row["sent_count"], row["last_sent_at"], work.now)
    days = organisation_fields(organisation)["security"].invitation_days
    changed = {
        **await new_link(row["id"], work),
        "delivery_status": DeliveryStatus.UNKNOWN,
        "reminded_at": None,
        "expires_at": expiry(work.now, days),
        "sent_count": row["sent_count"] + 1,
        "last_sent_at": work.now,
    }
    after = await change_invitation(row, changed, work)
    event = InvitationResent.model_validate(await _order(after, organisation, work))
    work.emit(event, version=after["version"])
    return (await invitations_of([after], work))[0]


async def remind(row: Row, work: UnitOfWork) -> None:
    """Say once more what waits, with the same link; engagement mails it as it mails the first one."""
    INVITATION.after("resend", InvitationStatus(row["status"]))
    after = await change_invitation(row, {"reminded_at": work.now}, work)
    event = InvitationResent.model_validate(await _order(after, await organisation_row(work), work))
    work.emit(event, version=after["version"])


async def cancel_invitation(request: CancelInvitation, work: UnitOfWork) -> Invitation:
    """Withdraw the offer."""
    row = await invitation_row(request.invitation_id, work, lock=True)
    status = INVITATION.after("cancel", InvitationStatus(row["status"]))
    after = await change_invitation(row, {"status": status, "cancelled_by": work.caller.user_id}, work)
    work.emit(InvitationCancelled(invitation_id=row["id"], by=work.caller.user_id), version=after["version"])
    return (await invitations_of([after], work))[0]


async def list_invitations(request: ListInvitations, work: UnitOfWork) -> InvitationPage:
    """A page, the newest first."""
    statement = select(invitation).where(invitation.c.organisation_id == work.organisation_id)
    match request.status:
        case None:
            pass
        case InvitationStatus.PENDING:
            statement = statement.where(_is_pending(), invitation.c.expires_at > work.now)
        case InvitationStatus.EXPIRED:
            late = _is_pending() & (invitation.c.expires_at <= work.now)
            statement = statement.where((invitation.c.status == InvitationStatus.EXPIRED) | late)
        case status:
            statement = statement.where(invitation.c.status == status)
    if request.search is not None:
        index = await address_index(normalise_email(request.search), work)
        statement = statement.where(invitation.c.email_index == index)
    rows: list[Row] = []

    def blank(row: Row) -> Invitation:
        """Addresses are opened once the page is cut."""
        rows.append(row)
        return Invitation.model_validate(dict(row) | {"invitation_id": row["id"], "email": "", "roles": ()})

    found = await page(
        work,
        request,
        statement,
        order=(invitation.c.created_at, invitation.c.id),
        reply=InvitationPage,
        item=blank,
        descending=True,
    )
    return found.model_copy(update={"items": await invitations_of(rows, work)})


async def get_invitation_link(request: GetInvitationLink, work: UnitOfWork) -> InvitationLink:
    """The secret link, while the invitation is open; engagement asks when it sends the mail."""
    row = await invitation_row(request.invitation_id, work)
    INVITATION.after("accept", InvitationStatus(row["status"]))
    check_is_open(InvitationStatus(row["status"]), row["expires_at"], work.now)
    token = await token_of(row["id"], row["token_nonce"], work)
    return InvitationLink(
        url=settings().invitation_url.replace("{token}", token),
        expires_at=row["expires_at"],
        email=await opened_address(row, work),
    )


async def _order(row: Row, organisation: Row, work: UnitOfWork) -> dict[str, Any]:
    """What the mail says."""
    (shown,) = await invitations_of([row], work)
    return shown.model_dump() | {
        "organisation_name": organisation["name"],
        "role_names": tuple(role.name for role in shown.roles),
    }


async def _check_is_new(index: bytes, work: UnitOfWork) -> None:
    pending = select(invitation.c.id).where(
        invitation.c.organisation_id == work.organisation_id, invitation.c.email_index == index, _is_pending()
    )
    known: UUID | None = await work.fetch_value(pending)
    if known is not None:
        row = await invitation_row(known, work, lock=True)
        if row["expires_at"] > work.now:
            raise Refused(
                INVITATION_PENDING_EXISTS,
                "this address has a pending invitation; resend or cancel that one",
                details={"invitation_id": str(known)},
            )
        await expire(row, work)
    member = (
        select(membership.c.id)
        .join(user_account, user_account.c.id == membership.c.user_id)
        .where(
            membership.c.organisation_id == work.organisation_id,
            membership.c.status == MembershipStatus.ACTIVE,
            user_account.c.email_index == index,
        )
    )
    if await work.fetch_value(member) is not None:
        raise Refused(ALREADY_MEMBER, "this address belongs to an active member; change that membership instead")


async def expire(row: Row, work: UnitOfWork) -> None:
    """Nobody answered in time."""
    status = INVITATION.after("expire", InvitationStatus(row["status"]))
    after = await change_invitation(row, {"status": status}, work)
    work.emit(InvitationExpired(invitation_id=row["id"]), version=after["version"])


async def _check_room(work: UnitOfWork) -> None:
    """At most a hundred open offers and fifty new ones a day; the organisation's locked row lets no twin in between."""
    own = invitation.c.organisation_id == work.organisation_id
    midnight = datetime.combine(work.today(), time(), PARIS).astimezone(UTC)
    pending = await work.fetch_value(select(func.count()).where(own, _is_pending(), invitation.c.expires_at > work.now))
    today = await work.fetch_value(
        select(func.count()).where(
            own, invitation.c.created_at >= midnight, invitation.c.created_at < midnight + timedelta(days=1)
        )
    )
    if pending >= MOST_PENDING or today >= MOST_PER_DAY:
        raise Refused(
            INVITATION_LIMIT,
            f"{MOST_PENDING} open invitations and {MOST_PER_DAY} a day are the most; cancel some or go on tomorrow",
            details={"pending": pending, "today": today},
        )


def _is_pending() -> Any:
    return invitation.c.status == InvitationStatus.PENDING
