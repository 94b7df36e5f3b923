"""Promises at work: the case waits; money keeps them, time breaks them, and the case goes on."""

from datetime import date
from decimal import Decimal

from actors.payments.recovery import climbing, shown, writing
from actors.payments.recovery.desk import Desk, Row
from actors.payments.rules.promises import PROMISE, waits_until
from actors.payments.rules.recovery_machines import RECOVERY_CASE
from messages.payments import (
    CasePauseReason,
    PaymentPromiseBroken,
    PaymentPromiseKept,
    PaymentPromiseRecorded,
    PromiseStatus,
    PromiseVia,
    RecoveryCasePaused,
    RecoveryCaseStatus,
)
from messages.values.identifiers import new_id
from storage.payments.tables.agreements import payment_promise


def record(desk: Desk, case: Row, amount: Decimal, promised_on: date, via: PromiseVia) -> Row:
    """Pause the case for a promise: nothing is presented or sent until it is kept or broken."""
    row = desk.add(
        payment_promise,
        {
            "id": new_id(),
            "case_id": case["id"],
            "client_id": case["client_id"],
            "episode": case["episode"],
            "amount": amount,
            "currency": case["currency"],
            "promised_on": promised_on,
            "waits_until": waits_until(promised_on),
            "made_via": via,
            "status": PromiseStatus.PENDING,
            "owed_before": case["outstanding"],
        },
    )
    desk.change(
        case,
        status=RECOVERY_CASE.after("pause", RecoveryCaseStatus(case["status"])),
        pause_reason=CasePauseReason.PROMISE,
        next_step_due_at=None,
    )
    writing.cancel_messages(desk, case, "PROMISE")
    desk.state(row, PaymentPromiseRecorded(**shown.promise_ref(row)))
    paused = RecoveryCasePaused(**desk.case_ref(case), reason=CasePauseReason.PROMISE, until=row["waits_until"])
    desk.state(case, paused)
    return row


def follow_money(desk: Desk, case: Row) -> None:
    """What was promised came: the promise is kept, and a case that still asks for something goes on."""
    for row in desk.promises_of(case):
        if row["owed_before"] - case["outstanding"] >= min(row["amount"], row["owed_before"]):
            desk.change(row, status=PROMISE.after("keep", PromiseStatus(row["status"])))
            desk.state(row, PaymentPromiseKept(**shown.promise_ref(row)))
            _go_on(desk, case)


def expire(desk: Desk, case: Row, today: date) -> None:
    """Patience is over."""
    for row in desk.promises_of(case):
        if row["waits_until"] >= today:
            continue
        if case["outstanding"] < row["owed_before"]:
            status = PROMISE.after("keep in part", PromiseStatus(row["status"]))
            desk.change(row, status=status, version=row["version"] + 1)
        else:
            desk.change(row, status=PROMISE.after("break", PromiseStatus(row["status"])))
            desk.state(row, PaymentPromiseBroken(**shown.promise_ref(row)))
        _go_on(desk, case)


def cancel(desk: Desk, case: Row, row: Row) -> None:
    """Do not wait any longer."""
    status = PROMISE.after("cancel", PromiseStatus(row["status"]))
    desk.change(row, status=status, version=row["version"] + 1)
    _go_on(desk, case)


def drop(desk: Desk, case: Row) -> None:
    """The case ends, so nothing is waited for."""
    for row in desk.promises_of(case):
        status = PROMISE.after("cancel", PromiseStatus(row["status"]))
        desk.change(row, status=status, version=row["version"] + 1)


def _go_on(desk: Desk, case: Row) -> None:
    if case["status"] == RecoveryCaseStatus.PAUSED and case["pause_reason"] == CasePauseReason.PROMISE:
        climbing.resume(desk, case)
