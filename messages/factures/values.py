"""Closed sets and refusals of factures."""

from enum import StrEnum

from messages.errors import (
    BUSINESS_RULE_VIOLATION,
    INVALID_TRANSITION,
    NOT_FOUND,
    PRECONDITION_FAILED,
    VALIDATION_FAILED,
)

INVOICE_NOT_FOUND = NOT_FOUND.specific("INVOICE_NOT_FOUND", "Facture introuvable", "Invoice not found")
BILLING_INTAKE_NOT_FOUND = NOT_FOUND.specific(
    "BILLING_INTAKE_NOT_FOUND", "Ordre de facturation introuvable", "Billing intake not found"
)
SETTINGS_NOT_FOUND = NOT_FOUND.specific(
    "INVOICING_SETTINGS_NOT_FOUND", "Paramètres de facturation introuvables", "Invoicing settings not found"
)
SETTLEMENT_NOT_FOUND = NOT_FOUND.specific("SETTLEMENT_NOT_FOUND", "Règlement introuvable", "Settlement not found")
INVOICE_LOCKED = INVALID_TRANSITION.specific("INVOICE_LOCKED", "Facture émise, non modifiable", "Invoice is locked")
ALREADY_SETTLED = PRECONDITION_FAILED.specific(
    "ALREADY_SETTLED", "Facture déjà réglée ou créditée", "Invoice already settled or credited"
)
INVOICE_ALREADY_ISSUED = INVALID_TRANSITION.specific(
    "INVOICE_ALREADY_ISSUED", "Facture déjà émise", "Invoice already issued"
)
ALREADY_CANCELLED = PRECONDITION_FAILED.specific("ALREADY_CANCELLED", "Facture déjà annulée", "Already cancelled")
NOT_ISSUED = PRECONDITION_FAILED.specific("NOT_ISSUED", "Facture non émise", "Invoice not issued")
NOT_ARCHIVED_YET = PRECONDITION_FAILED.specific("NOT_ARCHIVED_YET", "Facture en cours d'archivage", "Not archived yet")
INVOICE_NOT_COMPLIANT = BUSINESS_RULE_VIOLATION.specific(
    "INVOICE_NOT_COMPLIANT", "Facture non conforme", "Invoice not compliant"
)
CHRONOLOGY_VIOLATION = BUSINESS_RULE_VIOLATION.specific(
    "CHRONOLOGY_VIOLATION", "Date hors de l'ordre chronologique", "Date breaks the chronology"
)
CREDIT_EXCEEDS_INVOICE = BUSINESS_RULE_VIOLATION.specific(
    "CREDIT_EXCEEDS_INVOICE", "Avoir supérieur à la facture", "Credit exceeds the invoice"
)
CLIENT_BLOCKED = PRECONDITION_FAILED.specific("CLIENT_BLOCKED", "Client bloqué", "Client blocked")
CLIENT_UNKNOWN = VALIDATION_FAILED.specific("CLIENT_UNKNOWN", "Client inconnu", "Client unknown")
COMPANY_UNKNOWN = VALIDATION_FAILED.specific("COMPANY_UNKNOWN", "Société inconnue", "Company unknown")
COMPANY_ARCHIVED = PRECONDITION_FAILED.specific("COMPANY_ARCHIVED", "Société archivée", "Company archived")
DEPOSIT_EXCEEDS_TOTAL = BUSINESS_RULE_VIOLATION.specific(
    "DEPOSIT_EXCEEDS_TOTAL", "Acomptes supérieurs au total", "Deposits exceed the total"
)
DEPOSIT_ALREADY_DEDUCTED = PRECONDITION_FAILED.specific(
    "DEPOSIT_ALREADY_DEDUCTED", "Acompte déjà déduit", "Deposit already deducted"
)
LOGO_NOT_READABLE = VALIDATION_FAILED.specific("LOGO_NOT_READABLE", "Logo illisible", "Logo is not readable")
UNIT_UNKNOWN = VALIDATION_FAILED.specific("UNIT_UNKNOWN", "Unité inconnue", "Unit unknown")
INTEGRITY_BROKEN = BUSINESS_RULE_VIOLATION.specific("INTEGRITY_BROKEN", "Fichier altéré", "File was altered")


