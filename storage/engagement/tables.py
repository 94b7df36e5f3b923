"""The tables of engagement: mailboxes, outgoing mail, notifications. The read models are in read_models.py."""

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy import (
    text as sql,
)
from sqlalchemy.dialects.postgresql import JSONB

from storage.columns import aggregate, instant, reference, tenant, text
from storage.engagement.read_models import metadata
from storage.tenancy import TENANT

__all__ = ["metadata"]

mailbox = Table(
    "mailbox",
    metadata,
    *aggregate(),
    text("owner_type"),
    reference("company_id", nullable=True),
    text("name"),
    text("email_address"),
    text("display_name", nullable=True),
    text("provider"),
    text("smtp_host"),
    Column("smtp_port", Integer, nullable=False),
    text("smtp_security"),
    text("username", nullable=True),
    Column("is_default", Boolean, nullable=False),
    text("status"),
    text("last_error_code", nullable=True),
    instant("last_error_at", nullable=True),
    Index(
        "uq_mailbox_address",
        "organisation_id",
        sql("coalesce(company_id, organisation_id)"),
        "email_address",
        unique=True,
    ),
    Index(
        "uq_mailbox_default",
        "organisation_id",
        sql("coalesce(company_id, organisation_id)"),
        unique=True,
        postgresql_where=sql("is_default"),
    ),
    Index("ix_mailbox_status", "organisation_id", "status", "last_error_at"),
    info=TENANT,
)

mailbox_secret = Table(
    "mailbox_secret",
    metadata,
    Column("mailbox_id", Uuid, ForeignKey("mailbox.id"), primary_key=True),
    tenant(),
    Column("password", LargeBinary, nullable=False, comment="encrypted; no reply ever holds it"),
    instant("updated_at"),
    info=TENANT,
)

outbound_email = Table(
    "outbound_email",
    metadata,
    *aggregate(),
    reference("mailbox_id", nullable=True),
    reference("company_id", nullable=True),
    text("purpose"),
    text("category"),
    text("status"),
    text("subject"),
    text("html", nullable=True),
    text("text"),
    text("reply_to", nullable=True),
    text("reference_type", nullable=True),
    reference("reference_id", nullable=True),
    reference("client_id", nullable=True),
    text("rfc_message_id"),
    Column("at_most_once", Boolean, nullable=False),
    Column("is_automatic", Boolean, nullable=False),
    instant("scheduled_at", nullable=True),
    instant("expires_at"),
    instant("attachment_deadline", nullable=True),
    Column("attempts", Integer, nullable=False),
    Column("turn", Integer, nullable=False, comment="counts orders to the workers; one order is one work item"),
    instant("next_attempt_at", nullable=True),
    text("last_error_code", nullable=True),
    text("last_error_text", nullable=True),
    instant("sent_at", nullable=True),
    text("source_key", nullable=True),
    UniqueConstraint("organisation_id", "source_key"),
    UniqueConstraint("organisation_id", "rfc_message_id"),
    Index("ix_outbound_email_created", "organisation_id", "created_at", "id"),
    Index("ix_outbound_email_client", "organisation_id", "client_id", "created_at", "id"),
    Index("ix_outbound_email_status", "organisation_id", "status", "created_at", "id"),
    Index("ix_outbound_email_purpose", "organisation_id", "purpose", "created_at", "id"),
    Index("ix_outbound_email_reference", "organisation_id", "reference_id", "created_at", "id"),
    Index("ix_outbound_email_mailbox", "organisation_id", "mailbox_id", "created_at", "id"),
    Index(
        "ix_outbound_email_due",
        "organisation_id",
        "next_attempt_at",
        postgresql_where=sql("status in ('SCHEDULED', 'QUEUED', 'UNCERTAIN')"),
    ),
    info=TENANT,
)

