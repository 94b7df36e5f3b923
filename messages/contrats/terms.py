"""The words of a contract's terms: what was agreed, by whom and how."""

from enum import StrEnum


class ContractType(StrEnum):
    """What kind of agreement it is."""

    SUBSCRIPTION = "SUBSCRIPTION"
    SERVICE = "SERVICE"
    MAINTENANCE = "MAINTENANCE"
    LEASE = "LEASE"
    INSURANCE = "INSURANCE"
    ENERGY = "ENERGY"
    TELECOM = "TELECOM"
    ONE_OFF_SALE = "ONE_OFF_SALE"


class LegalRegime(StrEnum):
    """Which law rules notice, fee and changes."""

    CONSUMER_STANDARD = "CONSUMER_STANDARD"
    CONSUMER_TELECOM = "CONSUMER_TELECOM"
    CONSUMER_ENERGY = "CONSUMER_ENERGY"
    BUSINESS = "BUSINESS"


class ContractClientKind(StrEnum):
    """How the law sees the client of this contract; a small business sold to off premises may withdraw too."""

    CONSUMER = "CONSUMER"
    BUSINESS = "BUSINESS"
    SMALL_BUSINESS_OFF_PREMISES = "SMALL_BUSINESS_OFF_PREMISES"


class SalesChannel(StrEnum):
    """Where the agreement was made; the right of withdrawal hangs on it."""

    DISTANCE = "DISTANCE"
    OFF_PREMISES = "OFF_PREMISES"
    IN_STORE = "IN_STORE"
    PARTNER = "PARTNER"


class WithdrawalExemption(StrEnum):
    """Why a consumer has no right to withdraw (Code de la consommation, art. L221-28); what is served in full is not foreseen."""

    PERSONALISED_GOODS = "PERSONALISED_GOODS"
    DIGITAL_WAIVED = "DIGITAL_WAIVED"
    URGENT_REPAIR = "URGENT_REPAIR"


class WithdrawalTrigger(StrEnum):
    """What the right to withdraw runs from: the conclusion, or the delivery of the goods (art. L221-18)."""

    CONCLUSION = "CONCLUSION"
    DELIVERY = "DELIVERY"


class SourceChannel(StrEnum):
    """Where the sale came from."""

    WEB = "WEB"
    PHONE = "PHONE"
    FIELD = "FIELD"
    PARTNER = "PARTNER"
    IMPORT = "IMPORT"
    API = "API"


class TermKind(StrEnum):
    """Whether the contract has a last day."""

    FIXED = "FIXED"
    OPEN_ENDED = "OPEN_ENDED"


class RenewalMode(StrEnum):
    """What happens when the term is over."""

    NONE = "NONE"
    TACIT = "TACIT"
    EXPRESS = "EXPRESS"
    TO_OPEN_ENDED = "TO_OPEN_ENDED"


class EarlyTerminationPolicy(StrEnum):
    """What leaving during the commitment costs, where the law leaves it to the parties."""

    FEE_RATE = "FEE_RATE"
    AT_TERM_ONLY = "AT_TERM_ONLY"
    FREE = "FREE"


class NoticeUnit(StrEnum):
    """What the notice is counted in."""

    DAYS = "DAYS"
    MONTHS = "MONTHS"


class BillingFrequency(StrEnum):
    """How often a line is billed."""

    ONE_OFF = "ONE_OFF"
    MONTHLY = "MONTHLY"
    QUARTERLY = "QUARTERLY"
    SEMIANNUAL = "SEMIANNUAL"
    ANNUAL = "ANNUAL"


class BillingMode(StrEnum):
    """Before or after the period."""

    ADVANCE = "ADVANCE"
    ARREARS = "ARREARS"


class BillingAnchor(StrEnum):
    """Where periods begin: on the contract's own day, or with the calendar."""

    ANNIVERSARY = "ANNIVERSARY"
    CALENDAR = "CALENDAR"


class ProrationMethod(StrEnum):
    """How a broken period is priced."""

    ACTUAL_DAYS = "ACTUAL_DAYS"
    THIRTY_360 = "THIRTY_360"
    NONE = "NONE"


class PaymentMethod(StrEnum):
    """How the client pays."""

    SEPA_DIRECT_DEBIT = "SEPA_DIRECT_DEBIT"
    CARD = "CARD"
    TRANSFER = "TRANSFER"
    CHEQUE = "CHEQUE"
    CASH = "CASH"
    OTHER = "OTHER"


class MandateScheme(StrEnum):
    """Which SEPA scheme the mandate follows; SEPA_B2B is for businesses only."""

    SEPA_CORE = "SEPA_CORE"
    SEPA_B2B = "SEPA_B2B"


class PriceCheck(StrEnum):
    """Whether the lines are those of a quote of products."""

    MANUAL = "MANUAL"
    UNVERIFIED = "UNVERIFIED"
    VERIFIED = "VERIFIED"
    EXPIRED = "EXPIRED"


class LineKind(StrEnum):
    """Billed every period, or once."""

    RECURRING = "RECURRING"
    ONE_OFF = "ONE_OFF"


class SignatureMethod(StrEnum):
    """How the client signed."""

    PAPER = "PAPER"
    PORTAL = "PORTAL"
    IMPORT = "IMPORT"
    ELECTRONIC = "ELECTRONIC"


class SignerRole(StrEnum):
    """For whom a person signs."""

    CLIENT = "CLIENT"
    CO_SUBSCRIBER = "CO_SUBSCRIBER"
    COMPANY = "COMPANY"
    LEGAL_GUARDIAN = "LEGAL_GUARDIAN"


class InitiatedBy(StrEnum):
    """Which party ends the contract."""

    CLIENT = "CLIENT"
    COMPANY = "COMPANY"


class ActorKind(StrEnum):
    """Who moved the contract."""

    USER = "USER"
    SYSTEM = "SYSTEM"
    PROVIDER = "PROVIDER"
