"""Tables of calendar, what is watched and expected of days: thresholds and forecasts."""

from sqlalchemy import Boolean, Column, Date, Index, Integer, PrimaryKeyConstraint, Table, UniqueConstraint, Uuid

from storage.calendar.tables.metadata import metadata
from storage.columns import aggregate, amount, instant, reference, tenant, text
from storage.tenancy import TENANT

volume_threshold = Table(
    "volume_threshold",
    metadata,
    *aggregate(),
    reference("company_id", nullable=True),
    text("lot_code", nullable=True),
    Column("max_transaction_count", Integer),
    amount("max_amount", nullable=True),
    text("currency"),
    Column("alert_on_exceed", Boolean, nullable=False),
    Index("ix_volume_threshold_created", "organisation_id", "created_at", "id"),
    info=TENANT,
)

threshold_state = Table(
    "threshold_state",
    metadata,
    tenant(),
    reference("threshold_id"),
    Column("date", Date, nullable=False),
    Column("exceeded", Boolean, nullable=False),
    Column("turns", Integer, nullable=False, comment="how often the day crossed the limit; version of its events"),
    PrimaryKeyConstraint("organisation_id", "threshold_id", "date"),
    info=TENANT,
)

volume_forecast = Table(
    "volume_forecast",
    metadata,
    Column("id", Uuid, primary_key=True),
    tenant(),
    Column("date", Date, nullable=False),
    reference("company_id"),
    text("lot_code", nullable=True),
    Column("expected_count", Integer, nullable=False),
    amount("expected_amount"),
    amount("expected_collected"),
    text("currency"),
    text("source"),
    instant("built_at"),
    UniqueConstraint("organisation_id", "date", "company_id", "lot_code", postgresql_nulls_not_distinct=True),
    Index("ix_volume_forecast_date", "organisation_id", "date", "id"),
    info=TENANT,
)
