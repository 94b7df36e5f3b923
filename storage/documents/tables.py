"""The tables of documents."""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
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
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB

from storage.columns import aggregate, instant, reference, tenant, text
from storage.shared.tables import NAMING_CONVENTION
from storage.tenancy import TENANT

metadata = MetaData(naming_convention=NAMING_CONVENTION)

document = Table(
    "document",
    metadata,
    *aggregate(),
    text("type"),
    text("purpose", nullable=True),
    text("reference_type", nullable=True),
    reference("reference_id", nullable=True),
    text("title"),
    text("filename"),
    text("mime"),
    Column("size", BigInteger, nullable=False),
    text("sha256"),
    Column("number", Integer, nullable=False, server_default="1", comment="the content readers get"),
    text("state"),
    text("scan_status"),
    Column("final", Boolean, nullable=False),
    text("origin"),
    text("confidentiality"),
    reference("client_id", nullable=True),
    reference("contract_id", nullable=True),
    reference("company_id", nullable=True),
    Column("business_date", Date),
    Column("expires_on", Date),
    Column("retain_until", Date),
    Column("tags", ARRAY(Text), nullable=False),
    Column("metadata", JSONB, nullable=False),
    text("source_key", nullable=True),
    Index(
        "uq_document_source_key",
        "organisation_id",
        "source_key",
        unique=True,
        postgresql_where=sql("source_key is not null"),
    ),
    Index("ix_document_created", "organisation_id", "created_at", "id"),
    Index("ix_document_type", "organisation_id", "type", "created_at", "id"),
    Index("ix_document_client", "organisation_id", "client_id", "created_at", "id"),
    Index("ix_document_contract", "organisation_id", "contract_id", "created_at", "id"),
    Index("ix_document_state", "organisation_id", "state", "created_at", "id"),
    info=TENANT,
)

document_version = Table(
    "document_version",
    metadata,
    Column("document_id", Uuid, ForeignKey("document.id"), nullable=False),
    tenant(),
    Column("number", Integer, nullable=False),
    text("sha256"),
    text("filename"),
    text("declared_mime", nullable=True),
    text("detected_mime"),
    Column("size", BigInteger, nullable=False),
    text("scan_status"),
    text("scan_engine"),
    text("scan_signature", nullable=True),
    instant("created_at"),
    text("created_by"),
    PrimaryKeyConstraint("document_id", "number"),
    Index("ix_document_version_sha256", "organisation_id", "sha256"),
    info=TENANT,
)

document_link = Table(
    "document_link",
    metadata,
    Column("id", Uuid, primary_key=True),
    tenant(),
    Column("document_id", Uuid, ForeignKey("document.id"), nullable=False),
    text("subject_type"),
    reference("subject_id"),
    text("role"),
    UniqueConstraint("organisation_id", "document_id", "subject_type", "subject_id"),
    Index("ix_document_link_subject", "organisation_id", "subject_type", "subject_id", "document_id"),
    info=TENANT,
)

blob = Table(
    "blob",
    metadata,
    tenant(),
    text("sha256"),
    Column("size", BigInteger, nullable=False),
    text("storage_driver"),
    Column("ref_count", Integer, nullable=False),
    instant("created_at"),
    PrimaryKeyConstraint("organisation_id", "sha256"),
    comment="bytes are held once per tenant; ref_count counts the versions that use them",
    info=TENANT,
)

content = Table(
    "content",
    metadata,
    tenant(),
    text("sha256"),
    Column("bytes", LargeBinary, nullable=False),
    PrimaryKeyConstraint("organisation_id", "sha256"),
    comment="the bytes of the driver DATABASE; stored uncompressed, since files are compressed already",
    info=TENANT,
)