outbound_recipient = Table(
    "outbound_recipient",
    metadata,
    Column("id", Uuid, primary_key=True),
    tenant(),
    Column("email_id", Uuid, ForeignKey("outbound_email.id"), nullable=False),
    text("kind"),
    text("address"),
    text("address_hash"),
    text("status"),
    text("bounce_type", nullable=True),
    Column("smtp_code", Integer),
    text("enhanced_code", nullable=True),
    text("diagnostic", nullable=True),
    UniqueConstraint("organisation_id", "email_id", "address"),
    info=TENANT,
)

outbound_attachment = Table(
    "outbound_attachment",
    metadata,
    Column("id", Uuid, primary_key=True),
    tenant(),
    Column("email_id", Uuid, ForeignKey("outbound_email.id"), nullable=False),
    reference("document_id"),
    text("filename"),
    UniqueConstraint("organisation_id", "email_id", "document_id"),
    Index("ix_outbound_attachment_document", "organisation_id", "document_id"),
    info=TENANT,
)

delivery_attempt = Table(
    "delivery_attempt",
    metadata,
    Column("id", Uuid, primary_key=True),
    tenant(),
    Column("email_id", Uuid, ForeignKey("outbound_email.id"), nullable=False),
    Column("number", Integer, nullable=False),
    instant("finished_at"),
    text("outcome"),
    Column("smtp_code", Integer),
    text("detail", nullable=True),
    Index("ix_delivery_attempt_email", "organisation_id", "email_id", "number"),
    info=TENANT,
)

suppression_entry = Table(
    "suppression_entry",
    metadata,
    Column("id", Uuid, primary_key=True),
    tenant(),
    text("address"),
    text("address_hash"),
    text("reason"),
    instant("expires_at", nullable=True),
    reference("source_email_id", nullable=True),
    instant("created_at"),
    UniqueConstraint("organisation_id", "address_hash", "reason"),
    Index("ix_suppression_entry_created", "organisation_id", "created_at", "id"),
    info=TENANT,
)

waiting_message = Table(
    "waiting_message",
    metadata,
    Column("id", Uuid, primary_key=True),
    tenant(),
    reference("client_id"),
    text("source_key"),
    Column("message", JSONB, nullable=False),
    instant("created_at"),
    UniqueConstraint("organisation_id", "source_key"),
    Index("ix_waiting_message_client", "organisation_id", "client_id"),
    comment="messages to clients this actor has not heard of yet",
    info=TENANT,
)

notification = Table(
    "notification",
    metadata,
    *aggregate(),
    reference("user_id"),
    text("type"),
    text("priority"),
    text("title"),
    text("message"),
    Column("details", JSONB, nullable=False),
    text("link_url", nullable=True),
    text("dedupe_key", nullable=True),
    Column("occurrences", Integer, nullable=False),
    instant("read_at", nullable=True),
    text("source_key"),
    UniqueConstraint("organisation_id", "source_key"),
    Index("ix_notification_user", "organisation_id", "user_id", "created_at", "id"),
    Index(
        "ix_notification_unread",
        "organisation_id",
        "user_id",
        "created_at",
        "id",
        postgresql_where=sql("read_at is null"),
    ),
    info=TENANT,
)

client_ref = Table(
    "client_ref",
    metadata,
    Column("organisation_id", Uuid, nullable=False),
    Column("client_id", Uuid, nullable=False),
    text("display_name"),
    text("email", nullable=True),
    text("language"),
    reference("company_id"),
    Column("version", Integer, nullable=False),
    PrimaryKeyConstraint("organisation_id", "client_id"),
    comment="projection of clients",
    info=TENANT,
)

company_ref = Table(
    "company_ref",
    metadata,
    Column("organisation_id", Uuid, nullable=False),
    Column("company_id", Uuid, nullable=False),
    text("name"),
    text("email", nullable=True),
    text("phone", nullable=True),
    Column("version", Integer, nullable=False),
    PrimaryKeyConstraint("organisation_id", "company_id"),
    comment="projection of identity",
    info=TENANT,
)
