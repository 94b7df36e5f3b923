"""What clients keeps of other actors' facts: companies, contracts, bills, payments, standing, accounts; and the timeline."""

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy import text as condition
from sqlalchemy.dialects.postgresql import JSONB

from storage.columns import amount, instant, reference, tenant, text
from storage.shared.tables import NAMING_CONVENTION
from storage.tenancy import TENANT

metadata = MetaData(naming_convention=NAMING_CONVENTION)

company_ref = Table(
    "company_ref",
    metadata,
    tenant(),
    reference("company_id"),
    text("code"),
    text("legal_name"),
    text("status"),
    Column("version", Integer, nullable=False),
    PrimaryKeyConstraint("organisation_id", "company_id"),
    comment="projection of identity",
    info=TENANT,
)

retention_ref = Table(
    "retention_ref",
    metadata,
    tenant(),
    text("category"),
    Column("months", Integer, nullable=False),
    Column("version", Integer, nullable=False),
    PrimaryKeyConstraint("organisation_id", "category"),
    comment="projection of identity: periods that the organisation chose itself",
    info=TENANT,
)

user_ref = Table(
    "user_ref",
    metadata,
    Column("user_id", Uuid, primary_key=True),
    text("name"),
    Column("version", Integer, nullable=False),
    comment="projection of identity; without tenant, reached through the owners of clients",
)

