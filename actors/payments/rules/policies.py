"""Which policy governs a receivable; and the policies that govern when an organisation has made none."""

from collections.abc import Iterable, Mapping
from typing import Any

from messages.payments.policies import DunningStep, DunningTerms, RetryTerms, StepAction, StepGuard
from messages.payments.recovery_vocabulary import ActionKind, GuardKind, ReminderChannel, StepTrigger, TaskPriority

_WEIGHTS = {"product_code": 16, "company_id": 8, "channel": 4, "payment_method": 2, "customer_type": 1}
SCOPE = tuple(_WEIGHTS)


def best(candidates: Iterable[Mapping[str, Any]], context: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The active policy that fits best: priority, then how closely it names the context, then the oldest.

    An empty scope field fits anything; an unknown context value fits only an empty one. Without a fit the default.
    """
    rows = [row for row in candidates if row["is_active"]]
    fitting = [row for row in rows if all(row[name] in (None, context.get(name)) for name in SCOPE)]
    fitting = [row for row in fitting if not row["is_default"] or _specificity(row)] or [
        row for row in rows if row["is_default"]
    ]
    if not fitting:
        return None
    return min(fitting, key=lambda row: (-row["priority"], -_specificity(row), row["created_at"], row["id"]))


def _specificity(row: Mapping[str, Any]) -> int:
    return sum(weight for name, weight in _WEIGHTS.items() if row[name] is not None)


def _message(channel: ReminderChannel, template: str) -> StepAction:
    return StepAction(kind=ActionKind.SEND_MESSAGE, channel=channel, template_key=template)


def _given_up() -> tuple[StepAction, ...]:
    return (
        StepAction(kind=ActionKind.STOP_RETRIES),
        StepAction(kind=ActionKind.MARK_UNPAID),
        StepAction(kind=ActionKind.FLAG_RISK),
        StepAction(kind=ActionKind.MARK_DEFAULT),
        StepAction(kind=ActionKind.SEND_FORMAL_NOTICE),
        StepAction(kind=ActionKind.NOTIFY_STAFF, title="Unpaid receivable"),
        StepAction(kind=ActionKind.CREATE_TASK, title="Call the debtor", priority=TaskPriority.HIGH),
    )


def _sepa_ladder(prefix: str, last: StepTrigger, fallback: tuple[int, int]) -> tuple[DunningStep, ...]:
    """Reminder, warning, cut two days later, then the debt is given up as unpaid."""
    email, sms = ReminderChannel.EMAIL, ReminderChannel.SMS
    warned = StepGuard(kind=GuardKind.MESSAGE_SENT_BEFORE, step=f"{prefix}2", hours=48)
    return (
        DunningStep(
            code=f"{prefix}1",
            level=1,
            trigger=StepTrigger.REJECTION_COUNT,
            trigger_value=1,
            actions=(_message(sms, "reminder.please_pay"),),
        ),
        DunningStep(
            code=f"{prefix}2",
            level=2,
            trigger=StepTrigger.REJECTION_COUNT,
            trigger_value=2,
            fallback_days=fallback[0],
            actions=(_message(email, "reminder.suspension_warning"), _message(sms, "reminder.suspension_warning")),
        ),
        DunningStep(
            code=f"{prefix}2S",
            level=2,
            trigger=StepTrigger.DAYS_AFTER_STEP,
            trigger_value=2,
            after_step=f"{prefix}2",
            guards=(warned, StepGuard(kind=GuardKind.SERVICE_ACTIVE), StepGuard(kind=GuardKind.NO_PENDING_PAYMENT)),
            actions=(StepAction(kind=ActionKind.REQUEST_SUSPENSION),),
        ),
        DunningStep(
            code=f"{prefix}3",
            level=3,
            trigger=last,
            trigger_value=3,
            fallback_days=fallback[1],
            actions=_given_up(),
        ),
    )


SEPA_DEFAULT = RetryTerms()
BUILT_IN = DunningTerms(
    steps=tuple(step for step in _sepa_ladder("G", StepTrigger.RETRIES_EXHAUSTED, (12, 30)) if not step.guards)
)
"""The ladder of an organisation that stored none: it reminds and gives up, but nobody's service is cut unasked."""

GENERAL_SEPA = DunningTerms(steps=_sepa_ladder("G", StepTrigger.RETRIES_EXHAUSTED, (12, 30)))
TELECOM_SEPA = DunningTerms(steps=_sepa_ladder("T", StepTrigger.REJECTION_COUNT, (8, 20)))
