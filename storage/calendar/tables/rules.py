"""Tables of calendar, its rules: zones and their days, cut-offs, lots, preferences and settings."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    Index,
    Integer,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Time,
    UniqueConstraint,
)
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB

from storage.calendar.tables.metadata import metadata
from storage.columns import aggregate, instant, reference, tenant, text
from storage.tenancy import TENANT

holiday_zone = Table(
    "holiday_zone",
    metadata,
    *aggregate(),
    text("code"),
    text("name"),
    text("country_code"),
    text("region_code", nullable=True),
    Column("is_system", Boolean, nullable=False),
    Column("is_active", Boolean, nullable=False),
    UniqueConstraint("organisation_id", "code"),
    info=TENANT,
)

holiday = Table(
    "holiday",
    metadata,
    *aggregate(),
    reference("holiday_zone_id"),
    Column("date", Date, nullable=False),
    text("name"),
    text("holiday_type"),
    text("effect"),
    Column("is_recurring", Boolean, nullable=False),
    Column("recurring_month", SmallInteger),
    Column("recurring_day", SmallInteger),
    Column("is_active", Boolean, nullable=False),
    Index(
        "uq_holiday_date",
        "organisation_id",
        "holiday_zone_id",
        "date",
        unique=True,
        postgresql_where=sql("is_active and not is_recurring"),
    ),
    Index(
        "uq_holiday_recurring",
        "organisation_id",
        "holiday_zone_id",
        "recurring_month",
        "recurring_day",
        unique=True,
        postgresql_where=sql("is_active and is_recurring"),
    ),
    info=TENANT,
)

announced_holiday = Table(
    "announced_holiday",
    metadata,
    tenant(),
    reference("holiday_zone_id"),
    Column("date", Date, nullable=False),
    PrimaryKeyConstraint("organisation_id", "holiday_zone_id", "date"),
    comment="computed days that the other actors have been told of",
    info=TENANT,
)

cutoff_policy = Table(
    "cutoff_policy",
    metadata,
    *aggregate(),
    text("name"),
    text("rail"),
    Column("cutoff_time", Time, nullable=False),
    text("timezone"),
    Column("days_before_value_date", Integer, nullable=False),
    Column("freeze_margin_minutes", Integer, nullable=False),
    Column("is_active", Boolean, nullable=False),
    UniqueConstraint("organisation_id", "name"),
    info=TENANT,
)

debit_lot = Table(
    "debit_lot",
    metadata,
    *aggregate(),
    reference("company_id", nullable=True),
    text("code"),
    text("name"),
    Column("start_day", SmallInteger, nullable=False),
    Column("end_day", SmallInteger, nullable=False),
    Column("display_order", Integer, nullable=False),
    Column("is_active", Boolean, nullable=False),
    UniqueConstraint("organisation_id", "company_id", "code", postgresql_nulls_not_distinct=True),
    info=TENANT,
)

debit_date_override = Table(
    "debit_date_override",
    metadata,
    *aggregate(),
    text("level"),
    reference("scope_id"),
    Column("target_year", SmallInteger, nullable=False),
    Column("target_month", SmallInteger, nullable=False),
    Column("debit_date", Date, nullable=False),
    text("reason", nullable=True),
    UniqueConstraint("organisation_id", "level", "scope_id", "target_year", "target_month"),
    Index("ix_debit_date_override_date", "organisation_id", "debit_date", "id"),
    info=TENANT,
)

debit_configuration = Table(
    "debit_configuration",
    metadata,
    *aggregate(),
    text("level"),
    reference("scope_id", nullable=True),
    text("mode", nullable=True),
    text("lot_code", nullable=True),
    Column("fixed_day", SmallInteger),
    text("shift_strategy", nullable=True),
    text("window_guard", nullable=True),
    text("late_policy", nullable=True),
    reference("holiday_zone_id", nullable=True),
    reference("cutoff_policy_id", nullable=True),
    Column("prenotification_days", Integer),
    Column("is_active", Boolean, nullable=False),
    CheckConstraint("(coalesce(mode, '') = 'BATCH') = (lot_code is not null)", name="lot_iff_batch"),
    CheckConstraint("(coalesce(mode, '') = 'FIXED_DAY') = (fixed_day is not null)", name="day_iff_fixed"),
    CheckConstraint("(level = 'SYSTEM') = (scope_id is null)", name="scope_iff_not_system"),
    Index(
        "uq_debit_configuration_scope",
        "organisation_id",
        "level",
        "scope_id",
        unique=True,
        postgresql_nulls_not_distinct=True,
        postgresql_where=sql("is_active"),
    ),
    Index("ix_debit_configuration_created", "organisation_id", "created_at", "id"),
    Index(
        "ix_debit_configuration_lot",
        "organisation_id",
        "lot_code",
        "created_at",
        "id",
        postgresql_where=sql("lot_code is not null"),
    ),
    info=TENANT,
)

calendar_settings = Table(
    "calendar_settings",
    metadata,
    tenant(),
    Column("version", Integer, nullable=False),
    Column("values", JSONB, nullable=False),
    instant("updated_at"),
    text("updated_by"),
    PrimaryKeyConstraint("organisation_id"),
    info=TENANT,
)
