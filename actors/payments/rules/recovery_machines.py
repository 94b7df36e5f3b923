"""The state machines of recovery: plans, attempts, cases, orders to cut a service, reminders."""

from messages.payments.recovery_vocabulary import (
    RecoveryCaseStatus,
    ReminderStatus,
    RetryAttemptStatus,
    RetryPlanStatus,
    SuspensionStatus,
)
from messages.transitions import StateMachine

P, A, C, S, R = RetryPlanStatus, RetryAttemptStatus, RecoveryCaseStatus, SuspensionStatus, ReminderStatus

LIVE_PLANS = frozenset({P.ACTIVE, P.AWAITING_OUTCOME})

RETRY_PLAN = StateMachine(
    "retry plan",
    {
        ("present", P.ACTIVE): P.AWAITING_OUTCOME,
        ("refuse", P.ACTIVE): P.NOT_ELIGIBLE,
        ("succeed", P.AWAITING_OUTCOME): P.SUCCEEDED,
        ("go on", P.AWAITING_OUTCOME): P.ACTIVE,
        ("exhaust", P.AWAITING_OUTCOME): P.EXHAUSTED,
        ("exhaust", P.ACTIVE): P.EXHAUSTED,
        ("refuse", P.AWAITING_OUTCOME): P.NOT_ELIGIBLE,
        **{("settle", status): P.SUCCEEDED for status in (P.ACTIVE, P.AWAITING_OUTCOME, P.NOT_ELIGIBLE, P.EXHAUSTED)},
        **{("cancel", status): P.CANCELLED for status in (P.ACTIVE, P.AWAITING_OUTCOME)},
        ("revive", P.NOT_ELIGIBLE): P.ACTIVE,
        ("go on", P.SUCCEEDED): P.ACTIVE,
        ("exhaust", P.SUCCEEDED): P.EXHAUSTED,
        ("refuse", P.SUCCEEDED): P.NOT_ELIGIBLE,
    },
)

RETRY_ATTEMPT = StateMachine(
    "retry attempt",
    {
        ("submit", A.SCHEDULED): A.SUBMITTED,
        ("skip", A.SCHEDULED): A.SKIPPED,
        ("cancel", A.SCHEDULED): A.CANCELLED,
        ("succeed", A.SUBMITTED): A.SUCCEEDED,
        ("fail", A.SUBMITTED): A.FAILED,
        ("cancel", A.SUBMITTED): A.CANCELLED,
        ("fail", A.SUCCEEDED): A.REVERSED,
    },
)

RECOVERY_CASE = StateMachine(
    "recovery case",
    {
        ("pause", C.OPEN): C.PAUSED,
        ("resume", C.PAUSED): C.OPEN,
        ("close", C.OPEN): C.CLOSED,
        ("close", C.PAUSED): C.CLOSED,
        ("reopen", C.CLOSED): C.OPEN,
    },
)

SUSPENSION = StateMachine(
    "suspension request",
    {
        ("withdraw", S.REQUESTED): S.WITHDRAWN,
        ("confirm", S.REQUESTED): S.CONFIRMED,
        ("confirm", S.WITHDRAWN): S.CONFIRMED,
        ("confirm", S.FAILED): S.CONFIRMED,
        ("fail", S.REQUESTED): S.FAILED,
        ("lift", S.CONFIRMED): S.LIFT_REQUESTED,
        ("lift", S.LIFT_FAILED): S.LIFT_REQUESTED,
        ("lifted", S.LIFT_REQUESTED): S.LIFTED,
        ("lifted", S.CONFIRMED): S.LIFTED,
        ("fail", S.LIFT_REQUESTED): S.LIFT_FAILED,
    },
)

REMINDER = StateMachine(
    "reminder",
    {
        ("request", R.PENDING): R.REQUESTED,
        ("confirm", R.REQUESTED): R.SENT,
        ("fail", R.REQUESTED): R.FAILED,
        ("bounce", R.REQUESTED): R.BOUNCED,
        ("bounce", R.SENT): R.BOUNCED,
        ("cancel", R.PENDING): R.CANCELLED,
        ("skip", R.PENDING): R.SKIPPED,
    },
)
