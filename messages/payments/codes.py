"""The refusals of payments."""

from messages.errors import (
    ALREADY_EXISTS,
    BUSINESS_RULE_VIOLATION,
    FORBIDDEN,
    INTERNAL,
    NOT_FOUND,
    PRECONDITION_FAILED,
    VALIDATION_FAILED,
)

PAYMENT_NOT_FOUND = NOT_FOUND.specific("PAYMENT_NOT_FOUND", "Paiement introuvable", "Payment not found")
MANDATE_NOT_FOUND = NOT_FOUND.specific("MANDATE_NOT_FOUND", "Mandat introuvable", "Mandate not found")
BANK_DETAILS_NOT_FOUND = NOT_FOUND.specific(
    "BANK_DETAILS_NOT_FOUND", "Coordonnées bancaires introuvables", "Bank details not found"
)
CREDITOR_ACCOUNT_NOT_FOUND = NOT_FOUND.specific(
    "CREDITOR_ACCOUNT_NOT_FOUND", "Compte créancier introuvable", "Creditor account not found"
)
SCHEDULE_NOT_FOUND = NOT_FOUND.specific("SCHEDULE_NOT_FOUND", "Échéancier introuvable", "Schedule not found")
INSTALMENT_NOT_FOUND = NOT_FOUND.specific("INSTALMENT_NOT_FOUND", "Échéance introuvable", "Instalment not found")
BATCH_NOT_FOUND = NOT_FOUND.specific("BATCH_NOT_FOUND", "Remise introuvable", "Collection batch not found")
EMISSION_RUN_NOT_FOUND = NOT_FOUND.specific("EMISSION_RUN_NOT_FOUND", "Émission introuvable", "Emission run not found")
ALERT_NOT_FOUND = NOT_FOUND.specific("ALERT_NOT_FOUND", "Alerte introuvable", "Alert not found")

IBAN_NOT_SEPA = VALIDATION_FAILED.specific("IBAN_NOT_SEPA", "IBAN hors zone SEPA", "IBAN outside SEPA")
BIC_INVALID = VALIDATION_FAILED.specific("BIC_INVALID", "BIC incohérent", "BIC does not fit")
BANK_MESSAGE_UNREADABLE = VALIDATION_FAILED.specific(
    "BANK_MESSAGE_UNREADABLE", "Fichier bancaire illisible", "Bank file unreadable"
)
EXTERNAL_ID_IN_USE = ALREADY_EXISTS.specific(
    "EXTERNAL_ID_IN_USE", "Référence externe déjà utilisée", "External id in use"
)
IN_USE = PRECONDITION_FAILED.specific("IN_USE", "Utilisé par un mandat en cours", "In use by a live mandate")
FOUR_EYES_REQUIRED = FORBIDDEN.specific(
    "FOUR_EYES_REQUIRED", "Validation par une seconde personne requise", "A second person must approve"
)
TOO_LATE_TO_CANCEL = PRECONDITION_FAILED.specific("TOO_LATE_TO_CANCEL", "Trop tard pour annuler", "Too late to cancel")
FILE_NOT_READY = PRECONDITION_FAILED.specific("FILE_NOT_READY", "Fichier pas encore prêt", "File not ready yet")
AMOUNT_EXCEEDED = BUSINESS_RULE_VIOLATION.specific("AMOUNT_EXCEEDED", "Montant dépassé", "Amount exceeded")
CASH_LIMIT = BUSINESS_RULE_VIOLATION.specific(
    "CASH_LIMIT", "Plafond légal des paiements en espèces dépassé", "Legal limit of cash payments exceeded"
)
RUM_GENERATION_FAILED = INTERNAL.specific(
    "RUM_GENERATION_FAILED", "Référence de mandat introuvable", "No free mandate reference"
)
CREDITOR_IDENTIFIER_MISSING = PRECONDITION_FAILED.specific(
    "CREDITOR_IDENTIFIER_MISSING", "Identifiant créancier SEPA manquant", "Creditor identifier missing"
)

