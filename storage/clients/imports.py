"""Imports of client files and exports of lists."""

from sqlalchemy import (
    Boolean,
    Column,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
)
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB

from storage.clients.references import metadata
from storage.columns import aggregate, instant, reference, tenant, text
from storage.tenancy import TENANT

import_job = Table(
    "import_job",
    metadata,
    *aggregate(),
    reference("file_document_id"),
    text("file_name"),
    text("file_sha256"),
    Column("file_size", Integer, nullable=False),
    text("encoding"),
    text("delimiter"),
    Column("header", JSONB, nullable=False),
    Column("mapping", JSONB, nullable=False),
    Column("options", JSONB, nullable=False),
    text("status"),
    Column(
        "forced", Boolean, nullable=False, server_default="false", comment="read in although the same file was before"
    ),
    Column("counters", JSONB, nullable=False),
    Column("run", Integer, nullable=False, server_default="0", comment="which pass over the file the workers are in"),
    Column("next_offset", Integer, nullable=False, server_default="0", comment="byte of the file the pass has reached"),
    Column("next_line", Integer, nullable=False, server_default="1"),
    instant("heartbeat_at", nullable=True),
    instant("committed_at", nullable=True),
    reference("requested_by", nullable=True),
    Column("failure", Text),
    Index("ix_import_job_created", "organisation_id", "created_at", "id"),
    Index("ix_import_job_status", "organisation_id", "status", "created_at", "id"),
    Index(
        "uq_import_job_file_committed",
        "organisation_id",
        "file_sha256",
        unique=True,
        postgresql_where=sql("status in ('COMMITTING', 'COMPLETED') and not forced"),
    ),
    info=TENANT,
)

import_row = Table(
    "import_row",
    metadata,
    tenant(),
    reference("job_id"),
    Column("line_number", Integer, nullable=False, comment="physical line of the file on which the record begins"),
    Column("raw", Text, nullable=False, comment="as in the file; account numbers masked"),
    text("outcome"),
    Column("settled_outcome", Text, comment="what a row that waits for payments becomes then"),
    Column("errors", JSONB, nullable=False),
    reference("client_id", nullable=True),
    PrimaryKeyConstraint("organisation_id", "job_id", "line_number"),
    Index("ix_import_row_outcome", "organisation_id", "job_id", "outcome", "line_number"),
    info=TENANT,
)

export_job = Table(
    "export_job",
    metadata,
    *aggregate(),
    Column("filters", JSONB, nullable=False),
    Column("columns", JSONB, nullable=False),
    text("format"),
    text("status"),
    Column("row_count", Integer),
    Column("document_id", Uuid),
    Column("sha256", Text),
    reference("requested_by", nullable=True),
    Column("failure", Text),
    info=TENANT,
)
