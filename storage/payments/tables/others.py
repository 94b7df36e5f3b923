"""Alerts and counters."""

from sqlalchemy import Column, Index, Integer, PrimaryKeyConstraint, Table, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from storage.columns import aggregate, instant, reference, tenant, text
from storage.payments.tables.metadata import metadata
from storage.tenancy import TENANT

alert = Table(
    "alert",
    metadata,
    *aggregate(),
    reference("company_id", nullable=True),
    text("code"),
    text("severity"),
    text("title"),
    text("message"),
    text("status"),
    Column("refs", JSONB, nullable=False),
    text("dedupe_key"),
    Column("occurrences", Integer, nullable=False),
    instant("last_seen_at"),
    reference("acknowledged_by", nullable=True),
    instant("acknowledged_at", nullable=True),
    Index("ix_alert_created", "organisation_id", "status", "created_at", "id"),
    Index("ix_alert_of_any_status", "organisation_id", "created_at", "id"),
    Index("ix_alert_dedupe", "organisation_id", "dedupe_key", "last_seen_at"),
    info=TENANT,
)

merged_row = Table(
    "merged_row",
    metadata,
    tenant(),
    reference("operation_id"),
    text("table_name"),
    reference("row_id"),
    reference("client_id"),
    PrimaryKeyConstraint("organisation_id", "operation_id", "table_name", "row_id"),
    comment="rows that a merge of clients re-pointed, with the client they belonged to",
    info=TENANT,
)

payment_number_block = Table(
    "payment_number_block",
    metadata,
    Column("organisation_id", Uuid, primary_key=True),
    Column("next_number", Integer, nullable=False),
    info=TENANT,
)

schedule_number_block = Table(
    "schedule_number_block",
    metadata,
    Column("organisation_id", Uuid, primary_key=True),
    Column("next_number", Integer, nullable=False),
    info=TENANT,
)
