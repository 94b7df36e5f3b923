"""Tables of products, where it is sold and how it is booked."""

from sqlalchemy import Boolean, Column, Date, Index, Integer, Table, Text, UniqueConstraint, Uuid
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from storage.columns import aggregate, instant, reference, text
from storage.products.tables.metadata import metadata
from storage.tenancy import TENANT

catalogue_settings = Table(
    "catalogue_settings",
    metadata,
    Column("organisation_id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("values", JSONB, nullable=False),
    instant("updated_at"),
    text("updated_by"),
    info=TENANT,
)

publication = Table(
    "publication",
    metadata,
    *aggregate(),
    reference("version_id"),
    reference("product_id"),
    reference("company_id"),
    Column("channels", ARRAY(Text), nullable=False),
    text("visibility"),
    Column("price_visible", Boolean, nullable=False),
    instant("start_at"),
    instant("end_at", nullable=True),
    text("state"),
    Index("ix_publication_product", "organisation_id", "product_id", "company_id"),
    Index("ix_publication_state", "organisation_id", "state", "start_at"),
    Index("ix_publication_start", "organisation_id", "start_at", "id"),
    Index("ix_publication_version", "organisation_id", "version_id", "start_at", "id"),
    info=TENANT,
)

accounting_mapping = Table(
    "accounting_mapping",
    metadata,
    *aggregate(),
    reference("product_id", nullable=True),
    reference("range_id", nullable=True),
    reference("company_id", nullable=True),
    text("nature"),
    text("gl_account"),
    text("journal"),
    text("tax_code", nullable=True),
    text("cost_centre", nullable=True),
    Column("valid_from", Date, nullable=False),
    Column("valid_to", Date),
    Column("status", Text, nullable=False, server_default="TO_VALIDATE"),
    text("validated_by", nullable=True),
    instant("validated_at", nullable=True),
    Index("ix_accounting_mapping_start", "organisation_id", "valid_from", "id"),
    UniqueConstraint(
        "organisation_id",
        "nature",
        "product_id",
        "range_id",
        "company_id",
        "valid_from",
        name="uq_accounting_mapping_scope",
        postgresql_nulls_not_distinct=True,
    ),
    info=TENANT,
)
