"""Tables of products, the suppliers of partner products and the companies that sell for them."""

from sqlalchemy import Boolean, Column, Date, Index, Table, UniqueConstraint, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from storage.columns import aggregate, text
from storage.products.tables.metadata import metadata
from storage.tenancy import TENANT

product_partner = Table(
    "product_partner",
    metadata,
    *aggregate(),
    text("name"),
    text("legal_name"),
    text("search_name"),
    text("type"),
    text("siren", nullable=True),
    Column("addresses", JSONB, nullable=False),
    Column("contacts", JSONB, nullable=False),
    text("payment_terms", nullable=True),
    text("extranet_code", nullable=True),
    text("status"),
    Column("contract_from", Date),
    Column("contract_to", Date),
    Column("sla", JSONB),
    UniqueConstraint("organisation_id", "name"),
    Index("ix_product_partner_name", "organisation_id", "name", "id"),
    info=TENANT,
)

product_partner_activation = Table(
    "product_partner_activation",
    metadata,
    Column("organisation_id", Uuid, primary_key=True),
    Column("product_partner_id", Uuid, primary_key=True),
    Column("company_id", Uuid, primary_key=True),
    Column("active", Boolean, nullable=False),
    Column("since", Date, nullable=False),
    Column("until", Date),
    info=TENANT,
)
