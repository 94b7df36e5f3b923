"""Cases follow the money: what is owed is read from the instalments, and everything else follows from it."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import select

from actors.payments.recovery import agreeing, charging, climbing, cutting, noticing, planning, promising, writing
from actors.payments.recovery.desk import Desk, Row
from actors.payments.rules.recovery_machines import RECOVERY_CASE, RECOVERY_ITEM, RETRY_ATTEMPT, STILL_OWED
from messages.payments import (
    CaseCloseReason,
    DisputeOutcome,
    InstalmentStatus,
    PaymentStatus,
    ReceivableDefaultCured,
    RecoveryCaseClosed,
    RecoveryCaseStatus,
    RecoveryItemStatus,
    ReminderTrigger,
    RetryAttemptStatus,
    RetryPlanStatus,
)
from messages.values.instants import PARIS, local_date
from runtime.unit_of_work import UnitOfWork
from storage.payments.sets import among
from storage.payments.tables.payments import payment
from storage.payments.tables.views import invoice_view

NOTHING = Decimal("0.00")


@dataclass(frozen=True, slots=True)
class _InvoiceState:
    left: Decimal
    settled_elsewhere: bool


_SETTLED = (PaymentStatus.PAID, PaymentStatus.PARTIALLY_REFUNDED, PaymentStatus.REFUNDED)


async def follow(work: UnitOfWork, client_ids: Iterable[UUID]) -> None:
    """After money moved: settle items and plans, close cases, restore services; all in the same transaction."""
    desk = Desk(work)
    await desk.load(client_ids)
    if not desk.open_cases():
        return
    await follow_money(desk)
    await desk.store()


async def follow_mandate(work: UnitOfWork, client_id: UUID, contract_id: UUID, mandate_id: UUID) -> None:
    """A new mandate of a contract revives the plans that had none to use; the ladder waits for their outcome."""
    desk = Desk(work)
    await desk.load([client_id])
    for case in desk.open_cases():
        if case["contract_id"] == contract_id and case["status"] == RecoveryCaseStatus.OPEN:
            for plan in desk.plans_of(case):
                if desk.items[plan["item_id"]]["status"] == RecoveryItemStatus.OPEN:
                    planning.revive(desk, plan, mandate_id, PARIS)
            await climbing.climb(desk, case, PARIS)
    await desk.store()


async def follow_money(desk: Desk) -> None:
    """The same for a desk that is loaded."""
    await _take_outcomes(desk)
    invoices = await _open_of_invoices(desk)
    for case in desk.open_cases():
        for item in desk.items_of(case):
            _settle_item(desk, case, item, invoices)
        recount(desk, case)
        promising.follow_money(desk, case)
        agreeing.follow_money(desk, case)
        await _close_if_settled(desk, case)


async def _take_outcomes(desk: Desk) -> None:
    """Attempts whose payment has its outcome; failures are told apart, with their reason."""
    waiting = {
        attempt["payment_id"]: attempt
        for attempt in desk.attempts.values()
        if attempt["status"] == RetryAttemptStatus.SUBMITTED
    }
    if not waiting:
        return
    rows = await desk.work.fetch(
        select(payment.c.id, payment.c.status).where(
            payment.c.organisation_id == desk.work.organisation_id, among(payment.c.id, sorted(waiting))
        )
    )
    for row in rows:
        attempt = waiting[row["id"]]
        plan = desk.plans[attempt["plan_id"]]
        if row["status"] in _SETTLED and plan["status"] == RetryPlanStatus.AWAITING_OUTCOME:
            planning.succeed(desk, plan, attempt)
        elif row["status"] == PaymentStatus.CANCELLED:
            desk.change(attempt, status=RETRY_ATTEMPT.after("cancel", RetryAttemptStatus(attempt["status"])))
            if plan["status"] == RetryPlanStatus.AWAITING_OUTCOME:
                planning.cancel(desk, plan, "the new debit was cancelled")


async def _open_of_invoices(desk: Desk) -> dict[UUID, _InvoiceState]:
    ids = sorted({item["invoice_id"] for item in desk.items.values() if item["invoice_id"] is not None})
    if not ids:
        return {}
    rows = await desk.work.fetch(
        select(invoice_view).where(
            invoice_view.c.organisation_id == desk.work.organisation_id, among(invoice_view.c.invoice_id, ids)
        )
    )
    return {row["invoice_id"]: _InvoiceState(max(NOTHING, open_of(row)), row["settled_elsewhere"] > 0) for row in rows}


def open_of(row: Any) -> Decimal:
    """What is left to pay of an invoice."""
    left: Decimal = row["due"] - row["credited"] - row["allocated"] - row["settled_elsewhere"]
    return left


def _settle_item(desk: Desk, case: Row, item: Row, invoices: dict[UUID, _InvoiceState]) -> None:
    if item["status"] not in STILL_OWED:
        return
    due = desk.instalments[item["instalment_id"]]
    left = NOTHING if due["status"] == InstalmentStatus.CANCELLED else due["amount"] - due["paid_amount"]
    credited = due["status"] == InstalmentStatus.CANCELLED
    invoice = invoices.get(item["invoice_id"])
    if invoice is not None and invoice.settled_elsewhere:
        credited = False
    if invoice is not None and invoice.left < left:
        credited = not invoice.settled_elsewhere and (credited or due["paid_amount"] == 0)
        left = invoice.left
    desk.change(item, outstanding=min(left, item["principal"]))
    if left > 0:
        return
    trigger = "credit" if credited else "settle"
    desk.change(item, status=RECOVERY_ITEM.after(trigger, RecoveryItemStatus(item["status"])))
    for plan in desk.plans_of(case):
        if plan["item_id"] == item["id"]:
            planning.settle(desk, plan)
    if item["defaulted_on"] is not None:
        today = local_date(desk.work.now)
        desk.change(item, defaulted_on=None)
        desk.state(item, ReceivableDefaultCured(**climbing.receivable_of(case, item), cured_on=today))


def recount(desk: Desk, case: Row) -> None:
    """The sum of what a case still asks for, and whether its retries are used up."""
    items = [item for item in desk.items_of(case) if item["status"] == RecoveryItemStatus.OPEN]
    desk.change(case, outstanding=sum((item["outstanding"] for item in items), NOTHING))
    plans = desk.plans_of(case)
    exhausted = any(plan["status"] == RetryPlanStatus.EXHAUSTED for plan in plans) and not desk.live_plans(case)
    desk.change(case, retries_exhausted=case["retries_exhausted"] or exhausted)


async def _close_if_settled(desk: Desk, case: Row) -> None:
    items = desk.items_of(case)
    if case["outstanding"] > 0 or any(item["status"] in STILL_OWED for item in items):
        return
    paid = any(item["status"] == RecoveryItemStatus.SETTLED for item in items)
    if paid:
        await charging.bill(desk, case)
    close(desk, case, CaseCloseReason.RECOVERED if paid else _credited_because(items))
    if paid:
        key = f"{case['id']}|received|{case['episode']}"
        writing.apply_rules(desk, case, ReminderTrigger.PAYMENT_RECEIVED, key, PARIS)


def _credited_because(items: list[Row]) -> CaseCloseReason:
    upheld = any(item["dispute_outcome"] == DisputeOutcome.UPHELD for item in items)
    return CaseCloseReason.DISPUTE_UPHELD if upheld else CaseCloseReason.CREDITED


def asks_for_something(desk: Desk, case: Row) -> bool:
    """Whether a receivable of the case is owed and not disputed."""
    return any(item["status"] == RecoveryItemStatus.OPEN for item in desk.items_of(case))


def close(desk: Desk, case: Row, reason: CaseCloseReason) -> None:
    """End a case: nothing more is sent or presented, a service that was cut is restored; recovery_case.closed."""
    writing.cancel_messages(desk, case, "CASE_CLOSED")
    for plan in desk.live_plans(case):
        planning.drop_scheduled(desk, plan, "cancel", "case closed")
    cutting.release(desk, case)
    noticing.settle(desk, case)
    promising.drop(desk, case)
    agreeing.drop(desk, case)
    charging.drop(desk, case, reason)
    status = RECOVERY_CASE.after("close", RecoveryCaseStatus(case["status"]))
    desk.change(
        case,
        status=status,
        close_reason=reason,
        closed_on=local_date(desk.work.now),
        next_step_due_at=None,
        pause_reason=None,
        paused_until=None,
    )
    desk.state(case, RecoveryCaseClosed(**desk.case_ref(case), close_reason=reason))


async def payment_rows(work: UnitOfWork, ids: Iterable[UUID]) -> dict[UUID, Any]:
    """Payments by id."""
    rows = await work.fetch(
        select(payment).where(payment.c.organisation_id == work.organisation_id, among(payment.c.id, sorted(set(ids))))
    )
    return {row["id"]: dict(row) for row in rows}
