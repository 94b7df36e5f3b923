"""The refusals of identity."""

from messages.errors import ALREADY_EXISTS, FORBIDDEN, NOT_FOUND, PRECONDITION_FAILED, VALIDATION_FAILED

ORGANISATION_NOT_FOUND = NOT_FOUND.specific(
    "ORGANISATION_NOT_FOUND", "Organisation introuvable", "Organisation not found"
)
COMPANY_NOT_FOUND = NOT_FOUND.specific("COMPANY_NOT_FOUND", "Société introuvable", "Company not found")
USER_NOT_FOUND = NOT_FOUND.specific("USER_NOT_FOUND", "Utilisateur introuvable", "User not found")
ROLE_NOT_FOUND = NOT_FOUND.specific("ROLE_NOT_FOUND", "Rôle introuvable", "Role not found")
MEMBERSHIP_NOT_FOUND = NOT_FOUND.specific("MEMBERSHIP_NOT_FOUND", "Membre introuvable", "Membership not found")
INVITATION_NOT_FOUND = NOT_FOUND.specific("INVITATION_NOT_FOUND", "Invitation introuvable", "Invitation not found")
MACHINE_ACCOUNT_NOT_FOUND = NOT_FOUND.specific(
    "MACHINE_ACCOUNT_NOT_FOUND", "Compte machine introuvable", "Machine account not found"
)
AUDIT_CHECKPOINT_NOT_FOUND = NOT_FOUND.specific(
    "AUDIT_CHECKPOINT_NOT_FOUND", "Point de contrôle introuvable", "Audit checkpoint not found"
)
AUTH_SESSION_NOT_FOUND = NOT_FOUND.specific("AUTH_SESSION_NOT_FOUND", "Session introuvable", "Session not found")

COMPANY_ALREADY_EXISTS = ALREADY_EXISTS.specific(
    "COMPANY_ALREADY_EXISTS", "Société déjà enregistrée", "Company already exists"
)
ROLE_CODE_EXISTS = ALREADY_EXISTS.specific("ROLE_CODE_EXISTS", "Code de rôle déjà pris", "Role code already exists")
EMAIL_ALREADY_USED = ALREADY_EXISTS.specific(
    "EMAIL_ALREADY_USED", "Adresse e-mail déjà utilisée", "E-mail address already used"
)
ALREADY_MEMBER = ALREADY_EXISTS.specific("ALREADY_MEMBER", "Déjà membre", "Already a member")
INVITATION_PENDING_EXISTS = ALREADY_EXISTS.specific(
    "INVITATION_PENDING_EXISTS", "Invitation déjà en attente", "An invitation is already pending"
)

PARTNER_NOT_FOUND = NOT_FOUND.specific("PARTNER_NOT_FOUND", "Partenaire introuvable", "Partner not found")
PARTNER_ALREADY_EXISTS = ALREADY_EXISTS.specific(
    "PARTNER_ALREADY_EXISTS", "Partenaire déjà enregistré", "Partner already exists"
)
PARTNER_INACTIVE = PRECONDITION_FAILED.specific("PARTNER_INACTIVE", "Partenariat terminé", "Partnership has ended")
PARTNER_WITHOUT_OWNER = PRECONDITION_FAILED.specific(
    "PARTNER_WITHOUT_OWNER", "Partenaire sans propriétaire", "Partner has no owner"
)
LAST_PARTNER_OWNER = PRECONDITION_FAILED.specific(
    "LAST_PARTNER_OWNER", "Dernier propriétaire du partenaire", "Last owner of the partner"
)
BRAND_THEME_NOT_FOUND = NOT_FOUND.specific("BRAND_THEME_NOT_FOUND", "Thème introuvable", "Brand theme not found")
BRAND_THEME_ACTIVE = PRECONDITION_FAILED.specific("BRAND_THEME_ACTIVE", "Thème en usage", "Brand theme is in use")

