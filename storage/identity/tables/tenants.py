"""Organisations and their companies."""

from sqlalchemy import (
    Boolean,
    Column,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy import text as condition
from sqlalchemy.dialects.postgresql import JSONB

from storage.columns import aggregate, amount, instant, reference, tenant, text
from storage.identity.tables.metadata import metadata
from storage.tenancy import TENANT

tenant_account = Table(
    "tenant_account",
    metadata,
    *aggregate(),
    text("name"),
    text("slug"),
    text("description", nullable=True),
    text("status"),
    reference("default_company_id", nullable=True),
    text("currency"),
    text("timezone"),
    text("siret", nullable=True),
    Column("address", JSONB),
    text("phone", nullable=True),
    text("email", nullable=True),
    text("industry", nullable=True),
    Column("security", JSONB, nullable=False, server_default="{}"),
    Column("policy_version", Integer, nullable=False),
    text("suspended_reason", nullable=True),
    instant("closing_at", nullable=True),
    instant("trial_ends_at", nullable=True),
    UniqueConstraint("organisation_id"),
    info=TENANT,
)

tenant_slug = Table(
    "tenant_slug",
    metadata,
    Column("slug", Text, primary_key=True),
    Column("organisation_id", Uuid, nullable=False),
    comment="slugs are unique over all tenants, so they stand outside row-level security",
)

company = Table(
    "company",
    metadata,
    *aggregate(),
    text("code"),
    text("legal_name"),
    text("trade_name", nullable=True),
    text("legal_form", nullable=True),
    amount("share_capital", nullable=True),
    text("rcs_city", nullable=True),
    text("naf_code", nullable=True),
    text("siren"),
    text("siret_hq", nullable=True),
    text("vat_number", nullable=True),
    text("vat_regime"),
    text("sepa_creditor_id", nullable=True),
    Column("address", JSONB, nullable=False),
    text("phone", nullable=True),
    text("email", nullable=True),
    text("website", nullable=True),
    text("fiscal_year_end"),
    text("currency"),
    text("timezone"),
    text("einvoicing_address", nullable=True),
    reference("logo_document_id", nullable=True),
    Column("in_use", Boolean, nullable=False, server_default="false", comment="an invoice was issued: SIREN locked"),
    text("status"),
    UniqueConstraint("organisation_id", "code"),
    Index("uq_company_siren", "organisation_id", "siren", unique=True, postgresql_where=condition("status = 'ACTIVE'")),
    info=TENANT,
)

company_contract = Table(
    "company_contract",
    metadata,
    tenant(),
    Column("contract_id", Uuid, nullable=False),
    reference("company_id"),
    Column("live", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
    PrimaryKeyConstraint("organisation_id", "contract_id"),
    Index("ix_company_contract_live", "organisation_id", "company_id", postgresql_where=condition("live")),
    comment="contracts by company: one that has live ones cannot be archived",
    info=TENANT,
)
