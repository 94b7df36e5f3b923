"""The closed lists of payments."""

from enum import StrEnum


class PaymentMethod(StrEnum):
    """How money moves."""

    SEPA_CORE = "SEPA_CORE"
    SEPA_B2B = "SEPA_B2B"
    CARD = "CARD"
    PAYPAL = "PAYPAL"
    TRANSFER = "TRANSFER"
    CHEQUE = "CHEQUE"
    CASH = "CASH"
    OTHER = "OTHER"


class MandateScheme(StrEnum):
    """The SEPA rulebook a mandate was signed under."""

    SEPA_CORE = "SEPA_CORE"
    SEPA_B2B = "SEPA_B2B"


class AccountStatus(StrEnum):
    """Whether a creditor account may collect."""

    ACTIVE = "ACTIVE"
    DISABLED = "DISABLED"


class BankDetailsStatus(StrEnum):
    """Whether bank details may be debited."""

    ACTIVE = "ACTIVE"
    INACTIVE = "INACTIVE"


class MandateStatus(StrEnum):
    """The life of a debtor's authorisation."""

    PENDING_CUSTOMER_APPROVAL = "PENDING_CUSTOMER_APPROVAL"
    PENDING_SUBMISSION = "PENDING_SUBMISSION"
    SUBMITTED = "SUBMITTED"
    ACTIVE = "ACTIVE"
    SUSPENDED_BY_PAYER = "SUSPENDED_BY_PAYER"
    BLOCKED = "BLOCKED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"
    CONSUMED = "CONSUMED"


class MandateKind(StrEnum):
    """Whether a mandate allows one debit or many."""

    RECURRENT = "RECURRENT"
    ONE_OFF = "ONE_OFF"


class MandateParty(StrEnum):
    """Who ended a mandate."""

    DEBTOR = "DEBTOR"
    CREDITOR = "CREDITOR"
    BANK = "BANK"
    PSP = "PSP"
    SYSTEM = "SYSTEM"


class SignatureChannel(StrEnum):
    """How the debtor is asked to sign a mandate."""

    PAPER = "PAPER"
    ESIGN = "ESIGN"


class FirstCollection(StrEnum):
    """How far the first debit of a mandate has come; it decides the sequence type."""

    NONE = "NONE"
    FRST_IN_FLIGHT = "FRST_IN_FLIGHT"
    FRST_DONE = "FRST_DONE"


class ScheduleFrequency(StrEnum):
    """The unit of a schedule's periods."""

    WEEKLY = "WEEKLY"
    MONTHLY = "MONTHLY"
    QUARTERLY = "QUARTERLY"
    YEARLY = "YEARLY"
    ONCE = "ONCE"


class ScheduleStatus(StrEnum):
    """The life of a schedule."""

    ACTIVE = "ACTIVE"
    PAUSED = "PAUSED"
    CANCELLED = "CANCELLED"
    COMPLETED = "COMPLETED"


class ScheduleReason(StrEnum):
    """Why a schedule stopped."""

    CONTRACT_SUSPENDED = "CONTRACT_SUSPENDED"
    CONTRACT_ENDED = "CONTRACT_ENDED"
    WITHDRAWN = "WITHDRAWN"
    REQUESTED = "REQUESTED"


class ResumePolicy(StrEnum):
    """What becomes of the periods that passed during a pause."""

    SKIP_MISSED = "SKIP_MISSED"
    COLLECT_MISSED = "COLLECT_MISSED"


class PlannedBy(StrEnum):
    """Who chose a debit date."""

    CALENDAR = "CALENDAR"
    FALLBACK = "FALLBACK"
    MANUAL = "MANUAL"
    OVERRIDE = "OVERRIDE"


class InstalmentStatus(StrEnum):
    """The life of one amount due."""

    PLANNED = "PLANNED"
    BLOCKED = "BLOCKED"
    IN_COLLECTION = "IN_COLLECTION"
    PARTIALLY_PAID = "PARTIALLY_PAID"
    PAID = "PAID"
    FAILED = "FAILED"
    UNPAID = "UNPAID"
    CANCELLED = "CANCELLED"


class InstalmentCancelReason(StrEnum):
    """Why an instalment will never be collected."""

    SKIPPED = "SKIPPED"
    CONTRACT_ENDED = "CONTRACT_ENDED"
    SCHEDULE_CANCELLED = "SCHEDULE_CANCELLED"
    WITHDRAWN = "WITHDRAWN"
    CREDITED = "CREDITED"
    SETTLED_ELSEWHERE = "SETTLED_ELSEWHERE"


class RescheduleReason(StrEnum):
    """Why a debit date moved."""

    LATE = "LATE"
    REPLANNED = "REPLANNED"
    CUTOFF_MISSED = "CUTOFF_MISSED"


