"""logistics: its refusals."""

from messages.errors import ALREADY_EXISTS, BUSINESS_RULE_VIOLATION, NOT_FOUND, PRECONDITION_FAILED, VALIDATION_FAILED

LETTER_NOT_FOUND = NOT_FOUND.specific("LETTER_NOT_FOUND", "Courrier introuvable", "Letter not found")
ADDRESS_INVALID = VALIDATION_FAILED.specific("ADDRESS_INVALID", "Adresse postale incorrecte", "Postal address invalid")
ADDRESS_LINE_TOO_LONG = VALIDATION_FAILED.specific(
    "ADDRESS_LINE_TOO_LONG", "Ligne d'adresse trop longue", "Address line too long"
)
POSTAGE_NOT_ALLOWED = VALIDATION_FAILED.specific(
    "POSTAGE_NOT_ALLOWED", "Affranchissement impossible", "Postage not allowed"
)
COUNTRY_NOT_ALLOWED = VALIDATION_FAILED.specific("COUNTRY_NOT_ALLOWED", "Pays non desservi", "Country not served")
TOO_MANY_SHEETS = BUSINESS_RULE_VIOLATION.specific("TOO_MANY_SHEETS", "Trop de feuilles", "Too many sheets")
NO_CARRIER_ACCOUNT = PRECONDITION_FAILED.specific(
    "NO_CARRIER_ACCOUNT", "Aucun compte de transporteur", "No carrier account"
)
CARRIER_ACCOUNT_EXISTS = ALREADY_EXISTS.specific(
    "CARRIER_ACCOUNT_EXISTS", "Compte de transporteur déjà enregistré", "Carrier account exists already"
)
ALREADY_SUBMITTED = PRECONDITION_FAILED.specific(
    "ALREADY_SUBMITTED", "Courrier déjà déposé", "Letter already submitted"
)
DOCUMENT_NOT_AVAILABLE = PRECONDITION_FAILED.specific(
    "DOCUMENT_NOT_AVAILABLE", "Document indisponible", "Document not available"
)
SHIPMENT_NOT_FOUND = NOT_FOUND.specific("SHIPMENT_NOT_FOUND", "Expédition introuvable", "Shipment not found")
TRACKING_NUMBER_EXISTS = ALREADY_EXISTS.specific(
    "TRACKING_NUMBER_EXISTS", "Numéro de suivi déjà enregistré", "Tracking number exists already"
)
PROOF_NOT_YET = PRECONDITION_FAILED.specific("PROOF_NOT_YET", "Preuve pas encore disponible", "Proof not there yet")
