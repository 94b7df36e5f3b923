"""Making, closing, opening and erasing logins, and the issuer's mails that people ask for."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from actors.identity.attempts import Budget
from actors.identity.issuer_accounts import TellIssuer, tell_issuer
from actors.identity.logins import close_login, open_login, organisations_of
from actors.identity.members import grantor_of, member_rights, membership_of_user
from actors.identity.people import address_index, seal, search_name, user_not_found, user_of, user_row
from actors.identity.requests.privacy import create_privacy_request
from actors.identity.requests.users import signed_in_user
from actors.identity.rules.granting import OWNER, check_may_change
from messages.base import NIL_ORGANISATION
from messages.errors import FORBIDDEN, RATE_LIMITED
from messages.identity import (
    EMAIL_ALREADY_USED,
    CreatePrivacyRequest,
    CreateUser,
    DeactivateUser,
    DeleteUser,
    IssuerTask,
    MembershipStatus,
    PrivacyKind,
    ReactivateUser,
    RequestAccepted,
    RequestEmailVerification,
    RequesterChannel,
    RequestPasswordReset,
    SubjectType,
    User,
    UserDeletion,
    UserKind,
    UserStatus,
)
from messages.problem import Refused
from messages.values.identifiers import new_id
from runtime.unit_of_work import Row, UnitOfWork
from storage.identity.tables import membership, user_account

_HOUR = 3600.0
_mails_to = Budget(limit=3, seconds=_HOUR)
_mails_from = Budget(limit=10, seconds=_HOUR)


async def create_user(request: CreateUser, work: UnitOfWork) -> User:
    """The login waits for its first sign-in; the unique address lets no twin in."""
    index = await address_index(request.email, work)
    if await work.fetch_value(select(user_account.c.id).where(user_account.c.email_index == index)) is not None:
        raise Refused(EMAIL_ALREADY_USED, "a login has this address already; invite that person instead")
    user_id = new_id()
    await work.insert(
        user_account,
        id=user_id,
        kind=UserKind.PERSON,
        first_name=request.first_name,
        last_name=request.last_name,
        search_name=search_name(request.first_name, request.last_name),
        email=await seal(request.email, "email", user_id, work),
        email_index=index,
        phone=await seal(request.phone, "phone", user_id, work) if request.phone else None,
        status=UserStatus.PROVISIONED,
        locale="fr-FR",
        timezone="Europe/Paris",
        provisioned_by=work.organisation_id,
        created_at=work.now,
    )
    item = TellIssuer(user_id=user_id, task=IssuerTask.CREATE_USER, activation=request.send_activation)
    tell_issuer(item, work)
    work.record("user", user_id, after={"status": UserStatus.PROVISIONED})
    return await user_of(await user_row(user_id, work), work)


async def deactivate_user(request: DeactivateUser, work: UnitOfWork) -> User:
    """Closed everywhere at once."""
    row = await _person(request.user_id, work)
    if request.reassign_to_user_id is not None:
        await _check_may_take_over(request.reassign_to_user_id, row, work)
    return await user_of(await close_login(row, request.reason, request.reassign_to_user_id, work), work)


async def reactivate_user(request: ReactivateUser, work: UnitOfWork) -> User:
    """Opened again by who could close it."""
    row = await _person(request.user_id, work)
    after = await open_login(row, work)
    work.record(
        "user", row["id"], before={"status": row["status"]}, after={"status": after["status"], "reason": request.reason}
    )
    return await user_of(after, work)


async def delete_user(request: DeleteUser, work: UnitOfWork) -> UserDeletion:
    """The privacy office erases; here its requests are opened."""
    row = await user_row(request.user_id, work)
    home = work.organisation_id
    wanted = await organisations_of(row["id"], work) if home == NIL_ORGANISATION else [home]
    request_ids = []
    for organisation_id in wanted:
        await work.for_organisation(organisation_id)
        if await membership_of_user(row["id"], work) is None:
            raise user_not_found(row["id"])
        made = await create_privacy_request(
            CreatePrivacyRequest(
                kind=PrivacyKind.ERASURE,
                subject_type=SubjectType.USER,
                subject_id=row["id"],
                received_at=work.now,
                channel=RequesterChannel.PORTAL,
                reason=request.reason,
            ),
            work,
        )
        request_ids.append(made.request_id)
    await work.for_organisation(home)
    return UserDeletion(request_ids=tuple(request_ids))


async def request_password_reset(request: RequestPasswordReset, work: UnitOfWork) -> RequestAccepted:
    """One answer and one look at the table, whoever has the address: nobody learns who has an account here."""
    index = await address_index(request.email, work)
    _spend(_mails_to, index.hex(), 3)
    if work.caller.remote_address is not None:
        _spend(_mails_from, work.caller.remote_address, 10)
    user = await work.fetch_one(select(user_account).where(user_account.c.email_index == index))
    if user is not None and user["status"] in (UserStatus.PROVISIONED, UserStatus.ACTIVE):
        tell_issuer(TellIssuer(user_id=user["id"], task=IssuerTask.UPDATE_PASSWORD), work)
    return RequestAccepted()


async def request_email_verification(request: RequestEmailVerification, work: UnitOfWork) -> RequestAccepted:
    """A mail to the caller's own address."""
    user = await user_row(signed_in_user(work), work)
    _spend(_mails_to, f"verify {user['id']}", 3)
    tell_issuer(TellIssuer(user_id=user["id"], task=IssuerTask.VERIFY_EMAIL), work)
    return RequestAccepted()


def _spend(budget: Budget, key: str, limit: int) -> None:
    if not budget.take(key):
        raise Refused(
            RATE_LIMITED, "too many mails were asked for; wait an hour", retry_after_seconds=int(_HOUR),
            details={"limit": limit, "window_seconds": int(_HOUR)},
        )  # fmt: skip


async def _person(user_id: UUID, work: UnitOfWork) -> Row:
    """The login that the caller may close or open: of his organisation alone, or as platform staff any person's."""
    row = await user_row(user_id, work, lock=True)
    if work.organisation_id == NIL_ORGANISATION:
        return row
    member = await membership_of_user(user_id, work)
    if member is None:
        raise user_not_found(user_id)
    if row["kind"] == UserKind.MACHINE:
        raise Refused(FORBIDDEN, "this is a machine's login; deactivate its machine account")
    if set(await organisations_of(user_id, work)) - {work.organisation_id}:
        raise Refused(FORBIDDEN, "this person belongs to other organisations, too; suspend the membership instead")
    rights = await member_rights(member, work)
    check_may_change(await grantor_of(work), member["id"], rights.rank, target_is_owner=OWNER in member["role_codes"])
    return row


async def _check_may_take_over(user_id: UUID, row: Row, work: UnitOfWork) -> None:
    statement: Any = select(membership.c.id).where(
        membership.c.organisation_id == work.organisation_id,
        membership.c.user_id == user_id,
        membership.c.status == MembershipStatus.ACTIVE,
    )
    if user_id == row["id"] or await work.fetch_value(statement) is None:
        raise Refused.field(
            "reassign_to_user_id", "member", "the work can only pass to another active member; choose one of them"
        )
