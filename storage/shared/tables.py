"""The tables that every actor's database has (cross_cutting section 3)."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

NAMING_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

shared_metadata = MetaData(naming_convention=NAMING_CONVENTION)


def instant(name: str, *, nullable: bool = False) -> Column[object]:
    """A UTC instant column."""
    return Column(name, DateTime(timezone=True), nullable=nullable)


outbox_message = Table(
    "outbox_message",
    shared_metadata,
    Column("id", Uuid, primary_key=True),
    Column("position", BigInteger, Identity(always=True), nullable=False),
    Column("subject", Text, nullable=False),
    Column("headers", JSONB, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("organisation_id", Uuid, nullable=False),
    instant("created_at"),
    instant("sent_at", nullable=True),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("last_error", Text),
    Index("ix_outbox_message_unsent", "position", postgresql_where=text("sent_at is null")),
    Index("ix_outbox_message_sent_at", "sent_at", postgresql_where=text("sent_at is not null")),
)

mailbox_position = Table(
    "mailbox_position",
    shared_metadata,
    Column("reader", Text, primary_key=True),
    Column("stream", Text, nullable=False),
    instant("stream_created_at"),
    Column("sequence", BigInteger, nullable=False),
    instant("moved_at"),
)

dead_letter = Table(
    "dead_letter",
    shared_metadata,
    Column("id", Uuid, primary_key=True),
    Column("source", Text, nullable=False),
    Column("stream", Text, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("subject", Text, nullable=False),
    Column("headers", JSONB, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("error_code", Text, nullable=False),
    Column("error", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    instant("failed_at"),
    Column("status", Text, nullable=False, server_default="OPEN"),
    Column("decided_by", Text),
    Column("reason", Text),
    UniqueConstraint("stream", "sequence"),
    Index("ix_dead_letter_status_id", "status", "id"),
)

idempotency_record = Table(
    "idempotency_record",
    shared_metadata,
    Column("organisation_id", Uuid, primary_key=True),
    Column("request", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("request_hash", LargeBinary, nullable=False),
    Column("principal", Text, nullable=False),
    Column("reply", LargeBinary),
    instant("created_at"),
    instant("expires_at"),
    Index("ix_idempotency_record_expires_at", "expires_at"),
)

job_run = Table(
    "job_run",
    shared_metadata,
    Column("job", Text, primary_key=True),
    Column("as_of", DateTime(timezone=True), primary_key=True),
    Column("organisation_id", Uuid, primary_key=True),
    Column("status", Text, nullable=False),
    Column("counts", JSONB, nullable=False, server_default="{}"),
    instant("started_at"),
    instant("finished_at", nullable=True),
    Index("ix_job_run_finished_at", "finished_at"),
)

job_day = Table(
    "job_day",
    shared_metadata,
    Column("job", Text, primary_key=True),
    Column("organisation_id", Uuid, primary_key=True),
    Column("local_date", Date, primary_key=True),
    comment="which local dates a daily job has run for, so that it runs once per date whatever tick wakes it",
)

work_item = Table(
    "work_item",
    shared_metadata,
    Column("id", Uuid, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("organisation_id", Uuid, nullable=False),
    Column("payload", JSONB, nullable=False),
    Column("headers", JSONB, nullable=False, comment="correlation, causation, acting user and simulated time"),
    instant("run_after"),
    Column("status", Text, nullable=False, server_default="PENDING"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    instant("leased_until", nullable=True),
    Column("lease", Uuid),
    Column("last_error", Text),
    instant("created_at"),
    instant("finished_at", nullable=True),
    UniqueConstraint("kind", "organisation_id", "key"),
    Index("ix_work_item_due", "run_after", "id", postgresql_where=text("status in ('PENDING', 'RUNNING')")),
    Index("ix_work_item_finished_at", "finished_at"),
)

audit_entry = Table(
    "audit_entry",
    shared_metadata,
    Column("id", Uuid, primary_key=True),
    Column("v", Integer, nullable=False, server_default="1"),
    Column("organisation_id", Uuid, nullable=False),
    Column("stream", Text, nullable=False),
    instant("occurred_at"),
    Column("request_id", Text, nullable=False),
    Column("correlation_id", Text, nullable=False),
    Column("actor", JSONB, nullable=False),
    Column("action", Text, nullable=False),
    Column("permission", Text),
    Column("result", Text, nullable=False),
    Column("error_code", Text),
    Column("target", JSONB),
    Column("before", JSONB),
    Column("after", JSONB),
    Column("meta", JSONB, nullable=False, server_default="{}"),
    Column("transaction_id", BigInteger, nullable=False, server_default=text("(pg_current_xact_id()::text)::bigint")),
    Column("seq", BigInteger),
    Column("prev_hash", Text),
    Column("entry_hash", Text),
    UniqueConstraint("organisation_id", "stream", "seq"),
    UniqueConstraint("organisation_id", "stream", "prev_hash"),
    UniqueConstraint("entry_hash"),
    Index("ix_audit_entry_unsealed", "transaction_id", "id", postgresql_where=text("seq is null")),
)

audit_chain_head = Table(
    "audit_chain_head",
    shared_metadata,
    Column("organisation_id", Uuid, primary_key=True),
    Column("stream", Text, primary_key=True),
    Column("last_seq", BigInteger, nullable=False),
    Column("last_hash", Text, nullable=False),
)

data_key = Table(
    "data_key",
    shared_metadata,
    Column("id", Uuid, primary_key=True),
    Column("organisation_id", Uuid, nullable=False),
    Column("domain", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("status", Text, nullable=False),
    Column("algorithm", Text, nullable=False),
    Column("wrapped_key", LargeBinary, nullable=False),
    Column("kek_id", Text, nullable=False),
    Column("is_current", Boolean, nullable=False),
    instant("created_at"),
    UniqueConstraint("organisation_id", "domain", "version"),
    Index(
        "uq_data_key_current",
        "organisation_id",
        "domain",
        unique=True,
        postgresql_where=text("is_current"),
    ),
)

organisation = Table(
    "organisation",
    shared_metadata,
    Column("id", Uuid, primary_key=True),
    Column("name", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("timezone", Text, nullable=False),
    Column("policy_version", Integer, nullable=False),
    Column("version", Integer, nullable=False),
    comment="what every actor must know of the tenants; owned by identity",
)

access_denial = Table(
    "access_denial",
    shared_metadata,
    Column("subject_type", Text, primary_key=True),
    Column("subject_id", Uuid, primary_key=True),
    Column("code", Text),
    Column("version", Integer, nullable=False),
    comment="members, users and sessions whose tokens are refused before they expire; code null = allowed again",
)

signing_key = Table(
    "known_signing_key",
    shared_metadata,
    Column("key_id", Text, primary_key=True),
    Column("public_key", LargeBinary, nullable=False),
    Column("status", Text, nullable=False),
    instant("not_after", nullable=True),
)

switch = Table(
    "switch",
    shared_metadata,
    Column("name", Text, primary_key=True),
    Column("state", Boolean, nullable=False),
    Column("changed_by", Text, nullable=False),
    instant("changed_at"),
    comment="what operators turned off and on; survives a restart",
)

erased_subject = Table(
    "erased_subject",
    shared_metadata,
    Column("organisation_id", Uuid, primary_key=True),
    Column("subject_id", Uuid, primary_key=True),
    Column("subject_type", Text, nullable=False),
    Column("request_id", Uuid),
    instant("erased_at"),
    comment="tombstones: late facts about these persons change nothing",
)

privacy_progress = Table(
    "privacy_progress",
    shared_metadata,
    Column("organisation_id", Uuid, primary_key=True),
    Column("order_id", Uuid, primary_key=True),
    Column("entity", Text, primary_key=True),
    Column("deleted", Integer, nullable=False),
    Column("anonymised", Integer, nullable=False),
    comment="what an erasure has done so far, so that it goes on and reports rightly after a crash",
)
