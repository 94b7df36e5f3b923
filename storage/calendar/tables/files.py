"""Tables of calendar, files that are read in and written."""

from sqlalchemy import Column, Index, Integer, LargeBinary, Table
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB

from storage.calendar.tables.metadata import metadata
from storage.columns import aggregate, instant, reference, text
from storage.tenancy import TENANT

csv_import = Table(
    "csv_import",
    metadata,
    *aggregate(),
    text("type"),
    text("filename"),
    reference("document_id", nullable=True),
    text("sha256"),
    text("status"),
    Column("options", JSONB, nullable=False),
    Column("rows_total", Integer, nullable=False),
    Column("rows_valid", Integer, nullable=False),
    Column("rows_error", Integer, nullable=False),
    Column("bad_rows", JSONB, nullable=False, server_default="[]", comment="the numbers of the rows that are left out"),
    Column("warnings", JSONB, nullable=False),
    Column("errors", JSONB, nullable=False),
    Column("preview", JSONB, nullable=False),
    text("plan_sha256"),
    Column("content", LargeBinary, comment="the file, until the import is applied or expires"),
    instant("expires_at"),
    text("confirmed_by", nullable=True),
    Column("created_count", Integer),
    Column("updated_count", Integer),
    Column("skipped_count", Integer),
    Column("applied_row", Integer, comment="the last row that a confirmed import has applied"),
    text("failure", nullable=True),
    Index("ix_csv_import_created", "organisation_id", "created_at", "id"),
    Index("ix_csv_import_open", "organisation_id", "expires_at", postgresql_where=sql("content is not null")),
    info=TENANT,
)

csv_export = Table(
    "csv_export",
    metadata,
    *aggregate(),
    text("status"),
    Column("wanted", JSONB, nullable=False, comment="what the file holds, and the companies its author may see"),
    Column("row_count", Integer),
    reference("document_id", nullable=True),
    text("sha256", nullable=True),
    text("failure", nullable=True),
    info=TENANT,
)
