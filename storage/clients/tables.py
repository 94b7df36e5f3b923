"""The tables of clients."""

from sqlalchemy import (
    ARRAY,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy import (
    text as sql,
)

from storage.columns import aggregate, amount, instant, reference, tenant, text
from storage.shared.tables import NAMING_CONVENTION
from storage.tenancy import TENANT

metadata = MetaData(naming_convention=NAMING_CONVENTION)

client = Table(
    "client",
    metadata,
    *aggregate(),
    text("client_code"),
    text("type"),
    text("title", nullable=True),
    text("given_name", nullable=True),
    text("family_name", nullable=True),
    Column("birth_date", LargeBinary, comment="encrypted"),
    text("display_name"),
    text("search_name"),
    text("language"),
    text("status_code"),
    text("status_category"),
    text("record_state"),
    reference("company_id"),
    reference("owner_user_id", nullable=True),
    reference("sales_rep_id", nullable=True),
    text("source"),
    text("vat_status"),
    text("holiday_zone", nullable=True),
    Column("do_not_contact", Boolean, nullable=False, server_default="false"),
    text("legal_name", nullable=True),
    text("trade_name", nullable=True),
    text("siren", nullable=True),
    text("siret", nullable=True),
    text("vat_number", nullable=True),
    text("primary_email", nullable=True),
    text("primary_phone", nullable=True),
    text("city", nullable=True),
    Column("relation_started_on", Date),
    Column("relation_ended_on", Date),
    UniqueConstraint("organisation_id", "client_code"),
    Index("ix_client_created", "organisation_id", "record_state", "created_at", "id"),
    Index("ix_client_name", "organisation_id", "record_state", "display_name", "id"),
    Index("ix_client_status", "organisation_id", "status_category", "created_at", "id"),
    Index("ix_client_owner", "organisation_id", "owner_user_id", "created_at", "id"),
    Index("ix_client_siren", "organisation_id", "siren"),
    Index(
        "uq_client_siret_live",
        "organisation_id",
        "siret",
        unique=True,
        postgresql_where=sql("record_state = 'LIVE' and siret is not null"),
    ),
    Index(
        "ix_client_search_name", "search_name", postgresql_using="gin", postgresql_ops={"search_name": "gin_trgm_ops"}
    ),
    info=TENANT,
)

contact_point = Table(
    "contact_point",
    metadata,
    Column("id", Uuid, primary_key=True),
    tenant(),
    Column("client_id", Uuid, ForeignKey("client.id"), nullable=False),
    text("kind"),
    text("value"),
    text("normalized"),
    Column("hash", Text, nullable=False, comment="platform blind index of the normalised value"),
    Column("is_primary", Boolean, nullable=False),
    text("line_type", nullable=True),
    instant("created_at"),
    UniqueConstraint("organisation_id", "client_id", "kind", "normalized"),
    Index("ix_contact_point_hash", "organisation_id", "hash"),
    info=TENANT,
)

address = Table(
    "address",
    metadata,
    Column("id", Uuid, primary_key=True),
    tenant(),
    Column("client_id", Uuid, ForeignKey("client.id"), nullable=False),
    Column("usage", ARRAY(Text), nullable=False),
    text("recipient_line", nullable=True),
    text("line1"),
    text("line2", nullable=True),
    text("postal_code"),
    text("city"),
    text("country"),
    text("department", nullable=True),
    instant("created_at"),
    Index("ix_address_client", "organisation_id", "client_id"),
    Index("ix_address_postal_code", "organisation_id", "postal_code"),
    info=TENANT,
)

status_history = Table(
    "status_history",
    metadata,
    Column("id", Uuid, primary_key=True),
    tenant(),
    reference("client_id"),
    text("from_code"),
    text("to_code"),
    text("reason", nullable=True),
    text("mode"),
    text("changed_by"),
    text("cause_event_id", nullable=True),
    instant("occurred_at"),
    Index("ix_status_history_client", "organisation_id", "client_id", "id"),
    info=TENANT,
)

client_code_block = Table(
    "client_code_block",
    metadata,
    Column("organisation_id", Uuid, primary_key=True),
    Column("next_number", Integer, nullable=False),
    comment="client codes are handed out in blocks, so that creations do not queue behind one counter row",
    info=TENANT,
)

company_ref = Table(
    "company_ref",
    metadata,
    Column("organisation_id", Uuid, nullable=False),
    Column("company_id", Uuid, nullable=False),
    text("code"),
    text("legal_name"),
    text("status"),
    Column("version", Integer, nullable=False),
    PrimaryKeyConstraint("organisation_id", "company_id"),
    comment="projection of identity",
    info=TENANT,
)

contract_ref = Table(
    "contract_ref",
    metadata,
    Column("organisation_id", Uuid, nullable=False),
    Column("contract_id", Uuid, nullable=False),
    reference("client_id"),
    text("reference"),
    text("status"),
    amount("mrr"),
    Column("version", Integer, nullable=False),
    PrimaryKeyConstraint("organisation_id", "contract_id"),
    Index("ix_contract_ref_client", "organisation_id", "client_id"),
    comment="projection of contrats",
    info=TENANT,
)
