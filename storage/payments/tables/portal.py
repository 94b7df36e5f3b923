"""The customer portal: links, where they lead, what happened to them."""

from sqlalchemy import (
    ARRAY,
    Boolean,
    CheckConstraint,
    Column,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
)
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB

from storage.columns import aggregate, amount, instant, reference, tenant, text
from storage.payments.tables.metadata import metadata
from storage.tenancy import TENANT

OPEN = "('CREATED', 'ACTIVE', 'REDIRECTED')"

portal_session = Table(
    "portal_session",
    metadata,
    *aggregate(),
    reference("company_id"),
    reference("client_id"),
    reference("contract_id", nullable=True),
    text("purpose"),
    text("status"),
    text("outcome", nullable=True),
    Column("allowed_actions", ARRAY(Text), nullable=False),
    Column("instalment_ids", ARRAY(Uuid), nullable=False),
    Column("invoice_ids", ARRAY(Uuid), nullable=False),
    amount("amount", nullable=True),
    text("currency"),
    text("description", nullable=True),
    reference("payment_id", nullable=True),
    Column("key_hash", LargeBinary, nullable=False, comment="SHA-256 of the caller's idempotency key"),
    Column("order_hash", LargeBinary, nullable=False, comment="SHA-256 of what was ordered with that key"),
    instant("expires_at"),
    Column("max_uses", Integer, nullable=False),
    Column("use_count", Integer, nullable=False, server_default="0"),
    instant("last_accessed_at", nullable=True),
    CheckConstraint("use_count between 0 and max_uses", name="used_within"),
    CheckConstraint("amount > 0", name="amount_positive"),
    Index(
        "uq_portal_session_key",
        "organisation_id",
        "key_hash",
        unique=True,
        postgresql_where=sql(f"status in {OPEN}"),
    ),
    Index("ix_portal_session_created", "organisation_id", "created_at", "id"),
    Index("ix_portal_session_status", "organisation_id", "status", "created_at", "id"),
    Index("ix_portal_session_client", "organisation_id", "client_id", "created_at", "id"),
    Index("ix_portal_session_expiry", "organisation_id", "expires_at", postgresql_where=sql(f"status in {OPEN}")),
    info=TENANT,
)

portal_link = Table(
    "portal_link",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    Column("organisation_id", Uuid, nullable=False),
    Column("session_id", Uuid, nullable=False, unique=True),
    comment="where a token leads, across tenants and so outside row-level security; hashes only",
)

portal_audit = Table(
    "portal_audit",
    metadata,
    Column("id", Uuid, primary_key=True),
    tenant(),
    reference("session_id"),
    text("event"),
    text("actor"),
    text("previous_status", nullable=True),
    text("new_status", nullable=True),
    Column("ip_hash", Text, comment="HMAC-SHA-256 under a key of the month"),
    Column("ua_hash", Text, comment="HMAC-SHA-256 under a key of the month"),
    text("correlation_id"),
    Column("data", JSONB, nullable=False),
    instant("occurred_at"),
    Index("ix_portal_audit_session", "organisation_id", "session_id", "id"),
    Index(
        "ix_portal_audit_visitor",
        "organisation_id",
        "ip_hash",
        "occurred_at",
        postgresql_where=sql("ip_hash is not null"),
    ),
    comment="append-only; a trigger refuses changes",
    info=TENANT,
)

portal_page = Table(
    "portal_page",
    metadata,
    Column("id", Uuid, primary_key=True, comment="the payment's, where it is for one"),
    tenant(),
    reference("session_id"),
    text("purpose"),
    reference("psp_account_id"),
    text("provider_page_id", nullable=True),
    text("success_url"),
    text("cancel_url"),
    text("page_url", nullable=True),
    instant("closes_at"),
    instant("returned_at", nullable=True),
    Column("given_up", Boolean, nullable=False, server_default="false", comment="its customer came back unpaid"),
    instant("looked_at", nullable=True),
    instant("finished_at", nullable=True),
    text("outcome", nullable=True),
    Index("ix_portal_page_session", "organisation_id", "session_id", "id"),
    Index("ix_portal_page_open", "organisation_id", "closes_at", postgresql_where=sql("finished_at is null")),
    comment="the provider's pages that links led to: to pay, or to leave a card",
    info=TENANT,
)

portal_return = Table(
    "portal_return",
    metadata,
    Column("state_hash", LargeBinary, primary_key=True),
    Column("organisation_id", Uuid, nullable=False),
    Column("page_id", Uuid, nullable=False, unique=True),
    comment="where a return address leads, across tenants and so outside row-level security; hashes only",
)

portal_claim = Table(
    "portal_claim",
    metadata,
    tenant(),
    Column("item_id", Uuid, nullable=False),
    reference("payment_id"),
    PrimaryKeyConstraint("organisation_id", "item_id"),
    Index("ix_portal_claim_payment", "organisation_id", "payment_id"),
    comment="what a payment under way pays: a second link for the same thing cannot begin another",
    info=TENANT,
)
