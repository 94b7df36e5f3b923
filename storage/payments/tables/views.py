"""What payments keeps of the other actors' aggregates."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    Index,
    Integer,
    Numeric,
    PrimaryKeyConstraint,
    Table,
)  # fmt: skip
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB

from storage.columns import amount, reference, tenant, text
from storage.payments.tables.metadata import metadata
from storage.tenancy import TENANT

company_view = Table(
    "company_view",
    metadata,
    tenant(),
    reference("company_id"),
    text("code"),
    text("legal_name"),
    text("siren", nullable=True),
    text("sepa_creditor_id", nullable=True),
    text("timezone"),
    text("status"),
    Column("version", Integer, nullable=False),
    PrimaryKeyConstraint("organisation_id", "company_id"),
    comment="projection of identity",
    info=TENANT,
)

client_view = Table(
    "client_view",
    metadata,
    tenant(),
    reference("client_id"),
    text("client_code"),
    text("kind"),
    text("display_name"),
    text("blocked_scope", nullable=True),
    Column("deceased", Boolean, nullable=False),
    Column("insolvent", Boolean, nullable=False, server_default="false"),
    Column("billing_address", JSONB),
    Column("version", Integer, nullable=False),
    PrimaryKeyConstraint("organisation_id", "client_id"),
    comment="projection of clients",
    info=TENANT,
)

holiday_view = Table(
    "holiday_view",
    metadata,
    tenant(),
    reference("holiday_id"),
    text("zone"),
    Column("date", Date, nullable=False),
    Column("closed", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
    PrimaryKeyConstraint("organisation_id", "holiday_id"),
    Index("ix_holiday_view_date", "organisation_id", "zone", "date"),
    comment="projection of calendar: days that are closed beside the computed ones",
    info=TENANT,
)

contract_view = Table(
    "contract_view",
    metadata,
    tenant(),
    reference("contract_id"),
    reference("client_id", nullable=True),
    reference("company_id", nullable=True),
    text("reference", nullable=True),
    text("status", nullable=True),
    text("sales_channel", nullable=True),
    Column("concluded_on", Date),
    Column("starts_on", Date),
    Column("ends_on", Date),
    Column("withdrawal_applicable", Boolean),
    Column("withdrawal_ends_on", Date),
    Column("first_payment_not_before", Date),
    Column("collectable_from", Date),
    Column("locked", Boolean, nullable=False, server_default="false"),
    Column("quality_approved_on", Date),
    Column("version", Integer, nullable=False),
    Column("collection_version", Integer, nullable=False, server_default="0"),
    Column("quality_version", Integer, nullable=False, server_default="0"),
    PrimaryKeyConstraint("organisation_id", "contract_id"),
    comment="projection of contrats; gates have versions of their own because their facts are not snapshots",
    info=TENANT,
)

invoice_view = Table(
    "invoice_view",
    metadata,
    tenant(),
    reference("invoice_id"),
    reference("client_id"),
    reference("company_id"),
    reference("contract_id", nullable=True),
    text("number", nullable=True),
    text("status"),
    Column("issue_date", Date),
    Column("due_date", Date),
    Column("period_start", Date),
    text("payment_method", nullable=True),
    amount("due"),
    amount("credited"),
    amount("allocated"),
    Column(
        "settled_elsewhere", Numeric(14, 2), nullable=False, server_default="0", comment="by hand, outside payments"
    ),
    text("currency"),
    amount("gross", nullable=True),
    amount("vat", nullable=True),
    Column("deposit_net", Numeric(14, 2), nullable=False, server_default="0", comment="deducted by a final invoice"),
    Column("deposit_vat", Numeric(14, 2), nullable=False, server_default="0"),
    Column("net_by_account", JSONB, comment="revenue account -> net; what the ledger posts"),
    Column("version", Integer, nullable=False),
    PrimaryKeyConstraint("organisation_id", "invoice_id"),
    CheckConstraint("allocated >= 0 and allocated <= due", name="allocated_within_due"),
    Index("ix_invoice_view_client", "organisation_id", "client_id", "due_date"),
    Index("ix_invoice_view_issued", "organisation_id", "issue_date", "invoice_id"),
    Index(
        "ix_invoice_view_open",
        "organisation_id",
        "issue_date",
        "invoice_id",
        postgresql_where=sql("due - credited - allocated > settled_elsewhere"),
    ),
    Index("ix_invoice_view_contract", "organisation_id", "contract_id", "period_start"),
    comment="projection of factures, with what payments has settled of it",
    info=TENANT,
)

invoice_credit = Table(
    "invoice_credit",
    metadata,
    tenant(),
    reference("credit_note_id"),
    reference("invoice_id"),
    amount("amount"),
    amount("vat", nullable=True),
    Column("issued_on", Date),
    PrimaryKeyConstraint("organisation_id", "credit_note_id", "invoice_id"),
    comment="credit notes that were counted already",
    info=TENANT,
)
