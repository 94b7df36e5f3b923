"""calendar: its refusals."""

from messages.errors import (
    ALREADY_EXISTS,
    BUSINESS_RULE_VIOLATION,
    NOT_FOUND,
    PRECONDITION_FAILED,
    VALIDATION_FAILED,
)

NO_CONFIGURATION_FOUND = PRECONDITION_FAILED.specific(
    "NO_CONFIGURATION_FOUND", "Aucune configuration de prélèvement", "No debit configuration"
)
HOLIDAY_ZONE_REQUIRED = VALIDATION_FAILED.specific(
    "HOLIDAY_ZONE_REQUIRED", "Zone de jours fériés à préciser", "Holiday zone required"
)
BATCH_REQUIRED = VALIDATION_FAILED.specific("BATCH_REQUIRED", "Lot à préciser", "Debit lot required")
FIXED_DAY_OUT_OF_RANGE = VALIDATION_FAILED.specific(
    "FIXED_DAY_OUT_OF_RANGE", "Jour fixe hors de 1 à 28", "Fixed day outside 1 to 28"
)
INVALID_MODE = VALIDATION_FAILED.specific("INVALID_MODE", "Mode de prélèvement invalide", "Debit mode invalid")
LOT_NOT_FOUND = NOT_FOUND.specific("LOT_NOT_FOUND", "Lot introuvable", "Debit lot not found")
CUTOFF_NOT_FOUND = NOT_FOUND.specific("CUTOFF_NOT_FOUND", "Heure limite introuvable", "Cut-off policy not found")
HOLIDAY_ZONE_NOT_FOUND = NOT_FOUND.specific("HOLIDAY_ZONE_NOT_FOUND", "Zone introuvable", "Holiday zone not found")
HOLIDAY_NOT_FOUND = NOT_FOUND.specific("HOLIDAY_NOT_FOUND", "Jour férié introuvable", "Holiday not found")
HOLIDAY_EXISTS = ALREADY_EXISTS.specific("HOLIDAY_EXISTS", "Jour déjà enregistré", "Holiday exists")
SYSTEM_ZONE = PRECONDITION_FAILED.specific("SYSTEM_ZONE", "Zone du système", "System zone")
CONFIG_EXISTS = ALREADY_EXISTS.specific("CONFIG_EXISTS", "Configuration déjà présente", "Configuration exists")
CONFIG_NOT_FOUND = NOT_FOUND.specific("CONFIG_NOT_FOUND", "Configuration introuvable", "Configuration not found")
SYSTEM_CONFIG_REQUIRED = PRECONDITION_FAILED.specific(
    "SYSTEM_CONFIG_REQUIRED", "Configuration du système requise", "System configuration required"
)
PRENOTIFICATION_TOO_SHORT = BUSINESS_RULE_VIOLATION.specific(
    "PRENOTIFICATION_TOO_SHORT", "Pré-notification trop courte", "Pre-notification too short"
)
NO_ELIGIBLE_DATE_FOUND = BUSINESS_RULE_VIOLATION.specific(
    "NO_ELIGIBLE_DATE_FOUND", "Aucun jour possible", "No eligible date found"
)
DEADLINE_PASSED = BUSINESS_RULE_VIOLATION.specific("DEADLINE_PASSED", "Délai dépassé", "Deadline passed")
PLANNED_DEBIT_NOT_FOUND = NOT_FOUND.specific(
    "PLANNED_DEBIT_NOT_FOUND", "Prélèvement introuvable", "Planned debit not found"
)
DEBIT_DAY_NOT_FOUND = NOT_FOUND.specific("DEBIT_DAY_NOT_FOUND", "Journée introuvable", "Debit day not found")
