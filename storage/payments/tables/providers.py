"""Accounts at payment service providers, what clients saved there, and what providers report."""

from sqlalchemy import (
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB

from storage.columns import aggregate, instant, reference, tenant, text
from storage.payments.tables.metadata import metadata
from storage.tenancy import TENANT

psp_account = Table(
    "psp_account",
    metadata,
    *aggregate(),
    reference("company_id"),
    text("provider"),
    text("name"),
    text("mode"),
    text("status"),
    Column("credentials", LargeBinary, nullable=False, comment="encrypted JSON"),
    Column("webhook_secrets", LargeBinary, nullable=False, comment="encrypted JSON: the secret and the one before"),
    Column("methods", JSONB, nullable=False),
    Column("has_webhook_secret", Boolean, nullable=False),
    text("path_token"),
    text("clearing_account"),
    instant("previous_secret_until", nullable=True),
    instant("tested_at", nullable=True),
    Column("test_latency_ms", Integer),
    text("test_error", nullable=True),
    UniqueConstraint("organisation_id", "company_id", "name", name="uq_psp_account_name"),
    Index("ix_psp_account_created", "organisation_id", "created_at", "id"),
    info=TENANT,
)

psp_default = Table(
    "psp_default",
    metadata,
    tenant(),
    reference("company_id"),
    text("mode"),
    text("method"),
    reference("psp_account_id"),
    PrimaryKeyConstraint("organisation_id", "company_id", "mode", "method"),
    Index("ix_psp_default_account", "organisation_id", "psp_account_id"),
    comment="the account that a company's payments of a method go through when no rule says otherwise",
    info=TENANT,
)

payment_method = Table(
    "payment_method",
    metadata,
    *aggregate(),
    reference("client_id"),
    reference("psp_account_id"),
    text("kind"),
    Column("provider_token", LargeBinary, nullable=False, comment="encrypted"),
    text("token_digest"),
    text("provider_customer_id", nullable=True),
    text("brand", nullable=True),
    text("last4", nullable=True),
    Column("exp_month", Integer),
    Column("exp_year", Integer),
    text("status"),
    Column("is_default", Boolean, nullable=False),
    UniqueConstraint("organisation_id", "psp_account_id", "token_digest", name="uq_payment_method_token"),
    Index(
        "uq_payment_method_default",
        "organisation_id",
        "client_id",
        unique=True,
        postgresql_where=sql("is_default"),
    ),
    Index("ix_payment_method_client", "organisation_id", "client_id", "created_at", "id"),
    info=TENANT,
)

setup_session = Table(
    "setup_session",
    metadata,
    *aggregate(),
    reference("client_id"),
    reference("psp_account_id"),
    text("status"),
    text("success_url"),
    text("cancel_url"),
    text("provider_page_id", nullable=True),
    text("redirect_url", nullable=True),
    reference("payment_method_id", nullable=True),
    reference("mandate_id", nullable=True),
    Index("ix_setup_session_mandate", "organisation_id", "mandate_id", postgresql_where=sql("mandate_id is not null")),
    Index("ix_setup_session_page", "organisation_id", "psp_account_id", "provider_page_id"),
    Index("ix_setup_session_open", "organisation_id", "created_at", "id", postgresql_where=sql("status = 'OPEN'")),
    Index("ix_setup_session_client", "organisation_id", "client_id", "id"),
    info=TENANT,
)

psp_event = Table(
    "psp_event",
    metadata,
    Column("id", Uuid, primary_key=True),
    tenant(),
    reference("psp_account_id"),
    text("provider_event_id"),
    text("name"),
    text("subject"),
    text("object_id"),
    text("own_key", nullable=True),
    instant("occurred_at", nullable=True),
    Column("raw_body", LargeBinary, nullable=False, comment="encrypted"),
    text("status"),
    text("error", nullable=True),
    reference("payment_id", nullable=True),
    instant("received_at"),
    instant("processed_at", nullable=True),
    UniqueConstraint("organisation_id", "psp_account_id", "provider_event_id", name="uq_psp_event"),
    Index("ix_psp_event_received", "organisation_id", "received_at", "id"),
    Index("ix_psp_event_status", "organisation_id", "status", "received_at", "id"),
    comment="what providers said, each fact once; the state of money is read from them, never believed from here",
    info=TENANT,
)

rejected_webhook = Table(
    "rejected_webhook",
    metadata,
    Column("id", Uuid, primary_key=True),
    tenant(),
    reference("psp_account_id"),
    text("reason"),
    text("source_hash", nullable=True),
    Column("raw_start", LargeBinary, comment="encrypted: the first 2 KB of the body"),
    instant("at"),
    Index("ix_rejected_webhook_at", "organisation_id", "psp_account_id", "at"),
    comment="calls whose signature was not the provider's; capped",
    info=TENANT,
)

routing_rule = Table(
    "routing_rule",
    metadata,
    *aggregate(),
    reference("company_id"),
    text("name"),
    Column("priority", Integer, nullable=False),
    Column("conditions", JSONB, nullable=False, comment="RoutingConditions"),
    reference("psp_account_id"),
    Column("is_fallback", Boolean, nullable=False),
    Column("is_enabled", Boolean, nullable=False),
    Index("ix_routing_rule_created", "organisation_id", "created_at", "id"),
    Index("ix_routing_rule_order", "organisation_id", "company_id", "priority", "created_at"),
    info=TENANT,
)

provider_override = Table(
    "provider_override",
    metadata,
    *aggregate(),
    reference("company_id"),
    text("scope"),
    reference("scope_id"),
    reference("psp_account_id"),
    text("reason"),
    UniqueConstraint("organisation_id", "company_id", "scope", "scope_id", name="uq_provider_override_scope"),
    Index("ix_provider_override_created", "organisation_id", "created_at", "id"),
    info=TENANT,
)

provider_status_mapping = Table(
    "provider_status_mapping",
    metadata,
    *aggregate(),
    text("provider"),
    text("raw_status"),
    text("raw_reason"),
    text("status"),
    Column("is_active", Boolean, nullable=False),
    UniqueConstraint("organisation_id", "provider", "raw_status", "raw_reason", name="uq_provider_status_mapping_word"),
    Index("ix_provider_status_mapping_created", "organisation_id", "created_at", "id"),
    comment="what a provider's word means to the organisation; raw_reason is empty for any reason",
    info=TENANT,
)

psp_circuit = Table(
    "psp_circuit",
    metadata,
    tenant(),
    reference("psp_account_id"),
    Column("consecutive_failures", Integer, nullable=False),
    instant("opened_at", nullable=True),
    instant("open_until", nullable=True),
    Column("open_seconds", Integer, nullable=False),
    PrimaryKeyConstraint("organisation_id", "psp_account_id"),
    comment="technical failures in a row; declines never count",
    info=TENANT,
)
