"""Recovery: policies, cases with their items, plans with their attempts, reminders and orders to cut a service."""

from typing import Any

from sqlalchemy import Boolean, CheckConstraint, Column, Date, Index, Integer, Table, UniqueConstraint, Uuid
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB

from storage.columns import aggregate, amount, instant, reference, tenant, text
from storage.payments.tables.metadata import metadata
from storage.tenancy import TENANT


def _policy() -> tuple[Column[Any], ...]:
    return (
        *aggregate(),
        text("name"),
        reference("company_id", nullable=True),
        text("product_code", nullable=True),
        text("channel", nullable=True),
        text("payment_method", nullable=True),
        text("customer_type", nullable=True),
        Column("terms", JSONB, nullable=False),
        Column("priority", Integer, nullable=False),
        Column("is_default", Boolean, nullable=False),
        Column("is_active", Boolean, nullable=False),
    )


retry_policy = Table(
    "retry_policy",
    metadata,
    *_policy(),
    Index("ix_retry_policy_created", "organisation_id", "created_at", "id"),
    Index(
        "uq_retry_policy_default",
        "organisation_id",
        unique=True,
        postgresql_where=sql("is_default and is_active"),
    ),
    Index(
        "uq_retry_policy_scope",
        "organisation_id",
        "company_id",
        "product_code",
        "channel",
        "payment_method",
        "customer_type",
        "priority",
        unique=True,
        postgresql_nulls_not_distinct=True,
        postgresql_where=sql("is_active and not is_default"),
    ),
    info=TENANT,
)

dunning_policy = Table(
    "dunning_policy",
    metadata,
    *_policy(),
    text("code"),
    UniqueConstraint("organisation_id", "code", name="uq_dunning_policy_code"),
    Index("ix_dunning_policy_created", "organisation_id", "created_at", "id"),
    Index(
        "uq_dunning_policy_default",
        "organisation_id",
        unique=True,
        postgresql_where=sql("is_default and is_active"),
    ),
    info=TENANT,
)

recovery_case = Table(
    "recovery_case",
    metadata,
    *aggregate(),
    text("number"),
    reference("company_id"),
    reference("client_id"),
    reference("contract_id", nullable=True),
    text("customer_type"),
    text("status"),
    Column("level", Integer, nullable=False),
    text("service_state"),
    Column("episode", Integer, nullable=False),
    Column("opened_on", Date, nullable=False),
    Column("rejection_count", Integer, nullable=False),
    Column("retries_exhausted", Boolean, nullable=False),
    Column("risk_flag", Boolean, nullable=False),
    reference("policy_id", nullable=True),
    Column("terms", JSONB, nullable=False, comment="the ladder, frozen when the case opened"),
    Column("due_steps", JSONB, nullable=False, comment="steps that were due and postponed"),
    instant("next_step_due_at", nullable=True),
    amount("outstanding"),
    text("currency"),
    text("pause_reason", nullable=True),
    Column("paused_until", Date),
    text("close_reason", nullable=True),
    Column("closed_on", Date),
    Column("unpaid_on", Date, comment="when level 3 was reached"),
    reference("assigned_to", nullable=True),
    UniqueConstraint("organisation_id", "number"),
    CheckConstraint("outstanding >= 0", name="outstanding_not_negative"),
    CheckConstraint("status <> 'CLOSED' or close_reason is not null", name="closed_says_why"),
    Index(
        "uq_recovery_case_open",
        "organisation_id",
        "company_id",
        "client_id",
        "contract_id",
        unique=True,
        postgresql_nulls_not_distinct=True,
        postgresql_where=sql("status <> 'CLOSED'"),
    ),
    Index("ix_recovery_case_created", "organisation_id", "created_at", "id"),
    Index("ix_recovery_case_client", "organisation_id", "client_id", "created_at", "id"),
    Index("ix_recovery_case_due", "organisation_id", "status", "next_step_due_at"),
    info=TENANT,
)

recovery_item = Table(
    "recovery_item",
    metadata,
    *aggregate(),
    reference("case_id"),
    reference("instalment_id"),
    reference("invoice_id", nullable=True),
    reference("payment_id"),
    Column("due_date", Date, nullable=False),
    amount("principal"),
    amount("outstanding"),
    text("status"),
    text("last_reason_code"),
    Column("defaulted_on", Date),
    UniqueConstraint("organisation_id", "instalment_id", name="uq_recovery_item_receivable"),
    CheckConstraint("outstanding >= 0 and outstanding <= principal", name="outstanding_within_principal"),
    Index("ix_recovery_item_case", "organisation_id", "case_id"),
    info=TENANT,
)

