"""The state machines of payments; an outcome that a bank states is looked up here, never judged by hand."""

from messages.payments import (
    AlertStatus,
    BatchStatus,
    InstalmentStatus,
    MandateStatus,
    MatchStatus,
    PaymentStatus,
    ScheduleStatus,
)
from messages.transitions import StateMachine

PAYMENT = StateMachine(
    "payment",
    {
        ("batch", PaymentStatus.PENDING): PaymentStatus.BATCHED,
        ("unbatch", PaymentStatus.BATCHED): PaymentStatus.PENDING,
        ("submit", PaymentStatus.BATCHED): PaymentStatus.SUBMITTED,
        ("submit", PaymentStatus.PENDING): PaymentStatus.SUBMITTED,
        ("submit", PaymentStatus.REQUIRES_ACTION): PaymentStatus.SUBMITTED,
        ("submit", PaymentStatus.UNCERTAIN): PaymentStatus.SUBMITTED,
        ("ask for action", PaymentStatus.PENDING): PaymentStatus.REQUIRES_ACTION,
        ("ask for action", PaymentStatus.UNCERTAIN): PaymentStatus.REQUIRES_ACTION,
        ("lose sight", PaymentStatus.PENDING): PaymentStatus.UNCERTAIN,
        ("order again", PaymentStatus.UNCERTAIN): PaymentStatus.PENDING,
        ("order again", PaymentStatus.FAILED): PaymentStatus.PENDING,
        ("fail", PaymentStatus.PENDING): PaymentStatus.FAILED,
        ("fail", PaymentStatus.UNCERTAIN): PaymentStatus.FAILED,
        ("fail", PaymentStatus.SUBMITTED): PaymentStatus.FAILED,
        ("fail", PaymentStatus.REQUIRES_ACTION): PaymentStatus.FAILED,
        ("settle", PaymentStatus.SUBMITTED): PaymentStatus.PAID,
        ("reject", PaymentStatus.SUBMITTED): PaymentStatus.REJECTED,
        ("return", PaymentStatus.PAID): PaymentStatus.RETURNED,
        ("return", PaymentStatus.PARTIALLY_REFUNDED): PaymentStatus.RETURNED,
        ("return", PaymentStatus.REFUNDED): PaymentStatus.RETURNED,
        ("decline", PaymentStatus.PENDING): PaymentStatus.REJECTED,
        ("cancel", PaymentStatus.PENDING): PaymentStatus.CANCELLED,
        ("cancel", PaymentStatus.BATCHED): PaymentStatus.CANCELLED,
        ("cancel", PaymentStatus.SUBMITTED): PaymentStatus.CANCELLED,
        ("cancel", PaymentStatus.REQUIRES_ACTION): PaymentStatus.CANCELLED,
        ("cancel", PaymentStatus.UNCERTAIN): PaymentStatus.CANCELLED,
        ("reinstate", PaymentStatus.RETURNED): PaymentStatus.PAID,
        ("refund part", PaymentStatus.PAID): PaymentStatus.PARTIALLY_REFUNDED,
        ("refund part", PaymentStatus.PARTIALLY_REFUNDED): PaymentStatus.PARTIALLY_REFUNDED,
        ("refund all", PaymentStatus.PAID): PaymentStatus.REFUNDED,
        ("refund all", PaymentStatus.PARTIALLY_REFUNDED): PaymentStatus.REFUNDED,
    },
)

LIVE = (
    PaymentStatus.PENDING,
    PaymentStatus.BATCHED,
    PaymentStatus.SUBMITTED,
    PaymentStatus.REQUIRES_ACTION,
    PaymentStatus.UNCERTAIN,
)
"""A payment in one of these may still bring money; no second one is made beside it."""

