"""Tables of contrats: the proofs of signatures, and the reviews of sales."""

from sqlalchemy import (
    ARRAY,
    Boolean,
    Column,
    Index,
    Integer,
    Table,
    Text,
    Uuid,
)
from sqlalchemy import (
    text as sql,
)
from sqlalchemy.dialects.postgresql import JSONB

from storage.columns import instant, reference, tenant, text
from storage.contrats.tables.metadata import metadata
from storage.tenancy import TENANT

signature_evidence = Table(
    "signature_evidence",
    metadata,
    Column("id", Uuid, primary_key=True),
    tenant(),
    reference("contract_id"),
    text("method"),
    Column("signers", JSONB, nullable=False),
    text("signed_sha256"),
    reference("signed_document_id", nullable=True),
    Column("mandate_consent", Boolean, nullable=False),
    instant("signed_at"),
    reference("evidence_document_id", nullable=True),
    text("status"),
    text("prev_evidence_sha256", nullable=True),
    text("evidence_sha256", nullable=True),
    instant("collected_at"),
    text("collected_by"),
    Column("withdrawal_form_given", Boolean, nullable=False, server_default="true"),
    text("level", nullable=True),
    text("provider", nullable=True),
    text("original_sha256", nullable=True),
    Index("ix_signature_evidence_contract", "organisation_id", "contract_id", "id"),
    Index("ix_signature_evidence_chain", "organisation_id", "prev_evidence_sha256"),
    Index("ix_signature_evidence_hash", "organisation_id", "evidence_sha256"),
    info=TENANT,
)

evidence_chain = Table(
    "evidence_chain",
    metadata,
    Column("organisation_id", Uuid, primary_key=True),
    text("head_sha256"),
    Column("length", Integer, nullable=False),
    comment="the last link of the organisation's chain of signature evidence",
    info=TENANT,
)

quality_review = Table(
    "quality_review",
    metadata,
    Column("id", Uuid, primary_key=True),
    tenant(),
    reference("contract_id"),
    text("status"),
    Column("checklist", JSONB, nullable=False),
    text("submitted_by"),
    instant("submitted_at"),
    reference("reviewed_by", nullable=True),
    instant("reviewed_at", nullable=True),
    Column("rejection_codes", ARRAY(Text), nullable=False),
    text("comment", nullable=True),
    Index("ix_quality_review_contract", "organisation_id", "contract_id", "id"),
    Index(
        "ix_quality_review_queue", "organisation_id", "submitted_at", "id", postgresql_where=sql("status = 'PENDING'")
    ),
    info=TENANT,
)
