"""identity: who may do what in which organisation; its whole language, importable from here."""

# ruff: noqa: I001 - several names to a line, as in __all__
from messages.identity.access import (
    AccessContext, BuildAccessContext, ContextTokenBuilt, GetSigningKeys, RotateSigningKey, SigningKey, SigningKeyRotated,
    SigningKeys,
)  # fmt: skip
from messages.identity.audit import (
    AuditChain, AuditChainBroken, AuditCheckpoint, AuditCheckpointCreated, AuditCheckpointPage, AuditVerification,
    CheckpointVerification, CreateAuditCheckpoint, ListAuditCheckpoints, VerifyAuditChain, VerifyAuditCheckpoint,
)  # fmt: skip
from messages.identity.audit_trail import (
    AuditActor, AuditActorType, AuditChainHead, AuditEntry, AuditEntryInChain, AuditExport, AuditExportStatus, AuditFilter,
    AuditPage, AuditResult, ExportAudit, GetAuditChainHead, GetAuditEntry, GetAuditExport, ListAudit,
)  # fmt: skip
from messages.identity.brand_themes import (
    ActivateBrandTheme, ArchiveBrandTheme, Brand, BrandLook, BrandTheme, BrandThemeActivated, BrandThemePage, CreateBrandTheme,
    GetBrandTheme, ListBrandThemes, ResolveBrand, ThemeOwner, UpdateBrandTheme,
)  # fmt: skip
from messages.identity.codes import (
    ALREADY_MEMBER, AUDIT_CHECKPOINT_NOT_FOUND, AUDIT_ENTRY_NOT_FOUND, AUDIT_EXPORT_NOT_FOUND, AUTH_SESSION_NOT_FOUND,
    BRAND_THEME_ACTIVE, BRAND_THEME_NOT_FOUND, LAST_PARTNER_OWNER, PARTNER_ALREADY_EXISTS, PARTNER_INACTIVE,
    PARTNER_NOT_FOUND, PARTNER_WITHOUT_OWNER,
    COMPANY_ALREADY_EXISTS, COMPANY_IN_USE, COMPANY_NOT_FOUND, COMPANY_NOT_IN_ORGANISATION, COMPANY_SIREN_LOCKED,
    EMAIL_ALREADY_USED, EMAIL_DOMAIN_NOT_ALLOWED, EXTENSION_NOT_ALLOWED, IDENTITY_CONFLICT, INVITATION_ALREADY_USED,
    INVITATION_CANCELLED, INVITATION_DECLINED, INVITATION_EMAIL_MISMATCH, INVITATION_EXPIRED, INVITATION_LIMIT,
    INVITATION_NOT_FOUND, INVITATION_PENDING_EXISTS, INVITATION_ROLE_INVALID, LAST_OWNER, LEGAL_HOLD_NOT_FOUND,
    LEGAL_MENTIONS_REQUIRED, MACHINE_ACCOUNT_LIMIT, MACHINE_ACCOUNT_NOT_FOUND, MEMBERSHIP_NOT_FOUND, ORGANISATION_INACTIVE,
    ORGANISATION_LIMIT_REACHED, ORGANISATION_NOT_FOUND, OWNER_NOT_INVITABLE, PERMISSION_UNKNOWN, PRIVACY_REQUEST_NOT_FOUND,
    PRIVILEGE_ESCALATION, PURGE_IN_PROGRESS, PURGE_NOT_ALLOWED, PURGE_SUBJECT_NOT_FOUND, RESEND_LIMIT, RESEND_TOO_SOON,
    RETENTION_POLICY_INVALID, ROLE_CODE_EXISTS, ROLE_IN_USE, ROLE_NOT_FOUND, SELF_CHANGE_FORBIDDEN, SESSION_SUSPICIOUS,
    SYSTEM_ROLE_READONLY, USER_NOT_FOUND,
)  # fmt: skip
from messages.identity.invitations import (
    AcceptInvitation, CancelInvitation, CreateInvitation, DeclineInvitation, GetInvitation, GetInvitationLink, Invitation,
    InvitationAccepted, InvitationCancelled, InvitationCreated, InvitationDeclined, InvitationExpired, InvitationLink,
    InvitationPage, InvitationPreview, InvitationRef, InvitationResent, JoinedOrganisation, ListInvitations,
    ListMyPendingInvitations, PendingInvitation, PendingInvitations, PreviewInvitation, ResendInvitation, UpdateInvitation,
)  # fmt: skip
from messages.identity.legal_holds import (
    CheckLegalHold, LegalHold, LegalHoldCheck, LegalHoldLifted, LegalHoldPage, LegalHoldPlaced, LiftLegalHold, ListLegalHolds,
    PlaceLegalHold,
)  # fmt: skip
from messages.identity.life_of_tenants import (
    ActivateOrganisation, CancelOrganisationClosure, CloseOrganisation, ListOrganisations, OrganisationClosed,
    OrganisationClosingScheduled, OrganisationClosureCancelled, OrganisationReactivated, OrganisationSuspended,
    ReactivateOrganisation, SuspendOrganisation, SuspensionReason, TenantPage, TenantSummary,
)  # fmt: skip
from messages.identity.machines import (
    CreateMachineAccount, DeactivateMachineAccount, IssueMachineToken, ListMachineAccounts, MachineAccount,
    MachineAccountCreated, MachineAccountPage, MachineSecret, MachineToken, RotateMachineSecret, UpdateMachineAccount,
)  # fmt: skip
from messages.identity.memberships import (
    AddMember, GetMembership, LeaveOrganisation, ListMembers, ListUserMemberships, Membership, MembershipCreated,
    MembershipPage, MembershipReactivated, MembershipRemoved, MembershipSnapshot, MembershipSuspended, MembershipUpdated,
    OwnershipTransferred, ReactivateMembership, RemoveMember, RoleSummary, SuspendMembership, TransferOwnership,
    UpdateMembership, UserMembership, UserMembershipPage, UserSummary,
)  # fmt: skip
from messages.identity.organisations import (
    ArchiveCompany, Company, CompanyArchived, CompanyCreated, CompanyPage, CompanySnapshot, CompanyUpdated, CreateCompany,
    CreateOrganisation, GetCompany, GetOrganisation, ListCompanies, Organisation, OrganisationCreated, OrganisationFounded,
    OrganisationSnapshot, OrganisationUpdated, UpdateCompany, UpdateOrganisation, UpdateSecuritySettings,
)  # fmt: skip
from messages.identity.partners import (
    AddPartnerMember, CreatePartner, GetPartner, ListMyPartnerMemberships, ListPartnerMembers, ListPartners, Partner,
    PartnerCreated, PartnerMembership, PartnerMembershipAdded, PartnerMembershipPage, PartnerMembershipRemoved,
    PartnerMemberships, PartnerPage, PartnerRole, PartnerSnapshot, PartnerStatus, PartnerStatusChanged, PartnerUpdated,
    RemovePartnerMember, SetPartnerStatus, UpdatePartner, UpdatePartnerMember,
)  # fmt: skip
from messages.identity.privacy import (
    AssessPrivacyRequest, CancelPrivacyRequest, CreatePrivacyRequest, EntityReport, ErasureProof, ExecutePrivacyRequest,
    ExportPart, ExportPartContent, ExtendPrivacyRequest, GetErasureProof, GetExportPart, GetPrivacyRequest, GetPrivacySubject,
    ListPrivacyRequests, PrivacyCase, PrivacyKind, PrivacyPhase, PrivacyRequest, PrivacyRequestAssessmentRequested,
    PrivacyRequestCompleted, PrivacyRequestDueSoon, PrivacyRequestExecutionRequested, PrivacyRequestOverdue,
    PrivacyRequestPage, PrivacyStatus, PrivacySubject, PrivacyTask, PrivacyTaskAccepted, PrivacyTaskStatus,
    RejectPrivacyRequest, ReportPrivacyTask, RequesterChannel, SubjectType, VerifyRequesterIdentity,
)  # fmt: skip
from messages.identity.privacy_archives import GetExportArchive, PrivacyArchive, PrivacyArchiveStatus
from messages.identity.retention import (
    GetRetentionPolicy, ListPurgeRuns, ListRetentionPolicies, PurgeRun, PurgeRunAccepted, PurgeRunPage, PurgeRuns,
    PurgeStatus, ReportPurgeRun, RetentionAnchor, RetentionCategory, RetentionMode, RetentionPolicies, RetentionPolicy,
    RetentionPolicyRunRequested, RetentionPolicyUpdated, RetentionState, RunRetentionPurge, UpsertRetentionPolicy,
)  # fmt: skip
from messages.identity.roles import (
    CheckPermissions, CreateRole, DeleteRole, GetRole, ListPermissions, ListRoles, Permission, PermissionCheck,
    PermissionChecks, PermissionPage, Role, RoleCreated, RoleDeleted, RoleDeletion, RolePage, RoleState, RoleUpdated,
    SetRolePermissions, UpdateRole,
)  # fmt: skip
from messages.identity.sessions import (
    AuthSession, AuthSessionMarkedSuspicious, AuthSessionPage, AuthSessionRevoked, AuthSessionStarted, CheckSession,
    HandleBackchannelLogout, ListMySessions, ListUserSessions, RevocationReason, RevokeSession, RevokeUserSessions,
    SessionChecked, SessionTouched, SessionsRevoked, SuspicionReason, TouchSession, TrackSession,
)  # fmt: skip
from messages.identity.user_life import (
    CreateUser, DeactivateUser, DeleteUser, IssuerTask, ReactivateUser, RequestAccepted, RequestEmailVerification,
    RequestPasswordReset, UserAnonymised, UserDeletion, UserInactivityNoticed, UserReactivated,
)  # fmt: skip
from messages.identity.users import (
    FindUser, GetMyProfile, GetUser, ListUsers, Profile, ProfileOrganisation, SyncUser, UpdateMyProfile, UpdateUser, User,
    UserDeactivated, UserFound, UserPage, UserRegistered, UserSnapshot, UserSynced, UserUpdated,
)  # fmt: skip
from messages.identity.vocabulary import (
    CompanyScope, CompanyStatus, DataScope, DeliveryStatus, DisabledReason, Explicitness, Grant, InvitationStatus,
    MachineAccountStatus, MembershipSource, MembershipStatus, OrganisationStatus, ProfileSource, RoleScope, SecuritySettings,
    SessionStatus, SigningKeyPurpose, SigningKeyStatus, UserKind, UserStatus, VatRegime,
)  # fmt: skip

