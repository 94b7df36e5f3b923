"""The catalogue of error codes: one table for twelve actors, the bridge and every client (cross_cutting 6.5)."""

from __future__ import annotations

from dataclasses import dataclass

_catalogue: dict[str, ErrorCode] = {}


@dataclass(frozen=True, slots=True)
class ErrorCode:
    """A code, its HTTP status, whether repeating may help, and its title in French and English."""

    code: str
    http_status: int
    retriable: bool
    title: str
    title_en: str
    parent: ErrorCode | None = None

    def __post_init__(self) -> None:
        if _catalogue.setdefault(self.code, self) is not self:
            raise TypeError(f"error code {self.code} is defined twice")

    def specific(self, code: str, title: str, title_en: str) -> ErrorCode:
        """An actor's own code: it inherits status and retry rule from this one."""
        return ErrorCode(code, self.http_status, self.retriable, title, title_en, self)

    def title_in(self, locale: str) -> str:
        """The title in the caller's language; French unless the locale is English."""
        return self.title_en if locale.startswith("en") else self.title


def catalogue() -> list[ErrorCode]:
    """Every known code, by name."""
    return [_catalogue[code] for code in sorted(_catalogue)]


def find(code: str) -> ErrorCode:
    """The code of that name; INTERNAL when nobody defined it."""
    return _catalogue.get(code, INTERNAL)


UNAUTHORIZED = ErrorCode("UNAUTHORIZED", 401, False, "Authentification requise", "Authentication required")
SESSION_EXPIRED = ErrorCode("SESSION_EXPIRED", 401, False, "Session expirée", "Session expired")
SESSION_REVOKED = ErrorCode("SESSION_REVOKED", 401, False, "Session révoquée", "Session revoked")
INVALID_CREDENTIALS = ErrorCode("INVALID_CREDENTIALS", 401, False, "Identifiants incorrects", "Invalid credentials")
SSO_ASSERTION_INVALID = ErrorCode(
    "SSO_ASSERTION_INVALID", 401, False, "Jeton de l'émetteur refusé", "Issuer token refused"
)

ACCOUNT_DISABLED = ErrorCode("ACCOUNT_DISABLED", 403, False, "Compte désactivé", "Account disabled")
EMAIL_NOT_VERIFIED = ErrorCode(
    "EMAIL_NOT_VERIFIED", 403, False, "Adresse e-mail non vérifiée", "E-mail address not verified"
)
MEMBERSHIP_INACTIVE = ErrorCode(
    "MEMBERSHIP_INACTIVE", 403, False, "Accès à l'organisation inactif", "Membership inactive"
)
ORGANISATION_SUSPENDED = ErrorCode(
    "ORGANISATION_SUSPENDED", 403, False, "Organisation suspendue", "Organisation suspended"
)
ORGANISATION_READ_ONLY = ErrorCode(
    "ORGANISATION_READ_ONLY", 403, False, "Organisation en lecture seule", "Organisation is read-only"
)
IP_NOT_ALLOWED = ErrorCode("IP_NOT_ALLOWED", 403, False, "Adresse réseau non autorisée", "Network address not allowed")
PERMISSION_MISSING = ErrorCode("PERMISSION_MISSING", 403, False, "Droit manquant", "Permission missing")
TENANT_SCOPE_VIOLATION = ErrorCode(
    "TENANT_SCOPE_VIOLATION", 403, False, "Organisation non autorisée", "Outside your organisation"
)
RESOURCE_NOT_ACCESSIBLE = ErrorCode(
    "RESOURCE_NOT_ACCESSIBLE", 403, False, "Hors de votre périmètre", "Outside your scope"
)
FORBIDDEN = ErrorCode("FORBIDDEN", 403, False, "Action interdite", "Action forbidden")

VALIDATION_FAILED = ErrorCode("VALIDATION_FAILED", 422, False, "Données invalides", "Invalid data")
NOT_FOUND = ErrorCode("NOT_FOUND", 404, False, "Introuvable", "Not found")
ALREADY_EXISTS = ErrorCode("ALREADY_EXISTS", 409, False, "Existe déjà", "Already exists")
INVALID_TRANSITION = ErrorCode(
    "INVALID_TRANSITION", 409, False, "Changement d'état impossible", "Transition not allowed"
)
VERSION_CONFLICT = ErrorCode(
    "VERSION_CONFLICT",
    409,
    False,
    "Modifié entre-temps : relire puis recommencer",
    "Changed meanwhile: read again",
)
BUSINESS_RULE_VIOLATION = ErrorCode(
    "BUSINESS_RULE_VIOLATION", 422, False, "Règle de gestion non respectée", "Business rule violated"
)
PRECONDITION_FAILED = ErrorCode(
    "PRECONDITION_FAILED", 409, True, "Condition préalable non remplie", "Precondition not met"
)

IDEMPOTENCY_KEY_REQUIRED = ErrorCode(
    "IDEMPOTENCY_KEY_REQUIRED", 400, False, "En-tête idempotency-key requis", "idempotency-key required"
)
IDEMPOTENCY_CONFLICT = ErrorCode(
    "IDEMPOTENCY_CONFLICT", 422, False, "Même clé, autre contenu", "Same key, another body"
)
IDEMPOTENCY_IN_PROGRESS = ErrorCode(
    "IDEMPOTENCY_IN_PROGRESS", 409, True, "Même demande en cours", "Same request in progress"
)

ACTOR_UNAVAILABLE = ErrorCode("ACTOR_UNAVAILABLE", 503, True, "Service momentanément indisponible", "Actor unavailable")
DEADLINE_EXCEEDED = ErrorCode("DEADLINE_EXCEEDED", 504, True, "Délai dépassé", "Deadline exceeded")
SUBJECT_NOT_PERMITTED = ErrorCode(
    "SUBJECT_NOT_PERMITTED", 500, False, "Sujet NATS refusé", "NATS subject not permitted"
)
AUDIT_WRITE_FAILED = ErrorCode(
    "AUDIT_WRITE_FAILED", 503, True, "Journal d'audit indisponible", "Audit trail unavailable"
)
DECRYPTION_FAILED = ErrorCode("DECRYPTION_FAILED", 500, False, "Déchiffrement impossible", "Decryption failed")
KEY_NOT_FOUND = ErrorCode("KEY_NOT_FOUND", 503, True, "Clé de chiffrement indisponible", "Encryption key unavailable")
ENCRYPTION_FAILED = ErrorCode("ENCRYPTION_FAILED", 500, False, "Chiffrement impossible", "Encryption failed")
EXTERNAL_SERVICE_ERROR = ErrorCode(
    "EXTERNAL_SERVICE_ERROR", 502, True, "Service externe en erreur", "External service error"
)
EXTERNAL_SERVICE_TIMEOUT = ErrorCode(
    "EXTERNAL_SERVICE_TIMEOUT", 504, True, "Service externe muet", "External service timed out"
)
NOT_SUPPORTED_SCHEMA = ErrorCode(
    "NOT_SUPPORTED_SCHEMA", 400, False, "Version de message non prise en charge", "Schema not supported"
)
RATE_LIMITED = ErrorCode("RATE_LIMITED", 429, True, "Trop de demandes", "Too many requests")
INTERNAL = ErrorCode("INTERNAL", 500, False, "Erreur interne", "Internal error")
AUDIT_CHAIN_INVALID = ErrorCode("AUDIT_CHAIN_INVALID", 409, False, "Chaîne d'audit rompue", "Audit chain broken")
