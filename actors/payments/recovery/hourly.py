"""What recovery does each hour: steps that became due with time, and pauses that end."""

from sqlalchemy import select

from actors.payments import standing
from actors.payments.company import companies
from actors.payments.recovery import climbing, noticing, promising
from actors.payments.recovery.desk import Desk
from messages.payments import NoticeStatus, PromiseStatus, RecoveryCaseStatus
from messages.values.instants import PARIS, local_date
from runtime.actor import MORE, Moment
from runtime.unit_of_work import UnitOfWork
from storage.payments.tables.recovery import formal_notice, payment_promise, recovery_case

_CLIENTS_PER_TURN = 50


async def climb_due(moment: Moment, work: UnitOfWork) -> object:
    """Each hour: cases with a step that may be due, notices that ran out, and pauses that end."""
    today = local_date(moment.as_of)
    lapsed = select(formal_notice.c.id).where(
        formal_notice.c.organisation_id == recovery_case.c.organisation_id,
        formal_notice.c.case_id == recovery_case.c.id,
        formal_notice.c.status == NoticeStatus.SENT,
        formal_notice.c.deadline_on < today,
    )
    waited = select(payment_promise.c.id).where(
        payment_promise.c.organisation_id == recovery_case.c.organisation_id,
        payment_promise.c.case_id == recovery_case.c.id,
        payment_promise.c.status == PromiseStatus.PENDING,
        payment_promise.c.waits_until < today,
    )
    rows = await work.fetch(
        select(recovery_case.c.client_id)
        .where(
            recovery_case.c.organisation_id == work.organisation_id,
            ((recovery_case.c.status == RecoveryCaseStatus.OPEN) & (recovery_case.c.next_step_due_at <= moment.as_of))
            | ((recovery_case.c.status == RecoveryCaseStatus.PAUSED) & (recovery_case.c.paused_until <= today))
            | lapsed.exists()
            | waited.exists(),
        )
        .order_by(recovery_case.c.id)
        .limit(_CLIENTS_PER_TURN)
    )
    if not rows:
        return None
    zones = {company.id: company.zone for company in await companies(work)}
    desk = Desk(work)
    await desk.load(row["client_id"] for row in rows)
    noticing.expire(desk, today)
    for case in desk.open_cases():
        promising.expire(desk, case, today)
        if case["status"] == RecoveryCaseStatus.PAUSED and case["paused_until"] and case["paused_until"] <= today:
            climbing.resume(desk, case)
        if case["status"] == RecoveryCaseStatus.OPEN:
            await climbing.climb(desk, case, zones.get(case["company_id"], PARIS))
    await desk.store()
    await standing.judge(work, {row["client_id"] for row in rows})
    return MORE if len(rows) == _CLIENTS_PER_TURN else None
