"""Settlement plans at work: the case waits; money pays the tranches in their order, a late one breaks the plan."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from actors.payments.recovery import climbing, promising, shown, writing
from actors.payments.recovery.desk import Desk, Row
from actors.payments.rules.recovery_machines import RECOVERY_CASE, STILL_OWED
from actors.payments.rules.settlements import OFFER_STANDS, PATIENCE, SETTLEMENT, due_dates
from actors.payments.views import money
from messages.payments import (
    CasePauseReason,
    ProposeSettlementPlan,
    RecoveryCaseEscalated,
    RecoveryCasePaused,
    RecoveryCaseStatus,
    RecoveryItemStatus,
    SettlementPlanActivated,
    SettlementPlanBroken,
    SettlementPlanCompleted,
    SettlementStatus,
    TrancheAmount,
    TrancheStatus,
)
from messages.values.identifiers import derived_id, new_id
from messages.values.instants import local_date
from messages.values.money import split
from storage.payments.tables.agreements import settlement_plan, settlement_tranche

_BROKEN_LEVEL = 3
_NOTHING = Decimal("0.00")


def propose(desk: Desk, case: Row, wanted: ProposeSettlementPlan) -> Row:
    """Offer to take what the case asks for in tranches; the offer stands for ten days."""
    items = [item for item in desk.items_of(case) if item["status"] == RecoveryItemStatus.OPEN]
    plan = desk.add(
        settlement_plan,
        {
            "id": new_id(),
            "case_id": case["id"],
            "client_id": case["client_id"],
            "item_ids": [str(item["id"]) for item in items],
            "total": case["outstanding"],
            "currency": case["currency"],
            "frequency": wanted.frequency,
            "collection": wanted.collection,
            "status": SettlementStatus.PROPOSED,
            "proposed_until": local_date(desk.work.now) + OFFER_STANDS,
            "version": 1,
        },
    )
    days = due_dates(wanted.first_due_on, wanted.count, wanted.frequency)
    for number, (day, amount) in enumerate(zip(days, split(plan["total"], wanted.count), strict=True), 1):
        row = {"plan_id": plan["id"], "number": number, "due_on": day, "amount": amount, "status": TrancheStatus.DUE}
        desk.add(settlement_tranche, {"id": derived_id("tranche", plan["id"], number)} | row)
    return plan


def accept(desk: Desk, case: Row, plan: Row, document_id: UUID | None, session_id: UUID | None) -> None:
    """The debtor agreed: the case waits for the tranches; settlement_plan.activated."""
    for promise in desk.promises_of(case):
        promising.cancel(desk, case, promise)
    desk.change(
        plan,
        status=SETTLEMENT.after("accept", SettlementStatus(plan["status"])),
        accepted_at=desk.work.now,
        proof_document_id=document_id,
        proof_session_id=session_id,
    )
    desk.change(
        case,
        status=RECOVERY_CASE.after("pause", RecoveryCaseStatus(case["status"])),
        pause_reason=CasePauseReason.SETTLEMENT_PLAN,
        next_step_due_at=None,
    )
    writing.cancel_messages(desk, case, "SETTLEMENT_PLAN")
    tranches = tuple(
        TrancheAmount(due_on=row["due_on"], amount=money(row["amount"], plan["currency"]))
        for row in desk.tranches_of(plan)
    )
    total = money(plan["total"], plan["currency"])
    desk.state(plan, SettlementPlanActivated(**shown.settlement_ref(plan), total=total, tranches=tranches))
    until = desk.tranches_of(plan)[-1]["due_on"] + PATIENCE
    desk.state(case, RecoveryCasePaused(**desk.case_ref(case), reason=CasePauseReason.SETTLEMENT_PLAN, until=until))


def follow_money(desk: Desk, case: Row) -> None:
    """Money pays the tranches in their order, and what is taken back is due again; settlement_plan.completed after the last."""
    for plan in desk.settlements_of(case, SettlementStatus.ACTIVE):
        left = plan["total"] - _open_of(desk, plan)
        for row in desk.tranches_of(plan):
            paid = left >= row["amount"]
            desk.change(row, status=TrancheStatus.PAID if paid else TrancheStatus.DUE)
            left = left - row["amount"] if paid else _NOTHING
        if all(row["status"] == TrancheStatus.PAID for row in desk.tranches_of(plan)):
            desk.change(plan, status=SETTLEMENT.after("complete", SettlementStatus(plan["status"])))
            desk.state(plan, SettlementPlanCompleted(**shown.settlement_ref(plan)))
            _go_on(desk, case)


def _open_of(desk: Desk, plan: Row) -> Decimal:
    items = [desk.items[UUID(id_)] for id_ in plan["item_ids"]]
    return sum((item["outstanding"] for item in items if item["status"] in STILL_OWED), _NOTHING)


def expire(desk: Desk, case: Row, today: date) -> None:
    """Offers nobody took are withdrawn; a tranche that is too late breaks its plan, settlement_plan.broken."""
    for plan in desk.settlements_of(case, SettlementStatus.PROPOSED):
        if plan["proposed_until"] < today:
            _end(desk, plan)
    for plan in desk.settlements_of(case, SettlementStatus.ACTIVE):
        late = [row for row in desk.tranches_of(plan) if row["status"] == TrancheStatus.DUE]
        if late and late[0]["due_on"] + PATIENCE < today:
            desk.change(plan, status=SETTLEMENT.after("break", SettlementStatus(plan["status"])))
            desk.state(plan, SettlementPlanBroken(**shown.settlement_ref(plan)))
            _go_on(desk, case)
            _raise_level(desk, case, today)


def _raise_level(desk: Desk, case: Row, today: date) -> None:
    """A debtor who broke a plan is not reminded as a new one would be."""
    before = case["level"]
    if before < _BROKEN_LEVEL:
        desk.change(case, level=_BROKEN_LEVEL, unpaid_on=case["unpaid_on"] or today)
        desk.state(case, RecoveryCaseEscalated(**desk.case_ref(case), from_level=before, step_code="SETTLEMENT_BROKEN"))


def cancel(desk: Desk, case: Row, plan: Row) -> None:
    """Give a plan up; a case that waited for it goes on."""
    _end(desk, plan)
    _go_on(desk, case)


def drop(desk: Desk, case: Row) -> None:
    """The case ends, so nothing is waited for."""
    for plan in desk.settlements_of(case, SettlementStatus.PROPOSED, SettlementStatus.ACTIVE):
        _end(desk, plan)


def _end(desk: Desk, plan: Row) -> None:
    status = SETTLEMENT.after("cancel", SettlementStatus(plan["status"]))
    desk.change(plan, status=status, version=plan["version"] + 1)


def _go_on(desk: Desk, case: Row) -> None:
    if case["status"] == RecoveryCaseStatus.PAUSED and case["pause_reason"] == CasePauseReason.SETTLEMENT_PLAN:
        climbing.resume(desk, case)
