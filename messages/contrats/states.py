"""The words of a contract's life: the states and kinds of what happens to it."""

from enum import StrEnum


class ContractStatus(StrEnum):
    """Where the contract stands; the last four are final."""

    DRAFT = "DRAFT"
    AWAITING_SIGNATURE = "AWAITING_SIGNATURE"
    SIGNED = "SIGNED"
    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    TERMINATED = "TERMINATED"
    EXPIRED = "EXPIRED"
    CANCELLED = "CANCELLED"
    WITHDRAWN = "WITHDRAWN"


class QualityStatus(StrEnum):
    """Whether the back office found the sale in order."""

    NOT_SUBMITTED = "NOT_SUBMITTED"
    PENDING = "PENDING"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"


class PaymentStanding(StrEnum):
    """How this one contract is paid."""

    GOOD = "GOOD"
    LATE = "LATE"
    DEFAULT = "DEFAULT"


class ReviewStatus(StrEnum):
    """Where a quality review stands."""

    PENDING = "PENDING"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"


class InstalmentStatus(StrEnum):
    """From plan to invoice."""

    PLANNED = "PLANNED"
    DUE = "DUE"
    INVOICED = "INVOICED"
    SKIPPED = "SKIPPED"
    CANCELLED = "CANCELLED"
    PROJECTED = "PROJECTED"
    """Not planned yet; only shown, never stored."""


class AdjustmentKind(StrEnum):
    """A credit lowers what is billed, all others raise it."""

    CREDIT = "CREDIT"
    CHARGE = "CHARGE"
    ETF = "ETF"
    WITHDRAWAL_PRORATA = "WITHDRAWAL_PRORATA"


class AdjustmentCause(StrEnum):
    """What made the adjustment necessary."""

    AMENDMENT = "AMENDMENT"
    TERMINATION = "TERMINATION"
    SUSPENSION = "SUSPENSION"
    WITHDRAWAL = "WITHDRAWAL"
    CORRECTION = "CORRECTION"


class OperationKind(StrEnum):
    """What is being done to the contract at its service providers."""

    SIGN = "SIGN"
    ACTIVATE = "ACTIVATE"
    SUSPEND = "SUSPEND"
    RESUME = "RESUME"
    TERMINATE = "TERMINATE"
    PORT_IN = "PORT_IN"
    AMEND = "AMEND"
    """One service is started or cut because its line began or ended; the contract goes on."""


class OperationStatus(StrEnum):
    """Where the operation stands."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


class ProvisioningAction(StrEnum):
    """What a service provider is asked to do."""

    ACTIVATE = "ACTIVATE"
    SUSPEND = "SUSPEND"
    RESUME = "RESUME"
    TERMINATE = "TERMINATE"


class ProvisioningMode(StrEnum):
    """How hard a suspension cuts."""

    FULL = "FULL"
    RESTRICTED = "RESTRICTED"


class ServiceKind(StrEnum):
    """What the provider delivers."""

    MOBILE_LINE = "MOBILE_LINE"
    INTERNET_BOX = "INTERNET_BOX"
    ENERGY_POINT = "ENERGY_POINT"
    INSURANCE_POLICY = "INSURANCE_POLICY"
    OTHER = "OTHER"


class ServiceStatus(StrEnum):
    """Where the provider's service stands; PLANNED: agreed, and no provider was asked yet."""

    PLANNED = "PLANNED"
    REQUESTED = "REQUESTED"
    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    TERMINATED = "TERMINATED"
    FAILED = "FAILED"


class ProviderOutcome(StrEnum):
    """What a provider answers: FAILED may be tried again, REFUSED is final."""

    OK = "OK"
    REFUSED = "REFUSED"
    FAILED = "FAILED"


class SuspensionReason(StrEnum):
    """Why the service is cut."""

    PAYMENT_DEFAULT = "PAYMENT_DEFAULT"
    CLIENT_REQUEST = "CLIENT_REQUEST"
    FRAUD = "FRAUD"
    TECHNICAL = "TECHNICAL"
    LEGAL = "LEGAL"


class SuspensionScope(StrEnum):
    """The whole contract, or some services of it."""

    CONTRACT = "CONTRACT"
    SERVICE_LINES = "SERVICE_LINES"


class BillingPolicy(StrEnum):
    """What billing does while the service is cut."""

    CONTINUE = "CONTINUE"
    PAUSE = "PAUSE"
    REDUCED = "REDUCED"


class TerminationReason(StrEnum):
    """Why a contract is ended."""

    CLIENT_REQUEST = "CLIENT_REQUEST"
    MOVING = "MOVING"
    OVER_INDEBTEDNESS = "OVER_INDEBTEDNESS"
    DEATH = "DEATH"
    COMPETITOR = "COMPETITOR"
    DISSATISFACTION = "DISSATISFACTION"
    PRICE_CHANGE = "PRICE_CHANGE"
    RENEWAL_REFUSED = "RENEWAL_REFUSED"
    RENEWAL_INFO_MISSED = "RENEWAL_INFO_MISSED"
    NON_PAYMENT = "NON_PAYMENT"
    FRAUD = "FRAUD"
    PORT_OUT = "PORT_OUT"
    PRODUCT_RETIRED = "PRODUCT_RETIRED"
    COMPANY_DECISION = "COMPANY_DECISION"
    FORCE_MAJEURE = "FORCE_MAJEURE"
    OTHER = "OTHER"


class TerminationChannel(StrEnum):
    """How the request to end the contract arrived."""

    LETTER = "LETTER"
    REGISTERED_LETTER = "REGISTERED_LETTER"
    EMAIL = "EMAIL"
    PHONE = "PHONE"
    ONLINE = "ONLINE"
    STORE = "STORE"
    API = "API"
    NEW_PROVIDER = "NEW_PROVIDER"


class TerminationStatus(StrEnum):
    """Where the request to end the contract stands."""

    SCHEDULED = "SCHEDULED"
    EXECUTED = "EXECUTED"
    REVOKED = "REVOKED"


class Gate(StrEnum):
    """What must be true before the service starts."""

    SIGNATURE = "SIGNATURE"
    QUALITY = "QUALITY"
    WITHDRAWAL = "WITHDRAWAL"
    MANDATE = "MANDATE"
    START_DATE = "START_DATE"


class RenewalStatus(StrEnum):
    """Where the end of one term stands; INFO_MISSED outlives the renewal, because the client may then leave free."""

    PENDING = "PENDING"
    INFORMED = "INFORMED"
    INFO_MISSED = "INFO_MISSED"
    NOT_APPLICABLE = "NOT_APPLICABLE"
    RENEWED = "RENEWED"
    REFUSED = "REFUSED"


class RenewalChannel(StrEnum):
    """How the client was told."""

    EMAIL = "EMAIL"
    LETTER = "LETTER"


class PortInStatus(StrEnum):
    """Where the bringing of a number stands."""

    REQUESTED = "REQUESTED"
    ACCEPTED = "ACCEPTED"
    REFUSED = "REFUSED"
    COMPLETED = "COMPLETED"
    CANCELLED = "CANCELLED"
