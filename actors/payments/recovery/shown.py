"""Rows of recovery as the messages show them."""

from collections.abc import Sequence
from typing import Any

from actors.payments.views import money
from messages.payments import (
    CaseNote,
    CaseRef,
    ChargeRef,
    DunningStepDone,
    FormalNotice,
    PaymentPromise,
    PromiseRef,
    RecoveryCase,
    RecoveryCharge,
    RecoveryItem,
    Reminder,
    RetryAttempt,
    RetryPlan,
    RetryRef,
    SettlementPlan,
    SettlementRef,
    SuspensionOrder,
)


def case_ref(row: Any) -> dict[str, Any]:
    """The fields of CaseRef."""
    return dict(CaseRef.model_validate(_case_fields(row)))


def case_of(row: Any, **parts: Any) -> RecoveryCase:
    """A case."""
    return RecoveryCase.model_validate(_case_fields(row) | parts)


def _case_fields(row: Any) -> dict[str, Any]:
    return {**row, "case_id": row["id"], "outstanding": money(row["outstanding"], row["currency"])}


def item_of(row: Any, currency: str) -> RecoveryItem:
    """A receivable of a case."""
    amounts = {name: money(row[name], currency) for name in ("principal", "outstanding")}
    return RecoveryItem.model_validate({**row, "item_id": row["id"], **amounts})


def step_of(row: Any, episode: int) -> DunningStepDone:
    """A step that was executed."""
    return DunningStepDone.model_validate({"episode": episode, **row})


def retry_ref(row: Any) -> dict[str, Any]:
    """The fields of RetryRef."""
    return dict(RetryRef.model_validate(_plan_fields(row)))


def plan_of(row: Any, attempts: Sequence[Any] = (), reminders: Sequence[Any] = ()) -> RetryPlan:
    """A plan, with its attempts and reminders where they were read."""
    parts = {
        "attempts": tuple(attempt_of(attempt, row["currency"]) for attempt in attempts),
        "reminders": tuple(reminder_of(found) for found in reminders),
    }
    return RetryPlan.model_validate(_plan_fields(row) | parts)


def _plan_fields(row: Any) -> dict[str, Any]:
    return {**row, "plan_id": row["id"], "amount": money(row["amount"], row["currency"])}


def attempt_of(row: Any, currency: str) -> RetryAttempt:
    """An attempt."""
    amount = money(row["amount"], currency) if row["amount"] is not None else None
    return RetryAttempt.model_validate(
        {**row, "attempt_id": row["id"], "attempt_number": row["number"], "amount": amount}
    )


def reminder_of(row: Any) -> Reminder:
    """A message to a debtor."""
    return Reminder.model_validate({**row, "reminder_id": row["id"]})


def suspension_of(row: Any) -> SuspensionOrder:
    """An order to cut a service."""
    return SuspensionOrder.model_validate({**row, "request_id": row["id"]})


def notice_of(row: Any) -> FormalNotice:
    """A formal notice."""
    return FormalNotice.model_validate({**row, "notice_id": row["id"], "total": money(row["total"], row["currency"])})


def note_of(row: Any) -> CaseNote:
    """A note."""
    return CaseNote.model_validate({**row})


def promise_ref(row: Any) -> dict[str, Any]:
    """The fields of PromiseRef."""
    return dict(PromiseRef.model_validate(_promise_fields(row)))


def promise_of(row: Any) -> PaymentPromise:
    """A promise."""
    return PaymentPromise.model_validate(_promise_fields(row))


def _promise_fields(row: Any) -> dict[str, Any]:
    return {**row, "promise_id": row["id"], "amount": money(row["amount"], row["currency"])}


def settlement_ref(row: Any) -> dict[str, Any]:
    """The fields of SettlementRef."""
    return dict(SettlementRef.model_validate({**row, "plan_id": row["id"]}))


def settlement_of(row: Any, tranches: Sequence[Any] = ()) -> SettlementPlan:
    """A settlement plan, with its tranches where they were read."""
    currency = row["currency"]
    parts = tuple({**tranche, "amount": money(tranche["amount"], currency)} for tranche in tranches)
    total = money(row["total"], currency)
    return SettlementPlan.model_validate({**row, "plan_id": row["id"], "total": total, "tranches": parts})


def charge_ref(row: Any) -> dict[str, Any]:
    """The fields of ChargeRef."""
    return dict(ChargeRef.model_validate(_charge_fields(row)))


def charge_of(row: Any) -> RecoveryCharge:
    """A charge."""
    return RecoveryCharge.model_validate(_charge_fields(row))


def _charge_fields(row: Any) -> dict[str, Any]:
    return {**row, "charge_id": row["id"], "amount": money(row["amount"], row["currency"])}