__all__ = [
    "ALREADY_MEMBER", "AUDIT_CHECKPOINT_NOT_FOUND", "AUDIT_ENTRY_NOT_FOUND", "AUDIT_EXPORT_NOT_FOUND", "AUTH_SESSION_NOT_FOUND",
    "BRAND_THEME_ACTIVE", "BRAND_THEME_NOT_FOUND", "COMPANY_ALREADY_EXISTS", "COMPANY_IN_USE", "COMPANY_NOT_FOUND",
    "COMPANY_NOT_IN_ORGANISATION", "COMPANY_SIREN_LOCKED", "EMAIL_ALREADY_USED", "EMAIL_DOMAIN_NOT_ALLOWED",
    "EXTENSION_NOT_ALLOWED", "IDENTITY_CONFLICT", "INVITATION_ALREADY_USED", "INVITATION_CANCELLED", "INVITATION_DECLINED",
    "INVITATION_EMAIL_MISMATCH", "INVITATION_EXPIRED", "INVITATION_LIMIT", "INVITATION_NOT_FOUND", "INVITATION_PENDING_EXISTS",
    "INVITATION_ROLE_INVALID", "LAST_OWNER", "LAST_PARTNER_OWNER", "LEGAL_HOLD_NOT_FOUND", "LEGAL_MENTIONS_REQUIRED",
    "MACHINE_ACCOUNT_LIMIT", "MACHINE_ACCOUNT_NOT_FOUND", "MEMBERSHIP_NOT_FOUND", "ORGANISATION_INACTIVE",
    "ORGANISATION_LIMIT_REACHED", "ORGANISATION_NOT_FOUND", "OWNER_NOT_INVITABLE", "PARTNER_ALREADY_EXISTS", "PARTNER_INACTIVE",
    "PARTNER_NOT_FOUND", "PARTNER_WITHOUT_OWNER", "PERMISSION_UNKNOWN", "PRIVACY_REQUEST_NOT_FOUND", "PRIVILEGE_ESCALATION",
    "PURGE_IN_PROGRESS", "PURGE_NOT_ALLOWED", "PURGE_SUBJECT_NOT_FOUND", "RESEND_LIMIT", "RESEND_TOO_SOON",
    "RETENTION_POLICY_INVALID", "ROLE_CODE_EXISTS", "ROLE_IN_USE", "ROLE_NOT_FOUND", "SELF_CHANGE_FORBIDDEN", "SESSION_SUSPICIOUS",
    "SYSTEM_ROLE_READONLY", "USER_NOT_FOUND", "AcceptInvitation", "AccessContext", "ActivateBrandTheme", "ActivateOrganisation",
    "AddMember", "AddPartnerMember", "ArchiveBrandTheme", "ArchiveCompany", "AssessPrivacyRequest", "AuditActor", "AuditActorType",
    "AuditChain", "AuditChainBroken", "AuditChainHead", "AuditCheckpoint", "AuditCheckpointCreated", "AuditCheckpointPage",
    "AuditEntry", "AuditEntryInChain", "AuditExport", "AuditExportStatus", "AuditFilter", "AuditPage", "AuditResult",
    "AuditVerification", "AuthSession", "AuthSessionMarkedSuspicious", "AuthSessionPage", "AuthSessionRevoked",
    "AuthSessionStarted", "Brand", "BrandLook", "BrandTheme", "BrandThemeActivated", "BrandThemePage", "BuildAccessContext",
    "CancelInvitation", "CancelOrganisationClosure", "CancelPrivacyRequest", "CheckLegalHold", "CheckPermissions", "CheckSession",
    "CheckpointVerification", "CloseOrganisation", "Company", "CompanyArchived", "CompanyCreated", "CompanyPage", "CompanyScope",
    "CompanySnapshot", "CompanyStatus", "CompanyUpdated", "ContextTokenBuilt", "CreateAuditCheckpoint", "CreateBrandTheme",
    "CreateCompany", "CreateInvitation", "CreateMachineAccount", "CreateOrganisation", "CreatePartner", "CreatePrivacyRequest",
    "CreateRole", "CreateUser", "DataScope", "DeactivateMachineAccount", "DeactivateUser", "DeclineInvitation", "DeleteRole",
    "DeleteUser", "DeliveryStatus", "DisabledReason", "EntityReport", "ErasureProof", "ExecutePrivacyRequest", "Explicitness",
    "ExportAudit", "ExportPart", "ExportPartContent", "ExtendPrivacyRequest", "FindUser", "GetAuditChainHead", "GetAuditEntry",
    "GetAuditExport", "GetBrandTheme", "GetCompany", "GetErasureProof", "GetExportArchive", "GetExportPart", "GetInvitation",
    "GetInvitationLink", "GetMembership", "GetMyProfile", "GetOrganisation", "GetPartner", "GetPrivacyRequest", "GetPrivacySubject",
    "GetRetentionPolicy", "GetRole", "GetSigningKeys", "GetUser", "Grant", "HandleBackchannelLogout", "Invitation",
    "InvitationAccepted", "InvitationCancelled", "InvitationCreated", "InvitationDeclined", "InvitationExpired", "InvitationLink",
    "InvitationPage", "InvitationPreview", "InvitationRef", "InvitationResent", "InvitationStatus", "IssueMachineToken",
    "IssuerTask", "JoinedOrganisation", "LeaveOrganisation", "LegalHold", "LegalHoldCheck", "LegalHoldLifted", "LegalHoldPage",
    "LegalHoldPlaced", "LiftLegalHold", "ListAudit", "ListAuditCheckpoints", "ListBrandThemes", "ListCompanies", "ListInvitations",
    "ListLegalHolds", "ListMachineAccounts", "ListMembers", "ListMyPartnerMemberships", "ListMyPendingInvitations",
    "ListMySessions", "ListOrganisations", "ListPartnerMembers", "ListPartners", "ListPermissions", "ListPrivacyRequests",
    "ListPurgeRuns", "ListRetentionPolicies", "ListRoles", "ListUserMemberships", "ListUserSessions", "ListUsers", "MachineAccount",
    "MachineAccountCreated", "MachineAccountPage", "MachineAccountStatus", "MachineSecret", "MachineToken", "Membership",
    "MembershipCreated", "MembershipPage", "MembershipReactivated", "MembershipRemoved", "MembershipSnapshot", "MembershipSource",
    "MembershipStatus", "MembershipSuspended", "MembershipUpdated", "Organisation", "OrganisationClosed",
    "OrganisationClosingScheduled", "OrganisationClosureCancelled", "OrganisationCreated", "OrganisationFounded",
    "OrganisationReactivated", "OrganisationSnapshot", "OrganisationStatus", "OrganisationSuspended", "OrganisationUpdated",
    "OwnershipTransferred", "Partner", "PartnerCreated", "PartnerMembership", "PartnerMembershipAdded", "PartnerMembershipPage",
    "PartnerMembershipRemoved", "PartnerMemberships", "PartnerPage", "PartnerRole", "PartnerSnapshot", "PartnerStatus",
    "PartnerStatusChanged", "PartnerUpdated", "PendingInvitation", "PendingInvitations", "Permission", "PermissionCheck",
    "PermissionChecks", "PermissionPage", "PlaceLegalHold", "PreviewInvitation", "PrivacyArchive", "PrivacyArchiveStatus",
    "PrivacyCase", "PrivacyKind", "PrivacyPhase", "PrivacyRequest", "PrivacyRequestAssessmentRequested", "PrivacyRequestCompleted",
    "PrivacyRequestDueSoon", "PrivacyRequestExecutionRequested", "PrivacyRequestOverdue", "PrivacyRequestPage", "PrivacyStatus",
    "PrivacySubject", "PrivacyTask", "PrivacyTaskAccepted", "PrivacyTaskStatus", "Profile", "ProfileOrganisation", "ProfileSource",
    "PurgeRun", "PurgeRunAccepted", "PurgeRunPage", "PurgeRuns", "PurgeStatus", "ReactivateMembership", "ReactivateOrganisation",
    "ReactivateUser", "RejectPrivacyRequest", "RemoveMember", "RemovePartnerMember", "ReportPrivacyTask", "ReportPurgeRun",
    "RequestAccepted", "RequestEmailVerification", "RequestPasswordReset", "RequesterChannel", "ResendInvitation", "ResolveBrand",
    "RetentionAnchor", "RetentionCategory", "RetentionMode", "RetentionPolicies", "RetentionPolicy", "RetentionPolicyRunRequested",
    "RetentionPolicyUpdated", "RetentionState", "RevocationReason", "RevokeSession", "RevokeUserSessions", "Role", "RoleCreated",
    "RoleDeleted", "RoleDeletion", "RolePage", "RoleScope", "RoleState", "RoleSummary", "RoleUpdated", "RotateMachineSecret",
    "RotateSigningKey", "RunRetentionPurge", "SecuritySettings", "SessionChecked", "SessionStatus", "SessionTouched",
    "SessionsRevoked", "SetPartnerStatus", "SetRolePermissions", "SigningKey", "SigningKeyPurpose", "SigningKeyRotated",
    "SigningKeyStatus", "SigningKeys", "SubjectType", "SuspendMembership", "SuspendOrganisation", "SuspensionReason",
    "SuspicionReason", "SyncUser", "TenantPage", "TenantSummary", "ThemeOwner", "TouchSession", "TrackSession", "TransferOwnership",
    "UpdateBrandTheme", "UpdateCompany", "UpdateInvitation", "UpdateMachineAccount", "UpdateMembership", "UpdateMyProfile",
    "UpdateOrganisation", "UpdatePartner", "UpdatePartnerMember", "UpdateRole", "UpdateSecuritySettings", "UpdateUser",
    "UpsertRetentionPolicy", "User", "UserAnonymised", "UserDeactivated", "UserDeletion", "UserFound", "UserInactivityNoticed",
    "UserKind", "UserMembership", "UserMembershipPage", "UserPage", "UserReactivated", "UserRegistered", "UserSnapshot",
    "UserStatus", "UserSummary", "UserSynced", "UserUpdated", "VatRegime", "VerifyAuditChain", "VerifyAuditCheckpoint",
    "VerifyRequesterIdentity",
]  # fmt: skip