contract_ref = Table(
    "contract_ref",
    metadata,
    tenant(),
    reference("contract_id"),
    reference("client_id"),
    text("reference"),
    text("status"),
    amount("mrr"),
    text("currency"),
    Column("effective_on", Date, nullable=False),
    Column("ended_on", Date),
    Column("was_in_force", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
    PrimaryKeyConstraint("organisation_id", "contract_id"),
    Index("ix_contract_ref_client", "organisation_id", "client_id"),
    comment="projection of contrats",
    info=TENANT,
)

invoice_ref = Table(
    "invoice_ref",
    metadata,
    tenant(),
    reference("invoice_id"),
    reference("client_id"),
    text("number", nullable=True),
    amount("gross"),
    amount("credited"),
    text("currency"),
    Column("issued_on", Date),
    Column("due_on", Date),
    Column("late_from", Date, comment="the first day on which it is late when open; waits for a planned debit"),
    Column("settled", Boolean, nullable=False, comment="factures says nothing is open any more"),
    Column("rejected", Boolean, nullable=False, comment="the newest debit of it failed"),
    PrimaryKeyConstraint("organisation_id", "invoice_id"),
    Index("ix_invoice_ref_client", "organisation_id", "client_id"),
    Index(
        "ix_invoice_ref_open",
        "organisation_id",
        "late_from",
        postgresql_include=["client_id", "invoice_id", "gross", "credited", "currency"],
        postgresql_where=condition("not settled"),
    ),
    comment="projection of factures",
    info=TENANT,
)

credit_ref = Table(
    "credit_ref",
    metadata,
    tenant(),
    reference("credit_note_id"),
    reference("invoice_id"),
    amount("gross"),
    PrimaryKeyConstraint("organisation_id", "credit_note_id", "invoice_id"),
    Index("ix_credit_ref_invoice", "organisation_id", "invoice_id"),
    comment="projection of factures: what a credit note takes off an invoice",
    info=TENANT,
)

payment_ref = Table(
    "payment_ref",
    metadata,
    tenant(),
    reference("payment_id"),
    reference("client_id"),
    reference("invoice_id", nullable=True),
    amount("amount"),
    amount("refunded"),
    text("currency"),
    text("status"),
    Column("on_date", Date, nullable=False),
    Column("version", Integer, nullable=False),
    PrimaryKeyConstraint("organisation_id", "payment_id"),
    Index("ix_payment_ref_client", "organisation_id", "client_id", "on_date"),
    comment="projection of payments",
    info=TENANT,
)

invoice_payment_ref = Table(
    "invoice_payment_ref",
    metadata,
    tenant(),
    reference("invoice_id"),
    reference("payment_id"),
    reference("client_id"),
    amount("allocated_after"),
    Column("version", Integer, nullable=False),
    PrimaryKeyConstraint("organisation_id", "invoice_id", "payment_id"),
    Index("ix_invoice_payment_ref_client", "organisation_id", "client_id"),
    comment="projection of payments: the newest cumulated allocation",
    info=TENANT,
)

instalment_ref = Table(
    "instalment_ref",
    metadata,
    tenant(),
    reference("instalment_id"),
    reference("client_id"),
    amount("amount"),
    text("currency"),
    Column("debit_on", Date, nullable=False),
    Column("open", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
    PrimaryKeyConstraint("organisation_id", "instalment_id"),
    Index("ix_instalment_ref_client", "organisation_id", "client_id", "debit_on"),
    comment="projection of payments",
    info=TENANT,
)

standing_ref = Table(
    "standing_ref",
    metadata,
    tenant(),
    reference("client_id"),
    Column("company_id", Uuid, nullable=False, comment="the nil id when it is not about one company"),
    text("standing"),
    text("risk"),
    Column("version", Integer, nullable=False),
    PrimaryKeyConstraint("organisation_id", "client_id", "company_id"),
    comment="projection of payments",
    info=TENANT,
)

bank_details_ref = Table(
    "bank_details_ref",
    metadata,
    tenant(),
    reference("bank_details_id"),
    reference("client_id"),
    text("iban_country"),
    text("iban_masked"),
    text("iban_fingerprint"),
    text("holder_name"),
    text("status"),
    Column("version", Integer, nullable=False),
    PrimaryKeyConstraint("organisation_id", "bank_details_id"),
    Index("ix_bank_details_ref_client", "organisation_id", "client_id"),
    Index("ix_bank_details_ref_fingerprint", "organisation_id", "iban_fingerprint"),
    comment="projection of payments; the account number itself never comes here",
    info=TENANT,
)

mandate_ref = Table(
    "mandate_ref",
    metadata,
    tenant(),
    reference("mandate_id"),
    reference("client_id"),
    reference("bank_details_id", nullable=True),
    text("rum"),
    text("status"),
    Column("version", Integer, nullable=False),
    PrimaryKeyConstraint("organisation_id", "mandate_id"),
    Index("ix_mandate_ref_client", "organisation_id", "client_id"),
    comment="projection of payments",
    info=TENANT,
)

sales_rep_ref = Table(
    "sales_rep_ref",
    metadata,
    tenant(),
    reference("rep_id"),
    text("code"),
    text("display_name"),
    Column("active", Boolean, nullable=False),
    reference("transfer_to_rep_id", nullable=True),
    Column("version", Integer, nullable=False),
    PrimaryKeyConstraint("organisation_id", "rep_id"),
    comment="projection of commercial",
    info=TENANT,
)

timeline_entry = Table(
    "timeline_entry",
    metadata,
    Column("id", Uuid, primary_key=True),
    tenant(),
    reference("client_id"),
    instant("occurred_at"),
    text("kind"),
    text("source_actor"),
    text("source_event_id"),
    text("key"),
    reference("ref_id"),
    Column("params", JSONB, nullable=False),
    amount("amount", nullable=True),
    text("currency", nullable=True),
    UniqueConstraint("organisation_id", "source_event_id", "client_id"),
    Index("ix_timeline_entry_client", "organisation_id", "client_id", "occurred_at", "id"),
    info=TENANT,
)

document_ref = Table(
    "document_ref",
    metadata,
    tenant(),
    reference("document_id"),
    reference("client_id"),
    text("type"),
    text("filename"),
    Column("version", Integer, nullable=False),
    PrimaryKeyConstraint("organisation_id", "document_id"),
    Index("ix_document_ref_client", "organisation_id", "client_id"),
    comment="projection of documents",
    info=TENANT,
)
