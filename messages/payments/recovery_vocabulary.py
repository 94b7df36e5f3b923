"""The closed lists of recovery."""

from enum import StrEnum


class CustomerType(StrEnum):
    """Which law applies to a debtor; unknown is treated as B2C."""

    B2C = "B2C"
    B2B = "B2B"
    PUBLIC = "PUBLIC"


class RetryAnchor(StrEnum):
    """What the delays of a retry policy count from."""

    FIRST_REJECTION = "FIRST_REJECTION"
    LAST_REJECTION = "LAST_REJECTION"


class RetryPlanStatus(StrEnum):
    """The life of the attempts to collect one receivable again."""

    ACTIVE = "ACTIVE"
    AWAITING_OUTCOME = "AWAITING_OUTCOME"
    PAUSED = "PAUSED"
    SUCCEEDED = "SUCCEEDED"
    EXHAUSTED = "EXHAUSTED"
    NOT_ELIGIBLE = "NOT_ELIGIBLE"
    CANCELLED = "CANCELLED"


class RetryEligibility(StrEnum):
    """Whether a debit may be presented again, or the first rule that forbids it."""

    ELIGIBLE = "ELIGIBLE"
    NOT_ELIGIBLE_PAYMENT_SETTLED = "NOT_ELIGIBLE_PAYMENT_SETTLED"
    NOT_ELIGIBLE_CLIENT_BLOCKED = "NOT_ELIGIBLE_CLIENT_BLOCKED"
    NOT_ELIGIBLE_CONTRACT_CANCELLED = "NOT_ELIGIBLE_CONTRACT_CANCELLED"
    NOT_ELIGIBLE_MANDATE_REVOKED = "NOT_ELIGIBLE_MANDATE_REVOKED"
    NOT_ELIGIBLE_REASON_CODE = "NOT_ELIGIBLE_REASON_CODE"
    NOT_ELIGIBLE_MAX_ATTEMPTS = "NOT_ELIGIBLE_MAX_ATTEMPTS"
    NOT_ELIGIBLE_MAX_DURATION = "NOT_ELIGIBLE_MAX_DURATION"
    NOT_ELIGIBLE_AMOUNT = "NOT_ELIGIBLE_AMOUNT"
    NOT_ELIGIBLE_INSOLVENCY = "NOT_ELIGIBLE_INSOLVENCY"
    NOT_ELIGIBLE_DISPUTED = "NOT_ELIGIBLE_DISPUTED"
    NOT_ELIGIBLE_MANUAL_CANCEL = "NOT_ELIGIBLE_MANUAL_CANCEL"


class RetryAttemptStatus(StrEnum):
    """The life of one new presentation."""

    SCHEDULED = "SCHEDULED"
    SUBMITTED = "SUBMITTED"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    REVERSED = "REVERSED"
    SKIPPED = "SKIPPED"
    CANCELLED = "CANCELLED"


class RecoveryCaseStatus(StrEnum):
    """The life of a recovery case."""

    OPEN = "OPEN"
    PAUSED = "PAUSED"
    CLOSED = "CLOSED"


class RecoveryItemStatus(StrEnum):
    """Whether a late receivable is still owed. UPHELD: its dispute was upheld, the credit note is to come."""

    OPEN = "OPEN"
    DISPUTED = "DISPUTED"
    UPHELD = "UPHELD"
    SETTLED = "SETTLED"
    CREDITED = "CREDITED"


class ServiceState(StrEnum):
    """What recovery did to the service."""

    ACTIVE = "ACTIVE"
    SUSPENSION_REQUESTED = "SUSPENSION_REQUESTED"
    SUSPENDED = "SUSPENDED"
    REACTIVATION_REQUESTED = "REACTIVATION_REQUESTED"
    TERMINATION_REQUESTED = "TERMINATION_REQUESTED"
    TERMINATED = "TERMINATED"
    NOT_APPLICABLE = "NOT_APPLICABLE"