class BlockReason(StrEnum):
    """Which emission guard holds an instalment back."""

    CONTRACT_NOT_ACTIVE = "CONTRACT_NOT_ACTIVE"
    COLLECTION_LOCKED = "COLLECTION_LOCKED"
    WITHDRAWAL_PERIOD = "WITHDRAWAL_PERIOD"
    QUALITY_CHECK_PENDING = "QUALITY_CHECK_PENDING"
    CLIENT_BLOCKED = "CLIENT_BLOCKED"
    INVOICE_MISSING = "INVOICE_MISSING"
    AMOUNT_OUT_OF_RANGE = "AMOUNT_OUT_OF_RANGE"
    MANDATE_NOT_USABLE = "MANDATE_NOT_USABLE"
    NO_PAYMENT_MEANS = "NO_PAYMENT_MEANS"
    CARD_EXPIRED = "CARD_EXPIRED"
    PRENOTIFICATION_MISSING = "PRENOTIFICATION_MISSING"
    VELOCITY_LIMIT = "VELOCITY_LIMIT"
    ROUTING_NOT_FOUND = "ROUTING_NOT_FOUND"


class PaymentType(StrEnum):
    """Where a payment comes from."""

    EMISSION = "EMISSION"
    REEMISSION = "REEMISSION"
    PORTAL = "PORTAL"
    MANUAL = "MANUAL"


class PaymentStatus(StrEnum):
    """The life of one attempt to collect."""

    PENDING = "PENDING"
    BATCHED = "BATCHED"
    SUBMITTED = "SUBMITTED"
    REQUIRES_ACTION = "REQUIRES_ACTION"
    UNCERTAIN = "UNCERTAIN"
    PAID = "PAID"
    PARTIALLY_REFUNDED = "PARTIALLY_REFUNDED"
    REFUNDED = "REFUNDED"
    REJECTED = "REJECTED"
    RETURNED = "RETURNED"
    CANCELLED = "CANCELLED"
    FAILED = "FAILED"


class SequenceType(StrEnum):
    """The place of a debit in the life of its mandate."""

    FRST = "FRST"
    RCUR = "RCUR"
    FNAL = "FNAL"
    OOFF = "OOFF"


class FailurePhase(StrEnum):
    """Whether money had moved when a debit failed."""

    PRE_SETTLEMENT = "PRE_SETTLEMENT"
    POST_SETTLEMENT = "POST_SETTLEMENT"


class RType(StrEnum):
    """The kind of a SEPA exception."""

    REJECT = "REJECT"
    REFUSAL = "REFUSAL"
    RETURN = "RETURN"
    REFUND = "REFUND"
    REVERSAL = "REVERSAL"
    CHARGEBACK = "CHARGEBACK"
    CANCELLATION = "CANCELLATION"


class ReasonCategory(StrEnum):
    """What a reason code means for the creditor."""

    INSUFFICIENT_FUNDS = "INSUFFICIENT_FUNDS"
    ACCOUNT = "ACCOUNT"
    MANDATE = "MANDATE"
    DISPUTE = "DISPUTE"
    DECEASED = "DECEASED"
    REGULATORY = "REGULATORY"
    TECHNICAL = "TECHNICAL"
    CANCELLATION = "CANCELLATION"
    OTHER = "OTHER"


class RetryAdvice(StrEnum):
    """Whether a failed debit may be presented again."""

    AUTO = "AUTO"
    MANUAL = "MANUAL"
    NEVER = "NEVER"


class MandateEffect(StrEnum):
    """What a reason code does to the mandate."""

    NONE = "NONE"
    BLOCK = "BLOCK"
    CANCEL = "CANCEL"


class CustomerAction(StrEnum):
    """What the customer is asked to do after a failed debit."""

    NONE = "NONE"
    PAY_BY_LINK = "PAY_BY_LINK"
    NEW_IBAN = "NEW_IBAN"
    NEW_MANDATE = "NEW_MANDATE"
    OTHER_ACCOUNT = "OTHER_ACCOUNT"
    CHECK_HOLDER = "CHECK_HOLDER"
    WHITELIST_CREDITOR = "WHITELIST_CREDITOR"
    COMPLETE_DATA = "COMPLETE_DATA"
    CONTACT = "CONTACT"


class RunTrigger(StrEnum):
    """Who started an emission."""

    CLOCK = "CLOCK"
    MANUAL = "MANUAL"


class RunStatus(StrEnum):
    """How far an emission has come."""

    RUNNING = "RUNNING"
    FINISHED = "FINISHED"


class AlertSeverity(StrEnum):
    """How urgent a staff alert is."""

    INFO = "INFO"
    WARNING = "WARNING"
    CRITICAL = "CRITICAL"


class AlertStatus(StrEnum):
    """Whether somebody took a staff alert, or settled what it is about."""

    OPEN = "OPEN"
    ACKNOWLEDGED = "ACKNOWLEDGED"
    RESOLVED = "RESOLVED"


class AlertChannel(StrEnum):
    """Where a staff alert is shown."""

    EMAIL = "EMAIL"
    CHAT = "CHAT"
    UI = "UI"


class Standing(StrEnum):
    """How a client pays."""

    GOOD = "GOOD"
    OVERDUE = "OVERDUE"
    UNPAID = "UNPAID"
    SUSPENDED = "SUSPENDED"
    LITIGATION = "LITIGATION"


class RiskLevel(StrEnum):
    """How likely the next debit is to fail."""

    LOW = "LOW"
    MEDIUM = "MEDIUM"
    HIGH = "HIGH"


class PrenotificationMode(StrEnum):
    """Whether a missing pre-notification stops a debit."""

    OFF = "OFF"
    WARN = "WARN"
    ENFORCE = "ENFORCE"
