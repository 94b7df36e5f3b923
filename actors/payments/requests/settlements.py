"""Settlement plans as collections agents agree on them."""

from uuid import UUID

from sqlalchemy import select

from actors.payments.recovery import agreeing, climbing, shown
from actors.payments.recovery.desk import Desk, Row
from actors.payments.recovery.found import desk_of
from actors.payments.rules.recovery_machines import RECOVERY_CASE
from messages.payments import (
    SETTLEMENT_PLAN_EXISTS,
    SETTLEMENT_PLAN_NOT_FOUND,
    AcceptSettlementPlan,
    CancelSettlementPlan,
    GetSettlementPlan,
    ListSettlementPlans,
    ProposeSettlementPlan,
    RecoveryCaseStatus,
    SettlementPlan,
    SettlementPlanPage,
    SettlementStatus,
)
from messages.problem import Refused
from messages.values.instants import PARIS
from runtime.pagination import page
from runtime.unit_of_work import UnitOfWork
from storage.payments.tables.agreements import settlement_plan


async def propose_settlement_plan(request: ProposeSettlementPlan, work: UnitOfWork) -> SettlementPlan:
    """Divide the debt of a case."""
    if request.first_due_on < work.today():
        raise Refused.field("first_due_on", "past", "give a day from today on")
    desk, case = await desk_of(work, request.case_id)
    RECOVERY_CASE.after("close", RecoveryCaseStatus(case["status"]))  # of a closed case nothing is asked any more
    if case["outstanding"] <= 0:
        raise Refused.field("case_id", "nothing_owed", "the case asks for nothing that could be divided")
    if desk.settlements_of(case, SettlementStatus.PROPOSED, SettlementStatus.ACTIVE):
        raise Refused(SETTLEMENT_PLAN_EXISTS, "the case has a plan that runs; cancel it before another is proposed")
    plan = agreeing.propose(desk, case, request)
    await desk.store()
    return shown.settlement_of(plan, desk.tranches_of(plan))


async def accept_settlement_plan(request: AcceptSettlementPlan, work: UnitOfWork) -> SettlementPlan:
    """Wait for the tranches."""
    if request.proof_document_id is None and request.proof_session_id is None:
        raise Refused.field("proof_document_id", "missing", "name the document or the portal session that proves it")
    desk, case, plan = await _plan(work, request.plan_id)
    if plan["status"] == SettlementStatus.PROPOSED and plan["proposed_until"] < work.today():
        raise Refused.field("plan_id", "expired", f"the offer stood until {plan['proposed_until']}; propose it anew")
    if plan["status"] == SettlementStatus.PROPOSED and plan["total"] != case["outstanding"]:
        raise Refused.field(
            "plan_id", "amount_changed", f"{case['outstanding']} {case['currency']} are owed now; propose it anew"
        )
    agreeing.accept(desk, case, plan, request.proof_document_id, request.proof_session_id)
    work.record("settlement_plan", plan["id"], after={"accepted": str(plan["total"])})
    await desk.store()
    return shown.settlement_of(plan, desk.tranches_of(plan))


async def cancel_settlement_plan(request: CancelSettlementPlan, work: UnitOfWork) -> SettlementPlan:
    """Go on with the case."""
    desk, case, plan = await _plan(work, request.plan_id)
    agreeing.cancel(desk, case, plan)
    work.record("settlement_plan", plan["id"], after={"cancelled": request.reason})
    await climbing.climb(desk, case, PARIS)
    await desk.store()
    return shown.settlement_of(plan, desk.tranches_of(plan))


async def get_settlement_plan(request: GetSettlementPlan, work: UnitOfWork) -> SettlementPlan:
    """A plan with its tranches."""
    desk, _, plan = await _plan(work, request.plan_id, lock=False)
    return shown.settlement_of(plan, desk.tranches_of(plan))


async def list_settlement_plans(request: ListSettlementPlans, work: UnitOfWork) -> SettlementPlanPage:
    """A page of plans, newest first."""
    statement = select(settlement_plan).where(settlement_plan.c.organisation_id == work.organisation_id)
    for name in ("case_id", "client_id"):
        if getattr(request, name) is not None:
            statement = statement.where(settlement_plan.c[name] == getattr(request, name))
    if request.status:
        statement = statement.where(settlement_plan.c.status.in_(request.status))
    return await page(
        work,
        request,
        statement,
        order=(settlement_plan.c.created_at, settlement_plan.c.id),
        descending=True,
        reply=SettlementPlanPage,
        item=shown.settlement_of,
    )


async def _plan(work: UnitOfWork, plan_id: UUID, *, lock: bool = True) -> tuple[Desk, Row, Row]:
    found = await work.load(
        select(settlement_plan.c.case_id).where(
            settlement_plan.c.organisation_id == work.organisation_id, settlement_plan.c.id == plan_id
        ),
        "settlement plan",
        code=SETTLEMENT_PLAN_NOT_FOUND,
    )
    desk, case = await desk_of(work, found["case_id"], lock=lock)
    return desk, case, desk.settlements[plan_id]
