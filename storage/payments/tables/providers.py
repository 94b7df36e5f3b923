"""Accounts at payment service providers."""

from sqlalchemy import Boolean, Column, Index, LargeBinary, PrimaryKeyConstraint, Table, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB

from storage.columns import aggregate, reference, tenant, text
from storage.payments.tables.metadata import metadata
from storage.tenancy import TENANT

psp_account = Table(
    "psp_account",
    metadata,
    *aggregate(),
    reference("company_id"),
    text("provider"),
    text("name"),
    text("mode"),
    text("status"),
    Column("credentials", LargeBinary, nullable=False, comment="encrypted JSON"),
    Column("webhook_secrets", LargeBinary, nullable=False, comment="encrypted JSON: the secret and the one before"),
    Column("methods", JSONB, nullable=False),
    Column("has_webhook_secret", Boolean, nullable=False),
    text("path_token"),
    text("clearing_account"),
    UniqueConstraint("organisation_id", "company_id", "name", name="uq_psp_account_name"),
    Index("ix_psp_account_created", "organisation_id", "created_at", "id"),
    info=TENANT,
)

psp_default = Table(
    "psp_default",
    metadata,
    tenant(),
    reference("company_id"),
    text("mode"),
    text("method"),
    reference("psp_account_id"),
    PrimaryKeyConstraint("organisation_id", "company_id", "mode", "method"),
    Index("ix_psp_default_account", "organisation_id", "psp_account_id"),
    comment="the account that a company's payments of a method go through when no rule says otherwise",
    info=TENANT,
)
