"""What factures keeps of other actors' facts: what is to be billed, and of whom."""

from sqlalchemy import (
    ARRAY,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB

from storage.columns import instant, reference, tenant, text
from storage.factures.tables.metadata import metadata
from storage.tenancy import TENANT

billing_intake = Table(
    "billing_intake",
    metadata,
    Column("id", Uuid, primary_key=True),
    tenant(),
    reference("contract_id"),
    text("reference"),
    text("item_hash"),
    Column("payload", JSONB, nullable=False),
    text("status"),
    text("reason", nullable=True),
    Column("invoice_ids", ARRAY(Uuid), nullable=False),
    Column("attempts", Integer, nullable=False),
    instant("created_at"),
    instant("updated_at"),
    UniqueConstraint("organisation_id", "contract_id", "item_hash"),
    Index("ix_billing_intake_status", "organisation_id", "status", "created_at", "id"),
    Index("ix_billing_intake_created", "organisation_id", "created_at", "id"),
    Index("ix_billing_intake_updated", "organisation_id", "updated_at"),
    info=TENANT,
)

invoiced_item = Table(
    "invoiced_item",
    metadata,
    tenant(),
    reference("item_id"),
    Column("invoice_id", Uuid, ForeignKey("invoice.id"), nullable=False),
    PrimaryKeyConstraint("organisation_id", "item_id"),
    Index("ix_invoiced_item_invoice", "organisation_id", "invoice_id"),
    comment="a billing instalment or adjustment is billed once over all live documents",
    info=TENANT,
)

company_view = Table(
    "company_view",
    metadata,
    tenant(),
    reference("company_id"),
    Column("snapshot", JSONB, nullable=False),
    Column("version", Integer, nullable=False),
    PrimaryKeyConstraint("organisation_id", "company_id"),
    comment="projection of identity",
    info=TENANT,
)

client_view = Table(
    "client_view",
    metadata,
    tenant(),
    reference("client_id"),
    Column("snapshot", JSONB, nullable=False),
    Column("version", Integer, nullable=False),
    PrimaryKeyConstraint("organisation_id", "client_id"),
    comment="projection of clients",
    info=TENANT,
)

client_word = Table(
    "client_word",
    metadata,
    tenant(),
    Column("word", Text(collation="C"), nullable=False, comment="lower case, no accents"),
    reference("client_id"),
    PrimaryKeyConstraint("organisation_id", "word", "client_id"),
    Index("ix_client_word_client", "organisation_id", "client_id"),
    comment="words of clients' names, kept by a trigger: a beginning is a range, which row-level security lets an index find",
    info=TENANT,
)

mandate_view = Table(
    "mandate_view",
    metadata,
    tenant(),
    reference("mandate_id"),
    reference("client_id"),
    reference("company_id"),
    reference("contract_id", nullable=True),
    text("rum"),
    text("creditor_identifier"),
    text("status"),
    Column("version", Integer, nullable=False),
    PrimaryKeyConstraint("organisation_id", "mandate_id"),
    Index("ix_mandate_view_client", "organisation_id", "client_id", "company_id"),
    comment="projection of payments",
    info=TENANT,
)

debit_plan_view = Table(
    "debit_plan_view",
    metadata,
    tenant(),
    reference("instalment_id"),
    reference("contract_id", nullable=True),
    Column("period_start", Date, nullable=False),
    Column("planned_debit_date", Date, nullable=False),
    text("status"),
    Column("version", Integer, nullable=False),
    PrimaryKeyConstraint("organisation_id", "instalment_id"),
    Index("ix_debit_plan_view_contract", "organisation_id", "contract_id", "period_start"),
    comment="projection of payments: when a contract's period will be debited",
    info=TENANT,
)

payment_term_view = Table(
    "payment_term_view",
    metadata,
    tenant(),
    reference("payment_term_id"),
    text("code"),
    Column("days", Integer, nullable=False),
    text("basis"),
    Column("day_of_month", Integer),
    Column("is_default", Boolean, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
    PrimaryKeyConstraint("organisation_id", "payment_term_id"),
    comment="projection of clients: when an invoice is due; a retired term stays for those who have it",
    info=TENANT,
)

issue_mode_view = Table(
    "issue_mode_view",
    metadata,
    tenant(),
    reference("issue_mode_id"),
    text("code"),
    text("channel"),
    Column("is_default", Boolean, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
    PrimaryKeyConstraint("organisation_id", "issue_mode_id"),
    Index("ix_issue_mode_view_code", "organisation_id", "code", "issue_mode_id"),
    comment="projection of clients: how an invoice leaves",
    info=TENANT,
)

revenue_account_view = Table(
    "revenue_account_view",
    metadata,
    tenant(),
    reference("mapping_id"),
    reference("product_id", nullable=True),
    reference("range_id", nullable=True),
    reference("company_id", nullable=True),
    text("account"),
    Column("valid_from", Date, nullable=False),
    Column("valid_to", Date),
    Column("version", Integer, nullable=False),
    PrimaryKeyConstraint("organisation_id", "mapping_id"),
    Index("ix_revenue_account_view_product", "organisation_id", "product_id"),
    Index("ix_revenue_account_view_range", "organisation_id", "range_id"),
    comment="projection of products: where revenue is booked",
    info=TENANT,
)

product_view = Table(
    "product_view",
    metadata,
    tenant(),
    reference("product_id"),
    reference("range_id"),
    text("sku", nullable=True),
    Column("version", Integer, nullable=False),
    PrimaryKeyConstraint("organisation_id", "product_id"),
    comment="projection of products: the range whose account a product shares, and the article number on invoices",
    info=TENANT,
)

product_version_view = Table(
    "product_version_view",
    metadata,
    tenant(),
    reference("product_id"),
    reference("version_id"),
    Column("version", Integer, nullable=False, comment="the number of the product's version"),
    PrimaryKeyConstraint("organisation_id", "product_id"),
    comment="projection of products: the commercial terms in force",
    info=TENANT,
)

product_range_view = Table(
    "product_range_view",
    metadata,
    tenant(),
    reference("range_id"),
    reference("parent_id", nullable=True),
    Column("version", Integer, nullable=False),
    PrimaryKeyConstraint("organisation_id", "range_id"),
    comment="projection of products: a range shares the account of the one above",
    info=TENANT,
)