class CasePauseReason(StrEnum):
    """Why nothing happens to a case for now."""

    MANUAL = "MANUAL"
    DECEASED = "DECEASED"
    FRAUD = "FRAUD"
    COMPLIANCE = "COMPLIANCE"
    INSOLVENCY = "INSOLVENCY"
    PROMISE = "PROMISE"
    DISPUTE = "DISPUTE"
    SETTLEMENT_PLAN = "SETTLEMENT_PLAN"


class CaseCloseReason(StrEnum):
    """How a case ended. MERGED: its client and another became one, and so did their cases."""

    MERGED = "MERGED"
    RECOVERED = "RECOVERED"
    CREDITED = "CREDITED"
    DISPUTE_UPHELD = "DISPUTE_UPHELD"
    TIME_BARRED = "TIME_BARRED"
    CEDED = "CEDED"
    DECEASED = "DECEASED"
    ERROR = "ERROR"


class SuspensionStatus(StrEnum):
    """The life of an order to cut a service."""

    REQUESTED = "REQUESTED"
    WITHDRAWN = "WITHDRAWN"
    CONFIRMED = "CONFIRMED"
    FAILED = "FAILED"
    LIFT_REQUESTED = "LIFT_REQUESTED"
    LIFTED = "LIFTED"
    LIFT_FAILED = "LIFT_FAILED"


class ReminderChannel(StrEnum):
    """How a debtor is reached."""

    EMAIL = "EMAIL"
    SMS = "SMS"


class ReminderStatus(StrEnum):
    """The life of a reminder. REQUESTED: ordered from engagement, which has not yet said what became of it."""

    PENDING = "PENDING"
    REQUESTED = "REQUESTED"
    SENT = "SENT"
    FAILED = "FAILED"
    BOUNCED = "BOUNCED"
    CANCELLED = "CANCELLED"
    SKIPPED = "SKIPPED"


class StepTrigger(StrEnum):
    """What makes a step of a ladder due."""

    REJECTION_COUNT = "REJECTION_COUNT"
    DAYS_AFTER_OPEN = "DAYS_AFTER_OPEN"
    DAYS_AFTER_STEP = "DAYS_AFTER_STEP"
    RETRIES_EXHAUSTED = "RETRIES_EXHAUSTED"
    NOTICE_DEADLINE_PASSED = "NOTICE_DEADLINE_PASSED"
    MANUAL = "MANUAL"


class GuardKind(StrEnum):
    """What must hold before a due step is executed."""

    MIN_OUTSTANDING = "MIN_OUTSTANDING"
    MESSAGE_SENT_BEFORE = "MESSAGE_SENT_BEFORE"
    CUSTOMER_TYPE = "CUSTOMER_TYPE"
    SERVICE_ACTIVE = "SERVICE_ACTIVE"
    NO_PENDING_PAYMENT = "NO_PENDING_PAYMENT"
    NOTICE_DEADLINE_PASSED = "NOTICE_DEADLINE_PASSED"


class ActionKind(StrEnum):
    """What a step does."""

    SEND_MESSAGE = "SEND_MESSAGE"
    CREATE_TASK = "CREATE_TASK"
    NOTIFY_STAFF = "NOTIFY_STAFF"
    STOP_RETRIES = "STOP_RETRIES"
    MARK_UNPAID = "MARK_UNPAID"
    FLAG_RISK = "FLAG_RISK"
    MARK_DEFAULT = "MARK_DEFAULT"
    SEND_FORMAL_NOTICE = "SEND_FORMAL_NOTICE"
    REQUEST_SUSPENSION = "REQUEST_SUSPENSION"
    REQUEST_TERMINATION = "REQUEST_TERMINATION"


class ChargeMode(StrEnum):
    """Whether a charge that the law grants against businesses is claimed."""

    AUTO = "AUTO"
    OFF = "OFF"


class StaffAction(StrEnum):
    """What recovery orders from other actors."""

    CREATE_TASK = "CREATE_TASK"
    NOTIFY_STAFF = "NOTIFY_STAFF"
    SEND_LETTER = "SEND_LETTER"


class TaskPriority(StrEnum):
    """How urgent a task is."""

    HIGH = "HIGH"
    MEDIUM = "MEDIUM"
    LOW = "LOW"
