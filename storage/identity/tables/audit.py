"""What proves and vouches: signing keys and audit checkpoints."""

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy import text as condition

from storage.columns import instant, tenant, text
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
