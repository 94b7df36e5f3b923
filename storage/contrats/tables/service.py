"""Tables of contrats: what is asked of providers, and how service pauses and ends."""

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
    UniqueConstraint,
    Uuid,
)
from sqlalchemy import (
    text as sql,
)
from sqlalchemy.dialects.postgresql import JSONB

from storage.columns import amount, instant, reference, tenant, text
from storage.contrats.tables.metadata import metadata
from storage.tenancy import TENANT

contract_operation = Table(
    "contract_operation",
    metadata,
    Column("id", Uuid, primary_key=True),
    tenant(),
    Column("contract_id", Uuid, ForeignKey("contract.id"), nullable=False),
    text("operation"),
    text("status"),
    Column("payload", JSONB, nullable=False),
    Column("open_links", ARRAY(Uuid), nullable=False),
    text("key"),
    reference("request_id", nullable=True),
    Column("attempts", Integer, nullable=False),
    text("error_code", nullable=True),
    text("failed_step", nullable=True),
    instant("next_attempt_at", nullable=True),
    instant("started_at"),
    instant("finished_at", nullable=True),
    UniqueConstraint("organisation_id", "key"),
    Index("ix_contract_operation_contract", "organisation_id", "contract_id", "id"),
    Index(
        "ix_contract_operation_due",
        "organisation_id",
        "next_attempt_at",
        postgresql_where=sql("status in ('PENDING', 'RUNNING')"),
    ),
    Index(
        "uq_contract_operation_running",
        "organisation_id",
        "contract_id",
        unique=True,
        postgresql_where=sql("status = 'RUNNING'"),
    ),
    info=TENANT,
)

provider_callback = Table(
    "provider_callback",
    metadata,
    tenant(),
    text("provider"),
    text("callback_id"),
    reference("operation_id"),
    instant("received_at"),
    PrimaryKeyConstraint("organisation_id", "provider", "callback_id"),
    info=TENANT,
)

service_link = Table(
    "service_link",
    metadata,
    Column("id", Uuid, primary_key=True),
    tenant(),
    Column("contract_id", Uuid, ForeignKey("contract.id"), nullable=False),
    reference("line_id"),
    text("provider_code"),
    text("external_service_id", nullable=True),
    text("kind"),
    text("status"),
    Column("begins_on", Date, nullable=False, comment="the provider is asked for it from that day on"),
    Column("ends_on", Date, comment="last day, when an amendment ended the line that paid for it"),
    instant("last_sync_at", nullable=True),
    UniqueConstraint("organisation_id", "contract_id", "line_id"),
    Index(
        "ix_service_link_planned",
        "organisation_id",
        "begins_on",
        postgresql_where=sql("status = 'PLANNED'"),
    ),
    Index(
        "ix_service_link_ending",
        "organisation_id",
        "ends_on",
        postgresql_where=sql("ends_on is not null and status <> 'TERMINATED'"),
    ),
    info=TENANT,
)

suspension_period = Table(
    "suspension_period",
    metadata,
    Column("id", Uuid, primary_key=True),
    tenant(),
    reference("contract_id"),
    text("reason"),
    Column("starts_on", Date, nullable=False),
    Column("ends_on", Date),
    Column("resume_on", Date),
    text("billing_policy"),
    amount("reduced_amount", nullable=True),
    Column("extends_term", Boolean, nullable=False, server_default="false"),
    reference("request_id", nullable=True),
    Index("ix_suspension_period_contract", "organisation_id", "contract_id", "id"),
    Index(
        "ix_suspension_period_resume",
        "organisation_id",
        "resume_on",
        postgresql_where=sql("ends_on is null and resume_on is not null"),
    ),
    info=TENANT,
)

termination_request = Table(
    "termination_request",
    metadata,
    Column("id", Uuid, primary_key=True),
    tenant(),
    reference("contract_id"),
    text("initiated_by"),
    text("channel"),
    text("reason_code"),
    Column("received_on", Date, nullable=False),
    Column("requested_ends_on", Date),
    Column("legitimate_reason", Boolean, nullable=False),
    Column("notice_ends_on", Date, nullable=False),
    Column("ends_on", Date, nullable=False),
    amount("fee"),
    text("fee_waived_by", nullable=True),
    amount("credit"),
    reference("evidence_document_id", nullable=True),
    reference("notice_id", nullable=True),
    text("status"),
    instant("created_at"),
    text("created_by"),
    Index(
        "uq_termination_request_scheduled",
        "organisation_id",
        "contract_id",
        unique=True,
        postgresql_where=sql("status = 'SCHEDULED'"),
    ),
    info=TENANT,
)
