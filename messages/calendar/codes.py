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
LOT_OVERLAP = VALIDATION_FAILED.specific("LOT_OVERLAP", "Lots qui se chevauchent", "Debit lots overlap")
LOT_CODE_TAKEN = ALREADY_EXISTS.specific("LOT_CODE_TAKEN", "Code de lot déjà utilisé", "Debit lot code in use")
INVALID_DAY_RANGE = VALIDATION_FAILED.specific("INVALID_DAY_RANGE", "Jours de lot invalides", "Days of lot invalid")
LOT_IN_USE = PRECONDITION_FAILED.specific("LOT_IN_USE", "Lot utilisé", "Debit lot in use")
BELOW_SCHEME_MINIMUM = VALIDATION_FAILED.specific(
    "BELOW_SCHEME_MINIMUM", "Délai sous le minimum SEPA", "Below the scheme's minimum"
)
INVALID_TIMEZONE = VALIDATION_FAILED.specific("INVALID_TIMEZONE", "Fuseau horaire inconnu", "Unknown time zone")
CUTOFF_NAME_TAKEN = ALREADY_EXISTS.specific("CUTOFF_NAME_TAKEN", "Nom déjà utilisé", "Cut-off name in use")
CUTOFF_IN_USE = PRECONDITION_FAILED.specific("CUTOFF_IN_USE", "Heure limite utilisée", "Cut-off policy in use")
ZONE_CODE_TAKEN = ALREADY_EXISTS.specific("ZONE_CODE_TAKEN", "Code de zone déjà utilisé", "Zone code in use")
UNKNOWN_COUNTRY = VALIDATION_FAILED.specific("UNKNOWN_COUNTRY", "Pays sans calendrier", "Country without a calendar")
UNKNOWN_REGION = VALIDATION_FAILED.specific("UNKNOWN_REGION", "Région sans calendrier", "Region without a calendar")
ZONE_IN_USE = PRECONDITION_FAILED.specific("ZONE_IN_USE", "Zone utilisée", "Holiday zone in use")
NOT_ELIGIBLE = BUSINESS_RULE_VIOLATION.specific("NOT_ELIGIBLE", "Jour non ouvré", "Date not eligible")
DEBIT_FROZEN = PRECONDITION_FAILED.specific("DEBIT_FROZEN", "Prélèvement figé", "Debit frozen")
OVERRIDE_NOT_FOUND = NOT_FOUND.specific("OVERRIDE_NOT_FOUND", "Date imposée introuvable", "Override not found")
INVALID_DATE = VALIDATION_FAILED.specific("INVALID_DATE", "Date invalide", "Date invalid")
