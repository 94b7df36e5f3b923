"""Tables of contrats: what an organisation decides for all its contracts."""

from sqlalchemy import Column, PrimaryKeyConstraint, Table, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from storage.columns import instant, reference, tenant, text
from storage.contrats.tables.metadata import metadata
from storage.tenancy import TENANT

contract_settings = Table(
    "contract_settings",
    metadata,
    Column("organisation_id", Uuid, primary_key=True),
    Column("choices", JSONB, nullable=False),
    instant("updated_at"),
    text("updated_by"),
    info=TENANT,
)

company_settings = Table(
    "company_settings",
    metadata,
    tenant(),
    reference("company_id"),
    Column("choices", JSONB, nullable=False, comment="only what the company decided for itself"),
    instant("updated_at"),
    text("updated_by"),
    PrimaryKeyConstraint("organisation_id", "company_id"),
    info=TENANT,
)
