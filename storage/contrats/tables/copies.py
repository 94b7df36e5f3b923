"""Tables of contrats: what contrats keeps of other actors, and which of their facts it has heard."""

from sqlalchemy import (
    Boolean,
    Column,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
)
from sqlalchemy.dialects.postgresql import JSONB

from storage.columns import instant, reference, tenant, text
from storage.contrats.tables.metadata import metadata
from storage.tenancy import TENANT

client_copy = Table(
    "client_copy",
    metadata,
    tenant(),
    reference("client_id"),
    text("display_name"),
    text("search_name"),
    text("kind"),
    text("email", nullable=True),
    text("holiday_zone", nullable=True),
    reference("company_id"),
    reference("billing_address_id", nullable=True),
    Column("billing_address", JSONB, comment="for letters"),
    Column("archived", Boolean, nullable=False),
    Column("sales_blocked", Boolean, nullable=False, server_default="false"),
    Column("deceased", Boolean, nullable=False, server_default="false"),
    Column("version", Integer, nullable=False),
    PrimaryKeyConstraint("organisation_id", "client_id"),
    comment="projection of clients",
    info=TENANT,
)

company_copy = Table(
    "company_copy",
    metadata,
    tenant(),
    reference("company_id"),
    text("name"),
    text("timezone"),
    text("status"),
    Column("version", Integer, nullable=False),
    PrimaryKeyConstraint("organisation_id", "company_id"),
    comment="projection of identity",
    info=TENANT,
)

product_copy = Table(
    "product_copy",
    metadata,
    tenant(),
    reference("product_id"),
    text("code"),
    text("name"),
    text("lifecycle"),
    text("sector", nullable=True),
    Column("commitment_months", Integer),
    Column("version", Integer, nullable=False),
    PrimaryKeyConstraint("organisation_id", "product_id"),
    comment="projection of products",
    info=TENANT,
)

sales_rep_copy = Table(
    "sales_rep_copy",
    metadata,
    tenant(),
    reference("rep_id"),
    reference("user_id", nullable=True),
    text("name"),
    Column("active", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
    PrimaryKeyConstraint("organisation_id", "rep_id"),
    comment="projection of commercial",
    info=TENANT,
)

mandate_copy = Table(
    "mandate_copy",
    metadata,
    tenant(),
    reference("mandate_id"),
    reference("client_id"),
    reference("company_id"),
    reference("contract_id", nullable=True),
    text("status"),
    Column("version", Integer, nullable=False),
    PrimaryKeyConstraint("organisation_id", "mandate_id"),
    Index("ix_mandate_copy_client", "organisation_id", "client_id", "company_id"),
    Index("ix_mandate_copy_contract", "organisation_id", "contract_id"),
    comment="projection of payments",
    info=TENANT,
)

payment_term_copy = Table(
    "payment_term_copy",
    metadata,
    tenant(),
    reference("payment_term_id"),
    text("code"),
    Column("days", Integer, nullable=False),
    text("basis", nullable=True),
    Column("day_of_month", Integer),
    Column("active", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
    PrimaryKeyConstraint("organisation_id", "payment_term_id"),
    comment="projection of clients",
    info=TENANT,
)

merged_contract = Table(
    "merged_contract",
    metadata,
    tenant(),
    reference("merge_operation_id"),
    reference("contract_id"),
    reference("original_client_id"),
    PrimaryKeyConstraint("organisation_id", "merge_operation_id", "contract_id"),
    comment="contracts that a survivor took over, so that an unmerge can give them back",
    info=TENANT,
)

heard_fact = Table(
    "heard_fact",
    metadata,
    tenant(),
    text("fact"),
    instant("heard_at"),
    PrimaryKeyConstraint("organisation_id", "fact"),
    comment="natural keys of facts whose repetition must change nothing",
    info=TENANT,
)
