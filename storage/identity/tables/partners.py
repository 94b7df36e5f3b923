"""White-label partners, their people, and brand themes. A partner's rows belong to no organisation."""

from sqlalchemy import Boolean, Column, Index, Table, Text, UniqueConstraint
from sqlalchemy import text as condition

from storage.columns import aggregate, instant, reference, text
from storage.identity.tables.metadata import metadata
from storage.tenancy import TENANT

partner = Table(
    "partner",
    metadata,
    *aggregate(),
    text("legal_name"),
    Column("search_name", Text(collation="C"), nullable=False),
    text("siren"),
    text("vat_number", nullable=True),
    text("support_email", nullable=True),
    text("phone", nullable=True),
    text("portal_domain", nullable=True),
    text("status"),
    instant("terminated_at", nullable=True),
    UniqueConstraint("siren"),
    UniqueConstraint("portal_domain"),
    Index("ix_partner_name", "organisation_id", "search_name", "id"),
    Index("ix_partner_status", "organisation_id", "status", "search_name", "id"),
    info=TENANT,
)

partner_membership = Table(
    "partner_membership",
    metadata,
    *aggregate(),
    reference("partner_id"),
    reference("user_id"),
    text("role"),
    UniqueConstraint("partner_id", "user_id"),
    Index("ix_partner_membership_partner", "organisation_id", "partner_id", "created_at", "id"),
    Index("ix_partner_membership_user", "organisation_id", "user_id"),
    info=TENANT,
)

brand_theme = Table(
    "brand_theme",
    metadata,
    *aggregate(),
    text("owner_type"),
    reference("owner_id"),
    text("name"),
    reference("logo_document_id", nullable=True),
    text("logo_url", nullable=True),
    reference("favicon_document_id", nullable=True),
    text("favicon_url", nullable=True),
    text("primary_color"),
    text("secondary_color"),
    text("on_primary_color"),
    text("sender_name", nullable=True),
    text("sender_email", nullable=True),
    text("legal_footer", nullable=True),
    Column("is_active", Boolean, nullable=False, server_default="false"),
    instant("archived_at", nullable=True),
    Index("uq_brand_theme_active", "organisation_id", "owner_id", unique=True, postgresql_where=condition("is_active")),
    Index("ix_brand_theme_owner", "organisation_id", "owner_id", "created_at", "id"),
    info=TENANT,
)
