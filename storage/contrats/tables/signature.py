"""Tables of contrats: files put before signers, and what their provider reported."""

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy import text as sql

from storage.columns import instant, reference, tenant, text
from storage.contrats.tables.metadata import metadata
from storage.tenancy import TENANT

signature_request = Table(
    "signature_request",
    metadata,
    Column("id", Uuid, primary_key=True),
    tenant(),
    Column("contract_id", Uuid, ForeignKey("contract.id"), nullable=False),
    text("provider"),
    text("provider_request_id", nullable=True),
    text("level"),
    text("status"),
    reference("document_id", nullable=True),
    text("document_sha256", nullable=True),
    Column("include_mandate", Boolean, nullable=False),
    instant("expires_at"),
    instant("read_at", nullable=True),
    text("last_error", nullable=True),
    instant("created_at"),
    text("created_by"),
    UniqueConstraint("organisation_id", "provider", "provider_request_id"),
    Index("ix_signature_request_contract", "organisation_id", "contract_id", "id"),
    Index(
        "uq_signature_request_open",
        "organisation_id",
        "contract_id",
        unique=True,
        postgresql_where=sql("status in ('PREPARING', 'ONGOING')"),
    ),
    Index("ix_signature_request_ongoing", "organisation_id", "id", postgresql_where=sql("status = 'ONGOING'")),
    info=TENANT,
)

signer = Table(
    "signer",
    metadata,
    Column("id", Uuid, primary_key=True),
    tenant(),
    Column("signature_request_id", Uuid, ForeignKey("signature_request.id"), nullable=False),
    Column("position", Integer, nullable=False),
    text("role"),
    text("first_name"),
    text("last_name"),
    Column("email", LargeBinary, nullable=False, comment="encrypted"),
    Column("phone", LargeBinary, comment="encrypted"),
    text("authentication"),
    text("provider_signer_id", nullable=True),
    text("status"),
    instant("signed_at", nullable=True),
    text("decline_reason", nullable=True),
    UniqueConstraint("organisation_id", "signature_request_id", "position"),
    info=TENANT,
)

signature_webhook = Table(
    "signature_webhook",
    metadata,
    tenant(),
    text("provider"),
    text("event_id"),
    instant("received_at"),
    PrimaryKeyConstraint("organisation_id", "provider", "event_id"),
    comment="events of the provider that were taken; each counts once",
    info=TENANT,
)
