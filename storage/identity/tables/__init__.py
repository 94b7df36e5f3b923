"""The tables of identity, by subject."""

from storage.identity.tables.access import (
    invitation,
    invitation_key,
    invitation_link,
    membership,
    permission,
    role,
    system_role,
    user_membership,
)
from storage.identity.tables.audit import audit_checkpoint, audit_copy, audit_copy_head, audit_export, signing_key
from storage.identity.tables.metadata import metadata
from storage.identity.tables.partners import brand_theme, partner, partner_membership
from storage.identity.tables.people import (
    auth_session,
    logout_token,
    machine_account,
    machine_client,
    user_account,
    user_sales_rep,
)
from storage.identity.tables.privacy import (
    erasure_proof,
    legal_hold,
    privacy_archive,
    privacy_export_part,
    privacy_request,
    privacy_task,
    purge_run,
    retention_policy,
)
from storage.identity.tables.tenants import company, company_contract, tenant_account, tenant_slug

__all__ = [
    "audit_checkpoint", "audit_copy", "audit_copy_head", "audit_export", "auth_session", "brand_theme", "company",
    "company_contract", "erasure_proof", "invitation", "invitation_key", "invitation_link", "legal_hold", "logout_token",
    "machine_account", "machine_client", "membership", "metadata", "partner", "partner_membership", "permission",
    "privacy_archive", "privacy_export_part", "privacy_request", "privacy_task", "purge_run", "retention_policy", "role",
    "signing_key", "system_role", "tenant_account", "tenant_slug", "user_account", "user_membership", "user_sales_rep",
]  # fmt: skip
