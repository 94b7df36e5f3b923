"""The tables of activites."""

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    Index,
    Integer,
    MetaData,
    Numeric,
    PrimaryKeyConstraint,
    Table,
    Time,
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

_OPEN = sql("status in ('TODO', 'IN_PROGRESS')")

task = Table(
    "task",
    metadata,
    *aggregate(),
    Column("number", Integer, nullable=False),
    text("title"),
    text("description", nullable=True),
    text("type"),
    text("priority"),
    Column("urgency", Integer, nullable=False, comment="the priority as a number: 0 is URGENT"),
    text("status"),
    Column("due_date", Date),
    Column("due_time", Time),
    instant("due_at", nullable=True),
    instant("due_order"),
    instant("overdue_told_for", nullable=True),
    reference("assignee_id", nullable=True),
    text("queue_role", nullable=True),
    reference("client_id", nullable=True),
    reference("contract_id", nullable=True),
    reference("invoice_id", nullable=True),
    reference("action_id", nullable=True),
    reference("reminder_id", nullable=True),
    text("source_key", nullable=True),
    text("outcome", nullable=True),
    text("resolution", nullable=True),
    text("cancel_reason", nullable=True),
    instant("started_at", nullable=True),
    instant("completed_at", nullable=True),
    reference("completed_by", nullable=True),
    instant("cancelled_at", nullable=True),
    UniqueConstraint("organisation_id", "number"),
    UniqueConstraint("organisation_id", "source_key"),
    Index("ix_task_order", "organisation_id", "due_order", "urgency", "id"),
    Index("ix_task_assignee", "organisation_id", "assignee_id", "status", "due_order"),
    Index("ix_task_queue", "organisation_id", "queue_role", "status", "due_order"),
    Index("ix_task_client", "organisation_id", "client_id", "due_order"),
    Index("ix_task_contract", "organisation_id", "contract_id", "due_order"),
    Index("ix_task_invoice", "organisation_id", "invoice_id", "due_order"),
    Index("ix_task_due", "organisation_id", "due_at", postgresql_where=_OPEN),
    Index("ix_task_due_date", "organisation_id", "due_date", postgresql_where=_OPEN),
    info=TENANT,
)

task_history = Table(
    "task_history",
    metadata,
    Column("id", Uuid, primary_key=True),
    tenant(),
    reference("task_id"),
    instant("at"),
    text("by"),
    text("change"),
    Index("ix_task_history_task", "organisation_id", "task_id", "id"),
    info=TENANT,
)

task_number_block = Table(
    "task_number_block",
    metadata,
    Column("organisation_id", Uuid, primary_key=True),
    Column("next_number", Integer, nullable=False),
    info=TENANT,
)

delayed_task = Table(
    "delayed_task",
    metadata,
    Column("organisation_id", Uuid, nullable=False),
    text("source_key"),
    Column("due_on", Date, nullable=False),
    reference("client_id"),
    PrimaryKeyConstraint("organisation_id", "source_key"),
    Index("ix_delayed_task_due", "organisation_id", "due_on"),
    comment="tasks that come to life on a later day, if their reason still holds then",
    info=TENANT,
)

