"""Tables of contrats: the ends of terms, and what the client was told about them."""

from sqlalchemy import Column, Date, ForeignKey, Index, Table, UniqueConstraint, Uuid
from sqlalchemy import text as sql

from storage.columns import instant, reference, tenant, text
from storage.contrats.tables.metadata import metadata
from storage.tenancy import TENANT

renewal_cycle = Table(
    "renewal_cycle",
    metadata,
    Column("id", Uuid, primary_key=True),
    tenant(),
    Column("contract_id", Uuid, ForeignKey("contract.id"), nullable=False),
    reference("company_id"),
    Column("term_ends_on", Date, nullable=False),
    Column("refusal_deadline", Date, nullable=False),
    Column("info_window_from", Date),
    Column("info_window_to", Date),
    Column("info_planned_on", Date),
    instant("info_ordered_at", nullable=True),
    Column("info_sent_on", Date),
    text("info_channel", nullable=True),
    reference("info_proof_id", nullable=True),
    text("status"),
    Column("refused_on", Date),
    UniqueConstraint("organisation_id", "contract_id", "term_ends_on"),
    Index("ix_renewal_cycle_deadline", "organisation_id", "refusal_deadline", "id"),
    Index("ix_renewal_cycle_status", "organisation_id", "status", "refusal_deadline", "id"),
    Index(
        "ix_renewal_cycle_untold",
        "organisation_id",
        "info_planned_on",
        postgresql_where=sql("status = 'PENDING'"),
    ),
    info=TENANT,
)
