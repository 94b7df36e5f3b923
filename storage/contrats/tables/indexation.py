"""Tables of contrats: indices, the clauses that follow them, and the runs that revise prices."""

from sqlalchemy import Boolean, Column, Date, ForeignKey, Index, Integer, Numeric, Table, UniqueConstraint, Uuid

from storage.columns import amount, instant, reference, tenant, text
from storage.contrats.tables.metadata import metadata
from storage.tenancy import TENANT

price_index_value = Table(
    "price_index_value",
    metadata,
    Column("id", Uuid, primary_key=True),
    tenant(),
    text("code"),
    text("period"),
    Column("value", Numeric(12, 4), nullable=False),
    Column("published_on", Date, nullable=False),
    Column("provisional", Boolean, nullable=False),
    text("source", nullable=True),
    Column("version", Integer, nullable=False),
    UniqueConstraint("organisation_id", "code", "period"),
    info=TENANT,
)

indexation_clause = Table(
    "indexation_clause",
    metadata,
    Column("contract_id", Uuid, ForeignKey("contract.id"), primary_key=True),
    tenant(),
    text("index_code"),
    text("base_period", nullable=True),
    Column("base_value", Numeric(12, 4)),
    Column("annual_rate", Numeric(7, 6)),
    text("formula"),
    Column("fixed_share", Numeric(4, 3), nullable=False),
    Column("frequency_months", Integer, nullable=False),
    text("revision_anchor"),
    Column("reference_lag_months", Integer, nullable=False),
    Column("cap_percent", Numeric(5, 2)),
    Column("floor_percent", Numeric(5, 2)),
    Column("notice_days", Integer, nullable=False),
    Column("next_revision_on", Date, nullable=False),
    Column("propose_on", Date, nullable=False, comment="next_revision_on less the notice"),
    Column("proposed_for", Date, comment="the revision that was proposed last"),
    Column("revisions", Integer, nullable=False),
    text("legal_basis", nullable=True),
    Index("ix_indexation_clause_due", "organisation_id", "propose_on"),
    Index("ix_indexation_clause_revision", "organisation_id", "next_revision_on"),
    info=TENANT,
)

indexation_run = Table(
    "indexation_run",
    metadata,
    Column("id", Uuid, primary_key=True),
    tenant(),
    Column("revision_date", Date, nullable=False),
    reference("company_id", nullable=True),
    text("status"),
    instant("created_at"),
    text("created_by"),
    Index("ix_indexation_run_date", "organisation_id", "revision_date", "id"),
    info=TENANT,
)

indexation_item = Table(
    "indexation_item",
    metadata,
    Column("id", Uuid, primary_key=True),
    tenant(),
    Column("run_id", Uuid, ForeignKey("indexation_run.id"), nullable=False),
    reference("contract_id"),
    reference("line_id"),
    amount("old_price"),
    amount("new_price", nullable=True),
    Column("ratio", Numeric(12, 6)),
    text("index_period", nullable=True),
    text("status"),
    text("skipped_reason", nullable=True),
    UniqueConstraint("organisation_id", "run_id", "line_id"),
    Index("ix_indexation_item_contract", "organisation_id", "contract_id"),
    info=TENANT,
)