ORGANISATION_LIMIT_REACHED = PRECONDITION_FAILED.specific(
    "ORGANISATION_LIMIT_REACHED", "Nombre d'organisations atteint", "Organisation limit reached"
)
ORGANISATION_INACTIVE = PRECONDITION_FAILED.specific(
    "ORGANISATION_INACTIVE", "Organisation inactive", "Organisation is not active"
)
COMPANY_SIREN_LOCKED = PRECONDITION_FAILED.specific(
    "COMPANY_SIREN_LOCKED", "SIREN verrouillé après la première facture", "SIREN is locked after the first invoice"
)
COMPANY_IN_USE = PRECONDITION_FAILED.specific(
    "COMPANY_IN_USE", "Société avec des contrats en cours", "Company has live contracts"
)
LAST_OWNER = PRECONDITION_FAILED.specific("LAST_OWNER", "Dernier propriétaire", "Last owner")
IDENTITY_CONFLICT = PRECONDITION_FAILED.specific(
    "IDENTITY_CONFLICT", "Adresse e-mail liée à un autre compte", "E-mail address belongs to another login"
)
MACHINE_ACCOUNT_LIMIT = PRECONDITION_FAILED.specific(
    "MACHINE_ACCOUNT_LIMIT", "Nombre de comptes machine atteint", "Machine account limit reached"
)
AUDIT_ENTRY_NOT_FOUND = NOT_FOUND.specific(
    "AUDIT_ENTRY_NOT_FOUND", "Ligne du journal introuvable", "Audit entry not found"
)
AUDIT_EXPORT_NOT_FOUND = NOT_FOUND.specific(
    "AUDIT_EXPORT_NOT_FOUND", "Export du journal introuvable", "Audit export not found"
)
ROLE_IN_USE = PRECONDITION_FAILED.specific("ROLE_IN_USE", "Rôle attribué", "Role in use")
SYSTEM_ROLE_READONLY = PRECONDITION_FAILED.specific(
    "SYSTEM_ROLE_READONLY", "Rôle système non modifiable", "System roles are read-only"
)
INVITATION_EXPIRED = PRECONDITION_FAILED.specific(
    "INVITATION_EXPIRED", "Invitation expirée", "The invitation has expired"
)
INVITATION_CANCELLED = PRECONDITION_FAILED.specific(
    "INVITATION_CANCELLED", "Invitation annulée", "The invitation was cancelled"
)
INVITATION_DECLINED = PRECONDITION_FAILED.specific(
    "INVITATION_DECLINED", "Invitation refusée", "The invitation was declined"
)
INVITATION_ALREADY_USED = PRECONDITION_FAILED.specific(
    "INVITATION_ALREADY_USED", "Invitation déjà utilisée", "The invitation was used already"
)
INVITATION_ROLE_INVALID = PRECONDITION_FAILED.specific(
    "INVITATION_ROLE_INVALID", "Rôle de l'invitation supprimé", "A role of the invitation no longer exists"
)
INVITATION_LIMIT = PRECONDITION_FAILED.specific(
    "INVITATION_LIMIT", "Nombre d'invitations atteint", "Invitation limit reached"
)
RESEND_TOO_SOON = PRECONDITION_FAILED.specific("RESEND_TOO_SOON", "Relance trop rapprochée", "Resent too soon")
RESEND_LIMIT = PRECONDITION_FAILED.specific("RESEND_LIMIT", "Nombre de relances atteint", "Resend limit reached")

PRIVILEGE_ESCALATION = FORBIDDEN.specific(
    "PRIVILEGE_ESCALATION", "Droits supérieurs aux vôtres", "More rights than your own"
)
OWNER_NOT_INVITABLE = FORBIDDEN.specific(
    "OWNER_NOT_INVITABLE", "Le rôle de propriétaire ne s'attribue pas", "Ownership cannot be granted this way"
)
SELF_CHANGE_FORBIDDEN = FORBIDDEN.specific(
    "SELF_CHANGE_FORBIDDEN", "Ses propres droits ne se modifient pas", "Nobody changes his own rights"
)
INVITATION_EMAIL_MISMATCH = FORBIDDEN.specific(
    "INVITATION_EMAIL_MISMATCH", "Invitation destinée à une autre adresse", "Invitation for another e-mail address"
)
EMAIL_DOMAIN_NOT_ALLOWED = FORBIDDEN.specific(
    "EMAIL_DOMAIN_NOT_ALLOWED", "Domaine de messagerie non autorisé", "E-mail domain not allowed"
)
SESSION_SUSPICIOUS = FORBIDDEN.specific("SESSION_SUSPICIOUS", "Session suspecte", "Suspicious session")

LEGAL_MENTIONS_REQUIRED = VALIDATION_FAILED.specific(
    "LEGAL_MENTIONS_REQUIRED", "Mentions légales manquantes", "Legal mentions missing"
)
PERMISSION_UNKNOWN = VALIDATION_FAILED.specific("PERMISSION_UNKNOWN", "Droit inconnu", "Unknown permission")
COMPANY_NOT_IN_ORGANISATION = PRECONDITION_FAILED.specific(
    "COMPANY_NOT_IN_ORGANISATION", "Société hors de l'organisation", "Company is not of this organisation"
)

PRIVACY_REQUEST_NOT_FOUND = NOT_FOUND.specific(
    "PRIVACY_REQUEST_NOT_FOUND", "Demande introuvable", "Privacy request not found"
)
LEGAL_HOLD_NOT_FOUND = NOT_FOUND.specific("LEGAL_HOLD_NOT_FOUND", "Gel légal introuvable", "Legal hold not found")
PURGE_SUBJECT_NOT_FOUND = NOT_FOUND.specific(
    "PURGE_SUBJECT_NOT_FOUND", "Personne concernée introuvable", "Data subject not found"
)
PURGE_NOT_ALLOWED = PRECONDITION_FAILED.specific(
    "PURGE_NOT_ALLOWED", "Effacement bloqué par un gel légal", "Erasure blocked by a legal hold"
)
PURGE_IN_PROGRESS = PRECONDITION_FAILED.specific("PURGE_IN_PROGRESS", "Purge en cours", "A purge is running")
RETENTION_POLICY_INVALID = VALIDATION_FAILED.specific(
    "RETENTION_POLICY_INVALID", "Durée hors des limites légales", "Period outside its legal bounds"
)
EXTENSION_NOT_ALLOWED = PRECONDITION_FAILED.specific(
    "EXTENSION_NOT_ALLOWED", "Prolongation impossible", "Extension not possible"
)
