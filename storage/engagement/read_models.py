"""What the dashboards read: other actors' facts, laid out by date."""

from sqlalchemy import Column, Date, Index, Integer, MetaData, PrimaryKeyConstraint, Table, Text, Uuid

from storage.columns import amount, instant, reference, text
from storage.shared.tables import NAMING_CONVENTION
from storage.tenancy import TENANT

metadata = MetaData(naming_convention=NAMING_CONVENTION)

contract_ref = Table(
    "contract_ref",
    metadata,
    Column("organisation_id", Uuid, nullable=False),
    Column("contract_id", Uuid, nullable=False),
    text("reference"),
    Column("version", Integer, nullable=False),
    PrimaryKeyConstraint("organisation_id", "contract_id"),
    comment="the newest version applied of each contract of contrats",
    info=TENANT,
)

contract_period = Table(
    "contract_period",
    metadata,
    Column("organisation_id", Uuid, nullable=False),
    Column("contract_id", Uuid, nullable=False),
    Column("valid_from", Date, nullable=False),
    Column("valid_to", Date, comment="exclusive; null = still so"),
    text("state"),
    amount("mrr"),
    amount("arr"),
    Column("currency", Text, nullable=False),
    reference("company_id"),
    reference("client_id"),
    reference("sales_rep_id", nullable=True),
    PrimaryKeyConstraint("organisation_id", "contract_id", "valid_from"),
    Index("ix_contract_period_dates", "organisation_id", "valid_from", "valid_to"),
    comment="in which state a contract was from when to when, and its recurring revenue then",
    info=TENANT,
)

invoice_fact = Table(
    "invoice_fact",
    metadata,
    Column("organisation_id", Uuid, nullable=False),
    Column("invoice_id", Uuid, nullable=False),
    text("kind"),
    text("number", nullable=True),
    Column("issue_date", Date),
    Column("due_date", Date),
    amount("net"),
    amount("gross"),
    amount("outstanding"),
    text("currency"),
    text("status"),
    reference("company_id"),
    reference("client_id"),
    reference("contract_id", nullable=True),
    reference("sales_rep_id", nullable=True),
    Column("version", Integer, nullable=False),
    PrimaryKeyConstraint("organisation_id", "invoice_id"),
    Index("ix_invoice_fact_issued", "organisation_id", "issue_date"),
    Index("ix_invoice_fact_due", "organisation_id", "due_date"),
    comment="invoices and credit notes of factures",
    info=TENANT,
)

money_fact = Table(
    "money_fact",
    metadata,
    Column("organisation_id", Uuid, nullable=False),
    Column("payment_id", Uuid, nullable=False),
    text("kind"),
    text("key"),
    Column("on_date", Date, nullable=False),
    amount("amount"),
    text("currency"),
    reference("company_id"),
    reference("client_id"),
    reference("contract_id", nullable=True),
    PrimaryKeyConstraint("organisation_id", "payment_id", "kind", "key"),
    Index("ix_money_fact_date", "organisation_id", "on_date"),
    comment="money that came in (positive) or went back (negative), by date",
    info=TENANT,
)

freshness = Table(
    "freshness",
    metadata,
    Column("organisation_id", Uuid, primary_key=True),
    instant("fresh_at"),
    comment="the time of the last fact the figures hold",
    info=TENANT,
)
