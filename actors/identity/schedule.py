"""What identity does when time passes."""

from datetime import UTC, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, delete, select

from actors.identity.checkpoints import sign_head
from actors.identity.members import other_active_owners
from actors.identity.organisations import organisation_row
from actors.identity.privacy import advance, ask_again, case_of, change_request, keep_report, tasks_of
from actors.identity.privacy_archives import forget_parts
from actors.identity.requests.invitations import expire, remind
from actors.identity.requests.life_of_tenants import end_organisation, end_trial
from actors.identity.requests.members import suspend
from actors.identity.retention import policies, start_run
from actors.identity.rules.granting import OWNER
from actors.identity.rules.life import AUTH_SESSION, MEMBERSHIP
from actors.identity.rules.privacy import ENDED, MOST_ATTEMPTS, NOTICE, PHASE_OF, SILENCE
from actors.identity.rules.sessions import KEPT_AFTER_END, LOGOUT_TOKEN_AGE
from actors.identity.sessions import OPEN, change_session
from messages.identity import (
    AuditChain,
    DeliveryStatus,
    InvitationStatus,
    MembershipStatus,
    OrganisationStatus,
    PrivacyPhase,
    PrivacyRequestDueSoon,
    PrivacyRequestOverdue,
    PrivacyStatus,
    PrivacyTaskStatus,
    SessionStatus,
)
from messages.values.instants import local_date
from runtime import clock
from runtime.actor import MORE, Moment
from runtime.unit_of_work import UnitOfWork
from storage.identity.tables import (
    audit_checkpoint,
    audit_copy_head,
    auth_session,
    invitation,
    logout_token,
    membership,
    privacy_request,
    user_membership,
)

_BATCH = 200


async def expire_invitations(moment: Moment, work: UnitOfWork) -> object:
    """Invitations whose time is over."""
    rows = await work.fetch(
        select(invitation)
        .where(
            invitation.c.organisation_id == work.organisation_id,
            invitation.c.status == InvitationStatus.PENDING,
            invitation.c.expires_at <= moment.as_of,
        )
        .order_by(invitation.c.expires_at)
        .limit(_BATCH)
        .with_for_update(skip_locked=True)
    )
    for row in rows:
        await expire(row, work)
    return MORE if len(rows) == _BATCH else None


async def remind_of_invitations(moment: Moment, work: UnitOfWork) -> object:
    """Offers that end within two days, but not today: said once more, once."""
    own = invitation.c
    rows = await work.fetch(
        select(invitation)
        .where(
            own.organisation_id == work.organisation_id,
            own.status == InvitationStatus.PENDING,
            own.expires_at > moment.as_of + timedelta(hours=24),
            own.expires_at <= moment.as_of + timedelta(hours=48),
            own.reminded_at.is_(None),
            own.delivery_status != DeliveryStatus.BOUNCED,
            own.last_sent_at <= moment.as_of - timedelta(hours=24),
        )
        .order_by(own.expires_at)
        .limit(_BATCH)
        .with_for_update(skip_locked=True)
    )
    for row in rows:
        await remind(row, work)
    return MORE if len(rows) == _BATCH else None


async def sign_audit_chains(moment: Moment, work: UnitOfWork) -> None:
    """Each night the heads of the organisation's chains are signed, where the copy holds: two chains per actor at most."""
    own, signed = audit_copy_head.c, audit_checkpoint.c
    covered = select(signed.id).where(
        signed.organisation_id == own.organisation_id, signed.stream == own.stream, signed.last_seq == own.last_seq
    )
    heads = select(audit_copy_head).where(
        own.organisation_id == work.organisation_id, own.broken_count == 0, ~covered.exists()
    )
    for head in await work.fetch(heads.order_by(own.stream)):
        chain = AuditChain(
            stream=head["stream"],
            valid=True,
            entries_checked=head["last_seq"],
            last_seq=head["last_seq"],
            last_hash=head["last_hash"],
        )
        await sign_head(chain, work)


async def end_temporary_memberships(moment: Moment, work: UnitOfWork) -> object:
    """Memberships whose last day is over are suspended; a last owner stays, or nobody could give his access back."""
    organisation = await organisation_row(work, lock=True)
    today = local_date(moment.as_of.astimezone(UTC), ZoneInfo(organisation["timezone"]))
    rows = await work.fetch(
        select(membership)
        .where(
            membership.c.organisation_id == work.organisation_id,
            membership.c.status == MembershipStatus.ACTIVE,
            membership.c.valid_until < today,
        )
        .order_by(membership.c.valid_until)
        .with_for_update()
    )
    for row in rows:
        if OWNER in row["role_codes"] and await other_active_owners(row["id"], work) == 0:
            continue
        status = MEMBERSHIP.after("suspend", MembershipStatus(row["status"]))
        await suspend(organisation, row, status, "valid_until", work)
        organisation = await organisation_row(work)
    return None


