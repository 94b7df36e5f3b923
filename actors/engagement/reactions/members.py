"""Members of the organisation: whom alerts are for."""

from messages.identity import (
    MembershipCreated,
    MembershipReactivated,
    MembershipRemoved,
    MembershipSuspended,
    MembershipUpdated,
)
from runtime.unit_of_work import UnitOfWork
from storage.engagement.tables import member_ref
from storage.projections import keep_newest


async def keep_member(
    event: MembershipCreated | MembershipUpdated | MembershipSuspended | MembershipReactivated | MembershipRemoved,
    work: UnitOfWork,
) -> None:
    """The roles of each member, while he is one."""
    await work.execute(
        keep_newest(
            member_ref,
            organisation_id=work.organisation_id,
            membership_id=event.membership_id,
            user_id=event.user_id,
            role_codes=list(event.role_codes),
            active=event.status == "ACTIVE",
            version=work.source_version,
        )
    )