RETRY_PLAN_NOT_FOUND = NOT_FOUND.specific(
    "RETRY_PLAN_NOT_FOUND", "Plan de représentation introuvable", "Plan not found"
)
RECOVERY_CASE_NOT_FOUND = NOT_FOUND.specific("RECOVERY_CASE_NOT_FOUND", "Dossier introuvable", "Case not found")
RECOVERY_ITEM_NOT_FOUND = NOT_FOUND.specific("RECOVERY_ITEM_NOT_FOUND", "Créance introuvable", "Receivable not found")
RECOVERY_POLICY_NOT_FOUND = NOT_FOUND.specific(
    "RECOVERY_POLICY_NOT_FOUND", "Politique introuvable", "Recovery policy not found"
)
EXPORT_JOB_NOT_FOUND = NOT_FOUND.specific("EXPORT_JOB_NOT_FOUND", "Export introuvable", "Export not found")
SCHEME_NOT_ALLOWED = BUSINESS_RULE_VIOLATION.specific(
    "SCHEME_NOT_ALLOWED", "Schéma interdit pour ce client", "Scheme not allowed for this client"
)
BANK_TRANSACTION_NOT_FOUND = NOT_FOUND.specific(
    "BANK_TRANSACTION_NOT_FOUND", "Ligne de relevé introuvable", "Bank transaction not found"
)
REMINDER_NOT_FOUND = NOT_FOUND.specific("REMINDER_NOT_FOUND", "Relance introuvable", "Reminder not found")
POLICY_SCOPE_CONFLICT = ALREADY_EXISTS.specific(
    "POLICY_SCOPE_CONFLICT", "Une politique a déjà cette portée", "A policy has this scope already"
)
PAUSE_TOO_LONG = VALIDATION_FAILED.specific("PAUSE_TOO_LONG", "Pause trop longue", "Pause too long")
OUTSTANDING_REMAINS = PRECONDITION_FAILED.specific(
    "OUTSTANDING_REMAINS", "Une somme reste due", "Something is still owed"
)
SUSPENSION_NOTICE_MISSING = PRECONDITION_FAILED.specific(
    "SUSPENSION_NOTICE_MISSING", "Avertissement préalable manquant", "No warning left in time"
)
SUSPENSION_BLACKOUT = PRECONDITION_FAILED.specific(
    "SUSPENSION_BLACKOUT", "Suspension impossible à cette heure", "No cut at this hour"
)
FORMAL_NOTICE_NOT_FOUND = NOT_FOUND.specific(
    "FORMAL_NOTICE_NOT_FOUND", "Mise en demeure introuvable", "Formal notice not found"
)
NOTICE_RUNNING = ALREADY_EXISTS.specific(
    "NOTICE_RUNNING", "Une mise en demeure est en cours", "A formal notice is running"
)
ADDRESS_MISSING = PRECONDITION_FAILED.specific("ADDRESS_MISSING", "Adresse postale manquante", "Postal address missing")
MAX_ATTEMPTS_REACHED = BUSINESS_RULE_VIOLATION.specific(
    "MAX_ATTEMPTS_REACHED", "Nombre maximal de représentations atteint", "Every attempt was made"
)
NOT_RETRYABLE_REASON = BUSINESS_RULE_VIOLATION.specific(
    "NOT_RETRYABLE_REASON", "Représentation impossible", "The debit may not be presented again"
)
LEDGER_ENTRY_NOT_FOUND = NOT_FOUND.specific("LEDGER_ENTRY_NOT_FOUND", "Écriture introuvable", "Ledger entry not found")
ALREADY_REVERSED = ALREADY_EXISTS.specific("ALREADY_REVERSED", "Écriture déjà annulée", "Entry reversed already")
PERIOD_CLOSED = PRECONDITION_FAILED.specific("PERIOD_CLOSED", "Période comptable clôturée", "Accounting period closed")
UNBALANCED_ENTRY = VALIDATION_FAILED.specific("UNBALANCED_ENTRY", "Écriture déséquilibrée", "Unbalanced entry")
PROMISE_NOT_FOUND = NOT_FOUND.specific("PROMISE_NOT_FOUND", "Promesse introuvable", "Payment promise not found")
CONSUMER_FEE_FORBIDDEN = BUSINESS_RULE_VIOLATION.specific(
    "CONSUMER_FEE_FORBIDDEN", "Frais interdits pour ce client", "Only professionals may be charged a fee"
)
FEE_RULE_NOT_FOUND = NOT_FOUND.specific("FEE_RULE_NOT_FOUND", "Règle de frais introuvable", "Fee rule not found")
RECOVERY_CHARGE_NOT_FOUND = NOT_FOUND.specific(
    "RECOVERY_CHARGE_NOT_FOUND", "Frais introuvables", "Recovery charge not found"
)
SETTLEMENT_PLAN_NOT_FOUND = NOT_FOUND.specific(
    "SETTLEMENT_PLAN_NOT_FOUND", "Échéancier amiable introuvable", "Settlement plan not found"
)
SETTLEMENT_PLAN_EXISTS = ALREADY_EXISTS.specific(
    "SETTLEMENT_PLAN_EXISTS", "Un échéancier amiable est en cours", "A settlement plan is running"
)
PROMISE_LIMIT_REACHED = BUSINESS_RULE_VIOLATION.specific(
    "PROMISE_LIMIT_REACHED", "Nombre de promesses atteint", "No further promise is taken"
)
