"""Tables of contrats: numbers brought from another operator."""

from sqlalchemy import Column, Date, ForeignKey, Index, LargeBinary, Table, Uuid
from sqlalchemy import text as sql

from storage.columns import reference, tenant, text
from storage.contrats.tables.metadata import metadata
from storage.tenancy import TENANT

port_in = Table(
    "port_in",
    metadata,
    Column("id", Uuid, primary_key=True),
    tenant(),
    Column("contract_id", Uuid, ForeignKey("contract.id"), nullable=False),
    reference("line_id"),
    reference("operation_id"),
    text("msisdn_masked"),
    Column("msisdn_index", LargeBinary, nullable=False, comment="blind index of the number"),
    Column("msisdn", LargeBinary, nullable=False, comment="encrypted"),
    Column("rio", LargeBinary, nullable=False, comment="encrypted"),
    Column("scheduled_on", Date, nullable=False),
    text("status"),
    text("refusal_code", nullable=True),
    Index("ix_port_in_contract", "organisation_id", "contract_id", "id"),
    Index("ix_port_in_operation", "organisation_id", "operation_id"),
    Index(
        "uq_port_in_open",
        "organisation_id",
        "msisdn_index",
        unique=True,
        postgresql_where=sql("status in ('REQUESTED', 'ACCEPTED')"),
    ),
    info=TENANT,
)
