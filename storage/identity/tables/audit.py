"""What proves and vouches: signing keys, the copy of the audit trail and its checkpoints."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
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
from sqlalchemy.dialects.postgresql import JSONB

from storage.columns import aggregate, instant, reference, tenant, text
from storage.identity.tables.metadata import metadata
from storage.tenancy import TENANT

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

audit_copy = Table(
    "audit_copy",
    metadata,
    Column("id", Uuid, primary_key=True),
    tenant(),
    Column("v", Integer, nullable=False),
    text("stream"),
    Column("seq", BigInteger, nullable=False),
    instant("occurred_at"),
    instant("received_at"),
    text("request_id"),
    text("correlation_id"),
    Column("actor", JSONB, nullable=False),
    reference("actor_user_id", nullable=True),
    text("action"),
    text("permission", nullable=True),
    text("result"),
    text("error_code", nullable=True),
    text("target_type", nullable=True),
    text("target_id", nullable=True),
    Column("before", JSONB),
    Column("after", JSONB),
    Column("meta", JSONB, nullable=False),
    text("prev_hash"),
    text("entry_hash"),
    Column("chain_ok", Boolean, nullable=False, comment="false: it does not follow the entry that came before it"),
    Index("ix_audit_copy_occurred", "organisation_id", "occurred_at", "id"),
    Index("ix_audit_copy_stream", "organisation_id", "stream", "seq"),
    Index("ix_audit_copy_user", "organisation_id", "actor_user_id", "occurred_at", "id"),
    Index("ix_audit_copy_action", "organisation_id", "action", "occurred_at", "id"),
    Index("ix_audit_copy_target", "organisation_id", "target_id", "occurred_at", "id"),
    Index("ix_audit_copy_correlation", "organisation_id", "correlation_id", "occurred_at", "id"),
    Index("ix_audit_copy_request", "organisation_id", "request_id", "occurred_at", "id"),
    comment="the sealed audit entries of all actors, as their feed brought them; never changed",
    info=TENANT,
)

audit_copy_head = Table(
    "audit_copy_head",
    metadata,
    tenant(),
    text("stream"),
    Column("first_seq", BigInteger, nullable=False, comment="where the copy begins"),
    Column("last_seq", BigInteger, nullable=False),
    text("last_hash"),
    Column("entry_count", BigInteger, nullable=False),
    Column("broken_count", BigInteger, nullable=False),
    instant("updated_at"),
    PrimaryKeyConstraint("organisation_id", "stream"),
    info=TENANT,
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

audit_export = Table(
    "audit_export",
    metadata,
    *aggregate(),
    Column("filter", JSONB, nullable=False),
    Column("include_chain_proof", Boolean, nullable=False),
    text("status"),
    Column("row_count", Integer),
    reference("document_id", nullable=True),
    text("sha256", nullable=True),
    text("failure", nullable=True),
    reference("requested_by", nullable=True),
    instant("expires_at"),
    Index("ix_audit_export_requested", "organisation_id", "requested_by", "created_at"),
    info=TENANT,
)
