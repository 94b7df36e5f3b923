"""The closed lists of the customer portal."""

from enum import StrEnum


class PortalPurpose(StrEnum):
    """Why a link was made; it decides how long and how often it serves."""

    PAY_NOW = "PAY_NOW"
    DUNNING_LINK = "DUNNING_LINK"
    UPDATE_CARD = "UPDATE_CARD"


class PortalAction(StrEnum):
    """What the holder of a link may do."""

    VIEW_PAYMENT = "VIEW_PAYMENT"
    PAY_BY_CARD = "PAY_BY_CARD"
    PAY_BY_TRANSFER = "PAY_BY_TRANSFER"
    PAY_BY_SEPA = "PAY_BY_SEPA"
    UPDATE_CARD = "UPDATE_CARD"


class PortalSessionStatus(StrEnum):
    """The life of a link."""

    CREATED = "CREATED"
    ACTIVE = "ACTIVE"
    REDIRECTED = "REDIRECTED"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    EXPIRED = "EXPIRED"
    CANCELLED = "CANCELLED"


class PortalOutcome(StrEnum):
    """Why a link ended, or what its last payment came to."""

    PAID = "PAID"
    ALREADY_PAID = "ALREADY_PAID"
    SAVED = "SAVED"
    DEBIT_ORDERED = "DEBIT_ORDERED"
    DECLINED = "DECLINED"
    ABANDONED = "ABANDONED"
    UNAVAILABLE = "UNAVAILABLE"


class PortalMessage(StrEnum):
    """What to tell somebody who pays: the word for his page."""

    PREPARING = "PREPARING"
    CONTINUE = "CONTINUE"
    PENDING = "PENDING"
    PAID = "PAID"
    SAVED = "SAVED"
    DEBIT_ORDERED = "DEBIT_ORDERED"
    DECLINED = "DECLINED"
    ABANDONED = "ABANDONED"
    UNAVAILABLE = "UNAVAILABLE"


class PortalAuditEvent(StrEnum):
    """What is recorded about a link."""

    SESSION_CREATED = "SESSION_CREATED"
    SESSION_ACTIVATED = "SESSION_ACTIVATED"
    SESSION_ACCESSED = "SESSION_ACCESSED"
    TOKEN_VALIDATED = "TOKEN_VALIDATED"
    TOKEN_REJECTED = "TOKEN_REJECTED"
    TOKEN_REPLACED = "TOKEN_REPLACED"
    PAYMENT_INITIATED = "PAYMENT_INITIATED"
    REDIRECT_INITIATED = "REDIRECT_INITIATED"
    CALLBACK_RECEIVED = "CALLBACK_RECEIVED"
    PAYMENT_COMPLETED = "PAYMENT_COMPLETED"
    PAYMENT_FAILED = "PAYMENT_FAILED"
    CARD_SAVED = "CARD_SAVED"
    RATE_LIMIT_HIT = "RATE_LIMIT_HIT"
    REPLAY_DETECTED = "REPLAY_DETECTED"
    SESSION_COMPLETED = "SESSION_COMPLETED"
    SESSION_EXPIRED = "SESSION_EXPIRED"
    SESSION_CANCELLED = "SESSION_CANCELLED"


class PortalAuditActor(StrEnum):
    """Who caused what is recorded."""

    SYSTEM = "SYSTEM"
    AUTHENTICATED_USER = "AUTHENTICATED_USER"
    PORTAL_TOKEN = "PORTAL_TOKEN"
