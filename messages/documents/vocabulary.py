"""The words of documents: its refusals and its closed sets."""

from enum import StrEnum

from messages.errors import ALREADY_EXISTS, BUSINESS_RULE_VIOLATION, NOT_FOUND, PRECONDITION_FAILED, VALIDATION_FAILED

DOCUMENT_NOT_FOUND = NOT_FOUND.specific("DOCUMENT_NOT_FOUND", "Document introuvable", "Document not found")
DOCUMENT_EXISTS = ALREADY_EXISTS.specific(
    "DOCUMENT_EXISTS", "Clé déjà utilisée par un autre contenu", "Key already used by other content"
)
FINAL_DOCUMENT = BUSINESS_RULE_VIOLATION.specific("FINAL_DOCUMENT", "Document définitif", "Document is final")
PAYLOAD_TOO_LARGE = VALIDATION_FAILED.specific(
    "PAYLOAD_TOO_LARGE", "Contenu trop volumineux pour un message", "Content too large for one message"
)
TYPE_SIZE_LIMIT = VALIDATION_FAILED.specific("TYPE_SIZE_LIMIT", "Fichier trop volumineux", "File too large")
EMPTY_FILE = VALIDATION_FAILED.specific("EMPTY_FILE", "Fichier vide", "Empty file")
HASH_MISMATCH = VALIDATION_FAILED.specific("HASH_MISMATCH", "Empreinte différente", "Hash differs")
MIME_NOT_ALLOWED = VALIDATION_FAILED.specific("MIME_NOT_ALLOWED", "Type de fichier refusé", "File type refused")
MIME_MISMATCH = VALIDATION_FAILED.specific(
    "MIME_MISMATCH", "Type déclaré différent du contenu", "Declared type differs from the content"
)
ACTIVE_CONTENT = VALIDATION_FAILED.specific("ACTIVE_CONTENT", "Contenu actif refusé", "Active content refused")
NOT_CLEAN = PRECONDITION_FAILED.specific("NOT_CLEAN", "Fichier non vérifié ou infecté", "File not verified or infected")
UPLOAD_NOT_FOUND = NOT_FOUND.specific("UPLOAD_NOT_FOUND", "Envoi introuvable", "Upload not found")
UPLOAD_MISSING = PRECONDITION_FAILED.specific("UPLOAD_MISSING", "Fichier non reçu", "File not received")
UPLOAD_EXPIRED = PRECONDITION_FAILED.specific("UPLOAD_EXPIRED", "Envoi expiré", "Upload has expired")
UPLOAD_GAP = PRECONDITION_FAILED.specific("UPLOAD_GAP", "Partie hors séquence", "Part out of sequence")
SIZE_MISMATCH = VALIDATION_FAILED.specific("SIZE_MISMATCH", "Taille différente", "Size differs")
FILE_ENCRYPTED = VALIDATION_FAILED.specific("FILE_ENCRYPTED", "Fichier chiffré refusé", "Encrypted file refused")
RETENTION_LOCKED = BUSINESS_RULE_VIOLATION.specific(
    "RETENTION_LOCKED", "Conservation légale en cours", "Must be kept by law"
)
LINK_INVALID = NOT_FOUND.specific("LINK_INVALID", "Lien inconnu", "Link not valid")
LINK_REVOKED = NOT_FOUND.specific("LINK_REVOKED", "Lien révoqué", "Link revoked")
LINK_BOUND = NOT_FOUND.specific("LINK_BOUND", "Lien réservé à une autre personne", "Link is bound to somebody else")
LINK_EXPIRED = PRECONDITION_FAILED.specific("LINK_EXPIRED", "Lien expiré", "Link has expired")
LINK_USED = PRECONDITION_FAILED.specific("LINK_USED", "Lien déjà utilisé", "Link already used")
DOCUMENT_TEMPLATE_NOT_FOUND = NOT_FOUND.specific(
    "DOCUMENT_TEMPLATE_NOT_FOUND", "Modèle de document introuvable", "Document template not found"
)
DOCUMENT_VARIABLES_INVALID = VALIDATION_FAILED.specific(
    "DOCUMENT_VARIABLES_INVALID", "Variables du modèle manquantes", "Template variables missing"
)
RENDER_JOB_NOT_FOUND = NOT_FOUND.specific("RENDER_JOB_NOT_FOUND", "Rendu introuvable", "Render job not found")
WINDOW_ZONE_INVALID = BUSINESS_RULE_VIOLATION.specific(
    "WINDOW_ZONE_INVALID", "Adresse hors de la fenêtre", "Address does not fit the window"
)

INLINE_LIMIT = 256 * 1024
"""Bytes that one message may carry, before base64."""


