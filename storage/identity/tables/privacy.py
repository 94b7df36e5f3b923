"""The privacy office: requests, tasks, holds and proofs."""

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy import text as condition
from sqlalchemy.dialects.postgresql import JSONB

from storage.columns import aggregate, instant, reference, tenant, text
from storage.identity.tables.metadata import metadata
from storage.tenancy import TENANT

_COUNTED = ("scanned", "deleted", "anonymised", "archived", "retained")

privacy_request = Table(
    "privacy_request",
    metadata,
    *aggregate(),
    text("kind"),
    text("subject_type"),
    reference("subject_id"),
    Column("subject_email", LargeBinary, comment="encrypted"),
    instant("received_at"),
    Column("due_on", Date, nullable=False),
    Column("extended", Boolean, nullable=False, server_default="false"),
    text("channel"),
    instant("identity_verified_at", nullable=True),
    text("identity_verified_by", nullable=True),
    text("identity_method", nullable=True),
    text("reason"),
    text("external_reference", nullable=True),
    Column("identifiers", LargeBinary, comment="encrypted: by what the home actor knows the person"),
    text("status"),
    text("rejection_reason", nullable=True),
    Column("attempt", Integer, nullable=False, server_default="1"),
    instant("asked_at", nullable=True),
    instant("completed_at", nullable=True),
    text("executed_by", nullable=True),
    Column("due_soon_stated", Boolean, nullable=False, server_default="false"),
    Column("overdue_stated", Boolean, nullable=False, server_default="false"),
    Index("ix_privacy_request_created", "organisation_id", "created_at", "id"),
    Index("ix_privacy_request_due", "organisation_id", "status", "due_on"),
    Index("ix_privacy_request_subject", "organisation_id", "subject_id"),
    info=TENANT,
)

privacy_task = Table(
    "privacy_task",
    metadata,
    tenant(),
    reference("request_id"),
    text("actor"),
    text("phase"),
    text("status"),
    Column("entities", JSONB, nullable=False, server_default="[]"),
    Column("parts_expected", Integer, nullable=False, server_default="0"),
    instant("reported_at", nullable=True),
    text("error", nullable=True),
    PrimaryKeyConstraint("organisation_id", "request_id", "actor", "phase"),
    info=TENANT,
)

privacy_export_part = Table(
    "privacy_export_part",
    metadata,
    tenant(),
    Column("id", Uuid, nullable=False),
    reference("request_id"),
    text("actor"),
    Column("number", Integer, nullable=False),
    Column("total", Integer, nullable=False),
    Column("content", LargeBinary, nullable=False, comment="encrypted"),
    instant("received_at"),
    PrimaryKeyConstraint("organisation_id", "request_id", "actor", "number"),
    info=TENANT,
)

privacy_archive = Table(
    "privacy_archive",
    metadata,
    tenant(),
    reference("request_id"),
    text("status"),
    reference("document_id", nullable=True),
    text("sha256", nullable=True),
    text("failure", nullable=True),
    instant("created_at"),
    instant("expires_at"),
    PrimaryKeyConstraint("organisation_id", "request_id"),
    comment="the file made of a request's export parts",
    info=TENANT,
)

legal_hold = Table(
    "legal_hold",
    metadata,
    *aggregate(),
    text("subject_type"),
    reference("subject_id"),
    text("reason"),
    text("case_reference", nullable=True),
    instant("placed_at"),
    instant("expires_at", nullable=True),
    Column("is_active", Boolean, nullable=False),
    text("lifted_by", nullable=True),
    instant("lifted_at", nullable=True),
    text("lift_reason", nullable=True),
    Index("ix_legal_hold_subject", "organisation_id", "subject_id", postgresql_where=condition("is_active")),
    Index("ix_legal_hold_created", "organisation_id", "created_at", "id"),
    info=TENANT,
)

erasure_proof = Table(
    "erasure_proof",
    metadata,
    tenant(),
    reference("request_id"),
    Column("content", JSONB, nullable=False),
    Column("signature", LargeBinary, nullable=False),
    text("kid"),
    PrimaryKeyConstraint("organisation_id", "request_id"),
    info=TENANT,
)

retention_policy = Table(
    "retention_policy",
    metadata,
    *aggregate(),
    text("category"),
    Column("months", Integer, nullable=False),
    Column("is_active", Boolean, nullable=False),
    text("legal_basis", nullable=True),
    text("description", nullable=True),
    UniqueConstraint("organisation_id", "category"),
    comment="what an organisation changed of the default periods",
    info=TENANT,
)

purge_run = Table(
    "purge_run",
    metadata,
    *aggregate(),
    reference("policy_id"),
    text("category"),
    text("actor"),
    instant("as_of"),
    Column("cutoff", Date, nullable=False),
    Column("dry_run", Boolean, nullable=False),
    text("status"),
    *(Column(name, Integer, nullable=False, server_default="0") for name in _COUNTED),
    text("retention_reason", nullable=True),
    instant("completed_at", nullable=True),
    Index("ix_purge_run_created", "organisation_id", "created_at", "id"),
    Index("ix_purge_run_running", "organisation_id", "policy_id", postgresql_where=condition("status = 'RUNNING'")),
    info=TENANT,
)
