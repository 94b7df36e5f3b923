"""identity's own part in a privacy request: the membership here, and the login once nobody else needs it."""

from actors.identity.logins import erase_login, leave, organisations_of
from actors.identity.members import membership_of_user, other_active_owners
from actors.identity.organisations import organisation_row
from actors.identity.people import user_row
from actors.identity.rules.granting import OWNER
from actors.identity.rules.privacy import PHASE_OF
from messages.identity import (
    EntityReport,
    MembershipStatus,
    PrivacyKind,
    PrivacyPhase,
    PrivacyStatus,
    SubjectType,
    UserStatus,
)
from runtime.unit_of_work import Row, UnitOfWork

_TRAIL = EntityReport(entity="membership", retained=1, retained_reason="proof of who did what, without a name")
_ELSEWHERE = EntityReport(entity="user", retained=1, retained_reason="the login serves other organisations")
_LAST_OWNER = EntityReport(entity="user", retained=1, retained_reason="the last owner of the organisation")
_KEPT = (
    EntityReport(entity="user", retained=1, retained_reason="the login may serve other organisations"),
    EntityReport(entity="membership", retained=1, retained_reason="proof of who did what"),
)


async def own_part(row: Row, work: UnitOfWork) -> tuple[EntityReport, ...]:
    """What identity does, or would do, with a user of the organisation; nothing with anybody else."""
    if row["subject_type"] != SubjectType.USER:
        return ()
    member = await membership_of_user(row["subject_id"], work)
    if member is None:
        return ()
    if row["kind"] != PrivacyKind.ERASURE:
        return _KEPT
    executes = PHASE_OF.get(PrivacyStatus(row["status"])) is PrivacyPhase.EXECUTE
    organisation = await organisation_row(work, lock=executes)
    owns = member["status"] == MembershipStatus.ACTIVE and OWNER in member["role_codes"]
    if owns and await other_active_owners(member["id"], work) == 0:
        return (_LAST_OWNER, _TRAIL)
    if executes and member["status"] != MembershipStatus.REMOVED:
        await leave(member, organisation, work, "ERASED")
    if set(await organisations_of(row["subject_id"], work)) - {work.organisation_id}:
        return (_ELSEWHERE, _TRAIL)
    user = await user_row(row["subject_id"], work, lock=executes)
    if executes and user["status"] != UserStatus.ANONYMISED:  # a failed execution is tried again as a whole
        await erase_login(user, work)
    return (EntityReport(entity="user", anonymised=1, verification_passed=executes or None), _TRAIL)
