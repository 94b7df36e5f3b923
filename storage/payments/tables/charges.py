"""Charges of recovery and the rules of fees."""

from sqlalchemy import Boolean, CheckConstraint, Column, Date, Index, Integer, Numeric, Table, UniqueConstraint

from storage.columns import aggregate, amount, reference, text
from storage.payments.tables.metadata import metadata
from storage.tenancy import TENANT

fee_rule = Table(
    "fee_rule",
    metadata,
    *aggregate(),
    reference("company_id", nullable=True),
    text("product_code", nullable=True),
    text("customer_type"),
    amount("amount_incl_tax"),
    text("currency"),
    text("vat_category"),
    text("contract_clause_ref", nullable=True),
    Column("max_per_case", Integer, nullable=False),
    Column("valid_from", Date, nullable=False),
    Column("valid_to", Date),
    Column("is_active", Boolean, nullable=False),
    CheckConstraint("amount_incl_tax = 0 or customer_type = 'B2B'", name="only_professionals"),
    CheckConstraint("amount_incl_tax = 0 or contract_clause_ref is not null", name="agreed_by_contract"),
    Index("ix_fee_rule_created", "organisation_id", "created_at", "id"),
    info=TENANT,
)

recovery_charge = Table(
    "recovery_charge",
    metadata,
    *aggregate(),
    reference("case_id"),
    reference("item_id"),
    reference("client_id"),
    reference("company_id"),
    reference("contract_id", nullable=True),
    reference("invoice_id", nullable=True),
    text("type"),
    amount("amount"),
    text("currency"),
    text("status"),
    text("legal_basis"),
    text("vat_category"),
    Column("vat_rate", Numeric(5, 2)),
    text("key"),
    UniqueConstraint("organisation_id", "key", name="uq_recovery_charge_key"),
    CheckConstraint("amount > 0", name="something_is_charged"),
    Index("ix_recovery_charge_created", "organisation_id", "created_at", "id"),
    Index("ix_recovery_charge_status", "organisation_id", "status", "created_at", "id"),
    Index("ix_recovery_charge_case", "organisation_id", "case_id", "created_at", "id"),
    Index("ix_recovery_charge_client", "organisation_id", "client_id", "created_at", "id"),
    info=TENANT,
)
