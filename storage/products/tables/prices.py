"""Tables of products, what it costs: price lists, VAT and quotes."""

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from storage.columns import aggregate, amount, reference, text
from storage.products.tables.metadata import PERCENT, RATE, metadata
from storage.tenancy import TENANT

price_list = Table(
    "price_list",
    metadata,
    *aggregate(),
    text("code"),
    text("name"),
    text("description", nullable=True),
    text("currency"),
    Column("tax_included", Boolean, nullable=False),
    Column("valid_from", Date),
    Column("valid_to", Date),
    Column("is_default", Boolean, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("priority", Integer, nullable=False),
    UniqueConstraint("organisation_id", "code"),
    Index(
        "uq_price_list_default",
        "organisation_id",
        "currency",
        unique=True,
        postgresql_where=sql("is_default and active"),
    ),
    Index("ix_price_list_ends", "organisation_id", "valid_to", postgresql_where=sql("active")),
    info=TENANT,
)

price_item = Table(
    "price_item",
    metadata,
    *aggregate(),
    reference("list_id"),
    reference("product_id"),
    Column("plan_code", Text, comment="null: all plans"),
    Column("unit_price", RATE),
    Column("tiered", JSONB),
    Column("discount_percent", PERCENT, nullable=False),
    Column("min_price", RATE),
    Column("max_price", RATE),
    Column("max_manual_discount_percent", PERCENT),
    Column("active", Boolean, nullable=False),
    UniqueConstraint("organisation_id", "list_id", "product_id", "plan_code", postgresql_nulls_not_distinct=True),
    Index("ix_price_item_product", "organisation_id", "product_id"),
    Index("ix_price_item_list", "organisation_id", "list_id", "id"),
    info=TENANT,
)

vat_rate = Table(
    "vat_rate",
    metadata,
    *aggregate(),
    text("zone"),
    text("tax_class"),
    Column("rate", PERCENT, nullable=False),
    text("category"),
    text("exemption_code", nullable=True),
    text("exemption_text", nullable=True),
    Column("valid_from", Date, nullable=False),
    Column("valid_to", Date),
    UniqueConstraint("organisation_id", "zone", "tax_class", "valid_from"),
    info=TENANT,
)

price_quote = Table(
    "price_quote",
    metadata,
    *aggregate(),
    reference("client_id", nullable=True),
    Column("original_client_id", Uuid, comment="before a merge"),
    reference("company_id"),
    text("status"),
    Column("valid_until", Date, nullable=False),
    text("currency"),
    amount("net"),
    amount("vat"),
    amount("gross"),
    Column("product_ids", ARRAY(Uuid), nullable=False),
    Column("promotion_ids", ARRAY(Uuid), nullable=False, server_default=sql("'{}'")),
    Column("price_list_ids", ARRAY(Uuid), nullable=False, server_default=sql("'{}'")),
    Column("context", JSONB, nullable=False),
    Column("result", JSONB, nullable=False),
    text("content_hash"),
    reference("accepted_contract_id", nullable=True),
    Index("ix_price_quote_created", "organisation_id", "created_at", "id"),
    Index("ix_price_quote_client", "organisation_id", "client_id", "created_at", "id"),
    Index("ix_price_quote_open", "organisation_id", "valid_until", postgresql_where=sql("status = 'OPEN'")),
    Index("ix_price_quote_products", "product_ids", postgresql_using="gin", postgresql_where=sql("status = 'OPEN'")),
    info=TENANT,
)

bundle = Table(
    "bundle",
    metadata,
    *aggregate(),
    reference("product_id"),
    text("vat_treatment"),
    Column("components", JSONB, nullable=False),
    Column("pricing", JSONB, nullable=False),
    UniqueConstraint("organisation_id", "product_id"),
    Index("ix_bundle_components", "components", postgresql_using="gin"),
    info=TENANT,
)