activity_type = Table(
    "activity_type",
    metadata,
    Column("id", Uuid, primary_key=True),
    tenant(),
    text("code"),
    text("name"),
    text("icon"),
    text("colour"),
    text("direction_default", nullable=True),
    Column("counts_as_contact", Boolean, nullable=False),
    Column("is_system", Boolean, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("position", Integer, nullable=False),
    UniqueConstraint("organisation_id", "code"),
    Index("ix_activity_type_position", "organisation_id", "position", "id"),
    info=TENANT,
)

activity = Table(
    "activity",
    metadata,
    *aggregate(),
    text("type_code"),
    instant("occurred_at"),
    text("subject"),
    text("comment", nullable=True),
    instant("follow_up_due_at", nullable=True),
    reference("follow_up_task_id", nullable=True),
    reference("client_id", nullable=True),
    reference("contract_id", nullable=True),
    reference("invoice_id", nullable=True),
    text("direction"),
    text("outcome"),
    reference("author_id", nullable=True),
    text("source"),
    text("source_ref", nullable=True),
    UniqueConstraint("organisation_id", "source_ref"),
    Index("ix_activity_occurred", "organisation_id", "occurred_at", "id"),
    Index("ix_activity_client", "organisation_id", "client_id", "occurred_at", "id"),
    Index("ix_activity_contract", "organisation_id", "contract_id", "occurred_at", "id"),
    Index("ix_activity_invoice", "organisation_id", "invoice_id", "occurred_at", "id"),
    Index("ix_activity_author", "organisation_id", "author_id", "occurred_at", "id"),
    Index("ix_activity_type", "organisation_id", "type_code", "occurred_at", "id"),
    info=TENANT,
)

timeline_entry = Table(
    "timeline_entry",
    metadata,
    Column("id", Uuid, primary_key=True),
    tenant(),
    instant("at"),
    text("kind"),
    text("code"),
    text("title"),
    text("detail", nullable=True),
    amount("amount", nullable=True),
    text("currency", nullable=True),
    text("ref_type"),
    reference("ref_id"),
    reference("client_id", nullable=True),
    reference("contract_id", nullable=True),
    reference("invoice_id", nullable=True),
    reference("actor_user_id", nullable=True),
    text("source_key"),
    UniqueConstraint("organisation_id", "source_key"),
    Index("ix_timeline_entry_client", "organisation_id", "client_id", "at", "id"),
    Index("ix_timeline_entry_contract", "organisation_id", "contract_id", "at", "id"),
    Index("ix_timeline_entry_invoice", "organisation_id", "invoice_id", "at", "id"),
    info=TENANT,
)

client_ref = Table(
    "client_ref",
    metadata,
    Column("organisation_id", Uuid, nullable=False),
    Column("client_id", Uuid, nullable=False),
    text("name"),
    reference("owner_user_id", nullable=True),
    Column("active", Boolean, nullable=False),
    text("source", nullable=True),
    Column("version", Integer, nullable=False),
    PrimaryKeyConstraint("organisation_id", "client_id"),
    comment="projection of clients",
    info=TENANT,
)

contract_ref = Table(
    "contract_ref",
    metadata,
    Column("organisation_id", Uuid, nullable=False),
    Column("contract_id", Uuid, nullable=False),
    text("reference"),
    text("status"),
    reference("client_id"),
    reference("sales_rep_id", nullable=True),
    Column("ends_on", Date),
    Column("version", Integer, nullable=False),
    PrimaryKeyConstraint("organisation_id", "contract_id"),
    comment="projection of contrats",
    info=TENANT,
)

invoice_ref = Table(
    "invoice_ref",
    metadata,
    Column("organisation_id", Uuid, nullable=False),
    Column("invoice_id", Uuid, nullable=False),
    text("number", nullable=True),
    text("status"),
    reference("client_id"),
    reference("contract_id", nullable=True),
    Column("outstanding", Numeric(14, 2), nullable=False),
    Column("version", Integer, nullable=False),
    PrimaryKeyConstraint("organisation_id", "invoice_id"),
    comment="projection of factures",
    info=TENANT,
)

member_ref = Table(
    "member_ref",
    metadata,
    Column("organisation_id", Uuid, nullable=False),
    Column("membership_id", Uuid, nullable=False),
    reference("user_id"),
    Column("active", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
    PrimaryKeyConstraint("organisation_id", "membership_id"),
    Index("ix_member_ref_user", "organisation_id", "user_id"),
    comment="projection of identity: who may be given work",
    info=TENANT,
)

user_ref = Table(
    "user_ref",
    metadata,
    Column("user_id", Uuid, primary_key=True),
    text("name"),
    Column("version", Integer, nullable=False),
    comment="projection of identity; without tenant, reached through member_ref",
)
