"""Tables of products, what others own: companies and clients."""

from sqlalchemy import Boolean, Column, Date, Index, Integer, Table, Uuid

from storage.columns import reference, text
from storage.products.tables.metadata import metadata
from storage.tenancy import TENANT

company_ref = Table(
    "company_ref",
    metadata,
    Column("organisation_id", Uuid, primary_key=True),
    Column("company_id", Uuid, primary_key=True),
    text("code"),
    text("legal_name"),
    text("vat_regime"),
    text("status"),
    Column("version", Integer, nullable=False),
    comment="projection of identity",
    info=TENANT,
)

client_ref = Table(
    "client_ref",
    metadata,
    Column("organisation_id", Uuid, primary_key=True),
    Column("client_id", Uuid, primary_key=True),
    reference("company_id"),
    text("kind"),
    text("vat_status"),
    text("vat_zone"),
    text("country"),
    Column("version", Integer, nullable=False),
    comment="projection of clients",
    info=TENANT,
)

client_contract = Table(
    "client_contract",
    metadata,
    Column("organisation_id", Uuid, primary_key=True),
    Column("contract_id", Uuid, primary_key=True),
    reference("client_id"),
    Column("original_client_id", Uuid, comment="before a merge"),
    Index("ix_client_contract_client", "organisation_id", "client_id"),
    comment="projection of contrats: signed and neither cancelled nor withdrawn",
    info=TENANT,
)

commission_plan_ref = Table(
    "commission_plan_ref",
    metadata,
    Column("organisation_id", Uuid, primary_key=True),
    Column("plan_id", Uuid, primary_key=True),
    reference("product_id", nullable=True),
    reference("product_range_id", nullable=True),
    text("product_type", nullable=True),
    reference("company_id", nullable=True),
    Column("effective_to", Date),
    Column("active", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
    comment="projection of commercial: what a sale must be for a published plan to apply; null means any",
    info=TENANT,
)
