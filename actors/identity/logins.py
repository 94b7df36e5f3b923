"""What follows everywhere when a login is closed, opened again or erased: memberships, sessions, tokens, the issuer."""

from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, update

from actors.identity.issuer_accounts import TellIssuer, tell_issuer
from actors.identity.members import (
    access_changed,
    change_member,
    membership_of_user,
    other_active_owners,
    snapshot,
)
from actors.identity.organisations import organisation_row
from actors.identity.people import seal, search_name
from actors.identity.rules.granting import OWNER, check_owner_remains
from actors.identity.rules.life import MEMBERSHIP, USER
from actors.identity.sessions import open_sessions, revoke
from messages.identity import (
    DisabledReason,
    IssuerTask,
    MembershipRemoved,
    MembershipStatus,
    MembershipSuspended,
    RevocationReason,
    UserAnonymised,
    UserDeactivated,
    UserReactivated,
    UserStatus,
)
from runtime.access import note_denial
from runtime.unit_of_work import Row, UnitOfWork
from storage.identity.tables import auth_session, invitation, invitation_link, user_account, user_membership


async def organisations_of(user_id: UUID, work: UnitOfWork) -> list[UUID]:
    """Where a user is a member, active or suspended; in one order, so that two changes at a time never wait in a ring."""
    rows = await work.fetch(
        select(user_membership.c.organisation_id)
        .where(user_membership.c.user_id == user_id, user_membership.c.status != MembershipStatus.REMOVED)
        .order_by(user_membership.c.organisation_id)
    )
    return [row["organisation_id"] for row in rows]


async def close_login(row: Row, reason: DisabledReason, reassign_to: UUID | None, work: UnitOfWork) -> Row:
    """DISABLED, and suspended in each organisation; LAST_OWNER where nobody else would own one of them."""
    status = USER.after("deactivate", UserStatus(row["status"]))
    home, organisation_ids = work.organisation_id, await organisations_of(row["id"], work)
    for organisation_id in organisation_ids:  # all of them first: a refusal leaves nothing half done
        await work.for_organisation(organisation_id)
        await organisation_row(work, lock=True)
        member = await membership_of_user(row["id"], work, lock=True)
        if member is not None and member["status"] == MembershipStatus.ACTIVE and OWNER in member["role_codes"]:
            check_owner_remains(await other_active_owners(member["id"], work))
    for organisation_id in organisation_ids:
        await work.for_organisation(organisation_id)
        organisation = await organisation_row(work)
        member = await membership_of_user(row["id"], work)
        if member is None or member["status"] != MembershipStatus.ACTIVE:
            continue
        changed = {"status": MEMBERSHIP.after("suspend", MembershipStatus.ACTIVE), "suspended_at": work.now}
        after, policy_version = await change_member(organisation, member, changed, work)
        event = MembershipSuspended.model_validate(snapshot(after, policy_version, reason="USER_DISABLED"))
        work.emit(event, version=after["version"])
    await work.for_organisation(home)
    for session in await open_sessions(row["id"], work):
        await revoke(session, RevocationReason.ADMIN, work)
    after = await _turn(row, {"status": status, "disabled_reason": reason}, work, denied=True)
    closed = UserDeactivated(user_id=row["id"], reason=reason, reassign_to_user_id=reassign_to)
    work.emit(closed, version=after["version"])
    tell_issuer(TellIssuer(user_id=row["id"], task=IssuerTask.DISABLE), work)
    return after


async def open_login(row: Row, work: UnitOfWork) -> Row:
    """ACTIVE again, as if just seen."""
    status = USER.after("reactivate", UserStatus(row["status"]))
    changed = {"status": status, "disabled_reason": None, "last_seen_at": work.now}
    after = await _turn(row, changed, work, denied=False)
    work.emit(UserReactivated(user_id=row["id"]), version=after["version"])
    tell_issuer(TellIssuer(user_id=row["id"], task=IssuerTask.ENABLE), work)
    return after


async def leave(row: Row, organisation: Row, work: UnitOfWork, reason: str) -> None:
    """The membership in the organisation ends; the caller has made sure that an owner remains."""
    status = MEMBERSHIP.after("remove", MembershipStatus(row["status"]))
    after, policy_version = await change_member(organisation, row, {"status": status, "removed_at": work.now}, work)
    event = MembershipRemoved.model_validate(snapshot(after, policy_version, reason=reason))
    work.emit(event, version=after["version"])


async def erase_login(row: Row, work: UnitOfWork) -> Row:
    """Nothing personal stays of a login that no organisation has any more; its id does, for the trail of who did what."""
    status = USER.after("anonymise", UserStatus(row["status"]))
    await _forget_invitations(row["email_index"], work)
    await work.execute(delete(auth_session).where(auth_session.c.user_id == row["id"]))
    first, last = "Utilisateur", "effacé"
    changed: dict[str, Any] = {
        "status": status,
        "disabled_reason": DisabledReason.ERASURE,
        "first_name": first,
        "last_name": last,
        "search_name": search_name(first, last),
        "email": await seal(f"erased-{row['id']}@invalid", "email", row["id"], work),
        "email_index": None,
        "email_verified": False,
        "phone": None,
        "idp_issuer": None,
        "idp_subject": None,
    }
    after = await _turn(row, changed, work, denied=True)
    work.emit(UserAnonymised(user_id=row["id"]), version=after["version"])
    if row["idp_subject"] is not None:
        tell_issuer(TellIssuer(user_id=row["id"], task=IssuerTask.DELETE, subject=row["idp_subject"]), work)
    return after


async def _forget_invitations(email_index: bytes | None, work: UnitOfWork) -> None:
    """Offers to the address, in whatever organisation."""
    home = work.organisation_id
    links = await work.fetch(select(invitation_link).where(invitation_link.c.email_index == email_index))
    for link in links:
        await work.for_organisation(link["organisation_id"])
        await work.execute(delete(invitation).where(invitation.c.id == link["invitation_id"]))
    await work.for_organisation(home)
    await work.execute(delete(invitation_link).where(invitation_link.c.email_index == email_index))


async def _turn(row: Row, changed: dict[str, Any], work: UnitOfWork, *, denied: bool) -> Row:
    after = {**row, **changed, "version": row["version"] + 1}
    await work.execute(
        update(user_account).where(user_account.c.id == row["id"]).values(**changed, version=after["version"])
    )
    await note_denial(work.connection, "user", row["id"], after["version"], denied=denied)
    await access_changed(work)
    work.record("user", row["id"], before={"status": row["status"]}, after={"status": after["status"]})
    return after
