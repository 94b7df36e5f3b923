"""invoices by the beginning of their number."""

import sqlalchemy as sa
from alembic import op

revision = "38d68eb12525"
down_revision = "420e96ebaebe"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute('alter table invoice alter column number type text collate "C"')
    op.execute("comment on column invoice.number is 'compared by bytes, so that a beginning is a range'")
    op.create_index(
        "ix_invoice_number",
        "invoice",
        ["organisation_id", "number"],
        unique=False,
        postgresql_where=sa.text("number is not null"),
    )


def downgrade() -> None:
    op.drop_index("ix_invoice_number", table_name="invoice", postgresql_where=sa.text("number is not null"))
    op.execute("comment on column invoice.number is null")
    op.execute("alter table invoice alter column number type text")
