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

CLIENT_MERGED = PRECONDITION_FAILED.specific("CLIENT_MERGED", "Client fusionné", "Client merged")
CLIENT_ANONYMISED = PRECONDITION_FAILED.specific("CLIENT_ANONYMISED", "Client anonymisé", "Client anonymised")
TYPE_LOCKED = PRECONDITION_FAILED.specific("TYPE_LOCKED", "Type de client figé", "Client type locked")
SIRET_SIREN_MISMATCH = VALIDATION_FAILED.specific(
    "SIRET_SIREN_MISMATCH", "SIRET et SIREN discordants", "SIRET and SIREN differ"
)
VAT_SIREN_MISMATCH = VALIDATION_FAILED.specific(
    "VAT_SIREN_MISMATCH", "N° de TVA et SIREN discordants", "VAT number and SIREN differ"
)
STATUS_UNKNOWN = VALIDATION_FAILED.specific("STATUS_UNKNOWN", "Code de statut inconnu", "Unknown status code")
PREFERENCE_UNKNOWN = VALIDATION_FAILED.specific(
    "PREFERENCE_UNKNOWN", "Préférence de facturation inconnue", "Unknown billing preference"
)
DICTIONARY_ENTRY_NOT_FOUND = NOT_FOUND.specific(
    "DICTIONARY_ENTRY_NOT_FOUND", "Entrée introuvable", "Dictionary entry not found"
)
DEFAULT_REQUIRED = PRECONDITION_FAILED.specific("DEFAULT_REQUIRED", "Valeur par défaut requise", "Default required")
CODE_LOCKED = PRECONDITION_FAILED.specific("CODE_LOCKED", "Code figé", "Code locked")
HAS_HISTORY = PRECONDITION_FAILED.specific("HAS_HISTORY", "Le client a un historique", "The client has a history")
LEGAL_HOLD = PRECONDITION_FAILED.specific("LEGAL_HOLD", "Conservation judiciaire", "Legal hold")
RETENTION_NOT_REACHED = BUSINESS_RULE_VIOLATION.specific(
    "RETENTION_NOT_REACHED", "Durée de conservation en cours", "Retention period not over"
)
MERGE_TYPE_MISMATCH = BUSINESS_RULE_VIOLATION.specific(
    "MERGE_TYPE_MISMATCH", "Personne et entreprise", "A person and a company cannot be merged"
)
MERGE_SELF = BUSINESS_RULE_VIOLATION.specific("MERGE_SELF", "Fusion avec soi-même", "A client merged with itself")
MERGE_SIREN_CONFLICT = BUSINESS_RULE_VIOLATION.specific("MERGE_SIREN_CONFLICT", "SIREN différents", "Different SIRENs")
MERGE_OPERATION_NOT_FOUND = NOT_FOUND.specific(
    "MERGE_OPERATION_NOT_FOUND", "Fusion introuvable", "Merge operation not found"
)
UNMERGE_EXPIRED = BUSINESS_RULE_VIOLATION.specific(
    "UNMERGE_EXPIRED", "Délai de défusion dépassé", "Too late to unmerge"
)
UNMERGE_SUPERSEDED = BUSINESS_RULE_VIOLATION.specific(
    "UNMERGE_SUPERSEDED", "Une fusion plus récente existe", "A later merge exists"
)
DUPLICATE_PAIR_NOT_FOUND = NOT_FOUND.specific(
    "DUPLICATE_PAIR_NOT_FOUND", "Doublon introuvable", "Duplicate pair not found"
)
CLIENT_IS_INDIVIDUAL = BUSINESS_RULE_VIOLATION.specific(
    "CLIENT_IS_INDIVIDUAL", "Le client est une personne", "The client is a person"
)
CONTACT_PERSON_NOT_FOUND = NOT_FOUND.specific(
    "CONTACT_PERSON_NOT_FOUND", "Interlocuteur introuvable", "Contact person not found"
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
    MERGE = "MERGE"


class ContactLabel(StrEnum):
    """Where a contact point leads."""

    HOME = "HOME"
    WORK = "WORK"
    MOBILE = "MOBILE"
    BILLING = "BILLING"
    OTHER = "OTHER"


class ValidationStatus(StrEnum):
    """What is known of an address."""

    NOT_VALIDATED = "NOT_VALIDATED"
    VALIDATED = "VALIDATED"
    CORRECTED = "CORRECTED"
    UNKNOWN_ADDRESS = "UNKNOWN_ADDRESS"
    UNDELIVERABLE = "UNDELIVERABLE"


class BlockedScope(StrEnum):
    """What is forbidden with a blocked client: new contracts, debits, or both."""

    SALES = "SALES"
    COLLECTION = "COLLECTION"
    ALL = "ALL"


class LegalProtection(StrEnum):
    """A person who cannot contract alone (Code civil, art. 425 to 494-12)."""

    GUARDIANSHIP = "GUARDIANSHIP"
    CURATORSHIP = "CURATORSHIP"
    FAMILY_EMPOWERMENT = "FAMILY_EMPOWERMENT"


class InsolvencyKind(StrEnum):
    """Collective procedures (Code de commerce, book VI)."""

    SAUVEGARDE = "SAUVEGARDE"
    REDRESSEMENT = "REDRESSEMENT"
    LIQUIDATION = "LIQUIDATION"
    OVERINDEBTEDNESS = "OVERINDEBTEDNESS"


class KycStatus(StrEnum):
    """Whether the client's identity was checked."""

    NOT_STARTED = "NOT_STARTED"
    PENDING = "PENDING"
    VERIFIED = "VERIFIED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"


class BounceKind(StrEnum):
    """A HARD bounce forbids sending until the address changes."""

    HARD = "HARD"
    SOFT = "SOFT"


class ErasureGround(StrEnum):
    """Why a client's data is erased."""

    RETENTION = "RETENTION"
    MANUAL = "MANUAL"
    PRIVACY_REQUEST = "PRIVACY_REQUEST"
