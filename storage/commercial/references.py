"""What commercial keeps of other actors' facts: contracts, bills, collections, products and names."""

from sqlalchemy import Boolean, Column, Date, Index, Integer, MetaData, Numeric, PrimaryKeyConstraint, Table, Uuid

from storage.columns import amount, reference, tenant, text
from storage.shared.tables import NAMING_CONVENTION
from storage.tenancy import TENANT

metadata = MetaData(naming_convention=NAMING_CONVENTION)

contract_ref = Table(
    "contract_ref",
    metadata,
    tenant(),
    reference("contract_id"),
    text("reference"),
    text("status"),
    reference("client_id"),
    reference("company_id"),
    reference("sales_rep_id"),
    text("currency"),
    text("sales_channel"),
    text("source_channel", nullable=True),
    Column("created_on", Date, nullable=False),
    Column("effective_on", Date, nullable=False),
    Column("commitment_ends_on", Date),
    Column("signed_on", Date),
    Column("quality_approved_on", Date),
    Column("quality_rejected_on", Date),
    Column("activated_on", Date),
    Column("first_collected_on", Date),
    Column("ended_on", Date, comment="commissions are earned for instalments due until then"),
    Column("suspended", Boolean, nullable=False),
    Column("attribution_version", Integer, nullable=False),
    Column("version", Integer, nullable=False),
    PrimaryKeyConstraint("organisation_id", "contract_id"),
    comment="projection of contrats",
    info=TENANT,
)

contract_line_ref = Table(
    "contract_line_ref",
    metadata,
    tenant(),
    reference("line_id"),
    reference("contract_id"),
    reference("product_id"),
    text("description"),
    text("kind"),
    text("billing_period"),
    Column("quantity", Numeric(18, 6), nullable=False),
    amount("net"),
    Column("position", Integer, nullable=False),
    Column("version", Integer, nullable=False),
    PrimaryKeyConstraint("organisation_id", "line_id"),
    Index("ix_contract_line_ref_contract", "organisation_id", "contract_id"),
    comment="projection of contrats",
    info=TENANT,
)

instalment_ref = Table(
    "instalment_ref",
    metadata,
    tenant(),
    reference("billing_instalment_id"),
    reference("contract_id"),
    reference("invoice_id", nullable=True),
    Column("period_start", Date, nullable=False),
    Column("due_on", Date, nullable=False),
    amount("net"),
    amount("gross"),
    amount("collected_gross"),
    amount("highest_collected_gross"),
    amount("earned_net"),
    Column("first_collected_on", Date),
    Column("defaulted_on", Date),
    PrimaryKeyConstraint("organisation_id", "billing_instalment_id"),
    Index("ix_instalment_ref_contract", "organisation_id", "contract_id"),
    Index("ix_instalment_ref_invoice", "organisation_id", "invoice_id"),
    comment="what a contract bills, and how much of it was collected; highest_collected_gross never falls back",
    info=TENANT,
)

instalment_line_ref = Table(
    "instalment_line_ref",
    metadata,
    tenant(),
    reference("billing_instalment_id"),
    reference("line_id"),
    Column("position", Integer, nullable=False),
    amount("net"),
    PrimaryKeyConstraint("organisation_id", "billing_instalment_id", "line_id"),
    comment="the contract lines of an instalment",
    info=TENANT,
)

collection_ref = Table(
    "collection_ref",
    metadata,
    tenant(),
    reference("invoice_id"),
    reference("payment_id"),
    amount("allocated_after"),
    amount("booked"),
    Column("collected_on", Date, nullable=False),
    Column("version", Integer, nullable=False),
    PrimaryKeyConstraint("organisation_id", "invoice_id", "payment_id"),
    comment="the newest cumulated allocation of a payment on an invoice, and how much of it is shared out",
    info=TENANT,
)

collected_line = Table(
    "collected_line",
    metadata,
    Column("id", Uuid, primary_key=True),
    tenant(),
    reference("contract_id"),
    reference("line_id"),
    reference("billing_instalment_id"),
    reference("invoice_id"),
    reference("payment_id"),
    amount("net"),
    Column("collected_on", Date, nullable=False),
    Column("period_start", Date, nullable=False),
    Column("due_on", Date, nullable=False),
    Index("ix_collected_line_line", "organisation_id", "line_id", "collected_on", "id"),
    comment="the part of a collection, without VAT, that a contract line earns on; each amount once",
    info=TENANT,
)

product_ref = Table(
    "product_ref",
    metadata,
    tenant(),
    reference("product_id"),
    text("name"),
    text("product_type"),
    reference("range_id", nullable=True),
    Column("version", Integer, nullable=False),
    PrimaryKeyConstraint("organisation_id", "product_id"),
    comment="projection of products",
    info=TENANT,
)

client_ref = Table(
    "client_ref",
    metadata,
    tenant(),
    reference("client_id"),
    text("display_name"),
    reference("partner_id", nullable=True),
    Column("version", Integer, nullable=False),
    PrimaryKeyConstraint("organisation_id", "client_id"),
    comment="projection of clients",
    info=TENANT,
)

company_ref = Table(
    "company_ref",
    metadata,
    tenant(),
    reference("company_id"),
    text("code"),
    text("legal_name"),
    Column("version", Integer, nullable=False),
    PrimaryKeyConstraint("organisation_id", "company_id"),
    comment="projection of identity",
    info=TENANT,
)
