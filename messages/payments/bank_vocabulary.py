"""Words of files exchanged with banks: what we send, what they answer, and their lines."""

from enum import StrEnum


class BatchScheme(StrEnum):
    """The local instrument of a bank file; the two are never mixed."""

    CORE = "CORE"
    B2B = "B2B"


class BatchStatus(StrEnum):
    """The life of a bank file."""

    DRAFT = "DRAFT"
    READY = "READY"
    PENDING_APPROVAL = "PENDING_APPROVAL"
    APPROVED = "APPROVED"
    TRANSMITTED = "TRANSMITTED"
    ACKNOWLEDGED = "ACKNOWLEDGED"
    PARTIALLY_REJECTED = "PARTIALLY_REJECTED"
    REJECTED = "REJECTED"
    SETTLED = "SETTLED"
    CANCELLED = "CANCELLED"


class Transport(StrEnum):
    """How a bank file leaves: handed out for upload by a person, or put in the exchange folder."""

    MANUAL = "MANUAL"
    SIMULATOR = "SIMULATOR"


class BankMessageKind(StrEnum):
    """What a bank says in a file."""

    PAIN002 = "PAIN002"
    CAMT053 = "CAMT053"
    CAMT054 = "CAMT054"


class BankMessageStatus(StrEnum):
    """How far an imported file has come."""

    RECEIVED = "RECEIVED"
    PROCESSED = "PROCESSED"
    PARTIAL = "PARTIAL"
    FAILED = "FAILED"
    DUPLICATE = "DUPLICATE"


class MatchStatus(StrEnum):
    """Whether a bank line found what it belongs to."""

    UNMATCHED = "UNMATCHED"
    MATCHED_AUTO = "MATCHED_AUTO"
    MATCHED_MANUAL = "MATCHED_MANUAL"
    IGNORED = "IGNORED"


class CreditDebit(StrEnum):
    """The direction of a bank line, seen from the account."""

    CREDIT = "CREDIT"
    DEBIT = "DEBIT"
