"""open invoices in their order."""

import sqlalchemy as sa
from alembic import op

revision = "5271eaefbbb2"
down_revision = "bbec256cf57d"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_invoice_view_open",
        "invoice_view",
        ["organisation_id", "issue_date", "invoice_id"],
        postgresql_where=sa.text("due - credited - allocated > settled_elsewhere"),
    )


def downgrade() -> None:
    op.drop_index("ix_invoice_view_open", table_name="invoice_view")