INSTALMENT = StateMachine(
    "instalment",
    {
        ("block", InstalmentStatus.PLANNED): InstalmentStatus.BLOCKED,
        ("block", InstalmentStatus.BLOCKED): InstalmentStatus.BLOCKED,
        ("unblock", InstalmentStatus.BLOCKED): InstalmentStatus.PLANNED,
        ("present", InstalmentStatus.PLANNED): InstalmentStatus.IN_COLLECTION,
        ("present", InstalmentStatus.BLOCKED): InstalmentStatus.IN_COLLECTION,
        ("present", InstalmentStatus.FAILED): InstalmentStatus.IN_COLLECTION,
        ("present", InstalmentStatus.PARTIALLY_PAID): InstalmentStatus.IN_COLLECTION,
        ("withdraw", InstalmentStatus.IN_COLLECTION): InstalmentStatus.PLANNED,
        ("withdraw", InstalmentStatus.PAID): InstalmentStatus.PAID,
        ("give up", InstalmentStatus.FAILED): InstalmentStatus.UNPAID,
        ("give up", InstalmentStatus.PARTIALLY_PAID): InstalmentStatus.UNPAID,
        ("fail", InstalmentStatus.IN_COLLECTION): InstalmentStatus.FAILED,
        ("fail", InstalmentStatus.PAID): InstalmentStatus.FAILED,
        ("fail", InstalmentStatus.PARTIALLY_PAID): InstalmentStatus.FAILED,
        ("fail", InstalmentStatus.FAILED): InstalmentStatus.FAILED,
        ("fail", InstalmentStatus.UNPAID): InstalmentStatus.UNPAID,
        ("fail", InstalmentStatus.CANCELLED): InstalmentStatus.CANCELLED,
        ("cancel", InstalmentStatus.PLANNED): InstalmentStatus.CANCELLED,
        ("cancel", InstalmentStatus.BLOCKED): InstalmentStatus.CANCELLED,
    },
)

_APPROVING = (MandateStatus.PENDING_CUSTOMER_APPROVAL, MandateStatus.PENDING_SUBMISSION, MandateStatus.SUBMITTED)
ENDED_MANDATE = (MandateStatus.FAILED, MandateStatus.CANCELLED, MandateStatus.EXPIRED)

MANDATE = StateMachine(
    "mandate",
    {
        ("sign", MandateStatus.PENDING_CUSTOMER_APPROVAL): MandateStatus.ACTIVE,
        ("approve", MandateStatus.PENDING_CUSTOMER_APPROVAL): MandateStatus.PENDING_SUBMISSION,
        **{("submit", status): MandateStatus.SUBMITTED for status in _APPROVING[:2]},
        **{("activate", status): MandateStatus.ACTIVE for status in (*_APPROVING, MandateStatus.SUSPENDED_BY_PAYER)},
        **{("fail", status): MandateStatus.FAILED for status in (*_APPROVING, MandateStatus.ACTIVE)},
        **{("reinstate", status): MandateStatus.ACTIVE for status in ENDED_MANDATE},
        ("suspend", MandateStatus.ACTIVE): MandateStatus.SUSPENDED_BY_PAYER,
        ("consume", MandateStatus.ACTIVE): MandateStatus.CONSUMED,
        **{
            ("cancel", status): MandateStatus.CANCELLED
            for status in (*_APPROVING[1:], MandateStatus.SUSPENDED_BY_PAYER)
        },
        ("expire", MandateStatus.SUSPENDED_BY_PAYER): MandateStatus.EXPIRED,
        ("expire", MandateStatus.PENDING_CUSTOMER_APPROVAL): MandateStatus.EXPIRED,
        ("cancel", MandateStatus.PENDING_CUSTOMER_APPROVAL): MandateStatus.CANCELLED,
        ("block", MandateStatus.ACTIVE): MandateStatus.BLOCKED,
        ("cancel", MandateStatus.ACTIVE): MandateStatus.CANCELLED,
        ("expire", MandateStatus.ACTIVE): MandateStatus.EXPIRED,
        ("unblock", MandateStatus.BLOCKED): MandateStatus.ACTIVE,
        ("cancel", MandateStatus.BLOCKED): MandateStatus.CANCELLED,
        ("expire", MandateStatus.BLOCKED): MandateStatus.EXPIRED,
    },
)