class DocumentKind(StrEnum):
    """Kinds of sales document."""

    INVOICE = "INVOICE"
    CREDIT_NOTE = "CREDIT_NOTE"
    CORRECTIVE_INVOICE = "CORRECTIVE_INVOICE"
    DEPOSIT_INVOICE = "DEPOSIT_INVOICE"
    DEPOSIT_CREDIT_NOTE = "DEPOSIT_CREDIT_NOTE"

    @property
    def type_code(self) -> str:
        """The UNTDID 1001 code."""
        return _TYPE_CODES[self.value]

    @property
    def gives_back(self) -> bool:
        """Whether the document reduces an invoice instead of asking for money."""
        return self in (DocumentKind.CREDIT_NOTE, DocumentKind.DEPOSIT_CREDIT_NOTE)


_TYPE_CODES = {
    "INVOICE": "380",
    "CREDIT_NOTE": "381",
    "CORRECTIVE_INVOICE": "384",
    "DEPOSIT_INVOICE": "386",
    "DEPOSIT_CREDIT_NOTE": "503",
}
CREDIT_TYPE_CODES = frozenset({"381", "503"})
"""The UNTDID 1001 codes of what gives money back."""


class InvoiceStatus(StrEnum):
    """The life of a document; ISSUED never goes back."""

    DRAFT = "DRAFT"
    ISSUED = "ISSUED"
    CANCELLED = "CANCELLED"
    DISCARDED = "DISCARDED"


class SettlementStatus(StrEnum):
    """What is left to pay."""

    NONE = "NONE"
    UNPAID = "UNPAID"
    PARTIALLY_PAID = "PARTIALLY_PAID"
    PAID = "PAID"
    OVERPAID = "OVERPAID"
    CREDITED = "CREDITED"
    REFUNDABLE = "REFUNDABLE"
    REFUNDED = "REFUNDED"


class InvoiceOrigin(StrEnum):
    """What made the document."""

    MANUAL = "MANUAL"
    CONTRACT_BILLING = "CONTRACT_BILLING"
    CORRECTION = "CORRECTION"
    DEPOSIT = "DEPOSIT"


class PaymentMethod(StrEnum):
    """How the client pays."""

    TRANSFER = "TRANSFER"
    SEPA_DIRECT_DEBIT = "SEPA_DIRECT_DEBIT"
    CARD = "CARD"
    CHEQUE = "CHEQUE"
    CASH = "CASH"
    COMPENSATION = "COMPENSATION"
    OTHER = "OTHER"

    @property
    def code(self) -> str:
        """The UNTDID 4461 code."""
        return _PAYMENT_CODES[self.value]


_PAYMENT_CODES = {
    "TRANSFER": "30",
    "SEPA_DIRECT_DEBIT": "59",
    "CARD": "48",
    "CHEQUE": "20",
    "CASH": "10",
    "COMPENSATION": "97",
    "OTHER": "1",
}


class Channel(StrEnum):
    """How the document reaches the client; PLATFORM: as an e-invoice, MANUAL: nothing is sent."""

    EMAIL = "EMAIL"
    POST = "POST"
    PORTAL = "PORTAL"
    PLATFORM = "PLATFORM"
    MANUAL = "MANUAL"


class Processing(StrEnum):
    """How the e-invoicing reform sees the sale (note BAR)."""

    B2B = "B2B"
    B2BINT = "B2BINT"
    B2C = "B2C"
    B2CINT = "B2CINT"
    OUTOFSCOPE = "OUTOFSCOPE"
    B2G = "B2G"
    ARCHIVEONLY = "ARCHIVEONLY"


class Profile(StrEnum):
    """How much of the document the XML carries (BT-24); the first two hold no lines and are for archives only."""

    MINIMUM = "MINIMUM"
    BASIC_WL = "BASIC_WL"
    BASIC = "BASIC"
    EN16931 = "EN16931"
    EXTENDED = "EXTENDED"

    @property
    def urn(self) -> str:
        """The guideline's identifier."""
        return _PROFILES[self.value][0]

    @property
    def conformance_level(self) -> str:
        """The name of the profile in the PDF's metadata."""
        return _PROFILES[self.value][1]

    def carries(self, least: "Profile") -> bool:
        """Whether the XML holds what comes in with the profile `least`: each profile adds to the one before it."""
        order = list(Profile)
        return order.index(self) >= order.index(least)


_PROFILES = {
    "MINIMUM": ("urn:factur-x.eu:1p0:minimum", "MINIMUM"),
    "BASIC_WL": ("urn:factur-x.eu:1p0:basicwl", "BASIC WL"),
    "BASIC": ("urn:cen.eu:en16931:2017#compliant#urn:factur-x.eu:1p0:basic", "BASIC"),
    "EN16931": ("urn:cen.eu:en16931:2017", "EN 16931"),
    "EXTENDED": ("urn:cen.eu:en16931:2017#conformant#urn:factur-x.eu:1p0:extended", "EXTENDED"),
}


