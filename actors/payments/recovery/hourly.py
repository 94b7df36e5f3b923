"""What recovery does each hour: steps that became due with time, and pauses that end."""

from datetime import date

from sqlalchemy import ColumnElement, or_, select

from actors.payments import standing
from actors.payments.company import companies
from actors.payments.recovery import agreeing, climbing, disputing, following, noticing, promising
from actors.payments.recovery.desk import Desk, Row
from actors.payments.rules.notices import RUNNING
from actors.payments.rules.settlements import PATIENCE
from messages.payments import (
    CasePauseReason,
    PromiseStatus,
    RecoveryCaseStatus,
    RecoveryItemStatus,
    SettlementStatus,
    TrancheStatus,
)
from messages.values.instants import PARIS, local_date
from runtime.actor import MORE, Moment
from runtime.unit_of_work import UnitOfWork
from storage.payments.tables.agreements import payment_promise, settlement_plan, settlement_tranche
from storage.payments.tables.recovery import formal_notice, recovery_case, recovery_item

_CLIENTS_PER_TURN = 50


async def climb_due(moment: Moment, work: UnitOfWork) -> object:
    """Each hour: cases with a step that may be due, whatever a case waits for that ran out, and pauses that end."""
    today = local_date(moment.as_of)
    rows = await work.fetch(
        select(recovery_case.c.client_id)
        .where(
            recovery_case.c.organisation_id == work.organisation_id,
            ((recovery_case.c.status == RecoveryCaseStatus.OPEN) & (recovery_case.c.next_step_due_at <= moment.as_of))
            | ((recovery_case.c.status == RecoveryCaseStatus.PAUSED) & (recovery_case.c.paused_until <= today))
            | ((recovery_case.c.status != RecoveryCaseStatus.CLOSED) & _ran_out(today)),
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
        agreeing.expire(desk, case, today)
        await disputing.chase(desk, case, today)
        if case["status"] == RecoveryCaseStatus.PAUSED and case["paused_until"] and case["paused_until"] <= today:
            _end_pause(desk, case)
        if case["status"] == RecoveryCaseStatus.OPEN:
            await climbing.climb(desk, case, zones.get(case["company_id"], PARIS))
    await desk.store()
    await standing.judge(work, {row["client_id"] for row in rows})
    return MORE if len(rows) == _CLIENTS_PER_TURN else None


def _end_pause(desk: Desk, case: Row) -> None:
    """The case goes on, unless everything it asks for became disputed meanwhile."""
    if following.asks_for_something(desk, case):
        climbing.resume(desk, case)
    else:
        desk.change(case, pause_reason=CasePauseReason.DISPUTE, paused_until=None, version=case["version"] + 1)


def _ran_out(today: date) -> ColumnElement[bool]:
    """Something that a case waits for is overdue: a notice, a promise, a settlement plan or the answer to a dispute."""
    lapsed = select(formal_notice.c.id).where(
        formal_notice.c.organisation_id == recovery_case.c.organisation_id,
        formal_notice.c.case_id == recovery_case.c.id,
        formal_notice.c.status.in_(RUNNING),
        formal_notice.c.deadline_on < today,
    )
    waited = select(payment_promise.c.id).where(
        payment_promise.c.organisation_id == recovery_case.c.organisation_id,
        payment_promise.c.case_id == recovery_case.c.id,
        payment_promise.c.status == PromiseStatus.PENDING,
        payment_promise.c.waits_until < today,
    )
    offered = select(settlement_plan.c.id).where(
        settlement_plan.c.organisation_id == recovery_case.c.organisation_id,
        settlement_plan.c.case_id == recovery_case.c.id,
        settlement_plan.c.status == SettlementStatus.PROPOSED,
        settlement_plan.c.proposed_until < today,
    )
    agreed = (
        select(settlement_tranche.c.id)
        .join(settlement_plan, settlement_plan.c.id == settlement_tranche.c.plan_id)
        .where(
            settlement_plan.c.organisation_id == recovery_case.c.organisation_id,
            settlement_plan.c.case_id == recovery_case.c.id,
            settlement_plan.c.status == SettlementStatus.ACTIVE,
            settlement_tranche.c.status == TrancheStatus.DUE,
            settlement_tranche.c.due_on < today - PATIENCE,
        )
    )
    undecided = select(recovery_item.c.id).where(
        recovery_item.c.organisation_id == recovery_case.c.organisation_id,
        recovery_item.c.case_id == recovery_case.c.id,
        recovery_item.c.status == RecoveryItemStatus.DISPUTED,
        recovery_item.c.disputed_on <= today - disputing.ANSWER_WITHIN,
        ~recovery_item.c.dispute_chased,
    )
    return or_(*(found.exists() for found in (lapsed, waited, offered, agreed, undecided)))