SCHEDULE = StateMachine(
    "schedule",
    {
        ("pause", ScheduleStatus.ACTIVE): ScheduleStatus.PAUSED,
        ("resume", ScheduleStatus.PAUSED): ScheduleStatus.ACTIVE,
        ("cancel", ScheduleStatus.ACTIVE): ScheduleStatus.CANCELLED,
        ("cancel", ScheduleStatus.PAUSED): ScheduleStatus.CANCELLED,
        ("complete", ScheduleStatus.ACTIVE): ScheduleStatus.COMPLETED,
        ("renew", ScheduleStatus.ACTIVE): ScheduleStatus.ACTIVE,
        ("renew", ScheduleStatus.CANCELLED): ScheduleStatus.ACTIVE,
        ("renew", ScheduleStatus.COMPLETED): ScheduleStatus.ACTIVE,
    },
)

_STOPPABLE = (BatchStatus.DRAFT, BatchStatus.READY, BatchStatus.PENDING_APPROVAL, BatchStatus.APPROVED)
_AT_THE_BANK = (BatchStatus.TRANSMITTED, BatchStatus.ACKNOWLEDGED, BatchStatus.PARTIALLY_REJECTED)

BATCH = StateMachine(
    "collection batch",
    {
        **{("rebuild", status): BatchStatus.DRAFT for status in _STOPPABLE},
        ("build", BatchStatus.DRAFT): BatchStatus.READY,
        ("hold", BatchStatus.READY): BatchStatus.PENDING_APPROVAL,
        ("hold", BatchStatus.APPROVED): BatchStatus.PENDING_APPROVAL,
        ("approve", BatchStatus.READY): BatchStatus.APPROVED,
        ("approve", BatchStatus.PENDING_APPROVAL): BatchStatus.APPROVED,
        ("transmit", BatchStatus.APPROVED): BatchStatus.TRANSMITTED,
        ("acknowledge", BatchStatus.TRANSMITTED): BatchStatus.ACKNOWLEDGED,
        ("acknowledge", BatchStatus.ACKNOWLEDGED): BatchStatus.ACKNOWLEDGED,
        **{("reject part", status): BatchStatus.PARTIALLY_REJECTED for status in _AT_THE_BANK},
        **{("reject", status): BatchStatus.REJECTED for status in _AT_THE_BANK},
        **{("settle", status): BatchStatus.SETTLED for status in _AT_THE_BANK},
        **{("cancel", status): BatchStatus.CANCELLED for status in _STOPPABLE},
    },
)

BANK_LINE = StateMachine(
    "bank transaction",
    {
        ("match", MatchStatus.UNMATCHED): MatchStatus.MATCHED_MANUAL,
        ("match", MatchStatus.MATCHED_MANUAL): MatchStatus.MATCHED_MANUAL,
        ("match", MatchStatus.MATCHED_AUTO): MatchStatus.MATCHED_AUTO,
        ("ignore", MatchStatus.UNMATCHED): MatchStatus.IGNORED,
        ("ignore", MatchStatus.IGNORED): MatchStatus.IGNORED,
        ("undo", MatchStatus.UNMATCHED): MatchStatus.UNMATCHED,
        ("undo", MatchStatus.MATCHED_MANUAL): MatchStatus.UNMATCHED,
        ("undo", MatchStatus.IGNORED): MatchStatus.UNMATCHED,
    },
)

ALERT = StateMachine(
    "alert",
    {
        ("acknowledge", AlertStatus.OPEN): AlertStatus.ACKNOWLEDGED,
        ("acknowledge", AlertStatus.ACKNOWLEDGED): AlertStatus.ACKNOWLEDGED,
        ("acknowledge", AlertStatus.RESOLVED): AlertStatus.RESOLVED,
        **{("resolve", status): AlertStatus.RESOLVED for status in AlertStatus},
    },
)
