"""Pairs of clients that may be one, and what merging two of them changed."""

from sqlalchemy import ARRAY, CheckConstraint, Column, Index, Integer, LargeBinary, Table, UniqueConstraint, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from storage.clients.references import metadata
from storage.columns import instant, reference, tenant, text
from storage.tenancy import TENANT

duplicate_pair = Table(
    "duplicate_pair",
    metadata,
    Column("id", Uuid, primary_key=True),
    tenant(),
    Column("version", Integer, nullable=False),
    reference("client_a_id"),
    reference("client_b_id"),
    Column("score", Integer, nullable=False),
    text("level"),
    Column("evidence", JSONB, nullable=False),
    text("status"),
    text("decided_by", nullable=True),
    instant("decided_at", nullable=True),
    text("reason", nullable=True),
    instant("created_at"),
    CheckConstraint("client_a_id < client_b_id", name="ordered"),
    UniqueConstraint("organisation_id", "client_a_id", "client_b_id"),
    Index("ix_duplicate_pair_open", "organisation_id", "status", "score", "id"),
    Index("ix_duplicate_pair_other", "organisation_id", "client_b_id"),
    info=TENANT,
)

merge_operation = Table(
    "merge_operation",
    metadata,
    Column("id", Uuid, primary_key=True),
    tenant(),
    reference("survivor_id"),
    reference("merged_id"),
    Column("field_choices", JSONB, nullable=False),
    Column("snapshot_before", LargeBinary, nullable=False, comment="both records before the merge, encrypted"),
    Column("copied_ids", ARRAY(Uuid), nullable=False, comment="contact points, addresses and persons the survivor got"),
    Column(
        "followed_ids", ARRAY(Uuid), nullable=False, comment="records merged earlier that now point at the survivor"
    ),
    text("performed_by"),
    instant("performed_at"),
    instant("undoable_until"),
    instant("undone_at", nullable=True),
    Index("ix_merge_operation_survivor", "organisation_id", "survivor_id", "performed_at"),
    Index("ix_merge_operation_merged", "organisation_id", "merged_id", "performed_at"),
    info=TENANT,
)
