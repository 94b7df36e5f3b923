"""Tables of contrats: amendments of signed contracts."""

from sqlalchemy import Boolean, Column, Date, ForeignKey, Index, Integer, Table, UniqueConstraint, Uuid
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB

from storage.columns import aggregate, amount, reference, text
from storage.contrats.tables.metadata import metadata
from storage.tenancy import TENANT

amendment = Table(
    "amendment",
    metadata,
    *aggregate(),
    Column("contract_id", Uuid, ForeignKey("contract.id"), nullable=False),
    text("number"),
    Column("base_version", Integer, nullable=False),
    text("kind"),
    text("initiated_by"),
    text("status"),
    Column("operations", JSONB, nullable=False),
    Column("effective_from", Date, nullable=False),
    text("proration"),
    text("consent_kind", nullable=True),
    reference("consent_document_id", nullable=True),
    Column("consent_given_on", Date),
    Column("notified_on", Date),
    Column("exit_right_until", Date),
    Column("exit_right_exempt", Boolean, nullable=False),
    text("reason", nullable=True),
    reference("file_request_id", nullable=True),
    reference("document_id", nullable=True),
    text("document_sha256", nullable=True),
    amount("old_mrr"),
    amount("new_mrr"),
    UniqueConstraint("organisation_id", "contract_id", "number"),
    Index("ix_amendment_contract", "organisation_id", "contract_id", "id"),
    Index(
        "ix_amendment_file",
        "organisation_id",
        "file_request_id",
        postgresql_where=sql("file_request_id is not null"),
    ),
    info=TENANT,
)
