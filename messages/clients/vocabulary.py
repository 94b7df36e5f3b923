"""clients: the closed lists and the codes of refusals."""

from enum import StrEnum

from messages.errors import ALREADY_EXISTS, BUSINESS_RULE_VIOLATION, NOT_FOUND, PRECONDITION_FAILED, VALIDATION_FAILED

CLIENT_NOT_FOUND = NOT_FOUND.specific("CLIENT_NOT_FOUND", "Client introuvable", "Client not found")
SIRET_IN_USE = ALREADY_EXISTS.specific("SIRET_IN_USE", "SIRET déjà utilisé par un autre client", "SIRET already in use")
COMPANY_REQUIRED = VALIDATION_FAILED.specific("COMPANY_REQUIRED", "Société à préciser", "Company required")
HAS_LIVE_CONTRACTS = PRECONDITION_FAILED.specific(
    "HAS_LIVE_CONTRACTS", "Le client a des contrats en cours", "The client has live contracts"
)
CLIENT_ARCHIVED = PRECONDITION_FAILED.specific("CLIENT_ARCHIVED", "Client archivé", "Client archived")


DUPLICATE_CLIENT = ALREADY_EXISTS.specific("DUPLICATE_CLIENT", "Client déjà enregistré", "The client exists already")
HAS_OPEN_BALANCE = PRECONDITION_FAILED.specific(
    "HAS_OPEN_BALANCE", "Le client a un solde dû", "The client has an open balance"
)
CONTACT_POINT_EXISTS = ALREADY_EXISTS.specific(
    "CONTACT_POINT_EXISTS", "Coordonnée déjà enregistrée", "Contact point exists already"
)
CONTACT_POINT_NOT_FOUND = NOT_FOUND.specific(
    "CONTACT_POINT_NOT_FOUND", "Coordonnée introuvable", "Contact point not found"
)
CLIENT_ADDRESS_NOT_FOUND = NOT_FOUND.specific(
    "CLIENT_ADDRESS_NOT_FOUND", "Adresse introuvable", "Client address not found"
)
ADDRESS_IN_USE = PRECONDITION_FAILED.specific("ADDRESS_IN_USE", "Adresse utilisée", "Address in use")
CONSENT_PROOF_REQUIRED = VALIDATION_FAILED.specific(
    "CONSENT_PROOF_REQUIRED", "Preuve du consentement à fournir", "Proof of consent required"
)
PAYMENT_TERM_NOT_FOUND = NOT_FOUND.specific(
    "PAYMENT_TERM_NOT_FOUND", "Condition de paiement introuvable", "Payment term not found"
)
DICTIONARY_CODE_EXISTS = ALREADY_EXISTS.specific("DICTIONARY_CODE_EXISTS", "Code déjà utilisé", "Code exists already")
TERM_EXCEEDS_LEGAL_CAP = BUSINESS_RULE_VIOLATION.specific(
    "TERM_EXCEEDS_LEGAL_CAP", "Délai supérieur au plafond légal", "Term exceeds the legal cap"
)


class ClientType(StrEnum):
    """What kind of party the client is."""

    INDIVIDUAL = "INDIVIDUAL"
    BUSINESS = "BUSINESS"
    ASSOCIATION = "ASSOCIATION"
    PUBLIC_BODY = "PUBLIC_BODY"


class ClientKind(StrEnum):
    """How the law sees the client; consumer protection hangs on it."""

    CONSUMER = "CONSUMER"
    BUSINESS = "BUSINESS"
    PUBLIC = "PUBLIC"

    @classmethod
    def of(cls, type_: ClientType) -> "ClientKind":
        """A person is a consumer, a public body is public, everybody else a business."""
        return {ClientType.INDIVIDUAL: cls.CONSUMER, ClientType.PUBLIC_BODY: cls.PUBLIC}.get(type_, cls.BUSINESS)


class Title(StrEnum):
    """Form of address."""

    MR = "MR"
    MRS = "MRS"


class StatusCategory(StrEnum):
    """Where the client stands commercially; derived from contracts and payments."""

    PROSPECT = "PROSPECT"
    ACTIVE = "ACTIVE"
    OVERDUE = "OVERDUE"
    SUSPENDED = "SUSPENDED"
    INACTIVE = "INACTIVE"


class RecordState(StrEnum):
    """Whether the record itself is in use."""

    LIVE = "LIVE"
    ARCHIVED = "ARCHIVED"
    MERGED = "MERGED"
    ANONYMISED = "ANONYMISED"


class ClientSource(StrEnum):
    """How the record entered the system."""

    WEB = "WEB"
    PHONE = "PHONE"
    IMPORT = "IMPORT"
    API = "API"
    PARTNER = "PARTNER"
    MANUAL = "MANUAL"


class VatStatus(StrEnum):
    """How the client is treated for VAT."""

    CONSUMER = "CONSUMER"
    TAXABLE_FR = "TAXABLE_FR"
    TAXABLE_EU = "TAXABLE_EU"
    TAXABLE_NON_EU = "TAXABLE_NON_EU"
    NON_TAXABLE_LEGAL_PERSON = "NON_TAXABLE_LEGAL_PERSON"
    FRANCHISE_FR = "FRANCHISE_FR"


class ContactKind(StrEnum):
    """What a contact point is."""

    EMAIL = "EMAIL"
    PHONE = "PHONE"


class AddressUsage(StrEnum):
    """What an address is for."""

    HOME = "HOME"
    BILLING = "BILLING"
    SHIPPING = "SHIPPING"
    HEAD_OFFICE = "HEAD_OFFICE"
    SERVICE = "SERVICE"


class StatusMode(StrEnum):
    """Whether the status follows the facts or was set by hand."""

    AUTO = "AUTO"
    MANUAL = "MANUAL"


class OnDuplicate(StrEnum):
    """What to do when a client seems to exist already."""

    REJECT_CERTAIN = "REJECT_CERTAIN"
    REJECT_PROBABLE = "REJECT_PROBABLE"
    ALLOW = "ALLOW"


class DuplicateLevel(StrEnum):
    """How sure it is that two records are one client: from 40, 60 and 80 points on."""

    POSSIBLE = "POSSIBLE"
    PROBABLE = "PROBABLE"
    CERTAIN = "CERTAIN"


class ConsentPurpose(StrEnum):
    """What a client agrees to."""

    MARKETING_EMAIL = "MARKETING_EMAIL"
    MARKETING_SMS = "MARKETING_SMS"
    MARKETING_PHONE = "MARKETING_PHONE"
    MARKETING_POST = "MARKETING_POST"
    PARTNER_SHARING = "PARTNER_SHARING"
    PROFILING = "PROFILING"
    HEALTH_DATA = "HEALTH_DATA"
    CALL_RECORDING = "CALL_RECORDING"
    ESTATEMENT = "ESTATEMENT"


class ConsentDecision(StrEnum):
    """Yes or no."""

    GRANTED = "GRANTED"
    WITHDRAWN = "WITHDRAWN"


class LegalBasis(StrEnum):
    """On what ground data is used (GDPR art. 6)."""

    CONSENT = "CONSENT"
    LEGITIMATE_INTEREST = "LEGITIMATE_INTEREST"
    CONTRACT = "CONTRACT"


class ConsentChannel(StrEnum):
    """How a decision was collected."""

    WEB_FORM = "WEB_FORM"
    PAPER = "PAPER"
    PHONE = "PHONE"
    IN_PERSON = "IN_PERSON"
    IMPORT = "IMPORT"
    UNSUBSCRIBE_LINK = "UNSUBSCRIBE_LINK"
    STOP_SMS = "STOP_SMS"
    API = "API"
