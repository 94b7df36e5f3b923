"""The tables of identity."""

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from storage.columns import aggregate, amount, instant, reference, text
from storage.shared.tables import NAMING_CONVENTION
from storage.tenancy import TENANT

metadata = MetaData(naming_convention=NAMING_CONVENTION)

user_account = Table(
    "user_account",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False, server_default="1"),
    text("kind"),
    text("first_name"),
    text("last_name"),
    Column("email", LargeBinary, comment="encrypted"),
    Column("email_index", LargeBinary, unique=True),
    text("status"),
    text("locale"),
    text("timezone"),
    instant("created_at"),
    comment="a login, of a person or of an upstream system; without tenant, reached through memberships",
)

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
    Column("policy_version", Integer, nullable=False),
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

user_membership = Table(
    "user_membership",
    metadata,
    Column("membership_id", Uuid, primary_key=True),
    Column("user_id", Uuid, nullable=False),
    Column("organisation_id", Uuid, nullable=False),
    Column("is_owner", Boolean, nullable=False),
    text("status"),
    Index("ix_user_membership_user", "user_id"),
    comment="which organisations a user belongs to, across tenants and so outside row-level security",
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
    text("status"),
    UniqueConstraint("organisation_id", "code"),
    UniqueConstraint("organisation_id", "siren"),
    info=TENANT,
)

membership = Table(
    "membership",
    metadata,
    *aggregate(),
    reference("user_id"),
    Column("role_codes", ARRAY(Text), nullable=False),
    text("status"),
    text("company_scope"),
    Column("company_ids", ARRAY(Uuid), nullable=False, server_default="{}"),
    text("data_scope", nullable=True),
    Column("valid_until", Date),
    text("source"),
    instant("activated_at", nullable=True),
    instant("suspended_at", nullable=True),
    UniqueConstraint("organisation_id", "user_id"),
    Index("ix_membership_user", "user_id"),
    Index("ix_membership_created", "organisation_id", "created_at", "id"),
    info=TENANT,
)

signing_key = Table(
    "signing_key",
    metadata,
    Column("kid", Text, primary_key=True),
    text("purpose"),
    Column("public_key", LargeBinary, nullable=False),
    Column("private_key", LargeBinary, nullable=False, comment="encrypted"),
    text("status"),
    instant("created_at"),
)
