"""The tables of identity."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy import text as condition
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from storage.columns import aggregate, amount, instant, reference, tenant, text
from storage.shared.tables import NAMING_CONVENTION
from storage.tenancy import TENANT

metadata = MetaData(naming_convention=NAMING_CONVENTION)

user_account = Table(
    "user_account",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False, server_default="1"),
    text("kind"),
    text("idp_issuer", nullable=True),
    text("idp_subject", nullable=True),
    text("first_name"),
    text("last_name"),
    Column("search_name", Text, nullable=False, server_default=""),
    Column("email", LargeBinary, comment="encrypted"),
    Column("email_index", LargeBinary, unique=True),
    Column("email_verified", Boolean, nullable=False, server_default="false"),
    Column("phone", LargeBinary, comment="encrypted"),
    text("status"),
    text("disabled_reason", nullable=True),
    Column("profile_source", Text, nullable=False, server_default="IDP"),
    text("locale"),
    text("timezone"),
    instant("created_at"),
    instant("last_login_at", nullable=True),
    instant("last_seen_at", nullable=True),
    UniqueConstraint("idp_issuer", "idp_subject"),
    Index(
        "ix_user_account_search_name",
        "search_name",
        postgresql_using="gin",
        postgresql_ops={"search_name": "gin_trgm_ops"},
    ),
    comment="a login, of a person or of an upstream system; without tenant, reached through memberships",
)

tenant_account = Table(
    "tenant_account",
    metadata,
    *aggregate(),
    text("name"),
    text("slug"),
    text("description", nullable=True),
    text("status"),
    reference("default_company_id", nullable=True),
    text("currency"),
    text("timezone"),
    text("siret", nullable=True),
    Column("address", JSONB),
    text("phone", nullable=True),
    text("email", nullable=True),
    text("industry", nullable=True),
    Column("security", JSONB, nullable=False, server_default="{}"),
    Column("policy_version", Integer, nullable=False),
    UniqueConstraint("organisation_id"),
    info=TENANT,
)

tenant_slug = Table(
    "tenant_slug",
    metadata,
    Column("slug", Text, primary_key=True),
    Column("organisation_id", Uuid, nullable=False),
    comment="slugs are unique over all tenants, so they stand outside row-level security",
)

user_membership = Table(
    "user_membership",
    metadata,
    Column("membership_id", Uuid, primary_key=True),
    Column("user_id", Uuid, nullable=False),
    Column("organisation_id", Uuid, nullable=False),
    Column("is_owner", Boolean, nullable=False),
    text("status"),
    Index("ix_user_membership_user", "user_id"),
    comment="which organisations a user belongs to, across tenants and so outside row-level security",
)

company = Table(
    "company",
    metadata,
    *aggregate(),
    text("code"),
    text("legal_name"),
    text("trade_name", nullable=True),
    text("legal_form", nullable=True),
    amount("share_capital", nullable=True),
    text("rcs_city", nullable=True),
    text("naf_code", nullable=True),
    text("siren"),
    text("siret_hq", nullable=True),
    text("vat_number", nullable=True),
    text("vat_regime"),
    text("sepa_creditor_id", nullable=True),
    Column("address", JSONB, nullable=False),
    text("phone", nullable=True),
    text("email", nullable=True),
    text("website", nullable=True),
    text("fiscal_year_end"),
    text("currency"),
    text("timezone"),
    text("einvoicing_address", nullable=True),
    reference("logo_document_id", nullable=True),
    Column("in_use", Boolean, nullable=False, server_default="false", comment="an invoice was issued: SIREN locked"),
    text("status"),
    UniqueConstraint("organisation_id", "code"),
    UniqueConstraint("organisation_id", "siren"),
    info=TENANT,
)

membership = Table(
    "membership",
    metadata,
    *aggregate(),
    reference("user_id"),
    Column("role_codes", ARRAY(Text), nullable=False),
    text("status"),
    text("company_scope"),
    Column("company_ids", ARRAY(Uuid), nullable=False, server_default="{}"),
    text("data_scope", nullable=True),
    reference("team_id", nullable=True),
    reference("manager_user_id", nullable=True),
    Column("valid_until", Date),
    text("source"),
    instant("invited_at", nullable=True),
    instant("activated_at", nullable=True),
    instant("suspended_at", nullable=True),
    instant("removed_at", nullable=True),
    UniqueConstraint("organisation_id", "user_id"),
    Index("ix_membership_user", "user_id"),
    Index("ix_membership_role", "role_codes", postgresql_using="gin"),
    Index("ix_membership_ending", "organisation_id", "valid_until", postgresql_where=condition("status = 'ACTIVE'")),
    Index("ix_membership_created", "organisation_id", "created_at", "id"),
    info=TENANT,
)

signing_key = Table(
    "signing_key",
    metadata,
    Column("kid", Text, primary_key=True),
    text("purpose"),
    Column("public_key", LargeBinary, nullable=False),
    Column("private_key", LargeBinary, nullable=False, comment="encrypted"),
    text("status"),
    instant("created_at"),
    Index("uq_signing_key_current", "purpose", unique=True, postgresql_where=condition("status = 'CURRENT'")),
)


def _rights() -> tuple[Column[Any], ...]:
    """What a role grants."""
    return (
        text("name"),
        text("description", nullable=True),
        Column("permissions", ARRAY(Text), nullable=False),
        text("data_scope"),
        Column("rank", Integer, nullable=False),
    )


system_role = Table(
    "system_role",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("code", Text, nullable=False, unique=True),
    *_rights(),
    Column("assignable", Boolean, nullable=False),
    comment="the roles every organisation has; written at start from the code",
)

role = Table(
    "role",
    metadata,
    *aggregate(),
    text("code"),
    *_rights(),
    UniqueConstraint("organisation_id", "code"),
    info=TENANT,
)

permission = Table(
    "permission",
    metadata,
    Column("code", Text, primary_key=True),
    text("actor"),
    text("resource"),
    text("action"),
    text("description"),
    Column("search_form", Text, nullable=False),
    Column("sensitive", Boolean, nullable=False),
    text("explicit"),
    Column("deprecated", Boolean, nullable=False),
    comment="every right there is; written at start from the requests of all actors",
)

invitation = Table(
    "invitation",
    metadata,
    *aggregate(),
    Column("email", LargeBinary, nullable=False, comment="encrypted"),
    Column("email_index", LargeBinary, nullable=False),
    Column("role_codes", ARRAY(Text), nullable=False),
    text("company_scope"),
    Column("company_ids", ARRAY(Uuid), nullable=False),
    text("data_scope", nullable=True),
    reference("team_id", nullable=True),
    Column("valid_until", Date),
    Column("token_nonce", LargeBinary, nullable=False),
    instant("expires_at"),
    text("status"),
    reference("invited_by", nullable=True),
    reference("accepted_by", nullable=True),
    instant("accepted_at", nullable=True),
    reference("membership_id", nullable=True),
    instant("declined_at", nullable=True),
    reference("cancelled_by", nullable=True),
    Column("sent_count", Integer, nullable=False),
    instant("last_sent_at"),
    text("message", nullable=True),
    Index(
        "uq_invitation_pending",
        "organisation_id",
        "email_index",
        unique=True,
        postgresql_where=condition("status = 'PENDING'"),
    ),
    Index("ix_invitation_due", "organisation_id", "expires_at", postgresql_where=condition("status = 'PENDING'")),
    Index("ix_invitation_created", "organisation_id", "created_at", "id"),
    info=TENANT,
)

invitation_link = Table(
    "invitation_link",
    metadata,
    Column("invitation_id", Uuid, primary_key=True),
    Column("organisation_id", Uuid, nullable=False),
    Column("token_hash", LargeBinary, nullable=False, unique=True),
    Column("email_index", LargeBinary, nullable=False),
    Column("status", Text, nullable=False),
    instant("expires_at"),
    Index("ix_invitation_link_address", "email_index", postgresql_where=condition("status = 'PENDING'")),
    comment="where a link or an address leads, across tenants and so outside row-level security; hashes only",
)

invitation_key = Table(
    "invitation_key",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", LargeBinary, nullable=False, comment="encrypted"),
    comment="the one secret that every invitation's token is computed with",
)

machine_account = Table(
    "machine_account",
    metadata,
    *aggregate(),
    reference("user_id"),
    reference("membership_id"),
    text("name"),
    text("client_id"),
    Column("secret_hash", LargeBinary, nullable=False, comment="scrypt: salt and digest"),
    Column("secret_version", Integer, nullable=False),
    Column("previous_secret_hash", LargeBinary),
    instant("previous_valid_until", nullable=True),
    Column("expires_on", Date),
    instant("last_used_at", nullable=True),
    text("status"),
    UniqueConstraint("organisation_id", "name"),
    UniqueConstraint("user_id"),
    info=TENANT,
)

machine_client = Table(
    "machine_client",
    metadata,
    Column("client_id", Text, primary_key=True),
    Column("organisation_id", Uuid, nullable=False),
    Column("machine_account_id", Uuid, nullable=False),
    comment="which tenant a client id belongs to, before anybody is known and so outside row-level security",
)

user_sales_rep = Table(
    "user_sales_rep",
    metadata,
    tenant(),
    Column("rep_id", Uuid, nullable=False),
    reference("user_id", nullable=True),
    Column("version", Integer, nullable=False),
    PrimaryKeyConstraint("organisation_id", "rep_id"),
    Index("ix_user_sales_rep_user", "organisation_id", "user_id"),
    comment="commercial's representatives by user, for the scope of own data",
    info=TENANT,
)

auth_session = Table(
    "auth_session",
    metadata,
    Column("session_id", Text, primary_key=True, comment="the issuer's sid"),
    Column("version", Integer, nullable=False, server_default="1"),
    reference("user_id"),
    reference("last_organisation_id", nullable=True),
    Column("ip_hash", LargeBinary, nullable=False),
    Column("user_agent_hash", LargeBinary, nullable=False),
    text("device_label"),
    instant("created_at"),
    instant("signed_in_at"),
    instant("last_activity_at"),
    instant("expires_at"),
    text("status"),
    text("revocation_reason", nullable=True),
    text("revoked_by", nullable=True),
    instant("revoked_at", nullable=True),
    Index("ix_auth_session_user", "user_id", "created_at", "session_id"),
    Index("ix_auth_session_ending", "expires_at", postgresql_where=condition("status in ('ACTIVE', 'SUSPICIOUS')")),
    comment="where people are signed in; a person's, so without tenant. Addresses and browsers are keyed hashes",
)

logout_token = Table(
    "logout_token",
    metadata,
    Column("jti", Text, primary_key=True),
    instant("seen_at"),
    comment="logout tokens of the issuer that were obeyed, so that a repeated one does nothing",
)

audit_checkpoint = Table(
    "audit_checkpoint",
    metadata,
    Column("id", Uuid, primary_key=True),
    tenant(),
    text("stream"),
    Column("entry_count", BigInteger, nullable=False),
    Column("last_seq", BigInteger, nullable=False),
    text("last_hash"),
    instant("created_at"),
    text("checkpoint_hash"),
    Column("signature", LargeBinary, nullable=False),
    text("kid"),
    UniqueConstraint("organisation_id", "stream", "last_seq"),
    Index("ix_audit_checkpoint_created", "organisation_id", "created_at", "id"),
    info=TENANT,
)