async def run_retention(moment: Moment, work: UnitOfWork) -> None:
    """What has been kept long enough: each active policy, once a day."""
    for policy in await policies(work):
        if policy.is_active:
            await start_run(policy, moment.as_of, dry_run=False, work=work)


async def end_closing_organisations(moment: Moment, work: UnitOfWork) -> None:
    """Thirty days have passed and nobody took the closure back."""
    row = await organisation_row(work, lock=True)
    if row["status"] == OrganisationStatus.CLOSING and row["closing_at"] <= moment.as_of:
        await end_organisation(row, work)


async def end_trials(moment: Moment, work: UnitOfWork) -> None:
    """The trial is over and nobody subscribed."""
    row = await organisation_row(work, lock=True)
    if row["status"] == OrganisationStatus.TRIAL and row["trial_ends_at"] <= moment.as_of:
        await end_trial(row, work)


async def expire_sessions(moment: Moment, work: UnitOfWork) -> object:
    """Sessions of the organisation's members whose time is over. Real time: sessions never follow simulated days."""
    rows = await work.fetch(
        select(auth_session)
        .where(
            auth_session.c.status.in_(OPEN),
            auth_session.c.expires_at <= clock.now(),
            _is_of_member(work.organisation_id),
        )
        .limit(_BATCH)
        .with_for_update(skip_locked=True)
    )
    for row in rows:
        status = AUTH_SESSION.after("expire", SessionStatus(row["status"]))
        await change_session(row, {"status": status}, work)
    return MORE if len(rows) == _BATCH else None


async def forget_sessions(moment: Moment, work: UnitOfWork) -> object:
    """Sessions that ended more than thirty days ago (category SESSION_30D), and logout tokens that nobody can replay."""
    long_ago = clock.now() - KEPT_AFTER_END
    ended = auth_session.c.status.not_in(OPEN) & (auth_session.c.last_activity_at < long_ago)
    await work.execute(delete(auth_session).where(ended, _is_of_member(work.organisation_id)))
    await work.execute(delete(logout_token).where(logout_token.c.seen_at < clock.now() - 2 * LOGOUT_TOKEN_AGE))
    return None


async def warn_of_privacy_deadlines(moment: Moment, work: UnitOfWork) -> object:
    """Seven days before a request is due, and once its time has passed; each said once."""
    today = local_date(moment.as_of)
    rows = await work.fetch(
        select(privacy_request)
        .where(
            privacy_request.c.organisation_id == work.organisation_id,
            privacy_request.c.status.not_in(ENDED),
            privacy_request.c.due_on <= today + NOTICE,
            ~privacy_request.c.overdue_stated,
        )
        .with_for_update()
    )
    for row in rows:
        overdue = row["due_on"] < today
        if not overdue and row["due_soon_stated"]:
            continue
        flag = "overdue_stated" if overdue else "due_soon_stated"
        after = await change_request(row, {flag: True}, work)
        phase = PHASE_OF.get(PrivacyStatus(row["status"]), PrivacyPhase.ASSESS)
        event = PrivacyRequestOverdue if overdue else PrivacyRequestDueSoon
        work.emit(event.model_validate(case_of(after, phase) | {"due_at": row["due_on"]}), version=after["version"])
    return None


async def ask_silent_actors(moment: Moment, work: UnitOfWork) -> object:
    """Actors that have been silent for a day are asked again, five times in all; then their part counts as failed."""
    rows = await work.fetch(
        select(privacy_request)
        .where(
            privacy_request.c.organisation_id == work.organisation_id,
            privacy_request.c.status.in_(list(PHASE_OF)),
            privacy_request.c.asked_at <= moment.as_of - SILENCE,
        )
        .with_for_update()
    )
    for row in rows:
        if row["attempt"] < MOST_ATTEMPTS:
            await ask_again(row, work)
            continue
        phase = PHASE_OF[PrivacyStatus(row["status"])]
        for task in await tasks_of(row, work, phase):
            failed = PrivacyTaskStatus.FAILED
            await keep_report(row, task["actor"], phase, failed, (), "no report after five demands", work)
        await advance(row, work)
    return None


async def forget_export_parts(moment: Moment, work: UnitOfWork) -> None:
    """What a person was given is held for a week, no longer."""
    await forget_parts(work)


def _is_of_member(organisation_id: UUID) -> ColumnElement[bool]:
    return (
        select(user_membership.c.membership_id)
        .where(
            user_membership.c.user_id == auth_session.c.user_id, user_membership.c.organisation_id == organisation_id
        )
        .exists()
    )
