"""Logins that nobody has used for long: said twice, then closed; a last owner is only reported, once a week."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import func, select, update

from actors.identity.logins import close_login, organisations_of
from actors.identity.organisations import organisation_fields, organisation_row
from actors.identity.rules.inactivity import NOTICES, InactivityStep, step_due
from messages.identity import (
    LAST_OWNER,
    DisabledReason,
    MembershipStatus,
    UserInactivityNoticed,
    UserKind,
    UserStatus,
)
from messages.problem import Refused
from messages.values.instants import local_date
from runtime.actor import Moment
from runtime.unit_of_work import Row, UnitOfWork
from storage.identity.tables import membership, user_account

log = structlog.get_logger()

_ALERT_EVERY = timedelta(days=7)


async def end_unused_logins(moment: Moment, work: UnitOfWork) -> None:
    """The organisation's people; who belongs to several is judged by the most patient of them."""
    organisation = await organisation_row(work)
    own, zone = _days(organisation), ZoneInfo(organisation["timezone"])
    today = local_date(moment.as_of.astimezone(UTC), zone)
    for row in await _long_unseen(datetime.combine(today, time(), zone), own, work):
        days = await _patience(row, own, work)
        seen_on = local_date(row["seen_at"], zone)
        noticed_on = local_date(row["inactivity_noticed_at"], zone) if row["inactivity_noticed_at"] else None
        match step_due(seen_on, noticed_on, days, today):
            case InactivityStep.NOTICE:
                closes_on = seen_on + timedelta(days=days)
                await _keep(row, work)
                notice = UserInactivityNoticed(
                    user_id=row["id"],
                    organisation_name=organisation["name"],
                    closes_on=closes_on,
                    closes_in_days=(closes_on - today).days,
                )
                work.emit(notice, version=row["version"])
            case InactivityStep.CLOSE:
                await _close(row, work)


async def _long_unseen(midnight: datetime, days: int, work: UnitOfWork) -> list[Row]:
    seen = func.coalesce(user_account.c.last_seen_at, user_account.c.created_at)
    first_notice = timedelta(days=days) - max(NOTICES)
    return await work.fetch(
        select(user_account, seen.label("seen_at"))
        .join(membership, membership.c.user_id == user_account.c.id)
        .where(
            membership.c.organisation_id == work.organisation_id,
            membership.c.status == MembershipStatus.ACTIVE,
            user_account.c.kind == UserKind.PERSON,
            user_account.c.status == UserStatus.ACTIVE,
            seen < midnight.astimezone(UTC) + timedelta(days=1) - first_notice,
        )
        .order_by(user_account.c.id)
        .with_for_update(of=user_account)
    )


async def _patience(row: Row, own: int, work: UnitOfWork) -> int:
    """The greatest number of days that an organisation of the user grants."""
    home, days = work.organisation_id, [own]
    for organisation_id in await organisations_of(row["id"], work):
        if organisation_id != home:
            await work.for_organisation(organisation_id)
            days.append(_days(await organisation_row(work)))
    await work.for_organisation(home)
    return max(days)


async def _close(row: Row, work: UnitOfWork) -> None:
    home = work.organisation_id
    try:
        await close_login(row, DisabledReason.INACTIVITY, None, work)
    except Refused as refused:
        await work.for_organisation(home)
        if refused.code is not LAST_OWNER:
            raise
        if row["inactivity_noticed_at"] is None or row["inactivity_noticed_at"] < work.now - _ALERT_EVERY:
            log.warning("identity.last_owner_inactive", user_id=str(row["id"]), organisation_id=str(home))
            work.record("user", row["id"], after={"alert": "LAST_OWNER_INACTIVE"})
            await _keep(row, work)


async def _keep(row: Row, work: UnitOfWork) -> None:
    changed = update(user_account).where(user_account.c.id == row["id"])
    await work.execute(changed.values(inactivity_noticed_at=work.now))


def _days(organisation: Row) -> int:
    days: int = organisation_fields(organisation)["security"].inactivity_disable_days
    return days
