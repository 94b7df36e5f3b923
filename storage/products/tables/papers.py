"""Tables of products, its papers: documents of versions, alerts, quality rules and what other systems call a product."""

from sqlalchemy import Boolean, Column, Computed, Date, Index, Integer, Table, Text, UniqueConstraint, Uuid
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from storage.columns import aggregate, instant, reference, tenant, text
from storage.products.tables.metadata import metadata
from storage.tenancy import TENANT

product_document = Table(
    "product_document",
    metadata,
    *aggregate(),
    reference("version_id"),
    reference("product_id"),
    text("type"),
    text("title"),
    reference("document_id"),
    text("sha256"),
    text("language"),
    Column("mandatory", Boolean, nullable=False),
    Column("channels", ARRAY(Text), nullable=False, comment="empty: all"),
    Column("valid_from", Date),
    Column("valid_to", Date),
    text("status"),
    instant("published_at", nullable=True),
    text("published_by", nullable=True),
    Index("ix_product_document_version", "organisation_id", "version_id", "id"),
    Index("ix_product_document_file", "organisation_id", "document_id"),
    Index(
        "uq_product_document_published",
        "organisation_id",
        "version_id",
        "type",
        "language",
        unique=True,
        postgresql_where=sql("status = 'PUBLISHED'"),
    ),
    Index("ix_product_document_ends", "organisation_id", "valid_to", postgresql_where=sql("status = 'PUBLISHED'")),
    info=TENANT,
)

document_alert = Table(
    "document_alert",
    metadata,
    *aggregate(),
    reference("product_id"),
    reference("version_id"),
    text("document_type"),
    text("type"),
    text("severity"),
    instant("raised_at"),
    instant("acknowledged_at", nullable=True),
    text("acknowledged_by", nullable=True),
    instant("closed_at", nullable=True),
    Index(
        "uq_document_alert_open",
        "organisation_id",
        "version_id",
        "document_type",
        "type",
        unique=True,
        postgresql_where=sql("closed_at is null"),
    ),
    Index("ix_document_alert_raised", "organisation_id", "raised_at", "id"),
    Index("ix_document_alert_product", "organisation_id", "product_id", "raised_at", "id"),
    info=TENANT,
)

quality_rule = Table(
    "quality_rule",
    metadata,
    *aggregate(),
    reference("version_id"),
    Column("rule", JSONB, nullable=False),
    UniqueConstraint("organisation_id", "version_id"),
    info=TENANT,
)

external_mapping = Table(
    "external_mapping",
    metadata,
    Column("id", Uuid, primary_key=True),
    tenant(),
    reference("product_id"),
    text("system"),
    text("external_code"),
    Column("code_key", Text(collation="C"), Computed("lower(external_code)", persisted=True), nullable=False),
    text("plan_code", nullable=True),
    Column("metadata", JSONB, nullable=False),
    UniqueConstraint(
        "organisation_id",
        "product_id",
        "system",
        "plan_code",
        name="uq_external_mapping_product",
        postgresql_nulls_not_distinct=True,
    ),
    UniqueConstraint("organisation_id", "system", "external_code", name="uq_external_mapping_code"),
    Index("ix_external_mapping_key", "organisation_id", "code_key", "product_id"),
    info=TENANT,
)

document_ref = Table(
    "document_ref",
    metadata,
    Column("organisation_id", Uuid, primary_key=True),
    Column("document_id", Uuid, primary_key=True),
    text("sha256"),
    text("status"),
    Column("version", Integer, nullable=False),
    comment="projection of documents",
    info=TENANT,
)
