"""What decides whether a client may be contacted: oppositions, calls, holidays; contact persons and the settings."""

from sqlalchemy import Boolean, Column, Date, ForeignKey, Index, Integer, PrimaryKeyConstraint, Table, Uuid
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB

from storage.clients.references import metadata
from storage.columns import instant, reference, tenant, text
from storage.tenancy import TENANT

opposition = Table(
    "opposition",
    metadata,
    tenant(),
    text("hash"),
    text("list"),
    instant("listed_at"),
    instant("removed_at", nullable=True),
    Column("list_date", Date, nullable=False),
    PrimaryKeyConstraint("organisation_id", "hash", "list"),
    comment="numbers and addresses whose owners object to marketing, by the blind index of their normal form",
    info=TENANT,
)

call_ref = Table(
    "call_ref",
    metadata,
    tenant(),
    reference("activity_id"),
    reference("client_id"),
    instant("occurred_at"),
    Column("refused", Boolean, nullable=False),
    PrimaryKeyConstraint("organisation_id", "activity_id"),
    Index("ix_call_ref_client", "organisation_id", "client_id", "occurred_at"),
    comment="projection of activites: outbound marketing calls",
    info=TENANT,
)

holiday_ref = Table(
    "holiday_ref",
    metadata,
    tenant(),
    text("zone_code"),
    Column("on_date", Date, nullable=False),
    PrimaryKeyConstraint("organisation_id", "zone_code", "on_date"),
    comment="projection of calendar",
    info=TENANT,
)

contact_person = Table(
    "contact_person",
    metadata,
    Column("id", Uuid, primary_key=True),
    tenant(),
    Column("client_id", Uuid, ForeignKey("client.id"), nullable=False),
    Column("version", Integer, nullable=False, server_default="1"),
    text("title", nullable=True),
    text("given_name", nullable=True),
    text("family_name"),
    text("job_title", nullable=True),
    text("role"),
    text("email", nullable=True),
    text("phone", nullable=True),
    Column("is_primary", Boolean, nullable=False),
    Column("active", Boolean, nullable=False),
    instant("created_at"),
    Index("ix_contact_person_client", "organisation_id", "client_id", "created_at", "id"),
    Index(
        "uq_contact_person_primary",
        "organisation_id",
        "client_id",
        unique=True,
        postgresql_where=sql("is_primary"),
    ),
    info=TENANT,
)

client_settings = Table(
    "client_settings",
    metadata,
    Column("organisation_id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("settings", JSONB, nullable=False),
    info=TENANT,
)
