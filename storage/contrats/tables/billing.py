"""Tables of contrats: what is billed, and what is corrected."""

from sqlalchemy import (
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    Numeric,
    Table,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy import (
    text as sql,
)
from sqlalchemy.dialects.postgresql import JSONB

from storage.columns import amount, reference, tenant, text
from storage.contrats.tables.metadata import metadata
from storage.tenancy import TENANT

billing_instalment = Table(
    "billing_instalment",
    metadata,
    Column("id", Uuid, primary_key=True),
    tenant(),
    Column("contract_id", Uuid, ForeignKey("contract.id"), nullable=False),
    text("frequency"),
    Column("period_no", Integer, nullable=False),
    Column("period_start", Date, nullable=False),
    Column("period_end", Date, nullable=False),
    Column("bill_on", Date, nullable=False),
    Column("due_on", Date, nullable=False),
    text("status"),
    Column("lines", JSONB, nullable=False),
    amount("net_total"),
    amount("vat_total"),
    amount("gross_total"),
    Column("version_no", Integer, nullable=False),
    reference("invoice_id", nullable=True),
    UniqueConstraint("organisation_id", "contract_id", "frequency", "period_start"),
    Index(
        "ix_billing_instalment_planned",
        "organisation_id",
        "bill_on",
        "contract_id",
        postgresql_where=sql("status = 'PLANNED'"),
    ),
    Index(
        "ix_billing_instalment_invoice",
        "organisation_id",
        "invoice_id",
        postgresql_where=sql("invoice_id is not null"),
    ),
    info=TENANT,
)

billing_adjustment = Table(
    "billing_adjustment",
    metadata,
    Column("id", Uuid, primary_key=True),
    tenant(),
    Column("contract_id", Uuid, ForeignKey("contract.id"), nullable=False),
    text("kind"),
    text("cause"),
    reference("source_id"),
    reference("line_id", nullable=True),
    reference("billing_instalment_id", nullable=True),
    amount("net"),
    Column("vat_rate", Numeric(5, 2), nullable=False),
    text("vat_category"),
    text("label"),
    text("status"),
    reference("invoice_id", nullable=True),
    UniqueConstraint(
        "organisation_id",
        "contract_id",
        "cause",
        "source_id",
        "kind",
        "line_id",
        "billing_instalment_id",
        postgresql_nulls_not_distinct=True,
    ),
    Index(
        "ix_billing_adjustment_pending", "organisation_id", "contract_id", postgresql_where=sql("status = 'PENDING'")
    ),
    info=TENANT,
)
