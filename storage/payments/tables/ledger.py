"""The double-entry sub-ledger and its exports."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    Date,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
    Uuid,
)

from storage.columns import aggregate, amount, instant, reference, tenant, text
from storage.payments.tables.metadata import metadata
from storage.tenancy import TENANT

journal_entry = Table(
    "journal_entry",
    metadata,
    Column("id", Uuid, primary_key=True),
    tenant(),
    reference("company_id"),
    text("journal"),
    Column("fiscal_year", Integer, nullable=False),
    Column("number", Integer, nullable=False, comment="without gaps per company, journal and year"),
    Column("entry_date", Date, nullable=False),
    text("piece_ref"),
    text("label"),
    text("rule"),
    text("posting_key"),
    instant("posted_at"),
    UniqueConstraint("organisation_id", "posting_key", name="uq_journal_entry_posting"),
    UniqueConstraint(
        "organisation_id", "company_id", "journal", "fiscal_year", "number", name="uq_journal_entry_number"
    ),
    Index("ix_journal_entry_date", "organisation_id", "company_id", "entry_date", "id"),
    comment="append-only; triggers refuse changes and unbalanced entries",
    info=TENANT,
)

journal_line = Table(
    "journal_line",
    metadata,
    tenant(),
    reference("entry_id"),
    Column("line_no", Integer, nullable=False),
    text("account"),
    reference("client_id", nullable=True),
    amount("debit"),
    amount("credit"),
    PrimaryKeyConstraint("organisation_id", "entry_id", "line_no"),
    CheckConstraint("debit >= 0 and credit >= 0 and (debit > 0) <> (credit > 0)", name="one_side"),
    Index("ix_journal_line_account", "organisation_id", "account", "client_id"),
    info=TENANT,
)

journal_counter = Table(
    "journal_counter",
    metadata,
    tenant(),
    reference("company_id"),
    text("journal"),
    Column("fiscal_year", Integer, nullable=False),
    Column("last_number", Integer, nullable=False),
    PrimaryKeyConstraint("organisation_id", "company_id", "journal", "fiscal_year"),
    info=TENANT,
)

lettering = Table(
    "lettering",
    metadata,
    tenant(),
    reference("entry_id"),
    Column("line_no", Integer, nullable=False),
    reference("company_id"),
    text("account"),
    reference("client_id"),
    text("letter"),
    Column("lettered_on", Date, nullable=False),
    PrimaryKeyConstraint("organisation_id", "entry_id", "line_no"),
    Index("ix_lettering_letter", "organisation_id", "company_id", "account", "client_id", "letter"),
    comment="beside the lines, which never change",
    info=TENANT,
)

letter_counter = Table(
    "letter_counter",
    metadata,
    tenant(),
    reference("company_id"),
    text("account"),
    reference("client_id"),
    Column("last_number", Integer, nullable=False),
    PrimaryKeyConstraint("organisation_id", "company_id", "account", "client_id"),
    info=TENANT,
)

accounting_period = Table(
    "accounting_period",
    metadata,
    tenant(),
    reference("company_id"),
    Column("closed_until", Date, nullable=False),
    instant("changed_at"),
    text("changed_by"),
    PrimaryKeyConstraint("organisation_id", "company_id"),
    info=TENANT,
)

export_job = Table(
    "export_job",
    metadata,
    *aggregate(),
    reference("company_id"),
    text("type"),
    Column("period_from", Date, nullable=False),
    Column("period_to", Date, nullable=False),
    text("status"),
    text("file_name", nullable=True),
    text("sha256", nullable=True),
    Column("size", Integer),
    Column("record_count", Integer),
    Index("ix_export_job_created", "organisation_id", "created_at", "id"),
    info=TENANT,
)