retry_plan = Table(
    "retry_plan",
    metadata,
    *aggregate(),
    reference("case_id"),
    reference("item_id"),
    reference("client_id"),
    reference("contract_id", nullable=True),
    reference("invoice_id", nullable=True),
    reference("original_payment_id"),
    reference("mandate_id", nullable=True),
    text("reason_code"),
    Column("first_rejection", Date, nullable=False),
    Column("terms", JSONB, nullable=False, comment="the policy, frozen when the plan was made"),
    Column("lead_target_days", Integer, nullable=False),
    amount("amount"),
    text("currency"),
    text("eligibility"),
    text("status"),
    Column("attempts_made", Integer, nullable=False),
    Column("max_attempts", Integer, nullable=False),
    text("resolution_reason", nullable=True),
    UniqueConstraint("organisation_id", "original_payment_id", name="uq_retry_plan_root"),
    Index("ix_retry_plan_created", "organisation_id", "created_at", "id"),
    Index("ix_retry_plan_case", "organisation_id", "case_id"),
    Index("ix_retry_plan_client", "organisation_id", "client_id", "created_at", "id"),
    info=TENANT,
)

retry_attempt = Table(
    "retry_attempt",
    metadata,
    Column("id", Uuid, primary_key=True),
    tenant(),
    Column("version", Integer, nullable=False),
    reference("plan_id"),
    Column("number", Integer, nullable=False),
    Column("planned_collection_date", Date, nullable=False),
    instant("submit_at"),
    text("status"),
    reference("mandate_id", nullable=True),
    reference("payment_id", nullable=True),
    amount("amount", nullable=True),
    text("new_reason_code", nullable=True),
    instant("created_at"),
    instant("updated_at"),
    UniqueConstraint("organisation_id", "plan_id", "number", name="uq_retry_attempt_number"),
    Index("ix_retry_attempt_due", "organisation_id", "status", "submit_at", "id"),
    Index("ix_retry_attempt_mandate", "organisation_id", "mandate_id", "planned_collection_date"),
    Index("ix_retry_attempt_payment", "organisation_id", "payment_id"),
    info=TENANT,
)

dunning_step_done = Table(
    "dunning_step_done",
    metadata,
    Column("id", Uuid, primary_key=True),
    tenant(),
    reference("case_id"),
    Column("episode", Integer, nullable=False),
    text("step_code"),
    Column("skipped", Boolean, nullable=False),
    instant("executed_at"),
    UniqueConstraint("organisation_id", "case_id", "step_code", name="uq_dunning_step_done"),
    comment="a step is executed once per case: a reopened case keeps its level and its steps",
    info=TENANT,
)

reminder = Table(
    "reminder",
    metadata,
    *aggregate(),
    reference("company_id"),
    reference("client_id"),
    reference("contract_id", nullable=True),
    reference("invoice_id", nullable=True),
    reference("case_id"),
    text("step_code", nullable=True),
    text("channel"),
    text("template_key"),
    Column("variables", JSONB, nullable=False),
    instant("planned_at"),
    instant("sent_at", nullable=True),
    text("status"),
    text("skip_reason", nullable=True),
    text("key"),
    UniqueConstraint("organisation_id", "key"),
    Index("ix_reminder_due", "organisation_id", "status", "planned_at", "id"),
    Index("ix_reminder_created", "organisation_id", "created_at", "id"),
    Index("ix_reminder_client", "organisation_id", "client_id", "sent_at"),
    Index("ix_reminder_case", "organisation_id", "case_id", "created_at", "id"),
    info=TENANT,
)

suspension_request = Table(
    "suspension_request",
    metadata,
    *aggregate(),
    reference("case_id"),
    reference("contract_id"),
    text("status"),
    instant("requested_at"),
    instant("confirmed_at", nullable=True),
    instant("lift_requested_at", nullable=True),
    Column("tries", Integer, nullable=False),
    instant("next_try_at", nullable=True),
    Index("ix_suspension_request_created", "organisation_id", "created_at", "id"),
    Index("ix_suspension_request_case", "organisation_id", "case_id"),
    Index("ix_suspension_request_retry", "organisation_id", "next_try_at"),
    info=TENANT,
)

case_number_block = Table(
    "case_number_block",
    metadata,
    Column("organisation_id", Uuid, primary_key=True),
    Column("next_number", Integer, nullable=False),
    info=TENANT,
)
