"""The refusals of contrats, below their codes of the catalogue."""

from messages.errors import (
    ALREADY_EXISTS,
    BUSINESS_RULE_VIOLATION,
    NOT_FOUND,
    PRECONDITION_FAILED,
    VALIDATION_FAILED,
)

CONTRACT_CLIENT_BLOCKED = PRECONDITION_FAILED.specific(
    "CONTRACT_CLIENT_BLOCKED", "Client bloqué pour un nouveau contrat", "The client may get no new contract"
)
FREE_CONTRACT = VALIDATION_FAILED.specific("FREE_CONTRACT", "Contrat gratuit", "The contract costs nothing")
PAYMENT_TERM_NOT_FOUND = NOT_FOUND.specific(
    "CONTRACT_PAYMENT_TERM_NOT_FOUND", "Condition de paiement introuvable", "Payment term not found"
)
SHORT_OFFER_MISSING = BUSINESS_RULE_VIOLATION.specific(
    "SHORT_OFFER_MISSING", "Aucune offre de 12 mois au catalogue", "No offer of 12 months in the catalogue"
)
CONTRACT_NOT_FOUND = NOT_FOUND.specific("CONTRACT_NOT_FOUND", "Contrat introuvable", "Contract not found")
OPERATION_NOT_FOUND = NOT_FOUND.specific("OPERATION_NOT_FOUND", "Opération introuvable", "Operation not found")
REFERENCE_TAKEN = ALREADY_EXISTS.specific("REFERENCE_TAKEN", "Référence déjà utilisée", "Reference already in use")
INVALID_DATES = VALIDATION_FAILED.specific("INVALID_DATES", "Dates incohérentes", "Dates do not agree")
NO_LINES = VALIDATION_FAILED.specific("NO_LINES", "Contrat sans ligne", "The contract has no line")
MISSING_BANK_DETAILS = VALIDATION_FAILED.specific(
    "MISSING_BANK_DETAILS", "Coordonnées bancaires manquantes", "Bank details missing"
)
MISSING_COMPANY = VALIDATION_FAILED.specific("MISSING_COMPANY", "Société à préciser", "Company required")
MISSING_BILLING_ADDRESS = VALIDATION_FAILED.specific(
    "MISSING_BILLING_ADDRESS", "Adresse de facturation manquante", "Billing address missing"
)
EVIDENCE_REQUIRED = VALIDATION_FAILED.specific("EVIDENCE_REQUIRED", "Preuve de signature requise", "Evidence required")
CONTRACT_PRODUCT_NOT_SELLABLE = PRECONDITION_FAILED.specific(
    "CONTRACT_PRODUCT_NOT_SELLABLE", "Produit non vendable au contrat", "The contract's product cannot be sold"
)
PRICE_NOT_VERIFIED = PRECONDITION_FAILED.specific("PRICE_NOT_VERIFIED", "Prix non vérifié", "Price not verified")
PRICE_MISMATCH = PRECONDITION_FAILED.specific(
    "PRICE_MISMATCH", "Prix différent du devis", "The price differs from the quote"
)
USE_AMENDMENT = PRECONDITION_FAILED.specific("USE_AMENDMENT", "Avenant nécessaire", "An amendment is needed")
GATE_NOT_MET = PRECONDITION_FAILED.specific("GATE_NOT_MET", "Condition d'activation manquante", "Gate not met")
OPERATION_IN_PROGRESS = PRECONDITION_FAILED.specific(
    "OPERATION_IN_PROGRESS", "Opération en cours sur le contrat", "An operation is running"
)
OPERATION_NOT_FAILED = PRECONDITION_FAILED.specific(
    "OPERATION_NOT_FAILED", "Opération non en échec", "The operation has not failed"
)
REVIEW_NOT_PENDING = BUSINESS_RULE_VIOLATION.specific(
    "NOT_PENDING", "Aucun contrôle qualité en attente", "No quality review is pending"
)
SAME_REVIEWER = BUSINESS_RULE_VIOLATION.specific(
    "SAME_REVIEWER", "Le vendeur ne peut pas contrôler sa vente", "The seller cannot review the sale"
)
WITHDRAWAL_NOT_APPLICABLE = BUSINESS_RULE_VIOLATION.specific(
    "WITHDRAWAL_NOT_APPLICABLE", "Pas de droit de rétractation", "No right of withdrawal"
)
WITHDRAWAL_PERIOD_OVER = BUSINESS_RULE_VIOLATION.specific(
    "WITHDRAWAL_PERIOD_OVER", "Délai de rétractation dépassé", "The withdrawal period is over"
)
FORMAL_NOTICE_RUNNING = PRECONDITION_FAILED.specific(
    "FORMAL_NOTICE_RUNNING", "Mise en demeure en cours", "The formal notice is still running"
)
ALREADY_SCHEDULED = PRECONDITION_FAILED.specific(
    "ALREADY_SCHEDULED", "Résiliation déjà programmée", "Termination already scheduled"
)
TERMINATION_NOT_SCHEDULED = BUSINESS_RULE_VIOLATION.specific(
    "TERMINATION_NOT_SCHEDULED", "Aucune résiliation programmée", "No termination is scheduled"
)
