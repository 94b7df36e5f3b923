"""Who signs in: people, machines, and their sessions."""

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy import text as condition
from sqlalchemy.dialects.postgresql import ARRAY

from storage.columns import aggregate, instant, reference, tenant, text
from storage.identity.tables.metadata import metadata
from storage.tenancy import TENANT

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
    reference("provisioned_by", nullable=True),
    instant("inactivity_noticed_at", nullable=True),
    UniqueConstraint("idp_issuer", "idp_subject"),
    Index(
        "ix_user_account_search_name",
        "search_name",
        postgresql_using="gin",
        postgresql_ops={"search_name": "gin_trgm_ops"},
    ),
    comment="a login, of a person or of an upstream system; without tenant, reached through memberships",
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
    Column("allowed_ips", ARRAY(Text), nullable=False, server_default="{}", comment="networks, over HTTP only"),
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