class DocumentType(StrEnum):
    """What a file is; it decides formats, size, finality and retention."""

    INVOICE = "INVOICE"
    CREDIT_NOTE = "CREDIT_NOTE"
    QUOTE = "QUOTE"
    CONTRACT = "CONTRACT"
    CONTRACT_SIGNED = "CONTRACT_SIGNED"
    MANDATE = "MANDATE"
    BANK_DETAILS = "BANK_DETAILS"
    ID_DOCUMENT = "ID_DOCUMENT"
    COMPANY_EXTRACT = "COMPANY_EXTRACT"
    LETTER = "LETTER"
    DUNNING_LETTER = "DUNNING_LETTER"
    DEPOSIT_PROOF = "DEPOSIT_PROOF"
    CONTENT_PROOF = "CONTENT_PROOF"
    DELIVERY_PROOF = "DELIVERY_PROOF"
    UNDELIVERED_SCAN = "UNDELIVERED_SCAN"
    SHIPPING_LABEL = "SHIPPING_LABEL"
    COMMISSION_STATEMENT = "COMMISSION_STATEMENT"
    EMAIL_ATTACHMENT = "EMAIL_ATTACHMENT"
    IMPORT_FILE = "IMPORT_FILE"
    REPORT_EXPORT = "REPORT_EXPORT"
    OTHER = "OTHER"


class DocumentState(StrEnum):
    """Where a document is on its way to readers."""

    QUARANTINED = "QUARANTINED"
    AVAILABLE = "AVAILABLE"
    REJECTED = "REJECTED"
    TRASHED = "TRASHED"
    PURGED = "PURGED"


class ScanStatus(StrEnum):
    """What the scanner said of the bytes."""

    PENDING = "PENDING"
    CLEAN = "CLEAN"
    INFECTED = "INFECTED"
    ERROR = "ERROR"
    SKIPPED = "SKIPPED"


class DocumentOrigin(StrEnum):
    """How the file came in."""

    USER = "USER"
    SYSTEM = "SYSTEM"
    EMAIL = "EMAIL"
    IMPORT = "IMPORT"
    POSTAL = "POSTAL"
    PORTAL = "PORTAL"


class Confidentiality(StrEnum):
    """Who may read the file beside those with the permission."""

    INTERNAL = "INTERNAL"
    RESTRICTED = "RESTRICTED"
    PERSONAL = "PERSONAL"
    CLIENT_VISIBLE = "CLIENT_VISIBLE"


class SubjectType(StrEnum):
    """What a document can be linked to."""

    CLIENT = "CLIENT"
    CONTRACT = "CONTRACT"
    QUOTE = "QUOTE"
    INVOICE = "INVOICE"
    CREDIT_NOTE = "CREDIT_NOTE"
    MANDATE = "MANDATE"
    PAYMENT = "PAYMENT"
    COMMISSION_STATEMENT = "COMMISSION_STATEMENT"
    TASK = "TASK"
    ACTIVITY = "ACTIVITY"
    EMAIL = "EMAIL"
    LETTER = "LETTER"
    SHIPMENT = "SHIPMENT"
    PRODUCT = "PRODUCT"
    COMPANY = "COMPANY"
    USER = "USER"
    IMPORT = "IMPORT"


class LinkRole(StrEnum):
    """What the document is to its subject."""

    MAIN = "MAIN"
    ATTACHMENT = "ATTACHMENT"
    PROOF = "PROOF"
    SOURCE = "SOURCE"


# -- parts and replies -------------------------------------------------------------------------------------------


class UploadStatus(StrEnum):
    """What became of a file that comes in parts."""

    OPEN = "OPEN"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    EXPIRED = "EXPIRED"


class Disposition(StrEnum):
    """How a browser shows a download."""

    ATTACHMENT = "ATTACHMENT"
    INLINE = "INLINE"


class RenderPurpose(StrEnum):
    """What a file is rendered for; it decides the document's type and the template used when the key is unknown."""

    CONTRACT_SIGNATURE = "CONTRACT_SIGNATURE"
    AMENDMENT = "AMENDMENT"
    MANDATE = "MANDATE"
    FORMAL_NOTICE = "FORMAL_NOTICE"
    REMINDER_LETTER = "REMINDER_LETTER"
    TERMINATION_LETTER = "TERMINATION_LETTER"
    RENEWAL_NOTICE = "RENEWAL_NOTICE"
    STATEMENT = "STATEMENT"


class RenderStatus(StrEnum):
    """How far a rendering is."""

    QUEUED = "QUEUED"
    DONE = "DONE"
    FAILED = "FAILED"
