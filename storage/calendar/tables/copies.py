"""Tables of calendar, what others own: companies, clients and contracts."""

from sqlalchemy import Column, Date, Index, Integer, PrimaryKeyConstraint, Table, Text

from storage.calendar.tables.metadata import metadata
from storage.columns import amount, reference, tenant, text
from storage.tenancy import TENANT

company_copy = Table(
    "company_copy",
    metadata,
    tenant(),
    reference("company_id"),
    text("name"),
    text("timezone"),
    Column("version", Integer, nullable=False),
    PrimaryKeyConstraint("organisation_id", "company_id"),
    comment="projection of identity",
    info=TENANT,
)

merged_row = Table(
    "merged_row",
    metadata,
    tenant(),
    reference("merge_operation_id"),
    text("kind"),
    reference("row_id"),
    reference("original_client_id"),
    PrimaryKeyConstraint("organisation_id", "merge_operation_id", "kind", "row_id"),
    comment="what a survivor took over, so that an unmerge can give it back",
    info=TENANT,
)

client_copy = Table(
    "client_copy",
    metadata,
    tenant(),
    reference("client_id"),
    text("client_code", nullable=True),
    text("display_name"),
    text("holiday_zone", nullable=True),
    Column("version", Integer, nullable=False),
    PrimaryKeyConstraint("organisation_id", "client_id"),
    Index("ix_client_copy_code", "organisation_id", "client_code"),
    comment="projection of clients",
    info=TENANT,
)

contract_copy = Table(
    "contract_copy",
    metadata,
    tenant(),
    reference("contract_id"),
    reference("client_id"),
    reference("company_id"),
    text("reference", nullable=True),
    Column("status", Text, nullable=False),
    text("billing_policy", nullable=True),
    text("billing_frequency", nullable=True),
    amount("recurring_gross", nullable=True),
    text("payment_method", nullable=True),
    Column("starts_on", Date),
    Column("ends_on", Date),
    Column("version", Integer, nullable=False),
    PrimaryKeyConstraint("organisation_id", "contract_id"),
    Index("ix_contract_copy_reference", "organisation_id", "reference"),
    Index("ix_contract_copy_client", "organisation_id", "client_id"),
    comment="projection of contrats",
    info=TENANT,
)