PLATFORM_PROCESSING = frozenset({Processing.B2B, Processing.B2G})
"""Sales whose invoices pass an approved platform."""


class VatCategory(StrEnum):
    """UNTDID 5305, as EN 16931 narrows it."""

    S = "S"
    Z = "Z"
    E = "E"
    AE = "AE"
    K = "K"
    G = "G"
    O = "O"  # noqa: E741 - the letter of the code list


class Nature(StrEnum):
    """Goods, services or both: a mention and the letter of BT-23."""

    GOODS = "GOODS"
    SERVICES = "SERVICES"
    MIXED = "MIXED"


class TransmissionStatus(StrEnum):
    """Where an invoice stands with its platform and its buyer."""

    NONE = "NONE"
    NOT_REQUIRED = "NOT_REQUIRED"
    QUEUED = "QUEUED"
    DEPOSITED = "DEPOSITED"
    IN_TRANSIT = "IN_TRANSIT"
    DELIVERED = "DELIVERED"
    IN_PROCESS = "IN_PROCESS"
    APPROVED = "APPROVED"
    PARTIALLY_APPROVED = "PARTIALLY_APPROVED"
    DISPUTED = "DISPUTED"
    SUSPENDED = "SUSPENDED"
    REFUSED = "REFUSED"
    REJECTED = "REJECTED"
    PAYMENT_SENT = "PAYMENT_SENT"
    COLLECTED = "COLLECTED"
    CANCELLED = "CANCELLED"
    BLOCKED = "BLOCKED"


class CorrectionReason(StrEnum):
    """Why a credit note was made."""

    PRICE_ERROR = "PRICE_ERROR"
    QUANTITY_ERROR = "QUANTITY_ERROR"
    VAT_ERROR = "VAT_ERROR"
    ADDRESS_ERROR = "ADDRESS_ERROR"
    DUPLICATE = "DUPLICATE"
    TERMINATION = "TERMINATION"
    WITHDRAWAL = "WITHDRAWAL"
    GOODWILL = "GOODWILL"
    DISPUTE = "DISPUTE"
    DISCOUNT = "DISCOUNT"
    NON_DELIVERY = "NON_DELIVERY"
    BAD_DEBT = "BAD_DEBT"
    REJECTED_BY_PLATFORM = "REJECTED_BY_PLATFORM"
    REFUSED_BY_BUYER = "REFUSED_BY_BUYER"
    OTHER = "OTHER"


class CreditScope(StrEnum):
    """How much of the original a credit note takes back."""

    FULL = "FULL"
    LINES = "LINES"
    AMOUNTS = "AMOUNTS"


class TaxCalculation(StrEnum):
    """What VAT is reckoned from: net prices, or prices that include it, as consumers are shown them."""

    NET_BASED = "NET_BASED"
    GROSS_BASED = "GROSS_BASED"


class RefundWish(StrEnum):
    """What should become of money already paid."""

    REFUND = "REFUND"
    KEEP_AS_CREDIT = "KEEP_AS_CREDIT"
    SET_OFF = "SET_OFF"


class ZeroAmount(StrEnum):
    """What becomes of an order to bill that comes to nothing."""

    ISSUE = "ISSUE"
    SKIP = "SKIP"


class LogoPosition(StrEnum):
    """Where the logo stands above the seller."""

    LEFT = "LEFT"
    CENTER = "CENTER"
    RIGHT = "RIGHT"


class SettlementSource(StrEnum):
    """Where a settlement comes from."""

    PAYMENT = "PAYMENT"
    RETURN = "RETURN"
    CREDIT_NOTE = "CREDIT_NOTE"
    MANUAL = "MANUAL"
    REFUND = "REFUND"


class IntakeStatus(StrEnum):
    """What became of an order to bill."""

    RECEIVED = "RECEIVED"
    DRAFTED = "DRAFTED"
    ISSUED = "ISSUED"
    SKIPPED = "SKIPPED"
    PARKED = "PARKED"
    FAILED = "FAILED"


class FileFormat(StrEnum):
    """The two faces of an issued document."""

    FACTURX_PDF = "FACTURX_PDF"
    CII_XML = "CII_XML"


class SealFinding(StrEnum):
    """What is wrong with the chain of seals."""

    CONTENT_CHANGED = "CONTENT_CHANGED"
    HASH = "HASH"
    LINK = "LINK"
    GAP = "GAP"
    XML = "XML"
    PDF = "PDF"
