"""What companies settle for their documents: series, settings, pictures, closings, rates and words."""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Integer,
    LargeBinary,
    Numeric,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB

from storage.columns import amount, instant, reference, tenant, text
from storage.factures.tables.metadata import metadata
from storage.tenancy import TENANT

numbering_series = Table(
    "numbering_series",
    metadata,
    Column("id", Uuid, primary_key=True),
    tenant(),
    reference("company_id"),
    text("code"),
    Column("kinds", ARRAY(Text), nullable=False),
    text("pattern"),
    text("prefix"),
    text("status"),
    UniqueConstraint("organisation_id", "company_id", "code"),
    info=TENANT,
)

numbering_counter = Table(
    "numbering_counter",
    metadata,
    tenant(),
    Column("series_id", Uuid, ForeignKey("numbering_series.id"), nullable=False),
    Column("year", Integer, nullable=False),
    Column("last_seq", Integer, nullable=False),
    Column("last_issue_date", Date),
    PrimaryKeyConstraint("series_id", "year"),
    comment="the row is locked from the number to the commit, so a rollback gives the number back",
    info=TENANT,
)

invoicing_settings = Table(
    "invoicing_settings",
    metadata,
    tenant(),
    reference("company_id"),
    Column("settings_version", Integer, nullable=False),
    Column("auto_issue_contract_billing", Boolean, nullable=False),
    Column("default_profile", Text, nullable=False, server_default="EN16931"),
    text("iban", nullable=True),
    text("bic", nullable=True),
    text("account_name", nullable=True),
    text("bank_name", nullable=True),
    text("display_phone", nullable=True),
    text("display_email", nullable=True),
    text("display_website", nullable=True),
    Column("invoice_zero_amount", Text, nullable=False, server_default="SKIP"),
    Column("vat_on_debits", Boolean, nullable=False),
    text("payment_terms_text", nullable=True),
    text("footer_text", nullable=True),
    text("legal_mentions_extra", nullable=True),
    text("mediator_name", nullable=True),
    text("mediator_url", nullable=True),
    text("header_text", nullable=True),
    Column("primary_color", Text, nullable=False, server_default="#1E3A5F"),
    Column("secondary_color", Text, nullable=False, server_default="#666666"),
    Column("show_logo", Boolean, nullable=False, server_default="true"),
    Column("logo_position", Text, nullable=False, server_default="LEFT"),
    text("logo_sha256", nullable=True),
    instant("saved_at"),
    text("saved_by"),
    PrimaryKeyConstraint("organisation_id", "company_id", "settings_version"),
    comment="every save is a new row; documents name the version they were made with",
    info=TENANT,
)

logo = Table(
    "logo",
    metadata,
    tenant(),
    reference("company_id"),
    text("sha256"),
    Column("png", LargeBinary, nullable=False),
    instant("saved_at"),
    PrimaryKeyConstraint("organisation_id", "company_id", "sha256"),
    comment="pictures as they are printed; settings name the one in use",
    info=TENANT,
)

fiscal_closing = Table(
    "fiscal_closing",
    metadata,
    tenant(),
    reference("company_id"),
    text("period"),
    Column("period_key", Date, nullable=False),
    Column("period_end", Date, nullable=False),
    Column("document_count", Integer, nullable=False),
    Column("totals", JSONB, nullable=False),
    amount("perpetual_total"),
    Column("first_seq", BigInteger),
    Column("last_seq", BigInteger),
    text("last_seal_hash"),
    text("canonical"),
    text("prev_closing_hash"),
    text("closing_hash"),
    instant("closed_at"),
    PrimaryKeyConstraint("organisation_id", "company_id", "period", "period_key"),
    UniqueConstraint("organisation_id", "company_id", "period", "prev_closing_hash"),
    comment="sealed totals of a day, month or fiscal year, by its first day; one chain per company and kind of period",
    info=TENANT,
)

late_interest_rate = Table(
    "late_interest_rate",
    metadata,
    tenant(),
    text("semester"),
    Column("ecb_rate", Numeric(5, 2), nullable=False),
    text("source"),
    instant("entered_at"),
    text("entered_by"),
    PrimaryKeyConstraint("organisation_id", "semester"),
    comment="rates of the European Central Bank that a person entered; those known at release are in the rules",
    info=TENANT,
)

status_label = Table(
    "status_label",
    metadata,
    tenant(),
    text("code"),
    text("label"),
    text("description", nullable=True),
    Column("display_order", Integer, nullable=False),
    text("colour", nullable=True),
    PrimaryKeyConstraint("organisation_id", "code"),
    comment="an organisation's own words for statuses; the codes are closed",
    info=TENANT,
)
