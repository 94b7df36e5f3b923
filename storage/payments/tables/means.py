"""How a company collects and what of its customers may be debited."""

from sqlalchemy import Boolean, Column, Date, Index, Integer, LargeBinary, PrimaryKeyConstraint, Table, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB

from storage.columns import aggregate, instant, reference, tenant, text
from storage.payments.tables.metadata import metadata
from storage.tenancy import TENANT

creditor_account = Table(
    "creditor_account",
    metadata,
    *aggregate(),
    reference("company_id"),
    Column("iban", LargeBinary, nullable=False, comment="encrypted"),
    text("iban_masked"),
    text("iban_fingerprint"),
    text("bic", nullable=True),
    text("holder_name"),
    text("currency"),
    text("creditor_identifier"),
    Column("bank_profile", JSONB, nullable=False),
    text("status"),
    Column("is_default", Boolean, nullable=False),
    Index("ix_creditor_account_created", "organisation_id", "created_at", "id"),
    Index("ix_creditor_account_fingerprint", "organisation_id", "iban_fingerprint"),
    Index(
        "uq_creditor_account_default",
        "organisation_id",
        "company_id",
        unique=True,
        postgresql_where=sql("is_default and status = 'ACTIVE'"),
    ),
    info=TENANT,
)

company_settings = Table(
    "company_settings",
    metadata,
    tenant(),
    reference("company_id"),
    Column("version", Integer, nullable=False),
    Column("values", JSONB, nullable=False, comment="PaymentSettingsValues"),
    instant("updated_at"),
    text("updated_by"),
    PrimaryKeyConstraint("organisation_id", "company_id"),
    info=TENANT,
)

bank_details = Table(
    "bank_details",
    metadata,
    *aggregate(),
    reference("client_id"),
    Column("iban", LargeBinary, nullable=False, comment="encrypted"),
    text("iban_country"),
    text("iban_last4"),
    text("iban_masked"),
    text("iban_fingerprint"),
    text("bic", nullable=True),
    text("bank_name", nullable=True),
    text("holder_name"),
    text("status"),
    text("comment", nullable=True),
    text("external_id", nullable=True),
    instant("source_updated_at", nullable=True),
    Index("ix_bank_details_created", "organisation_id", "created_at", "id"),
    Index("ix_bank_details_client", "organisation_id", "client_id", "created_at", "id"),
    Index("ix_bank_details_fingerprint", "organisation_id", "iban_fingerprint"),
    Index(
        "uq_bank_details_external_id",
        "organisation_id",
        "external_id",
        unique=True,
        postgresql_where=sql("external_id is not null"),
    ),
    info=TENANT,
)

mandate = Table(
    "mandate",
    metadata,
    *aggregate(),
    reference("company_id"),
    reference("client_id"),
    reference("contract_id", nullable=True),
    text("rum"),
    text("creditor_identifier"),
    text("scheme"),
    text("kind"),
    reference("bank_details_id", nullable=True),
    text("status"),
    instant("signed_at", nullable=True),
    text("signature_method", nullable=True),
    Column("signature_proof", JSONB),
    reference("document_id", nullable=True),
    text("first_collection_state"),
    Column("last_presented_on", Date),
    Column("last_settled_on", Date),
    text("block_reason", nullable=True),
    Column("blocked_until", Date),
    text("cancelled_by", nullable=True),
    Column("refusals_in_a_row", Integer, nullable=False, server_default="0"),
    UniqueConstraint("organisation_id", "creditor_identifier", "rum", name="uq_mandate_rum"),
    Index("ix_mandate_created", "organisation_id", "created_at", "id"),
    Index("ix_mandate_client", "organisation_id", "client_id", "created_at", "id"),
    Index("ix_mandate_contract", "organisation_id", "contract_id"),
    Index("ix_mandate_bank_details", "organisation_id", "bank_details_id"),
    Index("ix_mandate_rum", "organisation_id", "rum"),
    Index("ix_mandate_status", "organisation_id", "status", "created_at", "id"),
    info=TENANT,
)
