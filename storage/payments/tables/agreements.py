"""What was agreed with debtors: promises to pay, and plans to settle a debt in several dates."""

from sqlalchemy import Column, Date, Index, Integer, Table, UniqueConstraint, Uuid
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB

from storage.columns import aggregate, amount, instant, reference, tenant, text
from storage.payments.tables.metadata import metadata
from storage.tenancy import TENANT

payment_promise = Table(
    "payment_promise",
    metadata,
    *aggregate(),
    reference("case_id"),
    reference("client_id"),
    Column("episode", Integer, nullable=False),
    amount("amount"),
    text("currency"),
    Column("promised_on", Date, nullable=False),
    Column("waits_until", Date, nullable=False),
    text("made_via"),
    text("status"),
    amount("owed_before"),
    Index(
        "uq_payment_promise_pending",
        "organisation_id",
        "case_id",
        unique=True,
        postgresql_where=sql("status = 'PENDING'"),
    ),
    Index("ix_payment_promise_created", "organisation_id", "created_at", "id"),
    Index("ix_payment_promise_case", "organisation_id", "case_id", "created_at", "id"),
    Index("ix_payment_promise_client", "organisation_id", "client_id", "created_at", "id"),
    Index("ix_payment_promise_wait", "organisation_id", "status", "waits_until"),
    info=TENANT,
)

settlement_plan = Table(
    "settlement_plan",
    metadata,
    *aggregate(),
    reference("case_id"),
    reference("client_id"),
    Column("item_ids", JSONB, nullable=False, comment="the receivables it settles"),
    amount("total"),
    text("currency"),
    text("frequency"),
    text("collection"),
    text("status"),
    Column("proposed_until", Date, nullable=False),
    instant("accepted_at", nullable=True),
    reference("proof_document_id", nullable=True),
    reference("proof_session_id", nullable=True),
    Index(
        "uq_settlement_plan_running",
        "organisation_id",
        "case_id",
        unique=True,
        postgresql_where=sql("status in ('PROPOSED', 'ACTIVE')"),
    ),
    Index("ix_settlement_plan_created", "organisation_id", "created_at", "id"),
    Index("ix_settlement_plan_case", "organisation_id", "case_id", "created_at", "id"),
    Index("ix_settlement_plan_client", "organisation_id", "client_id", "created_at", "id"),
    Index("ix_settlement_plan_proposed", "organisation_id", "status", "proposed_until"),
    info=TENANT,
)

settlement_tranche = Table(
    "settlement_tranche",
    metadata,
    Column("id", Uuid, primary_key=True),
    tenant(),
    reference("plan_id"),
    Column("number", Integer, nullable=False),
    Column("due_on", Date, nullable=False),
    amount("amount"),
    text("status"),
    UniqueConstraint("organisation_id", "plan_id", "number", name="uq_settlement_tranche_number"),
    Index("ix_settlement_tranche_due", "organisation_id", "status", "due_on"),
    info=TENANT,
)
