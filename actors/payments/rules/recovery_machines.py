"""The state machines of recovery: plans, attempts, cases, orders to cut a service, reminders."""

from messages.payments.recovery_vocabulary import (
    RecoveryCaseStatus,
    RecoveryItemStatus,
    ReminderStatus,
    RetryAttemptStatus,
    RetryPlanStatus,
    SuspensionStatus,
)
from messages.transitions import StateMachine

P, A, C, S, R = RetryPlanStatus, RetryAttemptStatus, RecoveryCaseStatus, SuspensionStatus, ReminderStatus
D = RecoveryItemStatus

WAITING_PLANS = frozenset({P.ACTIVE, P.PAUSED})
LIVE_PLANS = WAITING_PLANS | {P.AWAITING_OUTCOME}

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
        **{("settle", status): P.SUCCEEDED for status in (*LIVE_PLANS, P.NOT_ELIGIBLE, P.EXHAUSTED)},
        **{("cancel", status): P.CANCELLED for status in LIVE_PLANS},
        ("pause", P.ACTIVE): P.PAUSED,
        ("go on", P.PAUSED): P.ACTIVE,
        ("refuse", P.PAUSED): P.NOT_ELIGIBLE,
        ("exhaust", P.PAUSED): P.EXHAUSTED,
        ("revive", P.NOT_ELIGIBLE): P.ACTIVE,
        ("go on", P.SUCCEEDED): P.ACTIVE,
        ("exhaust", P.SUCCEEDED): P.EXHAUSTED,
        ("refuse", P.SUCCEEDED): P.NOT_ELIGIBLE,
    },
)

RECOVERY_ITEM = StateMachine(
    "receivable",
    {
        ("dispute", D.OPEN): D.DISPUTED,
        ("reject dispute", D.DISPUTED): D.OPEN,
        ("uphold", D.DISPUTED): D.UPHELD,
        **{("settle", status): D.SETTLED for status in (D.OPEN, D.DISPUTED, D.UPHELD)},
        **{("credit", status): D.CREDITED for status in (D.OPEN, D.DISPUTED, D.UPHELD)},
        **{("fall due", status): D.OPEN for status in (D.OPEN, D.SETTLED, D.CREDITED)},
        **{("fall due", status): status for status in (D.DISPUTED, D.UPHELD)},
    },
)
"""A debit that failed again makes a settled receivable due; a disputed one stays disputed."""

STILL_OWED = frozenset({D.OPEN, D.DISPUTED, D.UPHELD})

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
