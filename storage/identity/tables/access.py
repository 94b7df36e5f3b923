"""Who may do what where: memberships, roles, permissions, invitations."""

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy import text as condition
from sqlalchemy.dialects.postgresql import ARRAY

from storage.columns import aggregate, instant, reference, text
from storage.identity.tables.metadata import metadata
from storage.tenancy import TENANT

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

system_role = Table(
    "system_role",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("code", Text, nullable=False, unique=True),
    text("name"),
    text("description", nullable=True),
    Column("permissions", ARRAY(Text), nullable=False),
    text("data_scope"),
    Column("rank", Integer, nullable=False),
    Column("assignable", Boolean, nullable=False),
    comment="the roles every organisation has; written at start from the code",
)

role = Table(
    "role",
    metadata,
    *aggregate(),
    text("code"),
    text("name"),
    text("description", nullable=True),
    Column("permissions", ARRAY(Text), nullable=False),
    text("data_scope"),
    Column("rank", Integer, nullable=False),
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
    instant("reminded_at", nullable=True),
    Column("delivery_status", Text, nullable=False, server_default="UNKNOWN"),
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
    Index("ix_invitation_address", "organisation_id", "email_index", "created_at", "id"),
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
